"""One haul under one arm: the prices as deals, the legs as the game plays them, and what settles, in wei."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from headwater.chain.accounts import Account
from headwater.deals import Deal, Negotiation, Price, Terms, deals_domain
from headwater.deals.twin import Verdict, share_of
from headwater.typed_data import Domain
from headwater.units import WAD
from headwater_agents.bargaining.studies.moving_arms import TRUTH, Lies, Plan, share_from
from headwater_agents.games.base import POINT
from headwater_agents.games.haul import (
    CARRIER,
    DRIVE,
    LEG,
    LOAD,
    SHIPPER,
    STOP,
    TOP,
    Haul,
    HaulState,
)
from headwater_agents.games.record import Record, Recorder

NOWHERE: Final = deals_domain(1, "0x" + "11" * 20)
"""Where deals count that are never brought to a chain."""
_DAY: Final = 86_400


@dataclass(frozen=True, eq=False, kw_only=True)
class HaulPlayed:
    """How it went.

    Attributes:
        state: the game at its end.
        record: of the game: every action and roll.
        prices: of each leg's deal in force when it settles; () if nothing was signed.
        verdicts: of each leg that was reached.
        paid: wei that each leg's deal moved from shipper to carrier; later legs' deals moved none.
        payoffs: wei of each at the end, transfers included.
        best: what both together had, in points, stopping on this drift as is best for both together.
        messages: said in all negotiations.
        revisions: prices that were signed anew.
        quitter: who ended the job before its last leg, −1 if nobody did.
        negotiations: of each leg, its last revision; () unless signed.
    """

    state: HaulState
    record: Record
    prices: tuple[Price, ...]
    verdicts: tuple[Verdict, ...]
    paid: tuple[int, ...]
    payoffs: tuple[int, int]
    best: float
    messages: int
    revisions: int
    quitter: int
    negotiations: tuple[Negotiation, ...]

    @property
    def joint(self) -> float:
        """Of both, in points."""
        return sum(self.payoffs) / POINT

    @property
    def off(self) -> float:
        """Mean distance of a payoff from half of the best, in points."""
        return sum(abs(one / POINT - self.best / 2) for one in self.payoffs) / 2


@dataclass(frozen=True, kw_only=True)
class Parties:
    """Who signs, and where it counts: shipper, carrier, the escrow's domain, the task there, and the time (seconds)."""

    shipper: Account
    carrier: Account
    domain: Domain = NOWHERE
    task: int = 1
    now: int = 0


def parties(seed: int) -> Parties:
    """Two accounts from a seed, for deals that no chain sees."""
    rng = np.random.default_rng([seed, 41])
    return Parties(shipper=Account(rng.bytes(32)), carrier=Account(rng.bytes(32)))


def rolls_of(game: Haul, seed: int) -> list[tuple[int, int]]:
    """The drift of a seed, the same for every arm: a pair of rolls for each leg but the last."""
    rng = np.random.default_rng([seed, 42])
    drawn = rng.integers(0, 2 * game.volatility, size=(game.legs, 2), endpoint=True)
    return [(int(one), int(two)) for one, two in drawn]


