"""Everything in Headwater that acts: policies, the runner, simulated worlds, the command line."""
