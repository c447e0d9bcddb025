"""Development nodes (anvil, hardhat, our own): a JSON-RPC node whose clock, history and balances may be changed."""

from __future__ import annotations

from typing import Any, Final

from headwater.chain.accounts import Account
from headwater.chain.backend import DEFAULT_GAS, TxRequest
from headwater.chain.errors import ArgumentError, RpcError
from headwater.chain.jsonrpc import JsonRpc, integer
from headwater.chain.rpc import RpcBackend

_CLIENTS: Final = ("anvil", "hardhat", "headwater-dev")
_DEV_BALANCE: Final = 10**6 * 10**18
_LEAST_BALANCE: Final = 10**3 * 10**18


class DevNodeBackend(RpcBackend):
    """A node that obeys evm_setNextBlockTimestamp, evm_mine, evm_snapshot and hardhat_setBalance.

    Calls read the pending block, so they see the time the next transaction will see. Gas is never estimated. The
    clock runs with the node's own unless it is moved. Implements `Backend` and `LocalControl`.
    """

    _newest = "pending"

    def __init__(self, rpc: JsonRpc, *, seed: int = 0, **options: Any) -> None:
        super().__init__(rpc, **options)
        self._seed = seed
        # The node forgets the next block's timestamp when it goes back to a snapshot; we do not.
        self._planned: int | None = None
        self._snapshots: dict[str, int | None] = {}

    def now(self) -> int:
        """Timestamp of the pending block, in seconds."""
        return integer(self._block("pending").get("timestamp"))

    def broadcast(self, raw: bytes, to: str | None) -> None:
        """As `RpcBackend.broadcast`."""
        self._planned = None
        super().broadcast(raw, to)

    def time_travel(self, timestamp: int) -> None:
        """Let the next transaction, and calls from now on, see `timestamp` (seconds)."""
        now = self.now()
        if timestamp < now:
            raise ArgumentError(f"time runs forward: {timestamp} lies before {now}")
        self._rpc.request("evm_setNextBlockTimestamp", timestamp)
        self._planned = timestamp

    def mine(self, blocks: int = 1) -> None:
        """Mine empty blocks."""
        if blocks < 0:
            raise ArgumentError(f"the number of blocks to mine is not negative, got {blocks}")
        for _ in range(blocks):
            self._rpc.request("evm_mine")
            self._planned = None

    def snapshot(self) -> str:
        """Remember the chain as it stands."""
        name = str(self._rpc.request("evm_snapshot"))
        self._snapshots[name] = self._planned
        return name

    def revert(self, snapshot: str) -> None:
        """Go back to a snapshot; it and all later ones are spent. ArgumentError if it is unknown or spent."""
        if snapshot not in self._snapshots or self._rpc.request("evm_revert", snapshot) is not True:
            raise ArgumentError(f"snapshot {snapshot!r} is unknown or spent")
        planned = self._snapshots[snapshot]
        names = list(self._snapshots)
        self._snapshots = {name: self._snapshots[name] for name in names[: names.index(snapshot)]}
        self._nonces.clear()
        self._planned = planned
        if planned is not None:
            self._rpc.request("evm_setNextBlockTimestamp", planned)

    def fund(self, address: str, wei: int) -> None:
        """Raise an address's balance."""
        self._rpc.request("hardhat_setBalance", address, hex(self.balance(address) + wei))

    def dev_accounts(self, count: int) -> tuple[Account, ...]:
        """The first `count` accounts of the seed, each raised to at least 1,000 ether."""
        accounts = tuple(Account.derive(self._seed, index) for index in range(count))
        for account in accounts:
            if self.balance(account.address) < _LEAST_BALANCE:
                self.fund(account.address, _DEV_BALANCE)
        return accounts

    def gas_limit(self, request: TxRequest, sender: str) -> int:
        """What the transaction asks for, else a limit that is ample for everything of ours."""
        return DEFAULT_GAS if request.gas is None else request.gas


def open_node(url: str, *, seed: int = 0, chain_id: int | None = None) -> RpcBackend:
    """Connect to a node: a `DevNodeBackend` if it is one. Raises ArgumentError, ConnectionFailed, WrongChain."""
    rpc = JsonRpc(url)
    try:
        try:
            client = str(rpc.request("web3_clientVersion")).lower()
        except RpcError:
            client = ""  # some providers hide it; the chain id they all have
        if client.startswith(_CLIENTS):
            return DevNodeBackend(rpc, seed=seed, chain_id=chain_id)
        return RpcBackend(rpc, chain_id=chain_id)
    except BaseException:
        rpc.close()
        raise
