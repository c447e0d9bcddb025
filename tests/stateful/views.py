"""Every public view, with the value that the model says it has."""

from __future__ import annotations

from dataclasses import astuple
from typing import Any

from model import Model
from model_arena import OPEN, Question

from headwater.cascade import SHARE

View = tuple[str, str, tuple[Any, ...]]
"""Contract (as `System` names it), function, arguments."""

Values = dict[View, Any]


def views(model: Model, holders: tuple[str, ...]) -> Values:
    """All views of the five contracts and the values they must have now; `holders` is everybody with tokens."""
    return {
        **_token(model, holders),
        **_treasury(model),
        **_vault(model, holders),
        **_series(model),
        **_questions(model),
        **_cascade(model, holders),
    }


def _token(model: Model, holders: tuple[str, ...]) -> Values:
    values: Values = {("token", "balanceOf", (holder,)): model.token.balance(holder) for holder in holders}
    values["token", "totalSupply", ()] = model.token.supply
    return values


def _treasury(model: Model) -> Values:
    treasury = model.treasury
    values: Values = {
        ("treasury", "owed", ()): treasury.owed,
        ("treasury", "totals", ()): (treasury.emitted, treasury.recycled),
        ("treasury", "unallocated", ()): treasury.unallocated,
        ("treasury", "rate", ()): treasury.schedule.rate,
        ("treasury", "next_epoch", ()): treasury.schedule.next_epoch,
        ("treasury", "weights", ()): tuple(zip(*treasury.shares, strict=True)) or ((), ()),
    }
    for series, account in treasury.accounts.items():
        values["treasury", "account", (series,)] = account.bankroll, account.reserved
        values["treasury", "epoch_cap", (series,)] = treasury.cap_left(series)
    return values


def _vault(model: Model, holders: tuple[str, ...]) -> Values:
    vault = model.vault
    values: Values = {("vault", "owed", ()): vault.owed, ("vault", "paused", ()): vault.paused}
    for holder in holders:
        account = vault.account(holder)
        marks = len(account.checkpoints)
        values["vault", "account", (holder,)] = account.bonded, account.locked, marks
        values["vault", "unbonding", (holder,)] = account.unbonding, account.ready
        if marks:
            values["vault", "checkpoint", (holder, marks - 1)] = account.checkpoints[-1]
    for key, escrow in vault.escrows.items():
        values["vault", "escrow", key] = (
            escrow.held,
            escrow.debt,
            escrow.due,
            escrow.lock,
            escrow.keep_bps,
            escrow.buffer,
            vault.active.get(key, 0),
        )
    return values


def _series(model: Model) -> Values:
    arena = model.arena
    values: Values = {
        ("arena", "series_count", ()): len(arena.series),
        ("arena", "question_count", ()): len(arena.questions),
    }
    for number, series in arena.series.items():
        values["arena", "counts", (number,)] = tuple(series.counts)
        values["arena", "resolved_count", (number,)] = series.resolved
        values["arena", "newest_question", (number,)] = series.newest
        values["arena", "logs", (number,)] = series.scale.log_range, series.scale.log_rent
        if not series.has_feed:
            values["arena", "next_odds", (number,)] = tuple(series.next_odds())
    return values


def _questions(model: Model) -> Values:
    values: Values = {}
    for number, question in model.arena.questions.items():
        values["arena", "question", (number,)] = _question(question)
        outcomes = question.series.params.outcomes
        values["arena", "odds", (number,)] = question.odds or (0,) * outcomes
        if question.positions and question.status >= OPEN:
            first, last = min(question.positions), outcomes - 1
            values["arena", "preview", (number, first, last)] = model.arena.outcome_net(question, first, last)
        for forecaster, position in question.positions.items():
            sealed = position.report is None
            values["arena", "position", (number, forecaster)] = position.wager, position.version, not sealed
    return values


def _question(question: Question) -> tuple[Any, ...]:
    return (
        question.series.id,
        question.series.params.outcomes,
        question.status,
        question.outcome,
        question.capacity,
        question.wagered,
        question.reserve,
        question.unsettled,
        question.opened,
        question.count,
        astuple(question.times),
    )


def _cascade(model: Model, holders: tuple[str, ...]) -> Values:
    cascade, ledger = model.cascade, model.cascade.ledger
    values: Values = {("cascade", "count", ()): ledger.count}
    for holder in holders:
        values["cascade", "latest", (holder,)] = cascade.latest(holder)
        values["cascade", "withdrawable", (holder,)] = ledger.withdrawable(holder)
        values["cascade", "flows", (holder, 0)] = ledger.flows(holder, 0)
    for node, version in cascade.pairs():
        if version == 0:
            continue
        values["cascade", "flows", (node, version)] = ledger.flows(node, version)
        values["cascade", "taken", (node, version, SHARE)] = ledger.taken.get((node, version, SHARE), 0)
        if (node, version) in cascade.announced:
            announced = cascade.announced[node, version]
            successor = cascade.successors.get((node, version), (0, 0))
            values["cascade", "version_state", (node, version)] = announced.terms.terms_hash, *successor
    for (node, version, index), amount in ledger.taken.items():
        values["cascade", "taken", (node, version, index)] = amount
    return values
