"""Worlds as scripts: outcomes, what sources could know of them, and every other random draw, before anybody plays."""

from headwater_agents.lab.worlds.rainy import RainyWorld
from headwater_agents.lab.worlds.script import Script, World
from headwater_agents.lab.worlds.synthetic import SyntheticWorld

__all__ = ["RainyWorld", "Script", "SyntheticWorld", "World"]
