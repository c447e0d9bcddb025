"""The HomophilyVote: a twin of its arithmetic, and typed clients, `HomophilyVote` that reads and `Voter` that writes.

threshold(t) = low + floor((high − low)·t / (ticks − 1))
result       = the smallest t with 2·(weight at or below t) ≥ max(revealed, quorum)

where what is missing to the quorum votes for the tick as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from eth_hash.auto import keccak

from headwater.chain.accounts import Account
from headwater.chain.artifacts import load
from headwater.chain.backend import Receipt
from headwater.chain.client import Contract
from headwater.chain.codec import encode
from headwater.chain.system import System
from headwater.covenant.errors import CovenantError

MAX_TICKS: Final = 256
_BPS: Final = 10_000


def threshold_at(tick: int, ticks: int, low: int, high: int) -> int:
    """The threshold that a tick stands for, at SCALE. Raises CovenantError."""
    if not 2 <= ticks <= MAX_TICKS or not 0 <= tick < ticks:
        raise CovenantError(f"tick {tick} of {ticks}; accepted: 0 to ticks - 1, of 2 to {MAX_TICKS} ticks")
    return low + (high - low) * tick // (ticks - 1)


def lower_median(weights: Mapping[int, int], quorum: int, current: int) -> int:
    """The tick that a tally gives: of revealed weights (tick → wei), a quorum (wei, positive), the tick as it was.

    The lower weighted median of the votes and of max(0, quorum − their sum) at `current`. Raises CovenantError.
    """
    if quorum < 1 or any(weight < 0 for weight in weights.values()):
        raise CovenantError("a quorum is positive, and no weight is negative")
    missing = max(0, quorum - sum(weights.values()))
    votes = dict(weights)
    votes[current] = votes.get(current, 0) + missing
    total, below = sum(votes.values()), 0
    for tick in sorted(votes):
        below += votes[tick]
        if 2 * below >= total:
            return tick
    raise AssertionError("all votes together are no less than half")


def ballot_hash(chain_id: int, vote: str, number: int, voter: str, tick: int, salt: bytes) -> bytes:
    """What a voter commits in round `number`; the salt is 32 random bytes, new in every round, kept until the reveal.

    With a salt that others know they find the tick by trying them all. Raises CovenantError.
    """
    if len(salt) != 32:
        raise CovenantError(f"a salt has 32 bytes, got {len(salt)}")
    types = ("uint256", "address", "uint256", "address", "uint256", "bytes32")
    return bytes(keccak(encode(types, (chain_id, vote, number, voter, tick, salt))))


@dataclass(frozen=True, slots=True, kw_only=True)
class VoteRules:
    """What a vote was deployed with: rails at SCALE, periods in seconds, the quorum in bps of the vault's money."""

    low: int
    high: int
    ticks: int
    commit_period: int
    reveal_period: int
    delay: int
    rest: int
    quorum_bps: int

    def threshold(self, tick: int) -> int:
        """The threshold that a tick stands for, at SCALE. Raises CovenantError."""
        return threshold_at(tick, self.ticks, self.low, self.high)

    def quorum(self, held: int) -> int:
        """The quorum of a round that opens when the vault owes `held`; wei."""
        return max(1, held * self.quorum_bps // _BPS)

    def nearest(self, threshold: int) -> int:
        """The tick whose threshold is nearest to one at SCALE; the lower on a tie."""
        return min(range(self.ticks), key=lambda tick: (abs(self.threshold(tick) - threshold), tick))


@dataclass(frozen=True, slots=True, kw_only=True)
class VoteRound:
    """The newest round, number 0 before the first: block it opened in, ends in seconds, wei revealed and the quorum."""

    number: int
    opened: int
    commit_end: int
    reveal_end: int
    revealed: int
    quorum: int
    tallied: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Ballot:
    """What an account sealed last: in which round, with what weight (wei), and whether it was revealed."""

    number: int
    weight: int
    revealed: bool


class HomophilyVote:
    """The vote, read-only. Thresholds are at SCALE. Every method may raise ConnectionFailed."""

    def __init__(self, system: System, address: str) -> None:
        self.system = system
        self.backend = system.backend
        self.contract = Contract(system.backend, address, load("HomophilyVote").abi, name="HomophilyVote")

    @property
    def address(self) -> str:
        """Where it is."""
        return self.contract.address

    def rules(self) -> VoteRules:
        """What it was deployed with."""
        names = ("low", "high", "ticks", "commit_period", "reveal_period", "delay", "rest", "quorum_bps")
        return VoteRules(**{name: int(self.contract.call(name.upper())) for name in names})

    def threshold(self) -> int:
        """The threshold in force."""
        return int(self.contract.call("threshold"))

    def tick(self) -> int:
        """The tick in force."""
        return int(self.contract.call("tick"))

    def pending(self) -> tuple[int, int]:
        """The last result, a tick, and from when it applies (seconds)."""
        tick, ready = self.contract.call("pending")
        return int(tick), int(ready)

    def next_opening(self) -> int:
        """From when the next round may open, if this one is tallied (seconds)."""
        return int(self.contract.call("next_opening"))

    def round(self) -> VoteRound:
        """The newest round."""
        return VoteRound(**self.contract.call("round")._asdict())

    def ballot(self, voter: str) -> Ballot:
        """What an account sealed last; all zero if it never did."""
        number, weight, revealed = self.contract.call("ballot", voter)
        return Ballot(number=number, weight=weight, revealed=revealed)

    def preview(self) -> int:
        """What a tally would give with the votes revealed so far, a tick. Reverted before the first round."""
        return int(self.contract.call("preview"))

    def below(self, tick: int) -> int:
        """Wei behind the revealed votes below a tick, in the newest round."""
        return int(self.contract.call("below", tick))

    def weights(self) -> dict[int, int]:
        """Revealed weight (wei) by tick of the newest round, as the events tell."""
        now, found = self.round(), dict[int, int]()
        if now.number:
            for event in self.contract.events("Revealed", from_block=now.opened):
                if event.args["round"] == now.number:
                    found[event.args["tick"]] = found.get(event.args["tick"], 0) + event.args["weight"]
        return found


class Voter:
    """An account's verbs on the vote. Each returns a checked receipt, or a number.

    Every verb may raise Reverted (with the contract's reason), ArgumentError, TransactionRejected, NotMined and
    ConnectionFailed; then nothing has changed on the chain.
    """

    def __init__(
        self, vote: HomophilyVote, account: Account, observe: Callable[[str, Receipt], None] = lambda _, receipt: None
    ) -> None:
        """`observe` is called with the function's name and the receipt of everything sent."""
        self.vote = vote
        self.account = account
        self._observe = observe

    @property
    def address(self) -> str:
        """The account's address."""
        return self.account.address

    def _send(self, name: str, *args: object) -> Receipt:
        receipt = self.vote.contract.send(name, *args, sender=self.account)
        self._observe(f"HomophilyVote.{name}", receipt)
        return receipt

    def open(self) -> int:
        """Open the next round; its number."""
        return int(self._send("open").event("Opened")["round"])

    def commit(self, tick: int, salt: bytes) -> Receipt:
        """Seal a vote for a tick; keep tick and salt first, for nobody can reveal it without them.

        Raises CovenantError if there is no such tick, no round, or no stake bonded before it.
        """
        rules, now = self.vote.rules(), self.vote.round()
        threshold_at(tick, rules.ticks, rules.low, rules.high)
        before = self.vote.system.checkpoint_before(self.address, now.opened)
        if before is None:
            raise CovenantError(f"{self.address} had no stake bonded before round {now.number} opened")
        sealed = ballot_hash(self.vote.backend.chain_id, self.vote.address, now.number, self.address, tick, salt)
        return self._send("commit", sealed, before[0])

    def reveal(self, tick: int, salt: bytes, voter: str | None = None) -> int:
        """Open one's own vote, or that of somebody whose tick and salt one keeps; the weight it counts with, wei."""
        receipt = self._send("reveal", self.address if voter is None else voter, tick, salt)
        return int(receipt.event("Revealed")["weight"])

    def tally(self) -> int:
        """Find the result of a round whose reveals have ended; the tick."""
        return int(self._send("tally").event("Tallied")["tick"])
