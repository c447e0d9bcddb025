"""Holds what the record of credit says against what the chain paid, member by member, to the wei.

Nothing is compared with itself: nets come from the arena's events and go through the escrow's integer twin; shares come
from the record of credit, not from the announcement; balances are the token's.

    released_v  = Σ over the settlements bound to version v of what the twin's escrow lets go
    due_i       = Σ_v released_v · weight_{v,i} // total_v
    balance_i   = due_i                                    a member owns nothing else
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from headwater.chain.audit import Check, audit
from headwater.chain.backend import Event
from headwater.twin import lock
from headwater.twin.escrow import Escrow
from headwater_agents.cooperative.payroll import Payroll


@dataclass(frozen=True, kw_only=True, slots=True)
class VersionPay:
    """One announced version: the weights the record gave, what its escrow released, what each member is owed of it.

    Wei; `owed` in the order of the members. `dust` is what floors leave in the ledger, below one wei a member.
    """

    cooperative: str
    version: int
    weights: tuple[int, ...]
    released: int
    owed: tuple[int, ...]

    @property
    def dust(self) -> int:
        """Wei that no member is owed."""
        return self.released - sum(self.owed)


@dataclass(frozen=True, kw_only=True, slots=True)
class Reconciliation:
    """All versions, what each member was paid (wei), and every comparison."""

    versions: tuple[VersionPay, ...]
    paid: dict[str, int]
    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        """Whether every comparison agrees exactly."""
        return all(check.ok for check in self.checks)


def reconcile(payroll: Payroll, events: Iterable[Event] | None = None) -> Reconciliation:
    """Recompute every member's pay from the arena's nets and the record's weights, and compare it with the chain.

    `events` are all events of the deployment in chain order, if they are at hand. The cascade must have been emptied,
    as `play_payroll` leaves it.
    """
    system = payroll.stage.system
    history = list(system.events() if events is None else events)
    versions: list[VersionPay] = []
    checks: list[Check] = []
    paid: dict[str, int] = {}
    for cooperative, members in payroll.members.items():
        node = payroll.address(cooperative)
        released = _released(payroll, cooperative, history)
        mine = []
        for made in payroll.announced(cooperative):
            weights = payroll.weights[made.version]
            amount, total = released.get(made.version, 0), sum(weights)
            owed = tuple(amount * weight // total for weight in weights)
            mine.append(
                VersionPay(cooperative=cooperative, version=made.version, weights=weights, released=amount, owed=owed)
            )
            named = {leaf.child: leaf.weight for leaf in made.leaves or ()}
            said = {payroll.address(name): weight for name, weight in zip(members, weights, strict=True)}
            where = f"{cooperative}, version {made.version}"
            inflow, flowed = system.flows(node, made.version)
            checks += [
                Check(
                    what=f"{where}: weights on the chain that differ from the record's",
                    expected=0,
                    actual=sum(named.get(who) != weight for who, weight in said.items()) + len(named) - len(said),
                ),
                Check(what=f"{where}: released", expected=amount, actual=flowed),
                Check(what=f"{where}: inflow from others", expected=0, actual=inflow),
            ]
        versions += mine
        for index, name in enumerate(members):
            paid[name] = sum(each.owed[index] for each in mine)
            checks.append(
                Check(what=f"{name}: balance", expected=paid[name], actual=system.balance(payroll.address(name)))
            )
    dust = sum(each.dust for each in versions)
    checks.append(Check(what="dust left in the cascade", expected=dust, actual=system.balance(system.cascade.address)))
    checks += audit(system, history, emptied=True)
    return Reconciliation(versions=tuple(versions), paid=paid, checks=tuple(checks))


def _released(payroll: Payroll, cooperative: str, history: list[Event]) -> dict[int, int]:
    """Wei that the twin's escrows let go, by version, from the nets that the arena's events state."""
    system, node = payroll.stage.system, payroll.address(cooperative)
    scale = payroll.stage.params.scale()
    wagers = {play.question: play.wagers[cooperative] for play in payroll.plays if cooperative in play.wagers}
    bound = {play.question: play.bound[cooperative] for play in payroll.plays if cooperative in play.wagers}
    books: dict[int, Escrow] = {}
    gone: dict[int, int] = {}

    def book(version: int) -> Escrow:
        empty = Escrow(keep_bps=payroll.config.keep_bps, buffer=payroll.config.buffer)
        return books.setdefault(version, empty)

    for event in history:
        if event.address == system.arena.address and event.args.get("forecaster") == node:
            if event.name == "Committed":
                version = bound[event["question"]]
                books[version] = book(version).commit(lock(wagers[event["question"]], scale))
            elif event.name == "Settled":
                version = bound[event["question"]]
                books[version], _, _ = book(version).settle(lock(wagers[event["question"]], scale), event["net"])
        elif event.address == system.vault.address and event.args.get("forecaster") == node:
            if event.name == "Released":
                books[event["version"]], amount = book(event["version"]).release()
                gone[event["version"]] = gone.get(event["version"], 0) + amount
            elif event.name == "Closed":
                _close(books, book, event["version"], event["newest"])
    return gone


def _close(books: dict[int, Escrow], book: Callable[[int], Escrow], version: int, newest: int) -> None:
    # What it held is due; its debt moves to the newest version, unless that has open positions.
    old = book(version)
    closed, debt = old.close()
    heir = book(newest)
    if newest == version or heir.lock:
        closed = replace(closed, debt=debt)
    else:
        closed = replace(closed, debt=0)
        books[newest] = replace(heir, debt=heir.debt + debt)
    books[version] = closed
