"""Bots: one role each, as an operating-system process that talks to a node and to other bots, and can be killed."""
