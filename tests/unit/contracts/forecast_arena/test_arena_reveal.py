"""reveal: by anybody who holds the preimage, for whoever committed it, in time, inside the clip."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from checks import refused, send, told
from harness import SALT, TOKENS, World, audit, binary
from headwater.chain.participant import Participant, commitment
from headwater.units import WAD

P = binary(0.7)
P_MIN = 10**16
WAGER = 100 * TOKENS


def _seal(world: World, who: Participant, question: int, forecast: Sequence[int], salt: bytes = SALT) -> bytes:
    arena = world.system.addresses.arena
    return commitment(world.backend.chain_id, arena, question, who.address, forecast, salt)


@pytest.fixture
def question(world: World) -> int:
    """A question that the first forecaster has committed P to; commits still run."""
    opened = world.open(world.series())
    world.forecasters[0].commit(opened, P, WAGER, SALT)
    return opened


def _end_commits(world: World, question: int) -> None:
    world.travel(world.system.question(question).times.commit_end)


def test_anybody_with_the_preimage_reveals(world: World, question: int) -> None:
    who = world.forecasters[0]
    _end_commits(world, question)
    receipt = world.stranger.reveal(question, who.address, P, SALT)
    said = {"question": question, "forecaster": who.address, "forecast": P}
    assert told(world, receipt) == [("Revealed", said)]
    position = world.system.position(question, who.address)
    assert (position.wager, position.version, position.revealed) == (WAGER, 0, True)
    audit(world)


def test_reveals_are_taken_from_commit_end_until_just_before_reveal_end(world: World, question: int) -> None:
    times, who = world.system.question(question).times, world.forecasters[0]
    snapshot = world.control.snapshot()
    for moment, reason in (
        (times.commit_end - 1, "arena: commits have not ended"),
        (times.commit_end, None),
        (times.reveal_end - 1, None),
        (times.reveal_end, "arena: reveals have ended"),
        (times.resolve_after + 1, "arena: reveals have ended"),
    ):
        world.travel(moment)
        if reason is None:
            assert world.stranger.reveal(question, who.address, P, SALT).timestamp == moment
        else:
            with refused(world, reason):
                world.stranger.reveal(question, who.address, P, SALT)
        world.control.revert(snapshot)
        snapshot = world.control.snapshot()


@pytest.mark.parametrize(
    ("forecast", "salt"),
    [
        (P, bytes(32)),
        (P, SALT[:-1] + b"\0"),
        (P[::-1], SALT),
        ((P[0] + 1, P[1] - 1), SALT),
        ((*P, 0), SALT),
        (P[:1], SALT),
        ((), SALT),
    ],
)
def test_only_the_committed_forecast_opens_a_commitment(
    world: World, question: int, forecast: tuple[int, ...], salt: bytes
) -> None:
    _end_commits(world, question)
    with refused(world, "arena: not the committed forecast"):
        world.stranger.reveal(question, world.forecasters[0].address, forecast, salt)


def test_a_copied_commitment_cannot_be_revealed(world: World, question: int) -> None:
    author, copier = world.forecasters[:2]
    copied = _seal(world, author, question, P)
    send(copier, world.system.arena, "commit", question, copied, WAGER, 0, 0)
    _end_commits(world, question)
    for who in (author, copier):
        with refused(world, "arena: not the committed forecast"):
            who.reveal(question, copier.address, P, SALT)
    author.reveal(question, author.address, P, SALT)
    with refused(world, "arena: not the committed forecast"):
        copier.reveal(question, copier.address, P, SALT)


@pytest.mark.parametrize("other", ["question", "arena", "chain"])
def test_a_commitment_belongs_to_one_question_of_one_arena_on_one_chain(world: World, other: str) -> None:
    who = world.forecasters[0]
    question = world.open(world.series())
    sealed = commitment(
        world.backend.chain_id + (other == "chain"),
        world.system.addresses.vault if other == "arena" else world.system.addresses.arena,
        question + (other == "question"),
        who.address,
        P,
        SALT,
    )
    send(who, world.system.arena, "commit", question, sealed, WAGER, 0, 0)
    _end_commits(world, question)
    with refused(world, "arena: not the committed forecast"):
        who.reveal(question, who.address, P, SALT)


@pytest.mark.parametrize(
    ("forecast", "reason"),
    [
        ((), "arena: one probability per outcome"),
        ((WAD,), "arena: one probability per outcome"),
        ((3 * 10**17, 3 * 10**17, 4 * 10**17), "arena: one probability per outcome"),
        ((P_MIN - 1, WAD - P_MIN + 1), "arena: probability not in p_min..1"),
        ((WAD - P_MIN + 1, P_MIN - 1), "arena: probability not in p_min..1"),
        ((0, WAD), "arena: probability not in p_min..1"),
        ((WAD + 1, P_MIN), "arena: probability not in p_min..1"),
        ((2**256 - 1, P_MIN), "arena: probability not in p_min..1"),
        ((P[0], P[1] - 1), "arena: probabilities do not sum to 1"),
        ((P[0], P[1] + 1), "arena: probabilities do not sum to 1"),
        ((WAD, WAD), "arena: probabilities do not sum to 1"),
        ((P_MIN, WAD - P_MIN), None),
        ((WAD - P_MIN, P_MIN), None),
    ],
)
def test_a_malformed_forecast_is_no_report_although_it_was_committed(
    world: World, forecast: tuple[int, ...], reason: str | None
) -> None:
    who = world.forecasters[0]
    question = world.open(world.series())
    sealed = _seal(world, who, question, forecast)
    send(who, world.system.arena, "commit", question, sealed, WAGER, 0, 0)
    _end_commits(world, question)
    if reason is None:
        who.reveal(question, who.address, forecast, SALT)
        assert world.system.position(question, who.address).revealed
    else:
        with refused(world, reason):
            who.reveal(question, who.address, forecast, SALT)
        assert not world.system.position(question, who.address).revealed


def test_a_forecast_of_more_than_eight_probabilities_is_not_even_read(world: World, question: int) -> None:
    _end_commits(world, question)
    with refused(world, ""):
        world.stranger.reveal(question, world.forecasters[0].address, [WAD // 9] * 9, SALT)


def test_a_forecast_is_revealed_once(world: World, question: int) -> None:
    who = world.forecasters[0]
    _end_commits(world, question)
    who.reveal(question, who.address, P, SALT)
    with refused(world, "arena: already revealed"):
        who.reveal(question, who.address, P, SALT)


def test_there_is_nothing_to_reveal_for_who_did_not_commit(world: World, question: int) -> None:
    _end_commits(world, question)
    with refused(world, "arena: no position"):
        world.stranger.reveal(question, world.forecasters[1].address, P, SALT)
    for missing in (0, question + 1, 2**256 - 1):
        with refused(world, "arena: question is not open"):
            world.stranger.reveal(missing, world.forecasters[0].address, P, SALT)


def test_nothing_is_revealed_once_a_question_is_resolved_or_void_early(world: World, question: int) -> None:
    who = world.forecasters[0]
    world.governor.void(question)
    _end_commits(world, question)
    with refused(world, "arena: question is not open"):
        world.stranger.reveal(question, who.address, P, SALT)
    second = world.open(1)
    who.commit(second, P, WAGER, SALT)
    world.travel(world.system.question(second).times.resolve_after)
    world.governor.resolve(second, 0)
    with refused(world, "arena: question is not open"):
        world.stranger.reveal(second, who.address, P, SALT)


@pytest.mark.parametrize("outcomes", [2, 3, 4, 5, 8])
def test_a_report_on_any_number_of_outcomes_is_read_back_whole(world: World, outcomes: int) -> None:
    who = world.forecasters[0]
    report = [2 * 10**16 + i for i in range(outcomes - 1)]
    report.append(WAD - sum(report))
    question = world.open(world.series(outcomes=outcomes))
    world.play(question, {0: (report, WAGER)}, outcome=outcomes - 1, settle=False)
    nets = {world.system.arena.call("preview", question, who.address, outcome) for outcome in range(outcomes)}
    assert len(nets) == outcomes  # every probability differs, so every outcome pays another net
    assert world.settle(question, 0) == max(nets)
