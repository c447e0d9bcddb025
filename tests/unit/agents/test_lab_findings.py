"""The lab finds what is there, and nothing else: known exploits, planted gains, and honest play against itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytest

from headwater_agents.adversaries import Attack, Bid
from headwater_agents.lab.game.play import Play
from headwater_agents.lab.game.setting import Setting
from headwater_agents.lab.game.table import Table
from headwater_agents.lab.mechanisms import names
from headwater_agents.lab.population import log_odds, report
from headwater_agents.lab.stats import Verdict, paired, planted_power, verdict
from headwater_agents.trial.units import attack_cell, difference

SHORT: dict[str, Any] = {"questions": 12, "warm_up": 8}


def gains(attack: str, seeds: int, **setting: Any) -> list[float]:
    return [attack_cell(attack=attack, seed=seed, **{**SHORT, **setting})["gain"] for seed in range(seeds)]


@pytest.mark.parametrize(
    ("attack", "mechanism"),
    [("odds-copier", "by_stake"), ("odds-copier", "equal_split"), ("sybil-split", "equal_split")],
)
def test_a_known_exploit_is_found_profitable(attack: str, mechanism: str) -> None:
    found = verdict(paired(gains(attack, 8, mechanism=mechanism)))
    assert found.verdict is Verdict.PROFITABLE


@pytest.mark.parametrize("mechanism", names())
def test_an_attack_that_does_nothing_changes_nothing(mechanism: str) -> None:
    cell = attack_cell(attack="nothing", seed=1, mechanism=mechanism, **SHORT)
    assert cell["gain"] == cell["forecasters_loss"] == cell["providers_loss"] == cell["log_loss"] == 0.0
    found = verdict(paired([cell["gain"]] * 8))
    assert (found.verdict, found.established) == (Verdict.NEUTRAL, True)


def test_copying_the_odds_on_headwater_is_found_to_cost_its_rent() -> None:
    found = verdict(paired(gains("odds-copier", 8)))
    assert found.verdict is Verdict.DETERRED


@pytest.fixture(scope="module")
def honest() -> list[dict[str, Any]]:
    """Honest plays of 300 seeds, on the contracts."""
    setting = Setting.from_json({**SHORT, "questions": 10, "warm_up": 4})
    return [Play(setting, None, seed).run().to_json() for seed in range(300)]


def test_honest_play_against_itself_is_neutral_at_the_stated_rate(honest: list[dict[str, Any]]) -> None:
    """Two honest plays of unlike seeds differ by noise alone, and by far more of it than a pair of one seed."""
    noise = [difference(one, two, 10_000.0)["gain"] for one, two in zip(honest[:150], honest[150:], strict=True)]
    wrong = sum(verdict(paired(noise[at : at + 15])).verdict is not Verdict.NEUTRAL for at in range(0, 150, 15))
    assert wrong <= 2  # of 10 at 5%: more than 2 would come once in 87 times
    assert verdict(paired(noise)).verdict is Verdict.NEUTRAL


@dataclass(kw_only=True)
class Tremble(Attack):
    """Honest but for a hand that shakes both ways, so that pairs differ."""

    name: ClassVar[str] = "tremble"

    def bids(self, table: Table, honest: list[Bid]) -> list[Bid]:
        shaken = [table.rng.normal(0.0, 0.05) for _ in honest]
        return [
            Bid(bid.name, report(log_odds(bid.report) + shake), bid.wager)
            for bid, shake in zip(honest, shaken, strict=True)
        ]


@pytest.fixture(scope="module")
def trembling(honest: list[dict[str, Any]]) -> np.ndarray[Any, Any]:
    """Gains of the shaking hand over 200 seeds."""
    setting = Setting.from_json({**SHORT, "questions": 10, "warm_up": 4})
    played = (Play(setting, Tremble(), seed).run().to_json() for seed in range(200))
    return np.array([difference(one, honest[seed], 10_000.0)["gain"] for seed, one in enumerate(played)])


def test_a_planted_gain_of_half_a_percent_of_stake_is_found_with_200_pairs(trembling: np.ndarray[Any, Any]) -> None:
    found = verdict(paired(trembling + 0.005))
    assert found.verdict is Verdict.PROFITABLE
    assert planted_power(trembling, 0.005, 200, np.random.default_rng(7)) >= 0.9


def test_taking_luck_off_takes_noise_off_and_leaves_the_mean(honest: list[dict[str, Any]]) -> None:
    raw = np.array([each["coalition"] for each in honest])
    luck = np.array([each["luck"]["coalition"] for each in honest])
    assert np.std(raw - luck) < 0.6 * np.std(raw)
    assert verdict(paired(luck / 10_000.0)).verdict is Verdict.NEUTRAL
