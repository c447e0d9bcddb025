"""What a chain is to Headwater: the backend protocol and the plain records that cross it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol, runtime_checkable

from headwater.chain.errors import DecodeError, NoLocalControl

if TYPE_CHECKING:
    from headwater.chain.accounts import Account
    from headwater.chain.transaction import SignedTransaction

DEFAULT_GAS: Final = 15_000_000
"""Gas limit of a transaction on a development chain: ample for every call and deployment of ours, and below the
16,777,216 that EIP-7825 lets a single transaction ask for. Only what is used is paid."""

Topic = bytes | Sequence[bytes] | None
"""One position of a log filter: a topic, any of several, or None for any."""


@dataclass(frozen=True, slots=True)
class TxRequest:
    """A transaction to be: `to` is None for a deployment, `value` in wei, `gas` None for the backend's choice."""

    to: str | None
    data: bytes = b""
    value: int = 0
    gas: int | None = None


@dataclass(frozen=True, slots=True)
class Log:
    """One log entry. `log_index` counts within the block; topics are 32 bytes each."""

    address: str
    topics: tuple[bytes, ...]
    data: bytes
    block_number: int
    log_index: int
    tx_hash: str


@dataclass(frozen=True, slots=True)
class Event:
    """A decoded log: `args` by ABI name, in ABI order."""

    name: str
    args: Mapping[str, Any]
    address: str
    block_number: int
    log_index: int
    tx_hash: str

    def __getitem__(self, key: str) -> Any:
        return self.args[key]


class LogReader(Protocol):
    """What makes events of logs: a `Contract`."""

    def decode(self, logs: Sequence[Log]) -> tuple[Event, ...]:
        """Those of the logs that are this reader's, decoded, in order."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a transaction. `status` is always 1 on a receipt that a backend returns: 0 raises Reverted.

    `timestamp` is the block's, in seconds; `contract_address` is set for deployments.
    """

    tx_hash: str
    status: int
    gas_used: int
    block_number: int
    timestamp: int
    contract_address: str | None
    logs: tuple[Log, ...]
    _reader: LogReader | None = field(default=None, init=False, repr=False, compare=False)

    def read_by(self, reader: LogReader) -> Receipt:
        """This receipt, with `events` decoded by this reader when somebody asks."""
        object.__setattr__(self, "_reader", reader)
        return self

    @property
    def events(self) -> tuple[Event, ...]:
        """The logs of the contract it was sent to, decoded, when it was sent through a `Contract`. DecodeError."""
        return () if self._reader is None else self._reader.decode(self.logs)

    def event(self, name: str) -> Event:
        """The one event of that name; DecodeError if there is none or more than one."""
        events = self.events
        found = [event for event in events if event.name == name]
        if len(found) != 1:
            names = ", ".join(event.name for event in events) or "none"
            raise DecodeError(
                f"expected one {name} in transaction {self.tx_hash}, found {len(found)} (events: {names})"
            )
        return found[0]


class Backend(Protocol):
    """A chain to read from and send to. Addresses are checksummed hex, hashes 0x-prefixed hex, money wei.

    Every method may raise ConnectionFailed. `send` is `submit(prepare(...))`: an agent that must not lose a
    transaction writes what `prepare` returned to disk in between, and may submit it again after a crash.
    """

    @property
    def name(self) -> str:
        """Short name for people: "tester", "revm", or the URL."""

    @property
    def chain_id(self) -> int:
        """EIP-155 chain id."""

    def now(self) -> int:
        """Seconds: the least timestamp the next transaction can see."""

    def block_number(self) -> int:
        """Number of the latest block."""

    def block_time(self, block: int) -> int:
        """Timestamp of a mined block, seconds. ArgumentError if there is no such block."""

    def call(self, to: str, data: bytes, sender: str | None = None, block: int | None = None) -> bytes:
        """Run without sending and return the output; on the newest state, or after block `block`.

        Raises Reverted.
        """

    def prepare(self, request: TxRequest, account: Account) -> SignedTransaction:
        """Fill in nonce, fee and gas, and sign."""

    def submit(self, signed: SignedTransaction) -> Receipt:
        """Send, wait until mined, check. Raises Reverted, TransactionRejected, NotMined."""

    def send(self, request: TxRequest, account: Account) -> Receipt:
        """`submit(prepare(request, account))`; a chain in this process may do without the signature."""

    def receipt(self, tx_hash: str) -> Receipt | None:
        """Receipt of a mined transaction, whatever its status; None if it is not mined or not known."""

    def get_logs(
        self,
        address: str | Sequence[str] | None = None,
        topics: Sequence[Topic] = (),
        from_block: int = 0,
        to_block: int | None = None,
    ) -> list[Log]:
        """Logs in chain order, both blocks included; `to_block` None is the latest."""

    def balance(self, address: str) -> int:
        """Balance in wei."""

    def code_at(self, address: str) -> bytes:
        """Deployed code; empty if there is none."""

    def nonce(self, address: str) -> int:
        """Number of transactions the address has sent."""

    def close(self) -> None:
        """Let go of connections. A closed backend is not used again."""


@runtime_checkable
class LocalControl(Protocol):
    """What development chains can do besides: move the clock, mine, go back, hand out money."""

    def time_travel(self, timestamp: int) -> None:
        """Let the next transaction see `timestamp` (seconds). ValueError if that lies before `now()`."""

    def mine(self, blocks: int = 1) -> None:
        """Mine empty blocks."""

    def snapshot(self) -> str:
        """Remember the chain as it stands."""

    def revert(self, snapshot: str) -> None:
        """Go back to a snapshot; it and all later ones are spent. ValueError if it is unknown or spent."""

    def fund(self, address: str, wei: int) -> None:
        """Raise an address's balance."""

    def dev_accounts(self, count: int) -> tuple[Account, ...]:
        """The first `count` accounts derived from the backend's seed, each holding at least 1,000 ether."""


def local_control(backend: Backend) -> LocalControl:
    """The backend's control over its chain. Raises NoLocalControl if it has none."""
    if isinstance(backend, LocalControl):
        return backend
    raise NoLocalControl(
        f"{backend.name} cannot move its clock, take snapshots or hand out money: it is not a development node; "
        'use "tester", "revm", or a node such as anvil'
    )
