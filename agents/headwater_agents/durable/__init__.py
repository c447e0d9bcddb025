"""What survives a kill: an agent's file, what it must not lose in it, and the points at which tests kill it."""
