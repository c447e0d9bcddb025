"""The `headwater` command."""

from headwater_agents.cli.main import main

__all__ = ["main"]
