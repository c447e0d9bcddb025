"""The folder that a new bot begins with: a model, its settings, its test, and ten lines on how to run it."""

from headwater_agents.scaffold.folder import Placement, ScaffoldError, write_bot

__all__ = ["Placement", "ScaffoldError", "write_bot"]
