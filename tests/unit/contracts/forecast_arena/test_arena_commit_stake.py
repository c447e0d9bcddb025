"""A wager is at most the stake that was bonded strictly before the question's block."""

from __future__ import annotations

from checks import refused, send
from harness import SALT, TOKENS, World, audit, binary
from headwater.chain import Receipt
from headwater.chain.participant import Participant

P = binary(0.7)
STAKE = 10_000 * TOKENS
MORE = 5_000 * TOKENS
ABOVE = "vault: wager above the stake bonded before the question"
EARLIER = "vault: checkpoint is not older than the question"
LATER = "vault: a later checkpoint is older than the question"


def _commit(world: World, who: Participant, question: int, wager: int, checkpoint: int) -> Receipt:
    return send(who, world.system.arena, "commit", question, b"\x11" * 32, wager, 0, checkpoint)


def _start(world: World, question: int) -> int:
    times = world.system.question(question).times
    world.travel(times.commit_start)
    return question


def test_stake_of_the_openings_own_block_does_not_count_whichever_came_first(world: World) -> None:
    series, times = world.series(), world.times()
    before, after = world.forecasters[:2]
    with world.control.block():  # type: ignore[attr-defined]
        before.stake(MORE)
        question = world.governor.open_question(series, times)
        after.stake(MORE)
    _start(world, question)
    for who in (before, after):
        with refused(world, EARLIER):
            _commit(world, who, question, STAKE + 1, checkpoint=1)
        with refused(world, ABOVE):
            _commit(world, who, question, STAKE + 1, checkpoint=0)
        _commit(world, who, question, STAKE, checkpoint=0)


def test_stake_of_the_block_before_counts_and_of_the_block_after_does_not(world: World) -> None:
    series, times = world.series(), world.times()
    before, after = world.forecasters[:2]
    before.stake(MORE)
    question = world.governor.open_question(series, times)
    after.stake(MORE)
    _start(world, question)
    with refused(world, LATER):
        _commit(world, before, question, STAKE, checkpoint=0)
    with refused(world, ABOVE):
        _commit(world, before, question, STAKE + MORE + 1, checkpoint=1)
    _commit(world, before, question, STAKE + TOKENS, checkpoint=1)
    with refused(world, EARLIER):
        _commit(world, after, question, STAKE, checkpoint=1)
    with refused(world, ABOVE):
        _commit(world, after, question, STAKE + 1, checkpoint=0)
    _commit(world, after, question, STAKE, checkpoint=0)


def test_whoever_first_stakes_after_the_opening_is_left_out(world: World) -> None:
    question = world.governor.open_question(world.series(), world.times())
    world.stranger.stake(MORE)
    _start(world, question)
    with refused(world, EARLIER):
        _commit(world, world.stranger, question, TOKENS, checkpoint=0)


def test_stake_withdrawn_after_the_opening_cannot_be_locked(world: World) -> None:
    who = world.forecasters[0]
    question = world.governor.open_question(world.series(), world.times())
    who.request_unbond(STAKE - 1_000 * TOKENS)
    _start(world, question)
    with refused(world, "vault: not enough free stake"):
        _commit(world, who, question, 1_000 * TOKENS, checkpoint=0)
    _commit(world, who, question, 900 * TOKENS, checkpoint=0)


def test_stake_withdrawn_before_the_opening_does_not_count_even_if_it_comes_back(world: World) -> None:
    who = world.forecasters[0]
    series, times = world.series(), world.times()
    who.request_unbond(STAKE - 1_000 * TOKENS)
    question = world.governor.open_question(series, times)
    who.stake(STAKE)
    _start(world, question)
    with refused(world, LATER):
        _commit(world, who, question, STAKE, checkpoint=0)
    with refused(world, EARLIER):
        _commit(world, who, question, STAKE, checkpoint=2)
    with refused(world, ABOVE):
        _commit(world, who, question, 1_000 * TOKENS + 1, checkpoint=1)
    _commit(world, who, question, 1_000 * TOKENS, checkpoint=1)


def test_locked_stake_counts_but_cannot_be_locked_twice(world: World) -> None:
    who = world.forecasters[0]
    first = world.open(world.series())
    who.commit(first, P, 6_000 * TOKENS, SALT)
    second = world.open(world.series())
    with refused(world, "vault: not enough free stake"):
        who.commit(second, P, 4_000 * TOKENS, SALT)
    who.commit(second, P, 3_900 * TOKENS, SALT)
    audit(world)


def test_an_account_with_three_hundred_checkpoints_commits_by_the_right_one(world: World) -> None:
    who, vault = world.forecasters[0], world.system.vault
    series = world.series()
    for _ in range(290):
        send(who, vault, "deposit", 1)
    question = world.governor.open_question(series, world.times())
    for _ in range(9):
        send(who, vault, "deposit", 1)
    stake = world.system.stake(who.address)
    assert stake.checkpoints == 300
    _start(world, question)
    for checkpoint, reason in (
        (0, "vault: checkpoint was overwritten"),
        (43, "vault: checkpoint was overwritten"),
        (44, LATER),
        (289, LATER),
        (291, EARLIER),
        (299, EARLIER),
        (300, "vault: no such checkpoint"),
    ):
        with refused(world, reason):
            _commit(world, who, question, TOKENS, checkpoint)
    with refused(world, ABOVE):
        _commit(world, who, question, STAKE + 291, 290)
    assert world.system.checkpoint_before(who.address, world.system.question(question).opened) == (290, STAKE + 290)
    who.commit(question, P, TOKENS, SALT)
