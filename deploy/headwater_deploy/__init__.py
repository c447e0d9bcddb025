"""Deploying Headwater: the one path that tests, runs and the command line share."""
