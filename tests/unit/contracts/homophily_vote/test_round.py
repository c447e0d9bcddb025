"""A round from its opening to the threshold it sets: who may do what when, and what a refusal says."""

from __future__ import annotations

import pytest

from checks import refused
from harness import SALT, TOKENS, World
from headwater.chain import Reverted, deploy, load
from headwater.covenant import CovenantError, ballot_hash, threshold_at
from vote_cases import COMMIT, DELAY, HIGH, LOW, REST, REVEAL, Poll, new_poll

TICKS, INITIAL = 20, 10


def test_a_result_applies_by_itself_a_delay_after_its_tally(poll: Poll) -> None:
    before = threshold_at(INITIAL, TICKS, LOW, HIGH)
    assert poll.vote.threshold() == before
    assert poll.play({0: 3, 1: 3, 2: 3}) == 3
    result, ready = poll.vote.pending()
    assert (result, ready) == (3, poll.backend.block_time(poll.backend.block_number()) + DELAY)
    poll.world.travel(ready - 1)
    assert (poll.vote.tick(), poll.vote.threshold()) == (INITIAL, before)
    poll.world.travel(ready)
    assert (poll.vote.tick(), poll.vote.threshold()) == (3, threshold_at(3, TICKS, LOW, HIGH))


def test_the_next_round_opens_a_rest_after_the_last_result_applies(poll: Poll) -> None:
    poll.play({0: 3, 1: 3, 2: 3})
    _, ready = poll.vote.pending()
    assert poll.vote.next_opening() == ready + REST
    poll.world.travel(ready + REST - 1)
    with refused(poll, "vote: too early for another round"):
        poll.stranger.open()
    poll.world.travel(ready + REST)
    assert poll.stranger.open() == 2
    # The new round starts from what the last one set, and forgets its votes.
    assert poll.vote.tick() == 3
    assert [poll.vote.below(t) for t in (0, 10, TICKS)] == [0, 0, 0]


def test_the_first_round_opens_a_rest_after_the_deployment(poll: Poll) -> None:
    for question in (poll.vote.preview, poll.stranger.tally):
        with pytest.raises(Reverted) as caught:
            question()
        assert caught.value.reason == "vote: no round"
    assert poll.vote.round().number == poll.vote.round().reveal_end == 0
    with refused(poll, "vote: no round"):
        poll.stranger.tally()
    with refused(poll, "vote: no round"):
        poll.vote.contract.send("commit", SALT, 0, sender=poll.voters[0].account)
    poll.world.travel(poll.vote.next_opening() - 1)
    with refused(poll, "vote: too early for another round"):
        poll.stranger.open()
    assert poll.stranger.open() == 1


def test_commits_reveals_and_tally_follow_each_other_without_a_gap(poll: Poll) -> None:
    poll.open()
    now = poll.vote.round()
    opened = poll.backend.block_time(now.opened)
    assert (now.commit_end, now.reveal_end) == (opened + COMMIT, opened + COMMIT + REVEAL)
    poll.voters[0].commit(1, SALT)
    with refused(poll, "vote: commits have not ended"):
        poll.voters[0].reveal(1, SALT)
    poll.world.travel(now.commit_end - 1)
    poll.voters[1].commit(2, SALT)
    with refused(poll, "vote: commits have ended"):
        poll.voters[2].commit(2, SALT)
    poll.voters[0].reveal(1, SALT)
    with refused(poll, "vote: reveals have not ended"):
        poll.stranger.tally()
    with refused(poll, "vote: the last round is not tallied"):
        poll.stranger.open()
    poll.world.travel(now.reveal_end)
    with refused(poll, "vote: reveals have ended"):
        poll.voters[1].reveal(2, SALT)
    poll.stranger.tally()
    with refused(poll, "vote: round is tallied"):
        poll.stranger.tally()
    with refused(poll, "vote: commits have ended"):
        poll.voters[2].commit(2, SALT)


def test_a_vote_is_opened_by_whoever_knows_it_and_only_as_it_was_sealed(poll: Poll) -> None:
    poll.open()
    poll.voters[0].commit(4, SALT)
    poll.to_reveals()
    for tick, salt, voter in ((5, SALT, 0), (4, bytes(32), 0)):
        with refused(poll, "vote: not what was sealed"):
            poll.stranger.reveal(tick, salt, poll.voters[voter].address)
    with refused(poll, "vote: no sealed vote"):
        poll.stranger.reveal(4, SALT, poll.voters[1].address)
    with refused(poll, "vote: no such tick"):
        poll.stranger.reveal(TICKS, SALT, poll.voters[0].address)
    assert poll.stranger.reveal(4, SALT, poll.voters[0].address) == poll.stake(0)
    with refused(poll, "vote: no sealed vote"):
        poll.stranger.reveal(4, SALT, poll.voters[0].address)
    assert poll.vote.ballot(poll.voters[0].address).revealed


def test_a_vote_may_be_sealed_again_and_the_last_one_counts(poll: Poll) -> None:
    poll.open()
    poll.voters[0].commit(4, SALT)
    poll.voters[0].commit(6, SALT)
    poll.to_reveals()
    with refused(poll, "vote: not what was sealed"):
        poll.voters[0].reveal(4, SALT)
    poll.voters[0].reveal(6, SALT)
    assert poll.vote.weights() == {6: poll.stake(0)}


