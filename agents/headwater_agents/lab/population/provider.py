"""An honest provider: it takes as much trouble as its pay is worth, and leaves buyers who underpay it."""

from __future__ import annotations

from dataclasses import dataclass

from headwater.units import WAD
from headwater_agents.lab.mechanisms.base import LabError


@dataclass(frozen=True, kw_only=True, slots=True)
class ProviderTraits:
    """How a provider weighs pay against trouble.

    Attributes:
        cost: of a question at full effort, wei; half effort costs half.
        elasticity: η, of precision in effort: precision = effort ** η. A provider believes its pay follows precision.
        speed: share of the way to its best effort that it goes each question.
        memory: weight of the newest question in its average income.
        leave_rate: chance a question of leaving a buyer that pays it nothing of what it earned; in proportion below.
    """

    cost: int = WAD // 2
    elasticity: float = 0.5
    speed: float = 0.1
    memory: float = 0.02
    leave_rate: float = 0.05

    def __post_init__(self) -> None:
        if self.cost < 0 or not 0 <= self.elasticity <= 1:
            raise LabError("cost must not be negative, elasticity 0 to 1")
        if not 0 < self.speed <= 1 or not 0 < self.memory <= 1 or not 0 <= self.leave_rate <= 1:
            raise LabError("speed and memory must be above 0 and at most 1, leave_rate 0 to 1")


class Provider:
    """Effort and average income of one provider.

    With income I at effort e, and pay that follows precision, an effort e' earns I·(e'/e)^η and costs cost·e': to first
    order around where it stands its best is where η·I = cost·e', so it moves toward min(1, η·I / cost).
    """

    def __init__(self, traits: ProviderTraits) -> None:
        self.traits = traits
        self.effort = 1.0
        self.income: float | None = None
        self.spent = 0.0

    def work(self) -> float:
        """Take the trouble for one question; returns the effort taken."""
        self.spent += self.traits.cost * self.effort
        return self.effort

    def earn(self, income: float) -> None:
        """Take in what a question brought, wei, and adjust the effort."""
        traits = self.traits
        if self.income is None:
            # Until it knows better, it expects what makes its full effort worth while.
            self.income = traits.cost / max(traits.elasticity, 1e-9)
        self.income += traits.memory * (income - self.income)
        if traits.cost == 0:
            return
        best = min(1.0, max(0.0, traits.elasticity * self.income / traits.cost))
        self.effort += traits.speed * (best - self.effort)


def leaves(traits: ProviderTraits, promised: float, fair: float, chance: float) -> bool:
    """Whether a seller stops selling to a buyer that promises one share where another was earned.

    Reports, nets and weights are public, so a seller can work out what its signals were worth to a buyer. `chance` is a
    uniform draw from [0, 1).
    """
    short = 1.0 - promised / fair if fair > 0 else 0.0
    return chance < traits.leave_rate * max(0.0, short)
