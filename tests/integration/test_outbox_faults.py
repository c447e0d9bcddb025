"""A node that is down, slow or talks nonsense: nothing is sent twice, nothing is lost, nothing breaks."""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from fault_proxy import (
    Answer,
    Down,
    Error,
    Fault,
    FaultProxy,
    HalfJson,
    Lost,
    Result,
    Send,
    Slow,
    Status,
    Truncated,
    Twice,
    WrongId,
)
from headwater.chain import ChainError, ConnectionFailed, NotMined, TxRequest
from headwater.chain.jsonrpc import JsonRpc
from headwater.units import GWEI
from headwater_agents.durable.outbox import DeadlinePassed, KeyInUse, State
from outbox_rig import Rig, new_rig

SEND = "eth_sendRawTransaction"
LOOK = "eth_getTransactionByHash"
READS = [
    LOOK,
    "eth_getTransactionReceipt",
    "eth_getTransactionCount",
    "eth_getBlockByNumber",
    "eth_getBlockByHash",
]

FAULTS: dict[str, Fault] = {
    "down": Down(),
    "lost": Lost(),
    "twice": Twice(),
    "429": Status(429),
    "429 instead": Status(429, before=True),
    "502": Status(502),
    "html": Status(200),
    "redirect": Status(302),
    "-32000": Error(-32000, "internal error"),
    "-32000 instead": Error(-32000, "internal error", before=True),
    "-32005": Error(-32005, "request rate limited"),
    "-32603 without words": Error(-32603, ""),
    "truncated": Truncated(),
    "half": HalfJson(),
    "wrong id": WrongId(),
    "number": Result(7),
    "text": Result("nonsense"),
    "list": Result([]),
    "object": Result({}),
    "null": Result(None),
}


@pytest.fixture
def rig(anvil: str, tmp_path: Path) -> Iterator[Rig]:
    with new_rig(anvil, tmp_path) as made:
        yield made


@pytest.fixture
def proxy(rig: Rig) -> Iterator[FaultProxy]:
    with FaultProxy(rig.url) as made:
        yield made


def _persist(rig: Rig, name: str, url: str, gift: TxRequest) -> None:
    """Send until it is done, as an agent does: after every error it recovers, looks, and decides anew."""
    outbox = rig.outbox(name, url=url, timeout=20)
    for _ in range(10):
        try:
            outbox.recover()
            if not rig.received(gift):
                outbox.send(gift, rig.account)
        except KeyInUse:
            raise
        except ChainError:
            continue
        else:
            break
    else:
        raise AssertionError("never done")
    assert outbox.unfinished() == []
    assert set(outbox.counts()) == {State.MINED}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
@pytest.mark.parametrize("method", [SEND, *(pytest.param(method, marks=pytest.mark.slow) for method in READS)])
def test_one_bad_answer_anywhere_neither_loses_nor_doubles(
    rig: Rig, proxy: FaultProxy, method: str, fault: Fault
) -> None:
    before, gift = rig.gift(), rig.gift()
    _persist(rig, "bot", proxy.url, before)
    rig.stack.close()
    proxy.add(method, fault)
    _persist(rig, "bot", proxy.url, gift)
    assert proxy.left() == []
    assert (rig.received(before), rig.received(gift), rig.mined()) == (1, 1, 2)


@pytest.mark.parametrize(
    "name",
    [name if name in ("lost", "html", "null") else pytest.param(name, marks=pytest.mark.slow) for name in FAULTS],
)
def test_a_third_of_all_answers_bad_neither_loses_nor_doubles(rig: Rig, proxy: FaultProxy, name: str) -> None:
    draw, fault = random.Random(3), FAULTS[name]

    class Sometimes(Fault):
        def answer(self, request: dict[str, Any], send: Send) -> Answer:
            return fault.answer(request, send) if draw.random() < 1 / 3 else Answer(body=send())

    outbox = rig.outbox(url=proxy.url, timeout=20)
    proxy.always("*", Sometimes())
    gifts = [rig.gift() for _ in range(3)]
    for _ in range(60):
        try:
            outbox.recover()
            todo = [gift for gift in gifts if not rig.received(gift)]
            for gift in todo:
                outbox.send(gift, rig.account)
        except ChainError:
            continue
        if not todo:
            break
    assert [rig.received(gift) for gift in gifts] == [1, 1, 1]


