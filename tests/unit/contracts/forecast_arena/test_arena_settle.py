"""settle and settle_many: every position once, by anybody, in any order, at the twin's net."""

from __future__ import annotations

import pytest

from checks import refused, send, told
from harness import SALT, TOKENS, ZERO, World, audit, binary
from headwater.cascade import Leaf
from headwater.chain import Reverted
from headwater.twin import growth, net, reserve_slice

REPORTS = {0: (binary(0.9), 100 * TOKENS + 1), 1: (binary(0.3), 70 * TOKENS + 5), 2: (binary(0.6), 9 * TOKENS)}
W = sum(wager for _, wager in REPORTS.values())
STAKE = 10_000 * TOKENS
NOBODY = "arena: no position"


@pytest.fixture
def question(world: World) -> int:
    """A resolved question with three positions, the third of them not revealed; outcome 0."""
    opened = world.open(world.series())
    world.play(opened, REPORTS, outcome=0, hide=[2], settle=False)
    return opened


def _expected(world: World, question: int) -> list[int]:
    odds, capacity, scale = world.system.odds(question), world.system.question(question).capacity, world.scale(1)
    growths = [growth(REPORTS[i][0][0], odds[0]) for i in (0, 1)] + [-scale.log_range]
    return [net(REPORTS[i][1], g, capacity, W, scale) for i, g in enumerate(growths)]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_every_position_settles_at_its_net_whatever_the_order(
    world: World, question: int, order: tuple[int, ...]
) -> None:
    expected = _expected(world, question)
    assert expected[0] > 0 > expected[1] > expected[2]
    free, kept = world.system.series_account(1)
    assert kept == world.system.question(question).reserve
    left = W
    for who in order:
        wager = REPORTS[who][1]
        portion = reserve_slice(kept, wager, left)
        assert world.settle(question, who) == expected[who]
        kept, left = kept - portion, left - wager
        free += portion - expected[who]
        state = world.system.question(question)
        assert (state.reserve, state.unsettled) == (kept, left)
        assert world.system.series_account(1) == (free, kept)
        stake = world.system.stake(world.forecasters[who].address)
        assert (stake.bonded, stake.locked) == (STAKE + expected[who], 0)
        assert world.system.position(question, world.forecasters[who].address).wager == 0
        audit(world)
    assert (kept, left) == (0, 0)
    gains, losses = expected[0], -expected[1] - expected[2]
    assert world.system.totals() == (gains, losses)


def test_a_settlement_tells_what_it_did(world: World) -> None:
    who = world.forecasters[0]
    made = world.announce(who, [Leaf(world.providers[0].address, 0, 1)], keep_bps=1_000)
    question = world.open(world.series())
    world.play(question, {0: (binary(0.9), TOKENS)}, outcome=0, settle=False)
    worth = world.system.arena.call("preview", question, who.address, 0)
    receipt = world.stranger.settle(question, who.address)
    own = worth * 1_000 // 10_000
    assert told(world, receipt)[-1] == (
        "Settled",
        {
            "question": question,
            "forecaster": who.address,
            "version": made.version,
            "wager": TOKENS,
            "net": worth,
            "stake_change": own,
            "released": worth - own,
        },
    )
    assert world.system.stake(who.address).bonded == STAKE + own


def test_a_position_settles_once(world: World, question: int) -> None:
    world.settle(question, 0)
    with refused(world, NOBODY):
        world.stranger.settle(question, world.forecasters[0].address)
    with refused(world, NOBODY):
        world.stranger.settle(question, world.forecasters[0].address)
    world.settle(question, 1)


def test_whoever_has_no_position_has_nothing_to_settle(world: World, question: int) -> None:
    for account in (world.stranger.address, ZERO):
        with refused(world, NOBODY):
            world.stranger.settle(question, account)
    for missing in (0, question + 1, 2**256 - 1):
        with refused(world, NOBODY):
            world.stranger.settle(missing, world.forecasters[0].address)


