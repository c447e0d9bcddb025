"""Net, lock and capacity: twin against the arena's own functions, over every width the contract states."""

from __future__ import annotations

import dataclasses
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import ZERO, series_params
from headwater.chain import Contract, Reverted
from headwater.twin import Scale, capacity, growth, lock, max_growth, net
from headwater.units import MAX_WEI, WAD
from randomised import p_mins, rents, simplex, trials

ANYBODY = "0x" + "11" * 20
amounts = st.one_of(
    st.integers(1, 1_000),
    st.integers(1, 96).flatmap(lambda bits: st.integers(1, 2**bits - 1)),
    st.sampled_from([1, WAD, MAX_WEI - 1, MAX_WEI]),
)
outcome_counts = st.integers(2, 8)


def _word(scale: Scale) -> int:
    """L and rentL as the arena packs them."""
    return scale.log_range | scale.log_rent << 64


@st.composite
def _scales(draw: st.DrawFn) -> Scale:
    return Scale.of(draw(p_mins(draw(outcome_counts))), draw(rents))


@trials(150)
@given(scale=_scales(), wagers=st.tuples(amounts, amounts), most=st.one_of(amounts, st.just(0)), data=st.data())
def test_the_net_is_the_bytecodes_at_every_width(
    probe: Contract, scale: Scale, wagers: tuple[int, int], most: int, data: st.DataObject
) -> None:
    wager, wagered = min(wagers), max(wagers)
    growths = data.draw(st.lists(st.integers(-scale.log_range, scale.log_range), min_size=1, max_size=32))
    growths += [0, -scale.log_range, scale.log_range, 1, -1]
    found = probe.call("nets", wager, most, wagered, _word(scale), growths)
    assert list(found) == [net(wager, g, most, wagered, scale) for g in growths]


@trials(100)
@given(scale=_scales(), wagers=st.tuples(amounts, amounts), most=amounts, data=st.data())
def test_the_net_is_the_floor_of_the_exact_quotient(
    scale: Scale, wagers: tuple[int, int], most: int, data: st.DataObject
) -> None:
    wager, wagered = min(wagers), max(wagers)
    g = data.draw(st.integers(-scale.log_range, scale.log_range))
    effective = Fraction(wager * min(most, wagered), wagered)
    exact = effective * Fraction(g, scale.log_range) - wager * Fraction(scale.log_rent, scale.log_range)
    assert net(wager, g, most, wagered, scale) <= exact < net(wager, g, most, wagered, scale) + 1


@trials(100)
@given(scale=_scales(), wagers=st.lists(amounts, min_size=1, max_size=64))
def test_the_lock_is_the_bytecodes_and_covers_the_worst_net(probe: Contract, scale: Scale, wagers: list[int]) -> None:
    assert list(probe.call("locks", _word(scale), wagers)) == [lock(wager, scale) for wager in wagers]
    for wager in wagers:
        assert lock(wager, scale) == -net(wager, -scale.log_range, MAX_WEI, MAX_WEI, scale)


@trials(150)
@given(outcomes=outcome_counts, rent_bps=rents, reserve=st.one_of(amounts, st.just(0)), data=st.data())
def test_the_capacity_is_the_bytecodes_on_any_odds_and_reserve(
    probe: Contract, outcomes: int, rent_bps: int, reserve: int, data: st.DataObject
) -> None:
    p_min = data.draw(p_mins(outcomes))
    odds = data.draw(simplex(outcomes, p_min))
    scale = Scale.of(p_min, rent_bps)
    params = series_params(ANYBODY, outcomes=outcomes, p_min=p_min, rent_bps=rent_bps, feed=ANYBODY)
    found = probe.call("capacity", dataclasses.astuple(params), _word(scale), odds, reserve)
    assert found == capacity(reserve, odds, scale)


@trials(200)
@given(outcomes=outcome_counts, data=st.data())
def test_no_admissible_report_grows_more_than_the_capacity_reckons_with(outcomes: int, data: st.DataObject) -> None:
    p_min = data.draw(p_mins(outcomes))
    odds, report = data.draw(simplex(outcomes, p_min)), data.draw(simplex(outcomes, p_min))
    best = max(growth(p, q) for p, q in zip(report, odds, strict=True))
    assert best <= max_growth(odds, p_min) - 2


@pytest.mark.parametrize("off", [-1, 1])
def test_the_arena_takes_no_odds_that_miss_one_by_a_wei(probe: Contract, off: int) -> None:
    scale = Scale.of(10**16, 25)
    params = dataclasses.astuple(series_params(ANYBODY, feed=ANYBODY, oracle=ANYBODY, opener=ANYBODY))
    assert params[-2] != ZERO
    with pytest.raises(Reverted, match="do not sum to 1"):
        probe.call("capacity", params, _word(scale), (WAD // 2, WAD // 2 + off), WAD)
