"""A plan: the joint action that is worth most together, and who pays whom so that everybody ends at its fair payoff.

    balance_i = payoff_i(plan) − φ_i,  Σ balance = 0;    whoever has a balance above zero pays those below it

Largest payer to largest payee first, so that n players need at most n − 1 legs. Each leg is one bilateral deal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from headwater.deals import percent
from headwater.units import WAD
from headwater_agents.bargaining.rollouts import Profile, Rollouts
from headwater_agents.bargaining.stage import StageGame, stage_game


@dataclass(frozen=True, slots=True)
class Leg:
    """One payment of a plan, and what there is to bargain about in it.

    Attributes:
        payer: player number.
        payee: player number.
        amount: the fair price, wei, at least 1.
        low: the price at which the payee would be as well off without any deal, if all else goes as planned; wei.
        high: the price at which the payer would be; wei. Not below `low` where both gain by the plan.
        base: what a share of the price is a share of, wei: what the payer earns by the plan if the stage decides that
            for certain and it covers the price; otherwise a deposit.
        deposit: the base if the payer has to lock it, 0 if it is the payer's reward.
    """

    payer: int
    payee: int
    amount: int
    low: int
    high: int
    base: int
    deposit: int

    @property
    def most(self) -> int:
        """The largest price that can be written, wei: all of the base."""
        return self.base

    def share(self, amount: int) -> int:
        """The share (WAD) of the base nearest to an amount in wei, from 0% to 100%."""
        return min(max((amount * WAD + self.base // 2) // self.base, 0), WAD)

    @property
    def grain(self) -> int:
        """Wei by which a price can miss an amount, because a share has 18 decimals."""
        return self.base // WAD + 1


@dataclass(frozen=True, slots=True)
class Plan:
    """What everybody should do, and pay.

    Attributes:
        game: the stage game it is the plan of.
        actions: what each player of the stage does.
        payoffs: wei each player of the stage can expect before payments.
        legs: the payments.
    """

    game: StageGame
    actions: Mapping[int, str]
    payoffs: Mapping[int, int]
    legs: tuple[Leg, ...]

    @property
    def fair(self) -> Mapping[int, int]:
        """Wei each player of the stage ends at: its Shapley value of the stage game."""
        return dict(zip(self.game.players, self.game.fair, strict=True))

    @property
    def no_deal(self) -> Mapping[int, int]:
        """Wei each player of the stage can expect without any deal."""
        return dict(zip(self.game.players, self.game.no_deal_payoffs, strict=True))

    def as_dict(self) -> dict[str, Any]:
        """As JSON; wei as decimal strings, players' numbers as texts."""
        return {
            "actions": {str(player): action for player, action in self.actions.items()},
            "payoffs": {str(player): str(wei) for player, wei in self.payoffs.items()},
            "fair": {str(player): str(wei) for player, wei in self.fair.items()},
            "no_deal": {str(player): str(wei) for player, wei in self.no_deal.items()},
            "no_deal_actions": dict(zip(map(str, self.game.players), self.game.no_deal, strict=True)),
            "legs": [
                {
                    "payer": leg.payer,
                    "payee": leg.payee,
                    "amount": str(leg.amount),
                    "share": percent(leg.share(leg.amount)),
                    "deposit": str(leg.deposit),
                }
                for leg in self.legs
            ],
        }


def make_plan(rollouts: Rollouts, *, dust: int = 0) -> Plan:
    """The plan of a stage; legs of at most `dust` wei are left out.

    Raises:
        TooManyError: more joint actions or players than are priced.
    """
    game = stage_game(rollouts)
    prospect = rollouts.prospect(game.best)
    payoffs = {player: prospect.payoffs[player] for player in game.players}
    fair = dict(zip(game.players, game.fair, strict=True))
    no_deal = dict(zip(game.players, game.no_deal_payoffs, strict=True))
    balance = {player: payoffs[player] - fair[player] for player in game.players}
    pairs: list[tuple[int, int, int]] = []
    while True:
        payer = max(game.players, key=lambda player: (balance[player], -player))
        payee = min(game.players, key=lambda player: (balance[player], player))
        amount = min(balance[payer], -balance[payee])
        if amount <= 0:
            break
        balance[payer] -= amount
        balance[payee] += amount
        if amount > dust:
            pairs.append((payer, payee, amount))
    paid_by = {player: sum(1 for payer, _, _ in pairs if payer == player) for player in game.players}
    legs = []
    for payer, payee, amount in pairs:
        low = max(amount - (fair[payee] - no_deal[payee]), 0)
        high = amount + (fair[payer] - no_deal[payer])
        # The reward itself can be the base only where it is known, and where no other leg claims a share of it.
        rewarded = prospect.certain and paid_by[payer] == 1 and payoffs[payer] >= amount
        base = payoffs[payer] if rewarded else max(amount, high)
        legs.append(Leg(payer, payee, amount, low, high, base, 0 if rewarded else base))
    return Plan(game, dict(zip(game.players, game.best, strict=True)), payoffs, tuple(legs))


__all__ = ["Leg", "Plan", "Profile", "make_plan"]
