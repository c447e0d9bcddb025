"""open_question: the opener's, inside the windows, one at a time on frequencies; what it sets aside and records."""

from __future__ import annotations

from dataclasses import astuple, replace

import pytest

from checks import refused, send, told
from harness import CONFIG, SALT, TOKENS, LocalBackend, World, binary, series_params
from headwater.chain.participant import Participant
from headwater.chain.system import Times
from headwater.twin import capacity, max_growth
from headwater_deploy import deploy

SHORT, LONG = CONFIG.min_window, CONFIG.max_window
FEED = {"forgetting": 0, "smoothing": 0}


def _shortest(start: int) -> Times:
    end = start + SHORT
    reveal = end + SHORT
    return Times(commit_start=start, commit_end=end, reveal_end=reveal, event_start=reveal, resolve_after=reveal)


def _open(world: World, series: int, times: Times) -> int:
    return world.governor.open_question(series, times)


def test_a_question_records_its_opening(world: World) -> None:
    series = world.series(share_bps=2_000)
    world.stranger.announce_list([], 10_000)
    bankroll = world.system.series_account(series)[0]
    odds, times = world.system.next_odds(series), world.times()
    receipt = send(world.governor, world.system.arena, "open_question", series, astuple(times), b"\x09" * 32)
    reserve = bankroll * 2_000 // 10_000
    expected = capacity(reserve, odds, world.scale(series))
    opened, odds_set = told(world, receipt)
    assert opened[0] == "QuestionOpened"
    assert {**opened[1], "times": astuple(times)} == {
        "question": 1,
        "series": series,
        "times": astuple(times),
        "reserve": reserve,
        "count": 1,
        "topic": b"\x09" * 32,
    }
    assert odds_set == ("OddsSet", {"question": 1, "odds": odds, "capacity": expected})
    state = world.system.question(1)
    assert (state.series, state.outcomes, state.status, state.outcome) == (series, 2, "open", 0)
    assert (state.capacity, state.wagered, state.reserve, state.unsettled) == (expected, 0, reserve, 0)
    assert (state.opened, state.count, state.times) == (receipt.block_number, 1, times)
    assert world.system.odds(1) == odds
    assert world.system.series_account(series) == (bankroll - reserve, reserve)
    assert world.system.arena.call("newest_question", series) == world.system.arena.call("question_count") == 1


def test_only_the_opener_opens(world: World) -> None:
    series = world.series(opener=world.providers[0].address)
    for who in (world.governor, world.stranger):
        with refused(world, "arena: caller is not the opener"):
            who.open_question(series, world.times())
    world.providers[0].open_question(series, world.times())


def test_a_series_that_does_not_exist_has_no_questions(world: World) -> None:
    world.series()
    for series in (0, 2, 2**32 + 1, 2**256 - 1):
        with refused(world, "arena: no such series"):
            _open(world, series, world.times())


@pytest.mark.parametrize(
    ("shift", "reason"),
    [
        ({"commit_start": -1}, "arena: commit_start is past"),
        ({"commit_end": -1}, "arena: commit window too short"),
        ({"reveal_end": -1}, "arena: reveal window too short"),
        ({"reveal_end": LONG - SHORT + 1, "event_start": LONG, "resolve_after": LONG}, "arena: reveal window too long"),
        ({"event_start": -1}, "arena: event starts before reveals end"),
        ({"event_start": LONG + 1, "resolve_after": LONG + 1}, "arena: event starts too late"),
        ({"resolve_after": -1}, "arena: resolution before the event"),
        ({"resolve_after": LONG + 1}, "arena: resolution too late"),
        ({"resolve_after": 2**250}, "arena: resolution too late"),
        ({}, None),
        ({"resolve_after": LONG}, None),
        ({"event_start": LONG, "resolve_after": 2 * LONG}, None),
        ({"reveal_end": LONG - SHORT, "event_start": LONG - SHORT, "resolve_after": LONG}, None),
    ],
)
def test_every_window_has_a_minimum_and_a_maximum(world: World, shift: dict[str, int], reason: str | None) -> None:
    series = world.series()
    start = world.backend.now()  # commits may open with the question's own block
    shortest = _shortest(start)
    times = replace(shortest, **{name: getattr(shortest, name) + by for name, by in shift.items()})
    if reason is None:
        assert world.system.question(_open(world, series, times)).times == times
    else:
        with refused(world, reason):
            _open(world, series, times)


