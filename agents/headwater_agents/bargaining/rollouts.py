"""Counterfactual rollouts: what everybody could expect if these actions were taken now.

The one source of every price here. Nobody who bargains knows a payoff table: it plays the rules on from the present
state, action by action, and sees what comes of it. Rolls are common random numbers: in sample r the k-th step from here
always draws the same uniforms, whatever was done before, so that two joint actions are compared on the same luck.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from headwater_agents.bargaining.errors import BargainError, TooManyError
from headwater_agents.games import Game, Record, Step
from headwater_agents.games.base import Die, payoffs

Profile = tuple[str, ...]
"""A joint action: one action for each player of the stage, in the stage's order."""

Base = Callable[[Game[Any], Any, int], str]
"""How a player goes on after the stage: a choice for (game, state, player)."""

MOST_PROFILES: Final = 4096
"""Most joint actions of a stage that are priced."""

MOST_STEPS: Final = 10_000
"""Steps after which a rollout gives up: the base policy does not end the game."""

DOUBT: Final = 1.0
"""Standard errors, over common random numbers, within which two joint actions count as equally good."""

_DICE: Final = 4
_DRAWN: Final = 256


def by_default(game: Game[Any], state: Any, player: int) -> str:
    """Goes on with the game's default."""
    return game.default(state, player)


def selfish(game: Game[Any], state: Any, player: int) -> str:
    """Goes on with whatever earns most for itself in the very next step (mean rolls), the first on ties."""
    acting = game.acting(state)
    others = {other: game.default(state, other) for other in acting if other != player}
    best, most = "", None
    for choice in game.choices(state, player):
        actions = {**others, player: choice}
        after = game.step(state, actions, tuple(die.mean for die in game.dice(state, actions)))
        earned = game.own(after)[player]
        if most is None or earned > most:
            best, most = choice, earned
    return best


Divide = Callable[[Record], Sequence[int]]
"""How what is earned together will be divided: the record of a finished play to everybody's share, wei."""


@dataclass(frozen=True, slots=True)
class Prospect:
    """What a joint action leads to.

    Attributes:
        payoffs: wei each player of the game can expect, its part of the team's earning included; mean over the
            samples, rounded down.
        taken: the joint action as it was really played: an action that the rules did not allow when its turn came
            gives way to the base policy's.
        draws: the same, sample by sample; a single one if nothing was rolled.
        certain: the stage ended the game without any dice, and nothing was earned together: this is no estimate, and
            everybody's payoff is its own earning, however the team's is divided.
    """

    payoffs: tuple[int, ...]
    taken: Profile
    certain: bool
    draws: tuple[tuple[int, ...], ...] = ()


