"""A swarm: a node, a facilitator and a cast of bots, every one a process, started, watched, restarted and audited."""
