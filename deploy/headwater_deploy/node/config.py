"""What a node is told when it starts."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from headwater.chain.genesis import CHAIN_ID, PREFUNDED
from headwater_deploy.config import ConfigError

LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")


class NodeError(ConfigError):
    """A node cannot be started as it was told to: a setting, its port, or its file."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NodeConfig:
    """Settings of a node. Raises NodeError if they make no sense.

    Args:
        chain: "tester" (py-evm, exact gas) or "revm" (fast, gas costs nothing).
        host: address to listen on.
        port: to listen on; 0 takes a free one.
        block_time: seconds between blocks while transactions wait; 0 seals each at once.
        heartbeat: seconds after which a node that is being asked seals an empty block, so that the chain's clock does
            not stand; 0 for never.
        chain_id: EIP-155.
        seed: of the development accounts.
        accounts: how many of them to name when the node starts.
        state: SQLite file that keeps the chain; None keeps nothing.
        dev: answer the methods that change the chain behind transactions' backs.
        cors: origins of web pages that may ask; none by default.
        allow_hosts: further names in the Host header to answer to, where `host` is not loopback.
    """

    chain: Literal["tester", "revm"] = "tester"
    host: str = "127.0.0.1"
    port: int = 0
    block_time: int = 1
    heartbeat: int = 2
    chain_id: int = CHAIN_ID
    seed: int = 0
    accounts: int = 10
    state: Path | None = None
    dev: bool = False
    cors: tuple[str, ...] = ()
    allow_hosts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.chain not in ("tester", "revm"):
            raise NodeError(f'unknown chain {self.chain!r}; accepted: "tester", "revm"')
        if not 0 <= self.port <= 65_535:
            raise NodeError(f"a port is 0 to 65535, got {self.port}")
        for name in ("block_time", "heartbeat", "seed"):
            if getattr(self, name) < 0:
                raise NodeError(f"{name} is not negative, got {getattr(self, name)}")
        if not 0 < self.chain_id < 2**53:
            raise NodeError(f"a chain id is 1 to 2^53 - 1, got {self.chain_id}")
        if not 0 <= self.accounts <= PREFUNDED:
            raise NodeError(f"a chain begins with {PREFUNDED} development accounts; cannot name {self.accounts}")
        if self.dev and self.state is not None:
            raise NodeError("a file keeps transactions, and --dev changes the chain without any: choose one of the two")

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach it."""
        try:
            return self.host == "localhost" or ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False
