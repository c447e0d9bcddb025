"""What the chain undoes is sent again, byte for byte; what others do with the key is noticed; no nonce stays stuck."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from fault_proxy import FaultProxy, Result
from headwater.chain import NotMined, TxRequest, local_control
from headwater_agents.durable.database import Database, StateError
from headwater_agents.durable.outbox import KeyInUse, State, Unsettled
from outbox_rig import Rig, new_rig


@pytest.fixture
def rig(anvil: str, tmp_path: Path) -> Iterator[Rig]:
    with new_rig(anvil, tmp_path) as made:
        yield made


def _reorganise(rig: Rig, depth: int) -> None:
    """Other blocks, empty ones, in place of the newest; what was in them waits nowhere."""
    rig.rpc.request("anvil_reorg", depth, [])
    rig.rpc.request("anvil_dropAllTransactions")


def test_what_a_reorganisation_undid_is_sent_again_byte_for_byte(rig: Rig) -> None:
    outbox = rig.outbox()
    gifts = [rig.gift() for _ in range(3)]
    hashes = [outbox.send(gift, rig.account).tx_hash for gift in gifts]
    _reorganise(rig, 2)
    assert [rig.received(gift) for gift in gifts] == [1, 0, 0]
    ended = outbox.recover().ended
    assert [entry.tx_hash for entry in ended] == hashes[1:]
    assert {entry.state for entry in ended} == {State.MINED}
    assert [rig.received(gift) for gift in gifts] == [1, 1, 1]
    assert rig.mined() == 3
    assert outbox.recover().ended == ()


def test_nothing_new_is_sent_on_top_of_what_a_reorganisation_undid(rig: Rig) -> None:
    outbox, gift, other = rig.outbox(), rig.gift(), rig.gift()
    outbox.send(gift, rig.account)
    _reorganise(rig, 1)
    with pytest.raises(Unsettled, match="decide anew"):
        outbox.send(other, rig.account)
    assert outbox.recover().ended[0].state is State.MINED
    outbox.send(other, rig.account)
    assert (rig.received(gift), rig.received(other)) == (1, 1)


def test_what_only_moved_to_another_block_is_noted_there(rig: Rig) -> None:
    outbox, gift = rig.outbox(), rig.gift()
    outbox.send(gift, rig.account)
    before = outbox.entry(1).block_hash
    raw = "0x" + outbox.entry(1).attempts[0].raw.hex()
    rig.mine()
    rig.rpc.request("anvil_reorg", 2, [[raw, 1]])
    (moved,) = outbox.recover().ended
    assert moved.state is State.MINED
    assert moved.block_hash != before
    assert rig.received(gift) == 1


def test_what_is_deep_enough_is_not_watched_any_longer(rig: Rig) -> None:
    outbox = rig.outbox(confirmations=3)
    outbox.send(rig.gift(), rig.account)
    assert len(outbox._ledger.watched()) == 1
    rig.node.mine(3)
    outbox.recover()
    assert outbox._ledger.watched() == []


def test_a_reorganisation_deeper_than_what_is_watched_is_mended_too(rig: Rig) -> None:
    outbox, gift = rig.outbox(confirmations=1), rig.gift()
    outbox.send(gift, rig.account)
    rig.node.mine(3)
    outbox.recover()
    assert outbox._ledger.watched() == []
    _reorganise(rig, 4)
    assert rig.received(gift) == 0
    with pytest.raises(Unsettled):
        outbox.send(rig.gift(), rig.account)
    outbox.recover()
    assert (rig.received(gift), rig.mined()) == (1, 1)


def test_what_was_undone_and_replaced_while_the_agent_was_down_is_noticed_however_deep(rig: Rig) -> None:
    outbox, gift, theirs = rig.outbox(confirmations=2), rig.gift(), rig.gift()
    outbox.send(gift, rig.account)
    rig.rpc.request("anvil_reorg", 1, [])
    rig.rpc.request("anvil_dropAllTransactions")
    rig.elsewhere(0, theirs)
    rig.node.mine(10)
    outbox = rig.again(confirmations=2)
    recovery = outbox.recover()
    assert recovery.key_in_use
    assert [entry.state for entry in recovery.ended] == [State.DISPLACED]
    assert (rig.received(gift), rig.received(theirs)) == (0, 1)


def test_a_node_that_has_forgotten_an_old_transaction_is_not_taken_for_one_that_undid_it(rig: Rig) -> None:
    with FaultProxy(rig.url) as proxy:
        outbox = rig.outbox(confirmations=100, url=proxy.url)
        outbox.send(rig.gift(), rig.account)
        proxy.always("eth_getTransactionByHash", Result(None))
        proxy.always("eth_getTransactionReceipt", Result(None))
        assert outbox.recover().ended == ()
    assert outbox.counts() == {State.MINED: 1}


def test_what_a_reorganisation_undid_past_its_limit_is_cancelled(rig: Rig) -> None:
    outbox, gift = rig.outbox(), rig.gift()
    limit = rig.node.now() + 50
    with outbox.until(limit):
        outbox.send(gift, rig.account)
    _reorganise(rig, 1)
    rig.rpc.request("evm_setNextBlockTimestamp", limit + 1)
    rig.mine()
    (entry,) = outbox.recover().ended
    assert entry.state is State.CANCELLED
    assert (rig.received(gift), rig.mined()) == (0, 1)


def test_what_the_nodes_memory_lost_is_sent_again(rig: Rig) -> None:
    outbox, gift = rig.outbox(patience=1000), rig.gift()
    rig.automine(False)
    rig.script.at(2, lambda: rig.rpc.request("anvil_dropAllTransactions"))
    rig.script.at(10, rig.mine)
    outbox.send(gift, rig.account)
    assert rig.received(gift) == 1
    assert len(outbox.entry(1).attempts) == 1


def test_another_transaction_under_our_nonce_is_noticed_and_ours_is_never_mined(rig: Rig) -> None:
    outbox, gift, theirs = rig.outbox(patience=1000, doubt=3), rig.gift(), rig.gift()
    rig.automine(False)

    def overtake() -> None:
        rig.rpc.request("anvil_dropAllTransactions")
        rig.elsewhere(0, theirs)
        rig.mine()

    rig.script.at(2, overtake)
    with pytest.raises(KeyInUse, match="took nonce 0"):
        outbox.send(gift, rig.account)
    assert outbox.key_in_use
    assert outbox.counts() == {State.DISPLACED: 1}
    rig.automine(True)
    reveal = rig.gift()
    outbox.send(reveal, rig.account)  # promises are kept
    assert [rig.received(each) for each in (gift, theirs, reveal)] == [0, 1, 1]


def test_a_key_used_between_two_of_ours_is_told_once_before_anything_is_sent(rig: Rig) -> None:
    outbox, wager = rig.outbox(), rig.gift()
    outbox.send(rig.gift(), rig.account)
    rig.elsewhere(1, rig.gift())
    with pytest.raises(KeyInUse, match="1 transactions that are not in this agent's file"):
        outbox.send(wager, rig.account)
    assert rig.received(wager) == 0
    outbox.send(wager, rig.account)
    rig.elsewhere(3, rig.gift())
    outbox.send(rig.gift(), rig.account)
    assert rig.received(wager) == 1
    assert rig.mined() == 5


def test_a_key_used_while_the_agent_was_down_is_told_by_recover(rig: Rig) -> None:
    rig.outbox().send(rig.gift(), rig.account)
    rig.elsewhere(1, rig.gift())
    outbox = rig.again()
    assert outbox.recover().key_in_use
    outbox.send(rig.gift(), rig.account)
    outbox = rig.again()
    assert not outbox.recover().key_in_use


def test_a_key_used_before_the_files_first_transaction_is_nobodys_business(rig: Rig) -> None:
    rig.elsewhere(0, rig.gift())
    rig.elsewhere(1, rig.gift())
    outbox, gift = rig.outbox(), rig.gift()
    assert not outbox.recover().key_in_use
    outbox.send(gift, rig.account)
    assert rig.received(gift) == 1


def test_a_displaced_transaction_whose_displacer_is_undone_is_cancelled_not_sent(rig: Rig) -> None:
    outbox, gift, theirs = rig.outbox(patience=1000), rig.gift(), rig.gift()
    rig.automine(False)

    def overtake() -> None:
        rig.rpc.request("anvil_dropAllTransactions")
        rig.elsewhere(0, theirs)
        rig.mine()

    rig.script.at(2, overtake)
    with pytest.raises(KeyInUse):
        outbox.send(gift, rig.account)
    rig.automine(True)
    later = rig.gift()
    outbox.send(later, rig.account)
    _reorganise(rig, 2)
    outbox.recover()
    assert outbox.counts() == {State.CANCELLED: 1, State.MINED: 1}
    assert [rig.received(each) for each in (gift, theirs, later)] == [0, 0, 1]
    assert rig.mined() == 2


def test_a_nonce_below_ours_that_became_nobodys_is_filled(rig: Rig) -> None:
    outbox, theirs, gift = rig.outbox(), rig.gift(), rig.gift()
    outbox.send(rig.gift(), rig.account)
    rig.elsewhere(1, theirs)
    with pytest.raises(KeyInUse):
        outbox.send(gift, rig.account)
    outbox.send(gift, rig.account)
    _reorganise(rig, 2)
    outbox.recover()
    assert (rig.received(theirs), rig.received(gift), rig.mined()) == (0, 1, 3)
    assert "gap" in rig.events()


def test_strangers_that_wait_at_the_start_are_waited_for_and_then_overtaken(rig: Rig) -> None:
    rig.automine(False)
    theirs, gift = rig.gift(), rig.gift()
    rig.elsewhere(0, theirs, max_fee=2 * 10**9)
    outbox = rig.outbox(patience=10)
    outbox.recover()
    assert rig.script.time >= 10
    assert "strangers" in rig.events()
    rig.script.at(rig.script.time + 30, rig.mine)
    outbox.send(gift, rig.account)
    assert (rig.received(theirs), rig.received(gift), rig.mined()) == (0, 1, 1)


def test_strangers_that_are_mined_while_they_are_waited_for_keep_their_nonces(rig: Rig) -> None:
    rig.automine(False)
    theirs, gift = rig.gift(), rig.gift()
    rig.elsewhere(0, theirs)
    rig.script.at(3, rig.mine)
    outbox = rig.outbox(patience=10)
    outbox.recover()
    assert rig.script.time < 10
    rig.automine(True)
    outbox.send(gift, rig.account)
    assert (rig.received(theirs), rig.received(gift)) == (1, 1)


def test_a_second_copy_on_the_same_file_is_refused_and_told_why(rig: Rig) -> None:
    rig.outbox()
    with pytest.raises(StateError, match="held by another process: is this agent running already"):
        Database(rig.folder / "bot.sqlite", {"address": rig.account.address})


def test_two_files_with_one_key_send_each_thing_once_at_most_and_one_is_told(rig: Rig) -> None:
    """Both take the same nonce: one is mined, the other's is displaced, nobody outbids the other without end."""
    rig.automine(False)
    first = rig.outbox("first", patience=20, timeout=2)
    second = rig.outbox("second", patience=20)
    gift, same = rig.gift(), rig.gift()
    with pytest.raises(NotMined):
        first.send(gift, rig.account)
    rig.script.at(rig.script.time + 2, rig.mine)
    with pytest.raises(KeyInUse, match="took nonce 0"):
        second.send(same, rig.account)
    (entry,) = first.recover().ended
    assert entry.state is State.MINED
    assert len(entry.attempts) == 1
    assert (rig.received(gift), rig.received(same), rig.mined()) == (1, 0, 1)


