"""void and expire: early, late and by timeout, with the exact net of whoever revealed and whoever did not."""

from __future__ import annotations

import pytest

from checks import refused, told
from harness import SALT, TOKENS, World, audit, binary
from headwater.twin import lock, net

P = binary(0.7)
SHOWN, HIDDEN = 100 * TOKENS + 7, 50 * TOKENS + 3
W = SHOWN + HIDDEN
STAKE = 10_000 * TOKENS


@pytest.fixture
def question(world: World) -> int:
    """A question with two wagers; commits still run."""
    opened = world.open(world.series())
    world.forecasters[0].commit(opened, P, SHOWN, SALT)
    world.forecasters[1].commit(opened, P, HIDDEN, SALT)
    return opened


def _reveal(world: World, question: int) -> None:
    """The first forecaster reveals, the second does not."""
    world.travel(world.system.question(question).times.commit_end)
    world.stranger.reveal(question, world.forecasters[0].address, P, SALT)


def _assert_settles(world: World, question: int, shown: int, hidden: int) -> None:
    """Both settle at these nets, and the bankroll has everything but what they were paid."""
    bankroll, reserved = world.system.series_account(1)
    assert reserved == world.system.question(question).reserve == 0
    assert [world.settle(question, who) for who in (0, 1)] == [shown, hidden]
    for who, paid in ((0, shown), (1, hidden)):
        stake = world.system.stake(world.forecasters[who].address)
        assert (stake.bonded, stake.locked) == (STAKE + paid, 0)
    assert world.system.series_account(1) == (bankroll - shown - hidden, 0)
    assert world.system.question(question).unsettled == 0
    audit(world)


def _nets(world: World, question: int, growth_hidden: int | None) -> tuple[int, int]:
    """Nets at growth 0 for the revealed position, and at this growth (None: also 0) for the hidden one."""
    capacity, scale = world.system.question(question).capacity, world.scale(1)
    return net(SHOWN, 0, capacity, W, scale), net(HIDDEN, growth_hidden or 0, capacity, W, scale)


def test_early_everybody_is_refunded_in_full(world: World, question: int) -> None:
    state = world.system.question(question)
    free = world.system.series_account(1)[0]
    receipt = world.governor.void(question)
    assert told(world, receipt) == [("Voided", {"question": question, "status": 4})]
    assert world.system.question(question).status == "void early"
    assert world.system.series_account(1) == (free + state.reserve, 0)
    _assert_settles(world, question, 0, 0)


def test_late_whoever_revealed_pays_rent_and_whoever_did_not_pays_as_always(world: World, question: int) -> None:
    _reveal(world, question)
    world.travel(world.system.question(question).times.resolve_after)
    receipt = world.governor.void(question)
    assert told(world, receipt) == [("Voided", {"question": question, "status": 5})]
    assert world.system.question(question).status == "void late"
    shown, hidden = _nets(world, question, -world.scale(1).log_range)
    assert shown < 0
    assert hidden == -lock(HIDDEN, world.scale(1))  # the worst case, all that was locked
    _assert_settles(world, question, shown, hidden)


def test_by_timeout_everybody_pays_rent_only(world: World, question: int) -> None:
    _reveal(world, question)
    moment = world.system.question(question).times.resolve_after + world.system.arena.call("RESOLVE_TIMEOUT")
    world.travel(moment - 1)
    with refused(world, "arena: oracle may still resolve"):
        world.stranger.expire(question)
    receipt = world.stranger.expire(question)
    assert receipt.timestamp == moment
    assert told(world, receipt) == [("Voided", {"question": question, "status": 6})]
    assert world.system.question(question).status == "void by timeout"
    shown, hidden = _nets(world, question, None)
    assert shown < 0
    assert hidden < 0
    _assert_settles(world, question, shown, hidden)


@pytest.mark.parametrize(("before", "status"), [(1, "void early"), (0, "void late")])
def test_early_ends_where_commits_end_to_the_second(world: World, question: int, before: int, status: str) -> None:
    moment = world.system.question(question).times.commit_end - before
    world.travel(moment)
    assert world.governor.void(question).timestamp == moment
    assert world.system.question(question).status == status


def test_a_late_void_takes_effect_at_reveal_end_and_until_then_anybody_still_reveals(
    world: World, question: int
) -> None:
    times = world.system.question(question).times
    world.travel(times.commit_end)
    world.governor.void(question)
    with refused(world, "arena: reveals have not ended"):
        world.stranger.settle(question, world.forecasters[1].address)
    world.stranger.reveal(question, world.forecasters[0].address, P, SALT)
    world.travel(times.reveal_end - 1)
    with refused(world, "arena: reveals have not ended"):
        world.stranger.settle_many(question, [world.forecasters[0].address])
    with refused(world, "arena: reveals have ended"):
        world.stranger.reveal(question, world.forecasters[1].address, P, SALT)
    shown, hidden = _nets(world, question, -world.scale(1).log_range)
    _assert_settles(world, question, shown, hidden)


def test_an_early_void_settles_at_once(world: World, question: int) -> None:
    world.governor.void(question)
    assert world.settle(question, 0) == 0


def test_only_the_oracle_voids_and_only_what_is_open(world: World, question: int) -> None:
    for who in (world.stranger, world.forecasters[0]):
        with refused(world, "arena: caller is not the oracle"):
            who.void(question)
    for missing in (0, question + 1, 2**256 - 1):
        with refused(world, "arena: question is not open"):
            world.governor.void(missing)
    world.governor.void(question)
    with refused(world, "arena: question is not open"):
        world.governor.void(question)
    second = world.open(1)
    world.travel(world.system.question(second).times.resolve_after)
    world.governor.resolve(second, 0)
    with refused(world, "arena: question is not open"):
        world.governor.void(second)


def test_a_void_question_is_not_resolved_or_expired(world: World, question: int) -> None:
    world.governor.void(question)
    timeout = world.system.arena.call("RESOLVE_TIMEOUT")
    world.travel(world.system.question(question).times.resolve_after + timeout)
    with refused(world, "arena: question is not open"):
        world.governor.resolve(question, 0)
    with refused(world, "arena: question is not open"):
        world.stranger.expire(question)


def test_only_an_open_question_expires(world: World, question: int) -> None:
    for missing in (0, question + 1, 2**256 - 1):
        with refused(world, "arena: question is not open"):
            world.stranger.expire(missing)
    with refused(world, "arena: oracle may still resolve"):
        world.stranger.expire(question)
    world.travel(world.system.question(question).times.resolve_after + world.system.arena.call("RESOLVE_TIMEOUT"))
    world.stranger.expire(question)
    for call in (
        lambda: world.stranger.expire(question),
        lambda: world.governor.void(question),
        lambda: world.governor.resolve(question, 0),
    ):
        with refused(world, "arena: question is not open"):
            call()
