"""Shapley values by sampling, for games that are too large to visit whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, Literal, Protocol, TypeAlias

import numpy as np

from headwater.credit.adjusted import Adjusted
from headwater.credit.coalitions import Floats
from headwater.credit.errors import SamplingError
from headwater.credit.game import Game
from headwater.credit.leverage import Leverage
from headwater.credit.paired import Paired
from headwater.credit.permutations import Permutations
from headwater.credit.result import Credit, Stop

Estimator: TypeAlias = Literal["permutations", "paired", "leverage", "adjusted"]

LOOKS: Final = 64
"""With a target the first round is this part of the budget, or the estimator's least if that is more."""


class Sampler(Protocol):
    """An estimator at work on one game. It extends its sample round by round and never throws a value away."""

    @property
    def least(self) -> int:
        """Evaluations for which a first estimate, with an error, can be stated."""

    @property
    def exhausted(self) -> bool:
        """Whether every coalition was valued: the estimate is the value itself."""

    evaluations: int
    """Coalition values asked so far."""
    ends: tuple[float, float]
    """v(∅) and v(N)."""

    def extend(self, evaluations: int) -> None:
        """Ask further values, up to this many in all, as near as the estimator's own steps allow, never beyond."""

    def estimate(self) -> tuple[Floats, Floats]:
        """The values and their standard errors, (n,) each."""


MAKERS: Final[dict[Estimator, Callable[[Game, np.random.Generator], Sampler]]] = {
    "permutations": Permutations,
    "paired": Paired,
    "leverage": Leverage,
    "adjusted": Adjusted,
}


def sampled_shapley(
    game: Game,
    rng: np.random.Generator,
    *,
    budget: int,
    target: float | None = None,
    method: Estimator = "adjusted",
    progress: Callable[[int, int], None] | None = None,
) -> Credit:
    """Estimate the Shapley value of a game of any number of players.

    Without a target the whole budget is spent. With one, the sample doubles from the least that the estimator can state
    an error for, and sampling stops as soon as the largest standard error among the players is at or below the target;
    `stopped` says which of the two it was. Stopping on an estimated error favours moments at which it is estimated too
    low; there are at most about log2(budget) such moments.

    Args:
        game: of n players.
        rng: the one source of chance; the same state gives the same credit.
        budget: the most coalition values asked of the game, v(∅) and v(N) included.
        target: largest standard error asked for, in the game's unit, above 0.
        method: an estimator's name. It is never replaced by another.
        progress: called as `progress(evaluations, budget)` after each round.

    Returns:
        A `Credit` that sums to v(N) − v(∅) up to rounding, `exact` False.

    Raises:
        SamplingError: an unknown estimator, a target that is not above 0, or a budget below the estimator's least.
    """
    if method not in MAKERS:
        raise SamplingError(f"method is one of {', '.join(MAKERS)}; got {method!r}")
    if target is not None and not 0 < target < np.inf:
        raise SamplingError(f"a target is a finite standard error above 0; got {target!r}")
    if isinstance(budget, bool) or not isinstance(budget, int):
        raise SamplingError(f"a budget is a whole number of evaluations; got {budget!r}")
    sampler = MAKERS[method](game, rng)
    if budget < sampler.least:
        raise SamplingError(
            f"{method} needs {sampler.least} evaluations for {game.n_players} players; the budget is {budget}"
        )
    stopped: Stop = "budget"
    values, errors = np.empty(0), np.empty(0)
    for limit in _rounds(max(sampler.least, budget // LOOKS), budget, target is not None):
        before = sampler.evaluations
        sampler.extend(limit)
        if sampler.evaluations > before:
            values, errors = sampler.estimate()
        if progress is not None:
            progress(sampler.evaluations, budget)
        if sampler.exhausted:
            stopped = "exhausted"
            break
        if target is not None and float(errors.max()) <= target:
            stopped = "target"
            break
    empty, grand = sampler.ends
    return Credit(
        values=values,
        method=f"shapley_{method}",
        exact=False,
        standard_error=errors,
        evaluations=sampler.evaluations,
        efficiency_residual=float(values.sum()) - (grand - empty),
        stopped=stopped,
    )


def _rounds(first: int, budget: int, many: bool) -> Iterator[int]:
    limit = first
    while many and limit < budget:
        yield limit
        limit *= 2
    yield budget
