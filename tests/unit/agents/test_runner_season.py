"""A season keeps its promises: nobody sees the future, the record is the chain's, and baselines get what they earn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from statistics import mean

import numpy as np
import pytest

from headwater.chain.audit import audit
from headwater.chain.backend import Event
from headwater.report import canonical_summary
from headwater.twin import net
from headwater.units import WAD
from headwater_agents.durable.journal import Journal
from headwater_agents.lab.players import COPIER, LAST
from headwater_agents.lab.rain import WET_AND_VERY_WET, RainDay, RainWorld, load_rain
from headwater_agents.runner.season import Round, Season
from headwater_agents.runner.stage import SeasonConfig, SeasonError
from headwater_agents.runner.summary import summarise

Play = Callable[..., Season]
# The question from whose outcome on the two pasts of the look-ahead test differ. With an archive of 40 days everybody
# fits anew just before it, so that whatever was learnt too early would show.
SPLIT = 5


def _rewritten(world: RainWorld) -> RainWorld:
    """The same world until question SPLIT; its outcome, and all that follows, is another."""
    first = world.burn_in + SPLIT
    rng = np.random.default_rng(3)

    def other(index: int, day: RainDay) -> RainDay:
        if index < first:
            return day
        drawn = tuple(float(value) for value in rng.uniform(0, 30, len(day.ensemble)))
        return replace(
            day,
            rain=0.0 if day.outcome else 25.0,
            outcome=1 - day.outcome,
            ensemble=day.ensemble if index == first else drawn,
        )

    return replace(world, days=tuple(other(index, day) for index, day in enumerate(world.days)))


def _until_resolved(season: Season, question: int) -> list[Event]:
    events = season.stage.system.events()
    end = next(i for i, e in enumerate(events) if e.name == "Resolved" and e["question"] == question)
    return events[:end]


def _before_the_outcome(record: Round) -> tuple[object, ...]:
    return record.question, record.odds, record.capacity, record.beliefs, record.wagers


def test_the_rain_of_later_days_changes_nothing_that_came_before(play: Play, rain: RainWorld) -> None:
    world = rain.window(9, start=300, burn_in=40)
    settings = {"warm_up": 2, "keep_every": 3, "seed": 5}
    true, other = play(world, **settings), play(_rewritten(world), **settings)
    assert true.rounds[:SPLIT] == other.rounds[:SPLIT]
    at_split = true.rounds[SPLIT]
    assert len(at_split.wagers) == 3
    assert _before_the_outcome(at_split) == _before_the_outcome(other.rounds[SPLIT])
    # Transaction hashes are among the events' fields: until then the two chains are the same chain.
    past = _until_resolved(true, at_split.question)
    assert len(past) > 50
    assert past == _until_resolved(other, at_split.question)
    # What was changed is seen afterwards, so the test could have failed.
    assert at_split.nets != other.rounds[SPLIT].nets
    assert true.rounds[SPLIT + 1].beliefs != other.rounds[SPLIT + 1].beliefs
    assert true.rounds[SPLIT + 1].odds != other.rounds[SPLIT + 1].odds


def test_every_question_is_played_in_order_and_resolves_to_the_rain_that_fell(season: Season) -> None:
    assert [record.day for record in season.rounds] == list(season.world.questions)
    resolved = season.stage.system.arena.events("Resolved")
    assert [event["outcome"] for event in resolved] == [day.outcome for day in season.world.questions]
    assert [event["question"] for event in resolved] == [record.question for record in season.rounds]
    assert {day.outcome for day in season.world.questions} == {0, 1}


def test_nobody_stakes_in_the_warm_up_and_everybody_afterwards_sooner_or_later(season: Season) -> None:
    warm, scored = season.rounds[:4], season.rounds[4:]
    assert all(record.capacity == 0 and record.wagers == record.nets == {} for record in warm)
    assert all(record.capacity > 0 for record in scored)
    assert set().union(*(record.wagers for record in scored)) == set(season.kinds)


def test_the_record_is_the_chains(season: Season) -> None:
    names = {address: name for name, address in season.names.items()}
    wagers, nets = Counter[tuple[int, str]](), Counter[tuple[int, str]]()
    for event in season.stage.system.arena.events():
        if event.name == "Committed":
            wagers[event["question"], names[event["forecaster"]]] += event["wager"]
        elif event.name == "Settled":
            nets[event["question"], names[event["forecaster"]]] += event["net"]
    assert wagers == {(r.question, name): wager for r in season.rounds for name, wager in r.wagers.items()}
    assert nets == {(r.question, name): amount for r in season.rounds for name, amount in r.nets.items()}
    assert all(season.stage.system.odds(record.question) == record.odds for record in season.rounds)


def test_everybody_who_staked_revealed_what_the_record_says(season: Season) -> None:
    names = {address: name for name, address in season.names.items()}
    revealed = {
        (event["question"], names[event["forecaster"]]): tuple(event["forecast"])
        for event in season.stage.system.arena.events("Revealed")
    }
    assert revealed == {(r.question, name): r.beliefs[name] for r in season.rounds for name in r.wagers}


def test_every_signal_was_signed(season: Season) -> None:
    sellers = [*season.cast.config.network.members, *season.cast.aggregators]
    assert len(sellers) == 13
    assert season.signals == 13 * len(season.rounds)
    assert all(set(record.beliefs) == {*sellers, *season.kinds} for record in season.rounds)


def test_a_questions_settlements_go_in_one_transaction(season: Season) -> None:
    gas = season.stage.gas
    assert len(gas["ForecastArena.commit"]) == sum(len(record.wagers) for record in season.rounds)
    assert len(gas["ForecastArena.settle_many"]) == sum(1 for record in season.rounds if record.wagers)
    assert "ForecastArena.settle" not in gas


def test_suppliers_announce_before_their_buyers(season: Season) -> None:
    """A leaf with a version of its child names one that already stands."""
    for (_, version), made in season.versions.items():
        for leaf in made.leaves or ():
            assert leaf.child_version < version
            assert leaf.child_version == 0 or (leaf.child, leaf.child_version) in season.versions
    deep = [leaf for made in season.versions.values() for leaf in made.leaves or () if leaf.child_version]
    assert deep


def test_the_odds_copier_ends_at_exactly_minus_its_rents(season: Season) -> None:
    scale = season.stage.params.scale()
    played = [record for record in season.rounds if COPIER in record.wagers]
    assert len(played) == 20
    for record in played:
        wager = record.wagers[COPIER]
        assert record.nets[COPIER] == net(wager, 0, record.capacity, sum(record.wagers.values()), scale) < 0
        assert record.nets[COPIER] == -wager * scale.log_rent // scale.log_range
    row = _row(season, COPIER)
    assert int(row["net_wei"]) == -int(row["rent_wei"]) < 0
    assert int(row["stake_change_wei"]) == int(row["net_wei"])


def test_the_last_outcome_bot_expects_more_rain_after_rain(season: Season) -> None:
    after: dict[int, list[int]] = {0: [], 1: []}
    for previous, record in pairwise(season.rounds):
        after[previous.day.outcome].append(record.beliefs[LAST][1])
    assert mean(after[1]) > mean(after[0]) + WAD // 50
    assert _row(season, LAST)["suppliers"] == []


def _row(season: Season, name: str) -> dict[str, object]:
    summary = canonical_summary(summarise(season, season.stage.system.events()))
    return next(row for row in summary["forecasters"] if row["name"] == name)


def test_the_summary_adds_up(season: Season) -> None:
    system = season.stage.system
    summary = canonical_summary(summarise(season, system.events()))
    assert summary["audit_ok"]
    assert summary["world"]["questions"] == 24
    assert summary["world"]["scored"] == 20
    assert [row["kind"] for row in summary["forecasters"]] == ["pooled"] * 3 + ["copier", "last-outcome"]
    total = Counter[str]()
    for row in summary["forecasters"]:
        for key in ("net_wei", "stake_change_wei", "released_wei", "held_wei", "debt_wei"):
            total[key] += int(row[key])
        parts = int(row["stake_change_wei"]) + int(row["released_wei"]) + int(row["held_wei"])
        assert int(row["net_wei"]) == parts
    assert total["net_wei"] == int(summary["treasury"]["emitted_wei"]) - int(summary["treasury"]["recycled_wei"])
    paid = sum(int(row["paid_wei"]) for row in summary["providers"])
    assert 0 <= total["released_wei"] - paid <= sum(len(made.leaves or ()) for made in season.versions.values())
    assert sum(row["share"] for row in summary["providers"]) == pytest.approx(1, abs=1e-4)
    for row in summary["providers"]:
        assert system.balance(row["address"]) == int(row["paid_wei"])
    assert int(summary["treasury"]["supply_wei"]) == system.supply()


def test_the_journal_holds_every_commitment_as_it_was_revealed(play: Play, rain: RainWorld, tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    season = play(rain.window(5, start=100, burn_in=30), warm_up=2, journal=path)
    staked = [(record, name) for record in season.rounds for name in record.wagers]
    assert staked
    with closing(Journal(path)) as journal:
        for record, name in staked:
            kept = journal.find(season.names[name], record.question)
            assert kept is not None
            assert kept.state == "revealed"
            assert (kept.position.forecast, kept.position.wager) == (record.beliefs[name], record.wagers[name])
            assert len(journal.history(season.names[name], record.question)) == 1


def test_three_outcomes_are_played_to_the_end(play: Play) -> None:
    world = load_rain(thresholds=WET_AND_VERY_WET).window(9, start=120, burn_in=60)
    season = play(world, warm_up=2, keep_every=4, baselines=True)
    assert {day.outcome for day in world.questions} == {0, 1, 2}
    assert all(len(belief) == 3 for record in season.rounds for belief in record.beliefs.values())
    checks = audit(season.stage.system)
    assert len(checks) == 15
    assert all(check.ok for check in checks)
    assert sum(abs(amount) for record in season.rounds for amount in record.nets.values()) > 0
    summary = canonical_summary(summarise(season, season.stage.system.events()))
    assert summary["world"]["outcomes"] == ["dry", "wet", "very wet"]
    assert summary["audit_ok"]


def test_the_seed_decides_and_nothing_else(play: Play, rain: RainWorld) -> None:
    world = rain.window(4, start=100, burn_in=30)
    first, same, other = (play(world, warm_up=1, seed=seed) for seed in (3, 3, 4))

    def record(season: Season) -> tuple[object, ...]:
        return season.rounds, season.names, season.stage.system.events(), season.stage.gas

    assert record(first) == record(same)
    # Another seed: other accounts and salts, the same forecasts.
    assert set(first.names.values()).isdisjoint(other.names.values())
    assert [r.beliefs for r in first.rounds] == [r.beliefs for r in other.rounds]
    commitments = [{e["commitment"] for e in s.stage.system.arena.events("Committed")} for s in (first, other)]
    assert commitments[0].isdisjoint(commitments[1])


@pytest.mark.parametrize("wrong", [{"seed": -1}, {"seed": 2**64}, {"keep_every": 0}])
def test_impossible_settings_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(SeasonError, match=r"is -?\d+; "):
        SeasonConfig(**wrong)  # type: ignore[arg-type]
