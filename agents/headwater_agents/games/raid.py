"""The raid: four heroes against a boss that only falls to heroes who also do what pays them less.

A turn is the living heroes in rising order, then the boss. Nothing here is NumPy but what a learner sees: agents play
this thousands of times to know what an action is worth.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import numpy as np

from headwater_agents.games import raid_words
from headwater_agents.games.base import POINT, Die, Floats, Game
from headwater_agents.games.errors import IllegalActionError, SettingsError

HEROES: Final = 4
HERO_HP: Final = 400
BOSSES: Final = (2000, 2500, 3000)
TURNS: Final = 10
COOLDOWN: Final = 3
"""A hero that taunted in turn t may taunt again in turn t + 3."""

TAUNTED_HIT: Final = 100
HIT: Final = 200
TARGETS: Final = 2

TAUNT: Final = "taunt"
FIREBALL: Final = "fireball"
HEAL: Final = "heal"
WAIT: Final = "wait"

FIREBALL_DIE: Final = Die(100, 150)
HEAL_DIE: Final = Die(150, 200)

HALF: Final = POINT // 2
"""Individual rewards are counted in half points: taunt 1, fireball 4, heal 1."""

_MOVES: Final = (FIREBALL, TAUNT, HEAL)
_FIREBALL_DICE: Final = (FIREBALL_DIE,)
_HEAL_DICE: Final = (HEAL_DIE,)
_NO_DICE: Final[tuple[Die, ...]] = ()
_OVER: Final = -1
_NOBODY: Final = -1


@dataclass(frozen=True, slots=True)
class RaidState:
    """A moment of a raid. `turn` counts from 0, and stays at the last turn when the raid is over.

    `hero` acts next, −1 when it is over; `taunter` taunted this turn, −1 for nobody; `ready` is the first turn in which
    each may taunt; `earned` is in half points.
    """

    boss: int
    hp: tuple[int, ...]
    turn: int
    hero: int
    taunter: int
    ready: tuple[int, ...]
    earned: tuple[int, ...]
    won: bool

    @property
    def dead(self) -> int:
        """Number of dead heroes."""
        return self.hp.count(0)

    @property
    def lost(self) -> bool:
        """Whether the raid ended without a win."""
        return self.hero == _OVER and not self.won


class Raid(Game[RaidState]):
    """A raid on a boss of 2000, 2500 or 3000 HP.

    Raises:
        SettingsError: a boss of other HP.
    """

    name: ClassVar[str] = "raid"
    players = HEROES

    def __init__(self, boss: int = BOSSES[0]) -> None:
        if type(boss) is not int or boss not in BOSSES:
            raise SettingsError(f"the boss of a raid has {', '.join(map(str, BOSSES))} HP; got {boss!r}")
        self.boss = boss

    @property
    def settings(self) -> dict[str, Any]:
        """The boss's HP."""
        return {"boss": self.boss}

    def start(self) -> RaidState:
        """Everybody in full health, hero 0 to act in turn 0."""
        nothing = (0,) * HEROES
        return RaidState(self.boss, (HERO_HP,) * HEROES, 0, 0, _NOBODY, nothing, nothing, False)

    def acting(self, state: RaidState) -> tuple[int, ...]:
        """One hero at a time."""
        return () if state.hero == _OVER else (state.hero,)

    def stage(self, state: RaidState) -> tuple[int, ...]:
        """The living heroes, when the first of them is about to act."""
        if state.hero == _OVER or any(state.hp[: state.hero]):
            return ()
        return tuple(hero for hero in range(HEROES) if state.hp[hero])

    def moves(self, player: int) -> tuple[str, ...]:
        """Fireball, taunt, heal."""
        return _MOVES

    def choices(self, state: RaidState, player: int) -> tuple[str, ...]:
        """A fireball always; a taunt if the turn has none and the hero's last is long ago; a heal if another lives."""
        if player != state.hero:
            return ()
        taunt = state.taunter == _NOBODY and state.turn >= state.ready[player]
        heal = lowest_other(state.hp, player) != _NOBODY
        if taunt:
            return _MOVES if heal else (FIREBALL, TAUNT)
        return (FIREBALL, HEAL) if heal else (FIREBALL,)

    def idle(self, state: RaidState, player: int) -> str:
        """To wait: alive, hit like everybody, and paid nothing."""
        return WAIT

    def default(self, state: RaidState, player: int) -> str:
        """The coordinated rule: what a team that wants to win together would do. See `coordinated`."""
        return coordinated(state, player)

    def dice(self, state: RaidState, actions: Mapping[int, str]) -> tuple[Die, ...]:
        """100 to 150 for a fireball, 150 to 200 for a heal (whatever of it is of use), none for the rest."""
        action = actions[state.hero]
        return _FIREBALL_DICE if action == FIREBALL else _HEAL_DICE if action == HEAL else _NO_DICE

    def step(self, state: RaidState, actions: Mapping[int, str], rolls: Sequence[int]) -> RaidState:
        """One hero's action; after the last living hero, the boss's."""
        hero = state.hero
        action = actions.get(hero) if len(actions) == 1 else None
        boss, hp, taunter, ready = state.boss, state.hp, state.taunter, state.ready
        gain = 1
        dice = _NO_DICE
        if hero == _OVER:
            self._refuse(state, actions)
        elif action == FIREBALL:
            dice, gain = _FIREBALL_DICE, 4
        elif action == HEAL:
            target = lowest_other(hp, hero)
            if target == _NOBODY:
                self._refuse(state, actions)
            dice = _HEAL_DICE
        elif action == TAUNT:
            if taunter != _NOBODY or state.turn < ready[hero]:
                self._refuse(state, actions)
            taunter = hero
            ready = (*ready[:hero], state.turn + COOLDOWN, *ready[hero + 1 :])
        elif action == WAIT:
            gain = 0
        else:
            self._refuse(state, actions)
        if len(rolls) != len(dice) or (dice and not dice[0].fits(rolls[0])):
            self.check_rolls(dice, rolls)
        if action == FIREBALL:
            boss = max(0, boss - rolls[0])
        elif action == HEAL:
            hp = (*hp[:target], min(HERO_HP, hp[target] + rolls[0]), *hp[target + 1 :])
        earned = (*state.earned[:hero], state.earned[hero] + gain, *state.earned[hero + 1 :])
        if boss == 0:
            return RaidState(0, hp, state.turn, _OVER, taunter, ready, earned, True)
        for later in range(hero + 1, HEROES):
            if hp[later]:
                return RaidState(boss, hp, state.turn, later, taunter, ready, earned, False)
        hp = struck(hp, taunter)
        first = next((one for one in range(HEROES) if hp[one]), _OVER)
        if first == _OVER or state.turn == TURNS - 1:
            return RaidState(boss, hp, state.turn, _OVER, taunter, ready, earned, False)
        return RaidState(boss, hp, state.turn + 1, first, _NOBODY, ready, earned, False)

    def own(self, state: RaidState) -> tuple[int, ...]:
        """0.5 points a taunt, 2 a fireball, 0.5 a heal."""
        return tuple(earned * HALF for earned in state.earned)

    def team(self, state: RaidState) -> int:
        """100·(1 − dead/4 − turn/10) points on a win, turns counted from 0; −100 points on a loss; 0 before the end."""
        if state.hero != _OVER:
            return 0
        return (100 - 25 * state.dead - 10 * state.turn) * POINT if state.won else -100 * POINT

    @property
    def purse(self) -> int:
        """A fireball a turn and all of the difference between the best and the worst end, for every hero."""
        return HEROES * (TURNS * 4 * HALF + 200 * POINT)

    def observation(self, state: RaidState, player: int) -> Floats:
        """Boss's HP, turn, taunted or not; HP of the heroes, turns until each may taunt, who acts, who one is: d = 19.

        Each as a fraction of its most.
        """
        return np.array(
            [
                state.boss / self.boss,
                state.turn / TURNS,
                state.taunter != _NOBODY,
                *(hp / HERO_HP for hp in state.hp),
                *(max(0, ready - state.turn) / COOLDOWN for ready in state.ready),
                *(hero == state.hero for hero in range(HEROES)),
                *(hero == player for hero in range(HEROES)),
            ],
            dtype=np.float32,
        )

    def bounds(self) -> tuple[Floats, Floats]:
        """0 to 1."""
        return np.zeros(19, dtype=np.float32), np.ones(19, dtype=np.float32)

    def describe(self, state: RaidState, player: int) -> str:
        """The rules, and where the raid stands."""
        return f"{raid_words.rules(self.boss, player)} {raid_words.standing(state, player)}"

    def slot(self, state: RaidState, player: int) -> str:
        """One decision a hero and turn."""
        return f"turn {state.turn} hero {player}"

    def _refuse(self, state: RaidState, actions: Mapping[int, str]) -> None:
        self.check_actions(state, actions)
        raise IllegalActionError(f"the actions {dict(actions)!r} are not open here")


