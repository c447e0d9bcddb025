"""A cooperative forecasts real rain on-chain, and its members are paid by credit to the wei."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from headwater.chain import connect
from headwater_agents.cooperative.errors import CooperativeError
from headwater_agents.cooperative.onchain import play_payroll
from headwater_agents.cooperative.payroll import Payroll, PayrollConfig
from headwater_agents.cooperative.reconcile import reconcile
from headwater_agents.durable.journal import Journal
from headwater_agents.lab.rain import RainDay, load_rain
from headwater_agents.runner.stage import SeasonConfig

WORLD = load_rain()
CONFIG = PayrollConfig(season=SeasonConfig(warm_up=2))


class Scripted:
    """A collective with a fixed forecast of the ensemble and credit by a table."""

    def __init__(self, name: str, members: tuple[str, ...], script: dict[int, tuple[int, ...] | None]) -> None:
        self.name, self.members = name, members
        self._script, self._learnt = script, 0

    def forecast(self, day: RainDay) -> np.ndarray:
        wet = 1 / (1 + np.exp(1.2 - 1.6 * np.log1p(np.array(day.ensemble)).mean()))
        return np.array([1 - wet, wet])

    def learn(self, day: RainDay) -> None:
        self._learnt += 1

    def weights(self) -> tuple[int, ...] | None:
        return self._script[max(at for at in self._script if at <= self._learnt)]


@contextmanager
def played(
    chain: str, questions: int, tmp_path: Path, *cooperatives: Scripted, config: PayrollConfig = CONFIG
) -> Iterator[Payroll]:
    backend = connect(chain, seed=1)
    with closing(backend), closing(Journal(tmp_path / "journal.sqlite")) as journal:
        yield play_payroll(backend, WORLD.window(questions, start=400), cooperatives, config, journal)


@pytest.mark.parametrize(("chain", "questions"), [("tester", 14), ("revm", 120)])
def test_shares_inflow_and_balances_agree_to_the_wei(chain: str, questions: int, tmp_path: Path) -> None:
    turns = {at: (1 + at, 3, 0) for at in range(0, questions, 4)}
    with played(chain, questions, tmp_path, Scripted("alps", ("ada", "bo", "idle"), turns)) as payroll:
        found = reconcile(payroll)
        assert [check.what for check in found.checks if not check.ok] == []
        paid = {name: payroll.stage.system.balance(payroll.address(name)) for name in ("ada", "bo", "idle")}
        assert paid == found.paid
        assert paid["ada"] > 0
        assert paid["bo"] > 0
        assert paid["idle"] == 0
        # Whatever the arena let the cooperative win is the members', less what its stake keeps and floors leave.
        released = sum(each.released for each in found.versions)
        assert 0 <= released - sum(paid.values()) <= 3 * len(found.versions)
        assert len(found.versions) == len(turns)


def test_two_cooperatives_pay_their_own_members_only(tmp_path: Path) -> None:
    first = Scripted("alps", ("ada", "bo"), {0: (1, 1)})
    second = Scripted("plain", ("cy", "di"), {0: None, 20: (0, 7)})
    with played("revm", 60, tmp_path, first, second) as payroll:
        found = reconcile(payroll)
        assert found.ok
        assert found.paid["cy"] == 0
        assert found.paid["di"] > 0
        early = [play for play in payroll.plays if play.question < 20]
        assert not any("plain" in play.wagers for play in early), "nobody is paid before there is credit"


def test_a_cooperative_without_credit_never_stakes_and_pays_nobody(tmp_path: Path) -> None:
    with played("revm", 12, tmp_path, Scripted("alps", ("ada", "bo"), {0: None})) as payroll:
        found = reconcile(payroll)
        assert found.ok
        assert found.versions == ()
        assert set(found.paid.values()) == {0}
        assert not any(play.wagers for play in payroll.plays)


def test_a_changed_record_of_credit_is_found_out(tmp_path: Path) -> None:
    with played("revm", 20, tmp_path, Scripted("alps", ("ada", "bo"), {0: (5, 2)})) as payroll:
        assert reconcile(payroll).ok
        forged = replace(payroll, weights=dict.fromkeys(payroll.weights, (5, 3)))
        failed = [check.what for check in reconcile(forged).checks if not check.ok]
        assert any("weights on the chain" in what for what in failed)
        assert any(what == "ada: balance" for what in failed)


@pytest.mark.parametrize(
    ("cooperatives", "said"),
    [
        ((), "at least one"),
        ((Scripted("alps", (), {0: None}),), "0 members"),
        ((Scripted("alps", tuple(f"m{i}" for i in range(33)), {0: None}),), "33 members"),
        ((Scripted("alps", ("ada", "ada"), {0: None}),), "'ada'"),
        ((Scripted("alps", ("ada",), {0: (1, 2)}),), "credits"),
        ((Scripted("alps", ("ada", "bo"), {0: (-1, 2)}),), "credits"),
        ((Scripted("alps", ("ada", "bo"), {0: (0, 0)}),), "credits"),
    ],
)
def test_what_no_season_can_be_made_of_is_refused(
    cooperatives: tuple[Scripted, ...], said: str, tmp_path: Path
) -> None:
    with pytest.raises(CooperativeError, match=said), played("revm", 3, tmp_path, *cooperatives):
        pass


@pytest.mark.parametrize("changes", [{"keep_bps": 99}, {"keep_bps": 10_001}, {"buffer": -1}, {"buffer": 5}])
def test_settings_that_the_contracts_refuse_are_refused_before(changes: dict[str, int]) -> None:
    with pytest.raises(CooperativeError):
        PayrollConfig(**changes)  # type: ignore[arg-type]
