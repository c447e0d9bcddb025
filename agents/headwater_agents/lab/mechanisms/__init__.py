"""Mechanisms that the lab plays: Headwater's own contracts, and simulated rivals behind the same interface."""

from headwater_agents.lab.mechanisms.base import (
    P_MIN,
    Commitment,
    LabError,
    Mechanism,
    Odds,
    Offer,
    Refused,
    Settled,
    Split,
)
from headwater_agents.lab.mechanisms.registry import make, names
from headwater_agents.lab.mechanisms.rival import EMISSION, Bet, Rival, SelfFinanced

__all__ = [
    "EMISSION",
    "P_MIN",
    "Bet",
    "Commitment",
    "LabError",
    "Mechanism",
    "Odds",
    "Offer",
    "Refused",
    "Rival",
    "SelfFinanced",
    "Settled",
    "Split",
    "make",
    "names",
]
