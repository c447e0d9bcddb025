"""commit: in time, with a wager that the stake before the question covers, under the version that binds."""

from __future__ import annotations

import pytest

from checks import refused, send, told
from harness import SALT, TOKENS, World, audit, binary
from headwater.cascade import Leaf
from headwater.chain import Receipt
from headwater.chain.participant import Participant, commitment
from headwater.twin import Scale, lock

P = binary(0.7)
STAKE = 10_000 * TOKENS
WAGER = 100 * TOKENS
SEALED = b"\x11" * 32
SCALE = Scale.of(10**16, 25)
# The most whose lock, rent included, fits the stake.
LARGEST = STAKE * SCALE.log_range // (SCALE.log_range + SCALE.log_rent)


@pytest.fixture
def question(world: World) -> int:
    """A question whose commits open in half a minute."""
    return world.governor.open_question(world.series(), world.times())


def _commit(
    world: World,
    who: Participant,
    question: int,
    wager: int = WAGER,
    *,
    sealed: bytes = SEALED,
    version: int = 0,
    checkpoint: int = 0,
) -> Receipt:
    return send(who, world.system.arena, "commit", question, sealed, wager, version, checkpoint)


def _to_start(world: World, question: int) -> None:
    world.travel(world.system.question(question).times.commit_start)


def test_a_commit_locks_the_worst_case_and_counts_towards_the_wagers(world: World, question: int) -> None:
    first, second = world.forecasters[:2]
    _to_start(world, question)
    receipt = first.commit(question, P, WAGER, SALT)
    sealed = commitment(world.backend.chain_id, world.system.addresses.arena, question, first.address, P, SALT)
    said = {
        "question": question,
        "forecaster": first.address,
        "version": 0,
        "wager": WAGER,
        "commitment": sealed,
    }
    assert told(world, receipt) == [("Committed", said)]
    assert sealed == world.system.arena.call("commitment_of", question, first.address, P, SALT)
    position = world.system.position(question, first.address)
    assert (position.wager, position.version, position.revealed) == (WAGER, 0, False)
    assert world.system.stake(first.address).locked == lock(WAGER, SCALE) > WAGER
    second.commit(question, P, 2 * WAGER, SALT)
    assert world.system.question(question).wagered == 3 * WAGER
    audit(world)


def test_commits_are_taken_from_commit_start_until_just_before_commit_end(world: World, question: int) -> None:
    times, who = world.system.question(question).times, world.forecasters[0]
    snapshot = world.control.snapshot()
    for moment, reason in (
        (times.commit_start - 1, "arena: commits have not opened"),
        (times.commit_start, None),
        (times.commit_end - 1, None),
        (times.commit_end, "arena: commits have ended"),
        (times.resolve_after, "arena: commits have ended"),
    ):
        world.travel(moment)
        if reason is None:
            assert who.commit(question, P, WAGER, SALT).timestamp == moment
        else:
            with refused(world, reason):
                who.commit(question, P, WAGER, SALT)
        world.control.revert(snapshot)
        snapshot = world.control.snapshot()


def test_only_open_questions_take_commits(world: World, question: int) -> None:
    who = world.forecasters[0]
    for missing in (0, question + 1, 2**256 - 1):
        with refused(world, "arena: question is not open"):
            _commit(world, who, missing)
    _to_start(world, question)
    world.governor.void(question)
    with refused(world, "arena: question is not open"):
        _commit(world, who, question)
    second = world.open(1)
    world.travel(world.system.question(second).times.resolve_after)
    world.governor.resolve(second, 0)
    with refused(world, "arena: question is not open"):
        _commit(world, who, second)


def test_an_empty_commitment_is_refused(world: World, question: int) -> None:
    _to_start(world, question)
    with refused(world, "arena: empty commitment"):
        _commit(world, world.forecasters[0], question, sealed=bytes(32))


@pytest.mark.parametrize(
    ("wager", "reason"),
    [
        (0, "arena: wager below the minimum"),
        (TOKENS - 1, "arena: wager below the minimum"),
        (STAKE + 1, "vault: wager above the stake bonded before the question"),
        (2**96, "vault: wager above the stake bonded before the question"),
        (2**256 - 1, ""),
        (STAKE, "vault: not enough free stake"),  # the rent does not fit any more
        (LARGEST + 1, "vault: not enough free stake"),
        (LARGEST, None),
        (TOKENS, None),
    ],
)
def test_a_wager_is_at_least_the_minimum_and_at_most_what_can_be_locked(
    world: World, question: int, wager: int, reason: str | None
) -> None:
    _to_start(world, question)
    if reason is None:
        _commit(world, world.forecasters[0], question, wager)
        assert world.system.question(question).wagered == wager
    else:
        with refused(world, reason):
            _commit(world, world.forecasters[0], question, wager)


def test_who_never_staked_cannot_commit(world: World, question: int) -> None:
    _to_start(world, question)
    for checkpoint in (0, 1, 2**256 - 1):
        with refused(world, "vault: no such checkpoint"):
            _commit(world, world.stranger, question, checkpoint=checkpoint)


def test_a_forecaster_is_bound_to_its_newest_version_at_the_opening(world: World) -> None:
    who = world.forecasters[0]
    leaf = [Leaf(world.providers[0].address, 0, 1)]
    old = world.announce(who, leaf)
    bound = world.announce(who, leaf)
    question = world.governor.open_question(world.series(), world.times())
    later = world.announce(who, leaf)
    world.announce(world.forecasters[1], leaf)
    _to_start(world, question)
    for version in (0, old.version, later.version, later.version + 1, later.version + 2, 2**40 - 1):
        with refused(world, "arena: not the newest version when the question opened"):
            _commit(world, who, question, version=version)
    for version in (2**40, 2**256 - 1):
        with refused(world, "cascade: no such version"):
            _commit(world, who, question, version=version)
    _commit(world, who, question, version=bound.version)
    assert world.system.position(question, who.address).version == bound.version
    assert world.system.escrow(who.address, bound.version).lock == world.system.stake(who.address).locked


def test_a_first_version_announced_after_the_opening_does_not_bind(world: World, question: int) -> None:
    who = world.forecasters[0]
    made = world.announce(who, [Leaf(world.providers[0].address, 0, 1)])
    _to_start(world, question)
    with refused(world, "arena: not the newest version when the question opened"):
        _commit(world, who, question, version=made.version)
    _commit(world, who, question, version=0)


def test_a_version_announced_in_the_openings_block_binds_if_it_came_first(world: World) -> None:
    series = world.series()
    before, after = world.forecasters[:2]
    leaf = [Leaf(world.providers[0].address, 0, 1)]
    times = world.times()
    with world.control.block():  # type: ignore[attr-defined]
        first = before.announce_list(leaf, 1_000)
        question = world.governor.open_question(series, times)
        second = after.announce_list(leaf, 1_000)
    for made in (first, second):
        world.stranger.open_escrow(made.node, made.version, made.terms)
    _to_start(world, question)
    with refused(world, "arena: not the newest version when the question opened"):
        _commit(world, before, question, version=0)
    _commit(world, before, question, version=first.version)
    with refused(world, "arena: not the newest version when the question opened"):
        _commit(world, after, question, version=second.version)
    _commit(world, after, question, version=0)
