"""A game's rules, and nothing else: pure functions of an immutable state.

Payoffs are wei; one point of a game is `POINT`. Players are numbered from 0. A state is a frozen dataclass compared by
value. Chance is a sequence of dice that the rules name and the caller rolls, so that a play is its actions and its
rolls, and can be had again from them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from inspect import Parameter, signature
from typing import Any, ClassVar, Final, Generic, Self, TypeVar

import numpy as np
import numpy.typing as npt

from headwater.units import WAD
from headwater_agents.games.errors import IllegalActionError, IllegalRollError, SettingsError

S = TypeVar("S")
Floats = npt.NDArray[np.float32]

POINT: Final = WAD
"""Wei in one point of a game: one token."""


@dataclass(frozen=True, slots=True)
class Die:
    """A uniform integer from `low` to `high`, both included."""

    low: int
    high: int

    @property
    def mean(self) -> int:
        """Its mean, rounded down."""
        return (self.low + self.high) // 2

    def fits(self, roll: object) -> bool:
        """Whether that is a roll of this die: an int (no bool, no NumPy integer) within its bounds."""
        return type(roll) is int and self.low <= roll <= self.high


class Game(ABC, Generic[S]):
    """The rules of a game of `players` players. Immutable; two games of the same settings are the same game."""

    name: ClassVar[str]
    players: int

    @property
    @abstractmethod
    def settings(self) -> dict[str, Any]:
        """What the game was made with, as JSON; `from_settings` makes it again."""

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> Self:
        """The game of these settings; what is left out has its default.

        Raises:
            SettingsError: an unknown setting, or a value that the game does not take.
        """
        known = signature(cls).parameters
        needed = [name for name, parameter in known.items() if parameter.default is Parameter.empty]
        strange = [str(name)[:40] for name in settings if name not in known]
        missing = [name for name in needed if name not in settings]
        if strange or missing:
            said = f"there is no {', '.join(strange)}" if strange else f"it needs {', '.join(missing)}"
            raise SettingsError(f"the game {cls.name} takes the settings {', '.join(known)}; {said}")
        try:
            return cls(**settings)
        except TypeError:
            raise SettingsError(f"the game {cls.name} does not take the settings {dict(settings)!r}"[:400]) from None

    @abstractmethod
    def start(self) -> S:
        """The state before anybody has acted."""

    @abstractmethod
    def acting(self, state: S) -> tuple[int, ...]:
        """Who chooses now, in rising order: all at once; () when the game is finished."""

    @abstractmethod
    def stage(self, state: S) -> tuple[int, ...]:
        """Who acts before the next checkpoint, in rising order; () between checkpoints and when finished."""

    @abstractmethod
    def moves(self, player: int) -> tuple[str, ...]:
        """All actions that may ever be open to a player, in a fixed order; `idle` is not among them."""

    @abstractmethod
    def choices(self, state: S, player: int) -> tuple[str, ...]:
        """The actions open to a player, in the order of `moves`; never empty while it acts, () otherwise."""

    @abstractmethod
    def idle(self, state: S, player: int) -> str:
        """What a removed player does: accepted by `step`, never among the choices."""

    @abstractmethod
    def default(self, state: S, player: int) -> str:
        """What a player goes on with where nothing is known of its intentions: one of its choices."""

    @abstractmethod
    def dice(self, state: S, actions: Mapping[int, str]) -> tuple[Die, ...]:
        """What a step with these legal actions rolls, in order."""

    @abstractmethod
    def step(self, state: S, actions: Mapping[int, str], rolls: Sequence[int]) -> S:
        """The next state. `actions` has exactly the acting players, `rolls` one int for each die, in order.

        Raises:
            IllegalActionError: an action that is not open to its player, or other players than those acting.
            IllegalRollError: rolls that do not fit the dice.
        """

    @abstractmethod
    def own(self, state: S) -> tuple[int, ...]:
        """Wei that each player has earned by itself so far; may be negative."""

    @abstractmethod
    def team(self, state: S) -> int:
        """Wei earned together, 0 until that is decided; may be negative."""

    @property
    @abstractmethod
    def purse(self) -> int:
        """Wei that cover what the players end with in any play, however the team's earning is divided."""

    @abstractmethod
    def observation(self, state: S, player: int) -> Floats:
        """What a learner sees, shape (d,), of one d for all players, within `bounds`."""

    @abstractmethod
    def bounds(self) -> tuple[Floats, Floats]:
        """Least and greatest observation, each of shape (d,)."""

    @abstractmethod
    def describe(self, state: S, player: int) -> str:
        """The rules and the state in words, as this player should know them."""

    @abstractmethod
    def slot(self, state: S, player: int) -> str:
        """The key of an acting player's decision in a record, such as "turn 3 hero 2".

        No two decisions of a play share one. A counterfactual replay finds recorded actions and rolls by it.
        """

    def finished(self, state: S) -> bool:
        """Whether nobody acts any more."""
        return not self.acting(state)

    def check(self, state: S, actions: Mapping[int, str], rolls: Sequence[int]) -> None:
        """Raises what `step` has to raise for these actions and rolls, and nothing if they are legal."""
        self.check_actions(state, actions)
        self.check_rolls(self.dice(state, actions), rolls)

    def check_actions(self, state: S, actions: Mapping[int, str]) -> None:
        """Raises IllegalActionError unless exactly the acting players have an action that is open to them, or idle."""
        acting = self.acting(state)
        if not acting:
            raise IllegalActionError(f"the game {self.name} is finished: nobody acts any more")
        if len(actions) != len(acting) or any(player not in actions for player in acting):
            raise IllegalActionError(
                f"actions are needed of the players {_listed(acting)}, and of nobody else; got {_listed(actions)}"
            )
        for player in acting:
            choices = self.choices(state, player)
            if actions[player] not in choices and actions[player] != self.idle(state, player):
                raise IllegalActionError(
                    f"player {player} may {', '.join(choices)} here ({self.slot(state, player)});"
                    f" got {_shortened(actions[player])}"
                )

    @staticmethod
    def check_rolls(dice: Sequence[Die], rolls: Sequence[int]) -> None:
        """Raises IllegalRollError unless there is one fitting roll for each die."""
        if len(rolls) != len(dice):
            raise IllegalRollError(f"this step rolls {len(dice)} dice; got {len(rolls)} rolls")
        for die, roll in zip(dice, rolls, strict=True):
            if not die.fits(roll):
                raise IllegalRollError(f"a roll here is an int from {die.low} to {die.high}; got {_shortened(roll)}")

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and isinstance(other, Game) and self.settings == other.settings

    def __hash__(self) -> int:
        return hash((type(self), self.players))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{key}={value!r}' for key, value in self.settings.items())})"


def payoffs(game: Game[S], state: S) -> tuple[int, ...]:
    """Wei of each player if the team's earning is divided equally, rounded down; the first players get the rest."""
    each, rest = divmod(game.team(state), game.players)
    return tuple(own + each + (player < rest) for player, own in enumerate(game.own(state)))


def draw(dice: Sequence[Die], rng: np.random.Generator) -> tuple[int, ...]:
    """A roll of each die, in order."""
    return tuple(int(rng.integers(die.low, die.high, endpoint=True)) for die in dice)


def _listed(players: Sequence[int] | Mapping[int, str]) -> str:
    return ", ".join(map(_shortened, list(players)[:8])) + (", …" if len(players) > 8 else "") or "nobody"


def _shortened(what: object) -> str:
    text = repr(what)
    return text if len(text) <= 60 else text[:57] + "…"
