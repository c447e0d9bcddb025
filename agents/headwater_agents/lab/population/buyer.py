"""A buyer of signals: an aggregator or a forecaster. It pools what it buys, and says what each supplier was worth."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from headwater.credit.logit import CreditRule, credit_shares
from headwater.units import BPS
from headwater_agents.lab.mechanisms.base import Split
from headwater_agents.lab.population.pool import Pool
from headwater_agents.lab.population.seniority import Seniority
from headwater_agents.lab.worlds.script import Floats

_GRAIN: Final = 10**6
"""Weights announced are millionths."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BuyerTraits:
    """How a buyer pays and learns.

    Attributes:
        keep_bps: of what it earns.
        credit: rule that divides the rest: "shapley", "leave-one-out", "precedence" or "equal".
        window: resolved questions the credit looks back on.
        alpha: chance that a newcomer who adds nothing is ever promoted, for "precedence" (headwater.credit.Standing).
    """

    keep_bps: int
    credit: CreditRule = "shapley"
    window: int = 60
    alpha: float = 0.05


class Buyer:
    """Pools its suppliers' signals; remembers what each added.

    `suppliers` are names, in the pool's order. `strangers` would sell to it too: each becomes a supplier when it is
    first heard, and until then nothing about the buyer depends on it.
    """

    def __init__(self, suppliers: tuple[str, ...], traits: BuyerTraits, strangers: tuple[str, ...] = ()) -> None:
        self.suppliers = list(suppliers)
        self._strangers = list(strangers)
        self.traits = traits
        self.pool = Pool(len(suppliers))
        self._past: deque[tuple[Floats, float, int]] = deque(maxlen=traits.window)
        self._ranks = Seniority(len(suppliers), traits.alpha) if traits.credit == "precedence" else None

    @property
    def sellers(self) -> tuple[str, ...]:
        """Suppliers, and strangers who would be."""
        return (*self.suppliers, *self._strangers)

    def hear(self, signals: Mapping[str, float]) -> Floats:
        """(n,): the signals in the pool's order, 0 for what did not come. Strangers heard become suppliers."""
        for name in [each for each in self._strangers if each in signals]:
            self._strangers.remove(name)
            self.suppliers.append(name)
            self.pool.meet()
            if self._ranks is not None:
                self._ranks.meet()
        return np.array([signals.get(name, 0.0) for name in self.suppliers])

    def forecast(self, base: float, signals: Mapping[str, float]) -> float:
        """Pooled log-odds of outcome 1."""
        return self.pool.forecast(base, self.hear(signals))

    def learn(self, base: float, signals: Mapping[str, float], outcome: int) -> None:
        """Take in a resolved question."""
        heard = self.hear(signals)
        self._past.append((self.pool.contributions(heard), base + float(self.pool.weights[0]), outcome))
        if self._ranks is not None:
            present = tuple(at for at, name in enumerate(self.suppliers) if name in signals)
            self._ranks.learn(base, heard, present, self.pool.weights[1:], outcome)
        self.pool.learn(base, heard, outcome)

    def worth(self) -> Floats:
        """(n,): suppliers' shares of the credit, not negative, summing to 1; equal until something speaks for any."""
        equal = np.full(len(self.suppliers), 1 / max(1, len(self.suppliers)))
        if not self._past:
            return equal
        n = len(self.suppliers)
        gains = np.array([np.pad(gain, (0, n - len(gain))) for gain, _, _ in self._past])
        base, outcomes = (np.array([each[at] for each in self._past]) for at in (1, 2))
        ranks = None if self._ranks is None else self._ranks.ranks()
        shares = credit_shares(gains, base, outcomes, ranks, self.traits.credit)
        return shares if float(shares.sum()) > 0 else equal

    def split(self, paid: frozenset[str]) -> Split:
        """What it announces, over those suppliers who are there to be paid."""
        weights = tuple(
            (name, int(share * _GRAIN))
            for name, share in zip(self.suppliers, self.worth(), strict=True)
            if name in paid and int(share * _GRAIN) > 0
        )
        return Split(self.traits.keep_bps, weights) if weights else Split(BPS, ())
