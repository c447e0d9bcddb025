"""The record of a play: its game, every action and every roll. It is the play: `replay` has the same states from it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeGuard, TypeVar

import numpy as np
from eth_hash.auto import keccak

from headwater import safejson
from headwater_agents.games.base import Game, draw
from headwater_agents.games.errors import RecordError
from headwater_agents.games.registry import game_from

S = TypeVar("S")
Choose = Callable[[S, int], str]
"""A player's mind: the state and the player's number to one of its choices."""

FORMAT: Final = "headwater game record 1"
MAX_RECORD_CHARACTERS: Final = 32 * 2**20
MAX_STEPS: Final = 100_000
_MAX_WEI_DIGITS: Final = 60
_MAX_ROLL: Final = 2**63


@dataclass(frozen=True, slots=True)
class Step:
    """One step: who decided (keys, in the order of the players), what each did, and the rolls of the step, in order."""

    slots: tuple[str, ...]
    actions: tuple[str, ...]
    rolls: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Record:
    """A play as far as it went. `own` and `team` are what it says that was earned, in wei: `replay` checks them.

    `seed` is a note of where the rolls came from; a replay reads the rolls only. It may be left out (None).
    """

    game: str
    settings: dict[str, Any]
    seed: int | None
    steps: tuple[Step, ...]
    own: tuple[int, ...]
    team: int

    def rules(self) -> Game[Any]:
        """The game that was played. Raises SettingsError: no such game."""
        return game_from(self.game, self.settings)

    def fields(self) -> dict[str, Any]:
        """The record as JSON; wei are decimal strings, since readers elsewhere keep 53 bits of a number."""
        return {
            "format": FORMAT,
            "game": self.game,
            "settings": self.settings,
            "seed": self.seed,
            "steps": [[list(step.slots), list(step.actions), list(step.rolls)] for step in self.steps],
            "own": [str(wei) for wei in self.own],
            "team": str(self.team),
        }

    def text(self) -> str:
        """The one JSON text of the record: keys sorted, no spaces, ASCII."""
        return json.dumps(self.fields(), sort_keys=True, separators=(",", ":"))

    @property
    def digest(self) -> bytes:
        """keccak256 of `text`, 32 bytes: who holds it knows a changed record."""
        return bytes(keccak(self.text().encode("ascii")))


@dataclass
class Recorder(Generic[S]):
    """A play in the making: takes steps, keeps state and record. A refused step changes neither."""

    game: Game[S]
    seed: int | None = None
    state: S = field(init=False)
    _steps: list[Step] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        self.state = self.game.start()

    def step(self, actions: Mapping[int, str], rolls: Sequence[int]) -> S:
        """Take a step. Raises what the game's `step` raises."""
        before = self.state
        self.state = self.game.step(before, actions, rolls)
        self._steps.append(_step(self.game, before, actions, rolls))
        return self.state

    def play(self, actions: Mapping[int, str], rng: np.random.Generator) -> S:
        """Take a step with rolls drawn for it. Raises IllegalActionError, having drawn nothing."""
        self.game.check_actions(self.state, actions)
        return self.step(actions, draw(self.game.dice(self.state, actions), rng))

    @property
    def finished(self) -> bool:
        """Whether nobody acts any more."""
        return self.game.finished(self.state)

    @property
    def record(self) -> Record:
        """The record as of now."""
        return Record(
            game=self.game.name,
            settings=self.game.settings,
            seed=self.seed,
            steps=tuple(self._steps),
            own=self.game.own(self.state),
            team=self.game.team(self.state),
        )


def play(game: Game[S], choose: Choose[S], rng: np.random.Generator, *, seed: int | None = None) -> tuple[S, Record]:
    """Play to the end: every acting player chooses by `choose`, rolls come from `rng`; `seed` is noted in the record.

    Raises:
        IllegalActionError: `choose` named an action that is not open.
    """
    recorder = Recorder(game, seed)
    while acting := game.acting(recorder.state):
        state = recorder.state
        recorder.play({player: choose(state, player) for player in acting}, rng)
    return recorder.state, recorder.record


def parse(text: str) -> Record:
    """The record of a JSON text, of whatever origin. Whether its play is one, `replay` says.

    Raises:
        RecordError: not JSON, too long, or fields that are missing, unknown, or of another kind.
    """
    if len(text) > MAX_RECORD_CHARACTERS:
        raise RecordError(f"a record has at most {MAX_RECORD_CHARACTERS} characters; got {len(text)}")
    try:
        raw = safejson.loads(text)
    except (ValueError, RecursionError) as error:
        raise RecordError(f"a record is JSON; this is not: {error}") from None
    fields = ("format", "game", "settings", "seed", "steps", "own", "team")
    if not isinstance(raw, dict) or set(raw) != set(fields):
        raise RecordError(f"a record is an object with the fields {', '.join(fields)}, and no other")
    if raw["format"] != FORMAT:
        raise RecordError(f"a record's format is {FORMAT!r}; got {str(raw['format'])[:60]!r}")
    if not isinstance(raw["game"], str) or not isinstance(raw["settings"], dict):
        raise RecordError("a record's game is a name, and its settings an object")
    seed = raw["seed"]
    if seed is not None and (type(seed) is not int or seed < 0):
        raise RecordError("a record's seed is an integer of at least 0, or null")
    if not isinstance(raw["steps"], list) or len(raw["steps"]) > MAX_STEPS:
        raise RecordError(f"a record's steps are a list of at most {MAX_STEPS}")
    if not isinstance(raw["own"], list):
        raise RecordError("a record's own earnings are a list of wei")
    return Record(
        game=raw["game"],
        settings=raw["settings"],
        seed=seed,
        steps=tuple(_parsed(number, step) for number, step in enumerate(raw["steps"])),
        own=tuple(_wei(entry) for entry in raw["own"]),
        team=_wei(raw["team"]),
    )


def _step(game: Game[S], before: S, actions: Mapping[int, str], rolls: Sequence[int]) -> Step:
    acting = game.acting(before)
    return Step(
        slots=tuple(game.slot(before, player) for player in acting),
        actions=tuple(actions[player] for player in acting),
        rolls=tuple(rolls),
    )


def _parsed(number: int, step: object) -> Step:
    slots, actions, rolls = step if isinstance(step, list) and len(step) == 3 else (None, None, None)
    if not _texts(slots) or not _texts(actions) or len(slots) != len(actions):
        raise RecordError(f"step {number} is not a list of keys, as many actions, and rolls")
    if not isinstance(rolls, list) or any(type(roll) is not int or abs(roll) >= _MAX_ROLL for roll in rolls):
        raise RecordError(f"step {number} has rolls that are not integers")
    return Step(tuple(slots), tuple(actions), tuple(rolls))


def _texts(entries: object) -> TypeGuard[list[str]]:
    return isinstance(entries, list) and all(isinstance(entry, str) for entry in entries)


def _wei(entry: object) -> int:
    if isinstance(entry, str) and len(entry) <= _MAX_WEI_DIGITS and entry.isascii():
        digits = entry.removeprefix("-")
        if digits.isdigit() and entry == str(int(entry)):
            return int(entry)
    raise RecordError(f"an amount of wei is written as a decimal string; got {str(entry)[:60]!r}")
