"""SPEC section 8 as a list of small checks: each yields what is broken, and nothing if all is well.

They look at values read from the chain (`seen`); the model only tells which accounts, escrows and versions there are.
`before` holds what those of the values that were just read again were at the transaction before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from model import Model
from views import Values

from headwater.cascade import SHARE
from headwater.twin import ceil_div, lock
from headwater.units import BPS, MAX_WEI

Invariant = Callable[[Model, Values, Values], Iterator[str]]


def supply_is_the_sum_of_balances(model: Model, seen: Values, before: Values) -> Iterator[str]:
    """I1."""
    total = sum(amount for (_, function, _), amount in seen.items() if function == "balanceOf")
    supply = seen["token", "totalSupply", ()]
    if supply != total:
        yield f"supply {supply}, balances {total}"
    if not supply <= model.token.cap <= MAX_WEI:
        yield f"supply {supply} above the cap {model.token.cap}"


def treasury_holds_what_it_owes(model: Model, seen: Values, before: Values) -> Iterator[str]:
    """I2."""
    parts = sum(sum(value) for (contract, function, _), value in seen.items() if (contract, function) == _BANKROLL)
    yield from _holds(model, seen, "treasury", parts + seen["treasury", "unallocated", ()])


def vault_holds_what_it_owes(model: Model, seen: Values, before: Values) -> Iterator[str]:
    """I3."""
    parts = 0
    for (contract, function, _), value in seen.items():
        if contract == "vault":
            if function in ("account", "unbonding"):
                parts += value[0]
            elif function == "escrow":
                parts += value[0] + value[2]
    yield from _holds(model, seen, "vault", parts)


_BANKROLL = ("treasury", "account")


def _holds(model: Model, seen: Values, name: str, parts: int) -> Iterator[str]:
    place = getattr(model.places, name)
    owed, balance = seen[name, "owed", ()], seen["token", "balanceOf", (place,)]
    if owed != parts:
        yield f"{name} says it owes {owed}, its accounts sum to {parts}"
    if balance != owed + model.token.stray(place):
        yield f"{name} has {balance}, owes {owed}, and {model.token.stray(place)} came without a call"


def cascade_holds_what_it_owes(model: Model, seen: Values, before: Values) -> Iterator[str]:
    """I4: what came in under every version and was not moved on or withdrawn, and nothing but strays beyond it."""
    inside = 0
    for (contract, function, args), value in seen.items():
        if contract != "cascade":
            continue
        if function == "flows":
            inside += value[0] - value[1] if args[1] == 0 else value[0] + value[1]
        elif function == "taken":
            inside -= value
    place = model.places.cascade
    balance = seen["token", "balanceOf", (place,)]
    if balance != inside + model.token.stray(place):
        yield f"it has {balance}, its versions hold {inside}, {model.token.stray(place)} came without a call"


def reserves_belong_to_unsettled_questions(model: Model, seen: Values, before: Values) -> Iterator[str]:
    """I5."""
    reserves = dict.fromkeys(model.arena.series, 0)
    for number, question in model.arena.questions.items():
        reserve = seen["arena", "question", (number,)][6]
        reserves[question.series.id] += reserve
        if question.status > 2 and not question.positions and reserve:
            yield f"question {number} is settled and keeps {reserve}"
    for series, reserve in reserves.items():
        reserved = seen["treasury", "account", (series,)][1]
        if reserved != reserve:
            yield f"series {series} has {reserved} reserved, its questions {reserve}"


def locks_are_those_of_open_positions(model: Model, seen: Values, before: Values) -> Iterator[str]:
    """I6."""
    accounts = {args[0]: 0 for (contract, function, args) in seen if (contract, function) == ("vault", "account")}
    escrows = dict.fromkeys(model.vault.escrows, 0)
    for number, question in model.arena.questions.items():
        for forecaster in question.positions:
            wager, version, _ = seen["arena", "position", (number, forecaster)]
            locked = lock(wager, question.series.scale)
            accounts[forecaster] += locked
            if version:
                escrows[forecaster, version, question.series.domain] += locked
    for holder, expected in accounts.items():
        bonded, locked, _ = seen["vault", "account", (holder,)]
        if locked != expected or locked > bonded:
            yield f"{holder} has {locked} of {bonded} locked, its positions need {expected}"
    for key, expected in escrows.items():
        if (locked := seen["vault", "escrow", key][3]) != expected:
            yield f"escrow {key} counts {locked} locked, its positions need {expected}"


def a_settlement_releases_nothing_that_open_positions_may_lose(
    model: Model, seen: Values, before: Values
) -> Iterator[str]:
    """I7: after a settlement that released something, held is the buffer or the worst case of what is still open."""
    for key in model.vault.escrows:
        view = ("vault", "escrow", key)
        held, _, due, locked, keep_bps, buffer, _ = seen[view]
        old_due, old_lock = before[view][2:4] if view in before else (due, locked)
        worst = ceil_div((BPS - keep_bps) * locked, BPS)
        if due > old_due and locked < old_lock and held != max(buffer, worst):
            yield f"escrow {key} released {due - old_due} and holds {held}: buffer {buffer}, worst case {worst}"


def nobody_takes_more_than_a_version_has(model: Model, seen: Values, before: Values) -> Iterator[str]:
    """I8: the leaves' takings within the pot, each within its part; the node's own within its share."""
    taken: dict[tuple[str, int], int] = {}
    for (contract, function, args), value in seen.items():
        if contract == "cascade" and function == "taken":
            node, version, index = args
            if index != SHARE:
                taken[node, version] = taken.get((node, version), 0) + value
    for (node, version), announced in model.cascade.announced.items():
        inflow, released = seen["cascade", "flows", (node, version)]
        share = inflow * announced.terms.keep_bps // BPS
        pot = inflow - share + released
        if taken.get((node, version), 0) > pot:
            yield f"leaves of {(node, version)} took {taken[node, version]} of {pot}"
        if (own := seen["cascade", "taken", (node, version, SHARE)]) > share:
            yield f"{(node, version)} took {own} for itself, its share is {share}"


def money_promised_under_a_version_stays_there(model: Model, seen: Values, before: Values) -> Iterator[str]:
    """What settlements earned an escrow's children, signed, is what it holds, has due, released, less its debt.

    Only a debt may move between versions, and never what is held.
    """
    released: dict[tuple[str, int], int] = {}
    for key, promise in model.vault.promises.items():
        held, debt, due, *_ = seen["vault", "escrow", key]
        book = held + due + promise.released - debt
        expected = promise.earned + promise.debt_out - promise.debt_in
        if book != expected:
            yield f"escrow {key} stands at {book}, its settlements and moved debts at {expected}"
        pair = key[:2]
        released[pair] = released.get(pair, 0) + promise.released
    for pair, amount in released.items():
        if (booked := seen["cascade", "flows", pair][1] if pair[1] else 0) != amount:
            yield f"{pair} was credited {booked}, its escrows released {amount}"


INVARIANTS: tuple[Invariant, ...] = (
    supply_is_the_sum_of_balances,
    treasury_holds_what_it_owes,
    vault_holds_what_it_owes,
    cascade_holds_what_it_owes,
    reserves_belong_to_unsettled_questions,
    locks_are_those_of_open_positions,
    a_settlement_releases_nothing_that_open_positions_may_lose,
    nobody_takes_more_than_a_version_has,
    money_promised_under_a_version_stays_there,
)
