"""post_odds: the feed's, once, before commits open, inside the clip; else the question only expires."""

from __future__ import annotations

import pytest

from checks import refused, send, told
from harness import SALT, TOKENS, World, audit, binary
from headwater.twin import capacity
from headwater.units import WAD

FEED = {"forgetting": 0, "smoothing": 0}
ODDS = (3 * 10**17, 7 * 10**17)
P_MIN = 10**16


def _question(world: World, **changes: object) -> int:
    """A question that awaits the odds of the first provider."""
    series = world.series(feed=world.providers[0].address, **FEED, **changes)
    return world.governor.open_question(series, world.times())


def test_the_feed_fixes_the_odds_and_with_them_the_capacity(world: World) -> None:
    question = _question(world)
    reserve = world.system.question(question).reserve
    receipt = world.providers[0].post_odds(question, ODDS)
    expected = capacity(reserve, ODDS, world.scale(1))
    assert told(world, receipt) == [("OddsSet", {"question": question, "odds": ODDS, "capacity": expected})]
    state = world.system.question(question)
    assert (state.status, state.capacity, state.reserve) == ("open", expected, reserve)
    assert world.system.odds(question) == ODDS


def test_odds_are_posted_once(world: World) -> None:
    question = _question(world)
    world.providers[0].post_odds(question, ODDS)
    for odds in (ODDS, ODDS[::-1]):
        with refused(world, "arena: question does not await odds"):
            world.providers[0].post_odds(question, odds)


def test_nobody_else_posts_odds(world: World) -> None:
    question = _question(world)
    for who in (world.governor, world.stranger):
        with refused(world, "arena: caller is not the feed"):
            who.post_odds(question, ODDS)


def test_a_question_on_frequencies_and_no_question_await_no_odds(world: World) -> None:
    question = world.open(world.series())
    for number in (question, question + 1, 0, 2**256 - 1):
        with refused(world, "arena: question does not await odds"):
            world.governor.post_odds(number, ODDS)


def test_odds_come_before_commits_open_to_the_second(world: World) -> None:
    question = _question(world)
    start = world.system.question(question).times.commit_start
    snapshot = world.control.snapshot()
    world.travel(start)
    with refused(world, "arena: commits have opened"):
        world.providers[0].post_odds(question, ODDS)
    world.control.revert(snapshot)
    world.travel(start - 1)
    assert world.providers[0].post_odds(question, ODDS).timestamp == start - 1
    assert world.forecasters[0].commit(question, binary(0.5), TOKENS, SALT).timestamp == start


@pytest.mark.parametrize(
    ("odds", "reason"),
    [
        ((), "arena: one probability per outcome"),
        ((WAD,), "arena: one probability per outcome"),
        ((3 * 10**17, 3 * 10**17, 4 * 10**17), "arena: one probability per outcome"),
        ((P_MIN - 1, WAD - P_MIN + 1), "arena: probability not in p_min..1"),
        ((0, WAD), "arena: probability not in p_min..1"),
        ((P_MIN, WAD + 1), "arena: probability not in p_min..1"),
        ((P_MIN, 2**256 - 1), "arena: probability not in p_min..1"),
        ((5 * 10**17, 5 * 10**17 - 1), "arena: probabilities do not sum to 1"),
        ((5 * 10**17, 5 * 10**17 + 1), "arena: probabilities do not sum to 1"),
        ((WAD, WAD), "arena: probabilities do not sum to 1"),
        ((P_MIN, WAD - P_MIN), None),
        ((WAD - P_MIN, P_MIN), None),
    ],
)
def test_odds_outside_the_clip_are_refused(world: World, odds: tuple[int, ...], reason: str | None) -> None:
    question = _question(world)
    if reason is None:
        world.providers[0].post_odds(question, odds)
        assert world.system.odds(question) == odds
    else:
        with refused(world, reason):
            world.providers[0].post_odds(question, odds)


def test_odds_of_eight_outcomes_fill_two_words(world: World) -> None:
    odds = tuple((i + 1) * 10**16 for i in range(7))
    odds = (*odds, WAD - sum(odds))
    question = _question(world, outcomes=8)
    world.providers[0].post_odds(question, odds)
    assert world.system.odds(question) == odds


def test_without_odds_nobody_commits_and_the_question_expires_when_commits_would_have_opened(world: World) -> None:
    question = _question(world)
    who, state = world.forecasters[0], world.system.question(question)
    start, free = state.times.commit_start, world.system.series_account(1)[0]
    world.travel(start - 1)
    with refused(world, "arena: odds may still be posted"):
        world.stranger.expire(question)
    with refused(world, "arena: question is not open"):
        who.commit(question, binary(0.5), TOKENS, SALT)
    receipt = world.stranger.expire(question)
    assert told(world, receipt)[-1] == ("Voided", {"question": question, "status": 4})
    assert world.system.question(question).status == "void early"
    assert world.system.series_account(1) == (free + state.reserve, 0)
    for call in (
        lambda: world.stranger.expire(question),
        lambda: world.governor.resolve(question, 0),
        lambda: world.governor.void(question),
    ):
        with refused(world, "arena: question is not open"):
            call()
    with refused(world, "arena: question does not await odds"):
        world.providers[0].post_odds(question, ODDS)
    audit(world)


def test_the_oracle_may_void_a_question_that_awaits_its_odds_and_cannot_resolve_it(world: World) -> None:
    question = _question(world)
    reserve = world.system.question(question).reserve
    world.travel(world.system.question(question).times.resolve_after)
    with refused(world, "arena: question is not open"):
        world.governor.resolve(question, 0)
    with refused(world, "arena: caller is not the oracle"):
        world.stranger.void(question)
    bankroll = world.system.series_account(1)[0]
    send(world.governor, world.system.arena, "void", question)
    assert world.system.series_account(1) == (bankroll + reserve, 0)
