"""Worlds that agents live in, and play through them without a chain."""

from headwater_agents.lab.rain import (
    BURN_IN,
    MEMBERS,
    STRIDE,
    WET,
    WET_AND_VERY_WET,
    RainDay,
    RainError,
    RainWorld,
    classify,
    load_rain,
)

__all__ = [
    "BURN_IN",
    "MEMBERS",
    "STRIDE",
    "WET",
    "WET_AND_VERY_WET",
    "RainDay",
    "RainError",
    "RainWorld",
    "classify",
    "load_rain",
]