def test_nothing_settles_before_the_outcome(world: World) -> None:
    who = world.forecasters[0]
    question = world.open(world.series())
    who.commit(question, binary(0.7), TOKENS, SALT)
    times = world.system.question(question).times
    for moment in (times.commit_end, times.reveal_end, times.resolve_after):
        world.travel(moment)
        with refused(world, "arena: question is not resolved"):
            world.stranger.settle(question, who.address)
        with refused(world, "arena: question is not resolved"):
            world.stranger.settle_many(question, [who.address])
    world.governor.resolve(question, 0)
    world.stranger.settle(question, who.address)


def test_many_settle_as_one_by_one_and_who_has_no_position_is_skipped(world: World, question: int) -> None:
    expected = _expected(world, question)
    people = [person.address for person in world.forecasters]
    batch = [people[0], world.stranger.address, people[0], ZERO, people[2]]
    assert world.system.arena.call("settle_many", question, batch) == 2
    settled = [args for name, args in told(world, world.stranger.settle_many(question, batch)) if name == "Settled"]
    assert [(args["forecaster"], args["net"]) for args in settled] == [
        (people[0], expected[0]),
        (people[2], expected[2]),
    ]
    assert world.system.arena.call("settle_many", question, people) == 1
    world.stranger.settle_many(question, people)
    audit(world)


def test_many_without_anybody_changes_nothing(world: World, question: int) -> None:
    for number, people in ((question, []), (question, [world.stranger.address] * 32), (0, []), (99, [ZERO])):
        assert world.system.arena.call("settle_many", number, people) == 0
        assert world.stranger.settle_many(number, people).logs == ()
    with refused(world, ""):
        world.stranger.settle_many(question, [world.forecasters[0].address] * 33)


def test_a_question_settles_long_after_and_while_others_run(world: World, question: int) -> None:
    later = world.open(1)
    world.forecasters[0].commit(later, binary(0.5), TOKENS, SALT)
    world.travel(world.backend.now() + 400 * 86_400)
    expected = _expected(world, question)
    assert [world.settle(question, who) for who in (2, 0, 1)] == [expected[2], expected[0], expected[1]]
    assert world.system.stake(world.forecasters[0].address).locked > 0
    audit(world)


def test_a_preview_is_what_a_settlement_nets(world: World, question: int) -> None:
    arena, expected = world.system.arena, _expected(world, question)
    for who, person in enumerate(world.forecasters):
        assert arena.call("preview", question, person.address, 0) == expected[who]
        assert arena.call("settle", question, person.address) == expected[who]
    with pytest.raises(Reverted) as caught:
        arena.call("preview", question, world.stranger.address, 0)
    assert caught.value.reason == NOBODY
    for outcome in (2, 2**256 - 1):
        with pytest.raises(Reverted) as caught:
            arena.call("preview", question, world.forecasters[0].address, outcome)
        assert caught.value.reason == "arena: no such outcome"


def test_a_preview_of_what_is_not_revealed_is_the_worst_case_whatever_the_outcome(world: World, question: int) -> None:
    hidden = world.forecasters[2].address
    assert {world.system.arena.call("preview", question, hidden, outcome) for outcome in (0, 1)} == {
        _expected(world, question)[2]
    }


def test_views_of_a_question_that_does_not_exist_are_empty(world: World) -> None:
    system = world.system
    for missing in (0, 1, 2**256 - 1):
        state = system.question(missing)
        assert (state.status, state.series, state.reserve, state.capacity) == ("none", 0, 0, 0)
        assert system.odds(missing) == ()
        assert system.position(missing, world.stranger.address).wager == 0
        assert system.arena.call("logs", missing) == (0, 0)
        assert system.params(missing).outcomes == 0
        assert system.arena.call("counts", missing) == ()


def test_everybody_but_the_last_can_leave_before_the_rest_settle(world: World, question: int) -> None:
    first = world.forecasters[0]
    bonded = STAKE + world.settle(question, 0)
    first.request_unbond(bonded)
    world.travel(world.backend.now() + world.system.vault.call("COOLDOWN"))
    before = world.system.balance(first.address)
    send(first, world.system.vault, "withdraw")
    assert world.system.balance(first.address) == before + bonded
    world.settle(question, 1)
    world.settle(question, 2)
    audit(world)
