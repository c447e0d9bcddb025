"""The haul: a job of several legs whose cost or benefit follows a state that drifts by recorded rolls.

A shipper (player 0) and a carrier (player 1) choose before every leg, at once: load or stop, drive or stop. With an
index x and a second factor y, both from 0 to `TOP`, each beginning in the middle, what moves the money is

    z = (seen · x + (100 − seen) · y) / 100        in points, 2z from 0 to 80
    follows "cost":     cost 10 + 2z, benefit 70        the carrier's cost may pass what the leg is worth
    follows "benefit":  cost 30, benefit 10 + 2z        the leg's worth may fall below what it costs
    follows "both":     cost 10 + 2z, benefit 30 + 2z   a leg is always worth doing, at a price that moves

The index is what anybody can read, and a resolver can report; both players see both factors. A leg that both do earns
the shipper its benefit and costs the carrier its cost; a carrier that drives without a load has its cost for nothing.
Whoever stops ends the job. Then x moves by one roll and y by another, both kept between 0 and `TOP`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import numpy as np

from headwater_agents.games.base import POINT, Die, Floats, Game
from headwater_agents.games.errors import SettingsError

TOP: Final = 40
"""Largest index; it starts in the middle."""
START: Final = TOP // 2
SHIPPER: Final = 0
CARRIER: Final = 1
LOAD: Final = "load"
DRIVE: Final = "drive"
STOP: Final = "stop"
AWAY: Final = "away"
LEG: Final = 100 * POINT
"""Wei that the shipper locks for a leg: the base of its price, and the most that it can pay. Never below the middle
between a leg's cost and its benefit."""

FOLLOWS: Final = ("cost", "benefit", "both")
MAX_LEGS: Final = 32
MAX_DRIFT: Final = 10
_MOVES: Final = ((LOAD, STOP), (DRIVE, STOP))


@dataclass(frozen=True, slots=True)
class HaulState:
    """Legs done, both factors now, and what each has earned so far (wei; the carrier's is 0 or below)."""

    leg: int
    index: int
    hidden: int
    over: bool
    earned: tuple[int, int]


