"""Looking for the best report: beliefs, candidate reports, and an optimiser that knows nothing of logarithms."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from headwater.units import WAD
from randomised import corner, spread

Report = tuple[int, ...]


def belief_of(rng: np.random.Generator, outcomes: int, p_min: int, *, concentration: float = 1.0) -> Report:
    """A random belief with every entry at least p_min."""
    return spread([int(WAD * part) for part in rng.dirichlet([concentration] * outcomes)], p_min)


def clipped(belief: Sequence[float], p_min: int) -> Report:
    """The admissible report closest to a belief in relative entropy: max(p_min, belief * factor), summing to 1."""
    low, high = 0.0, 1.0
    for _ in range(200):
        factor = (low + high) / 2
        total = sum(max(p_min / WAD, part * factor) for part in belief)
        low, high = (factor, high) if total < 1 else (low, factor)
    report = [max(p_min, int(part * high * WAD)) for part in belief]
    report[report.index(max(report))] += WAD - sum(report)
    return tuple(report)


def shifted(report: Sequence[int], source: int, target: int, mass: int, p_min: int) -> Report:
    """With mass moved from one outcome to another, as far as the clip allows."""
    moved = list(report)
    mass = min(mass, report[source] - p_min)
    moved[source] -= mass
    moved[target] += mass
    return tuple(moved)


def candidates(rng: np.random.Generator, belief: Report, odds: Report, p_min: int, count: int) -> list[Report]:
    """Reports to try: the odds, two corners, halfway to the odds, small and large shifts, random ones."""
    k = len(belief)
    found = [odds, corner(k, p_min, int(np.argmax(belief))), corner(k, p_min, int(np.argmin(belief)))]
    found.append(tuple((b + q) // 2 for b, q in zip(belief, odds, strict=True)))
    while len(found) < count:
        source, target = (int(i) for i in rng.choice(k, size=2, replace=False))
        mass = int(WAD * 10 ** rng.uniform(-5, -0.5))
        found.append(shifted(belief, source, target, mass, p_min))
        found.append(belief_of(rng, k, p_min))
    mended = []
    for report in found[:count]:
        entries = list(report)
        entries[entries.index(max(entries))] += WAD - sum(entries)
        mended.append(tuple(entries))
    return mended


def climb(value: Callable[[Report], int], start: Report, p_min: int) -> Report:
    """Best report found by moving mass between pairs of outcomes, in steps that shrink to 1e-9."""
    best, worth = start, value(start)
    step = WAD // 4
    k = len(start)
    while step > 10**9:
        improved = False
        for source in range(k):
            for target in range(k):
                if source == target:
                    continue
                trial = shifted(best, source, target, step, p_min)
                gained = value(trial)
                if gained > worth:
                    best, worth, improved = trial, gained, True
        if not improved:
            step //= 2
    return best


def far(a: Sequence[int], b: Sequence[int]) -> int:
    """Largest difference between two reports, WAD."""
    return max(abs(x - y) for x, y in zip(a, b, strict=True))
