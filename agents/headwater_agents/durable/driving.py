"""Drives one open entry to its end: sends, looks, sends again for more, cancels when it is too late."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from headwater.chain import (
    Account,
    ChainError,
    ConnectionFailed,
    DecodeError,
    NotMined,
    Receipt,
    Reverted,
    RpcError,
    Transaction,
    TransactionRejected,
    TxRequest,
)
from headwater.chain.answers import Sighting
from headwater.chain.errors import AlreadyKnown, NonceRejected, ReplacementUnderpriced, Underpriced
from headwater.chain.rpc import RpcBackend
from headwater_agents.durable.crash import CrashPoint, reach
from headwater_agents.durable.fees import Fees, first_offer, raised_offer
from headwater_agents.durable.ledger import Attempt, Entry, Ledger, State
from headwater_agents.durable.settings import Clock, OutboxConfig, Tell

CANCEL_GAS: Final = 21_000
_DOUBLE: Final = 10_000  # bps; where nobody says what would be enough

HICCUPS: Final = (ConnectionFailed, RpcError, DecodeError)
"""What a node says when it has trouble of its own. Nothing is concluded from it but that one has to ask again."""


@dataclass(slots=True)
class _Course:
    """What is known of an entry in this call, by the monotonic clock. None of it has to survive."""

    offered: float  # when the newest attempt was signed, or taken up again
    sent: dict[str, float] = field(default_factory=dict)  # last broadcast of an attempt
    unsure: set[str] = field(default_factory=set)  # broadcasts without an answer, this one's and former lives'
    doubted: float | None = None  # since when the nonce seems to be another's
    complaint: ChainError | None = None  # what to say if time runs out
    too_low: bool = False  # the newest offer is below what any block or pool takes
    capped: bool = False


class Driver:
    """Everything about one entry that touches the node. See `OutboxConfig` for what decides when."""

    def __init__(
        self, backend: RpcBackend, account: Account, ledger: Ledger, config: OutboxConfig, clock: Clock, tell: Tell
    ) -> None:
        self._backend = backend
        self._account = account
        self._ledger = ledger
        self._config = config
        self._clock = clock
        self._tell = tell
        self.receipt: Receipt | None = None
        """Receipt of what was last seen in a block."""

    def open(self, nonce: int, label: str, request: TxRequest, gas: int, deadline: int | None) -> Entry:
        """Sign a first attempt and keep it; nothing is sent. Raises StateError."""
        base, tip = self._backend.fees()
        attempt = self._sign(nonce, request, gas, first_offer(base, tip, self._config.max_fee_cap), cancels=False)
        reach(CrashPoint.OUTBOX_DECIDED)
        entry = self._ledger.add(nonce, label, request, gas, deadline, attempt)
        reach(CrashPoint.OUTBOX_RECORDED)
        return entry

    def fill(self, nonce: int) -> Entry:
        """An entry that does nothing but use up a nonce which ours wait for."""
        base, tip = self._backend.fees()
        fees = first_offer(base, tip, self._config.max_fee_cap)
        attempt = self._sign(nonce, TxRequest(self._account.address), CANCEL_GAS, fees, cancels=True)
        reach(CrashPoint.OUTBOX_FILLING)
        return self._ledger.add(nonce, "fill a gap", TxRequest(self._account.address), CANCEL_GAS, 0, attempt)

    def drive(self, entry: Entry, *, fresh: bool = False) -> Entry:
        """Send and look until the entry has ended. `fresh` says that no process ever sent it.

        Raises ConnectionFailed if the node is not to be reached for `timeout` seconds, NotMined if anything else stood
        in the way, and StateError; the entry then stays open.
        """
        clock, config = self._clock, self._config
        started = clock.monotonic()
        course = _Course(offered=started)
        if not fresh:
            course.unsure.update(attempt.tx_hash for attempt in entry.attempts)
        pause = config.poll[0]
        while entry.state is State.OPEN:
            try:
                entry = self._step(entry, course, fresh and not course.sent)
            except HICCUPS as error:
                course.complaint = error
            if entry.state is not State.OPEN:
                break
            if clock.monotonic() - started >= config.timeout:
                if isinstance(course.complaint, ConnectionFailed):
                    raise course.complaint
                raise self._not_mined(entry, course) from course.complaint
            clock.sleep(pause)
            pause = min(1.5 * pause, config.poll[1])
        return entry

    def look(self, entry: Entry) -> Entry | None:
        """The entry with its end, if one of its attempts is in a block; else None. Newest attempts first."""
        for attempt in reversed(entry.attempts):
            if (ended := self._seen(entry, attempt, self._backend.look_up(attempt.tx_hash))) is not None:
                return ended
        return None

    def _step(self, entry: Entry, course: _Course, first: bool) -> Entry:
        """One round of looking and, if need be, sending."""
        newest = entry.attempts[-1]
        if first:
            entry = self._broadcast(entry, newest, course)
            if entry.state is not State.OPEN:
                return entry
        sighting = self._backend.look_up(newest.tx_hash)
        if (ended := self._seen(entry, newest, sighting)) is not None:
            return ended
        if sighting is None:
            if (ended := self.look(entry)) is not None:
                return ended
            if self._displaced(entry, course):
                return self._end_displaced(entry)
        if isinstance(course.complaint, HICCUPS):
            course.complaint = None
        head = self._backend.head()
        now = self._clock.monotonic()
        late = entry.deadline is not None and head.timestamp >= entry.deadline
        if late and not newest.cancels:
            return self._offer(entry, course, cancels=True)
        too_low = course.too_low or head.base_fee > newest.fees.max_fee
        if now - course.offered >= (self._config.again if too_low else self._config.patience):
            course.offered = now
            if not newest.refused or self._hopeless(entry):
                return self._offer(entry, course, cancels=newest.cancels or newest.refused)
        if sighting is None and now - course.sent.get(newest.tx_hash, float("-inf")) >= self._config.again:
            return self._broadcast(entry, newest, course)
        return entry

    @staticmethod
    def _hopeless(entry: Entry) -> bool:
        """Whether every attempt was refused, though perhaps not by every node it got to: its nonce must be freed."""
        return all(attempt.refused for attempt in entry.attempts)

    def _seen(self, entry: Entry, attempt: Attempt, sighting: Sighting | None) -> Entry | None:
        if sighting is None or sighting.block_hash is None:
            return None
        receipt = self._backend.receipt(attempt.tx_hash)
        if receipt is None:
            return None  # gone again between two questions
        self.receipt = receipt
        state = State.CANCELLED if attempt.cancels else State.MINED if receipt.status else State.REVERTED
        reach(CrashPoint.OUTBOX_SEEN)
        ended = self._ledger.end(entry, state, attempt.tx_hash, sighting.block_number, sighting.block_hash)
        reach(CrashPoint.OUTBOX_ENDED)
        self._say(str(state), ended, block=sighting.block_number)
        return ended

    def _displaced(self, entry: Entry, course: _Course) -> bool:
        """Whether the nonce is used, for as long as one may doubt it, by none of the attempts."""
        if self._backend.mined_count(self._account.address) <= entry.nonce:
            course.doubted = None
            return False
        now = self._clock.monotonic()
        if course.doubted is None:
            course.doubted = now
            return False
        return now - course.doubted >= self._config.doubt

    def _end_displaced(self, entry: Entry) -> Entry:
        head = self._backend.head()
        reach(CrashPoint.OUTBOX_DISPLACED)
        ended = self._ledger.end(entry, State.DISPLACED, None, head.number, None)
        self._say("displaced", ended)
        return ended

    def _offer(self, entry: Entry, course: _Course, *, cancels: bool) -> Entry:
        """Sign an attempt in place of the newest, for more; keep it, then send it."""
        base, tip = self._backend.fees()
        base = max(base, self._backend.head().base_fee)
        last = Fees(max(a.fees.max_fee for a in entry.attempts), max(a.fees.tip for a in entry.attempts))
        by = max(self._config.raise_bps, _DOUBLE) if course.too_low else self._config.raise_bps
        fees = raised_offer(last, base, tip, self._config.max_fee_cap, by)
        if fees is None:
            if not course.capped:
                self._say("fee cap", entry, max_fee=last.max_fee, base_fee=base)
            course.capped = True
            return entry
        request = TxRequest(self._account.address) if cancels else entry.request
        gas = CANCEL_GAS if cancels else entry.request.gas or 0
        attempt = self._sign(entry.nonce, request, gas, fees, cancels=cancels)
        reach(CrashPoint.OUTBOX_CANCELLING if cancels else CrashPoint.OUTBOX_RAISING)
        entry = self._ledger.attempt(entry, attempt)
        reach(CrashPoint.OUTBOX_CANCEL_RECORDED if cancels else CrashPoint.OUTBOX_RAISED)
        course.offered = self._clock.monotonic()
        self._say("cancelling" if cancels else "raised", entry, max_fee=fees.max_fee, tip=fees.tip)
        entry = self._broadcast(entry, attempt, course)
        reach(CrashPoint.OUTBOX_CANCEL_SENT if cancels else CrashPoint.OUTBOX_RAISE_SENT)
        return entry

    def _broadcast(self, entry: Entry, attempt: Attempt, course: _Course) -> Entry:
        """Hand bytes that are on disk to the node. The entry ends here only if the node will have none of it."""
        course.sent[attempt.tx_hash] = self._clock.monotonic()
        to = self._account.address if attempt.cancels else entry.request.to
        try:
            self._backend.broadcast(attempt.raw, to)
        except AlreadyKnown:
            course.too_low = False
        except (NonceRejected, ReplacementUnderpriced) as error:
            # Ours or another's may have the nonce: looking tells, and outbidding at once would be a war with a twin.
            course.complaint = error
        except Underpriced as error:
            course.complaint, course.too_low = error, True
        except (TransactionRejected, Reverted) as error:
            return self._refused(entry, attempt, course, error)
        except HICCUPS:
            course.unsure.add(attempt.tx_hash)
            raise
        else:
            course.too_low = False
        reach(CrashPoint.OUTBOX_SENT)
        return entry

    def _refused(self, entry: Entry, attempt: Attempt, course: _Course, error: ChainError) -> Entry:
        """Funds, gas limit: no node will take these bytes as things stand. Others of the entry may be under way."""
        if self._backend.look_up(attempt.tx_hash) is not None:
            return entry
        course.complaint = error
        if not attempt.refused:
            reach(CrashPoint.OUTBOX_REFUSED)
            entry = self._ledger.refuse_attempt(entry, attempt)
            self._say("refused", entry, why=str(error))
        if all(each.refused and each.tx_hash not in course.unsure for each in entry.attempts):
            return self._ledger.end(entry, State.REFUSED, None, None, None)
        return entry

    def _sign(self, nonce: int, request: TxRequest, gas: int, fees: Fees, *, cancels: bool) -> Attempt:
        transaction = Transaction(
            chain_id=self._backend.chain_id,
            nonce=nonce,
            max_priority_fee=fees.tip,
            max_fee=fees.max_fee,
            gas=gas,
            to=request.to,
            value=request.value,
            data=request.data,
        )
        signed = self._account.sign_transaction(transaction)
        return Attempt(signed.tx_hash, signed.raw, cancels, fees, self._clock.wall())

    def _not_mined(self, entry: Entry, course: _Course) -> NotMined:
        newest = entry.attempts[-1]
        why = f"; its fees have reached the cap of {self._config.max_fee_cap} wei per gas" if course.capped else ""
        why += f"; {course.complaint}" if course.complaint is not None else ""
        return NotMined(
            f"transaction {newest.tx_hash} ({entry.label}) was not mined in {self._config.timeout:g} s{why}",
            newest.tx_hash,
        )

    def _say(self, event: str, entry: Entry, **more: object) -> None:
        about = {"entry": entry.id, "nonce": entry.nonce, "label": entry.label, "tx_hash": entry.attempts[-1].tx_hash}
        self._tell(event, {**about, **more})
