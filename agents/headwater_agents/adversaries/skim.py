"""A forecaster pays a fraction of what its providers earned to accounts of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from headwater_agents.lab.game.attack import Attack
from headwater_agents.lab.game.table import Table
from headwater_agents.lab.mechanisms.base import LabError, Split

_GRAIN = 10**6


@dataclass(kw_only=True)
class Skim(Attack):
    """Names a sock puppet among its providers, and gives it the fraction x of all weights.

    The claim this tests: "a top-level agent does not gain anything by colluding; every misallocated unit dilutes future
    performance and therefore future emissions".

    Attributes:
        fraction: x, 0 to 1, of what is passed on.
    """

    name: ClassVar[str] = "skim"
    goal: ClassVar[str] = "keep what good signals earned"
    seen: ClassVar[str] = "subnet owners and validators on Bittensor that weight their own miners"
    ranges: ClassVar[Mapping[str, tuple[float, float]]] = {"fraction": (0.0, 0.95)}
    fraction: float = 0.3

    def __post_init__(self) -> None:
        if not 0 <= self.fraction < 1:
            raise LabError(f"fraction is {self.fraction}; it must be 0 to below 1")

    def begin(self, table: Table) -> None:
        """Open the puppet's account."""
        table.enroll("coalition-puppet")

    def split(self, table: Table, name: str, honest: Split) -> Split:
        """The honest weights, thinned by x."""
        return skimmed(honest, {"coalition-puppet": self.fraction})


def skimmed(honest: Split, puppets: Mapping[str, float]) -> Split:
    """A split in which each puppet takes a fraction of what is passed on, and the others share what is left."""
    if not honest.weights:
        return honest
    left = 1.0 - sum(puppets.values())
    total = sum(weight for _, weight in honest.weights)
    kept = [(name, int(_GRAIN * left * weight / total)) for name, weight in honest.weights]
    taken = [(name, int(_GRAIN * fraction)) for name, fraction in puppets.items()]
    return Split(honest.keep_bps, tuple((name, weight) for name, weight in (*kept, *taken) if weight > 0))