class Haul(Game[HaulState]):
    """The job.

    Args:
        legs: 1 to 32.
        volatility: largest move of the index after a leg, 0 to 10; each move between ± that is equally likely.
        follows: what moves, "cost", "benefit" or "both".
        seen: how much of what moves the money is in the index, in percent; the rest is in the second factor.

    Raises:
        SettingsError: other settings.
    """

    name: ClassVar[str] = "haul"
    players = 2

    def __init__(self, legs: int = 8, volatility: int = 6, follows: str = "both", seen: int = 100) -> None:
        for what, value, least, most in (
            ("legs", legs, 1, MAX_LEGS),
            ("volatility", volatility, 0, MAX_DRIFT),
            ("seen", seen, 0, 100),
        ):
            if type(value) is not int or not least <= value <= most:
                raise SettingsError(f"{what} of a haul: {value!r}; accepted: {least} to {most}")
        if follows not in FOLLOWS:
            raise SettingsError(f"what follows in a haul: {follows!r}; accepted: {', '.join(FOLLOWS)}")
        self.legs = legs
        self.volatility = volatility
        self.follows = follows
        self.seen = seen

    @property
    def settings(self) -> dict[str, Any]:
        """Legs, volatility, follows and seen."""
        return {"legs": self.legs, "volatility": self.volatility, "follows": self.follows, "seen": self.seen}

    def cost(self, index: int, hidden: int) -> int:
        """Wei that a leg costs the carrier now."""
        return 30 * POINT if self.follows == "benefit" else 10 * POINT + self._moved(index, hidden)

    def benefit(self, index: int, hidden: int) -> int:
        """Wei that a leg is worth to the shipper now."""
        if self.follows == "cost":
            return 70 * POINT
        return (10 if self.follows == "benefit" else 30) * POINT + self._moved(index, hidden)

    def start(self) -> HaulState:
        """No leg done, both factors in the middle."""
        return HaulState(leg=0, index=START, hidden=START, over=False, earned=(0, 0))

    def acting(self, state: HaulState) -> tuple[int, ...]:
        """Both, until the job is over."""
        return () if state.over else (SHIPPER, CARRIER)

    def stage(self, state: HaulState) -> tuple[int, ...]:
        """Every leg is a stage: before it is the checkpoint."""
        return self.acting(state)

    def moves(self, player: int) -> tuple[str, ...]:
        """Load or stop, drive or stop."""
        return _MOVES[player]

    def choices(self, state: HaulState, player: int) -> tuple[str, ...]:
        """The same, until the job is over."""
        return () if state.over else _MOVES[player]

    def idle(self, state: HaulState, player: int) -> str:
        """To be away, which ends the job as to stop does."""
        return AWAY

    def default(self, state: HaulState, player: int) -> str:
        """To stop: without a deal neither gains by going on alone."""
        return STOP

    def dice(self, state: HaulState, actions: Mapping[int, str]) -> tuple[Die, ...]:
        """How far the index moves after the leg, and how far the second factor, each shifted to 0 and up."""
        if actions[SHIPPER] != LOAD or actions[CARRIER] != DRIVE or state.leg + 1 == self.legs:
            return ()
        return (Die(0, 2 * self.volatility),) * 2

    def step(self, state: HaulState, actions: Mapping[int, str], rolls: Sequence[int]) -> HaulState:
        """One leg, or the end."""
        self.check(state, actions, rolls)
        driven, loaded = actions[CARRIER] == DRIVE, actions[SHIPPER] == LOAD
        cost = self.cost(state.index, state.hidden) if driven else 0
        benefit = self.benefit(state.index, state.hidden) if driven and loaded else 0
        earned = (state.earned[SHIPPER] + benefit, state.earned[CARRIER] - cost)
        done = state.leg + (driven and loaded)
        moved = rolls or (self.volatility,) * 2
        return HaulState(
            leg=done,
            index=self.moved(state.index, moved[0]) if rolls else state.index,
            hidden=self.moved(state.hidden, moved[1]) if rolls else state.hidden,
            over=not (driven and loaded) or done == self.legs,
            earned=earned,
        )

    def moved(self, factor: int, roll: int) -> int:
        """Where a factor goes by a roll."""
        return min(max(factor + roll - self.volatility, 0), TOP)

    def own(self, state: HaulState) -> tuple[int, ...]:
        """Benefits so far, and costs so far below 0."""
        return state.earned

    def team(self, state: HaulState) -> int:
        """Nothing is earned together."""
        return 0

    @property
    def purse(self) -> int:
        """The shipper's benefit of all legs at the highest index."""
        return self.legs * max(self.benefit(TOP, TOP), self.benefit(0, 0))

    def observation(self, state: HaulState, player: int) -> Floats:
        """Share of the legs done, both factors over their largest, over or not, whether one is the carrier."""
        return np.array(
            [state.leg / self.legs, state.index / TOP, state.hidden / TOP, state.over, player == CARRIER],
            dtype=np.float32,
        )

    def bounds(self) -> tuple[Floats, Floats]:
        """0 to 1."""
        return np.zeros(5, dtype=np.float32), np.ones(5, dtype=np.float32)

    def describe(self, state: HaulState, player: int) -> str:
        """The job, what a leg costs and earns now, and how that moves."""
        cost, benefit = (value / POINT for value in self._money(state))
        role = "the carrier: drive or stop" if player == CARRIER else "the shipper: load or stop"
        text = (
            f"A haul of {self.legs} legs. You are {role}. A leg that is loaded and driven earns the shipper its benefit"
            " and costs the carrier its cost; driving without a load costs the same. Whoever stops ends the job."
            f" {state.leg} legs are done; the index is {state.index} of {TOP}; a leg now costs {cost:g} points and"
            f" earns {benefit:g}. After a leg the index moves by up to {self.volatility} either way."
        )
        return f"{text} The job is over." if state.over else text

    def slot(self, state: HaulState, player: int) -> str:
        """One decision each a leg."""
        return f"leg {state.leg} {'carrier' if player == CARRIER else 'shipper'}"

    def _money(self, state: HaulState) -> tuple[int, int]:
        return self.cost(state.index, state.hidden), self.benefit(state.index, state.hidden)

    def _moved(self, index: int, hidden: int) -> int:
        return 2 * POINT * (self.seen * index + (100 - self.seen) * hidden) // 100
