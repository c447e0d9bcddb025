"""When a newcomer counts as established: a test of its marginal growth that may be looked at after every question.

Let x_t be what the newcomer added to the growth of question t over that of the established alone, in nats, at least
−B. Under the null hypothesis that it adds nothing, E[x_t | past] ≤ 0, the capital of a gambler who stakes a fixed
fraction λ < 1 on every question,

    K_t(λ) = Π_{s ≤ t} (1 + λ x_s / B)

is a non-negative supermartingale, and so is its mean over a grid of λ. By Ville's inequality it ever reaches 1 / α with
a chance of at most α, whenever and however often one looks. No distribution, no independence and no sample size is
assumed; only the bound on losses is. (Ville 1939; Waudby-Smith & Ramdas, "Estimating means of bounded random variables
by betting", Journal of the Royal Statistical Society B 86, 2024.)

Established are added to one at a time, and the tests of the others then begin anew: whoever entered under five names
with one new piece of information is established under one of them, and the others are copies of it from then on.
The j-th test begun runs at level α / (j (j + 1)); these sum to α, so over all newcomers and all tests, however many
names somebody tries, the chance that anyone who never added anything is ever promoted is at most α. For an honest
newcomer the price is that the capital it needs grows with the square of the tests begun before its own, and its wait
with the logarithm.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from headwater.credit.coalitions import Floats
from headwater.credit.errors import CreditError

BETS: Final = (*(2.0**-power for power in range(9, 0, -1)), 0.75, 0.9)
"""Fractions λ over which the capital is averaged; in a grid of halves one is within a factor √2 of the best."""


def growth_bound(p_min: float, outcomes: int = 2) -> float:
    """The most nats one question can lose when reports are clipped at p_min: ln((1 − (k − 1) p_min) / p_min).

    Raises:
        CreditError: p_min that does not leave `outcomes` of at least 2 a simplex.
    """
    if outcomes < 2 or not 0 < p_min * outcomes < 1:
        raise CreditError(f"p_min lies between 0 and 1/k, k at least 2; got {p_min} and {outcomes} outcomes")
    return math.log((1.0 - (outcomes - 1) * p_min) / p_min)


def trial_growths(established: Floats, joined: Floats, cap: float) -> Floats:
    """What a newcomer on trial adds to the growth of two-outcome questions, nats, never below −cap.

    On trial it may move the log-odds of the forecast by at most `cap`; since ln P changes by at most as much as the
    log-odds do, that is also the most it can lose, and a bound far below `growth_bound` finds a real gain far sooner.

    Args:
        established: the probability that the pool of the established gave what happened, any shape.
        joined: the same with the newcomer in the pool, same shape.
        cap: log-odds, positive.

    Raises:
        CreditError: a cap that is not positive, or probabilities outside (0, 1).
    """
    if not 0 < cap < math.inf:
        raise CreditError(f"cap is a positive number of log-odds; got {cap}")
    if not all(bool(((p > 0) & (p < 1)).all()) for p in (established, joined)):
        raise CreditError("probabilities of what happened lie strictly between 0 and 1")
    before = np.log(established / (1.0 - established))
    after = before + np.clip(np.log(joined / (1.0 - joined)) - before, -cap, cap)
    return np.asarray(np.logaddexp(0.0, -before) - np.logaddexp(0.0, -after), dtype=np.float64)


def spent_level(alpha: float, test: int) -> float:
    """Level of the `test`-th test begun, counted from 1: α / (j (j + 1)), which sum to α over all j."""
    if test < 1:
        raise CreditError(f"tests are counted from 1; got {test}")
    return alpha / (test * (test + 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class PromotionTest:
    """One newcomer's test against one set of established players.

    Attributes:
        alpha: chance of ever promoting somebody who adds nothing, between 0 and 1.
        bound: B, the most that a question can lose, nats.
        questions: observed so far.
        log_capital: ln K(λ) of each bet in BETS, after the last question.
        peak: the largest ln of the mean capital so far.
    """

    alpha: float
    bound: float
    questions: int = 0
    log_capital: tuple[float, ...] = (0.0,) * len(BETS)
    peak: float = 0.0

    def __post_init__(self) -> None:
        if not 0 < self.alpha < 1:
            raise CreditError(f"alpha lies between 0 and 1; got {self.alpha}")
        if not 0 < self.bound < math.inf:
            raise CreditError(f"bound is a positive number of nats; got {self.bound}")

    @property
    def promoted(self) -> bool:
        """Whether the capital ever reached 1 / alpha."""
        return self.peak >= -math.log(self.alpha)

    @property
    def p_value(self) -> float:
        """Smallest level at which the newcomer would be promoted by now; valid at any time."""
        return math.exp(-self.peak)

    def observe(self, growth: float) -> PromotionTest:
        """After a question on which the newcomer added this growth (nats, over the established alone).

        Raises:
            CreditError: a growth that is not finite or loses more than `bound`.
        """
        # A sum of logarithms may miss the bound by its rounding, so that much is forgiven.
        if not math.isfinite(growth) or growth < -self.bound * (1 + 1e-9):
            raise CreditError(f"growth is a finite number of nats, at least -{self.bound}; got {growth}")
        gain = max(growth / self.bound, -1.0)
        logs = tuple(log + math.log1p(bet * gain) for log, bet in zip(self.log_capital, BETS, strict=True))
        top = max(logs)
        mean = top + math.log(sum(math.exp(log - top) for log in logs) / len(logs))
        return replace(self, questions=self.questions + 1, log_capital=logs, peak=max(self.peak, mean))


def log_capital(growths: Floats, bound: float) -> Floats:
    """ln of the mean capital after each question, (T,), of a test that observed `growths`, (T,), nats from −bound up.

    The whole path of `PromotionTest` at once; a caller compares it with −ln alpha.

    Raises:
        CreditError: as `PromotionTest.observe`.
    """
    if not bool(np.isfinite(growths).all()) or bool((growths < -bound * (1 + 1e-9)).any()):
        raise CreditError(f"growths are finite numbers of nats, at least -{bound}")
    gains = np.maximum(growths / bound, -1.0)
    logs = np.cumsum(np.log1p(np.multiply.outer(np.array(BETS), gains)), axis=1)
    top = logs.max(axis=0)
    return np.asarray(top + np.log(np.exp(logs - top).mean(axis=0)), dtype=np.float64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Who is established, and how far the newcomers' tests have come. Made by `Standing.of`.

    Attributes:
        alpha: chance that anyone who never adds anything is ever promoted, over all tests together.
        bound: the most nats that a question can lose.
        established: players in the order in which they were established.
        tests: the newcomers' running tests.
        begun: tests begun so far, running ones included.
    """

    alpha: float
    bound: float
    established: tuple[int, ...]
    tests: Mapping[int, PromotionTest]
    begun: int

    @classmethod
    def of(cls, established: tuple[int, ...], newcomers: tuple[int, ...], *, alpha: float, bound: float) -> Standing:
        """A standing in which these tests begin, in this order. A player may be named once."""
        empty = cls(alpha=alpha, bound=bound, established=established, tests={}, begun=0)
        return empty.enter(newcomers)

    def enter(self, newcomers: tuple[int, ...]) -> Standing:
        """After these players came in, whose tests begin now.

        Raises:
            CreditError: a player who is in already, or an alpha or bound that no test takes.
        """
        known = [*self.established, *self.tests, *newcomers]
        if len(set(known)) != len(known):
            raise CreditError(f"a player enters once; got {known}")
        return replace(self, tests={**self.tests, **self._begin(newcomers)}, begun=self.begun + len(newcomers))

    def observe(self, growths: Mapping[int, float]) -> Standing:
        """After a question; `growths` holds what each newcomer alone added to the established, nats.

        At most one newcomer is promoted, the one with the most capital in proportion to what it needs (the first on
        ties), and the tests of the others begin anew against the larger set.

        Raises:
            CreditError: growths of other players than the newcomers, or as `PromotionTest.observe`.
        """
        if set(growths) != set(self.tests):
            raise CreditError(f"growths are those of the newcomers {sorted(self.tests)}; got {sorted(growths)}")
        tests = {player: test.observe(growths[player]) for player, test in self.tests.items()}
        passed = [player for player, test in tests.items() if test.promoted]
        if not passed:
            return replace(self, tests=tests)
        best = max(passed, key=lambda player: tests[player].peak + math.log(tests[player].alpha))
        others = tuple(player for player in tests if player != best)
        return replace(
            self,
            established=(*self.established, best),
            tests=self._begin(others),
            begun=self.begun + len(others),
        )

    def ranks(self) -> dict[int, int]:
        """Rank of each player for `precedence_shapley`: 0 for the established, 1 for newcomers."""
        return dict.fromkeys(self.established, 0) | dict.fromkeys(self.tests, 1)

    def _begin(self, players: tuple[int, ...]) -> dict[int, PromotionTest]:
        levels = (spent_level(self.alpha, self.begun + place) for place in range(1, len(players) + 1))
        return {
            player: PromotionTest(alpha=level, bound=self.bound) for player, level in zip(players, levels, strict=True)
        }
