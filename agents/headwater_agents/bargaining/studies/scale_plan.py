"""The plan of a stage too large to enumerate, where rollouts show that its players are interchangeable.

With two actions and interchangeable players a payoff depends on one's own action and on how many take the second one:
n + 1 rollouts tell all that 2^n joint actions could. That they are interchangeable is not assumed: joint actions drawn
at random are rolled out again with players exchanged, and payoffs have to go along. That is a test by sample, no proof:
a game that tells players apart in rare joint actions only can pass it. What does not pass is refused, not approximated.

    g_a(k)   payoff of a player with action a when k players take the second action
    v(s)     = max_k [ k g_1(K) + (s − k) g_0(K) ],  K = k + those outside who take the second action without a deal
    φ        = v(n) / n, in whole wei the first players get one more

The no-deal profile is the engine's own search, from the cautious profile on. Of the joint actions worth most the first
is taken that changes least. Payments go from the largest payer to the largest payee, as in every plan.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from headwater_agents.bargaining import BargainError, Leg, Plan, Rollouts, StageGame, no_deal_profile
from headwater_agents.bargaining.rollouts import Profile

DRAWN: Final = 8
"""Joint actions drawn to see whether players are interchangeable."""

EXCHANGED: Final = 2
"""Random orders of the players that each of them is rolled out in again."""


def interchangeable(rollouts: Rollouts, rng: np.random.Generator) -> bool:
    """Whether payoffs went with the players wherever these were exchanged: 24 joint actions rolled out.

    How many do not take the first action is drawn log-uniformly from both ends, so that few and all but few come up.
    """
    options, n = rollouts.options[0], len(rollouts.players)
    if any(other != options for other in rollouts.options):
        return False
    for number in range(DRAWN):
        few = int(np.exp(rng.uniform(0, np.log(n))))
        changed = few if number % 2 else n - few
        profile = np.zeros(n, dtype=np.int64)
        profile[:changed] = rng.integers(1, max(len(options), 2), changed)
        rng.shuffle(profile)
        payoffs = _payoffs(rollouts, profile)
        for _ in range(EXCHANGED):
            order = rng.permutation(n)
            if _payoffs(rollouts, profile[order]) != [payoffs[place] for place in order]:
                return False
    return True


def counted(rollouts: Rollouts) -> tuple[list[int], list[int]]:
    """g_0 and g_1 for k = 0 … n, wei; g_0(n) and g_1(0), which nobody can meet, are 0. n + 1 rollouts."""
    n = len(rollouts.players)
    first, second = [0] * (n + 1), [0] * (n + 1)
    for k in range(n + 1):
        payoffs = _payoffs(rollouts, np.arange(n) >= n - k)
        if k < n:
            first[k] = payoffs[0]
        if k:
            second[k] = payoffs[-1]
    return first, second


def by_size(first: list[int], second: list[int], outside: int) -> list[int]:
    """v(0) … v(n), wei; `outside` is the action, 0 or 1, of whoever is not in the coalition."""
    n = len(first) - 1
    values = [0]
    for s in range(1, n + 1):
        others = (n - s) * outside
        values.append(max(k * second[k + others] + (s - k) * first[k + others] for k in range(s + 1)))
    return values


def symmetric_plan(rollouts: Rollouts, rng: np.random.Generator) -> Plan:
    """The plan of a stage of interchangeable players with two actions; `plan.game.values` are v by size, v(0) … v(n).

    Raises:
        BargainError: players who are not interchangeable or have another number of actions, a no-deal profile that
            tells them apart, or a plan that somebody would gain by leaving, which takes guarantees.
    """
    n = len(rollouts.players)
    if len(rollouts.options[0]) != 2 or not interchangeable(rollouts, rng):
        raise BargainError("the players of this stage are not interchangeable, with two actions each; it is not priced")
    first, second = counted(rollouts)
    cautious = max((0, 1), key=lambda a: ((min(first[:n]), max(first[:n])), (min(second[1:]), max(second[1:])))[a])
    options = rollouts.options[0]
    no_deal, equilibrium = no_deal_profile(rollouts, (options[cautious],) * n)
    if len(set(no_deal)) > 1:
        raise BargainError("without a deal these players would not all do the same; the stage is not priced")
    outside = options.index(no_deal[0])
    values = by_size(first, second, outside)
    changes = range(n + 1)
    most = max(changes, key=lambda c: (_total(first, second, c if not outside else n - c), -c))
    k = most if not outside else n - most
    best: Profile = tuple(options[place >= n - k] for place in range(n))
    payoffs = [second[k] if place >= n - k else first[k] for place in range(n)]
    if (k and k <= n and first[k - 1] > second[k]) or (k < n and second[k + 1] > first[k]):
        raise BargainError("somebody would gain by leaving this plan, which takes guarantees; it is not priced")
    each, rest = divmod(values[-1], n)
    fair = [each + (place < rest) for place in range(n)]
    without = second[n] if outside else first[0]
    game = StageGame(rollouts.players, no_deal, (without,) * n, equilibrium, best, tuple(values), tuple(fair))
    certain = rollouts.prospect(best).certain
    legs = tuple(_leg(rollouts.players, pair, payoffs, fair, without, certain) for pair in payments(payoffs, fair))
    players = rollouts.players
    return Plan(game, dict(zip(players, best, strict=True)), dict(zip(players, payoffs, strict=True)), legs)


def payments(payoffs: list[int], fair: list[int]) -> list[tuple[int, int, int]]:
    """(payer, payee, wei) that bring everybody from its payoff to its fair share, largest to largest; places."""
    balance = [payoff - share for payoff, share in zip(payoffs, fair, strict=True)]
    found: list[tuple[int, int, int]] = []
    while True:
        payer = max(range(len(balance)), key=lambda place: (balance[place], -place))
        payee = min(range(len(balance)), key=lambda place: (balance[place], place))
        amount = min(balance[payer], -balance[payee])
        if amount <= 0:
            return found
        balance[payer] -= amount
        balance[payee] += amount
        found.append((payer, payee, amount))


def through(plan: Plan, hub: int) -> tuple[Leg, ...]:
    """The same balances paid through one player: everybody has one leg, with the hub.

    The hub receives from payers out of their rewards, and pays payees out of deposits: it has to lock, before the task,
    all that it pays.
    """
    players = plan.game.players
    place = players.index(hub)
    no_deal = plan.game.no_deal_payoffs[place]
    legs = []
    for player, fair in zip(players, plan.game.fair, strict=True):
        amount = plan.payoffs[player] - fair
        if player == hub or not amount:
            continue
        if amount > 0:
            legs.append(Leg(player, hub, amount, 0, amount + fair - no_deal, 0, plan.payoffs[player], 0))
        else:
            legs.append(Leg(hub, player, -amount, max(-amount - fair + no_deal, 0), -amount, 0, -amount, -amount))
    return tuple(legs)


def _leg(
    players: tuple[int, ...],
    pair: tuple[int, int, int],
    payoffs: list[int],
    fair: list[int],
    without: int,
    certain: bool,
) -> Leg:
    payer, payee, amount = pair
    high = amount + max(fair[payer] - without, 0)
    low = max(amount - max(fair[payee] - without, 0), 0)
    # The reward is the base where it covers the price and nothing else claims it: as in every plan.
    rewarded = certain and payoffs[payer] - fair[payer] == amount and payoffs[payer] >= amount
    base = payoffs[payer] if rewarded else max(high, amount)
    return Leg(players[payer], players[payee], amount, low, high, 0, base, 0 if rewarded else base)


def _total(first: list[int], second: list[int], k: int) -> int:
    n = len(first) - 1
    return k * second[k] + (n - k) * first[k]


def _payoffs(rollouts: Rollouts, chosen: np.ndarray) -> list[int]:
    options = rollouts.options[0]
    found = rollouts.prospect(tuple(options[int(action)] for action in chosen)).payoffs
    return [found[player] for player in rollouts.players]
