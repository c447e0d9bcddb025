"""Attacks on the cascade: each plays wherever it says it can, and changes what it says it changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from headwater.units import BPS, WAD
from headwater_agents.adversaries.registry import attacks, make_attack
from headwater_agents.lab.game.play import Play
from headwater_agents.lab.game.record import Record
from headwater_agents.lab.game.setting import Setting
from headwater_agents.lab.game.table import Table
from headwater_agents.lab.mechanisms import LabError
from headwater_agents.lab.mechanisms.registry import names
from headwater_agents.trial.units import attack_cell, prepared

CASCADE = (
    "clones",
    "evasion",
    "fake-intermediaries",
    "free-rider",
    "hoarder",
    "kickback",
    "neighbour-copier",
    "noise-on-escrow",
    "ring",
    "spam",
    "turncoat",
    "unpublished-leaves",
)
SHORT: Mapping[str, Any] = {"questions": 12, "warm_up": 6, "reweigh_every": 4}

OFF: Mapping[str, Any] = {"skim": 0.0, "kickback": 0.0, "pooled": 0, "clones": 0, "churn": 0.0, "hidden": 0.0}


def table(attack: str, seed: int = 1, *, setting: Mapping[str, Any] = SHORT, **parameters: Any) -> Table:
    """A play of the attack arm, not yet begun."""
    both = prepared(setting, attack, parameters)
    return Play(Setting.from_json(both), make_attack(attack, **parameters), seed)


def played(
    attack: str, seed: int = 1, *, setting: Mapping[str, Any] = SHORT, **parameters: Any
) -> tuple[Table, Record]:
    """The same, played to its end."""
    made = table(attack, seed, setting=setting, **parameters)
    return made, made.run()


def honestly(attack: str, seed: int = 1, *, setting: Mapping[str, Any] = SHORT, **parameters: Any) -> Record:
    """The honest arm."""
    return Play(Setting.from_json(prepared(setting, attack, parameters)), None, seed).run()


@pytest.mark.parametrize("attack", CASCADE)
def test_it_plays_on_every_mechanism_it_claims(attack: str) -> None:
    kind = attacks()[attack]
    assert kind.goal
    assert kind.seen
    for mechanism in names():
        setting = {**SHORT, "mechanism": mechanism}
        if kind.only and mechanism not in kind.only:
            with pytest.raises(LabError, match="contracts"):
                table(attack, setting=setting)
            continue
        _, record = played(attack, setting=setting)
        assert not record.refusals
        assert len(record.losses) == SHORT["questions"]


@pytest.mark.parametrize("attack", CASCADE)
def test_every_variant_and_every_end_of_a_range_can_be_made(attack: str) -> None:
    kind = attacks()[attack]
    for changes in kind.variants.values():
        make_attack(attack, **changes)
    for parameter, ends in kind.ranges.items():
        for end in ends:
            make_attack(attack, **{parameter: type(kind.parameters()[parameter])(end)})


@pytest.mark.parametrize(
    ("attack", "wrong"),
    [
        ("clones", {"copies": 0}),
        ("clones", {"noise": -1.0}),
        ("clones", {"credit": "banzhaf"}),
        ("evasion", {"moved": 1.1}),
        ("evasion", {"noticed": -0.1}),
        ("fake-intermediaries", {"length": 0}),
        ("fake-intermediaries", {"length": 8}),
        ("fake-intermediaries", {"keep_bps": 99}),
        ("free-rider", {"sells": "rumours"}),
        ("free-rider", {"works_for": -1}),
        ("hoarder", {"keep_bps": 10_001}),
        ("kickback", {"weight": 2.0}),
        ("kickback", {"kickback_bps": BPS}),
        ("neighbour-copier", {"leak": 1.5}),
        ("neighbour-copier", {"delay": -1}),
        ("noise-on-escrow", {"accounts": 0}),
        ("noise-on-escrow", {"buffer": -1}),
        ("ring", {"forecasters": 0}),
        ("ring", {"skim": 0.7, "kickback": 0.7}),
        ("spam", {"dust": -1}),
        ("turncoat", {"level": "provider"}),
        ("turncoat", {"fraction": -0.5}),
    ],
)
def test_parameters_out_of_range_are_refused(attack: str, wrong: Mapping[str, Any]) -> None:
    with pytest.raises(LabError, match="takes"):
        make_attack(attack, **wrong)


@pytest.mark.parametrize("attack", CASCADE)
def test_a_stake_share_out_of_range_is_refused(attack: str) -> None:
    with pytest.raises(LabError, match="stake_share"):
        prepared(SHORT, attack, {"stake_share": 1.0})


# ---------------------------------------------------------------- what each one changes


@pytest.mark.parametrize(("sells", "sold"), [("zero", True), ("noise", True), ("nothing", False)])
def test_a_free_rider_takes_no_trouble_and_sells_what_says_nothing(sells: str, sold: bool) -> None:
    play, _ = played("free-rider", sells=sells)
    seat = play.seats.providers["coalition-provider-1"]
    assert seat.agent.spent == 0
    assert ("coalition-provider-1" in play.signals) is sold
    if sells == "zero":
        assert play.signals["coalition-provider-1"] == 0.0
        # A signal that never says anything earns nothing.
        assert all(child != seat.name for split in play.splits.values() for child, _ in split.weights)


def test_a_free_rider_works_first_if_it_is_told_to() -> None:
    lazy, _ = played("free-rider", works_for=12)
    spent = lazy.seats.providers["coalition-provider-1"].agent.spent
    # Questions 6 to 11, at nearly full effort; the warm-up is free.
    assert 5.5 * lazy.setting.provider.cost < spent <= 6 * lazy.setting.provider.cost


def test_a_copier_sells_what_another_provider_found() -> None:
    play, _ = played("neighbour-copier")
    others = {name: value for name, value in play.signals.items() if name.startswith("provider-")}
    assert play.signals["coalition-provider-1"] in others.values()
    assert play.seats.providers["coalition-provider-1"].agent.spent == 0
    nothing, _ = played("neighbour-copier", leak=0.0)
    assert "coalition-provider-1" not in nothing.signals


def test_a_copy_comes_late_by_its_delay() -> None:
    late = table("neighbour-copier", delay=2)
    sold: list[Mapping[str, float]] = []
    late.attack.after = lambda play: sold.append(dict(play.signals))  # type: ignore[method-assign]
    late.run()
    for now, then in zip(sold[2:], sold, strict=False):
        assert now["coalition-provider-1"] in [value for name, value in then.items() if name.startswith("provider-")]


def test_a_copier_s_victim_sells_to_one_of_its_buyers() -> None:
    play, _ = played("neighbour-copier", setting={**SHORT, "providers": 14})
    own = "coalition-provider-1"
    victims = [name for name, value in play.signals.items() if value == play.signals[own] and name != own]
    heard = {each for seat in play.seats.buyers.values() if own in seat.agent.sellers for each in seat.agent.sellers}
    assert victims
    assert set(victims) <= heard


def test_clones_sell_the_original_s_signal_to_its_buyers() -> None:
    play, _ = played("clones", copies=2)
    clones = [play.signals[f"coalition-clone-{number}"] for number in (1, 2)]
    assert clones == [play.signals["coalition-provider-1"]] * 2
    for seat in play.seats.buyers.values():
        assert ("coalition-clone-1" in seat.agent.sellers) is ("coalition-provider-1" in seat.agent.sellers)
    noisy, _ = played("clones", copies=1, noise=0.5)
    assert noisy.signals["coalition-clone-1"] != noisy.signals["coalition-provider-1"]


def test_late_clones_wait_and_the_rule_of_credit_is_everybody_s() -> None:
    play, _ = played("clones", enters=10**6, credit="precedence")
    assert not any(name.startswith("coalition-clone") for name in play.signals)
    assert play.setting.credit == "precedence"
    assert prepared(SHORT, "clones", {})["credit"] == "shapley"


@pytest.mark.parametrize("credit", ["shapley", "precedence"])
def test_clones_that_never_come_change_nothing(credit: str) -> None:
    cell = attack_cell(attack="clones", seed=2, enters=10**6, credit=credit, **SHORT)
    changed = {name: cell[name] for name in ("gain", "forecasters_loss", "providers_loss", "treasury_loss", "log_loss")}
    assert set(changed.values()) == {0.0}


def test_a_hoarder_passes_nothing_on_and_is_left() -> None:
    patient = {**SHORT, "questions": 30}
    play, record = played("hoarder", setting=patient)
    assert play.splits["coalition-aggregator-1"].weights == ()
    assert record.departures > 0
    greedy, _ = played("hoarder", keep_bps=9_000)
    assert greedy.splits["coalition-aggregator-1"].keep_bps == 9_000
    assert honestly("hoarder", setting=patient).departures == 0


def test_an_evader_wagers_what_it_honestly_would_under_two_names() -> None:
    seen: dict[str, int] = {}
    play = table("evasion", moved=0.75)

    def known(at: Table) -> None:
        for each in at.commitments():
            seen[each.name] = seen.get(each.name, 0) + each.wager

    play.attack.known = known  # type: ignore[method-assign]
    record = play.run()
    assert not record.refusals
    hidden, shown = seen["coalition-hidden"], seen["coalition-forecaster-1"]
    assert hidden / (hidden + shown) == pytest.approx(0.75, abs=0.05)
    assert "coalition-hidden" not in play.splits
    assert play.mechanism.brought_in("coalition-hidden") == 0


def test_providers_leave_an_evader_that_they_have_noticed_and_no_other() -> None:
    patient = {**SHORT, "questions": 30}
    assert played("evasion", 5, noticed=1.0, setting=patient)[1].departures > 0
    assert played("evasion", 5, noticed=0.0, setting=patient)[1].departures == 0


def test_evasion_of_nothing_is_honest_play() -> None:
    cell = attack_cell(attack="evasion", seed=1, moved=0.0, **SHORT)
    assert cell["gain"] == pytest.approx(0.0, abs=1e-12)
    assert cell["treasury_loss"] == pytest.approx(0.0, abs=1e-12)


def test_a_kickback_reaches_the_purse() -> None:
    # Where income is passed on at once, what the purse has is the kickback to the wei.
    play, _ = played("kickback", setting={**SHORT, "mechanism": "equal_split"})
    purse, friend = (play.mechanism.wealth(name) for name in ("coalition-purse", "coalition-provider-1"))
    assert purse > 0
    assert purse / (purse + friend) == pytest.approx(0.8)
    split = play.splits["coalition-forecaster-1"]
    total = sum(weight for _, weight in split.weights)
    assert dict(split.weights)["coalition-provider-1"] >= total // 2 - 1


@pytest.mark.parametrize("level", ["forecaster", "aggregator"])
def test_weights_turned_after_the_outcome_pay_on_rivals_and_move_nothing_here(level: str) -> None:
    play, record = played("turncoat", 3, level=level)
    assert play.mechanism.wealth("coalition-puppet") == 0
    assert record.departures == 0
    rival, _ = played("turncoat", 3, level=level, setting={**SHORT, "mechanism": "equal_split"})
    assert rival.mechanism.wealth("coalition-puppet") > 0


def test_an_aggregator_that_turns_changes_nobody_s_money_here() -> None:
    cell = attack_cell(attack="turncoat", seed=1, level="aggregator", **SHORT)
    assert cell["treasury_loss"] == 0
    for party in ("gain", "forecasters_loss", "providers_loss"):
        assert cell[party] == pytest.approx(0.0, abs=1e-12)


def test_each_broker_of_a_chain_keeps_its_share_of_what_the_last_one_left() -> None:
    play, _ = played("fake-intermediaries", keep_bps=2_000, setting={**SHORT, "mechanism": "equal_split"})
    first, second, third = (play.mechanism.wealth(f"coalition-broker-{number}") for number in (1, 2, 3))
    assert first > 0
    assert second == pytest.approx(0.8 * first)
    assert third == pytest.approx(0.8 * second)


def test_providers_see_through_a_chain_of_brokers() -> None:
    patient = {**SHORT, "questions": 30, "provider": {"leave_rate": 1.0}}
    assert played("fake-intermediaries", keep_bps=5_000, length=5, setting=patient)[1].departures > 0
    # Each of three brokers keeps the least it can: under a thirtieth in all, and few mind.
    few = played("fake-intermediaries", keep_bps=100, length=3, setting=patient)[1].departures
    many = played("fake-intermediaries", keep_bps=5_000, length=3, setting=patient)[1].departures
    assert few < many


def test_hidden_leaves_pay_whoever_can_open_them_and_otherwise_nobody() -> None:
    mine, record = played("unpublished-leaves", believed=True)
    lost, without = played("unpublished-leaves", believed=True, opens=False)
    puppet = mine.mechanism.wealth("coalition-puppet")
    assert puppet > 0
    assert record.unclaimed < 1e-9
    # The same play but for the pulls: what the puppet had is nobody's now.
    assert lost.mechanism.wealth("coalition-puppet") == 0
    assert without.unclaimed == pytest.approx(puppet / WAD)


def test_providers_leave_whoever_shows_them_no_leaves() -> None:
    patient = {**SHORT, "questions": 30}
    assert played("unpublished-leaves", 5, setting=patient)[1].departures > 0
    assert played("unpublished-leaves", 5, believed=True, setting=patient)[1].departures == 0


def test_spam_costs_the_spammer_and_nobody_else() -> None:
    for parameters in ({}, {"dust": 3, "announcements": 5, "pulls": 3}):
        _, record = played("spam", **parameters)
        quiet = honestly("spam", **parameters)
        assert record.gas["coalition"] > record.gas["honest"]
        transactions = 2 * 4 * SHORT["questions"]
        # No more than a byte or two of calldata, where version numbers have become longer.
        assert abs(record.gas["honest"] - quiet.gas["honest"]) <= 24 * transactions
        assert record.losses == quiet.losses


def test_noise_is_sold_to_as_many_buyers_as_asked_under_the_buffer_asked() -> None:
    play, _ = played("noise-on-escrow", accounts=2, buyers=2, buffer=0)
    sold_to = [name for name, seat in play.seats.buyers.items() if "coalition-noise-1" in seat.agent.sellers]
    assert sold_to == ["forecaster-1", "forecaster-2"]
    assert play.signals["coalition-noise-1"] != play.signals["coalition-noise-2"]
    assert play.setting.mechanism_settings["buffer"] == 0
    assert honestly("noise-on-escrow").coalition == 0


def test_a_ring_with_every_part_off_is_honest_play() -> None:
    cell = attack_cell(attack="ring", seed=1, **OFF, **SHORT)
    assert cell["gain"] == pytest.approx(0.0, abs=1e-12)
    assert cell["log_loss"] == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("part", ["skim", "kickback", "pooled", "clones", "churn", "hidden"])
def test_every_part_of_a_ring_changes_the_play(part: str) -> None:
    on = {"skim": 0.2, "kickback": 0.2, "pooled": 1, "clones": 2, "churn": 0.001, "hidden": 0.5}
    play, record = played("ring", **{**OFF, part: on[part]})
    assert record.to_json() != honestly("ring", **OFF).to_json()
    renamed = [name for name in play.coalition if name.startswith("coalition-renamed")]
    assert bool(renamed) is (part == "churn")
    assert not record.refusals


def test_a_ring_s_new_names_wager_under_the_old_weights() -> None:
    play, _ = played("ring", 2, churn=0.001)
    renamed = {name for name in play.coalition if name.startswith("coalition-renamed")}
    assert renamed & play.splits.keys()
    assert all(play.mechanism.brought_in(name) == 0 for name in renamed)
