"""Who was paid what, by the chain's events alone: wagers, the cascade, signals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from headwater.chain import Event
from headwater.chain.system import System


@dataclass(kw_only=True, slots=True)
class Account:
    """What an agent did and got, wei: nets of its wagers, what it withdrew from the cascade, signals bought and sold.

    Numbers: commits, reveals, settled positions, forfeits (settled without a reveal where it had committed).
    """

    net: int = 0
    cascade: int = 0
    spent: int = 0
    earned: int = 0
    bought: int = 0
    sold: int = 0
    commits: int = 0
    reveals: int = 0
    settled: int = 0


@dataclass(kw_only=True, slots=True)
class Book:
    """Accounts by name, and what went from whom to whom for signals, by (buyer, seller)."""

    accounts: dict[str, Account]
    edges: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)


class Bookkeeper:
    """Reads events, in chain order, into a book. `names` are the agents' by address."""

    def __init__(self, system: System, names: Mapping[str, str]) -> None:
        self._system, self._names = system, dict(names)
        self.book = Book(accounts=defaultdict(Account))
        self._paid: set[tuple[int, str]] = set()

    def take(self, events: Iterable[Event]) -> None:
        """Read more."""
        events = list(events)
        self._paid |= {(e.block_number, e.tx_hash) for e in events if e.name == "AuthorizationUsed"}
        for event in events:
            if event.address == self._system.arena.address:
                self._wager(event)
            elif event.address == self._system.cascade.address and event.name == "Withdrawn":
                if name := self._names.get(event["node"]):
                    self.book.accounts[name].cascade += event["amount"]
            elif event.address == self._system.token.address and event.name == "Transfer":
                self._payment(event)

    def _wager(self, event: Event) -> None:
        name = self._names.get(event.args.get("forecaster", ""))
        if name is None:
            return
        account = self.book.accounts[name]
        match event.name:
            case "Committed":
                account.commits += 1
            case "Revealed":
                account.reveals += 1
            case "Settled":
                account.settled += 1
                account.net += event["net"]

    def _payment(self, event: Event) -> None:
        # Only what moved by somebody's signature; what the governor handed out did not.
        if (event.block_number, event.tx_hash) not in self._paid:
            return
        buyer, seller = self._names.get(event["sender"]), self._names.get(event["receiver"])
        if buyer is None or seller is None:
            return
        amount = event["value"]
        self.book.accounts[buyer].spent += amount
        self.book.accounts[buyer].bought += 1
        self.book.accounts[seller].earned += amount
        self.book.accounts[seller].sold += 1
        number, total = self.book.edges.get((buyer, seller), (0, 0))
        self.book.edges[buyer, seller] = number + 1, total + amount
