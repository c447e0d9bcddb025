"""What the node asks of a chain in this process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Final, Protocol

from headwater.chain import Account, Receipt
from headwater.chain.backend import Log, Topic
from headwater_deploy.node.decode import Decoded
from headwater_deploy.node.header import Header

CALL_GAS: Final = 2**24
"""The most gas that a call or an estimate is given: what EIP-7825 lets one transaction ask for.

Others wait meanwhile, and py-evm takes some four seconds to burn it in the worst loop.
"""

NOBODY: Final = "0x" + "00" * 20


@dataclass(frozen=True, slots=True)
class Call:
    """A transaction that is only tried: `to` None creates a contract; `gas` at most CALL_GAS; wei, wei per gas."""

    sender: str = NOBODY
    to: str | None = None
    data: bytes = b""
    value: int = 0
    gas: int = CALL_GAS
    gas_price: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a sealed transaction went: what it gave back, and in geth's words what stopped it, if anything did."""

    output: bytes
    error: str | None


class ServedChain(Protocol):
    """A chain that a node serves. `at` is a sealed block's number; None is the block to come, on the newest state.

    Methods that run code raise Reverted and TransactionRejected.
    """

    @property
    def kind(self) -> str:
        """ "tester" or "revm"."""

    def now(self) -> int:
        """Timestamp of the block to come."""

    def time_travel(self, timestamp: int) -> None:
        """Let the block to come have this timestamp."""

    def time_back(self, timestamp: int) -> None:
        """Let the block to come, which is empty, have an earlier timestamp than it was to have."""

    def block_number(self) -> int:
        """Number of the latest sealed block."""

    def header(self, number: int) -> Header:
        """Header of a sealed block."""

    def base_fee(self) -> int:
        """Wei per gas in the block to come."""

    def gas_left(self) -> int:
        """Gas that the open block can still take."""

    def block(self) -> AbstractContextManager[None]:
        """Open a block; it is sealed at the end, if anything was applied."""

    def mine(self, blocks: int = 1) -> None:
        """Seal empty blocks."""

    def apply(self, transaction: Decoded) -> Receipt:
        """Put a transaction into the open block. Raises TransactionRejected, and then nothing has changed."""

    def run(self, call: Call, at: int | None) -> bytes:
        """What a call gives back; it changes nothing."""

    def again(self, number: int, transactions: Sequence[Decoded]) -> Outcome:
        """Run the first transactions of a sealed block again, in their place: how the last of them went."""

    def estimate(self, call: Call) -> int:
        """Gas that a transaction needs in the block to come: enough, and at most 1.5% too much."""

    def balance_at(self, address: str, at: int | None) -> int:
        """Wei."""

    def nonce_at(self, address: str, at: int | None) -> int:
        """Transactions sent."""

    def code_of(self, address: str, at: int | None) -> bytes:
        """Deployed code."""

    def storage_at(self, address: str, slot: int, at: int | None) -> int:
        """A word of storage."""

    def receipt(self, tx_hash: str) -> Receipt | None:
        """Receipt of a sealed transaction."""

    def get_logs(
        self,
        address: str | Sequence[str] | None = None,
        topics: Sequence[Topic] = (),
        from_block: int = 0,
        to_block: int | None = None,
    ) -> list[Log]:
        """Logs in chain order."""

    def snapshot(self) -> str:
        """Remember the chain as it stands."""

    def revert(self, snapshot: str) -> None:
        """Go back. ArgumentError if it is unknown or spent."""

    def forget(self, snapshot: str) -> None:
        """Let go of a snapshot that nobody will go back to."""

    def set_balance(self, address: str, wei: int) -> None:
        """Give an account this balance, in a block of its own."""

    def dev_accounts(self, count: int) -> tuple[Account, ...]:
        """The first accounts of the seed."""


def least_gas(low: int, high: int, used: int, enough: Callable[[int], bool]) -> int:
    """The least gas limit that is `enough`, at most 1.5% above it: geth's search.

    Args:
        low: a limit that is not enough.
        high: one that is.
        used: gas of the run at `high`, before refunds.
        enough: tries a limit.
    """
    # A call is given 63/64 of what is left, and a transfer inside takes a stipend: most often this is it.
    guess = (used + 2_300) * 64 // 63
    if low < guess < high:
        if enough(guess):
            high = guess
        else:
            low = guess
    while low + 1 < high and (high - low) / high > 0.015:
        middle = min((low + high) // 2, 2 * low)
        if enough(middle):
            high = middle
        else:
            low = middle
    return high