def lowest_other(hp: Sequence[int], hero: int) -> int:
    """The living hero of the lowest HP, other than this one; the lowest-numbered on a tie; −1 if there is none."""
    lowest, least = _NOBODY, HERO_HP + 1
    for other, left in enumerate(hp):
        if 0 < left < least and other != hero:
            lowest, least = other, left
    return lowest


def struck(hp: tuple[int, ...], taunter: int) -> tuple[int, ...]:
    """HP after the boss: the taunter loses 100, else the two lowest living heroes (ties: lower number) 200 each."""
    if taunter != _NOBODY:
        return (*hp[:taunter], max(0, hp[taunter] - TAUNTED_HIT), *hp[taunter + 1 :])
    targets = sorted((left, hero) for hero, left in enumerate(hp) if left)[:TARGETS]
    hit = {hero for _, hero in targets}
    return tuple(max(0, left - HIT) if hero in hit else left for hero, left in enumerate(hp))


def coordinated(state: RaidState, hero: int) -> str:
    """What a team does that wants to win with nobody dead, relying on nobody: one of the acting hero's choices.

    The first hero of a turn that can taunt and outlive it does, which makes a rotation; not if the boss surely falls
    this turn. Where nobody can taunt, a hero heals whom the next blow would kill, if a heal surely saves it. Otherwise
    fireballs.
    """
    hp = state.hp
    if state.taunter != _NOBODY or state.boss <= FIREBALL_DIE.low * (HEROES - hero - hp[hero:].count(0)):
        return FIREBALL
    if may_taunt(state, hero):
        return TAUNT
    if any(may_taunt(state, later) for later in range(hero + 1, HEROES)):
        return FIREBALL
    lowest = lowest_other(hp, hero)
    dies = lowest != _NOBODY and not struck(hp, _NOBODY)[lowest]
    return HEAL if dies and hp[lowest] + HEAL_DIE.low > HIT else FIREBALL


def may_taunt(state: RaidState, hero: int) -> bool:
    """Whether a hero's last taunt is long enough ago, and it would outlive the blow."""
    return state.turn >= state.ready[hero] and state.hp[hero] > TAUNTED_HIT
