"""The race at the timeout: a loser that expires a question before the oracle resolves it is spared all but its rent."""

from __future__ import annotations

import pytest

from checks import refused
from harness import SALT, TOKENS, World, audit, binary
from headwater.twin import growth, net

RIGHT, WRONG = binary(0.8), binary(0.2)
WAGER = 500 * TOKENS
WINNER, LOSER = 0, 1


@pytest.fixture
def question(world: World) -> int:
    """Both have committed and revealed; outcome 0 is what everybody has seen."""
    opened = world.open(world.series())
    world.forecasters[WINNER].commit(opened, RIGHT, WAGER, SALT)
    world.forecasters[LOSER].commit(opened, WRONG, WAGER, SALT)
    world.travel(world.system.question(opened).times.commit_end)
    world.stranger.reveal(opened, world.forecasters[WINNER].address, RIGHT, SALT)
    world.stranger.reveal(opened, world.forecasters[LOSER].address, WRONG, SALT)
    return opened


def _timeout(world: World, question: int) -> int:
    return int(world.system.question(question).times.resolve_after + world.system.arena.call("RESOLVE_TIMEOUT"))


def _nets(world: World, question: int, resolved: bool) -> tuple[int, int]:
    state, odds = world.system.question(question), world.system.odds(question)
    growths = [growth(report[0], odds[0]) if resolved else 0 for report in (RIGHT, WRONG)]
    won, lost = (net(WAGER, g, state.capacity, state.wagered, world.scale(1)) for g in growths)
    return won, lost


def test_no_loser_can_expire_as_long_as_the_oracle_is_in_time(world: World, question: int) -> None:
    world.travel(_timeout(world, question) - 1)
    with refused(world, "arena: oracle may still resolve"):
        world.forecasters[LOSER].expire(question)
    world.travel(_timeout(world, question))
    won, lost = _nets(world, question, resolved=True)
    world.governor.resolve(question, 0)
    with refused(world, "arena: question is not open"):
        world.forecasters[LOSER].expire(question)
    assert (world.settle(question, WINNER), world.settle(question, LOSER)) == (won, lost)
    assert won > 0 > lost


def test_after_the_timeout_whoever_comes_first_decides(world: World, question: int) -> None:
    world.travel(_timeout(world, question))
    world.forecasters[LOSER].expire(question)
    with refused(world, "arena: question is not open"):
        world.governor.resolve(question, 0)
    won, lost = _nets(world, question, resolved=False)
    assert won == lost == -(WAGER * world.scale(1).log_rent // world.scale(1).log_range) - 1
    assert (world.settle(question, WINNER), world.settle(question, LOSER)) == (won, lost)
    audit(world)


def test_an_expired_question_teaches_the_series_nothing(world: World, question: int) -> None:
    before = world.system.next_odds(1)
    world.travel(_timeout(world, question))
    world.forecasters[LOSER].expire(question)
    assert world.system.next_odds(1) == before


def test_hiding_and_expiring_saves_no_more_than_expiring(world: World) -> None:
    question = world.open(world.series())
    world.forecasters[WINNER].commit(question, RIGHT, WAGER, SALT)
    world.forecasters[LOSER].commit(question, WRONG, WAGER, SALT)
    world.travel(world.system.question(question).times.commit_end)
    world.stranger.reveal(question, world.forecasters[WINNER].address, RIGHT, SALT)
    world.travel(_timeout(world, question))
    world.forecasters[LOSER].expire(question)
    assert world.settle(question, LOSER) == world.settle(question, WINNER) < 0
