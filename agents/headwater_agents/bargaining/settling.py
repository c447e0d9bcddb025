"""How deals and the team's earning are settled after a play, by the escrow's own rule.

share = price at the observed state, if both kept to the deal; its largest, if only the payee did; 0 if the payee did
        not;    paid = floor(base · share / 10¹⁸),    base = deposit, or else what the payer earned in the task
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from headwater.deals import Deal
from headwater.deals.twin import Verdict, share_of
from headwater.units import WAD
from headwater_agents.games import Game, Record


@dataclass(frozen=True, slots=True)
class Deed:
    """What a player did first in a stage, and all it could have done then."""

    action: str
    choices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Settled:
    """A deal after the task.

    Attributes:
        talk: number of the negotiation it comes from.
        payer, payee: player numbers.
        payer_kept, payee_kept: whether each did what it had signed.
        observed: the state its price was read at.
        base: wei the share was taken of.
        paid: wei that passed.
    """

    talk: int
    payer: int
    payee: int
    payer_kept: bool
    payee_kept: bool
    observed: int
    base: int
    paid: int


def rewards_of(own: Sequence[int], shares: Sequence[int]) -> tuple[int, ...]:
    """Wei that each is rewarded with: its own earning where that is above zero, and its share of the team's.

    Never below zero: nobody can be rewarded with a loss. What somebody spends by itself (an own earning below zero) is
    borne outside the task: no part of its reward, and of no deal's base.
    """
    return tuple(max(max(mine, 0) + share, 0) for mine, share in zip(own, shares, strict=True))


def deeds(game: Game[Any], record: Record) -> list[dict[int, Deed]]:
    """Stage by stage, what each player did first in it, from a record that replays."""
    state, found = game.start(), list[dict[int, Deed]]()
    for step in record.steps:
        if game.stage(state):
            found.append({})
        acting = game.acting(state)
        if found:
            for player, action in zip(acting, step.actions, strict=True):
                found[-1].setdefault(player, Deed(action, game.choices(state, player)))
        state = game.step(state, dict(zip(acting, step.actions, strict=True)), step.rolls)
    return found


def kept(deed: Deed | None, action: str, *, payee: bool) -> bool:
    """Whether somebody kept to an action.

    Whoever had no occasion, because the game ended before or the rules did not allow it any more, broke nothing, so a
    payer loses nothing by it; but a payee is paid only for what it did.
    """
    if deed is None:
        return not payee
    return deed.action == action or (not payee and action not in deed.choices)


def settle(
    deals: Sequence[tuple[int, int, Deal]],
    done: Sequence[dict[int, Deed]],
    accounts: Sequence[str],
    rewards: Sequence[int],
    observed: Sequence[int],
) -> tuple[Settled, ...]:
    """Settle deals given as (negotiation, stage, deal).

    Args:
        deals: what was agreed.
        done: `deeds` of the play.
        accounts: address of each player.
        rewards: wei each is rewarded with, as `rewards_of` gives them.
        observed: the state at which each deal's price is read.
    """
    found = []
    for (talk, stage, deal), state in zip(deals, observed, strict=True):
        terms = deal.terms
        payer, payee = accounts.index(terms.payer), accounts.index(terms.payee)
        acts = done[stage] if stage < len(done) else {}
        verdict = Verdict(
            payer_kept=kept(acts.get(payer), terms.payer_action, payee=False),
            payee_kept=kept(acts.get(payee), terms.payee_action, payee=True),
            observed=state,
        )
        base = terms.deposit or rewards[payer]
        paid = base * share_of(terms.price, verdict) // WAD
        found.append(Settled(talk, payer, payee, verdict.payer_kept, verdict.payee_kept, state, base, paid))
    return tuple(found)
