"""The stake-weighted lower median: what a vote on the homophily threshold comes to."""

from __future__ import annotations

from collections.abc import Sequence

from headwater.values.errors import ValuesError


def weighted_lower_median(ticks: Sequence[int], stakes: Sequence[int]) -> int:
    """The least tick at which at least half of all stake is at or below it, in exact integers.

    For a voter whose preference has a single peak, naming the peak is a best vote whatever the others name: another
    name moves the median, if at all, away from it (Moulin, "On strategy-proofness and single peakedness", Public Choice
    35, 1980).

    Args:
        ticks: what each voter names.
        stakes: each voter's stake, wei, not negative, not all 0.

    Raises:
        ValuesError: anything that is not an int, a negative stake, other lengths, or no stake at all.
    """
    if len(ticks) != len(stakes):
        raise ValuesError(f"{len(ticks)} votes but {len(stakes)} stakes")
    if any(isinstance(number, bool) or not isinstance(number, int) for number in (*ticks, *stakes)):
        raise ValuesError("votes and stakes are ints")
    if any(stake < 0 for stake in stakes) or not sum(stakes):
        raise ValuesError("stakes are not negative, and somebody has some")
    total, below = sum(stakes), 0
    for tick, stake in sorted(zip(ticks, stakes, strict=True)):
        below += stake
        if 2 * below >= total:
            return tick
    raise AssertionError("the last tick has all stake at or below it")
