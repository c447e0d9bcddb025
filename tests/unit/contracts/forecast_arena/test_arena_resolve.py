"""resolve: the oracle's, from resolve_after, once; frees what wagers did not fill and counts the outcome."""

from __future__ import annotations

import pytest

from checks import refused, told
from harness import SALT, TOKENS, World, audit, binary
from headwater.twin import COUNT_GRAIN, count_outcome, frequency_odds, kept_reserve

P = binary(0.7)
WAGER = 100 * TOKENS
FEED = {"forgetting": 0, "smoothing": 0}


@pytest.fixture
def question(world: World) -> int:
    """A question with one wager."""
    opened = world.open(world.series())
    world.forecasters[0].commit(opened, P, WAGER, SALT)
    return opened


def test_it_fixes_the_outcome_and_frees_what_wagers_did_not_fill(world: World, question: int) -> None:
    before, free = world.system.question(question), world.system.series_account(1)[0]
    world.travel(before.times.resolve_after)
    receipt = world.governor.resolve(question, 1)
    kept = kept_reserve(before.reserve, before.capacity, WAGER)
    assert 0 < kept < before.reserve
    freed = before.reserve - kept
    assert told(world, receipt) == [("Resolved", {"question": question, "outcome": 1, "freed": freed})]
    state = world.system.question(question)
    assert (state.status, state.outcome, state.reserve, state.unsettled) == ("resolved", 1, kept, WAGER)
    assert world.system.series_account(1) == (free + freed, kept)
    assert world.system.arena.call("resolved_count", 1) == 1
    audit(world)


def test_without_wagers_the_whole_reserve_is_free_again(world: World) -> None:
    question = world.open(world.series())
    state, free = world.system.question(question), world.system.series_account(1)[0]
    world.travel(state.times.resolve_after)
    world.governor.resolve(question, 0)
    assert world.system.series_account(1) == (free + state.reserve, 0)


def test_beyond_capacity_nothing_is_freed(world: World) -> None:
    question = world.open(world.series(share_bps=1))
    state = world.system.question(question)
    world.forecasters[0].commit(question, P, state.capacity + TOKENS, SALT)
    world.travel(state.times.resolve_after)
    assert world.governor.resolve(question, 0).event("Resolved")["freed"] == 0
    assert world.system.question(question).reserve == state.reserve


def test_not_a_second_before_resolve_after(world: World, question: int) -> None:
    moment = world.system.question(question).times.resolve_after
    world.travel(moment - 1)
    with refused(world, "arena: too early to resolve"):
        world.governor.resolve(question, 0)
    assert world.governor.resolve(question, 0).timestamp == moment


def test_a_late_oracle_may_still_resolve_until_somebody_expires_the_question(world: World, question: int) -> None:
    timeout = world.system.arena.call("RESOLVE_TIMEOUT")
    world.travel(world.system.question(question).times.resolve_after + 2 * timeout)
    world.governor.resolve(question, 0)
    with refused(world, "arena: question is not open"):
        world.stranger.expire(question)


def test_only_the_oracle_resolves_an_outcome_that_exists_once(world: World, question: int) -> None:
    world.travel(world.system.question(question).times.resolve_after)
    for who in (world.stranger, world.forecasters[0]):
        with refused(world, "arena: caller is not the oracle"):
            who.resolve(question, 0)
    for outcome in (2, 255, 256, 2**256 - 1):
        with refused(world, "arena: no such outcome"):
            world.governor.resolve(question, outcome)
    for missing in (0, question + 1, 2**256 - 1):
        with refused(world, "arena: question is not open"):
            world.governor.resolve(missing, 0)
    world.governor.resolve(question, 0)
    for outcome in (0, 1):
        with refused(world, "arena: question is not open"):
            world.governor.resolve(question, outcome)


def test_the_oracle_of_another_series_does_not_resolve_this_one(world: World, question: int) -> None:
    other = world.providers[0]
    world.series(oracle=other.address, opener=other.address)
    world.travel(world.system.question(question).times.resolve_after)
    with refused(world, "arena: caller is not the oracle"):
        other.resolve(question, 0)


@pytest.mark.parametrize("outcomes", [2, 5])
def test_outcomes_are_counted_and_forgotten_and_make_the_next_odds(world: World, outcomes: int) -> None:
    series = world.series(outcomes=outcomes, forgetting=98 * 10**16)
    counts = [0] * outcomes
    for outcome in (0, outcomes - 1, outcomes - 1, 1):
        question = world.open(series)
        world.travel(world.system.question(question).times.resolve_after)
        world.governor.resolve(question, outcome)
        counts = count_outcome(counts, outcome, 98 * 10**16)
        assert list(world.system.arena.call("counts", series)) == counts
        assert list(world.system.next_odds(series)) == frequency_odds(counts, 10**12, 10**16)
    assert max(counts) > COUNT_GRAIN


def test_a_series_with_a_feed_counts_nothing(world: World) -> None:
    series = world.series(feed=world.governor.address, **FEED)
    question = world.open(series, odds=binary(0.5))
    world.travel(world.system.question(question).times.resolve_after)
    world.governor.resolve(question, 0)
    assert world.system.arena.call("counts", series) == (0, 0)


def test_a_void_question_is_not_counted(world: World, question: int) -> None:
    world.governor.void(question)
    assert world.system.arena.call("counts", 1) == (0, 0)
    assert world.system.arena.call("resolved_count", 1) == 0
