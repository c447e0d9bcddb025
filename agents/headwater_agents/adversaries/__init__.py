"""Attacks on mechanisms, one a file: a coalition that departs from honest play wherever its class says so."""

from headwater_agents.lab.game.attack import Attack
from headwater_agents.lab.game.moves import Bid

__all__ = ["Attack", "Bid"]
