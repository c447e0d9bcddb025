"""A plan: the joint action that is worth most together, who pays whom so that everybody ends at its fair payoff, and
what whoever breaks its word forfeits.

    balance_i    = payoff_i(plan) − φ_i,  Σ balance = 0;    whoever has a balance above zero pays those below it
    temptation_i = max_a payoff_i(a, plan_−i) − payoff_i(plan)

Largest payer to largest payee first, so that n players need at most n − 1 payments. Each is one bilateral deal. A payee
that does not keep its word is paid nothing; where its temptation is larger than that, or where it is paid nothing
anyway, it *guarantees* its action: it locks the difference, in a deal of its own whose price is 0%, and 100% if it is
the one who breaks it. A payer guarantees its action in the deal by which it pays. So once all legs are signed, nobody
can expect to gain by leaving the plan alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from headwater.deals import MAX_STATE, Price, percent
from headwater.units import WAD
from headwater_agents.bargaining.externality import Externality, externality
from headwater_agents.bargaining.rollouts import Rollouts
from headwater_agents.bargaining.stage import StageGame, stage_game


@dataclass(frozen=True, slots=True)
class Leg:
    """One deal of a plan, and what there is to bargain about in it; wei.

    Attributes:
        payer: player number.
        payee: player number.
        amount: the fair price; 0 in a mere guarantee.
        low: the price at which the payee would be as well off without any deal, if all else goes as planned, at least
            0; the same as `amount` in a guarantee.
        high: the price at which the payer would be.
        forfeit: what the payer loses beyond the price if it breaks its word while the payee keeps to it.
        base: what a share of the price is a share of: what the payer earns by the plan if that is certain and covers
            the price; otherwise a deposit.
        deposit: the base if the payer has to lock it, 0 if it is the payer's reward.
    """

    payer: int
    payee: int
    amount: int
    low: int
    high: int
    forfeit: int
    base: int
    deposit: int

    def share(self, amount: int) -> int:
        """The share (WAD) of the base nearest to an amount in wei, from 0% to 100%."""
        return min(max((amount * WAD + self.base // 2) // self.base, 0), WAD)

    def price(self, amount: int) -> Price:
        """The price that is nearest to an amount: one share, and where there is a forfeit a second, larger one.

        That one stands at the last state there is, which no meter shows: the escrow takes a price's largest share from
        a payer who breaks its word, and this is how a deal says how much that is.
        """
        share = self.share(amount)
        if not self.forfeit:
            return Price.fixed(share)
        most = min(-(-(amount + self.forfeit) * WAD // self.base), WAD)
        return Price(((0, share), (MAX_STATE, max(most, share))))

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
        legs: the deals; payments first.
        externalities: what each player's part in it brings others, and theirs it; in the order of the stage.
    """

    game: StageGame
    actions: Mapping[int, str]
    payoffs: Mapping[int, int]
    legs: tuple[Leg, ...]
    externalities: tuple[Externality, ...] = ()

    @property
    def fair(self) -> Mapping[int, int]:
        """Wei each player of the stage ends at: its fair share of the stage game."""
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
            "externalities": [
                {
                    "player": one.player,
                    "given": str(one.given),
                    "received": str(one.received),
                    "own": str(one.own),
                    "stance": one.stance.value,
                }
                for one in self.externalities
            ],
            "legs": [
                {
                    "payer": leg.payer,
                    "payee": leg.payee,
                    "amount": str(leg.amount),
                    "share": percent(leg.share(leg.amount)),
                    "deposit": str(leg.deposit),
                    "forfeit": str(leg.forfeit),
                }
                for leg in self.legs
            ],
        }


def make_plan(rollouts: Rollouts, *, dust: int = 0) -> Plan:
    """The plan of a stage; payments and guarantees of at most `dust` wei are left out.

    Raises:
        TooManyError: more joint actions or players than are priced.
    """
    game = stage_game(rollouts)
    prospect = rollouts.prospect(game.best)
    payoffs = {player: prospect.payoffs[player] for player in game.players}
    pairs = [pair for pair in _payments(game, payoffs) if pair[2] > dust]
    tempted = {player: _temptation(rollouts, game, player) for player in game.players}
    fair = dict(zip(game.players, game.fair, strict=True))
    no_deal = dict(zip(game.players, game.no_deal_payoffs, strict=True))
    legs: list[Leg] = []
    covered: set[int] = set()
    for payer, payee, amount in pairs:
        forfeit = tempted[payer] if payer not in covered else 0
        forfeit = forfeit if forfeit > dust else 0
        covered.add(payer)
        high = amount + max(fair[payer] - no_deal[payer], 0)
        sole = sum(1 for other, _, _ in pairs if other == payer) == 1
        # The reward itself can be the base only where it is known, and where nothing else claims a share of it.
        rewarded = prospect.certain and sole and not forfeit and payoffs[payer] >= amount
        base = payoffs[payer] if rewarded else max(high, amount + forfeit)
        low = max(amount - max(fair[payee] - no_deal[payee], 0), 0)
        legs.append(Leg(payer, payee, amount, low, high, forfeit, base, 0 if rewarded else base))
    for player in game.players:
        paid = sum(amount for _, payee, amount in pairs if payee == player)
        short = tempted[player] - paid
        if player not in covered and short > dust:
            partner = _partner(rollouts, game, pairs, player)
            if partner is not None:
                legs.append(Leg(player, partner, 0, 0, 0, short, short, short))
    effects = tuple(externality(rollouts, game.best, game.no_deal, player) for player in game.players)
    return Plan(game, dict(zip(game.players, game.best, strict=True)), payoffs, tuple(legs), effects)


def _payments(game: StageGame, payoffs: Mapping[int, int]) -> list[tuple[int, int, int]]:
    balance = {player: payoffs[player] - fair for player, fair in zip(game.players, game.fair, strict=True)}
    pairs: list[tuple[int, int, int]] = []
    while True:
        payer = max(game.players, key=lambda player: (balance[player], -player))
        payee = min(game.players, key=lambda player: (balance[player], player))
        amount = min(balance[payer], -balance[payee])
        if amount <= 0:
            return pairs
        balance[payer] -= amount
        balance[payee] += amount
        pairs.append((payer, payee, amount))


def _alternatives(rollouts: Rollouts, game: StageGame, player: int) -> list[tuple[int, ...]]:
    place = game.players.index(player)
    others = [(*game.best[:place], action, *game.best[place + 1 :]) for action in rollouts.options[place]]
    return [rollouts.prospect(profile).payoffs for profile in others]


def _temptation(rollouts: Rollouts, game: StageGame, player: int) -> int:
    planned = rollouts.prospect(game.best).payoffs[player]
    return max(payoffs[player] for payoffs in _alternatives(rollouts, game, player)) - planned


def _partner(rollouts: Rollouts, game: StageGame, pairs: list[tuple[int, int, int]], player: int) -> int | None:
    """Whom a player guarantees its action to: who pays it most, else whom its best deviation would harm most."""
    payers = [(amount, payer) for payer, payee, amount in pairs if payee == player]
    if payers:
        return max(payers, key=lambda entry: (entry[0], -entry[1]))[1]
    others = [other for other in game.players if other != player]
    if not others:
        return None
    left = max(_alternatives(rollouts, game, player), key=lambda payoffs: payoffs[player])
    return min(others, key=lambda other: (left[other] - rollouts.prospect(game.best).payoffs[other], other))