def test_a_file_is_held_against_its_chain_not_only_the_chains_number(rig: Rig) -> None:
    """A chain that begins anew, as development chains do, gets nothing that was meant for the one before."""
    (stranger,) = local_control(rig.node).dev_accounts(1)
    for _ in range(5):  # not empty, for an empty block that is made again may be the same block
        rig.node.send(TxRequest(to=rig.account.address, value=1), stranger)
    outbox = rig.outbox(confirmations=2)
    hashes = [outbox.send(rig.gift(), rig.account).tx_hash for _ in range(2)]
    _reorganise(rig, 7)
    for start in (lambda: outbox, lambda: rig.again(confirmations=2)):
        again = start()
        with pytest.raises(StateError, match="Choose another file, or the node of that chain"):
            again.send(rig.gift(), rig.account)
        with pytest.raises(StateError, match=r"has no such block"):
            again.recover()
    assert rig.mined() == 0
    assert all(rig.node.look_up(tx_hash) is None for tx_hash in hashes)


def test_a_chain_is_known_by_a_later_block_as_time_passes(rig: Rig) -> None:
    outbox = rig.outbox(confirmations=2)
    outbox.send(rig.gift(), rig.account)
    before = outbox._ledger.anchor()
    rig.node.mine(100)
    outbox.recover()
    after = outbox._ledger.anchor()
    assert before is not None
    assert after is not None
    assert after[0] == rig.node.block_number() - 2 > before[0] + 90
    assert after[1] == rig.node.block_hash(after[0])


