"""Rule 5: a question never emits more than the reserve set aside for it, slice by slice, whatever is reported."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import CONFIG, TOKENS, World, new_backend, new_world
from headwater.twin import Scale, capacity, growth, kept_reserve, net, reserve_slice
from headwater.units import BPS, MAX_WEI, WAD
from questions import Bet, Case, play_case, stage
from randomised import corner, p_mins, trials, undone

VAST = 2**93


@pytest.fixture(scope="module")
def vast_world() -> World:
    """The widest supply: stakes and reserves near 2**96."""
    config = replace(CONFIG, cap=MAX_WEI, genesis_supply=MAX_WEI, emission=0)
    return new_world(new_backend(seed=0), providers=0, stake=VAST, gift=VAST, config=config)


def settle_all(world: World, case: Case) -> None:
    """Settle a case whose outcomes from 1 on are alike; emissions must fit their slices, and the rest come back."""
    with undone(world.backend):
        staged = stage(world, case)
        for outcome in (0, 1):
            with undone(world.backend):
                world.governor.resolve(staged.question, outcome)
                bankroll, reserved = world.system.series_account(staged.series)
                assert bankroll + reserved == case.bankroll
                assert reserved <= case.reserve
                emitted = recycled = 0
                for i in case.order:
                    gained = world.settle(staged.question, i)
                    after, left = world.system.series_account(staged.series)
                    part = reserved - left
                    assert part >= max(gained, 0)
                    assert after == bankroll + part - gained
                    bankroll, reserved = after, left
                    emitted, recycled = emitted + max(gained, 0), recycled + max(-gained, 0)
                assert emitted <= case.reserve
                assert reserved == 0
                assert bankroll == case.bankroll - emitted + recycled


def clip_case(outcomes: int, p_min: int, bankroll: int, total: int, rent_bps: int = 0) -> Case:
    """Odds at the clip against outcome 0, everybody as sure of it as can be, wagers of this total in uneven parts."""
    sizes = [total // 7, total // 3]
    bets = tuple(Bet(corner(outcomes, p_min, 0), size) for size in (*sizes, total - sum(sizes)))
    return Case(p_min, rent_bps, BPS, bankroll, corner(outcomes, p_min, 1), bets, (1, 2, 0))


@pytest.mark.parametrize("filling", ["one wei below", "exactly", "one wei above", "half", "a hundred times"])
@pytest.mark.parametrize("outcomes", [2, 8])
def test_at_the_clip_the_reserve_covers_every_emission_below_at_and_above_capacity(
    world: World, outcomes: int, filling: str
) -> None:
    case = clip_case(outcomes, 10**15, (300 if filling != "a hundred times" else 90) * TOKENS + 1, 10**18)
    totals = {
        "one wei below": case.capacity - 1,
        "exactly": case.capacity,
        "one wei above": case.capacity + 1,
        "half": case.capacity // 2,
        "a hundred times": 100 * case.capacity,
    }
    settle_all(world, clip_case(outcomes, 10**15, case.bankroll, totals[filling]))


def test_the_emission_uses_the_reserve_up_to_a_few_wei_and_no_more(world: World) -> None:
    """The bound is tight: with no rent and the capacity filled, all but roundings of the reserve is won."""
    case = clip_case(2, 10**15, 300 * TOKENS, 10**18)
    case = clip_case(2, 10**15, 300 * TOKENS, case.capacity)
    with undone(world.backend):
        staged = stage(world, case)
        world.governor.resolve(staged.question, 0)
        emitted = sum(world.settle(staged.question, i) for i in range(3))
    # G is two wei (WAD) too large, so the reserve outlasts by that share of itself.
    assert 0 <= case.reserve - emitted <= 3 * case.reserve // WAD + 6


@pytest.mark.parametrize("outcomes", [2, 8])
@pytest.mark.parametrize("bankroll", [1, 2, 3, 17, 1_000])
def test_a_reserve_of_a_few_wei_is_never_overdrawn(world: World, outcomes: int, bankroll: int) -> None:
    for total in (3, 7, 10 * bankroll + 3):
        settle_all(world, clip_case(outcomes, 10**16, bankroll, max(total, 7)))


@pytest.mark.parametrize(
    ("outcomes", "p_min", "reserve", "sizes"),
    [
        (2, 10**16, 709_728, (13_638, 8_897)),
        (8, 10**15, 813_915, (56_035, 264_435)),
        (2, WAD // 4, 215_467, (149_422, 41_806)),
    ],
)
def test_what_is_kept_is_rounded_up_or_these_would_be_a_wei_short(
    world: World, outcomes: int, p_min: int, reserve: int, sizes: tuple[int, int]
) -> None:
    """Found by search: with what resolution keeps rounded down, the first emission exceeds its slice by one wei."""
    bets = tuple(Bet(corner(outcomes, p_min, 0), size) for size in sizes)
    case = Case(p_min, 0, BPS, reserve, corner(outcomes, p_min, 1), bets, (0, 1))
    rounded_down = reserve * case.wagered // case.capacity
    assert reserve_slice(rounded_down, sizes[0], case.wagered) == case.net(bets[0]) - 1
    settle_all(world, case)


@pytest.mark.parametrize("bankroll", [2**95 - 2**20, 2**93])
def test_a_reserve_at_the_widest_supply_is_never_overdrawn(vast_world: World, bankroll: int) -> None:
    settle_all(vast_world, clip_case(2, 10**15, bankroll, 5 * 2**91))
    settle_all(vast_world, clip_case(8, WAD // 16, bankroll, 5 * 2**91, 1_000))


def spend(case: Case, reserve: int, sizes: list[int], growths: list[int]) -> None:
    """On the twin: slices in this order cover emissions, and add up to what was kept."""
    total = sum(sizes)
    filled = capacity(reserve, case.odds, case.scale)
    kept = left = kept_reserve(reserve, filled, total)
    assert kept <= reserve
    wagers, paid = total, 0
    for size, g in zip(sizes, growths, strict=True):
        part = reserve_slice(left, size, wagers)
        assert part >= net(size, g, filled, total, case.scale)
        left, wagers, paid = left - part, wagers - size, paid + part
    assert (left, wagers, paid) == (0, 0, kept)


amounts = st.one_of(st.integers(1, 40), st.integers(1, 93).flatmap(lambda bits: st.integers(1, 2**bits)))


@trials(400)
@given(
    outcomes=st.integers(2, 8),
    reserve=amounts,
    sizes=st.lists(amounts, min_size=1, max_size=8),
    scale=st.sampled_from([0, 25, 1_000]),
    data=st.data(),
)
def test_every_order_and_size_of_wagers_fits_its_slices(
    outcomes: int, reserve: int, sizes: list[int], scale: int, data: st.DataObject
) -> None:
    p_min = data.draw(p_mins(outcomes))
    odds = corner(outcomes, p_min, 1)
    best = growth(WAD - (outcomes - 1) * p_min, p_min)
    growths = [best if data.draw(st.booleans()) else -Scale.of(p_min, scale).log_range for _ in sizes]
    spend(Case(p_min, scale, BPS, reserve, odds, (), ()), reserve, sizes, growths)


def test_every_small_reserve_and_every_small_pair_of_wagers_fits() -> None:
    """Exhaustive where rounding is all there is."""
    case = Case(10**16, 0, BPS, 1, corner(2, 10**16, 1), (), ())
    best = growth(99 * 10**16, 10**16)
    for reserve in range(1, 16):
        for first in range(1, 13):
            for second in range(1, 13):
                spend(case, reserve, [first, second], [best, best])


@pytest.mark.parametrize("ending", ["void early", "void late", "void by timeout"])
def test_a_void_question_emits_nothing_and_returns_its_whole_reserve(world: World, ending: str) -> None:
    case = replace(clip_case(2, 10**15, 300 * TOKENS, 9_000 * TOKENS), ending=ending)
    staged = play_case(world, case)
    assert world.system.series_account(staged.series) == (case.bankroll, 0)
    before = world.system.totals()[0]
    for i in case.order:
        assert world.settle(staged.question, i) <= 0
    assert world.system.totals()[0] == before