def test_a_seal_is_for_one_round_and_one_voter_and_one_chain(poll: Poll) -> None:
    number = poll.open()
    chain_id, me = poll.backend.chain_id, poll.voters[0].address
    good = ballot_hash(chain_id, poll.vote.address, number, me, 4, SALT)
    assert good == poll.vote.contract.call("commitment_of", number, me, 4, SALT)
    others = (
        ballot_hash(chain_id + 1, poll.vote.address, number, me, 4, SALT),
        ballot_hash(chain_id, poll.world.system.addresses.vault, number, me, 4, SALT),
        ballot_hash(chain_id, poll.vote.address, number + 1, me, 4, SALT),
        ballot_hash(chain_id, poll.vote.address, number, poll.voters[1].address, 4, SALT),
    )
    index = poll.world.system.stake(me).checkpoints - 1
    for seal in others:
        poll.vote.contract.send("commit", seal, index, sender=poll.voters[0].account)
        snapshot = poll.world.control.snapshot()
        poll.to_reveals()
        with refused(poll, "vote: not what was sealed"):
            poll.voters[0].reveal(4, SALT)
        poll.world.control.revert(snapshot)
    # Nor does what was sealed in one round count in the next.
    poll.to_tally()
    poll.stranger.tally()
    poll.open()
    poll.to_reveals()
    with refused(poll, "vote: no sealed vote"):
        poll.voters[0].reveal(4, SALT)


def test_what_nobody_reveals_does_not_count(poll: Poll) -> None:
    assert poll.play({0: 1, 1: 15, 2: 2}, hide=[2]) == 15
    assert poll.vote.round().revealed == poll.stake(0) + poll.stake(1)


def test_a_round_without_votes_changes_nothing(poll: Poll) -> None:
    assert poll.play({}) == INITIAL
    assert poll.vote.round().tallied


def test_an_empty_seal_is_refused(poll: Poll) -> None:
    poll.open()
    with refused(poll, "vote: empty commitment"):
        poll.vote.contract.send("commit", bytes(32), 0, sender=poll.voters[0].account)


def test_the_client_refuses_what_the_contract_would(poll: Poll) -> None:
    poll.open()
    with pytest.raises(CovenantError, match="tick 20 of 20"):
        poll.voters[0].commit(TICKS, SALT)
    with pytest.raises(CovenantError, match="no stake bonded before round 1"):
        poll.stranger.commit(3, SALT)
    with pytest.raises(CovenantError, match="32 bytes"):
        poll.voters[0].commit(3, b"short")
    with pytest.raises(Reverted):
        poll.vote.contract.call("threshold_of", TICKS)
    with pytest.raises(Reverted):
        poll.vote.contract.call("below", TICKS + 1)


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        (0, "0x" + "00" * 20, "vote: zero address"),
        (2, 512 * 10**9 + 1, "vote: upper rail above 512e9"),
        (2, LOW + 18, "vote: rails too close for the ticks"),
        (3, 1, "vote: ticks not in 2..256"),
        (3, 257, "vote: ticks not in 2..256"),
        (4, 20, "vote: no such tick"),
        (5, 0, "vote: period not in 1 s..90 days"),
        (6, 90 * 86_400 + 1, "vote: period not in 1 s..90 days"),
        (7, 0, "vote: period not in 1 s..90 days"),
        (8, 0, "vote: period not in 1 s..90 days"),
        (9, 0, "vote: quorum not in 1..10000 bps"),
        (9, 10_001, "vote: quorum not in 1..10000 bps"),
    ],
)
def test_a_deployment_outside_the_rails_is_refused(world: World, name: int, value: object, reason: str) -> None:
    args: list[object] = [world.system.addresses.vault, LOW, HIGH, 20, 10, COMMIT, REVEAL, DELAY, REST, 2_000]
    deploy(world.backend, load("HomophilyVote"), *args, sender=world.governor.account)
    args[name] = value
    with pytest.raises(Reverted) as caught:
        deploy(world.backend, load("HomophilyVote"), *args, sender=world.governor.account)
    assert caught.value.reason == reason


def test_the_rails_and_rules_are_read_as_deployed(poll: Poll) -> None:
    rules = poll.vote.rules()
    assert (rules.low, rules.high, rules.ticks, rules.quorum_bps) == (LOW, HIGH, TICKS, 2_000)
    assert (rules.commit_period, rules.reveal_period, rules.delay, rules.rest) == (COMMIT, REVEAL, DELAY, REST)
    shown = [int(poll.vote.contract.call("threshold_of", t)) for t in range(TICKS)]
    assert shown == [rules.threshold(t) for t in range(TICKS)]
    assert (shown[0], shown[-1]) == (LOW, HIGH)
    assert [rules.nearest(threshold) for threshold in shown] == list(range(TICKS))
    assert rules.nearest(0) == 0


def test_the_quorum_is_a_share_of_what_the_vault_owes_at_the_opening(poll: Poll) -> None:
    held = int(poll.world.system.vault.call("owed"))
    poll.open()
    poll.world.stranger.stake(1_000 * TOKENS)
    assert poll.vote.round().quorum == poll.vote.rules().quorum(held) == held * 2_000 // 10_000


def test_with_an_empty_vault_a_round_still_needs_a_wei(world: World) -> None:
    for forecaster in world.forecasters:
        forecaster.request_unbond(world.system.stake(forecaster.address).bonded)
        world.travel(world.system.stake(forecaster.address).ready)
        forecaster.withdraw_stake()
    poll = new_poll(world)
    poll.open()
    assert poll.vote.round().quorum == 1
    poll.to_tally()
    assert poll.stranger.tally() == INITIAL
