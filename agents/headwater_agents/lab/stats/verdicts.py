"""What may be said of an attack: deterred, neutral or profitable; alone, or in a table of many.

Alone, an attack that does nothing is called profitable or deterred with a probability of 1 − level. In a table that
rate holds for the whole of it by default (Holm): the probability that any cell of it is called wrongly is at most
1 − level, however the cells depend on each other, which they do since they share their seeds. With Benjamini and
Hochberg's correction instead, at most a share of 1 − level of what is called profitable or deterred is expected to be
wrong; it finds more, and asks that cells do not depend on each other in unusual ways.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Final

import numpy as np

from headwater.report.errors import StatsError
from headwater_agents.lab.stats.paired import PairedResult

MARGIN: Final = 0.005
"""Gain per unit staked that is too small to matter: an interval within ±0.5% of stake establishes neutrality."""


class Verdict(StrEnum):
    """Of an attack, by its gain over honest play."""

    DETERRED = "deterred"
    NEUTRAL = "neutral"
    PROFITABLE = "profitable"


class Correction(Enum):
    """How p-values of a table are adjusted for there being many."""

    HOLM = "holm"
    BENJAMINI_HOCHBERG = "benjamini-hochberg"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Finding:
    """A verdict and what it rests on.

    Attributes:
        verdict: deterred, neutral or profitable.
        established: False for "neutral" when the seeds are too few to say more: the interval reaches past the margin.
        p_value: adjusted, if the verdict stands in a table.
        result: the differences' mean and interval, not adjusted.
        note: why, in a phrase.
    """

    verdict: Verdict
    established: bool
    p_value: float
    result: PairedResult
    note: str


def verdict(result: PairedResult, margin: float = MARGIN) -> Finding:
    """Say of one attack, alone, whether it pays: profitable if its interval lies above 0, deterred if below.

    Raises:
        StatsError: a margin that is not above 0.
    """
    return _find(result, result.p_value, margin, cells=1)


def verdicts(
    results: Sequence[PairedResult], margin: float = MARGIN, correction: Correction = Correction.HOLM
) -> list[Finding]:
    """Say of every attack in a table whether it pays, at one error rate for the table, 1 − level; in their order.

    A cell is called only if its adjusted p-value is at most 1 − level. Whether "neutral" is established is said of
    every cell by itself.

    Raises:
        StatsError: a margin that is not above 0; results of different levels.
    """
    if len({result.level for result in results}) > 1:
        raise StatsError("the results of a table must share one level")
    values = adjusted([result.p_value for result in results], correction)
    return [_find(result, p, margin, len(results)) for result, p in zip(results, values, strict=True)]


def adjusted(p_values: Sequence[float], correction: Correction = Correction.HOLM) -> list[float]:
    """P-values adjusted for there being many, in their order.

        Holm                    p̃₍ᵢ₎ = max over j ≤ i of min(1, (m − j + 1)·p₍ⱼ₎)
        Benjamini & Hochberg    p̃₍ᵢ₎ = min over j ≥ i of min(1, m·p₍ⱼ₎/j)

    (Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6, 1979;
    Benjamini & Hochberg, "Controlling the false discovery rate", JRSS B 57, 1995.)

    Raises:
        StatsError: a p-value outside [0, 1].
    """
    p = np.asarray(p_values, dtype=np.float64)
    if not ((p >= 0) & (p <= 1)).all():
        raise StatsError("p-values must lie between 0 and 1")
    m = p.size
    if correction is Correction.NONE or m == 0:
        return [float(value) for value in p]
    order = np.argsort(p, kind="stable")
    if correction is Correction.HOLM:
        stepped = np.maximum.accumulate(p[order] * np.arange(m, 0, -1))
    else:
        stepped = np.minimum.accumulate((p[order] * m / np.arange(1, m + 1))[::-1])[::-1]
    result = np.empty(m)
    result[order] = np.minimum(stepped, 1.0)
    return [float(value) for value in result]


def _find(result: PairedResult, p_value: float, margin: float, cells: int) -> Finding:
    if not (margin > 0 and math.isfinite(margin)):
        raise StatsError(f"margin {margin}: expected a number above 0, such as {MARGIN}")
    alpha = 1 - result.level
    side = Verdict.PROFITABLE if result.mean > 0 else Verdict.DETERRED
    if p_value <= alpha:
        where = "above" if side is Verdict.PROFITABLE else "below"
        return Finding(side, True, p_value, result, f"the interval lies {where} 0")
    if -margin < result.low and result.high < margin:
        return Finding(Verdict.NEUTRAL, True, p_value, result, f"the interval lies within ±{margin:g}")
    if result.p_value <= alpha:
        note = f"undecided: alone it would be {side.value}, among {cells} it may be chance"
    else:
        note = f"undecided: the interval holds 0 and reaches past ±{margin:g}"
    return Finding(Verdict.NEUTRAL, False, p_value, result, note)
