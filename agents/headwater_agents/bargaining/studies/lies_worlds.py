"""Finished tasks in which somebody may lie about its part: real plays of the games, and what replay says of them.

Each play has somebody who did little (the idler), two who worked (the liar and its partner), and a reward above zero:

    escape room   4 to 7 players, 1 to 3 levers, just enough of them held; the idler stays away; earnings are pooled
    raid          a boss of 2000 HP; the idler waits in 40% of its turns, others in 0 or 10%; the boss fell
    software      one of the bundled specifications; the idler hands in nothing, others the careful artefact mostly
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np

from headwater.credit import TableGame, divide, precedence_shapley, shapley
from headwater.units import WAD
from headwater_agents.bargaining.studies.moving_arms import StudyError
from headwater_agents.games import EscapeRoom, Raid, Record, Recorder, ReplayGame
from headwater_agents.games.escape import DOOR, LEVER, STAY
from headwater_agents.games.raid import FIREBALL, FIREBALL_DIE, HEAL, WAIT, coordinated
from headwater_agents.games.software import ROLES, Artefact, build, bundled, names
from headwater_agents.games.software.judge import judge_of
from headwater_agents.games.software.team import ABSENT, NOTHING, SoftwareTeam

KINDS_OF_WORLD: Final = ("escape room", "raid", "software")
PADDING: Final = "notes"
"""Of software: an artefact of words, none of which get into the program."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Task:
    """A finished task.

    Attributes:
        kind: which game.
        record: of the play.
        values: v of every coalition in wei, by bitmask, from counterfactual replay; the last is the reward.
        fair: the reward divided by the Shapley value of that, wei.
        counts: what a list of actions shows of each player: how often it did anything but idle.
    """

    kind: str
    record: Record
    values: tuple[int, ...]
    fair: tuple[int, ...]
    counts: tuple[int, ...]

    @property
    def players(self) -> int:
        """How many."""
        return len(self.fair)

    @property
    def reward(self) -> int:
        """Wei that are divided."""
        return self.values[-1]


@dataclass(frozen=True, eq=False, kw_only=True)
class TaskWorld:
    """A task as it was, and as it would be if one or another had lied in what it did or in what it wrote down.

    Attributes:
        honest: the task.
        liar: somebody who worked.
        partner: another.
        idler: somebody who did little.
        padded: the task had the idler filled its idle moments with what looks like work.
        forged: the record that the idler would rather have: as if it had worked at every turn.
    """

    honest: Task
    liar: int
    partner: int
    idler: int
    padded: Task
    forged: Task


@lru_cache(maxsize=4096)
def task_world(kind: str, seed: int) -> TaskWorld:
    """The world of a seed, 0 or more; plays without a reward above zero are drawn anew. Raises StudyError: no kind."""
    makers = {"escape room": _escape, "raid": _raid, "software": _software}
    if kind not in makers:
        raise StudyError(f"no world {kind!r}; accepted: {', '.join(KINDS_OF_WORLD)}")
    for attempt in range(1000):
        found = makers[kind](np.random.default_rng([seed, attempt, KINDS_OF_WORLD.index(kind), 51]), seed)
        if found is not None:
            return found
    raise StudyError(f"no play of the {kind} with a reward in 1,000 draws")


def by_replay(values: Sequence[int], ranks: Sequence[int] | None = None) -> list[int]:
    """The last of the values of a game in bitmask order (wei), divided by its Shapley value; all are whole wei.

    ranks: only the orders that put the lower ones first count.
    """
    game = TableGame([float(value) for value in values])
    return divide(values[-1], shapley(game) if ranks is None else precedence_shapley(game, ranks), signed=True)


def _task(kind: str, record: Record, own: bool, idles: Callable[[str], bool]) -> Task | None:
    game = ReplayGame(record, own=own)
    n = game.n_players
    values = tuple(game.wei(player for player in range(n) if mask >> player & 1) for mask in range(1 << n))
    if values[-1] <= 0:
        return None
    rules = record.rules()
    counts, state = [0] * n, rules.start()
    for step in record.steps:
        actions = dict(zip(rules.acting(state), step.actions, strict=True))
        for player, action in actions.items():
            counts[player] += not idles(action)
        state = rules.step(state, actions, step.rolls)
    fair = tuple(by_replay(values))
    return Task(kind=kind, record=record, values=values, fair=fair, counts=tuple(counts))


