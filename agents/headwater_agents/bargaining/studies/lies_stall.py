"""Stalling and breaking one's word, between two who agreed on a price: with a promise, and with a signed deal.

The worlds are random 2×2 games in which doing what is best together takes one payment (`make_plan`). Told: the two gave
their word, so whoever moves last decides. Shown: both signed a Deal, whose price is locked; what a play of the game
with these actions settles to is worked out by the escrow's rule (`headwater.deals.twin`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np

from headwater.chain.accounts import Account
from headwater.deals import Limits, Negotiation, Price, Status, Terms
from headwater.deals.twin import Verdict, share_of
from headwater.units import WAD
from headwater_agents.bargaining.plan import Leg, Plan, make_plan
from headwater_agents.bargaining.rollouts import Rollouts
from headwater_agents.bargaining.stage import best_reply
from headwater_agents.bargaining.studies.lies_credit import Outcome
from headwater_agents.bargaining.studies.moving_arms import StudyError
from headwater_agents.bargaining.studies.moving_play import NOWHERE
from headwater_agents.games import POINT, MatrixGame

ROUNDS: Final = 6
"""Offers of a negotiation; the second to speak makes the last."""
_DAY: Final = 86_400


@dataclass(frozen=True, eq=False, kw_only=True)
class Pair:
    """Two players, what is best for both, and the one payment it takes.

    Attributes:
        rollouts: of the game.
        plan: of both.
        leg: its payment.
        accounts: of player 0 and player 1.
    """

    rollouts: Rollouts
    plan: Plan
    leg: Leg
    accounts: tuple[Account, Account]

    @property
    def stake(self) -> int:
        """What the plan is worth to both beyond no deal, wei."""
        return self.plan.game.gain

    @property
    def fair(self) -> list[int]:
        """Where the plan ends for players 0 and 1, wei."""
        return [self.plan.fair[0], self.plan.fair[1]]

    @property
    def none(self) -> list[int]:
        """The same without any deal."""
        return [self.plan.no_deal[0], self.plan.no_deal[1]]

    def acted(self, *, payer: str | None = None, payee: str | None = None) -> list[int]:
        """Payoffs before payments if these two do something else than planned, wei."""
        actions = dict(self.plan.actions)
        actions[self.leg.payer] = payer or actions[self.leg.payer]
        actions[self.leg.payee] = payee or actions[self.leg.payee]
        return list(self.rollouts.prospect((actions[0], actions[1])).payoffs)

    def paid(self, payoffs: list[int], amount: int) -> list[int]:
        """Payoffs after the payer has paid the payee so much."""
        after = list(payoffs)
        after[self.leg.payer] -= amount
        after[self.leg.payee] += amount
        return after


@dataclass(frozen=True, kw_only=True)
class StallLie:
    """A way to stall or to break one's word. `told` and `shown` give both players' ends in wei."""

    name: str
    payee: bool
    told: Callable[[Pair], list[int]]
    shown: Callable[[Pair], list[int]]
    prevented: bool = True


@lru_cache(maxsize=4096)
def pair_world(seed: int) -> Pair:
    """The pair of a seed: payoffs −10 to 10 points, drawn anew until one payment makes both better off."""
    for attempt in range(1000):
        rng = np.random.default_rng([seed, attempt, 71])
        game = MatrixGame(rng.integers(-10, 11, size=(2, 2, 2)).tolist())
        rollouts = Rollouts(game, game.start())
        plan = make_plan(rollouts)
        # The payee has to do something for it, or there is nothing to withhold.
        if plan.game.gain >= POINT and len(plan.legs) == 1:
            leg = plan.legs[0]
            if plan.actions[leg.payee] != plan.game.no_deal[leg.payee]:
                accounts = (Account(rng.bytes(32)), Account(rng.bytes(32)))
                return Pair(rollouts=rollouts, plan=plan, leg=leg, accounts=accounts)
    raise StudyError("no pair that needs a payment in 1,000 draws")


def play_stall(lie: StallLie, seed: int) -> Outcome:
    """A lie in the pair of a seed; parts of what the plan is worth beyond no deal."""
    pair = pair_world(seed)

    def parts(payoffs: list[int]) -> tuple[float, ...]:
        return tuple((one - least) / pair.stake for one, least in zip(payoffs, pair.none, strict=True))

    fair = parts(pair.fair)
    liar = pair.leg.payee if lie.payee else pair.leg.payer
    return Outcome(
        liars=(liar,),
        fair=fair,
        told=(fair, parts(lie.told(pair))),
        shown=(fair, parts(lie.shown(pair))),
    )


def signed(pair: Pair) -> Negotiation:
    """The negotiation in which payer and payee signed the fair price."""
    return _agree(_between(pair), pair, pair.leg.amount)


def settles(pair: Pair, deal: Negotiation, payer_kept: bool, payee_kept: bool) -> int:
    """Wei that the signed deal in force moves, by the escrow's rule."""
    if deal.deal is None:
        return 0
    verdict = Verdict(payer_kept=payer_kept, payee_kept=payee_kept, revision=deal.deal.revision)
    return pair.leg.base * share_of(deal.deal.terms.price, verdict) // WAD