class Rollouts:
    """Prospects of a stage's joint actions, each rolled out once and remembered.

    Args:
        game: the rules.
        state: a checkpoint: somebody is to act before the next.
        samples: rollouts of a joint action, at least 1.
        seed: of the common random numbers.
        base: how everybody goes on after the stage, and where an action is not allowed.
        doubt: standard errors by which one joint action has to be better than another before it counts as better.
        counted: whether a part of what is earned together counts as a player's payoff: an equal one, unless
        divide: says how the finished task's record divides it. It is asked where nothing was rolled; with
        gamble: also where dice were, for the first sample's play; in the others, what the team earns more or less than
            in that one counts in equal parts.
        past: the steps of the play so far; needed with `divide`.

    Raises:
        BargainError: no checkpoint, or no samples.
    """

    def __init__(
        self,
        game: Game[Any],
        state: Any,
        *,
        samples: int = 1,
        seed: Sequence[int] = (0,),
        base: Base = by_default,
        doubt: float = DOUBT,
        counted: bool = True,
        divide: Divide | None = None,
        gamble: bool = False,
        past: Sequence[Step] = (),
    ) -> None:
        self.game = game
        self.state = state
        self.players: tuple[int, ...] = game.stage(state)
        if not self.players:
            raise BargainError("there is nothing to bargain about: no stage begins in this state")
        if samples < 1:
            raise BargainError(f"a rollout takes at least 1 sample; got {samples}")
        self.samples = samples
        self._payoffs = payoffs if counted else _own
        self._divide = divide
        self._gamble = gamble
        self._past = tuple(past)
        self.base = base
        self.doubt = doubt
        self.options: tuple[tuple[str, ...], ...] = tuple(self._options(player) for player in self.players)
        self._uniforms = np.random.default_rng(list(seed)).random((samples, _DRAWN * _DICE)).tolist()
        self._known: dict[Profile, Prospect] = {}
        self._base = Rest(base)

    @property
    def size(self) -> int:
        """Number of joint actions."""
        return int(np.prod([len(options) for options in self.options], dtype=object))

    @property
    def asked(self) -> int:
        """Joint actions rolled out so far."""
        return len(self._known)

    def profiles(self) -> Iterator[Profile]:
        """All joint actions, the last player's action fastest.

        Raises:
            TooManyError: more than 4,096.
        """
        if self.size > MOST_PROFILES:
            raise TooManyError(
                f"this stage has {self.size} joint actions; at most {MOST_PROFILES} are priced. Fewer players or"
                " choices are accepted"
            )
        return itertools.product(*self.options)

    def prospect(self, profile: Profile) -> Prospect:
        """What a joint action leads to.

        Raises:
            BargainError: not one action for each player of the stage, out of its options.
        """
        known = self._known.get(profile)
        if known is not None:
            return known
        if len(profile) != len(self.players) or any(
            action not in options for action, options in zip(profile, self.options, strict=True)
        ):
            raise BargainError(f"a joint action is one of {self.options} for each of {self.players}; got {profile!r}")
        found = self._roll(profile)
        self._known[profile] = found
        return found

    def surely_better(self, one: Profile, other: Profile, players: Sequence[int]) -> bool:
        """Whether a joint action is worth more to these players together, beyond the doubt that sampling leaves.

            mean difference > doubt · standard error of the difference, sample by sample on the same rolls

        Without dice there is no doubt, and any difference counts.
        """
        first, second = self.prospect(one).draws, self.prospect(other).draws
        gains = [
            sum(first[number % len(first)][player] - second[number % len(second)][player] for player in players)
            for number in range(max(len(first), len(second)))
        ]
        total, count = sum(gains), len(gains)
        if total <= 0 or count == 1 or self.doubt == 0:
            return total > 0
        mean = total / count
        variance = sum((gain - mean) ** 2 for gain in gains) / (count - 1)
        return mean > self.doubt * math.sqrt(variance / count)

    def _options(self, player: int) -> tuple[str, ...]:
        return self.game.choices(self.state, player) or self.game.moves(player)

    def _roll(self, profile: Profile) -> Prospect:
        totals = [0] * self.game.players
        taken: Profile = profile
        draws: list[tuple[int, ...]] = []
        extra: tuple[int, ...] = (0,) * self.game.players
        for number in range(self.samples):
            steps: list[Step] | None = [] if self._divide and number == 0 else None
            final, played, rolled, over = self._play(profile, self._uniforms[number], steps)
            if number == 0 and played != profile and self._among(played):
                return self.prospect(played)  # the same play under another name
            if steps is not None and (self._gamble or not rolled):
                extra = self._foreseen(final, steps)
            paid = self._payoffs(self.game, final)
            draws.append(tuple(payoff + more for payoff, more in zip(paid, extra, strict=True)))
            for player, amount in enumerate(draws[-1]):
                totals[player] += amount
            if number == 0:
                taken = played
            if not rolled:  # nothing was chance: another sample would be the same play
                return Prospect(tuple(totals), taken, over and not self.game.team(final), tuple(draws))
        return Prospect(tuple(total // len(draws) for total in totals), taken, False, tuple(draws))

    def _among(self, profile: Profile) -> bool:
        return all(action in options for action, options in zip(profile, self.options, strict=True))

    def _foreseen(self, final: Any, steps: list[Step]) -> tuple[int, ...]:
        """What the division gives each player beyond an equal part, wei."""
        game = self.game
        team, own = game.team(final), game.own(final)
        if self._divide is None or team == 0:
            return (0,) * game.players
        record = Record(game.name, game.settings, None, (*self._past, *steps), own, team)
        equal = [paid - mine for paid, mine in zip(payoffs(game, final), own, strict=True)]
        return tuple(share - part for share, part in zip(self._divide(record), equal, strict=True))

    def _play(
        self, profile: Profile, uniforms: list[float], steps: list[Step] | None
    ) -> tuple[Any, Profile, bool, bool]:
        """Final state, the stage's actions as taken, whether dice were rolled, whether the stage ended the game.

        The steps are added to `steps`, if that is a list.
        """
        game, base = self.game, self._base
        intended = dict(zip(self.players, profile, strict=True))
        taken = dict(intended)
        acted: set[int] = set()
        state, within, over, rolled = self.state, True, False, False
        for count in range(MOST_STEPS):
            acting = game.acting(state)
            if not acting:
                over = within
                return state, tuple(taken[player] for player in self.players), rolled, over
            if within and count and game.stage(state):
                within = False
            actions: dict[int, str] = {}
            for player in acting:
                if within and player in intended:
                    choice = intended[player]
                    if choice not in game.choices(state, player):
                        choice = base(game, state, player)
                    if player not in acted:
                        taken[player] = choice
                        acted.add(player)
                    actions[player] = choice
                else:
                    actions[player] = base(game, state, player)
            dice = game.dice(state, actions)
            if dice:
                rolled = True
                at = (count % _DRAWN) * _DICE
                rolls = tuple(_face(die, uniforms[(at + place) % len(uniforms)]) for place, die in enumerate(dice))
            else:
                rolls = ()
            if steps is not None:
                slots = tuple(game.slot(state, player) for player in acting)
                steps.append(Step(slots, tuple(actions[player] for player in acting), rolls))
            state = game.step(state, actions, rolls)
        raise BargainError(f"a rollout of {MOST_STEPS} steps has not ended the game {game.name}")


class Rest:
    """A base policy that remembers its answers: rollouts of one stage meet the same states again and again."""

    def __init__(self, base: Base) -> None:
        self._base = base
        self._said: dict[tuple[Any, int], str] = {}

    def __call__(self, game: Game[Any], state: Any, player: int) -> str:
        """As the base policy."""
        if self._base is by_default:
            return game.default(state, player)
        key = (state, player)
        said = self._said.get(key)
        if said is None:
            said = self._said[key] = self._base(game, state, player)
        return said


def _own(game: Game[Any], state: Any) -> tuple[int, ...]:
    return game.own(state)


def _face(die: Die, uniform: float) -> int:
    return die.low + int(uniform * (die.high - die.low + 1))
