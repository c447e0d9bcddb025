"""Rule 2: splitting a wager over identities never gains, and loses less than one wei for each of them."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import TOKENS, World, audit, new_backend, new_world
from headwater.twin import Scale, capacity, growth, lock, net
from headwater.units import MAX_WEI
from questions import Bet, Case, stage
from randomised import p_mins, rents, simplex, trials, undone

CROWD = 50


@pytest.fixture(scope="module")
def crowd() -> World:
    """Fifty-one identities with the same stake."""
    return new_world(new_backend(seed=0), forecasters=CROWD + 1, providers=0)


def split(rng: np.random.Generator, wager: int, parts: int) -> list[int]:
    """Random parts of a wager, at least one wei each."""
    cuts = sorted({int(wager * cut) for cut in rng.random(parts - 1)} - {0})
    bounds = [0, *cuts, wager]
    sizes = [b - a for a, b in pairwise(bounds)]
    while len(sizes) < parts:  # two cuts at the same place
        largest = sizes.index(max(sizes))
        sizes[largest] -= 1
        sizes.append(1)
    return sizes


def nets(world: World, case: Case, outcome: int) -> list[int]:
    """Nets of a staged case through the bytecode, in the order of its bets."""
    with undone(world.backend):
        staged = stage(world, case)
        world.governor.resolve(staged.question, outcome)
        found = [world.settle(staged.question, i) for i in range(len(case.bets))]
        audit(world)
    return found


@pytest.mark.parametrize("identities", [2, 10, 50])
@pytest.mark.parametrize("right", [True, False])
def test_identities_on_the_bytecode_get_what_one_would_have_got(crowd: World, identities: int, right: bool) -> None:
    """The same report under one name and under many, beside somebody else's wager, W above C."""
    rng = np.random.default_rng([identities, right])
    p_min = 10**15
    odds, report = ((31, 69), (57, 43)) if right else ((40, 60), (12, 88))
    q, p = (tuple(part * 10**16 for part in pair) for pair in (odds, report))
    wager = 4_321 * TOKENS + int(rng.integers(10**9))
    rival = Bet((5 * 10**17, 5 * 10**17), 2_000 * TOKENS + 1)
    one = Case(p_min, 25, 50, 99_999 * TOKENS + 7, q, (Bet(p, wager), rival), (0, 1))
    assert one.wagered > one.capacity
    parts = split(rng, wager, identities)
    many = replace(one, bets=(*(Bet(p, part) for part in parts), rival), order=tuple(range(identities + 1)))
    whole, *_ = nets(crowd, one, 0)
    *shares, _ = nets(crowd, many, 0)
    assert (whole > 0) == right
    assert whole - identities < sum(shares) <= whole


amounts = st.integers(1, 95).flatmap(lambda bits: st.integers(1, 2**bits))


@trials(300)
@given(outcomes=st.integers(2, 8), rent_bps=rents, wagers=st.tuples(amounts, amounts), reserve=amounts, data=st.data())
def test_no_split_of_any_wager_gains_or_loses_more_than_a_wei_each(
    outcomes: int, rent_bps: int, wagers: tuple[int, int], reserve: int, data: st.DataObject
) -> None:
    p_min = data.draw(p_mins(outcomes))
    scale = Scale.of(p_min, rent_bps)
    odds, report = data.draw(simplex(outcomes, p_min)), data.draw(simplex(outcomes, p_min))
    wager, others = max(wagers[0], CROWD), wagers[1]
    wagered, filled = min(wager + others, MAX_WEI), capacity(reserve, odds, scale)
    identities = data.draw(st.integers(2, CROWD))
    parts = split(np.random.default_rng(data.draw(st.integers(0, 2**32 - 1))), wager, identities)
    assert (len(parts), sum(parts)) == (identities, wager)
    for g in {growth(p, q) for p, q in zip(report, odds, strict=True)} | {-scale.log_range, 0}:
        whole = net(wager, g, filled, wagered, scale)
        shares = sum(net(part, g, filled, wagered, scale) for part in parts)
        assert whole - identities < shares <= whole


@pytest.mark.parametrize("rent_bps", [0, 25, 1_000])
def test_every_split_in_two_of_every_small_wager_obeys(rent_bps: int) -> None:
    """Exhaustive where a wei is a large part: wagers of 2 to 24 wei, every split, capacity below and above them."""
    scale = Scale.of(10**16, rent_bps)
    odds = (3 * 10**17, 7 * 10**17)
    growths = [growth(p, odds[0]) for p in (10**16, 2 * 10**17, 3 * 10**17, 5 * 10**17, 99 * 10**16)]
    for wager in range(2, 25):
        for filled in (1, wager // 2 + 1, wager, 10 * wager):
            for g in growths:
                whole = net(wager, g, filled, wager + 3, scale)
                for part in range(1, wager):
                    shares = [net(size, g, filled, wager + 3, scale) for size in (part, wager - part)]
                    assert whole - 1 <= sum(shares) <= whole


@trials(100)
@given(
    wager=amounts.map(lambda w: max(w, CROWD)),
    rent_bps=rents,
    identities=st.integers(2, CROWD),
    seed=st.integers(0, 99),
)
def test_a_split_locks_no_less_stake(wager: int, rent_bps: int, identities: int, seed: int) -> None:
    scale = Scale.of(10**16, rent_bps)
    parts = split(np.random.default_rng(seed), wager, identities)
    assert sum(lock(part, scale) for part in parts) >= lock(wager, scale)
