"""An audit of a deployment: what its events say happened, against what the chain says is there, to the wei.

Every check compares two figures that were computed in different ways: the ledger rebuilt from events (and, for scores
and the cascade, by the twins) on one side, balances and views of the chain on the other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from headwater.cascade import SHARE, CascadeGraph, Deposit, solve
from headwater.cascade import Announcement as Announced
from headwater.chain.backend import Event
from headwater.chain.system import Announcement, System, announcement, is_announcement
from headwater.twin import Scale, capacity, growth, lock, net

_ZERO = "0x" + "00" * 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One comparison, in wei unless `what` says otherwise. `expected` is recomputed, `actual` is the chain's."""

    what: str
    expected: int
    actual: int

    @property
    def ok(self) -> bool:
        """Whether the two agree exactly."""
        return self.expected == self.actual


def audit(system: System, events: Iterable[Event] | None = None, *, emptied: bool = False) -> list[Check]:
    """Audit a deployment from its first block.

    Args:
        system: the deployment; nobody must have sent tokens straight to Cascade (that money is nobody's).
        events: all its events in chain order, if they are at hand.
        emptied: the cascade should have been pulled to the end: check that every hop was.
    """
    history = list(system.events() if events is None else events)
    by_name: dict[tuple[str, str], list[Event]] = defaultdict(list)
    for event in history:
        by_name[event.address, event.name].append(event)

    def of(address: str, name: str) -> list[Event]:
        return by_name[address, name]

    return [
        *_supply(system, of(system.token.address, "Transfer")),
        *_treasury(system, of(system.treasury.address, "SeriesRegistered"), of(system.arena.address, "Settled")),
        *_vault(system, history),
        *_cascade(system, history, emptied),
        *_scores(system, history),
    ]


def _supply(system: System, transfers: list[Event]) -> list[Check]:
    holders = sorted({address for event in transfers for address in (event["sender"], event["receiver"])} - {_ZERO})
    minted = sum(event["value"] for event in transfers if event["sender"] == _ZERO)
    return [
        Check(
            what="supply is the sum of all balances",
            expected=sum(system.balance(holder) for holder in holders),
            actual=system.supply(),
        ),
        Check(what="supply is what was ever minted", expected=minted, actual=system.supply()),
    ]


def _treasury(system: System, registered: list[Event], settled: list[Event]) -> list[Check]:
    accounts = [system.series_account(event["series"]) for event in registered]
    unallocated = int(system.treasury.call("unallocated"))
    emitted, recycled = system.totals()
    balance = system.balance(system.treasury.address)
    return [
        Check(
            what="treasury holds its bankrolls, reserves and what is unallocated",
            expected=sum(bankroll + reserved for bankroll, reserved in accounts) + unallocated,
            actual=balance,
        ),
        Check(what="treasury holds what its ledger owes", expected=int(system.treasury.call("owed")), actual=balance),
        Check(
            what="emitted is the sum of positive nets",
            expected=sum(event["net"] for event in settled if event["net"] > 0),
            actual=emitted,
        ),
        Check(
            what="recycled is the sum of negative nets",
            expected=-sum(event["net"] for event in settled if event["net"] < 0),
            actual=recycled,
        ),
    ]


def _vault(system: System, history: list[Event]) -> list[Check]:
    mine = [event for event in history if event.address == system.vault.address]
    accounts = sorted({event["account"] for event in mine if "account" in event.args})
    escrows = {(e["forecaster"], e["version"], e["domain"]) for e in mine if e.name == "EscrowOpened"}
    escrows |= {(e["forecaster"], e["newest"], e["domain"]) for e in mine if e.name == "Closed"}
    stakes = [system.stake(account) for account in accounts]
    states = [system.escrow(*key) for key in sorted(escrows)]
    balance = system.balance(system.vault.address)
    return [
        Check(
            what="vault holds bonded and unbonding stake, and what escrows hold or have due",
            expected=sum(stake.bonded + stake.unbonding for stake in stakes)
            + sum(state.held + state.due for state in states),
            actual=balance,
        ),
        Check(what="vault holds what its ledger owes", expected=int(system.vault.call("owed")), actual=balance),
    ]


