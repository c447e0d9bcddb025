"""All the negotiations of a large plan, really held: every message signed by its sender and verified by the other."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from headwater.chain.accounts import Account, development_key
from headwater.deals import Limits, Status
from headwater_agents.bargaining import NOWHERE, Arm, Leg, Negotiator, Plan, Rollouts, Table, View
from headwater_agents.bargaining.talks import hold


@dataclass(frozen=True, slots=True)
class Talked:
    """What holding a plan's negotiations took.

    Attributes:
        negotiations: how many; `agreed` of them with a deal.
        messages: said in all; `signatures` on them and on their deals, each verified once by the other.
        seconds: for all of them, one after the other.
        locked: wei that payers have to lock before the task.
        unfair: wei by which the player who is farthest from its fair share misses it once all deals are paid.
    """

    negotiations: int
    agreed: int
    messages: int
    signatures: int
    seconds: float
    locked: int
    unfair: int

    def as_dict(self) -> dict[str, Any]:
        """As JSON; wei as decimal strings."""
        return asdict(self) | {"locked": str(self.locked), "unfair": str(self.unfair)}


def accounts_of(players: int, seed: int) -> list[Account]:
    """Development accounts, one a player."""
    return [Account(development_key(seed, player)) for player in range(players)]


def talk_over(
    rollouts: Rollouts,
    plan: Plan,
    legs: Sequence[Leg],
    agents: tuple[Negotiator, Negotiator],
    accounts: Sequence[Account],
    *,
    rounds: int = 8,
    progress: Callable[[int, int], None] | None = None,
) -> Talked:
    """Hold one negotiation for each leg; the payee speaks first.

    Args:
        rollouts: of the stage.
        plan: whose actions the deals name.
        legs: bargained over.
        agents: how every payer bargains, and how every payee does.
        accounts: one a player of the game.
        rounds: offers in one negotiation.
        progress: called as `progress(negotiations held, negotiations)`.
    """
    addresses = tuple(account.address for account in accounts)
    payer_agent, payee_agent = agents
    names = tuple(payee_agent.name for _ in accounts)
    balance = dict(plan.payoffs)
    agreed = messages = signatures = 0
    now, started = 2_000_000_000, time.perf_counter()
    for number, leg in enumerate(legs):
        payee, payer = (
            Table(
                game=rollouts.game,
                state=rollouts.state,
                me=me,
                other=other,
                accounts=addresses,
                names=names,
                arm=Arm.SHORT_TERM,
                checkpoint=0,
                rounds=rounds,
                view=View(rollouts, me, Arm.SHORT_TERM),
                no_deal=plan.game.no_deal,
                leg=leg,
                plan=plan,
                draw=0.5,
            )
            for me, other in ((leg.payee, leg.payer), (leg.payer, leg.payee))
        )
        held = hold(
            (payee, payer),
            (payee_agent, payer_agent),
            (accounts[leg.payee], accounts[leg.payer]),
            domain=NOWHERE,
            task=1,
            nonce=number,
            limits=Limits(rounds=rounds, reply_window=600),
            now=now,
            tell=lambda kind, player, text, fields: None,
        )
        now = held.now
        talk = held.negotiation
        messages += len(talk.messages)
        signatures += len(talk.messages) + (2 if talk.signatures is not None else 0)
        if talk.status is Status.AGREED and talk.deal is not None:
            agreed += 1
            paid = talk.deal.terms.amount(leg.base)
            balance[leg.payer] -= paid
            balance[leg.payee] += paid
        if progress is not None:
            progress(number + 1, len(legs))
    return Talked(
        negotiations=len(legs),
        agreed=agreed,
        messages=messages,
        signatures=signatures,
        seconds=time.perf_counter() - started,
        locked=sum(leg.deposit for leg in legs),
        unfair=max(abs(balance[player] - fair) for player, fair in plan.fair.items()),
    )
