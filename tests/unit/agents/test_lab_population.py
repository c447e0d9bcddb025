"""Honest agents: they learn whom to trust, work for pay, leave who underpays, and wager within bounds."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from headwater.units import BPS, WAD
from headwater_agents.lab.mechanisms.base import P_MIN, LabError, Offer
from headwater_agents.lab.population import (
    Buyer,
    BuyerTraits,
    Pool,
    Provider,
    ProviderTraits,
    WagerTraits,
    kelly,
    leaves,
    report,
    returns,
    sigmoid,
    size,
)
from headwater_agents.lab.worlds import SyntheticWorld

EVEN = Offer(1, (WAD // 2, WAD // 2), 10**6 * WAD, WAD, 25)


def taught(questions: int) -> Buyer:
    """A buyer of a good source, a worse one, and one that says nothing."""
    script = SyntheticWorld(inequality=0.0, season=0.0, mean=0.0).script(questions, 3, np.random.default_rng(1))
    buyer = Buyer(("good", "worse", "null"), BuyerTraits(keep_bps=4_000, window=questions))
    for t in range(questions):
        heard = {"good": script.signal(t, 0, 1.0, 1.0), "worse": script.signal(t, 1, 0.6, 1.0), "null": 0.0}
        buyer.learn(0.0, heard, int(script.outcomes[t]))
    return buyer


def test_a_pool_learns_whom_to_trust() -> None:
    script = SyntheticWorld(inequality=0.0, season=0.0, mean=0.0).script(1500, 2, np.random.default_rng(2))
    noise = np.random.default_rng(3).standard_normal(1500)
    pool = Pool(2)
    for t in range(1500):
        pool.learn(0.0, np.array([script.informed[t, 0], noise[t]]), int(script.outcomes[t]))
    assert pool.weights[1] == pytest.approx(1.0, abs=0.3)
    assert abs(pool.weights[2]) < 0.3


def test_a_pool_forgets_a_supplier_that_turned_bad() -> None:
    rng = np.random.default_rng(4)
    pool = Pool(1)
    signals = rng.standard_normal(1200)
    for t, signal in enumerate(signals):
        meaning = signal if t < 600 else 0.0
        pool.learn(0.0, np.array([signal]), int(rng.uniform() < sigmoid(meaning)))
        if t == 599:
            trusted = pool.weights[1]
    assert pool.weights[1] < trusted / 2


def test_credit_goes_to_who_informed() -> None:
    good, worse, null = taught(600).worth()
    assert good > worse > null == 0.0


def test_splits_name_those_who_are_there_and_keep_what_is_promised() -> None:
    split = taught(200).split(frozenset({"good", "null"}))
    assert split.keep_bps == 4_000
    assert [name for name, _ in split.weights] == ["good"]
    assert taught(200).split(frozenset()).keep_bps == BPS


def test_effort_follows_pay() -> None:
    traits = ProviderTraits(cost=WAD, elasticity=0.5)
    well, badly = Provider(traits), Provider(traits)
    for _ in range(400):
        well.earn(10.0 * WAD)
        badly.earn(0.1 * WAD)
    assert well.effort == pytest.approx(1.0, abs=0.01)
    assert badly.effort == pytest.approx(0.05, abs=0.01)


def test_a_provider_leaves_who_underpays_and_nobody_else() -> None:
    traits = ProviderTraits(leave_rate=0.1)
    assert not leaves(traits, promised=0.2, fair=0.2, chance=0.0)
    assert not leaves(traits, promised=0.3, fair=0.2, chance=0.0)
    assert leaves(traits, promised=0.0, fair=0.2, chance=0.099)
    assert not leaves(traits, promised=0.1, fair=0.2, chance=0.051)
    assert not leaves(traits, promised=0.0, fair=0.0, chance=0.0)


def test_kelly_is_the_wager_that_grows_fastest() -> None:
    belief = report(math.log(0.7 / 0.3))
    low, high = returns(belief, EVEN)
    grid = np.linspace(0.001, -0.999 / low, 20_000)
    growth = 0.3 * np.log1p(grid * low) + 0.7 * np.log1p(grid * high)
    assert kelly(belief, EVEN) == pytest.approx(float(grid[growth.argmax()]), rel=1e-3)
    assert kelly((belief[1], belief[0]), EVEN) == pytest.approx(kelly(belief, EVEN), rel=1e-9)


def test_nobody_wagers_without_an_edge_after_rent() -> None:
    assert kelly(EVEN.odds, EVEN) == 0.0
    assert size(EVEN.odds, EVEN, 10**4 * WAD, WagerTraits()) == 0


def test_wagers_stay_within_stake_capacity_and_minimum() -> None:
    belief = report(3.0)
    assert size(belief, EVEN, 10**4 * WAD, WagerTraits()) == 2_500 * WAD
    narrow = Offer(1, EVEN.odds, 100 * WAD, WAD, 25)
    assert size(belief, narrow, 10**4 * WAD, WagerTraits()) == 30 * WAD
    assert size(belief, EVEN, WAD, WagerTraits()) == 0


@pytest.mark.parametrize("log_odds", [-1000.0, -5.0, 0.0, 0.3, 5.0, 1000.0])
def test_reports_are_admissible(log_odds: float) -> None:
    odds = report(log_odds)
    assert sum(odds) == WAD
    assert min(odds) >= P_MIN


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        (ProviderTraits, {"cost": -1}),
        (ProviderTraits, {"elasticity": 2.0}),
        (ProviderTraits, {"leave_rate": 1.5}),
        (WagerTraits, {"kelly_bps": 0}),
    ],
)
def test_traits_out_of_range_are_refused(kind: Any, settings: dict[str, Any]) -> None:
    with pytest.raises(LabError):
        kind(**settings)


@pytest.mark.parametrize(("credit", "paid"), [("shapley", True), ("precedence", False)])
def test_by_precedence_a_copy_that_comes_late_is_paid_nothing(credit: Any, paid: bool) -> None:
    script = SyntheticWorld(inequality=0.0, season=0.0, mean=0.0).script(300, 1, np.random.default_rng(5))
    buyer = Buyer(("first",), BuyerTraits(keep_bps=4_000, credit=credit), strangers=("copy",))
    for t in range(300):
        told = float(script.informed[t, 0])
        heard = {"first": told, "copy": told} if t >= 20 else {"first": told}
        buyer.learn(0.0, heard, int(script.outcomes[t]))
    first, copy = buyer.worth()
    assert first > 0
    assert bool(copy > 0) is paid
