"""The audit of a season: everything holds, and each of its checks fails when what it compares is changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from harness import SALT, TOKENS, World, binary
from headwater.cascade import SHARE, Leaf
from headwater.chain.audit import audit
from headwater.chain.backend import Event
from headwater_agents.runner.season import Season

WARM_UP = 4  # of the season
SUPPLY = "supply is the sum of all balances"
MINTED = "supply is what was ever minted"
TREASURY = "treasury holds its bankrolls, reserves and what is unallocated"
TREASURY_OWED = "treasury holds what its ledger owes"
EMITTED = "emitted is the sum of positive nets"
RECYCLED = "recycled is the sum of negative nets"
VAULT = "vault holds bonded and unbonding stake, and what escrows hold or have due"
VAULT_OWED = "vault holds what its ledger owes"
CASCADE_OWED = "cascade holds what its ledger owes"
CASCADE = "cascade holds what came in less what was withdrawn"
PULLS = "leaves and shares have taken what their pulls carried"
AHEAD = "leaves that were paid more than the twin's flow (number)"
HOPS = "every hop of the emptied cascade carried what the twin's flow says"
NETS = "nets of resolved questions are the twin's"
LOCKS = "stakes lock what open positions need"
ALL = (
    SUPPLY, MINTED, TREASURY, TREASURY_OWED, EMITTED, RECYCLED, VAULT, VAULT_OWED,
    CASCADE_OWED, CASCADE, PULLS, AHEAD, HOPS, NETS, LOCKS,
)  # fmt: skip

Tamper = Callable[[list[Event]], list[Event]]
Match = Callable[[Event], bool]


def _named(name: str, match: Match = lambda event: True) -> Match:
    return lambda event: event.name == name and match(event)


def _dropped(match: Match) -> Tamper:
    """Without the first event that matches."""

    def tamper(events: list[Event]) -> list[Event]:
        index = next(index for index, event in enumerate(events) if match(event))
        return events[:index] + events[index + 1 :]

    return tamper


def _changed(match: Match, argument: str, by: int) -> Tamper:
    """With an argument of the first event that matches changed by an amount."""

    def tamper(events: list[Event]) -> list[Event]:
        index = next(index for index, event in enumerate(events) if match(event))
        event = events[index]
        changed = replace(event, args={**event.args, argument: event[argument] + by})
        return [*events[:index], changed, *events[index + 1 :]]

    return tamper


WON = _named("Settled", lambda event: event["net"] > 0)
LOST = _named("Settled", lambda event: event["net"] < 0)
LEAF = _named("Pulled", lambda event: event["index"] != SHARE)
OWN_SHARE = _named("Pulled", lambda event: event["index"] == SHARE)
MINT = _named("Transfer", lambda event: int(event["sender"], 16) == 0)

CASES: dict[str, tuple[Tamper, set[str]]] = {
    "a mint is hidden": (_dropped(MINT), {MINTED}),
    "a mint is told too small": (_changed(MINT, "value", -1), {MINTED}),
    "a series is hidden": (_dropped(_named("SeriesRegistered")), {TREASURY}),
    "a win is hidden": (_dropped(WON), {EMITTED, LOCKS}),
    "a loss is hidden": (_dropped(LOST), {RECYCLED, LOCKS}),
    "a win is told too small": (_changed(WON, "net", -1), {EMITTED, NETS}),
    "a loss is told too small": (_changed(LOST, "net", 1), {RECYCLED, NETS}),
    "an outcome is told wrong": (
        _changed(
            _named("Resolved", lambda event: event["question"] > WARM_UP and event["outcome"] == 1), "outcome", -1
        ),
        {NETS},
    ),
    "a wager is told too small": (_changed(_named("Committed"), "wager", -(10**18)), {NETS}),
    "a commit is hidden": (_dropped(_named("Committed")), {NETS}),
    "a reveal is hidden": (_dropped(_named("Revealed")), {NETS}),
    "a reserve is told too large": (
        _changed(_named("QuestionOpened", lambda event: event["reserve"] > 0), "reserve", 10**21),
        {NETS},
    ),
    "a question is hidden": (_dropped(_named("QuestionOpened", lambda event: event["reserve"] > 0)), {NETS}),
    "a question's odds are hidden": (_dropped(_named("OddsSet", lambda event: event["capacity"] > 0)), {NETS}),
    "a release is hidden": (_dropped(_named("ReleaseReceived")), {CASCADE_OWED, CASCADE, PULLS, AHEAD, HOPS}),
    "a release is told too small": (_changed(_named("ReleaseReceived"), "amount", -(10**18)), {CASCADE, AHEAD}),
    "a withdrawal is hidden": (_dropped(_named("Withdrawn")), {CASCADE}),
    "a payment to a leaf is hidden": (_dropped(LEAF), {PULLS}),
    "a payment to a leaf is told too small": (_changed(LEAF, "amount", -1), {PULLS}),
    "a payment to a leaf is told too large": (_changed(LEAF, "amount", 1), {PULLS, AHEAD}),
    "a share is told too small": (_changed(OWN_SHARE, "amount", -1), {PULLS, HOPS}),
}


def _failed(season: Season, events: list[Event]) -> set[str]:
    return {check.what for check in audit(season.stage.system, events) if not check.ok}


def test_a_season_passes_every_check_with_money_behind_each(season: Season) -> None:
    checks = {check.what: check for check in audit(season.stage.system)}
    assert tuple(checks) == ALL
    assert [check.what for check in checks.values() if not check.ok] == []
    idle = {AHEAD, LOCKS}  # nothing is too much, and nothing is open any more
    assert all(checks[name].actual > 0 for name in set(ALL) - idle)


def test_the_audit_reads_the_chain_itself_or_what_is_at_hand(season: Season) -> None:
    system = season.stage.system
    assert audit(system) == audit(system, system.events())


@pytest.mark.parametrize("case", CASES)
def test_a_history_that_was_tampered_with_fails_where_it_was(season: Season, case: str) -> None:
    tamper, failed = CASES[case]
    events = season.stage.system.events()
    assert _failed(season, tamper(events)) == failed


DONATIONS = {
    "treasury": {TREASURY, TREASURY_OWED},
    "vault": {VAULT, VAULT_OWED},
    "cascade": {CASCADE_OWED, CASCADE},
}


@pytest.mark.parametrize("contract", DONATIONS)
def test_a_wei_too_much_in_a_contract_is_found(season: Season, contract: str) -> None:
    system = season.stage.system
    season.stage.steward.transfer(getattr(system.addresses, contract), 1)
    assert _failed(season, system.events()) == DONATIONS[contract]


def test_a_holder_that_is_hidden_is_missed(season: Season) -> None:
    rich = season.names["member-1"]
    assert season.stage.system.balance(rich) > 0
    events = [
        event
        for event in season.stage.system.events()
        if event.name != "Transfer" or rich not in (event["sender"], event["receiver"])
    ]
    assert _failed(season, events) == {SUPPLY}


def test_a_staker_that_is_hidden_is_missed(season: Season) -> None:
    staker = season.names["forecaster-1"]
    events = [event for event in season.stage.system.events() if event.args.get("account") != staker]
    assert _failed(season, events) == {VAULT}


def test_every_check_is_among_those_that_were_seen_to_fail() -> None:
    seen = set().union(*(failed for _, failed in CASES.values()), *DONATIONS.values(), {SUPPLY, VAULT})
    assert seen == set(ALL)


def test_the_audit_holds_while_questions_are_open_and_the_cascade_is_half_pulled(world: World) -> None:
    forecaster, other, provider = world.forecasters[0], world.forecasters[1], world.providers[0]
    made = world.announce(
        forecaster, [Leaf(child=person.address, child_version=0, weight=1) for person in world.providers[:3]]
    )
    series = world.series()
    lost = world.open(series)
    world.play(lost, {0: (binary(0.8), 900 * TOKENS), 1: (binary(0.3), 500 * TOKENS)}, outcome=0, hide=[1])
    world.stranger.release(forecaster.address, made.version)
    world.stranger.pull_list(forecaster.address, made.version, made.terms, made.leaves or (), first=1, count=1)
    provider.deposit(forecaster.address, made.version, 5 * TOKENS)
    forecaster.request_unbond(100 * TOKENS)
    opened = world.open(series)
    other.commit(opened, binary(0.4), 700 * TOKENS, SALT)
    other.commit(opened, binary(0.4), 800 * TOKENS, SALT)  # replaces the first
    checks = {check.what: check for check in audit(world.system)}
    assert [check.what for check in checks.values() if not check.ok] == []
    assert set(checks) == set(ALL) - {HOPS}
    assert checks[LOCKS].actual > 700 * TOKENS
    assert checks[RECYCLED].actual > 0
