"""Lies about costs and benefits before a task: work is hired, and priced by what everybody declares.

One player needs m workers and has benefit B if it gets them; worker i has cost c_i if it works. What everybody ends at
is the Shapley value of the game as declared (the rational agents' plan, from `stage_game`), so

    by declaration    u_i = φ_i(declared) + (declared − true) cost, if it works
    metered           u_i = φ_i(declared, but the cost seen for whoever worked) + (seen − true) cost, if it works

and the player hiring has what is left of what was really earned. A meter that sees a part μ of a cost finds
μ · true + (1 − μ) · declared. It sees nothing of a cost that nobody had: who is not hired cannot be found out. Nothing
sees a benefit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np

from headwater_agents.bargaining.rollouts import Rollouts
from headwater_agents.bargaining.stage import StageGame, stage_game
from headwater_agents.bargaining.studies.lies_credit import Outcome
from headwater_agents.games import POINT, MatrixGame

UNIT: Final = POINT // 100
"""Wei in which costs and benefits are drawn: hundredths of a point."""
REST: Final = "rest"
WORK: Final = "work"
HIRER: Final = 0
JUST: Final = 1.02
"""By how much of its competitor's cost a worker stays above it in order not to be hired."""


@dataclass(frozen=True, slots=True)
class Hire:
    """What work is worth, what it costs each worker, and how many are needed; in units of `UNIT`."""

    needed: int
    benefit: int
    costs: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HireWorld:
    """A hire as it is, and who stands where in it.

    Attributes:
        true: what is so.
        hired: workers (from 0) that are hired if nobody lies, the cheapest first.
        first_out: the cheapest of the others.
    """

    true: Hire
    hired: tuple[int, ...]
    first_out: int


@dataclass(frozen=True, kw_only=True)
class CostLie:
    """A false declaration: `declare` gives it and who makes it (players; worker i is player i + 1).

    prevented: whether a meter is meant to stop it.
    """

    name: str
    declare: Callable[[HireWorld], tuple[Hire, tuple[int, ...]]]
    prevented: bool = True


@lru_cache(maxsize=4096)
def hire_world(seed: int) -> HireWorld:
    """The hire of a seed: 1 of 3 workers, or 2 of 4; costs 1 to 6 points; a benefit that covers any of them."""
    rng = np.random.default_rng([seed, 61])
    needed, workers = ((1, 3), (2, 4))[int(rng.integers(2))]
    costs = tuple(int(cost) for cost in rng.choice(np.arange(100, 601), size=workers, replace=False))
    benefit = sum(sorted(costs)[-needed:]) + int(rng.integers(100, 601))
    order = sorted(range(workers), key=lambda worker: costs[worker])
    return HireWorld(true=Hire(needed, benefit, costs), hired=tuple(order[:needed]), first_out=order[needed])


@lru_cache(maxsize=65_536)
def priced(hire: Hire) -> StageGame:
    """The hire as the agents price it: rollouts of the game as declared, and its Shapley value."""
    workers = len(hire.costs)
    tables = np.zeros((workers + 1, 1, *(2,) * workers), dtype=object)
    for cell in np.ndindex(*(2,) * workers):
        at = (0, *cell)
        tables[(HIRER, *at)] = hire.benefit if sum(cell) >= hire.needed else 0
        for worker, works in enumerate(cell):
            tables[(worker + 1, *at)] = -hire.costs[worker] if works else 0
    game = MatrixGame(tables, UNIT, [["take"], *[[REST, WORK]] * workers])
    return stage_game(Rollouts(game, game.start()))


def settled(world: HireWorld, declared: Hire, meter: float | None) -> tuple[float, ...]:
    """What each ends at, as parts of what the hire is truly worth.

    meter: None if costs count as declared; else the part of a cost that is seen, 0 to 1.
    """
    true, plan = world.true, priced(declared)
    works = [action == WORK for action in plan.best[1:]]
    done = sum(works) >= declared.needed
    seen = declared
    if meter is not None:
        found = [
            round(meter * one + (1 - meter) * said) if worked else said
            for one, said, worked in zip(true.costs, declared.costs, works, strict=True)
        ]
        seen = Hire(declared.needed, declared.benefit, tuple(found))
    fair = priced(seen).fair
    ends = [
        fair[worker + 1] + (seen.costs[worker] - true.costs[worker]) * UNIT * works[worker]
        for worker in range(len(works))
    ]
    total = (true.benefit * done - sum(cost for cost, worked in zip(true.costs, works, strict=True) if worked)) * UNIT
    stake = priced(true).values[-1]
    return tuple(one / stake for one in (total - sum(ends), *ends))


def play_cost(lie: CostLie, seed: int, meter: float = 1.0) -> Outcome:
    """A false declaration in the hire of a seed, by declaration and metered."""
    world = hire_world(seed)
    declared, liars = lie.declare(world)
    fair = settled(world, world.true, None)
    return Outcome(
        liars=liars,
        fair=fair,
        told=(fair, settled(world, declared, None)),
        shown=(settled(world, world.true, meter), settled(world, declared, meter)),
    )


def _scaled(hire: Hire, workers: Sequence[int], factor: float) -> Hire:
    costs = tuple(round(cost * factor) if worker in workers else cost for worker, cost in enumerate(hire.costs))
    return Hire(hire.needed, hire.benefit, costs)


def _hired(factor: float) -> Callable[[HireWorld], tuple[Hire, tuple[int, ...]]]:
    return lambda world: (_scaled(world.true, world.hired[:1], factor), (world.hired[0] + 1,))


def _out(factor: float) -> Callable[[HireWorld], tuple[Hire, tuple[int, ...]]]:
    return lambda world: (_scaled(world.true, (world.first_out,), factor), (world.first_out + 1,))


def _close(world: HireWorld) -> tuple[Hire, tuple[int, ...]]:
    """The cheapest worker that is not hired says it is hardly dearer than those who are."""
    least = max(world.true.costs[worker] for worker in world.hired)
    factor = min(least * JUST / world.true.costs[world.first_out], 1.0)
    return _scaled(world.true, (world.first_out,), factor), (world.first_out + 1,)


def _ring(world: HireWorld) -> tuple[Hire, tuple[int, ...]]:
    """The cheapest worker and the first that is not hired ask more, both."""
    pair = (world.hired[0], world.first_out)
    return _scaled(world.true, pair, 1.5), tuple(worker + 1 for worker in pair)


def _shaded(factor: float) -> Callable[[HireWorld], tuple[Hire, tuple[int, ...]]]:
    def declare(world: HireWorld) -> tuple[Hire, tuple[int, ...]]:
        hire = world.true
        return Hire(hire.needed, round(hire.benefit * factor), hire.costs), (HIRER,)

    return declare


COST_LIES: Final = (
    CostLie(name="overstates its cost by 10%", declare=_hired(1.1)),
    CostLie(name="overstates its cost by half", declare=_hired(1.5)),
    CostLie(name="understates its cost by half", declare=_hired(0.5)),
    CostLie(name="two overstate by half", declare=_ring),
    CostLie(name="not hired, understates by half", declare=_out(0.5)),
    CostLie(name="not hired, says it is hardly dearer", declare=_close, prevented=False),
    CostLie(name="shades its benefit by 10%", declare=_shaded(0.9), prevented=False),
    CostLie(name="shades its benefit by a third", declare=_shaded(2 / 3), prevented=False),
)
