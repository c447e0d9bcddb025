"""The stage game: what is at stake at a checkpoint, and what everybody's part in it is worth.

    d      no-deal profile: a pure Nash equilibrium, reached by best replies from the maximin profile; if these run in
           a circle, the one of all pure equilibria with the largest sum; if there is none, the maximin profile
    d_i    = payoff_i(d)
    v(S)   = max over S's joint actions of Σ_{i ∈ S} payoff_i, the others at d;    v(i) = d_i,  v(∅) = 0
    s_i    = Σ_{S ∌ i} |S|! (n − |S| − 1)! / n! · (v(S ∪ i) − v(S))          (Shapley 1953)
    φ_i    = d_i + (s_i − d_i)⁺ · (v(N) − Σ d) / Σ_j (s_j − d_j)⁺
           which is s_i where nobody's is below d_i, and for two players  d_i + (v(12) − d_1 − d_2) / 2

At an equilibrium d_i is the best that i can do alone. Elsewhere the best reply to d pays more, but is no threat: d is
not what would be played against it, and two such replies can come to more than v(12). With three and more players s_i
may lie below d_i, because a coalition's best joint action may harm whoever is outside; φ gives up nothing then, and
the others' gains are scaled down to what there is. Nobody has a reason to refuse φ.

Where payoffs are estimates, the largest of many is large by luck as well. So a joint action counts as better only if
it is so beyond the doubt that sampling leaves (`Rollouts.surely_better`); among those that are as good as the best and
not below d, the one with the fewest changes from d is taken, and v(S) is what that one comes to. So v(S) ≥ Σ_S d.

In whole wei: φ is worked out over n! and only then rounded, so that every share is less than a wei off, none is below
d_i, and the shares sum to v(N). Whoever is no part of the stage gets what it gets; nobody bargains for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import factorial, prod
from typing import Final

from headwater_agents.bargaining.errors import TooManyError
from headwater_agents.bargaining.rollouts import MOST_PROFILES, Profile, Rollouts

MOST_LOOKUPS: Final = 1 << 20
"""Most (coalition, joint action) pairs that are looked through: Π (1 + number of choices)."""


@dataclass(frozen=True, slots=True)
class StageGame:
    """A stage as a cooperative game; all tuples are in the order of `players`, amounts in wei.

    Attributes:
        players: who bargains.
        no_deal: d.
        no_deal_payoffs: what d leads to.
        equilibrium: whether d is a Nash equilibrium.
        best: the joint action worth most together; of several as good the one with the fewest changes from d, then the
            first.
        values: v by bitmask; bit k is `players[k]`.
        fair: φ: nobody's is below its no-deal payoff, and they sum to v(N).
    """

    players: tuple[int, ...]
    no_deal: Profile
    no_deal_payoffs: tuple[int, ...]
    equilibrium: bool
    best: Profile
    values: tuple[int, ...]
    fair: tuple[int, ...]

    @property
    def gain(self) -> int:
        """What the best joint action is worth beyond d, wei."""
        return self.values[-1] - sum(self.no_deal_payoffs)


def stage_game(rollouts: Rollouts) -> StageGame:
    """The stage game of a checkpoint.

    Raises:
        TooManyError: more joint actions than are priced.
    """
    no_deal, equilibrium = no_deal_profile(rollouts)
    without = tuple(rollouts.prospect(no_deal).payoffs[player] for player in rollouts.players)
    values, best = coalition_values(rollouts, no_deal)
    return StageGame(
        players=rollouts.players,
        no_deal=no_deal,
        no_deal_payoffs=without,
        equilibrium=equilibrium,
        best=best,
        values=values,
        fair=acceptable_shares(values, without),
    )


def no_deal_profile(rollouts: Rollouts, start: Profile | None = None) -> tuple[Profile, bool]:
    """What everybody does without any deal, and whether that is a Nash equilibrium.

    Each player, in turn, changes to its best reply if that pays strictly more (the first of several), until nobody
    does; a player needs its own payoffs only. Where that runs in a circle, an equilibrium is looked for among all joint
    actions, if they are at most 4,096. `start` begins elsewhere than at the maximin profile, and is what is left if
    there is none.

    Raises:
        TooManyError: more joint actions than are priced.
    """
    first = start or maximin(rollouts)
    profile, seen = first, {first}
    while True:
        before = profile
        for place in range(len(profile)):
            profile = best_reply(rollouts, profile, place)
        if profile == before:
            return _as_taken(rollouts, profile), True
        if profile in seen:
            break
        seen.add(profile)
    found = pure_equilibrium(rollouts) if rollouts.size <= MOST_PROFILES else None
    return (_as_taken(rollouts, first), False) if found is None else (found, True)


def pure_equilibrium(rollouts: Rollouts) -> Profile | None:
    """The pure Nash equilibrium with the largest sum of payoffs, of several the first; None if there is none.

    Only joint actions that would be played as they are named count: what the rules turn into another one is that one.

    Raises:
        TooManyError: more joint actions than are priced.
    """
    found = [
        profile
        for profile in rollouts.profiles()
        if _as_taken(rollouts, profile) == profile
        and all(best_reply(rollouts, profile, place) == profile for place in range(len(profile)))
    ]
    return max(found, key=lambda profile: _worth(rollouts, profile, rollouts.players), default=None)


def best_reply(rollouts: Rollouts, profile: Profile, place: int) -> Profile:
    """The profile with the action of `players[place]` changed to its best reply, if that surely pays more."""
    player = rollouts.players[place]
    best, most = profile, rollouts.prospect(profile).payoffs[player]
    for action in rollouts.options[place]:
        other = (*profile[:place], action, *profile[place + 1 :])
        payoff = rollouts.prospect(other).payoffs[player]
        if payoff > most:
            best, most = other, payoff
    return best if best != profile and rollouts.surely_better(best, profile, (player,)) else profile


def replies(rollouts: Rollouts, start: Profile, bound: Mapping[int, str]) -> Profile:
    """Best replies of those who signed nothing, in turn, to what others are about to do; the start if they circle."""
    profile, seen = start, {start}
    while True:
        before = profile
        for place, player in enumerate(rollouts.players):
            if player not in bound:
                profile = best_reply(rollouts, profile, place)
        if profile == before:
            return profile
        if profile in seen:
            return start
        seen.add(profile)


def maximin(rollouts: Rollouts) -> Profile:
    """Everybody's most cautious action: the best worst case; on ties the best best case, then the first.

    Raises:
        TooManyError: more joint actions than are priced.
    """
    worst: list[dict[str, int]] = [{} for _ in rollouts.players]
    best: list[dict[str, int]] = [{} for _ in rollouts.players]
    for profile in rollouts.profiles():
        payoffs = rollouts.prospect(profile).payoffs
        for place, (player, action) in enumerate(zip(rollouts.players, profile, strict=True)):
            payoff = payoffs[player]
            worst[place][action] = min(worst[place].get(action, payoff), payoff)
            best[place][action] = max(best[place].get(action, payoff), payoff)
    return tuple(
        max(options, key=lambda action, place=place: (worst[place][action], best[place][action]))  # type: ignore[misc]
        for place, options in enumerate(rollouts.options)
    )


def coalition_values(rollouts: Rollouts, no_deal: Profile) -> tuple[tuple[int, ...], Profile]:
    """v of every coalition of the stage's players, by bitmask, wei, 2^n entries; and the joint action behind v(N).

    A single player's is what it gets at d: its best reply, where d is an equilibrium.

    Raises:
        TooManyError: Π (1 + choices) above 2^20.
    """
    lookups = prod(1 + len(options) for options in rollouts.options)
    if lookups > MOST_LOOKUPS:
        raise TooManyError(
            f"coalitions of this stage have {lookups} joint actions between them; at most {MOST_LOOKUPS} are looked"
            " through. Fewer players or choices are accepted"
        )
    values, best = [0], no_deal
    for mask in range(1, 1 << len(rollouts.players)):
        inside = [place for place in range(len(rollouts.players)) if mask >> place & 1]
        best = _best(rollouts, no_deal, inside) if len(inside) > 1 else no_deal
        values.append(_worth(rollouts, best, [rollouts.players[place] for place in inside]))
    return tuple(values), best


def _best(rollouts: Rollouts, no_deal: Profile, inside: Sequence[int]) -> Profile:
    """What the players at these places would do together, the others at d, as it would really be played."""
    members = [rollouts.players[place] for place in inside]
    options = [
        choices if place in inside else (usual,)
        for place, (choices, usual) in enumerate(zip(rollouts.options, no_deal, strict=True))
    ]
    by_changes = sorted(product(*options), key=lambda profile: _changes(profile, no_deal))
    top = max(by_changes, key=lambda profile: _worth(rollouts, profile, members))
    most, changes = _worth(rollouts, top, members), _changes(top, no_deal)
    least = _worth(rollouts, no_deal, members)
    chosen = top
    for profile in by_changes:
        if _changes(profile, no_deal) >= changes:
            break
        found = _worth(rollouts, profile, members)
        # A luckless estimate may be in doubt beside the best and yet below d, which the best is surely above.
        if found < least or rollouts.surely_better(top, profile, members):
            continue
        # As good as the best with fewer changes; of several with as few, the best.
        if chosen is top or (_changes(profile, no_deal) == _changes(chosen, no_deal) and found > most):
            chosen, most = profile, found
        elif _changes(profile, no_deal) > _changes(chosen, no_deal):
            break
    return _as_taken(rollouts, chosen)


def _worth(rollouts: Rollouts, profile: Profile, members: Sequence[int]) -> int:
    payoffs = rollouts.prospect(profile).payoffs
    return sum(payoffs[player] for player in members)


def _changes(profile: Profile, no_deal: Profile) -> int:
    return sum(action != usual for action, usual in zip(profile, no_deal, strict=True))


def fair_shares(values: Sequence[int]) -> tuple[int, ...]:
    """The Shapley value of a game given by bitmask, 2^n ints, in the same unit; the ints returned sum to v(N) − v(∅).

    Each is less than 1 from the exact value. What the floors leave goes one each to the largest remainders, the first
    players on ties.
    """
    parts, whole = _shapley(values)
    return _whole(parts, whole, values[-1] - values[0])


def acceptable_shares(values: Sequence[int], without: Sequence[int]) -> tuple[int, ...]:
    """φ: the Shapley value s, with nobody left below what it has without a deal; ints that sum to v(N), v(∅) being 0.

        φ_i = d_i + (s_i − d_i)⁺ · (v(N) − Σ d) / Σ_j (s_j − d_j)⁺

    Rounded as `fair_shares`, which it is where no s_i lies below d_i. `without` is d, n ints with Σ d ≤ v(N).
    """
    parts, whole = _shapley(values)
    gains = [max(part - whole * usual, 0) for part, usual in zip(parts, without, strict=True)]
    there_is, wanted = values[-1] - sum(without), sum(gains)
    if not wanted:  # nobody's s_i is above d_i, and they sum to no less: s is d
        return tuple(without)
    shares = _whole([gain * there_is for gain in gains], wanted, there_is)
    return tuple(usual + share for usual, share in zip(without, shares, strict=True))


def _shapley(values: Sequence[int]) -> tuple[list[int], int]:
    """The Shapley value as numerators over n!, and n!."""
    n = len(values).bit_length() - 1
    weights = [factorial(size) * factorial(n - size - 1) for size in range(n)]
    parts = [0] * n
    for mask, value in enumerate(values):
        size = mask.bit_count()
        for player in range(n):
            if mask >> player & 1:
                parts[player] += weights[size - 1] * value
            else:
                parts[player] -= weights[size] * value
    return parts, factorial(n)


def _whole(parts: Sequence[int], over: int, total: int) -> tuple[int, ...]:
    """parts / over, which sum to the total, in whole units that do so too: floors, then one each by remainder."""
    shares = [part // over for part in parts]
    order = sorted(range(len(parts)), key=lambda player: (-(parts[player] % over), player))
    for player in order[: total - sum(shares)]:
        shares[player] += 1
    return tuple(shares)


def _as_taken(rollouts: Rollouts, profile: Profile) -> Profile:
    taken = rollouts.prospect(profile).taken
    known = all(action in options for action, options in zip(taken, rollouts.options, strict=True))
    return taken if known else profile
