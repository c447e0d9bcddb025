"""Of all that was ever signed for an entry one is mined: dear blocks, full pools, limits of time."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from headwater.chain import NotMined, Reverted, TransactionRejected, TxRequest, connect, deploy, load
from headwater.units import GWEI
from headwater_agents.durable.outbox import DeadlinePassed, State, Unsettled
from outbox_rig import Rig, new_rig

SOURCES = Path(__file__).resolve().parents[1] / "unit" / "protocol" / "chain_contracts"


@pytest.fixture
def rig(anvil: str, tmp_path: Path) -> Iterator[Rig]:
    with new_rig(anvil, tmp_path) as made:
        yield made


def test_what_is_not_mined_in_time_is_sent_again_for_more_and_mined_once(rig: Rig) -> None:
    outbox, gift = rig.outbox(patience=10), rig.gift()
    rig.automine(False)
    rig.script.at(25, rig.mine)
    receipt = outbox.send(gift, rig.account)
    rig.mine()
    assert rig.received(gift) == 1
    assert rig.events() == ["raised", "raised", "mined"]
    fees = [attempt.fees for attempt in outbox.entry(1).attempts]
    assert len({attempt.tx_hash for attempt in outbox.entry(1).attempts}) == 3
    assert receipt.tx_hash == outbox.entry(1).attempts[-1].tx_hash
    for before, after in pairwise(fees):
        assert after.max_fee * 1000 >= before.max_fee * 1125
        assert after.tip * 1000 >= before.tip * 1125


def test_an_earlier_attempt_that_is_mined_after_all_counts(rig: Rig) -> None:
    outbox, gift = rig.outbox(patience=10), rig.gift()
    rig.automine(False)

    def mine_the_first() -> None:
        first = outbox.entry(1).attempts[0]
        rig.rpc.request("anvil_dropAllTransactions")
        rig.rpc.request("eth_sendRawTransaction", "0x" + first.raw.hex())
        rig.mine()

    rig.script.at(15, mine_the_first)
    receipt = outbox.send(gift, rig.account)
    assert receipt.tx_hash == outbox.entry(1).attempts[0].tx_hash
    assert rig.received(gift) == 1
    assert len(outbox.entry(1).attempts) == 2


def test_a_spike_of_the_base_fee_is_followed_without_waiting_for_patience(rig: Rig) -> None:
    outbox, gift = rig.outbox(patience=1000, timeout=500), rig.gift()
    rig.automine(False)

    def spike() -> None:
        rig.rpc.request("anvil_setNextBlockBaseFeePerGas", hex(100 * GWEI))
        rig.mine()

    rig.script.at(1, spike)
    rig.script.at(10, rig.mine)
    outbox.send(gift, rig.account)
    assert rig.script.time < 20
    assert rig.received(gift) == 1
    assert outbox.entry(1).attempts[-1].fees.max_fee > 100 * GWEI


def test_a_fee_that_the_coming_block_refuses_is_doubled_until_it_is_taken(rig: Rig) -> None:
    outbox, gift = rig.outbox(patience=1000, timeout=500), rig.gift()
    outbox.inner.fees()
    rig.rpc.request("anvil_setNextBlockBaseFeePerGas", hex(40 * GWEI))
    outbox.send(gift, rig.account)
    assert rig.script.time < 60
    assert rig.received(gift) == 1


def test_no_more_than_the_cap_is_offered_and_the_error_says_so(rig: Rig) -> None:
    outbox, gift = rig.outbox(patience=5, timeout=60, max_fee_cap=5 * GWEI), rig.gift()
    rig.automine(False)
    rig.rpc.request("anvil_setNextBlockBaseFeePerGas", hex(100 * GWEI))
    rig.mine()
    with pytest.raises(NotMined, match=r"its fees have reached the cap of 5000000000 wei per gas"):
        outbox.send(gift, rig.account)
    assert max(a.fees.max_fee for a in outbox.entry(1).attempts) <= 5 * GWEI
    assert rig.events().count("fee cap") == 1
    rig.rpc.request("anvil_setNextBlockBaseFeePerGas", hex(GWEI))
    rig.mine()
    rig.script.at(rig.script.time + 1, rig.mine)
    (ended,) = outbox.recover().ended
    assert ended.state is State.MINED
    assert rig.received(gift) == 1


def test_what_is_too_late_is_cancelled_and_its_nonce_used_up(rig: Rig) -> None:
    outbox, gift = rig.outbox(patience=1000), rig.gift()
    rig.automine(False)
    limit = rig.node.now() + 100

    def too_late() -> None:
        # A block in which ours has no room, past the limit.
        raw = "0x" + outbox.entry(1).attempts[0].raw.hex()
        rig.rpc.request("anvil_dropAllTransactions")
        rig.rpc.request("evm_setNextBlockTimestamp", limit)
        rig.mine()
        rig.rpc.request("eth_sendRawTransaction", raw)

    rig.script.at(1, too_late)
    rig.script.at(5, rig.mine)
    with pytest.raises(DeadlinePassed, match="gift cancelled"), outbox.until(limit, "gift"):
        outbox.send(gift, rig.account)
    assert rig.received(gift) == 0
    assert rig.mined() == 1
    rig.automine(True)
    other = rig.gift()
    outbox.send(other, rig.account)
    assert rig.received(other) == 1
    assert outbox.counts() == {State.CANCELLED: 1, State.MINED: 1}


def test_the_original_that_is_mined_before_its_cancel_counts(rig: Rig) -> None:
    outbox, gift = rig.outbox(patience=1000), rig.gift()
    rig.automine(False)
    limit = rig.node.now() + 100

    def too_late() -> None:
        rig.rpc.request("anvil_dropAllTransactions")
        rig.rpc.request("evm_setNextBlockTimestamp", limit)
        rig.mine()

    def original_first() -> None:
        rig.rpc.request("anvil_dropAllTransactions")
        rig.rpc.request("eth_sendRawTransaction", "0x" + outbox.entry(1).attempts[0].raw.hex())
        rig.mine()

    rig.script.at(1, too_late)
    rig.script.at(5, original_first)
    with outbox.until(limit):
        receipt = outbox.send(gift, rig.account)
    assert [attempt.cancels for attempt in outbox.entry(1).attempts] == [False, True]
    assert receipt.tx_hash == outbox.entry(1).attempts[0].tx_hash
    assert rig.received(gift) == 1


def test_what_is_too_late_before_it_is_sent_is_not_sent(rig: Rig) -> None:
    outbox, gift = rig.outbox(), rig.gift()
    with pytest.raises(DeadlinePassed, match="not sent"), outbox.until(rig.node.now()):
        outbox.send(gift, rig.account)
    assert outbox.counts() == {}
    assert rig.mined() == 0
    outbox.send(gift, rig.account)
    assert rig.received(gift) == 1


def test_a_limit_holds_within_its_block_and_no_longer(rig: Rig) -> None:
    outbox = rig.outbox()
    now = rig.node.now()
    with outbox.until(now + 1000, "outer"):
        with pytest.raises(DeadlinePassed), outbox.until(now - 1, "inner"):
            outbox.send(rig.gift(), rig.account)
        outbox.send(rig.gift(), rig.account)
    outbox.send(rig.gift(), rig.account)
    assert [outbox.entry(n).deadline for n in (1, 2)] == [now + 1000, None]
    assert outbox.entry(1).label == "outer"


def test_what_the_node_refuses_for_want_of_money_is_over_and_its_nonce_free(rig: Rig) -> None:
    outbox = rig.outbox()
    with pytest.raises(TransactionRejected, match="refused"):
        outbox.send(TxRequest(rig.gift().to, value=10**30, gas=21_000), rig.account)
    assert outbox.counts() == {State.REFUSED: 1}
    gift = rig.gift()
    outbox.send(gift, rig.account)
    assert (rig.received(gift), rig.mined()) == (1, 1)


def test_nothing_is_sent_while_an_earlier_ones_end_is_open(rig: Rig) -> None:
    outbox, first, second = rig.outbox(timeout=5), rig.gift(), rig.gift()
    rig.automine(False)
    with pytest.raises(NotMined):
        outbox.send(first, rig.account)
    with pytest.raises(Unsettled, match="recover"):
        outbox.send(second, rig.account)
    assert rig.waiting() == 1
    rig.script.at(rig.script.time + 1, rig.mine)
    assert [entry.state for entry in outbox.recover().ended] == [State.MINED]
    rig.automine(True)
    outbox.send(second, rig.account)
    assert (rig.received(first), rig.received(second)) == (1, 1)


def test_a_contract_is_deployed_called_and_its_refusal_has_a_reason(rig: Rig) -> None:
    outbox = rig.outbox()
    probe, _ = deploy(outbox, load("Probe", SOURCES), rig.account, 2, sender=rig.account)
    assert probe.send("store", 7, sender=rig.account).status == 1
    assert probe.call("value") == 7
    with pytest.raises(Reverted, match="probe: refused") as caught:
        probe.send("refuse", 3, sender=rig.account, gas=200_000)
    assert caught.value.receipt is not None
    with pytest.raises(Reverted, match="probe: refused") as caught:
        probe.send("refuse", 3, sender=rig.account)
    assert caught.value.receipt is None
    assert outbox.counts() == {State.MINED: 2, State.REVERTED: 1}


def test_a_wall_clock_that_jumps_moves_neither_patience_nor_limits(rig: Rig) -> None:
    wall = iter((1e12, -1e9, 0.0, 5e9, 1.0))
    clock = rig.script.clock()
    jumping = type(clock)(monotonic=clock.monotonic, sleep=clock.sleep, wall=lambda: next(wall))
    outbox, gift = rig.outbox(clock=jumping, patience=10), rig.gift()
    rig.automine(False)
    rig.script.at(25, rig.mine)
    with outbox.until(connect(rig.url).now() + 100):
        outbox.send(gift, rig.account)
    assert rig.received(gift) == 1
    assert rig.events() == ["raised", "raised", "mined"]
