"""The vectorised twin against the integer-exact one: off by no more than it says, at every width and odds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.twin import (
    Escrow,
    EscrowBatch,
    Scale,
    batch_capacity,
    batch_growth,
    batch_lock,
    batch_net,
    capacity,
    growth,
    lock,
    max_growth,
    net,
)
from headwater.units import MAX_WEI, WAD
from randomised import p_mins, rents, simplex, trials

amounts = st.one_of(
    st.integers(1, 1_000),
    st.integers(1, 96).flatmap(lambda bits: st.integers(1, 2**bits - 1)),
    st.sampled_from([1, WAD, 1_000 * WAD, MAX_WEI - 1, MAX_WEI]),
)
outcome_counts = st.integers(2, 8)


def close(found, exact, tolerance):
    """Whether a float lies within a tolerance of an int, compared without rounding the int."""
    return abs(int(found) - exact) <= tolerance + 1 if abs(found) >= 2**53 else abs(found - exact) <= tolerance


@trials(300)
@given(outcomes=outcome_counts, rent_bps=rents, wagers=st.tuples(amounts, amounts), data=st.data())
def test_a_net_is_off_by_at_most_a_wei_and_two_to_the_minus_48_of_the_wager(outcomes, rent_bps, wagers, data):
    p_min = data.draw(p_mins(outcomes))
    scale = Scale.of(p_min, rent_bps)
    wager, wagered = min(wagers), max(wagers)
    most = data.draw(st.one_of(amounts, st.just(0)))
    said, odds = data.draw(simplex(outcomes, p_min)), data.draw(simplex(outcomes, p_min))
    for p, q in zip(said, odds, strict=True):
        exact = net(wager, growth(p, q), most, wagered, scale)
        found = batch_net([wager], batch_growth([p / WAD], [q / WAD]), most, wagered, scale)
        assert close(found[0], exact, 1 + wager * 2.0**-48)


@trials(100)
@given(outcomes=outcome_counts, rent_bps=rents, wager=amounts, data=st.data())
def test_withheld_and_refunded_positions_and_locks_are_off_by_no_more(outcomes, rent_bps, wager, data):
    scale = Scale.of(data.draw(p_mins(outcomes)), rent_bps)
    for g in (0, -scale.log_range):
        found = batch_net([wager], [g / WAD], MAX_WEI, MAX_WEI, scale)
        assert close(found[0], net(wager, g, MAX_WEI, MAX_WEI, scale), 1 + wager * 2.0**-48)
    assert close(batch_lock([wager], scale)[0], lock(wager, scale), 1 + wager * 2.0**-48)


@trials(150)
@given(outcomes=outcome_counts, reserve=st.one_of(amounts, st.just(0)), data=st.data())
def test_a_capacity_is_off_by_at_most_what_it_says(outcomes, reserve, data):
    p_min = data.draw(p_mins(outcomes))
    scale, odds = Scale.of(p_min, 25), data.draw(simplex(outcomes, p_min))
    exact = capacity(reserve, odds, scale)
    found = batch_capacity([reserve], [[q / WAD for q in odds]], scale)
    relative = 2.0**-48 * (2 + 2 * scale.log_range / max_growth(odds, p_min))
    # The two logarithms of the exact twin may be off by two wei each.
    relative += 4 / max_growth(odds, p_min)
    assert close(found[0], exact, 1 + relative * exact)


def escrow_histories(seed, count, steps, size):
    """Random commits and settlements of many escrows at once, up to three positions open: integers of up to `size`."""
    rng = np.random.default_rng(seed)
    for step in range(steps):
        locks = [int(size * x) + 1 for x in rng.uniform(size=count)]
        nets = [int(size * x) for x in rng.uniform(-1, 1, size=count) * rng.choice([1.0, 1e-3, 1e-9], size=count)]
        yield step, locks, [min(max(n, -lk), size) for n, lk in zip(nets, locks, strict=True)]


@pytest.mark.parametrize("size", [10, 10**9, 10**18, 10**21, MAX_WEI // 1_000])
@pytest.mark.parametrize("buffer", [0, 1])
def test_escrows_stay_within_what_they_say_over_long_histories(size, buffer):
    count, steps = 40, 150
    keeps = [0, 1, 2_500, 5_000, 9_999, 10_000, 3_333, 7_777] * 5
    exact = [Escrow(keep_bps=keep, buffer=buffer * size) for keep in keeps]
    batch = EscrowBatch.of(keeps, buffer * size, count)
    stakes, found_stakes = [0] * count, np.zeros(count)
    open_locks: list[list[int]] = []
    largest = size
    for step, locks, nets in escrow_histories(size % 97, count, steps, size):
        exact = [escrow.commit(lk) for escrow, lk in zip(exact, locks, strict=True)]
        batch.commit(np.array(locks, dtype=np.float64))
        open_locks.append(locks)
        if len(open_locks) < 3:
            continue
        # The oldest of three open positions settles, so that locks come and go in different orders of size.
        settled = open_locks.pop(0)
        bounded = [max(n, -lk) for n, lk in zip(nets, settled, strict=True)]
        for i in range(count):
            exact[i], change, _ = exact[i].settle(settled[i], bounded[i])
            stakes[i] += change
        changes, _ = batch.settle(np.array(settled, dtype=np.float64), np.array(bounded, dtype=np.float64))
        found_stakes += changes
        largest = max([largest, *(e.due for e in exact), *(e.debt for e in exact), *map(abs, stakes)])
        tolerance = (step + 1) * (7 + largest * 2.0**-45) + 1
        for i, escrow in enumerate(exact):
            for found, wanted in (
                (batch.held[i], escrow.held),
                (batch.debt[i], escrow.debt),
                (batch.due[i], escrow.due),
                (found_stakes[i], stakes[i]),
            ):
                assert close(found, wanted, tolerance)
    assert batch.held.min() >= 0
    assert batch.debt.min() >= 0
    assert batch.lock.min() >= 0
    assert any(e.debt for e in exact)
    assert any(e.due for e in exact)
    assert any(e.held for e in exact)
    assert batch.close() == pytest.approx([float(e.debt) for e in exact], rel=1e-9, abs=tolerance)
    assert batch.release() == pytest.approx([float(e.close()[0].due) for e in exact], rel=1e-9, abs=tolerance)
    assert not batch.due.any()
    assert not batch.held.any()


def test_what_a_settlement_moves_sums_to_the_net():
    rng = np.random.default_rng(6)
    batch = EscrowBatch.of(4_000, 1e20, 500)
    for _ in range(50):
        locks = rng.uniform(1e18, 1e21, size=500)
        nets = rng.uniform(-1, 1, size=500) * locks
        batch.commit(locks)
        held = batch.held.copy()
        changes, released = batch.settle(locks, nets)
        assert changes + batch.held - held + released == pytest.approx(nets, rel=0, abs=2.0**-48 * 1e22)


def test_nobody_settling_leaves_an_escrow_as_it_is():
    rng = np.random.default_rng(7)
    batch = EscrowBatch.of(4_000, 1e20, 50)
    batch.commit(np.full(50, 2e21))
    batch.settle(np.full(50, 1e21), rng.uniform(-1e21, 1e21, size=50))
    before = [array.copy() for array in (batch.held, batch.debt, batch.due, batch.lock)]
    changes, released = batch.settle(np.zeros(50), np.zeros(50))
    assert not changes.any()
    assert not released.any()
    for array, kept in zip((batch.held, batch.debt, batch.due, batch.lock), before, strict=True):
        assert (array == kept).all()


def test_ten_thousand_positions_of_up_to_a_thousand_tokens_are_off_by_less_than_four_million_wei():
    rng = np.random.default_rng(8)
    scale = Scale.of(WAD // 100, 25)
    wagers = [int(x * 1e18) + 1 for x in rng.uniform(0, 1_000, size=10_000)]
    said, odds = ([int(p * WAD) for p in rng.uniform(0.01, 0.99, size=10_000)] for _ in range(2))
    wagered = sum(wagers)
    most = wagered // 3
    found = batch_net(
        np.array(wagers, dtype=np.float64),
        batch_growth(np.array(said, dtype=np.float64) / WAD, np.array(odds, dtype=np.float64) / WAD),
        most,
        wagered,
        scale,
    )
    exact = [net(wager, growth(p, q), most, wagered, scale) for wager, p, q in zip(wagers, said, odds, strict=True)]
    off = np.array([float(int(f) - e) for f, e in zip(found, exact, strict=True)])
    assert 0 < np.abs(off).max() < 4e6
    assert np.abs(off / np.array(wagers)).max() < 2.0**-48


@pytest.mark.parametrize(
    ("refused", "said"),
    [
        (lambda s: batch_growth([0.0], [0.5]), "above 0"),
        (lambda s: batch_net([2.0], [0.1], 1.0, 1.0, s), "between 0 and what was wagered"),
        (lambda s: batch_net([-1.0], [0.1], 1.0, 1.0, s), "between 0 and what was wagered"),
        (lambda s: batch_net([0.0], [0.1], 1.0, 0.0, s), "above 0"),
        (lambda s: batch_net([1.0], [0.1], -1.0, 1.0, s), "not below 0"),
        (lambda s: batch_capacity([1.0], [0.5, 0.5], s), "shape"),
        (lambda s: batch_capacity([1.0], [[0.001, 0.999]], s), "at least"),
        (lambda s: EscrowBatch.of(10_001, 0, 1), "keep_bps"),
        (lambda s: EscrowBatch.of(0, -1, 1), "buffer"),
    ],
)
def test_what_does_not_fit_is_refused(refused, said):
    with pytest.raises(ValueError, match=said):
        refused(Scale.of(WAD // 100, 25))
