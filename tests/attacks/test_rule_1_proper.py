"""Rule 1: the best report is one's belief, whatever the escrow holds or owes, as long as it is valued at its face.

At its face, a debt is a claim: the stake has carried the children's part of a loss, and later gains repay it first. So
stake + debt changes by floor(keep * net), and with the children's money counted too, stake + held + due changes by the
net: both are linear in the net whatever the escrow's state, and both are tested. (stake + held - debt is neither: it
counts a loss twice, once where the stake bore it and once as the debt.)

Values are exact: a belief is an integer vector (WAD), so expectations are integers too, in wei times WAD. What a report
other than the belief may gain is what arithmetic rounds: a wei for the floor, and the logarithm's error of at most
1.12e-18 (`tests/differential/test_twin_fixed.py`) times wager / L.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from best_response import Report, belief_of, candidates, climb, clipped, far
from hypothesis import given
from hypothesis import strategies as st

from harness import SALT, TOKENS, World
from headwater.cascade import Leaf
from headwater.twin import capacity, growth, net
from headwater.units import BPS, WAD
from questions import Case
from randomised import corner, p_mins, rents, simplex, spread, trials, undone

P_MIN = 10**16
WAGER = 1_000 * TOKENS
KEEP_BPS = 1_000
BUFFER = 150 * TOKENS
VISIBLE = 10**12
"""Reports that differ by more than 1e-6 differ in value by far more than rounding."""


@dataclass(frozen=True)
class Ready:
    """An open question, and the escrow that its only forecaster brings along."""

    question: int
    version: int
    domain: int
    odds: Report


def prepare(world: World, odds: Report, escrow: str, *, rival: bool) -> Ready:
    """A question at these odds; the forecaster's escrow is in debt, at zero, or holds something.

    What it holds or owes is less than what the question may bring, so that settling crosses zero on some outcomes.
    """
    who, k = world.forecasters[0], len(odds)
    me = world.governor.address
    series = world.series(
        outcomes=k,
        p_min=P_MIN,
        share_bps=100,
        min_wager=1,
        forgetting=0,
        smoothing=0,
        feed=me,
        governed=False,
    )
    world.governor.fund(series, 100_000 * TOKENS)
    made = world.announce(who, [Leaf(world.providers[0].address, 0, 1)], KEEP_BPS, BUFFER, domain=series)
    if escrow != "zero":
        first = world.open(series, spread([1] * k, P_MIN))
        right = int(escrow == "negative")
        world.play(first, {0: (corner(k, P_MIN, 0), 300 * TOKENS)}, outcome=right)
    state = world.system.escrow(who.address, made.version, series)
    assert (state.held > 0, state.debt > 0) == (escrow == "positive", escrow == "negative")
    question = world.open(series, odds)
    if rival:
        world.forecasters[1].commit(question, corner(k, P_MIN, 1), 2 * WAGER, SALT)
    return Ready(question, made.version, series, odds)


def worth(world: World, ready: Ready) -> tuple[int, int]:
    """(stake + debt, stake + held + due): what is the forecaster's at face, and its children's too; wei."""
    who = world.forecasters[0].address
    escrow = world.system.escrow(who, ready.version, ready.domain)
    bonded = world.system.stake(who).bonded
    return bonded + escrow.debt, bonded + escrow.held + escrow.due


def outcomes_of(world: World, ready: Ready, report: Report) -> list[tuple[int, int]]:
    """What the bytecode makes of a report on every outcome, through commit, reveal, resolve and settle.

    Returns the changes of both kinds of `worth` by outcome, wei.
    """
    results = []
    with undone(world.backend):
        before = worth(world, ready)
        world.forecasters[0].commit(ready.question, report, WAGER, SALT)
        times = world.system.question(ready.question).times
        world.travel(times.commit_end)
        world.stranger.reveal(ready.question, world.forecasters[0].address, report, SALT)
        world.travel(times.resolve_after)
        for outcome in range(len(report)):
            with undone(world.backend):
                world.governor.resolve(ready.question, outcome)
                gained = world.settle(ready.question, 0)
                after = worth(world, ready)
                change = (after[0] - before[0], after[1] - before[1])
                assert change == (gained * KEEP_BPS // BPS, gained)
                results.append(change)
    return results


def expected(belief: Report, values: list[int]) -> int:
    """Expectation in wei times WAD, exact."""
    return sum(b * value for b, value in zip(belief, values, strict=True))


def rounding(wager: int, log_range: int) -> int:
    """The most that rounding can favour one report over another by, in wei times WAD."""
    return WAD * (2 + 2 * wager // log_range)


@pytest.mark.parametrize("escrow", ["negative", "zero", "positive"])
@pytest.mark.parametrize(("outcomes", "count"), [(2, 14), (3, 12), (8, 9)])
def test_no_report_beats_the_belief_on_the_bytecode(world: World, outcomes: int, count: int, escrow: str) -> None:
    rng = np.random.default_rng([outcomes, len(escrow)])
    odds = belief_of(rng, outcomes, P_MIN, concentration=3)
    belief = belief_of(rng, outcomes, P_MIN, concentration=2)
    ready = prepare(world, odds, escrow, rival=True)
    slack = rounding(WAGER, world.scale(ready.domain).log_range)
    honest = [expected(belief, list(values)) for values in zip(*outcomes_of(world, ready, belief), strict=True)]
    for report in candidates(rng, belief, odds, P_MIN, count):
        others = [expected(belief, list(values)) for values in zip(*outcomes_of(world, ready, report), strict=True)]
        for other, best in zip(others, honest, strict=True):
            assert other <= best + slack
            if far(report, belief) > VISIBLE:
                assert other < best


@pytest.mark.parametrize("escrow", ["negative", "zero", "positive"])
def test_a_search_on_the_bytecode_ends_at_the_belief(world: World, escrow: str) -> None:
    """Golden ratio search over two-outcome reports, each played through settle; it never sees the belief."""
    odds, belief = (4 * WAD // 10, 6 * WAD // 10), (7 * WAD // 10, 3 * WAD // 10)
    ready = prepare(world, odds, escrow, rival=False)

    def value(p: int) -> int:
        return expected(belief, [own for own, _ in outcomes_of(world, ready, (p, WAD - p))])

    low, high = P_MIN, WAD - P_MIN
    left, right = high - (high - low) * 618 // 1_000, low + (high - low) * 618 // 1_000
    at_left, at_right = value(left), value(right)
    while high - low > WAD // 200:
        if at_left < at_right:
            low, left, at_left = left, right, at_right
            right = low + (high - low) * 618 // 1_000
            at_right = value(right)
        else:
            high, right, at_right = right, left, at_left
            left = high - (high - low) * 618 // 1_000
            at_left = value(left)
    assert low <= belief[0] <= high


@trials(12)
@given(outcomes=st.sampled_from([2, 3, 5, 8]), rent_bps=rents, data=st.data())
def test_an_optimiser_finds_nothing_better_and_ends_at_the_belief(
    outcomes: int, rent_bps: int, data: st.DataObject
) -> None:
    """On the twin, with any P_MIN, rent, odds and filling of the capacity; from a random report on."""
    p_min = data.draw(p_mins(outcomes))
    odds, start = data.draw(simplex(outcomes, p_min)), data.draw(simplex(outcomes, p_min))
    belief = data.draw(simplex(outcomes, p_min))
    reserve = data.draw(st.sampled_from([WAGER // 10, WAGER, 10 * WAGER]))
    case = Case(p_min, rent_bps, BPS, reserve, odds, (), ())
    wagered = data.draw(st.sampled_from([WAGER, 3 * WAGER]))
    filled = capacity(reserve, odds, case.scale)

    def value(report: Report) -> int:
        nets = [net(WAGER, growth(p, q), filled, wagered, case.scale) for p, q in zip(report, odds, strict=True)]
        return expected(belief, nets)

    best = climb(value, start, p_min)
    assert value(best) <= value(belief) + rounding(WAGER, case.scale.log_range)
    assert far(best, belief) < 10**14


@pytest.mark.parametrize("belief", [(0.999, 0.001, 0.0), (0.6, 0.4, 0.0), (0.985, 0.0075, 0.0075), (1.0, 0.0, 0.0)])
def test_a_belief_beyond_the_clip_is_best_reported_at_the_clip(belief: tuple[float, ...]) -> None:
    case = Case(P_MIN, 25, BPS, WAGER, (WAD // 2, WAD // 4, WAD // 4), (), ())
    integers = tuple(int(part * WAD) for part in belief)

    def value(report: Report) -> int:
        pairs = zip(report, case.odds, strict=True)
        return expected(integers, [net(WAGER, growth(p, q), case.capacity, WAGER, case.scale) for p, q in pairs])

    best = climb(value, case.odds, P_MIN)
    assert min(clipped(belief, P_MIN)) == P_MIN
    assert far(best, clipped(belief, P_MIN)) < 10**14
    assert value(best) <= value(clipped(belief, P_MIN)) + rounding(WAGER, case.scale.log_range)