def _cascade(system: System, history: list[Event], emptied: bool) -> list[Check]:
    mine = [event for event in history if event.address == system.cascade.address]
    made = [announcement(event) for event in mine if is_announcement(event)]
    came = [e for e in mine if e.name in ("Deposited", "ReleaseReceived")]
    pairs = {(e["node"], e["version"]) for e in came}
    pulled = [event for event in mine if event.name == "Pulled"]
    pairs |= {(e["child"], e["child_version"]) for e in pulled}
    # A version has nothing taken unless something came in, so these pairs are all there is.
    left = taken = 0
    for node, version in sorted(pairs):
        inflow, other = system.flows(node, version)
        if version == 0:
            left += inflow - other
            continue
        indices = {e["index"] for e in pulled if e["node"] == node and e["version"] == version}
        gone = sum(int(system.cascade.call("taken", node, version, index)) for index in sorted(indices))
        left += inflow + other - gone
        taken += gone
    withdrawn = sum(event["amount"] for event in mine if event.name == "Withdrawn")
    balance = system.balance(system.cascade.address)
    return [
        Check(what="cascade holds what its ledger owes", expected=left, actual=balance),
        Check(
            what="cascade holds what came in less what was withdrawn",
            expected=sum(e["amount"] for e in came) - withdrawn,
            actual=balance,
        ),
        Check(
            what="leaves and shares have taken what their pulls carried",
            expected=sum(event["amount"] for event in pulled),
            actual=taken,
        ),
        *_flow(made, came, pulled, emptied),
    ]


def _flow(made: list[Announcement], came: list[Event], pulled: list[Event], emptied: bool) -> list[Check]:
    # The flow of a cascade whose leaves are all published, pulled to the end; no leaf may ever be ahead of it.
    if not made or not came or any(a.leaves is None for a in made):
        return []
    graph = CascadeGraph.from_announcements(
        Announced(a.node, a.version, a.leaves or (), a.terms.keep_bps) for a in made
    )
    flow = solve(
        graph,
        [
            Deposit(e["node"], e["version"], e["amount"], "inflow" if e.name == "Deposited" else "released")
            for e in came
        ],
    )
    taken: dict[tuple[str, int, int], int] = defaultdict(int)
    for event in pulled:
        taken[event["node"], event["version"], event["index"]] += event["amount"]
    owed: dict[tuple[str, int, int], int] = {
        (payment.node, payment.version, payment.index): payment.amount for payment in flow.payments()
    }
    ahead = sum(1 for key in owed.keys() | taken.keys() if taken.get(key, 0) > owed.get(key, 0))
    checks = [Check(what="leaves that were paid more than the twin's flow (number)", expected=0, actual=ahead)]
    if emptied or all(taken.get(key, 0) == amount for key, amount in owed.items() if key[2] != SHARE):
        checks.append(
            Check(
                what="every hop of the emptied cascade carried what the twin's flow says",
                expected=sum(owed.values()),
                actual=sum(taken.values()),
            )
        )
    return checks


def _scores(system: System, history: list[Event]) -> list[Check]:
    """Recompute every resolved position's net and every lock by the twin, from what was committed and revealed."""
    scales: dict[int, Scale] = {}
    reserves: dict[int, int] = {}
    posted: dict[int, tuple[Sequence[int], int]] = {}
    reports: dict[tuple[int, str], Sequence[int]] = {}
    outcomes: dict[int, int] = {}
    wagered: dict[int, int] = defaultdict(int)
    placed: dict[tuple[int, str], int] = {}
    committers: set[str] = set()
    expected = actual = 0
    for event in history:
        if event.address != system.arena.address or "question" not in event.args:
            continue
        question = event["question"]
        match event.name:
            case "QuestionOpened":
                scales[question] = system.params(event["series"]).scale()
                reserves[question] = event["reserve"]
            case "OddsSet" if question in scales:
                room = capacity(reserves[question], event["odds"], scales[question])
                posted[question] = (event["odds"], room)
            case "Committed":
                key = (question, event["forecaster"])
                committers.add(event["forecaster"])
                wagered[question] += event["wager"] - placed.get(key, 0)
                placed[key] = event["wager"]
            case "Revealed":
                reports[question, event["forecaster"]] = event["forecast"]
            case "Resolved":
                outcomes[question] = event["outcome"]
            case "Settled":
                # A history with gaps lacks a net here, or a lock below, and fails.
                wager = placed.pop((question, event["forecaster"]), 0)
                actual += event["net"] if question in outcomes else 0
                if question in outcomes and question in posted:
                    scale, (odds, room), outcome = scales[question], posted[question], outcomes[question]
                    report = reports.get((question, event["forecaster"]))
                    grown = -scale.log_range if report is None else growth(report[outcome], odds[outcome])
                    expected += net(wager, grown, room, wagered[question], scale) if wager else 0
    return [
        Check(what="nets of resolved questions are the twin's", expected=expected, actual=actual),
        Check(
            what="stakes lock what open positions need",
            expected=sum(
                lock(wager, scales[question]) for (question, _), wager in placed.items() if question in scales
            ),
            actual=sum(system.stake(account).locked for account in sorted(committers)),
        ),
    ]
