"""The software team as a game: each role in turn hands in one artefact, and the program's hidden tests pay the team."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any, ClassVar, Final

import numpy as np

from headwater_agents.games.base import Die, Floats, Game
from headwater_agents.games.errors import SettingsError
from headwater_agents.games.software.artefacts import ROLES, Artefact
from headwater_agents.games.software.build import build
from headwater_agents.games.software.errors import SoftwareError
from headwater_agents.games.software.judge import Score, judge_of
from headwater_agents.games.software.log import Log
from headwater_agents.games.software.specification import POINT, bundled
from headwater_agents.games.software.words import told

NOTHING: Final = "nothing"
"""The lazy choice: it costs nothing and puts nothing into the program."""

ABSENT: Final = "absent"
"""What a removed role does: the same, without being offered."""

MAX_POT: Final = 10**6
MAX_EXTRA: Final = 24
PREFETCH: Final = 4_096
"""Most combinations of artefacts of a game whose programs all run in one batch when the first is asked for."""


@dataclass(frozen=True, slots=True)
class SoftwareState:
    """The names of what the roles handed in so far, in the order of ROLES."""

    chosen: tuple[str, ...] = ()


class SoftwareTeam(Game[SoftwareState]):
    """Six roles act in order; every choice is an artefact of the role's library, or nothing.

    own = − effort of what was handed in; team = floor(pot · weighted part of the hidden tests that passed). Nothing is
    rolled. `phases` cuts the task by checkpoints: 1, the whole team at once; 3, pairs (CEO and CPO, CTO and
    programmer, reviewer and counselor); 6, everybody by itself.

    Args:
        specification: name of a bundled one.
        pot: points (tokens) for all tests, 1 to 1,000,000.
        phases: 1, 3 or 6.
        extra: artefacts beyond the library, at most 24, as `Artefact` or its JSON; what an LLM wrote, for example.

    Raises:
        SettingsError: other settings.
    """

    name: ClassVar[str] = "software"
    players = len(ROLES)

    def __init__(
        self,
        specification: str = "intervals",
        pot: int = 100,
        phases: int = 1,
        extra: Iterable[Artefact | Mapping[str, Any]] = (),
    ) -> None:
        if type(pot) is not int or not 1 <= pot <= MAX_POT:
            raise SettingsError(f"the pot of a software task is 1 to {MAX_POT} points; got {pot!r}")
        if type(phases) is not int or phases not in (1, 3, 6):
            raise SettingsError(f"a software task has 1, 3 or 6 phases; got {phases!r}")
        if not isinstance(specification, str) or isinstance(extra, str | Mapping):
            raise SettingsError("specification is a name, and extra a list of artefacts")
        try:
            self.specification = bundled(specification)
            self.extra = tuple(each if isinstance(each, Artefact) else Artefact.from_json(each) for each in extra)
            for artefact in self.extra:
                self.specification.check(artefact)
        except (SoftwareError, TypeError) as error:
            raise SettingsError(str(error)) from None
        self.pot = pot
        self.phases = phases
        if len(self.extra) > MAX_EXTRA:
            raise SettingsError(f"a software task has at most {MAX_EXTRA} artefacts beyond the library")
        by_role = [[*self.specification.of_role(role), *_of(role, self.extra)] for role in ROLES]
        self._library = tuple({artefact.name: artefact for artefact in each} for each in by_role)
        for role, each, unique in zip(ROLES, by_role, self._library, strict=True):
            if len(unique) < len(each) or NOTHING in unique or ABSENT in unique:
                raise SettingsError(f"artefacts of the {role} need names of their own, not {NOTHING} or {ABSENT}")
        self._moves = tuple((*unique, NOTHING) for unique in self._library)
        self._judge = judge_of(specification)
        self._scores: dict[tuple[str, ...], Score] = {}

    @property
    def settings(self) -> dict[str, Any]:
        """Specification, pot (points), phases, artefacts beyond the library."""
        return {
            "specification": self.specification.name,
            "pot": self.pot,
            "phases": self.phases,
            "extra": [artefact.as_json() for artefact in self.extra],
        }

    def with_artefacts(self, artefacts: Iterable[Artefact]) -> SoftwareTeam:
        """The same task with more to choose from. Raises SettingsError as the constructor does."""
        return SoftwareTeam(self.specification.name, self.pot, self.phases, (*self.extra, *artefacts))

    def start(self) -> SoftwareState:
        """Nothing handed in."""
        return SoftwareState()

    def acting(self, state: SoftwareState) -> tuple[int, ...]:
        """One role at a time, in the order of ROLES."""
        at = len(state.chosen)
        return (at,) if at < self.players else ()

    def stage(self, state: SoftwareState) -> tuple[int, ...]:
        """The roles of the phase that begins here; () within one."""
        at, size = len(state.chosen), self.players // self.phases
        return tuple(range(at, at + size)) if at < self.players and at % size == 0 else ()

    def moves(self, player: int) -> tuple[str, ...]:
        """The names of the role's artefacts, the library's first and most careful one first; at the end `nothing`."""
        return self._moves[player]

    def choices(self, state: SoftwareState, player: int) -> tuple[str, ...]:
        """All of its moves, when it is its turn."""
        return self._moves[player] if player in self.acting(state) else ()

    def idle(self, state: SoftwareState, player: int) -> str:
        """Absent: nothing is handed in, at no cost."""
        return ABSENT

    def default(self, state: SoftwareState, player: int) -> str:
        """The library's first artefact: a role that is not known to be idle does its work."""
        return self._moves[player][0]

    def dice(self, state: SoftwareState, actions: Mapping[int, str]) -> tuple[Die, ...]:
        """None: nothing here is chance."""
        return ()

    def step(self, state: SoftwareState, actions: Mapping[int, str], rolls: Sequence[int]) -> SoftwareState:
        """One artefact more."""
        self.check(state, actions, rolls)
        return SoftwareState((*state.chosen, *actions.values()))

    def handed_in(self, state: SoftwareState) -> tuple[Artefact, ...]:
        """The artefacts of the task so far, in order."""
        pairs = zip(self._library, state.chosen, strict=False)
        return tuple(library[name] for library, name in pairs if name in library)

    def log(self, state: SoftwareState) -> Log:
        """The task's log so far: what credit afterwards is worked out from."""
        return Log(self.specification.name, self.specification.digest).extend(self.handed_in(state))

    def own(self, state: SoftwareState) -> tuple[int, ...]:
        """Minus the effort of what each handed in, wei."""
        pairs = zip(self._library, state.chosen, strict=False)
        spent = [-library[name].effort if name in library else 0 for library, name in pairs]
        return (*spent, *(0,) * (self.players - len(spent)))

    def team(self, state: SoftwareState) -> int:
        """floor(pot · part of the tests passed) in wei when all have acted; 0 before.

        The first call runs the programs of all combinations in one batch, a few seconds; later ones look them up.
        """
        if not self.finished(state):
            return 0
        fraction = self.score(state).fraction
        return self.pot * POINT * fraction.numerator // fraction.denominator

    @property
    def purse(self) -> int:
        """The whole pot for every role: an artefact may be what everything hangs on."""
        return self.players * self.pot * POINT

    def score(self, state: SoftwareState) -> Score:
        """What the tests say of the program that the artefacts so far make."""
        names = state.chosen
        if names not in self._scores:
            source = build(self.specification, self.handed_in(state)).source
            if not self._judge.knows(source) and prod(map(len, self._moves)) <= PREFETCH:
                self._judge.scores(self._programs())
            self._scores[names] = self._judge.score(source)
        return self._scores[names]

    def _programs(self) -> list[str]:
        options = [(None, *library.values()) for library in self._library]
        chosen = ([each for each in combination if each is not None] for combination in product(*options))
        return sorted({build(self.specification, artefacts).source for artefacts in chosen})

    def observation(self, state: SoftwareState, player: int) -> Floats:
        """For each role whether it has acted and which of its moves it made; the role that looks; the tests passed.

        Shape (14,): 6 flags; 6 numbers of moves (from 1, divided by their count; 0 for absent); (player + 1) / 6; the
        part passed, 0 before the end.
        """
        acted = [float(role < len(state.chosen)) for role in range(self.players)]
        made = [
            (moves.index(name) + 1) / len(moves) if name in moves else 0.0
            for moves, name in zip(self._moves, state.chosen, strict=False)
        ]
        made += [0.0] * (self.players - len(made))
        passed = float(self.score(state).fraction) if self.finished(state) else 0.0
        return np.array([*acted, *made, (player + 1) / self.players, passed], dtype=np.float32)

    def bounds(self) -> tuple[Floats, Floats]:
        """0 to 1."""
        size = 2 * self.players + 2
        return np.zeros(size, dtype=np.float32), np.ones(size, dtype=np.float32)

    def describe(self, state: SoftwareState, player: int) -> str:
        """The task, who pays, what has been handed in, and what this role may hand in; never the hidden tests."""
        offered = tuple(self._library[player].values())
        end = None
        if self.finished(state):
            end = f"The tests that passed pay {float(self.score(state).fraction) * self.pot:.2f} points."
        return told(self.specification, self.pot, player, self.handed_in(state), offered, end)

    def slot(self, state: SoftwareState, player: int) -> str:
        """One decision each: the role's name."""
        return ROLES[player]


def _of(role: str, artefacts: Iterable[Artefact]) -> list[Artefact]:
    return [artefact for artefact in artefacts if artefact.role == role]