def test_a_limit_that_passes_while_the_agent_is_down_cancels_at_the_start(rig: Rig) -> None:
    rig.automine(False)
    gift = rig.gift()
    outbox = rig.outbox(timeout=2)
    limit = rig.node.now() + 50
    with pytest.raises(NotMined), outbox.until(limit, "commit"):
        outbox.send(gift, rig.account)
    rig.rpc.request("anvil_dropAllTransactions")
    rig.rpc.request("evm_setNextBlockTimestamp", limit)
    rig.mine()
    rig.automine(True)
    (entry,) = rig.again().recover().ended
    assert (entry.state, entry.label) == (State.CANCELLED, "commit")
    assert (rig.received(gift), rig.mined()) == (0, 1)


def test_threads_take_turns_and_each_has_its_own_limit(rig: Rig) -> None:
    outbox = rig.outbox()
    now = rig.node.now()
    gifts = [[rig.gift() for _ in range(4)] for _ in range(3)]

    def send(limit: int | None, batch: list[TxRequest]) -> None:
        with outbox.until(limit):
            for gift in batch:
                outbox.send(gift, rig.account)

    limits = [None, now + 10_000, now + 20_000]
    with ThreadPoolExecutor(3) as pool:
        for done in [pool.submit(send, limit, batch) for limit, batch in zip(limits, gifts, strict=True)]:
            done.result(timeout=60)
    assert all(rig.received(gift) == 1 for batch in gifts for gift in batch)
    assert rig.mined() == 12
    entries = [outbox.entry(number) for number in range(1, 13)]
    assert sorted(entry.nonce for entry in entries) == list(range(12))
    for limit, batch in zip(limits, gifts, strict=True):
        targets = {gift.to for gift in batch}
        assert {entry.deadline for entry in entries if entry.request.to in targets} == {limit}
