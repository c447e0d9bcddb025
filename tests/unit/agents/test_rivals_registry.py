"""Mechanisms by name or from one's own file; every mistake is told."""

import pytest

from headwater.units import WAD
from headwater_agents.lab.mechanisms import LabError, make, names

OWN = """
from __future__ import annotations

from dataclasses import dataclass

from headwater_agents.lab.mechanisms import Rival


@dataclass
class Settings:
    share: int = 2


class WinnerOnly(Rival):
    name = "winner_only"

    def __init__(self, *, share: int = 2) -> None:
        super().__init__()
        self.settings = Settings(share)

    def pay(self, bets, odds, outcome):
        right = [bet.name for bet in bets if bet.report[outcome] > odds[outcome]]
        return {name: self.emission // self.settings.share for name in right[:1]}


class Unfinished(Rival):
    name = "unfinished"


class Unrelated:
    def enroll(self, name, stake, payer=None):
        pass


number = 3
"""


@pytest.fixture
def own(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(OWN)
    return path


@pytest.mark.parametrize("name", [each for each in names() if each != "headwater"])
def test_every_rival_is_made_by_its_own_name_and_fresh(name):
    first, second = make(name), make(name)
    assert first is not second
    assert first.name == name
    assert {type(each) for each in (first.secret_reports, first.binds_weights, first.scored)} == {bool}
    first.enroll("one", 1)
    second.enroll("one", 1)


def test_settings_reach_the_mechanism():
    assert make("equal_split", min_wager=7).open().min_wager == 7


def test_own_file_is_a_mechanism_like_any_other(own):
    mechanism = make(f"{own}:WinnerOnly", share=4)
    mechanism.enroll("one", WAD)
    question = mechanism.open().question
    mechanism.commit(question, "one", (WAD // 4, 3 * WAD // 4), WAD)
    mechanism.seal()
    assert mechanism.resolve(question, 1).nets == {"one": 25 * WAD}
    assert type(make(f"{own}:WinnerOnly")) is type(mechanism)


@pytest.mark.parametrize(
    ("name", "settings", "said"),
    [
        ("yumma", {}, "there is no mechanism 'yumma'; there are"),
        ("equal_split", {"emision": 1}, "emision.*it takes: emission, min_wager"),
        ("equal_split", {"emission": -1}, "emission is -1; it must be 0 to"),
        ("equal_split", {"min_wager": 0}, "min_wager is 0; it must be 1 to"),
        ("equal_split", {"warm_up": -1}, "warm_up is -1"),
        ("{own}:Missing", {}, "there is no class 'Missing'"),
        ("{own}:number", {}, "there is no class 'number'"),
        ("{own}:Unfinished", {}, "must still implement: pay"),
        ("{own}:Unrelated", {}, "is not a mechanism; it lacks: name, .*retire"),
        ("{own}:WinnerOnly", {"emission": 1}, "it takes: share"),
        ("{own}.txt:WinnerOnly", {}, "there is no Python file"),
        ("nowhere.py:Thing", {}, "must be path.py:ClassName"),
    ],
)
def test_mistakes_are_told(own, name, settings, said):
    with pytest.raises(LabError, match=said):
        make(name.replace("{own}", str(own)), **settings)


def test_a_file_that_fails_is_told_and_may_be_mended(tmp_path):
    path = tmp_path / "broken.py"
    path.write_text("1 / 0")
    with pytest.raises(LabError, match="fails when it is loaded: ZeroDivisionError"):
        make(f"{path}:Mine")
    path.write_text(OWN.replace("WinnerOnly", "Mine"))
    assert make(f"{path}:Mine").name == "winner_only"
