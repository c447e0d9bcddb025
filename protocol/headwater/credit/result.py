"""What a method of credit answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from headwater.credit.coalitions import Floats

Stop: TypeAlias = Literal["budget", "target", "exhausted"]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Credit:
    """Each player's credit, how it was found, and how far it can be trusted.

    values: (n,), in the game's unit, read-only. method: the method's name. exact: True when `values` is the method's
    own definition up to floating point, False for an estimate of it. standard_error: (n,), same unit, zeros when exact,
    read-only. evaluations: coalition values asked of the game. efficiency_residual: Σ values − (v(N) − v(∅)), same
    unit; rounding alone for a method that divides everything, the method's own shortfall otherwise.
    stopped: why a sampled method stopped: its "budget" was spent, its "target" of error was met, or the game is
    "exhausted", every coalition having been valued. None where nothing is sampled.
    """

    values: Floats
    method: str
    exact: bool
    standard_error: Floats
    evaluations: int
    efficiency_residual: float
    stopped: Stop | None = None

    def __post_init__(self) -> None:
        self.values.flags.writeable = False
        self.standard_error.flags.writeable = False
