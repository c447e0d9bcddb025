"""What everybody put in, earned and took out over a history, added up from the contracts' events alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from stage import Stage

from headwater.chain import Event


def check_statements(s: Stage) -> None:
    """After everybody left: nobody took out more, or less, than was theirs. Raises Divergence."""
    events = s.system.events(from_block=s.first_block)
    for problem in (*stakes(s, events), *versions(s, events), *cascade_accounts(s, events), *purses(s, events)):
        s.fail(problem)


def _of(events: Sequence[Event], address: str, name: str) -> Iterator[Event]:
    return (event for event in events if event.address == address and event.name == name)


def stakes(s: Stage, events: Sequence[Event]) -> Iterator[str]:
    """Withdrawn from the vault = deposited + what settlements changed - slashed."""
    vault, arena = s.system.vault.address, s.system.arena.address
    due: Counter[str] = Counter()
    for event in _of(events, vault, "Deposited"):
        due[event["account"]] += event["amount"]
    for event in _of(events, arena, "Settled"):
        due[event["forecaster"]] += event["stake_change"]
    for event in _of(events, vault, "Slashed"):
        due[event["account"]] -= event["from_bonded"] + event["from_unbonding"]
    for event in _of(events, vault, "Withdrawn"):
        due[event["account"]] -= event["amount"]
    for account, rest in due.items():
        if rest:
            yield f"{s.names[account]} left {rest} wei of its own in the vault (negative: took somebody else's)"


def versions(s: Stage, events: Sequence[Event]) -> Iterator[str]:
    """Released under every version and domain = what its own settlements did not book to the stake."""
    vault, arena = s.system.vault.address, s.system.arena.address
    governed = {event["series"]: event["params"].governed for event in _of(events, arena, "SeriesCreated")}
    series = {event["question"]: event["series"] for event in _of(events, arena, "QuestionOpened")}
    due: Counter[tuple[str, int, int]] = Counter()
    for event in _of(events, arena, "Settled"):
        of = series[event["question"]]
        domain = 0 if governed[of] else of
        due[event["forecaster"], event["version"], domain] += event["net"] - event["stake_change"]
    for event in _of(events, vault, "Released"):
        due[event["forecaster"], event["version"], event["domain"]] -= event["amount"]
    for key, rest in due.items():
        if rest:
            yield f"escrow {key} kept {rest} wei of its children (negative: gave them another version's)"


def cascade_accounts(s: Stage, events: Sequence[Event]) -> Iterator[str]:
    """Withdrawn from the Cascade by a node = deposited for, and pulled to, the node without a version."""
    cascade = s.system.cascade.address
    due: Counter[str] = Counter()
    for event in _of(events, cascade, "Deposited"):
        if event["version"] == 0:
            due[event["node"]] += event["amount"]
    for event in _of(events, cascade, "Pulled"):
        if event["child_version"] == 0:
            due[event["child"]] += event["amount"]
    for event in _of(events, cascade, "Withdrawn"):
        due[event["node"]] -= event["amount"]
    for node, rest in due.items():
        if rest:
            yield f"{s.names[node]} left {rest} wei of its own in the cascade (negative: took somebody else's)"


_FLOWS = (
    ("vault", "Deposited", "account", -1),
    ("vault", "Withdrawn", "account", 1),
    ("treasury", "Funded", "payer", -1),
    ("treasury", "SponsorWithdrew", "to", 1),
    ("cascade", "Deposited", "payer", -1),
    ("cascade", "Withdrawn", "node", 1),
)
"""Contract, event, whose purse, and whether its amount came in or went out."""


def purses(s: Stage, events: Sequence[Event]) -> Iterator[str]:
    """Everybody's tokens are those it began with, and what the contracts say they took and paid; less gifts."""
    purse = Counter(s.start)
    for contract, name, whose, sign in _FLOWS:
        for event in _of(events, getattr(s.system, contract).address, name):
            purse[event[whose]] += sign * event["amount"]
    for giver, amount in s.gifts.items():
        purse[giver] -= amount
    for holder in s.by_address:
        if purse[holder] != (has := s.system.balance(holder)):
            yield f"{s.names[holder]} has {has} wei, by the events {purse[holder]}"