def test_nothing_reaches_a_node_that_is_not_on_disk(rig: Rig, proxy: FaultProxy) -> None:
    """First attempts, dearer ones and cancels: when the node gets bytes, another process can read them in the file."""
    seen: list[bool] = []

    class Reading(Fault):
        def answer(self, request: dict[str, Any], send: Send) -> Answer:
            with closing(sqlite3.connect(rig.folder / "bot.sqlite")) as file:
                kept = {raw for (raw,) in file.execute("SELECT raw FROM outbox_attempts")}
            seen.append(bytes.fromhex(request["params"][0][2:]) in kept)
            return Answer(body=send())

    outbox, gift = rig.outbox(url=proxy.url, patience=10), rig.gift()
    proxy.always(SEND, Reading())
    rig.automine(False)
    limit = rig.node.now() + 100

    def too_late() -> None:
        rig.rpc.request("anvil_dropAllTransactions")
        rig.rpc.request("evm_setNextBlockTimestamp", limit)
        rig.mine()

    rig.script.at(15, too_late)
    rig.script.at(30, rig.mine)
    with pytest.raises(DeadlinePassed), outbox.until(limit):
        outbox.send(gift, rig.account)
    assert [attempt.cancels for attempt in outbox.entry(1).attempts][:3] == [False, False, True]
    assert len(seen) >= 3
    assert all(seen)


def test_what_may_be_somewhere_keeps_its_nonce_although_a_node_refuses_it_now(rig: Rig, proxy: FaultProxy) -> None:
    """The answer to the first broadcast was lost: whatever this node says later, another may have the bytes."""
    outbox, gift, other = rig.outbox(url=proxy.url, timeout=5), rig.gift(), rig.gift()
    rig.automine(False)
    proxy.add(SEND, Lost())
    money = rig.node.balance(rig.account.address)

    def ruin() -> None:
        rig.rpc.request("anvil_dropAllTransactions")
        rig.rpc.request("anvil_setBalance", rig.account.address, "0x0")

    rig.script.at(0.01, ruin)
    with pytest.raises(NotMined, match="unds"):
        outbox.send(gift, rig.account)
    outbox = rig.again(url=proxy.url, timeout=5)
    with pytest.raises(NotMined, match="unds"):
        outbox.recover()
    assert outbox.counts() == {State.OPEN: 1}
    assert "refused" in rig.events()
    rig.rpc.request("anvil_setBalance", rig.account.address, hex(money))
    rig.automine(True)
    rig.rpc.request("eth_sendRawTransaction", "0x" + outbox.entry(1).attempts[0].raw.hex())
    assert outbox.recover().ended[0].state is State.MINED
    outbox.send(other, rig.account)
    assert (rig.received(gift), rig.received(other), rig.mined()) == (1, 1, 2)


def test_an_offer_that_waits_below_the_base_fee_is_raised_above_it_without_patience(
    rig: Rig, proxy: FaultProxy
) -> None:
    """Some nodes keep such a transaction in the pool and say nothing; the blocks tell."""
    outbox, gift = rig.outbox(url=proxy.url, patience=1000), rig.gift()
    rig.automine(False)
    dear = Result(lambda block: {**block, "baseFeePerGas": hex(100 * GWEI)})
    rig.script.at(1, lambda: proxy.always("eth_getBlockByNumber", dear))
    rig.script.at(10, rig.mine)
    outbox.send(gift, rig.account)
    first, second = outbox.entry(1).attempts
    assert first.fees.max_fee < 100 * GWEI < second.fees.max_fee
    assert rig.received(gift) == 1


def test_a_lost_answer_is_not_sent_under_another_nonce(rig: Rig, proxy: FaultProxy) -> None:
    outbox, gift = rig.outbox(url=proxy.url), rig.gift()
    proxy.add(SEND, Lost(), Lost())
    outbox.send(gift, rig.account)
    assert (rig.received(gift), rig.mined(), len(outbox.entry(1).attempts)) == (1, 1, 1)


