"""What each supplier of a season is credited, by rule, before and after promotions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from headwater.credit import Standing, TableGame, leave_one_out, precedence_shapley, shapley, trial_growths
from headwater.report.stats import Floats

RULES = ("shapley", "leave-one-out", "precedence")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """How newcomers are judged.

    Attributes:
        alpha: chance that anyone who never adds anything is ever promoted, over all newcomers and tests.
        cap: log-odds by which one newcomer on trial may move the forecast, hence nats that it can lose.
    """

    alpha: float = 0.05
    cap: float = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Span:
    """Questions `start` to `stop` - 1, with the same ranks: credits by rule, (n,), nats over the whole span."""

    start: int
    stop: int
    ranks: tuple[int, ...]
    credits: dict[str, Floats]


def pay(chances: Floats, newcomers: tuple[int, ...], trial: Trial) -> list[Span]:
    """Credit a season, span by span between promotions.

    Args:
        chances: (2**n, T), the probability that each coalition's forecast gave what happened, in bitmask order.
        newcomers: who begins on trial; the others are established from the start.
        trial: how newcomers are judged; plain Shapley and leave-one-out do not ask.
    """
    count = (len(chances) - 1).bit_length()
    growths = np.log(chances) - np.log(chances[0])
    return [
        Span(start, stop, ranks, _credits(TableGame(growths[:, start:stop].sum(axis=1)), ranks))
        for start, stop, ranks in _spans(chances, count, newcomers, trial)
    ]


def _credits(game: TableGame, ranks: tuple[int, ...]) -> dict[str, Floats]:
    return {
        "shapley": shapley(game).values,
        "leave-one-out": leave_one_out(game).values,
        "precedence": precedence_shapley(game, ranks).values,
    }


def _spans(
    chances: Floats, count: int, newcomers: tuple[int, ...], trial: Trial
) -> list[tuple[int, int, tuple[int, ...]]]:
    """Start, stop and ranks between promotions; a promotion takes effect with the next question."""
    questions = chances.shape[1]
    established = tuple(player for player in range(count) if player not in newcomers)
    standing = Standing.of(established, newcomers, alpha=trial.alpha, bound=trial.cap)
    spans, start = [], 0
    added = _added(chances, standing, trial.cap)
    for question in range(questions):
        after = standing.observe({player: float(added[player][question]) for player in standing.tests})
        if after.established != standing.established or question == questions - 1:
            spans.append((start, question + 1, _ranks(standing, count)))
            start = question + 1
            added = _added(chances, after, trial.cap)
        standing = after
    return spans


def _added(chances: Floats, standing: Standing, cap: float) -> dict[int, Floats]:
    mask = sum(1 << player for player in standing.established)
    return {player: trial_growths(chances[mask], chances[mask | 1 << player], cap) for player in standing.tests}


def _ranks(standing: Standing, count: int) -> tuple[int, ...]:
    ranks = standing.ranks()
    return tuple(ranks[player] for player in range(count))


def shares(spans: list[Span], rule: str) -> Floats:
    """Each supplier's share of the credit of all spans, (n,): negative sums count as none; all 0 if nobody earned."""
    credit = np.maximum(np.sum([span.credits[rule] for span in spans], axis=0), 0.0)
    total = float(credit.sum())
    return np.asarray(credit / total if total > 0 else credit, dtype=np.float64)
