"""What a policy may ask for. A runner executes actions in the order given; each maps to one transaction or message."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from headwater.cascade import Leaf
from headwater_agents.policies.forecast import Forecast


@dataclass(frozen=True, kw_only=True, slots=True)
class Signal:
    """Sign this forecast of the question and hand it to whoever buys from the agent (off-chain)."""

    question: int
    forecast: Forecast


@dataclass(frozen=True, kw_only=True, slots=True)
class Commit:
    """Commit the forecast with a wager in wei. The salt makes the commitment unguessable; it must be kept."""

    question: int
    forecast: Forecast
    wager: int
    salt: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Reveal:
    """Reveal what was committed."""

    question: int
    forecast: Forecast
    salt: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Announce:
    """Announce a version: the children, the share kept (bps) and, for a forecaster, the escrow's buffer (wei)."""

    leaves: tuple[Leaf, ...]
    keep_bps: int
    buffer: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Deposit:
    """Put `amount` wei of the agent's tokens at stake."""

    amount: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Settle:
    """Settle a forecaster's position in a resolved or void question."""

    question: int
    forecaster: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Close:
    """Close a replaced or idle version of a forecaster's escrow, so that what it holds becomes due."""

    forecaster: str
    version: int
    domain: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Release:
    """Move what an escrow owes its children into the cascade."""

    forecaster: str
    version: int
    domain: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Pull:
    """Pull the leaves with these indices of (node, version) into the children's named versions."""

    node: str
    version: int
    indices: tuple[int, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class PullShare:
    """Move a node's kept share of what came in under a version to its withdrawable balance."""

    node: str
    version: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Withdraw:
    """Pay a node's withdrawable balance out to it in tokens."""

    node: str


Action: TypeAlias = (
    Signal | Commit | Reveal | Announce | Deposit | Settle | Close | Release | Pull | PullShare | Withdraw
)

__all__ = [
    "Action",
    "Announce",
    "Close",
    "Commit",
    "Deposit",
    "Leaf",
    "Pull",
    "PullShare",
    "Release",
    "Reveal",
    "Settle",
    "Signal",
    "Withdraw",
]