def test_a_node_that_is_down_longer_than_the_timeout_leaves_the_entry_open(rig: Rig, proxy: FaultProxy) -> None:
    outbox, gift = rig.outbox(url=proxy.url, timeout=0.5), rig.gift()
    outbox.recover()
    proxy.always(SEND, Lost())
    proxy.always(LOOK, Down())
    with pytest.raises(ConnectionFailed):
        outbox.send(gift, rig.account)
    assert [entry.state for entry in outbox.unfinished()] == [State.OPEN]
    with pytest.raises(ConnectionFailed):
        outbox.recover()
    proxy.always(SEND, None)
    proxy.always(LOOK, None)
    (ended,) = outbox.recover().ended
    assert ended.state is State.MINED
    assert (rig.received(gift), rig.mined()) == (1, 1)


def test_a_node_behind_the_others_is_not_believed_at_once(rig: Rig, proxy: FaultProxy) -> None:
    """One of the nodes behind the URL lags by a block: what it does not know yet is neither undone nor displaced."""
    outbox = rig.outbox(url=proxy.url, doubt=3)
    gifts = [rig.gift() for _ in range(4)]
    for gift in gifts:
        outbox.send(gift, rig.account)
        proxy.add(LOOK, Result(None), Result(None))
        proxy.add("eth_getTransactionCount", Result(lambda count: hex(int(count, 16) - 1)))
        proxy.add("eth_getTransactionReceipt", Result(None))
    outbox.recover()
    assert [rig.received(gift) for gift in gifts] == [1, 1, 1, 1]
    assert "reopened" not in rig.events()
    assert not outbox.key_in_use


def test_old_answers_that_come_again_change_nothing(rig: Rig, proxy: FaultProxy) -> None:
    outbox = rig.outbox(url=proxy.url)
    outbox.send(rig.gift(), rig.account)
    old_head = rig.rpc.request("eth_getBlockByNumber", "latest", False)
    outbox.send(rig.gift(), rig.account)
    proxy.add("eth_getBlockByNumber", *[Result(old_head)] * 4)
    gift = rig.gift()
    outbox.send(gift, rig.account)
    assert (rig.received(gift), rig.mined()) == (1, 3)
    assert not outbox.key_in_use


def test_an_answer_that_drips_does_not_hold_a_request_for_ever(rig: Rig, proxy: FaultProxy) -> None:
    rpc = JsonRpc(proxy.url, timeout=0.3)
    proxy.always("eth_blockNumber", Slow(0.1, drip=True))
    began = time.monotonic()
    with pytest.raises(ConnectionFailed, match="in time"):
        rpc.request("eth_blockNumber")
    assert time.monotonic() - began < 3
    rpc.close()


def test_a_slow_answer_to_a_broadcast_is_not_waited_for_and_not_repeated_as_another(
    rig: Rig, proxy: FaultProxy
) -> None:
    outbox, gift = rig.outbox(url=proxy.url), rig.gift()
    outbox.inner._rpc._timeout = 0.3
    proxy.add(SEND, Slow(1.0))
    outbox.send(gift, rig.account)
    assert (rig.received(gift), rig.mined(), len(outbox.entry(1).attempts)) == (1, 1, 1)


@pytest.mark.parametrize("method", ["eth_getTransactionReceipt", "eth_getLogs", "eth_getBlockByNumber"])
@pytest.mark.parametrize("nonsense", [7, "x", [7], {"blockNumber": "0x1"}, {"logs": 3}, True])
def test_nonsense_is_one_of_our_errors_or_nothing(rig: Rig, proxy: FaultProxy, method: str, nonsense: object) -> None:
    outbox = rig.outbox(url=proxy.url)
    tx_hash = outbox.send(rig.gift(), rig.account).tx_hash
    proxy.always(method, Result(nonsense))
    questions = {
        "eth_getTransactionReceipt": lambda: outbox.receipt(tx_hash),
        "eth_getLogs": outbox.get_logs,
        "eth_getBlockByNumber": outbox.now,
    }
    with suppress(ChainError):  # any of ours will do; a traceback will not
        assert questions[method]() is None
