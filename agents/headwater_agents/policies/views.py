"""What a policy may know when it acts: frozen snapshots, one kind a role, with nothing of the future in them.

A snapshot holds public facts (odds, capacity, versions), what others handed over (signals), the agent's own position,
and `memory`: what the policy's `learn` made of the questions resolved so far.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar

from headwater_agents.policies.actions import Announce, Leaf
from headwater_agents.policies.forecast import Forecast

MemoryT = TypeVar("MemoryT")


class Phase(Enum):
    """Where an open question stands: commits open, reveals open, or waiting for the event and its resolution."""

    COMMIT = "commit"
    REVEAL = "reveal"
    CLOSED = "closed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """An open question: odds and p_min in WAD, capacity in wei (0 in the warm-up), rent in bps of the wager.

    `last_call` says that commits end before the agent can act again: it stops waiting for signals.
    """

    id: int
    phase: Phase
    odds: Forecast
    p_min: int
    capacity: int
    rent_bps: int
    last_call: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class ProviderLesson:
    """A resolved question as a provider remembers it: the odds, its own raw reading, the outcome."""

    odds: Forecast
    reading: float
    outcome: int


@dataclass(frozen=True, kw_only=True, slots=True)
class BuyerLesson:
    """A resolved question as a buyer remembers it: odds, outcome, a signal per supplier (None where none came), and its
    own raw reading if it has one."""

    odds: Forecast
    signals: tuple[Forecast | None, ...]
    outcome: int
    reading: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class OutcomeLesson:
    """A resolved question as the public remembers it."""

    odds: Forecast
    outcome: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ProviderView(Generic[MemoryT]):
    """A provider's snapshot: `reading` is its private raw input for the question, `sold` whether it has signalled."""

    question: Question | None
    reading: float | None
    sold: bool
    memory: MemoryT


@dataclass(frozen=True, kw_only=True, slots=True)
class Supplier:
    """Somebody a buyer buys from: its address and its newest announced version (0: none, a plain recipient)."""

    address: str
    version: int


@dataclass(frozen=True, kw_only=True, slots=True)
class AggregatorView(Generic[MemoryT]):
    """An aggregator's snapshot.

    `signals` stand in the order of `suppliers` (None: not received). `standing` is the agent's newest announcement.
    `question` is None between questions, when announcements are made.
    """

    question: Question | None
    suppliers: tuple[Supplier, ...]
    signals: tuple[Forecast | None, ...]
    standing: Announce | None
    sold: bool
    memory: MemoryT


@dataclass(frozen=True, kw_only=True, slots=True)
class Position:
    """A commitment that stands: what was committed, with which wager (wei), and whether it has been revealed."""

    forecast: Forecast
    wager: int
    salt: bytes
    revealed: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class ForecasterView(Generic[MemoryT]):
    """A forecaster's snapshot, amounts in wei.

    `bonded` is the stake at the checkpoint before the question opened, the bound on wagers, and between questions all
    the stake, locked or not; `free` what is not locked now; `wallet` its tokens outside the vault; `min_wager` the
    smallest wager the arena takes; `reading` its own raw input for the question, if it has one.
    """

    address: str
    question: Question | None
    suppliers: tuple[Supplier, ...]
    signals: tuple[Forecast | None, ...]
    standing: Announce | None
    position: Position | None
    wallet: int
    bonded: int
    free: int
    min_wager: int
    memory: MemoryT
    reading: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Escrow:
    """An escrow: `due` wei owed to the cascade, `held` wei, whether it may be closed now."""

    forecaster: str
    version: int
    due: int
    held: int
    closable: bool
    domain: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Ledger:
    """A (node, version) account of the cascade with its published leaves, in wei.

    `inflow` came from parents and is subject to `keep_bps`; `released` came from the node's own escrow and is all the
    children's. `taken[i]` is what leaf i has pulled, `share_taken` what the node has moved to itself.
    """

    node: str
    version: int
    leaves: tuple[Leaf, ...]
    keep_bps: int
    inflow: int
    released: int
    taken: tuple[int, ...]
    share_taken: int


@dataclass(frozen=True, kw_only=True, slots=True)
class KeeperView:
    """What a keeper sees: positions to settle (question, forecaster), escrows, ledgers, withdrawable wei by node."""

    unsettled: tuple[tuple[int, str], ...]
    escrows: tuple[Escrow, ...]
    ledgers: tuple[Ledger, ...]
    withdrawable: tuple[tuple[str, int], ...]
