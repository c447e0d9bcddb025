"""Forecasters' attacks do what they say, on the contracts and on every rival they claim."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from headwater.twin import Scale, growth, lock, net
from headwater.units import BPS, MAX_WEI, WAD
from headwater_agents.adversaries.last_outcome import Filter
from headwater_agents.adversaries.registry import attack_class, make_attack
from headwater_agents.adversaries.sizing import affordable, best_response, edge, log_growth, lopsided
from headwater_agents.lab.game.play import Play
from headwater_agents.lab.game.record import Record
from headwater_agents.lab.game.setting import Setting
from headwater_agents.lab.game.table import MAIN, SIDE, Table
from headwater_agents.lab.mechanisms.base import LabError, Odds, Offer, Settled
from headwater_agents.lab.mechanisms.registry import names as mechanisms
from headwater_agents.lab.population import log_odds, report
from headwater_agents.trial.units import attack_cell, prepared

ATTACKS = (
    "last-outcome",
    "calendar-bot",
    "noise-lottery",
    "exaggerator",
    "sybil-split",
    "hedging-twins",
    "copied-commitment",
    "withheld-reveal",
    "capacity-hog",
    "coordinated-ring",
    "identity-churn",
    "poor-odds-farm",
    "coin-insider",
    "duplicate-questions",
    "colluding-feed",
    "voiding-losers",
    "timeout-race",
)
SHORT: dict[str, Any] = {"questions": 12, "warm_up": 6}
EVEN: Odds = (WAD // 2, WAD // 2)


@dataclass
class Watched:
    """A play that has ended, and every move that crossed to the mechanism on the way.

    Commits are (question's odds, series, name, report, wager); reveals (question, name).
    """

    table: Table
    record: Record
    commits: list[tuple[Odds, int, str, Odds, int]] = field(default_factory=list)
    reveals: list[tuple[int, str]] = field(default_factory=list)
    posted: list[Odds] = field(default_factory=list)
    settled: list[Settled] = field(default_factory=list)

    def own(self, series: int | None = None) -> list[tuple[Odds, int, str, Odds, int]]:
        """Commits of the coalition."""
        return [
            each for each in self.commits if each[2].startswith("coalition-") and (series is None or each[1] == series)
        ]

    def gain(self) -> int:
        """Of the coalition, wei."""
        mechanism = self.table.mechanism
        return sum(mechanism.wealth(name) - mechanism.brought_in(name) for name in self.accounts())

    def accounts(self) -> Iterator[str]:
        """The coalition's."""
        return (name for name in self.table.ledger.enrolled if name in self.table.coalition)

    def nets(self) -> list[int]:
        """The coalition's, by question, wei."""
        coalition = self.table.coalition
        return [sum(net for name, net in each.nets.items() if name in coalition) for each in self.settled]


def play(
    attack: str, *, seed: int = 0, attacked: bool = True, setting: dict[str, Any] | None = None, **own: Any
) -> Watched:
    """One arm of an attack, its moves watched on their way to the real mechanism."""
    both = Setting.from_json(prepared({**SHORT, **(setting or {})}, attack, own))
    table = Play(both, make_attack(attack, **own) if attacked else None, seed)
    seen = Watched(table, table.record)
    mechanism = table.mechanism
    commit, reveal, opened, resolve = mechanism.commit, mechanism.reveal, mechanism.open, mechanism.resolve

    def watched_commit(question: int, name: str, report: Odds, wager: int) -> None:
        commit(question, name, report, wager)
        series = next(series for series, offer in table.offers.items() if offer.question == question)
        seen.commits.append((table.offers[series].odds, series, name, report, wager))

    def watched_reveal(question: int, name: str) -> None:
        reveal(question, name)
        seen.reveals.append((question, name))

    def watched_open(series: int = 0, posted: Odds | None = None) -> Offer:
        if posted is not None:
            seen.posted.append(posted)
        return opened(series, posted)

    def watched_resolve(question: int, outcome: int | None) -> Settled:
        seen.settled.append(resolve(question, outcome))
        return seen.settled[-1]

    mechanism.commit, mechanism.reveal = watched_commit, watched_reveal  # type: ignore[method-assign]
    mechanism.open, mechanism.resolve = watched_open, watched_resolve  # type: ignore[method-assign]
    table.run()
    return seen


def claimed() -> list[tuple[str, str]]:
    """Every attack with every mechanism that it is said to make sense against."""
    return [(name, each) for name in ATTACKS for each in mechanisms() if each in (attack_class(name).only or {each})]


@pytest.mark.parametrize(("attack", "mechanism"), claimed())
def test_it_plays_on_every_mechanism_it_claims_and_the_money_adds_up(attack: str, mechanism: str) -> None:
    outcome = attack_cell(attack=attack, seed=3, mechanism=mechanism, **SHORT)
    assert all(math.isfinite(value) for value in outcome.values())


@pytest.mark.parametrize("attack", ATTACKS)
def test_it_says_what_it_is_and_its_variants_and_ranges_are_its_own(attack: str) -> None:
    kind = attack_class(attack)
    assert kind.goal != attack_class("nothing").goal
    assert kind.seen != attack_class("nothing").seen
    assert kind.only <= set(mechanisms())
    assert set(kind.ranges) <= set(kind.parameters())
    for variant in kind.variants.values():
        make_attack(attack, **variant)
    for name, bounds in kind.ranges.items():
        for bound in bounds:
            make_attack(attack, **{name: type(kind.parameters()[name])(bound)})


@pytest.mark.parametrize(
    ("attack", "parameters"),
    [
        ("last-outcome", {"overlap": 1.0}),
        ("calendar-bot", {"season": -0.1}),
        ("noise-lottery", {"tickets": 0}),
        ("noise-lottery", {"wager_bps": 0}),
        ("exaggerator", {"factor": -1.0}),
        ("sybil-split", {"identities": 1}),
        ("hedging-twins", {"gap": -0.5}),
        ("copied-commitment", {"wager_bps": 10_000}),
        ("withheld-reveal", {"leak": 1.5}),
        ("capacity-hog", {"rent_bps": 2_000}),
        ("capacity-hog", {"when": "never"}),
        ("coordinated-ring", {"members": 1}),
        ("identity-churn", {"drawdown": 0.0}),
        ("poor-odds-farm", {"imbalance": -1.0}),
        ("coin-insider", {"accuracy": 0.4}),
        ("duplicate-questions", {"riskless": 2}),
        ("colluding-feed", {"shift": -1.0}),
        ("voiding-losers", {"capture": 2.0}),
        ("timeout-race", {"late": -0.1}),
    ],
)
def test_parameters_out_of_range_are_refused(attack: str, parameters: dict[str, Any]) -> None:
    with pytest.raises(LabError, match=next(iter(parameters))):
        make_attack(attack, **parameters)


@pytest.mark.parametrize("attack", ["withheld-reveal", "timeout-race"])
def test_what_is_about_the_contracts_is_not_played_elsewhere(attack: str) -> None:
    with pytest.raises(LabError, match="numerai"):
        prepared({"mechanism": "numerai"}, attack, {})


# ---------------------------------------------------------------- sizing


def test_the_best_response_to_others_wagers_is_the_bytecodes_best() -> None:
    scale, stake = Scale.of(WAD // 100, 25), 60_000 * WAD
    offer = Offer(1, EVEN, 13_000 * WAD, WAD, 25)
    told = report(0.8)
    for others in (1_000 * WAD, 9_000 * WAD, 40_000 * WAD):

        def worth(wager: int, others: int = others) -> float:
            nets = [
                net(wager, growth(told[o], EVEN[o]), offer.capacity, wager + others, scale) * told[o] for o in (0, 1)
            ]
            return sum(nets) / WAD

        best = best_response(offer, others, edge(told, told, EVEN), stake)
        tried = [best * percent // 100 for percent in (50, 80, 95, 105, 120, 200)]
        assert all(worth(best) >= worth(wager) for wager in tried if WAD <= wager <= affordable(offer, stake))


def test_an_edge_below_the_rent_is_left_alone_and_without_capacity_all_is_wagered() -> None:
    offer = Offer(1, EVEN, 10_000 * WAD, WAD, 25)
    assert best_response(offer, 0, 0.0115, 10**6 * WAD) == 0
    assert best_response(offer, 0, 0.0116, 10**6 * WAD) > 0
    assert best_response(Offer(1, EVEN, MAX_WEI, WAD, 0), 5 * WAD, 0.01, 77 * WAD) == 77 * WAD


@pytest.mark.parametrize("stake", [WAD, 10_000 * WAD + 1, 123_456_789 * 10**12 + 7])
def test_what_is_affordable_is_locked_to_the_last_wei_or_two(stake: int) -> None:
    wager = affordable(Offer(1, EVEN, 0, WAD, 25), stake)
    scale = Scale.of(WAD // 100, 25)
    assert lock(wager, scale) <= stake < lock(wager + 2 + stake // 10**15, scale)


@pytest.mark.parametrize("rescued", [0.0, 0.3, 0.8, 1.0])
def test_the_lopsided_report_is_the_best_of_all_reports(rescued: float) -> None:
    belief, odds = report(0.4), report(-0.6)

    def worth(told: Odds) -> float:
        growths = [log_growth(told, odds, o) for o in (0, 1)]
        kept = [each if each > 0 else each * (1 - rescued) for each in growths]
        return sum(belief[o] / WAD * kept[o] for o in (0, 1))

    told, expected = lopsided(belief, odds, rescued)
    assert expected == pytest.approx(worth(told))
    assert expected >= max(worth(report(view)) for view in np.linspace(-4.5, 4.5, 400)) - 1e-9
    if rescued == 0:
        assert told == pytest.approx(belief, abs=1e6)


# ---------------------------------------------------------------- bots and lotteries


def test_the_filter_beats_frequencies_where_outcomes_persist_and_not_where_they_do_not() -> None:
    rng = np.random.default_rng(5)
    gains = {}
    for persistence in (0.0, 0.9):
        state, told, loss, plain, high = 0.0, Filter(persistence, 1.5), 0.0, 0.0, 1.0
        for index in range(1_500):
            state = persistence * state + 1.5 * math.sqrt(1 - persistence**2) * rng.standard_normal()
            outcome = int(rng.uniform() < 1 / (1 + math.exp(0.4 - state)))
            view = told.forecast() if outcome else -told.forecast()
            chance = high / (index + 2)
            loss += math.log1p(math.exp(-view))
            plain -= math.log(chance if outcome else 1 - chance)
            told.learn(outcome)
            high += outcome
        gains[persistence] = (plain - loss) / 1_500
    assert gains[0.9] > 0.05
    assert abs(gains[0.0]) < 0.01


def test_overlap_is_persistence_in_the_synthetic_world_and_the_stride_on_rain() -> None:
    assert prepared({}, "last-outcome", {"overlap": 0.5})["world_settings"] == {"persistence": 0.5}
    for overlap, stride in ((0.0, 3), (1 / 3, 2), (2 / 3, 1)):
        both = prepared({"world": "rain"}, "last-outcome", {"overlap": overlap})
        assert both["world_settings"] == {"stride": stride}


def test_a_bot_pays_nobody_and_stays_out_when_honest() -> None:
    attacked = play("last-outcome", setting={"questions": 40}, overlap=0.9)
    assert attacked.own()
    assert attacked.gain() == sum(attacked.nets())
    assert not play("last-outcome", attacked=False, overlap=0.9).own()


def test_the_calendar_bot_leans_with_the_season() -> None:
    attacked = play("calendar-bot", season=2.0, setting={"questions": 60, "warm_up": 20})
    season = {}
    for index, value in enumerate(attacked.table.script.season):
        season[index] = float(value)
    views = [log_odds(told) - log_odds(odds) for odds, _, _, told, _ in attacked.own()]
    assert len(views) > 20
    assert max(season.values()) > 1.5
    high, low = max(views), min(views)
    assert high > 0.5
    assert low < -0.5


def test_pairs_of_tickets_lie_on_opposite_sides_of_the_odds() -> None:
    attacked = play("noise-lottery", tickets=4, spread=0.5)
    own = attacked.own()
    assert len(own) == 4 * SHORT["questions"]
    for first, second in zip(own[::2], own[1::2], strict=True):
        assert log_odds(first[3]) + log_odds(second[3]) == pytest.approx(2 * log_odds(first[0]), abs=1e-6)
        assert first[3] != second[3]


# ---------------------------------------------------------------- reports


def test_an_exaggeration_by_one_is_honest_play_and_by_none_the_copier() -> None:
    assert play("exaggerator", factor=1.0).gain() == pytest.approx(
        play("exaggerator", attacked=False).gain(), abs=10**9
    )
    quiet = play("exaggerator", factor=0.0)
    assert quiet.own()
    for odds, _, _, told, _ in quiet.own():
        assert told == pytest.approx(odds, abs=10**6)
    assert all(value <= 0 for value in quiet.nets())


def test_exaggerated_reports_are_stretched_about_the_odds() -> None:
    plain, loud = play("exaggerator", attacked=False).own(), play("exaggerator", factor=1.5).own()
    odds, _, _, told, wager = plain[0]
    stretched = log_odds(loud[0][3]) - log_odds(odds)
    assert stretched == pytest.approx(1.5 * (log_odds(told) - log_odds(odds)), abs=1e-6)
    assert loud[0][4] == wager


def test_twins_without_a_gap_are_honest_and_with_one_lie_around_their_beliefs() -> None:
    assert play("hedging-twins", gap=0.0).gain() == pytest.approx(
        play("hedging-twins", attacked=False).gain(), abs=10**9
    )
    plain, wide = play("hedging-twins", attacked=False).own(), play("hedging-twins", gap=1.0).own()
    for one, other in zip(plain[:2], wide[:2], strict=True):
        side = 1.0 if other[2].endswith("1") else -1.0
        assert log_odds(other[3]) - log_odds(one[3]) == pytest.approx(side, abs=1e-6)


def test_a_ring_speaks_with_one_voice() -> None:
    attacked = play("coordinated-ring", members=3)
    by_question: dict[Odds, set[Odds]] = {}
    for odds, _, _, told, _ in attacked.own():
        by_question.setdefault(odds, set()).add(told)
    assert by_question
    assert all(len(each) == 1 for each in by_question.values())


def test_the_mean_of_a_rings_forecasts_scores_more_than_they_do_on_either_outcome() -> None:
    apart = play("coordinated-ring", attacked=False, pooled=0).own()
    together = play("coordinated-ring", pooled=0).own()
    first = [each for each in apart if each[0] == apart[0][0]]
    told = together[0][3]
    assert len(first) > 1
    for o in (0, 1):
        assert log_growth(told, apart[0][0], o) > sum(log_growth(each[3], each[0], o) for each in first) / len(first)


# ---------------------------------------------------------------- identities


def test_identities_get_what_one_would_have_got_to_a_few_wei_each() -> None:
    # A buffer is held back for every escrow, so identities hold back more; without one they are the same to the wei.
    alike = {"mechanism_settings": {"buffer": 0}}
    one = play("sybil-split", attacked=False, setting=alike).gain()
    many = play("sybil-split", identities=4, setting=alike)
    assert {each[2] for each in many.own()} == {f"coalition-sybil-{number}" for number in range(1, 5)}
    assert abs(one) > WAD
    assert abs(many.gain() - one) <= 8 * 4 * SHORT["questions"]


def test_sybils_vote_for_one_another_where_stake_votes() -> None:
    assert (
        play("sybil-split", setting={"mechanism": "torus"}).gain()
        > play("sybil-split", attacked=False, setting={"mechanism": "torus"}).gain()
    )


def test_churn_leaves_an_empty_account_and_a_debt_behind() -> None:
    attacked = play("identity-churn", drawdown=0.0005, setting={"questions": 30})
    table = attacked.table
    moves = getattr(table.attack, "moves")  # noqa: B009 - the base class has none
    assert moves > 0
    assert table.mechanism.stake("coalition-forecaster-1") == 0
    assert table.mechanism.stake(f"coalition-again-{moves}") > 0
    assert {each[2] for each in attacked.own()} >= {"coalition-forecaster-1", "coalition-again-1"}
    assert sum(table.mechanism.brought_in(name) for name in attacked.accounts()) == table.setting.coalition_stake()


# ---------------------------------------------------------------- secrets


def test_a_copied_commitment_is_never_opened_and_costs_its_wager() -> None:
    attacked = play("copied-commitment", patience=2, wager_bps=1_000)
    refusals = attacked.record.refusals
    assert [count for reason, count in refusals.items() if "not the committed forecast" in reason] == [2]
    stake = attacked.table.setting.coalition_stake()
    left = stake
    for _ in range(2):
        wager = left * 1_000 // BPS
        left -= lock(wager, Scale.of(WAD // 100, 25))
    # The worst case is locked, and lost but for what others' wagers leave of it beyond capacity.
    assert left - stake <= attacked.gain() < (left - stake) * 9 // 10


def test_open_reports_are_copied_as_they_stand() -> None:
    attacked = play("copied-commitment", setting={"mechanism": "kelly_market"})
    by_question: dict[Odds, list[tuple[str, Odds, int]]] = {}
    for odds, _, name, told, wager in attacked.commits:
        by_question.setdefault(odds, []).append((name, told, wager))
    checked = 0
    for moves in by_question.values():
        others = [move for move in moves if not move[0].startswith("coalition-")]
        mine = [move for move in moves if move[0].startswith("coalition-")]
        if len(mine) == 1 and others:
            mean = sum(log_odds(told) * wager for _, told, wager in others) / sum(wager for *_, wager in others)
            assert log_odds(mine[0][1]) == pytest.approx(mean, abs=1e-6)
            checked += 1
    assert checked > 3


def test_only_reports_that_were_right_are_revealed_after_a_leak() -> None:
    attacked = play("withheld-reveal", leak=1.0, regret=0.0, setting={"questions": 30})
    shown = {question for question, name in attacked.reveals if name.startswith("coalition-")}
    nets = {
        each.question: each.nets["coalition-forecaster-1"]
        for each in attacked.settled
        if "coalition-forecaster-1" in each.nets
    }
    assert set(nets) > shown
    assert shown
    # What was hidden loses more than anything that was shown could have.
    assert all(nets[question] < 0 for question in nets.keys() - shown)
    honest = play("withheld-reveal", attacked=False, leak=1.0, regret=0.0, setting={"questions": 30})
    before = {each.question: each.nets.get("coalition-forecaster-1", 0) for each in honest.settled}
    first = min(nets.keys() - shown)
    assert nets[first] < before[first]


def test_without_a_leak_everything_is_revealed() -> None:
    assert play("withheld-reveal", leak=0.0).gain() == play("withheld-reveal", attacked=False, leak=0.0).gain()


# ---------------------------------------------------------------- capacity


def test_a_hog_wagers_more_than_it_would_and_others_get_less() -> None:
    honest, hog = play("capacity-hog", attacked=False), play("capacity-hog", stake_share=0.5)
    assert max(each[4] for each in hog.own()) > 2 * max(each[4] for each in honest.own())
    assert min(hog.table.filled[MAIN], 0.9) < honest.table.filled[MAIN]


def test_a_threat_costs_its_rent_and_no_more() -> None:
    threat = play("capacity-hog", threat=1, rent_bps=100)
    assert len(threat.own()) == SHORT["questions"]
    rent = sum(each[4] for each in threat.own()) * 100 // BPS
    assert -threat.gain() == pytest.approx(rent, rel=1e-9)


# ---------------------------------------------------------------- series, feeds, oracles


def test_farmers_wager_on_the_series_with_poor_odds_only_and_keep_what_they_get() -> None:
    attacked = play("poor-odds-farm")
    assert attacked.own(SIDE)
    assert not attacked.own(MAIN)
    assert set(attacked.posted) == {EVEN}
    assert attacked.gain() == sum(attacked.nets())
    # Honest forecasters are there too.
    assert any(each[1] == SIDE and not each[2].startswith("coalition-") for each in attacked.commits)


def test_an_insider_is_right_every_time_and_a_guesser_stays_out() -> None:
    attacked = play("coin-insider")
    coins = attacked.table.script.coin[attacked.table.setting.warm_up :]
    assert len(attacked.own(SIDE)) == SHORT["questions"]
    for (_, _, _, told, _), coin in zip(attacked.own(SIDE), coins, strict=True):
        assert told[int(coin)] == WAD - WAD // 100
    assert all(net > 0 for net in attacked.nets() if net)
    assert not play("coin-insider", accuracy=0.5).own()


def test_riskless_pairs_gain_on_either_outcome() -> None:
    attacked = play("duplicate-questions", riskless=1, setting={"questions": 60})
    own = attacked.own()
    assert own
    for main, side in zip(own[::2], own[1::2], strict=True):
        assert (main[1], side[1], main[4]) == (MAIN, SIDE, side[4])
        for o in (0, 1):
            assert log_growth(main[3], main[0], o) + log_growth(side[3], side[0], o) > 2 * 0.0115
    assert attacked.gain() > 0


def test_a_copy_is_told_the_main_odds() -> None:
    attacked = play("duplicate-questions", setting={"questions": 30})
    assert attacked.own(SIDE)
    main = {each[0] for each in attacked.commits if each[1] == MAIN}
    assert any(each[3] in main for each in attacked.own(SIDE))


def test_a_colluding_feed_leans_against_the_favourite() -> None:
    attacked, honest = play("colluding-feed", shift=1.0), play("colluding-feed", attacked=False, shift=1.0)
    assert honest.posted
    for bent, straight in zip(attacked.posted, honest.posted, strict=True):
        assert abs(log_odds(bent) - log_odds(straight)) == pytest.approx(1.0, abs=1e-6)
        assert (log_odds(bent) - log_odds(straight)) * log_odds(straight) < 0
    assert attacked.own(SIDE)


def test_a_captured_oracle_leaves_losers_with_their_rent() -> None:
    attacked = play("voiding-losers", setting={"questions": 20})
    voided = [each for each in attacked.settled if each.outcome is None and each.nets]
    assert voided
    wagers = {each[4] for each in attacked.own()}
    assert all(each.nets["coalition-forecaster-1"] >= -max(wagers) * 25 // BPS - 1 for each in voided)
    assert all(
        net > 0 for each, net in zip(attacked.settled, attacked.nets(), strict=True) if each.outcome is not None and net
    )


@pytest.mark.parametrize(
    ("attack", "parameters"),
    [("voiding-losers", {"capture": 0.0, "bold": 0}), ("timeout-race", {"late": 0.0, "bold": 0})],
)
def test_where_nobody_helps_the_loser_it_is_honest_play(attack: str, parameters: dict[str, Any]) -> None:
    assert play(attack, **parameters).gain() == play(attack, attacked=False, **parameters).gain()


def test_whoever_expires_a_lost_question_in_time_pays_rent_only() -> None:
    attacked = play("timeout-race", late=1.0, setting={"questions": 20})
    voided = [each for each in attacked.settled if each.outcome is None and each.nets]
    assert voided
    worst = min(each.nets.get("coalition-forecaster-1", 0) for each in voided)
    most = max(each[4] for each in attacked.own())
    assert 0 > worst >= -most * 25 // BPS - 1
    assert attacked.gain() > play("timeout-race", attacked=False, late=1.0, setting={"questions": 20}).gain()
