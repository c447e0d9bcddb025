"""Scripted heroes, and how often each kind of party wins: what a raid is worth to whoever does not bargain.

python -m headwater_agents.games.heroes [plays]
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from headwater.report.stats import wilson
from headwater_agents.games.base import POINT
from headwater_agents.games.errors import SettingsError
from headwater_agents.games.raid import (
    BOSSES,
    FIREBALL,
    FIREBALL_DIE,
    HEAL,
    HEROES,
    HIT,
    TAUNT,
    Raid,
    RaidState,
    coordinated,
    lowest_other,
    may_taunt,
    struck,
)
from headwater_agents.games.record import Choose
from headwater_agents.games.rolls import Rolls, finish

Hero = Choose[RaidState]
Party = Callable[[np.random.Generator], Hero]
"""Makes what the four heroes do, from the generator that those who need chance draw from."""


def selfish(state: RaidState, hero: int) -> str:
    """Always a fireball: what pays a hero most by itself."""
    return FIREBALL


def rotating(state: RaidState, hero: int) -> str:
    """By the book: the first who may taunts, every turn; else a heal for a hero of at most 200 HP; else a fireball."""
    if state.taunter < 0 and state.turn >= state.ready[hero]:
        return TAUNT
    lowest = lowest_other(state.hp, hero)
    return HEAL if lowest >= 0 and state.hp[lowest] <= HIT else FIREBALL


def sparing(state: RaidState, hero: int) -> str:
    """Taunts only where the next blow would kill somebody, by whoever of those to come has most HP (ties: the earlier).

    Two fireballs more than `coordinated` has, as long as everybody plays by it: a hero that others wait for and that
    does not taunt is the end of all.
    """
    surely = FIREBALL_DIE.low * (HEROES - hero - state.hp[hero:].count(0))
    safe = struck(state.hp, state.taunter).count(0) == state.dead
    if safe or state.taunter >= 0 or state.boss <= surely:
        return FIREBALL
    able = [other for other in range(hero, HEROES) if may_taunt(state, other)]
    return TAUNT if able and hero == max(able, key=lambda other: (state.hp[other], -other)) else FIREBALL


def random_heroes(rng: np.random.Generator) -> Hero:
    """Each open action as likely as the others."""
    game = Raid()

    def hero(state: RaidState, player: int) -> str:
        choices = game.choices(state, player)
        return choices[int(rng.integers(len(choices)))]

    return hero


def with_selfish(count: int, rule: Hero) -> Party:
    """A party that plays by a rule, but for its last `count` heroes, which are selfish; the others do not know."""

    def hero(state: RaidState, player: int) -> str:
        return FIREBALL if player >= HEROES - count else rule(state, player)

    return lambda rng: hero


PARTIES: Final[dict[str, Party]] = {
    "selfish": lambda rng: selfish,
    "random": random_heroes,
    "coordinated": lambda rng: coordinated,
    "coordinated, one selfish": with_selfish(1, coordinated),
    "coordinated, two selfish": with_selfish(2, coordinated),
    "coordinated, three selfish": with_selfish(3, coordinated),
    "rotating": lambda rng: rotating,
    "rotating, two selfish": with_selfish(2, rotating),
    "sparing": lambda rng: sparing,
    "sparing, one selfish": with_selfish(1, sparing),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Baseline:
    """One kind of party against one boss. Points but for the counts; means over all plays.

    `low` and `high` are the 95% Wilson interval of the chance to win; `turn` is the mean last turn, counted from 0;
    `own` is each hero's individual reward.
    """

    party: str
    boss: int
    plays: int
    wins: int
    low: float
    high: float
    team: float
    dead: float
    turn: float
    own: tuple[float, ...]

    @property
    def rate(self) -> float:
        """Share of the plays that were won."""
        return self.wins / self.plays


def raid_baselines(seeds: Sequence[int], bosses: Sequence[int] = BOSSES) -> tuple[Baseline, ...]:
    """Every party of `PARTIES` against every boss, one play a seed; the same seeds give the same answer.

    Raises:
        SettingsError: no seeds, or a boss that is none.
    """
    if not len(seeds):
        raise SettingsError("baselines are measured over at least one seed")
    return tuple(_measured(name, party, boss, seeds) for boss in bosses for name, party in PARTIES.items())


def _measured(name: str, party: Party, boss: int, seeds: Sequence[int]) -> Baseline:
    game = Raid(boss)
    ends = []
    for seed in seeds:
        rolled, chosen = np.random.default_rng(seed).spawn(2)
        ends.append(finish(game, game.start(), party(chosen), Rolls(rolled)))
    wins = sum(end.won for end in ends)
    low, high = wilson(wins, len(ends))
    own = np.array([game.own(end) for end in ends], dtype=float).mean(axis=0) / POINT
    return Baseline(
        party=name,
        boss=boss,
        plays=len(ends),
        wins=wins,
        low=low,
        high=high,
        team=float(np.mean([game.team(end) / POINT for end in ends])),
        dead=float(np.mean([end.dead for end in ends])),
        turn=float(np.mean([end.turn for end in ends])),
        own=tuple(float(each) for each in own),
    )


def table(baselines: Sequence[Baseline]) -> str:
    """The baselines as lines of text."""
    lines = [f"{'party':27} boss   plays  won              team   dead  turn  own, hero by hero"]
    lines += [
        f"{each.party:27} {each.boss}  {each.plays:6}  {each.rate:5.3f} ({each.low:.3f}–{each.high:.3f})"
        f"  {each.team:7.2f}  {each.dead:4.2f}  {each.turn:4.2f}  {' '.join(f'{own:5.2f}' for own in each.own)}"
        for each in baselines
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    asked = sys.argv[1] if len(sys.argv) > 1 else "1000"
    if not (asked.isascii() and asked.isdigit() and 0 < int(asked) <= 1_000_000):
        raise SystemExit(f"plays: an integer from 1 to 1,000,000; got {asked[:40]!r}")
    print(table(raid_baselines(range(int(asked)))))
