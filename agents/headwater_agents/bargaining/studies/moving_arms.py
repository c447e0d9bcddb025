"""The ways to price a haul that the study compares, and what each comes to before the job begins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from headwater.deals import MAX_STEPS, Price
from headwater.errors import InputError
from headwater.units import WAD
from headwater_agents.bargaining.studies.moving_values import BASE, NEAR, Floats, Worth, first_best, money, split, worth
from headwater_agents.games.haul import CARRIER, START, TOP, Haul

WIDEST: Final = 44
"""Percent of the base by which a whole rule may be raised or lowered before both agree to it."""
_GRAIN: Final = 10**9
"""WAD to which shares are rounded before they are signed."""


class StudyError(InputError):
    """Numbers that a study does not take."""


@dataclass(frozen=True, kw_only=True)
class Arm:
    """How a haul is priced.

    Attributes:
        name: what a table calls it.
        steps: of the price by the index, 1 (a fixed price) to 16.
        checkpoints: 0 if it is never renegotiated; k if every k-th leg's price may be.
        bound: whether the shipper is held to its deposit; without, it may leave as freely as the carrier.

    Raises:
        StudyError: numbers outside these.
    """

    name: str
    steps: int = 1
    checkpoints: int = 0
    bound: bool = True

    def __post_init__(self) -> None:
        if not 1 <= self.steps <= MAX_STEPS or self.checkpoints < 0:
            raise StudyError(
                f"{self.steps} steps, checkpoints every {self.checkpoints} legs; accepted: 1 to {MAX_STEPS}, 0 or more"
            )


FIXED: Final = Arm(name="fixed price")
FREE: Final = Arm(name="fixed price, nothing locked", bound=False)
RULE: Final = Arm(name="price rule", steps=MAX_STEPS)
RENEWED: Final = Arm(name="fixed price, renegotiated", checkpoints=1)
RULE_RENEWED: Final = Arm(name="price rule, renegotiated", steps=MAX_STEPS, checkpoints=1)
ARMS: Final = (FIXED, FREE, RULE, RENEWED, RULE_RENEWED)


@dataclass(frozen=True, kw_only=True)
class Lies:
    """A resolver who, leg by leg, reports the index that is best for one side instead of the one that was.

    rate: how often, 0 to 1. side: for whom, the shipper (0) or the carrier (1). known: whether both sides reckon with
    it from the start.
    """

    rate: float = 0.0
    side: int = CARRIER
    known: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.rate <= 1 or self.side not in (0, 1):
            raise StudyError(f"a rate of {self.rate} for side {self.side}; accepted: 0 to 1, and side 0 or 1")


TRUTH: Final = Lies()


@dataclass(frozen=True, eq=False, kw_only=True)
class Plan:
    """An arm in a haul, worked out: the same for every drift of the index.

    Attributes:
        game, arm, lies: which, and what both reckon with.
        price: for every leg, as both sign it before the job; None if no price leaves both a gain.
        chosen: its number among those looked at.
        worth: what was looked at.
        best: what both together can have at most (`first_best`).
    """

    game: Haul
    arm: Arm
    lies: Lies
    price: Price | None
    chosen: int
    worth: Worth
    best: Floats


def plan(game: Haul, arm: Arm, lies: Lies = TRUTH) -> Plan:
    """What exact agents sign: the middle between cost and benefit by the index, shifted to the Nash product's best.

    A rule's step is the middle's mean over the step's states, the second factor being where it starts; all steps are
    then raised or lowered by the same percent of the base.
    """
    starts, points = middle(game, arm.steps)
    # Every percent, and every second one where a second factor makes the tables forty times as large.
    shifts = np.arange(-WIDEST, WIDEST + 1, 1 if game.seen == 100 else 2, dtype=np.float64)
    shares = np.clip(points[None, :] + shifts[:, None] * BASE / 100, 0.0, BASE)
    at = np.searchsorted(starts, np.arange(TOP + 1), side="right") - 1
    table = shares[:, at]
    if lies.known and lies.rate:
        told = table.max(axis=1) if lies.side == CARRIER else table.min(axis=1)
        table = (1 - lies.rate) * table + lies.rate * told[:, None]
    values = worth(game, table, bound=arm.bound, checkpoints=arm.checkpoints, most=shares.max(axis=1))
    start = (0, START, START if values.shipper.shape[2] > 1 else 0)
    near = NEAR if arm.checkpoints else 0.0
    chosen = split(values.shipper[start], values.carrier[start], np.abs(shifts), near)
    price = None
    if chosen >= 0:
        price = Price(
            tuple((int(state), share_from(float(one))) for state, one in zip(starts, shares[chosen], strict=True))
        )
    return Plan(game=game, arm=arm, lies=lies, price=price, chosen=chosen, worth=values, best=first_best(game))


def middle(game: Haul, steps: int) -> tuple[Floats, Floats]:
    """First states of the steps, which divide the states evenly, and the mean of (cost + benefit)/2 in each, points."""
    cost, benefit = money(game, START)
    fair = (cost[:, 0] + benefit[:, 0]) / 2
    starts = np.array([-(-(TOP + 1) * step // steps) for step in range(steps)])
    ends = [*starts[1:], TOP + 1]
    return starts, np.array([fair[low:high].mean() for low, high in zip(starts, ends, strict=True)])


def share_from(points: float) -> int:
    """The share (WAD) of a leg's base that comes to so many points."""
    return round(points / BASE * (WAD // _GRAIN)) * _GRAIN
