"""A cooperative forecasts real rain on-chain, and its members are paid by credit to the wei."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from headwater.chain import connect
from headwater.learning import check
from headwater.learning.explain import audit
from headwater.learning.record import read_record
from headwater_agents.cooperative.collective import CollectiveConfig
from headwater_agents.cooperative.errors import CooperativeError
from headwater_agents.cooperative.onchain import play_payroll
from headwater_agents.cooperative.payroll import Payroll, PayrollConfig
from headwater_agents.cooperative.reconcile import reconcile
from headwater_agents.cooperative.record import check_weights, keep_season
from headwater_agents.cooperative.whole import ARCHIVE, WholeConfig, found, play_whole
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
        pay = reconcile(payroll)
        assert [check.what for check in pay.checks if not check.ok] == []
        paid = {name: payroll.stage.system.balance(payroll.address(name)) for name in ("ada", "bo", "idle")}
        assert paid == pay.paid
        assert paid["ada"] > 0
        assert paid["bo"] > 0
        assert paid["idle"] == 0
        # Whatever the arena let the cooperative win is the members', less what its stake keeps and floors leave.
        released = sum(each.released for each in pay.versions)
        assert 0 <= released - sum(paid.values()) <= 3 * len(pay.versions)
        assert len(pay.versions) == len(turns)


def test_two_cooperatives_pay_their_own_members_only(tmp_path: Path) -> None:
    first = Scripted("alps", ("ada", "bo"), {0: (1, 1)})
    second = Scripted("plain", ("cy", "di"), {0: None, 20: (0, 7)})
    with played("revm", 60, tmp_path, first, second) as payroll:
        pay = reconcile(payroll)
        assert pay.ok
        assert pay.paid["cy"] == 0
        assert pay.paid["di"] > 0
        early = [play for play in payroll.plays if play.question < 20]
        assert not any("plain" in play.wagers for play in early), "nobody is paid before there is credit"


def test_a_cooperative_without_credit_never_stakes_and_pays_nobody(tmp_path: Path) -> None:
    with played("revm", 12, tmp_path, Scripted("alps", ("ada", "bo"), {0: None})) as payroll:
        pay = reconcile(payroll)
        assert pay.ok
        assert pay.versions == ()
        assert set(pay.paid.values()) == {0}
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


@pytest.mark.parametrize(("chain", "questions"), [("tester", 6), ("revm", 40)])
def test_from_declared_values_to_pay_every_step_agrees_with_the_record(
    chain: str, questions: int, tmp_path: Path
) -> None:
    """Values → agreements → profiles → filtered updates → credit → weights → emission → balances."""
    config = WholeConfig(
        members=6,
        questions=questions,
        collective=CollectiveConfig(rounds=6, every=3 if chain == "tester" else 10),
        payroll=PayrollConfig(season=SeasonConfig(warm_up=1)),
    )
    world = WORLD.window(questions, start=ARCHIVE + 50, burn_in=ARCHIVE)
    backend = connect(chain, seed=1)
    with closing(backend), closing(Journal(tmp_path / "journal.sqlite")) as journal:
        whole = play_whole(backend, world, config, journal)
        keep_season(tmp_path, whole)
        checks = [*check_weights(tmp_path, whole, config.collective.rounds), *whole.found.checks]
        assert [check.what for check in checks if not check.ok] == []
        balances = {name: whole.payroll.stage.system.balance(whole.payroll.address(name)) for name in whole.found.paid}
        assert balances == whole.found.paid
    formed = whole.founded.formation
    assert sorted(index for each in formed.agreements for index in each.members.tolist()) == list(range(9))
    assert len(whole.founded.cooperatives) == 3, "three camps, three agreements"
    for each in whole.founded.cooperatives:
        population = whole.founded.population
        for index in each.agreement.members:
            assert population.bounds.of(index).accept(population.system(index), each.agreement.system)
        for played in each.collective.trainer.rounds:
            context = each.collective.trainer.ground.at(played.theta)
            for verdict in played.verdicts:
                assert not verdict.admissible or all(item.kept for item in verdict.final)
            exact = [
                item
                for item in check(played.after - played.theta, (each.profile,), context)
                if item.form == "exact" and not item.kept
            ]
            assert exact == []
        record = read_record(tmp_path / "records" / f"{each.name}.jsonl")
        assert audit(record) == ()
    assert balances["poisoner"] == balances["copier"] == balances["idle"] == 0
    assert sum(balances.values()) > 0


def test_a_record_that_was_changed_does_not_give_the_weights_that_were_announced(tmp_path: Path) -> None:
    config = WholeConfig(members=3, liars=False, questions=6, collective=CollectiveConfig(rounds=3, every=3))
    backend = connect("revm", seed=1)
    with closing(backend), closing(Journal(tmp_path / "journal.sqlite")) as journal:
        whole = play_whole(backend, WORLD.window(6, start=ARCHIVE, burn_in=ARCHIVE), config, journal)
    keep_season(tmp_path, whole)
    assert all(each.ok for each in check_weights(tmp_path, whole, 3))
    fair = whole.founded.cooperatives[0].collective
    assert len(fair.members) == 1, "of three members each is alone in its camp"
    forged = replace(whole, payroll=replace(whole.payroll, weights=dict.fromkeys(whole.payroll.weights, (7,))))
    assert not all(each.ok for each in check_weights(tmp_path, forged, 3))


def test_nothing_later_in_time_is_read_by_a_forecast_or_a_round() -> None:
    """Two worlds that differ in the last question's outcome alone give the same forecasts and credits until then."""
    config = WholeConfig(members=6, questions=12, collective=CollectiveConfig(rounds=3, every=4))
    world = WORLD.window(12, start=ARCHIVE, burn_in=ARCHIVE)
    last = world.days[-1]
    other = replace(world, days=(*world.days[:-1], replace(last, rain=99.0, outcome=1 - last.outcome)))
    seen = []
    for each in (world, other):
        founded = found(config, each)
        told = []
        for day in each.questions[:-1]:
            told += [tuple(one.collective.forecast(day)) for one in founded.cooperatives]
            for one in founded.cooperatives:
                one.collective.learn(day)
                told.append(one.collective.weights())
        told += [tuple(one.collective.forecast(each.questions[-1])) for one in founded.cooperatives]
        seen.append(told)
    assert seen[0] == seen[1]
