"""Lives of an agent that sends transfers, each of which may be cut short anywhere and begun again on the same file."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from headwater.chain import TransactionRejected, TxRequest
from headwater_agents.durable.crash import CrashPoint
from headwater_agents.durable.outbox import DeadlinePassed, KeyInUse, OutboxBackend, State, Unsettled
from outbox_rig import Rig


@dataclass(frozen=True)
class Scenario:
    """What an agent does, what the chain must hold at the end of its last life, and which points it passes.

    `gifts` says how often the first, second, … transfer has to arrive; `foreign` how many of the account's
    transactions are not the outbox's.
    """

    life: Callable[[Rig], None]
    gifts: tuple[int, ...]
    points: tuple[CrashPoint, ...]
    foreign: int = 0


def check(rig: Rig, scenario: Scenario) -> None:
    """One effect of each decision, every entry at its end, no nonce left out, nothing waiting."""
    gifts = [rig.gift() for _ in scenario.gifts]
    assert tuple(rig.received(gift) for gift in gifts) == scenario.gifts
    outbox = rig.outbox()
    assert outbox.unfinished() == []
    assert rig.waiting() == 0
    ended = [entry for entry in outbox._ledger.holding(0) if entry.state not in (State.REFUSED, State.DISPLACED)]
    assert len({entry.nonce for entry in ended}) == len(ended)
    assert len(ended) + scenario.foreign == rig.mined()
    for entry in ended:
        assert entry.tx_hash is not None
        assert rig.node.receipt(entry.tx_hash) is not None
        assert entry.nonce < rig.mined()


def _give(rig: Rig, outbox: OutboxBackend, gift: TxRequest, until: int | None = None) -> None:
    """As an agent does: recover, look at the chain, decide; and so again after every error."""
    for _ in range(6):
        try:
            outbox.recover()
            if rig.received(gift):
                return
            with outbox.until(until):
                outbox.send(gift, rig.account)
        except DeadlinePassed:
            return
        except (Unsettled, KeyInUse):
            continue


def _once(rig: Rig, name: str, deed: Callable[[], object]) -> None:
    """Something that happens to the chain once, however often the agent dies."""
    marker = rig.folder / name
    if not marker.exists():
        deed()
        marker.touch()


def _mine_often(rig: Rig, first: float) -> None:
    for turn in range(20):
        rig.script.at(first + 15 * turn, rig.mine)


def _plain(rig: Rig) -> None:
    outbox = rig.outbox()
    for gift in (rig.gift(), rig.gift()):
        _give(rig, outbox, gift)


def _raised(rig: Rig) -> None:
    rig.automine(False)
    _mine_often(rig, 25)
    _give(rig, rig.outbox(patience=10), rig.gift())


def _cancelled(rig: Rig) -> None:
    rig.automine(False)
    outbox, gift, note = rig.outbox(patience=1000), rig.gift(), rig.folder / "limit"
    if not note.exists():
        note.write_text(str(rig.node.now() + 100))
    limit = int(note.read_text())

    def too_late() -> None:
        waiting = [attempt.raw for entry in outbox.unfinished() for attempt in entry.attempts]
        rig.rpc.request("anvil_dropAllTransactions")
        rig.rpc.request("evm_setNextBlockTimestamp", limit)
        rig.mine()
        for raw in waiting:
            rig.rpc.request("eth_sendRawTransaction", "0x" + raw.hex())

    rig.script.at(1, lambda: _once(rig, "late", too_late))
    _mine_often(rig, 5)
    _give(rig, outbox, gift, limit)


def _refused(rig: Rig) -> None:
    outbox, gift = rig.outbox(patience=5), rig.gift()
    outbox.recover()
    if not (rig.folder / "tried").exists():
        (rig.folder / "tried").touch()
        with suppress(TransactionRejected):
            outbox.send(TxRequest(rig.gift().to, value=10**30, gas=21_000), rig.account)
    _give(rig, outbox, gift)


def _reorganised(rig: Rig) -> None:
    outbox, first, second = rig.outbox(), rig.gift(), rig.gift()
    _give(rig, outbox, first)

    def reorganise() -> None:
        rig.rpc.request("anvil_reorg", 1, [])
        rig.rpc.request("anvil_dropAllTransactions")

    _once(rig, "reorganised", reorganise)
    _give(rig, outbox, second)


def _displaced(rig: Rig) -> None:
    rig.automine(False)
    outbox, gift, theirs = rig.outbox(patience=1000), rig.gift(), rig.gift()

    def overtake() -> None:
        rig.rpc.request("anvil_dropAllTransactions")
        rig.elsewhere(0, theirs)
        rig.mine()

    rig.script.at(2, lambda: _once(rig, "overtaken", overtake))
    _mine_often(rig, 10)
    _give(rig, outbox, gift)


def _gap(rig: Rig) -> None:
    outbox, first, second, theirs = rig.outbox(), rig.gift(), rig.gift(), rig.gift()
    _give(rig, outbox, first)
    _once(rig, "used", lambda: rig.elsewhere(1, theirs))
    _give(rig, outbox, second)

    def reorganise() -> None:
        rig.rpc.request("anvil_reorg", 2, [])
        rig.rpc.request("anvil_dropAllTransactions")

    _once(rig, "reorganised", reorganise)
    _give(rig, outbox, second)


SCENARIOS = {
    "plain": Scenario(
        _plain,
        (1, 1),
        (
            CrashPoint.OUTBOX_DECIDED,
            CrashPoint.OUTBOX_RECORDED,
            CrashPoint.OUTBOX_SENT,
            CrashPoint.OUTBOX_SEEN,
            CrashPoint.OUTBOX_ENDED,
        ),
    ),
    "raised": Scenario(
        _raised, (1,), (CrashPoint.OUTBOX_RAISING, CrashPoint.OUTBOX_RAISED, CrashPoint.OUTBOX_RAISE_SENT)
    ),
    "cancelled": Scenario(
        _cancelled,
        (0,),
        (CrashPoint.OUTBOX_CANCELLING, CrashPoint.OUTBOX_CANCEL_RECORDED, CrashPoint.OUTBOX_CANCEL_SENT),
    ),
    "refused": Scenario(_refused, (1, 0), (CrashPoint.OUTBOX_REFUSED,)),
    "reorganised": Scenario(_reorganised, (1, 1), (CrashPoint.OUTBOX_VANISHED, CrashPoint.OUTBOX_REOPENED)),
    "displaced": Scenario(_displaced, (1, 1), (CrashPoint.OUTBOX_DISPLACED,), foreign=1),
    "gap": Scenario(_gap, (1, 1, 0), (CrashPoint.OUTBOX_FILLING,)),
}