def test_commits_end_at_most_the_longest_window_from_now(world: World) -> None:
    series = world.series()
    now = world.backend.now()
    latest = _shortest(now + LONG - SHORT)
    snapshot = world.control.snapshot()
    question = _open(world, series, latest)
    assert world.system.question(question).times.commit_end == now + LONG
    world.control.revert(snapshot)
    assert world.backend.now() == now
    with refused(world, "arena: commit window too long"):
        _open(world, series, replace(latest, commit_end=latest.commit_end + 1, reveal_end=latest.reveal_end + 1))


def test_on_frequencies_the_question_before_must_be_over(world: World) -> None:
    series = world.series()
    first = _open(world, series, world.times())
    with refused(world, "arena: the question before is not resolved"):
        _open(world, series, world.times())
    world.travel(world.system.question(first).times.resolve_after)
    with refused(world, "arena: the question before is not resolved"):
        _open(world, series, world.times())
    world.governor.resolve(first, 0)
    second = _open(world, series, world.times())
    world.governor.void(second)
    _open(world, series, world.times())


def test_with_a_feed_questions_may_overlap_and_await_their_odds(world: World) -> None:
    series = world.series(feed=world.governor.address, **FEED)
    first, second = (_open(world, series, world.times()) for _ in range(2))
    for question in (first, second):
        state = world.system.question(question)
        assert (state.status, state.capacity) == ("awaiting odds", 0)
        assert state.reserve > 0
        assert world.system.odds(question) == (0, 0)


def test_a_series_that_warms_up_has_no_capacity_until_it_has_resolved_enough(world: World) -> None:
    series = world.series(warm_up=2)
    reserves = []
    for resolves in (True, False, True, True):
        question = _open(world, series, world.times())
        state = world.system.question(question)
        reserves.append((state.reserve > 0, state.capacity > 0))
        if resolves:
            world.travel(state.times.resolve_after)
            world.governor.resolve(question, 0)
        else:
            world.governor.void(question)  # does not count
    assert reserves == [(False, False), (False, False), (False, False), (True, True)]
    assert world.system.arena.call("resolved_count", series) == 3


def test_an_empty_bankroll_gives_no_capacity_and_takes_no_wagers(world: World) -> None:
    sponsor = world.stranger
    series = sponsor.create_series(series_params(sponsor.address, governed=False))
    question = sponsor.open_question(series, world.times())
    state = world.system.question(question)
    assert (state.reserve, state.capacity, state.status) == (0, 0, "open")
    world.travel(state.times.commit_start)
    with refused(world, "arena: question has no capacity"):
        world.forecasters[0].commit(question, binary(0.5), TOKENS, SALT)


def test_a_capacity_never_leaves_ninety_six_bits(chain: LocalBackend) -> None:
    owner = chain.dev_accounts(1)[0]
    config = replace(CONFIG, cap=2**96 - 1, genesis_supply=2**96 - 1)
    who = Participant(deploy(chain, owner, config).system, owner)
    who.approve(who.system.addresses.treasury)
    series = who.create_series(
        series_params(who.address, governed=False, share_bps=10_000, p_min=25 * 10**16, epoch_cap=2**96 - 1)
    )
    who.fund(series, 2**96 - 1)
    question = who.open_question(series, _shortest(chain.now() + 1))
    state, scale = who.system.question(question), who.system.params(series).scale()
    half = (5 * 10**17, 5 * 10**17)
    assert state.reserve * scale.log_range // max_growth(half, scale.p_min) > 2**96 - 1
    assert state.capacity == capacity(state.reserve, half, scale) == 2**96 - 1
