"""An agent that learns what to ask for, from task to task, and knows nothing of whom it meets.

A bandit over demands (UCB1: Auer, Cesa-Bianchi & Fischer 2002): each negotiation it asks for one part of the pie, takes
nothing less, and remembers what that brought.

    ask = argmax_k  mean_k + √(2 · ln t / n_k)        each part once first, the smallest first
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

from headwater.deals import Negotiation
from headwater_agents.bargaining.errors import BargainError
from headwater_agents.bargaining.haggling import haggle
from headwater_agents.bargaining.negotiators import bargain, part_price
from headwater_agents.bargaining.table import Lesson, Move, Negotiator, Table

DEMANDS: Final = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
"""Parts of the pie that it may ask for."""


class Learning(Negotiator):
    """A bandit over demands.

    Args:
        demands: parts of the pie, each from 0 to 1, rising.
        tried: how often each was asked for, and `brought`, what that brought in all, in parts of the pie.
        curiosity: factor of the second term; 1 is UCB1's.

    Raises:
        BargainError: demands that are not so, or a memory of another length.
    """

    name: ClassVar[str] = "learning"

    def __init__(
        self,
        demands: Sequence[float] = DEMANDS,
        tried: Sequence[int] | None = None,
        brought: Sequence[float] | None = None,
        curiosity: float = 0.2,
    ) -> None:
        self.demands = tuple(float(demand) for demand in demands)
        rising = all(a < b for a, b in zip(self.demands, self.demands[1:], strict=False))
        if not self.demands or not rising or not 0 <= self.demands[0] <= self.demands[-1] <= 1:
            raise BargainError(f"demands are parts from 0 to 1, rising, at least one; got {demands!r}")
        self.tried = tuple(tried or (0,) * len(self.demands))
        self.brought = tuple(float(each) for each in (brought or (0.0,) * len(self.demands)))
        if len(self.tried) != len(self.demands) or len(self.brought) != len(self.demands):
            raise BargainError(f"a memory has an entry for each of the {len(self.demands)} demands")
        self.curiosity = float(curiosity)

    @property
    def settings(self) -> Mapping[str, Any]:
        """Demands, memory and curiosity."""
        return {
            "demands": list(self.demands),
            "tried": list(self.tried),
            "brought": list(self.brought),
            "curiosity": self.curiosity,
        }

    @property
    def choice(self) -> int:
        """Number of the demand that it asks for next."""
        untried = [number for number, times in enumerate(self.tried) if not times]
        if untried:
            return untried[0]
        log = math.log(sum(self.tried))
        values = [
            got / times + self.curiosity * math.sqrt(2 * log / times)
            for got, times in zip(self.brought, self.tried, strict=True)
        ]
        return values.index(max(values))

    @property
    def favourite(self) -> float:
        """The demand it has asked for most often, the smallest on ties."""
        return self.demands[self.tried.index(max(self.tried))]

    def open(self, table: Table) -> Move | None:
        """Asks for the part it tries."""
        return self._move(table, None)

    def reply(self, table: Table, negotiation: Negotiation) -> Move | None:
        """Takes that part or more."""
        return self._move(table, negotiation)

    def learned(self, lesson: Lesson) -> Learning:
        """The agent that knows what its demand brought."""
        if lesson.at_stake <= 0 or not isinstance(lesson.then, Learning):
            return self
        got = min(max((lesson.worth - lesson.without) / lesson.at_stake, 0.0), 1.0) if lesson.agreed else 0.0
        asked = lesson.then.choice
        tried = [times + (number == asked) for number, times in enumerate(self.tried)]
        brought = [each + got * (number == asked) for number, each in enumerate(self.brought)]
        return Learning(self.demands, tried, brought, self.curiosity)

    def _move(self, table: Table, negotiation: Negotiation | None) -> Move:
        part = self.demands[self.choice]
        if table.leg is None:
            return haggle(table, negotiation, beta=1.0, hold=part)
        price = part_price(table, part)
        return bargain(table, negotiation, price, price)
