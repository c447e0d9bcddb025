"""Borrowed stake: what it takes to vote with it, and what it does. The first attack works, for its price."""

from __future__ import annotations

from checks import refused
from harness import CONFIG, SALT, TOKENS, World
from headwater.covenant import Voter
from vote_cases import COMMIT, DELAY, REST, REVEAL, Poll, new_poll

LOAN = 100_000 * TOKENS
HONEST = 19
"""Where the three stakers with 10,000 tokens each want it."""


def _vote(poll: Poll, attacker: Voter | None) -> int:
    for voter in range(3):
        poll.voters[voter].commit(HONEST, SALT)
    if attacker is not None:
        attacker.commit(0, SALT)
    poll.to_reveals()
    for voter in range(3):
        poll.voters[voter].reveal(HONEST, SALT)
    if attacker is not None:
        attacker.reveal(0, SALT)
    return poll.vote.preview()


def test_a_majority_bonded_one_block_before_it_opens_the_round_sets_the_threshold(world: World) -> None:
    """Not prevented. It has to stay bonded until its reveal, and then for the vault's cooldown."""
    poll, borrower = new_poll(world), world.stranger
    attacker = Voter(poll.vote, borrower.account)
    world.travel(poll.vote.next_opening() - 1)
    start = world.backend.now()
    borrower.stake(LOAN)
    attacker.open()
    assert _vote(poll, attacker) == 0
    borrower.request_unbond(LOAN)
    world.travel(world.system.stake(borrower.address).ready)
    borrower.withdraw_stake()
    assert world.backend.now() - start >= COMMIT + CONFIG.cooldown
    # And everybody has REVEAL and DELAY to see it coming; agreements registered till then keep the old threshold.
    poll.to_tally()
    assert poll.stranger.tally() == 0
    assert poll.vote.pending()[1] - start >= COMMIT + REVEAL + DELAY


def test_stake_borrowed_once_the_round_is_open_changes_nothing(world: World) -> None:
    poll, borrower = new_poll(world), world.stranger
    poll.open()
    borrower.stake(LOAN)
    with refused(poll, "vote: checkpoint is not older than the round"):
        poll.vote.contract.send("commit", SALT, 0, sender=borrower.account)
    assert _vote(poll, None) == HONEST


def test_a_loan_that_goes_back_before_the_reveal_votes_for_nobody(world: World) -> None:
    poll, borrower = new_poll(world), world.stranger
    attacker = Voter(poll.vote, borrower.account)
    borrower.stake(LOAN)
    poll.open()
    attacker.commit(0, SALT)
    borrower.request_unbond(LOAN)
    poll.to_reveals()
    with refused(poll, "vote: the stake has left"):
        attacker.reveal(0, SALT)
    poll.to_tally()


def test_late_stake_that_only_raises_the_quorum_moves_it_by_less_than_voting_would(world: World) -> None:
    """Whoever bonds in the opening block cannot vote, but raises the quorum, which holds the threshold as it was."""
    poll = new_poll(world, quorum_bps=2_000)
    world.travel(poll.vote.next_opening())
    held = world.system.vault.call("owed")
    with world.control.block():
        world.stranger.stake(LOAN)
        poll.stranger.open()
    assert poll.vote.round().quorum == (held + LOAN) * 2_000 // 10_000
    # 26,000 tokens of quorum against 30,000 that vote: they move it still.
    assert _vote(poll, None) == HONEST


def test_rounds_cannot_follow_each_other_faster_than_their_rest(world: World) -> None:
    poll = new_poll(world)
    first = world.backend.now()
    for _ in range(2):
        poll.play({0: 1, 1: 1, 2: 1})
    poll.open()
    assert world.backend.now() - first >= 2 * (COMMIT + REVEAL + DELAY + REST)
