"""A small crowd against the integer-exact twin, which plays the same reports question by question."""

from __future__ import annotations

import numpy as np
import pytest

from headwater.twin import Escrow, capacity, count_outcome, frequency_odds, growth, lock, net
from headwater.units import BPS, WAD
from headwater_agents.lab.crowd import Crowd, CrowdSetting

ATTACKS = [
    {"keep_bps": 4_000},
    {"keep_bps": 0, "wager_bps": 2_500, "attack": "exaggerate", "attackers": 0.5, "strength": 5},
    {"keep_bps": 10_000, "attack": "sybil", "attackers": 0.5, "strength": 2, "bankroll": 20 * WAD, "emission": 0},
]


class Exact:
    """The same series and escrows in integers; reports, who wagers and who leaves are the crowd's."""

    def __init__(self, crowd):
        self.setting, self.scale = crowd.setting, crowd.scale
        parts = [int(np.sum(crowd.owner == owner)) for owner in crowd.owner]
        self.entry = [self.setting.stake // part for part in parts]
        self.stakes = list(self.entry)
        self.empty = [Escrow(keep_bps=self.setting.keep_bps, buffer=self.setting.buffer // part) for part in parts]
        self.escrows = list(self.empty)
        self.bankroll = self.setting.bankroll * self.setting.owners
        self.counts = [0, 0]
        self.providers = self.withdrawn = 0

    def play(self, played):
        setting, scale = self.setting, self.scale
        odds = frequency_odds(self.counts, setting.smoothing, setting.p_min)
        assert tuple(odds) == played.odds
        most = capacity(self.bankroll * setting.reserve_bps // BPS, odds, scale)
        wagers = [s * setting.wager_bps // BPS if m > 0 else 0 for s, m in zip(self.stakes, played.wagers, strict=True)]
        wagered = sum(wagers)
        for i, wager in enumerate(wagers):
            if wager == 0:
                continue
            held = lock(wager, scale)
            assert held <= self.stakes[i]
            g = growth(int(played.chances[i] * WAD), odds[played.outcome])
            won = net(wager, g, most, wagered, scale)
            escrow, change, _ = self.escrows[i].commit(held).settle(held, won)
            self.escrows[i], due = escrow.release()
            self.stakes[i] += change
            self.bankroll -= won
            self.providers += due
        self.counts = count_outcome(self.counts, played.outcome, setting.forgetting)
        self.bankroll += setting.emission * setting.owners
        for i in np.flatnonzero(played.left):
            self.withdrawn += self.stakes[i]
            self.providers += self.escrows[i].close()[0].due
            self.stakes[i], self.escrows[i] = self.entry[i], self.empty[i]


@pytest.mark.parametrize("changes", ATTACKS)
def test_a_crowd_of_few_is_the_exact_twin_within_what_it_says(changes):
    crowd = Crowd(CrowdSetting(owners=12, **changes), np.random.default_rng(3))
    exact = Exact(crowd)
    for _ in range(200):
        exact.play(crowd.step())
        assert crowd.stake == pytest.approx([float(stake) for stake in exact.stakes], rel=1e-12, abs=1e3)
        for found, wanted in (
            (crowd.escrows.held, [e.held for e in exact.escrows]),
            (crowd.escrows.debt, [e.debt for e in exact.escrows]),
        ):
            assert found == pytest.approx([float(value) for value in wanted], rel=0, abs=1e-12 * crowd.setting.stake)
    assert crowd.bankroll == pytest.approx(float(exact.bankroll), rel=1e-12)
    assert crowd.books.providers == pytest.approx(float(exact.providers), rel=1e-12, abs=1e3)
    assert crowd.books.withdrawn.sum() == pytest.approx(float(exact.withdrawn), rel=1e-12)
    if changes["keep_bps"] < BPS:
        assert exact.providers > 0
    if "exaggerate" in changes.values():
        assert crowd.books.departures > 0
