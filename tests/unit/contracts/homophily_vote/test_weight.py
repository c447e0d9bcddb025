"""What a vote weighs: stake bonded strictly before the round opened and still there at the reveal."""

from __future__ import annotations

import pytest

from checks import refused
from harness import SALT, TOKENS, World
from headwater.chain import Reverted
from identity_cases import force_map
from vote_cases import Poll, new_poll


def _commit(poll: Poll, voter: int, index: int) -> None:
    poll.vote.contract.send("commit", SALT, index, sender=poll.voters[voter].account)


def _change_stake_often(poll: Poll, times: int) -> None:
    """As if the first voter's stake had changed in so many blocks: its account counts as many checkpoints more."""
    voter, vault = poll.voters[0].address, poll.world.system.vault
    bonded, locked, entries = vault.call("account", voter)
    word = bonded | locked << 96 | (entries + times) << 192 | poll.backend.block_number() << 224
    force_map(poll, vault, [voter], word, lambda: vault.call("account", voter)[2] == entries + times)


def test_stake_bonded_in_the_opening_block_or_later_does_not_vote(poll: Poll) -> None:
    before = poll.stake(0)
    poll.world.travel(poll.vote.next_opening())
    with poll.world.control.block():
        poll.world.forecasters[0].stake(500 * TOKENS)
        poll.stranger.open()
        poll.world.forecasters[1].stake(500 * TOKENS)
    poll.world.forecasters[0].stake(500 * TOKENS)
    index = poll.world.system.stake(poll.voters[0].address).checkpoints - 1
    for later in (index, index - 1):
        with refused(poll, "vote: checkpoint is not older than the round"):
            _commit(poll, 0, later)
    poll.voters[0].commit(2, SALT)
    assert poll.vote.ballot(poll.voters[0].address).weight == before
    poll.to_reveals()
    assert poll.voters[0].reveal(2, SALT) == before


def test_whoever_had_no_stake_before_has_no_vote(poll: Poll) -> None:
    poll.open()
    poll.world.stranger.stake(10**6 // 2 * TOKENS)
    with refused(poll, "vote: checkpoint is not older than the round"):
        poll.vote.contract.send("commit", SALT, 0, sender=poll.stranger.account)


def test_an_account_that_had_left_has_no_vote(poll: Poll) -> None:
    leaver = poll.world.forecasters[0]
    leaver.request_unbond(poll.stake(0))
    poll.open()
    index = poll.world.system.stake(leaver.address).checkpoints - 1
    with refused(poll, "vote: no stake before the round"):
        _commit(poll, 0, index)
    with refused(poll, "vote: a later checkpoint is older than the round"):
        _commit(poll, 0, index - 1)
    with refused(poll, "vault: no such checkpoint"):
        _commit(poll, 0, index + 1)


def test_stake_that_leaves_before_the_reveal_does_not_vote(poll: Poll) -> None:
    poll.open()
    for voter in (0, 1):
        poll.voters[voter].commit(2, SALT)
    kept = 100 * TOKENS
    poll.world.forecasters[0].request_unbond(poll.stake(0) - kept)
    poll.world.forecasters[1].request_unbond(poll.stake(1))
    poll.to_reveals()
    assert poll.voters[0].reveal(2, SALT) == kept == poll.vote.round().revealed
    with refused(poll, "vote: the stake has left"):
        poll.voters[1].reveal(2, SALT)
    # Whoever bonds it again votes with it, for it was there before and is there now.
    poll.world.forecasters[1].stake(70 * TOKENS)
    assert poll.voters[1].reveal(2, SALT) == 70 * TOKENS


def test_stake_handed_on_after_the_opening_votes_for_nobody(poll: Poll) -> None:
    giver, taker = poll.world.forecasters[0], poll.world.stranger
    poll.open()
    poll.voters[0].commit(2, SALT)
    amount = poll.stake(0)
    giver.request_unbond(amount)
    poll.world.travel(poll.world.system.stake(giver.address).ready)
    giver.withdraw_stake()
    giver.transfer(taker.address, amount)
    taker.stake(amount)
    # The world's cooldown is longer than commits and reveals together, so by now the round is over.
    poll.stranger.tally()
    assert poll.vote.round().revealed == 0


def test_a_checkpoint_that_is_overwritten_after_the_commit_still_counts(world: World) -> None:
    poll = new_poll(world)
    poll.open()
    weight = poll.stake(0)
    poll.voters[0].commit(7, SALT)
    index = world.system.stake(poll.voters[0].address).checkpoints - 1
    _change_stake_often(poll, 257)
    with pytest.raises(Reverted) as caught:
        world.system.vault.call("checkpoint", poll.voters[0].address, index)
    assert caught.value.reason == "vault: checkpoint was overwritten"
    poll.to_reveals()
    assert poll.voters[0].reveal(7, SALT) == weight