def play_haul(
    plan: Plan,
    rolls: Sequence[tuple[int, int]],
    *,
    sign: Parties | None = None,
    lies: Lies = TRUTH,
    bluff: int = 0,
    seed: int = 0,
) -> HaulPlayed:
    """Play the job on one drift.

    Args:
        plan: the arm, worked out.
        rolls: of each leg but the last (`rolls_of`).
        sign: who negotiates and signs every price; None to count the messages and sign nothing.
        lies: of whoever reports the index.
        bluff: by how much more than it is the carrier says the second factor to be, at checkpoints; the shipper, who
            cannot tell, prices the leg so. Where that gets it no revision, it says the truth.
        seed: of the legs in which the resolver lies; noted in the record.
    """
    game, values = plan.game, plan.worth
    liar = np.random.default_rng([seed, 43])
    recorder = Recorder(game, seed)
    state, best, stopped = recorder.state, 0, False
    prices: list[Price] = [] if plan.price is None else [plan.price] * game.legs
    table = Table(sign, prices)
    verdicts: list[Verdict] = []
    paid: list[int] = []
    factors = (state.index, state.hidden)
    quitter = -1
    for leg in range(game.legs):
        at = (leg, factors[0], factors[1] if values.go.shape[2] > 1 else 0)
        stopped = stopped or plan.best[at] <= 0
        if not stopped:
            best += game.benefit(*factors) - game.cost(*factors)
        if not state.over:
            actions = {SHIPPER: STOP, CARRIER: STOP}
            if prices:
                here = (*at, plan.chosen)
                price = _revised(plan, here, bluff)
                if price is not None:
                    prices[leg] = price
                    table.renew(leg, price)
                go, left, pays = (bool(one[here]) for one in (values.go, values.left, values.pays))
                # A price that pays for a dearer leg than this one is worth going for.
                go, left = go or price is not None, left and price is None
                actions = {SHIPPER: STOP if left else LOAD, CARRIER: DRIVE if go or pays else STOP}
                quitter = -1 if go else SHIPPER if left else CARRIER
                lied = liar.random() < lies.rate
                verdicts.append(
                    Verdict(
                        payer_kept=actions[SHIPPER] == LOAD,
                        payee_kept=actions[CARRIER] == DRIVE,
                        observed=told(prices[leg], lies.side) if lied else state.index,
                        revision=int(price is not None),
                    )
                )
                paid.append(due(prices[leg], verdicts[-1]))
            state = recorder.step(actions, rolls[leg] if game.dice(state, actions) else ())
        factors = (game.moved(factors[0], rolls[leg][0]), game.moved(factors[1], rolls[leg][1]))
    moved = sum(paid)
    return HaulPlayed(
        state=state,
        record=recorder.record,
        prices=tuple(prices),
        verdicts=tuple(verdicts),
        paid=tuple(paid),
        payoffs=(state.earned[SHIPPER] - moved, state.earned[CARRIER] + moved),
        best=best / POINT,
        messages=table.messages,
        revisions=table.revisions,
        quitter=quitter,
        negotiations=tuple(table.negotiations),
    )


def _revised(plan: Plan, here: tuple[int, int, int, int], bluff: int) -> Price | None:
    """What a leg's price is renegotiated to, if at all, where the carrier adds `bluff` to the second factor."""
    leg, index, hidden, chosen = here
    said = min(hidden + bluff, plan.worth.revised.shape[2] - 1)
    for factor in dict.fromkeys((said, hidden)):
        points = float(plan.worth.revised[leg, index, factor, chosen])
        if not np.isnan(points):
            return Price.fixed(share_from(points))
    return None


def due(price: Price, verdict: Verdict) -> int:
    """Wei that a leg's deal moves: the price at the observed index, the most if only the payer failed, else nothing."""
    return LEG * share_of(price, verdict) // WAD


def told(price: Price, side: int) -> int:
    """The index that is best to report for a side; the lowest on ties."""
    shares = [price.at(index) for index in range(TOP + 1)]
    return shares.index(max(shares) if side == CARRIER else min(shares))


class Table:
    """Where the two sign: one deal a leg, each in a negotiation of its own, and revisions of them."""

    def __init__(self, sign: Parties | None, prices: Sequence[Price]) -> None:
        self.negotiations: list[Negotiation] = []
        self.revisions = 0
        self._sign = sign
        self._counted = 0
        for leg, price in enumerate(prices):
            if sign is None:
                self._counted += 2
            else:
                opened = Negotiation.between(
                    sign.shipper.address,
                    sign.carrier.address,
                    sign.domain,
                    sign.task,
                    leg,
                    now=sign.now,
                    choices={sign.shipper.address: {LOAD}, sign.carrier.address: {DRIVE}},
                )
                self.negotiations.append(self._agreed(opened, price, sign))

    @property
    def messages(self) -> int:
        """Said so far."""
        return self._counted + sum(one.sequence for one in self.negotiations)

    def renew(self, leg: int, price: Price) -> None:
        """Sign the leg's price anew: revision r + 1."""
        self.revisions += 1
        if self._sign is None:
            self._counted += 2
        else:
            before = self.negotiations[leg]
            self.negotiations[leg] = self._agreed(before.renewed(before.first, self._sign.now), price, self._sign)

    def deals(self) -> list[Deal]:
        """Each leg's deal in force."""
        return [one.deal for one in self.negotiations if one.deal is not None]

    @staticmethod
    def _agreed(negotiation: Negotiation, price: Price, sign: Parties) -> Negotiation:
        terms = Terms(
            payer=sign.shipper.address,
            payee=sign.carrier.address,
            payer_action=LOAD,
            payee_action=DRIVE,
            price=price,
            deposit=LEG,
        )
        offered = negotiation.receive(negotiation.offer(sign.shipper, terms, sign.now + _DAY), sign.now)
        return offered.receive(offered.agree(sign.carrier), sign.now).countersigned(sign.shipper)
