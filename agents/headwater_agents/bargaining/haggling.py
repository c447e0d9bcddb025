"""Haggling by one who knows its own payoffs only: aspiration and concession (after Faratin, Sierra & Jennings 1998).

    aspiration(t) = best − (best − reserve) · (t / (T − 1))^(1/β)          t of T offers made so far

with `best` the largest payoff of its own among the two's joint actions, `reserve` what it has without a deal. β = 1
gives way evenly, β below 1 late (Boulware), β above 1 early. An offer is worth exactly the aspiration to whoever makes
it: a joint action and the payment that makes up the difference. What it brings the other, nobody works out; whoever
hears of a joint action that the other wanted comes back to it with a payment of its own.
"""

from __future__ import annotations

from itertools import product

from headwater.deals import Negotiation, Terms
from headwater_agents.bargaining.table import Agree, Halt, Move, Offer, Table


def conceded(step: int, steps: int, beta: float) -> float:
    """(t / (T − 1))^(1/β): from 0 at the first offer to 1 at the last one, and when that is to be taken or left."""
    return 1.0 if steps <= 1 else min(max(step / (steps - 1), 0.0), 1.0) ** (1.0 / beta)


def along(start: int, end: int, part: float) -> int:
    """Wei at a part of the way from one amount to another; exact at both ends."""
    if part >= 1.0:
        return end
    return start + int(part * (end - start))


def haggle(table: Table, negotiation: Negotiation | None, beta: float, hold: float = 0.0) -> Move:
    """The next move: take what is worth the next aspiration, otherwise offer it; at the last chance take or leave it.

    `hold` keeps the aspiration at or above that part of the way from reserve to best, whatever the time.
    """
    mine = {pair: table.view.mine(_profile(table, *pair)) for pair in _pairs(table)}
    best, reserve = max(mine.values()), table.view.mine(table.no_deal)
    made = 0 if negotiation is None else negotiation.rounds
    least = along(reserve, max(best, reserve), hold)
    aspiration = max(along(max(best, reserve), reserve, conceded(made, table.rounds, beta)), least)
    wanted: tuple[str, str] | None = None
    if negotiation is not None and negotiation.table is not None:
        offered = negotiation.table.terms
        worth = table.worth(offered)
        if worth is not None and worth >= aspiration:
            return Agree()
        if table.last_chance(negotiation):
            return Halt()
        wanted = _said(table, offered)
    # Every other time, come back to what the other proposed; at first, to what one would like best oneself.
    back = wanted is not None and made // 2 % 2 == 1
    pair = wanted if back and wanted is not None else max(mine, key=lambda each: mine[each])
    terms = _terms(table, pair, mine[pair] - aspiration)
    if negotiation is not None and negotiation.table is not None and terms == negotiation.table.terms:
        return Agree()
    return Offer(terms)


def _terms(table: Table, pair: tuple[str, str], spare: int) -> Terms:
    """A joint action, and who pays the difference: this player what it can spare, or the other what is missing."""
    return table.deposited(table.me if spare >= 0 else table.other, pair[0], pair[1], abs(spare))


def _pairs(table: Table) -> list[tuple[str, str]]:
    return list(product(table.view.options(table.me), table.view.options(table.other)))


def _profile(table: Table, mine: str, others: str) -> tuple[str, ...]:
    said = {table.me: mine, table.other: others}
    return tuple(said.get(player, usual) for player, usual in zip(table.view.players, table.no_deal, strict=True))


def _said(table: Table, terms: Terms) -> tuple[str, str]:
    if terms.payer == table.accounts[table.me]:
        return terms.payer_action, terms.payee_action
    return terms.payee_action, terms.payer_action
