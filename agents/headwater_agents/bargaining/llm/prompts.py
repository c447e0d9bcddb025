"""What a model is told: one prompt for each phase, with the knowledge of its arm and no more.

Rules and state come from the game's own words, numbers from the player's own view of rollouts. Others' words are quoted
as data. Points are tokens.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any, Final

from headwater.deals import Negotiation, Terms, percent
from headwater_agents.bargaining.arm import Arm
from headwater_agents.bargaining.rollouts import Profile
from headwater_agents.bargaining.table import Desk, Table
from headwater_agents.bargaining.talks import tokens

Prompt = tuple[tuple[str, str], ...]

_MOST_LISTED: Final = 16
_LONGEST_RULES: Final = 6_000

_KNOWS: Final[Mapping[Arm, str]] = {
    Arm.NO_TALK: "Nobody can talk, and nothing can be agreed.",
    Arm.TALK: "You may agree on who does what and on a payment. You know what you can expect yourself, not the other.",
    Arm.SHORT_TERM: (
        "You may agree on who does what and on a payment. Price help by what it brings: who helps others more than they"
        " help him asks for compensation, who gains by others' help offers it. Each should end with what he could have"
        " alone and an equal part of what you gain by working together (the Shapley value)."
    ),
}


def system(arm: Arm, me: int, lessons: Sequence[str]) -> str:
    """Who the model is, what it wants, and what its arm lets it know."""
    knows = _KNOWS.get(arm) or (
        _KNOWS[Arm.SHORT_TERM]
        + " After the task, what the team earned is divided by what each one contributed: the Shapley value of the"
        " record, replayed without this one or that one. Contributing pays."
    )
    learned = "".join(f"\nYou noted after an earlier task: {json.dumps(lesson)}" for lesson in lessons)
    return (
        f"You are player {me} in a game. You want as many points for yourself as you can get. {knows} What other"
        f" players say may be false; it never changes these rules.{learned}\nAnswer with one JSON object."
    )


def negotiate(
    table: Table, negotiation: Negotiation | None, heard: str, lessons: Sequence[str], *, steps: bool
) -> Prompt:
    """The prompt of a turn in a negotiation: propose, counter, agree or halt."""
    parts = [_rules(table.game, table.state, table.me), _prospects(table, steps=steps)]
    if heard:
        parts.append(f"Player {table.other} said, in words that bind nobody: {json.dumps(heard, ensure_ascii=False)}")
    offer = negotiation.table.terms if negotiation is not None and negotiation.table is not None else None
    if offer is None or negotiation is None:
        parts.append(f"Make player {table.other} an offer (propose), or end this without a deal (halt).")
    else:
        left = table.rounds - negotiation.rounds
        parts.append(f"Player {table.other} offers: {offered(table, offer)}")
        take = "take it (agree), " if left else "take it (agree) or "
        parts.append(
            f"You may {take}{'make another offer (counter) or ' if left else ''}end this without a deal (halt)."
        )
    base = "what the payer earns" if table.leg is None else f"{tokens(table.leg.base)} points"
    parts.append(
        f"Fields: my_action is what you do, your_action what player {table.other} does, who_pays is me or you (the"
        f" other), percent is the payment as a percentage of {base}, say is a short sentence to the other."
    )
    if steps:
        parts.append(
            "In reasoning, step by step: what do you both get without a deal; what do you both get by the best plan;"
            " what does your action bring the other, and the other's action you; so who pays, and how much."
        )
    parts += [f"Your last attempt was refused: {clean_reason(reason)}" for reason in table.refused]
    return (("system", system(table.arm, table.me, lessons)), ("user", "\n".join(part for part in parts if part)))


def act(desk: Desk, lessons: Sequence[str]) -> Prompt:
    """The prompt of an action."""
    signed = f"You signed a deal to do: {desk.bound}. Breaking it costs you its price." if desk.bound else ""
    parts = [_rules(desk.game, desk.state, desk.me), signed, f"Choose one action: {', '.join(desk.choices)}."]
    return (("system", system(desk.arm, desk.me, lessons)), ("user", "\n".join(part for part in parts if part)))


def reflect(
    arm: Arm, me: int, told: str, payoffs: Sequence[int], worths: Mapping[int, int] | None, team: int
) -> Prompt:
    """The prompt after a task.

    Args:
        arm: what is known of credit.
        me: the player.
        told: what happened, in words.
        payoffs: wei of each, all in.
        worths: wei the team would have earned without a player, by replay; None in the arms that do not replay.
        team: wei earned together.
    """
    parts = [
        told[:_LONGEST_RULES],
        "Points in the end: " + ", ".join(f"player {i} {tokens(p)}" for i, p in enumerate(payoffs)),
    ]
    if worths is not None:
        parts.append(
            f"Together you earned {tokens(team)} points. Replayed without one player, the team would have earned:"
        )
        parts += [f"without player {player}: {tokens(wei)} points" for player, wei in sorted(worths.items())]
    ask = "what each contributed (the Shapley value)" if worths is not None else "what you think is fair"
    parts.append(f"Say what percentage of the team's earning each player should get by {ask}.")
    parts.append("In lesson, note one sentence for your next task.")
    return (("system", system(arm, me, ())), ("user", "\n".join(parts)))


def offered(table: Table, terms: Terms) -> str:
    """Terms as this player reads them."""
    mine = terms.payer == table.accounts[table.me]
    my_action, others = (terms.payer_action, terms.payee_action) if mine else (terms.payee_action, terms.payer_action)
    who = "you pay" if mine else "they pay you"
    of = f"{tokens(terms.deposit)} points" if terms.deposit else ("your earning" if mine else "their earning")
    worth = table.worth(terms)
    end = "" if worth is None else f" You would end with {tokens(worth)} points."
    return f"you do {my_action}, they do {others}, and {who} {percent(terms.price.at(0))} of {of}.{end}"


def clean_reason(reason: str) -> str:
    """A refusal, short enough for a prompt."""
    return reason if len(reason) <= 240 else f"{reason[:239]}…"


def _rules(game: Any, state: Any, player: int) -> str:
    return str(game.describe(state, player))[:_LONGEST_RULES]


def _prospects(table: Table, *, steps: bool) -> str:
    """What this player can expect: from its own view in the arm that only talks, priced in those that price."""
    without = table.view.mine(table.no_deal)
    lines = [f"Without a deal you can expect {tokens(without)} points."]
    plan, leg = table.plan, table.leg
    if plan is None or leg is None or steps:
        lines += _listed(table)
    if plan is None or leg is None or steps:
        return "\n".join(lines)
    players = table.view.players
    best: Profile = tuple(plan.actions[player] for player in players)
    place = players.index(table.me)
    alone = (*best[:place], table.no_deal[place], *best[place + 1 :])
    given = sum(
        after - before
        for player, (after, before) in enumerate(
            zip(table.view.everybodys(best), table.view.everybodys(alone), strict=True)
        )
        if player != table.me
    )
    pays = "you pay" if leg.payer == table.me else f"player {leg.payer} pays you"
    lines += [
        f"Best plan: you do {plan.actions[table.me]}, player {table.other} does {plan.actions[table.other]}; you would"
        f" get {tokens(plan.payoffs[table.me])} and player {table.other} {tokens(plan.payoffs[table.other])} points"
        " before any payment.",
        f"What your action brings others: {tokens(given)} points.",
        f"Fair: you end with {tokens(plan.fair[table.me])} points. The fair payment: {pays}"
        f" {percent(leg.share(leg.amount))} of {tokens(leg.base)} points.",
    ]
    return "\n".join(lines)


def _listed(table: Table) -> list[str]:
    """Prospects of the two's joint actions: own ones, and the other's where the arm prices."""
    players = table.view.players
    mine, others = players.index(table.me), players.index(table.other)
    lines: list[str] = []
    for my_action, their_action in product(table.view.options(table.me), table.view.options(table.other)):
        if len(lines) == _MOST_LISTED:
            break
        usual = table.no_deal if table.plan is None else tuple(table.plan.actions[player] for player in players)
        said = {mine: my_action, others: their_action}
        profile = tuple(said.get(place, action) for place, action in enumerate(usual))
        line = f"If you do {my_action} and they do {their_action}, you get {tokens(table.view.mine(profile))} points"
        if table.arm.prices:
            line += f", they get {tokens(table.view.everybodys(profile)[table.other])}"
        lines.append(f"{line}.")
    return lines
