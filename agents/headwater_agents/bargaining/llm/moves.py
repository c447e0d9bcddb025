"""From a model's answer to a move of the negotiation: the schema it is given, and what its fields mean."""

from __future__ import annotations

from typing import Any, Final

from headwater.deals import Negotiation, Price, Refused, Terms
from headwater.units import WAD
from headwater_agents.bargaining.errors import BargainError
from headwater_agents.bargaining.llm.errors import NoAnswerError
from headwater_agents.bargaining.llm.hearing import MOST_WORDS, clean
from headwater_agents.bargaining.table import Agree, Halt, Move, Offer, Table
from headwater_agents.bargaining.talks import tokens

THOUGHTS: Final = 400
"""Most letters of a model's reasoning, where it is asked for."""

_PROPOSE: Final = "propose"
_COUNTER: Final = "counter"
_AGREE: Final = "agree"
_HALT: Final = "halt"


def move_schema(table: Table, negotiation: Negotiation | None, *, steps: bool) -> dict[str, Any]:
    """JSON Schema of a move in this turn: an unknown action or 140% is not in it. `steps` asks for reasoning first."""
    if negotiation is None or not negotiation.messages:
        moves = [_PROPOSE, _HALT]
    elif table.last_chance(negotiation):
        moves = [_AGREE, _HALT]
    else:
        moves = [_AGREE, _COUNTER, _HALT]
    fields: dict[str, Any] = {"reasoning": {"type": "string", "maxLength": THOUGHTS}} if steps else {}
    fields |= {
        "move": {"type": "string", "enum": moves},
        "my_action": {"type": "string", "enum": list(table.view.options(table.me))},
        "your_action": {"type": "string", "enum": list(table.view.options(table.other))},
        "who_pays": {"type": "string", "enum": ["me", "you"]},
        "percent": {"type": "integer", "minimum": 0, "maximum": 100},
        "say": {"type": "string", "maxLength": MOST_WORDS},
    }
    return {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}


def move_of(answer: dict[str, Any], table: Table, negotiation: Negotiation | None, *, guard: bool) -> Move:
    """The move that an answer of the schema is.

    Raises:
        NoAnswerError: a counter that is the offer on the table, or, under guard, terms that leave this player worse off
            than no deal by its own rollouts.
    """
    words = clean(answer["say"])
    if answer["move"] == _HALT:
        return Halt(words)
    on_table = negotiation.table.terms if negotiation is not None and negotiation.table is not None else None
    if answer["move"] == _AGREE:
        if on_table is None:
            raise NoAnswerError("there is no offer to agree to")
        _guard(on_table, table, guard)
        return Agree(words)
    terms = _terms(answer, table)
    if terms == on_table:
        raise NoAnswerError("that is the offer on the table: to take it is to agree")
    _guard(terms, table, guard)
    return Offer(terms, words)


def _terms(answer: dict[str, Any], table: Table) -> Terms:
    payer, payee = (table.me, table.other) if answer["who_pays"] == "me" else (table.other, table.me)
    actions = {table.me: answer["my_action"], table.other: answer["your_action"]}
    percent = int(answer["percent"])
    leg, plan = table.leg, table.plan
    try:
        if leg is not None and plan is not None and payer == leg.payer:
            planned = {leg.payer: plan.actions[leg.payer], leg.payee: plan.actions[leg.payee]}
            if actions == planned:
                return table.priced(leg.base * percent // 100)
        return Terms(
            payer=table.accounts[payer],
            payee=table.accounts[payee],
            payer_action=actions[payer],
            payee_action=actions[payee],
            price=Price.fixed(percent * WAD // 100),
        )
    except (Refused, BargainError) as error:
        raise NoAnswerError(f"those terms cannot be written: {error}") from None


def _guard(terms: Terms, table: Table, guard: bool) -> None:
    if not guard:
        return
    worth, without = table.worth(terms), table.view.mine(table.no_deal)
    if worth is not None and worth < without:
        raise NoAnswerError(
            f"those terms leave you with {tokens(worth)} points; without a deal you can expect {tokens(without)}"
        )