def _between(pair: Pair) -> Negotiation:
    payer, payee = (pair.accounts[one].address for one in (pair.leg.payer, pair.leg.payee))
    return Negotiation.between(payer, payee, NOWHERE, 1, 0, Limits(rounds=ROUNDS), now=0)


def _terms(pair: Pair, amount: int) -> Terms:
    leg, actions = pair.leg, pair.plan.actions
    return Terms(
        payer=pair.accounts[leg.payer].address,
        payee=pair.accounts[leg.payee].address,
        payer_action=actions[leg.payer],
        payee_action=actions[leg.payee],
        price=Price.fixed(leg.share(amount)),
        deposit=leg.deposit,
    )


def _agree(negotiation: Negotiation, pair: Pair, amount: int) -> Negotiation:
    offering, other = (pair.accounts[one] for one in (pair.leg.payer, pair.leg.payee))
    if negotiation.turn != offering.address:
        offering, other = other, offering
    offered = negotiation.receive(negotiation.offer(offering, _terms(pair, amount), _DAY), 0)
    return offered.receive(offered.agree(other), 0).countersigned(offering)


def _last_word(pair: Pair, yields: bool) -> list[int]:
    """The payee asks for all there is, offer after offer, and makes the last; the payer yields to it or holds."""
    negotiation, leg = _between(pair), pair.leg
    payer, payee = pair.accounts[leg.payer], pair.accounts[leg.payee]
    while negotiation.status is Status.OPEN:
        if negotiation.turn == payee.address:
            move = negotiation.offer(payee, _terms(pair, leg.high), _DAY - negotiation.rounds)
        elif negotiation.rounds < ROUNDS:
            move = negotiation.offer(payer, _terms(pair, leg.amount), _DAY - negotiation.rounds)
        else:
            move = negotiation.agree(payer) if yields else negotiation.halt(payer)
        negotiation = negotiation.receive(move, 0)
    if negotiation.status is not Status.AGREED:
        return pair.none
    negotiation = negotiation.countersigned(payee)
    return pair.paid(pair.acted(), settles(pair, negotiation, True, True))


def _repriced(pair: Pair, yields: bool, means_it: bool) -> list[int]:
    """After both signed, the payee will not act unless it is paid all there is: revision 1."""
    before = signed(pair)
    payer, payee = pair.accounts[pair.leg.payer], pair.accounts[pair.leg.payee]
    asked = before.renewed(payee.address, 0)
    asked = asked.receive(asked.offer(payee, _terms(pair, pair.leg.high), _DAY), 0)
    after = asked.receive(asked.agree(payer) if yields else asked.halt(payer), 0)
    if yields:
        after = after.countersigned(payee)
    if not yields and after.deal != before.deal:
        raise StudyError("a refused revision changed a deal")
    if not yields and means_it:
        refused = pair.plan.game.no_deal[pair.leg.payee]
        return pair.paid(pair.acted(payee=refused), settles(pair, after, True, False))
    return pair.paid(pair.acted(), settles(pair, after, True, True))


def _elsewhere(pair: Pair) -> list[int]:
    """Payoffs before payments if the payee does what is best for it once the payer does as planned."""
    place = pair.rollouts.players.index(pair.leg.payee)
    planned = (pair.plan.actions[0], pair.plan.actions[1])
    return pair.acted(payee=best_reply(pair.rollouts, planned, place)[place])


STALL_LIES: Final = (
    StallLie(
        name="asks for all to the last round",
        payee=True,
        told=lambda pair: _last_word(pair, yields=True),
        shown=lambda pair: _last_word(pair, yields=False),
    ),
    StallLie(
        name="withholds until repriced",
        payee=True,
        told=lambda pair: pair.paid(pair.acted(), pair.leg.high),
        shown=lambda pair: _repriced(pair, yields=False, means_it=False),
    ),
    StallLie(
        name="withholds until repriced, and means it",
        payee=True,
        told=lambda pair: pair.paid(pair.acted(), pair.leg.high),
        shown=lambda pair: _repriced(pair, yields=False, means_it=True),
    ),
    StallLie(
        name="withholds, and the other signs",
        payee=True,
        told=lambda pair: pair.paid(pair.acted(), pair.leg.high),
        shown=lambda pair: _repriced(pair, yields=True, means_it=False),
        prevented=False,
    ),
    StallLie(
        name="is paid, and does something else",
        payee=True,
        told=lambda pair: pair.paid(_elsewhere(pair), pair.leg.amount),
        shown=lambda pair: pair.paid(_elsewhere(pair), settles(pair, signed(pair), True, False)),
    ),
    StallLie(
        name="does not pay",
        payee=False,
        told=lambda pair: pair.acted(),
        shown=lambda pair: pair.paid(pair.acted(), settles(pair, signed(pair), True, True)),
    ),
    StallLie(
        name="does not pay: a bribed resolver lets it lapse",
        payee=False,
        told=lambda pair: pair.acted(),
        shown=lambda pair: pair.acted(),
        prevented=False,
    ),
)