def _world(
    honest: Task | None, padded: Task | None, forged: Task | None, who: tuple[int, int, int]
) -> TaskWorld | None:
    if honest is None or padded is None or forged is None:
        return None
    liar, partner, idler = who
    return TaskWorld(honest=honest, liar=liar, partner=partner, idler=idler, padded=padded, forged=forged)


def _escape(rng: np.random.Generator, seed: int) -> TaskWorld | None:
    levers = int(rng.integers(1, 4))
    players = int(rng.integers(max(4, levers + 3), 8))
    game = EscapeRoom(players, levers)
    order = [int(player) for player in rng.permutation(players)]
    idler, held = order[0], order[1 : 1 + levers]

    def played(idle: str) -> Task | None:
        actions = {player: LEVER if player in held else idle if player == idler else DOOR for player in range(players)}
        recorder: Recorder[Any] = Recorder(game, seed)
        recorder.step(actions, ())
        return _task("escape room", recorder.record, True, lambda action: action == STAY)

    spare = played(LEVER)
    return _world(played(STAY), spare, spare, (held[0], order[-1], idler))


def _raid(rng: np.random.Generator, seed: int) -> TaskWorld | None:
    game = Raid()
    idler, liar, partner, _ = (int(player) for player in rng.permutation(game.players))
    slack = [0.4 if player == idler else float(rng.choice([0.0, 0.1])) for player in range(game.players)]
    lazy, luck = rng.random((10, game.players)), rng.random((10, game.players))

    def played(instead: str) -> Task | None:
        recorder = Recorder(game, seed)
        while not recorder.finished:
            state = recorder.state
            hero = state.hero
            waits = lazy[state.turn, hero] < slack[hero]
            action = WAIT if waits else coordinated(state, hero)
            if waits and hero == idler and instead in game.choices(state, hero):
                action = instead
            dice = game.dice(state, {hero: action})
            best = waits and hero == idler and instead == FIREBALL
            rolls = [die.low + int(luck[state.turn, hero] * (die.high - die.low + 1)) for die in dice]
            recorder.step({hero: action}, (FIREBALL_DIE.high,) if best else tuple(rolls))
        return _task("raid", recorder.record, False, lambda action: action == WAIT)

    honest = played(WAIT)
    return None if honest is None else _world(honest, played(HEAL), played(FIREBALL), (liar, partner, idler))


def _software(rng: np.random.Generator, seed: int) -> TaskWorld | None:
    name = names()[seed % len(names())]
    specification = bundled(name)
    idler = int(rng.choice([ROLES.index(role) for role in ("CEO", "CPO", "CTO", "reviewer", "counselor")]))
    padding = Artefact(role=ROLES[idler], name=PADDING, note="What was considered, at length.", effort=WAD)
    game = SoftwareTeam(name).with_artefacts([padding])
    chosen = []
    for role in ROLES:
        library = specification.of_role(role)
        careful = role == "programmer" or rng.random() < 0.75
        chosen.append(library[0 if careful else int(rng.integers(len(library)))].name)

    def played(idle: str) -> Task | None:
        picked = [idle if role == idler else action for role, action in enumerate(chosen)]
        known = {(artefact.role, artefact.name): artefact for artefact in (*specification.library, padding)}
        handed = [known.get((role, action)) for role, action in zip(ROLES, picked, strict=True)]
        subsets = (
            [each for at, each in enumerate(handed) if each and mask >> at & 1] for mask in range(1 << len(ROLES))
        )
        # All programs of the world in one batch: the game itself would run those of every combination there is.
        judge_of(name).scores(sorted({build(specification, subset).source for subset in subsets}))
        recorder = Recorder(game, seed)
        for role, action in enumerate(picked):
            recorder.step({role: action}, ())
        return _task("software", recorder.record, False, lambda action: action in (NOTHING, ABSENT))

    liar = ROLES.index("programmer")
    partner = ROLES.index("CTO" if idler != ROLES.index("CTO") else "CPO")
    return _world(
        played(NOTHING), played(PADDING), played(specification.of_role(ROLES[idler])[0].name), (liar, partner, idler)
    )
