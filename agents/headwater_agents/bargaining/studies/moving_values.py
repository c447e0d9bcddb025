"""What a haul is worth to its two sides under prices already signed: exact, by dynamic programming over the rules.

At a leg with cost c, benefit b, share p of the base in force, m its largest (all in points), and V the value of what
follows, both sides choose at once:

    load, drive     b − p + V₀,  p − c + V₁
    stop, drive     −m,          m − c          a payer that does not keep a kept deal pays the most it can come to
    load, stop      0,           0              a payee that does not keep is not paid, and owes nothing

Both go on if both gain by it: p − c + V₁ ≥ 0 and b − p + V₀ ≥ −m. Else, if it is the shipper alone who would not,
and m ≥ c, the carrier drives and is paid m; else nobody goes. These are equilibria of the 2×2 game.

At a checkpoint the two may sign another price for the leg, revision r + 1. With d what each has if they do not, and
T = b − c + V₀ + V₁ > d₀ + d₁, they do, and split what it saves: each ends at d_i + (T − d₀ − d₁)/2 (two players'
Shapley value over their threats), as far as a share from 0 to 100% goes. Both know they will, so V counts it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from headwater_agents.games.base import POINT
from headwater_agents.games.haul import LEG, START, TOP, Haul

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

BASE: Final = LEG / POINT
"""Of a leg's price, in points."""
TOLERANCE: Final = 1e-9
NEAR: Final = 0.005


@dataclass(frozen=True, eq=False, kw_only=True)
class Worth:
    """Values before each leg, in points; every array has shape (legs, x, y, q): factors, and which price is in force.

    Attributes:
        shipper: value of what is left.
        carrier: the same.
        go: whether both go on under the price in force or, where a revision is signed, under that.
        left: whether, if they do not go on, it is the shipper who leaves; otherwise it is the carrier.
        pays: whether the carrier then drives all the same, and is paid the most.
        revised: points that a revision of this leg's price comes to; NaN where none is signed.
    """

    shipper: Floats
    carrier: Floats
    go: Bools
    left: Bools
    pays: Bools
    revised: Floats


def worth(
    game: Haul, prices: npt.ArrayLike, *, bound: bool = True, checkpoints: int = 0, most: npt.ArrayLike | None = None
) -> Worth:
    """Values under prices that stand for the whole job.

    Args:
        game: the haul.
        prices: shape (q, TOP + 1): points that a leg comes to by the index, one row for each price to be looked at.
        bound: False if a shipper may leave as freely as a carrier: m counts as 0.
        checkpoints: 0 if nothing is ever renegotiated; k if the price of every k-th leg may be.
        most: shape (q,), points that each price can come to at most, if that is not its largest in `prices`.
    """
    table = np.asarray(prices, dtype=np.float64)
    hidden = START if game.seen == 100 else None
    cost, benefit = money(game, hidden)
    width = cost.shape[1]
    shape = (TOP + 1, width, len(table))
    price = np.broadcast_to(table.T[:, None, :], shape)
    largest = np.broadcast_to(np.asarray(table.max(axis=1) if most is None else most, dtype=np.float64), shape)
    penalty = largest if bound else np.zeros(shape)
    cost, benefit = (np.broadcast_to(one[:, :, None], shape) for one in (cost, benefit))
    kernel = drift(game)
    legs = game.legs
    values = [np.empty((legs, *shape)) for _ in range(3)]
    flags = [np.empty((legs, *shape), dtype=np.bool_) for _ in range(3)]
    after = [np.zeros(shape), np.zeros(shape)]
    for leg in reversed(range(legs)):
        go = [benefit - price + after[0], price - cost + after[1]]
        wants = [go[0] >= -penalty - TOLERANCE, go[1] >= -TOLERANCE]
        both, left = wants[0] & wants[1], wants[1] & ~wants[0]
        pays = left & (penalty >= cost) & bound
        now = [
            np.where(both, go[0], np.where(pays, -penalty, 0.0)),
            np.where(both, go[1], np.where(pays, penalty - cost, 0.0)),
        ]
        revised = np.full(shape, np.nan)
        if checkpoints and leg % checkpoints == 0:
            total = benefit - cost + after[0] + after[1]
            saved = total - now[0] - now[1]
            wanted = cost - after[1] + now[1] + saved / 2  # what makes the carrier's value d₁ + saved / 2
            share = np.clip(wanted, 0.0, BASE)
            each = [benefit - share + after[0], share - cost + after[1]]
            better = (saved > TOLERANCE) & (each[0] >= now[0] - TOLERANCE) & (each[1] >= now[1] - TOLERANCE)
            revised[better] = share[better]
            now = [np.where(better, new, old) for new, old in zip(each, now, strict=True)]
            both, left, pays = both | better, left & ~better, pays & ~better
        values[0][leg], values[1][leg], values[2][leg] = now[0], now[1], revised
        flags[0][leg], flags[1][leg], flags[2][leg] = both, left, pays
        after = [expected(one, kernel) for one in now]
    return Worth(shipper=values[0], carrier=values[1], go=flags[0], left=flags[1], pays=flags[2], revised=values[2])


def first_best(game: Haul) -> Floats:
    """What both together can have from each leg on, in points, shape (legs + 1, x, y): they stop when it is best to."""
    cost, benefit = money(game, START if game.seen == 100 else None)
    kernel = drift(game)
    best = np.zeros((game.legs + 1, *cost.shape))
    for leg in reversed(range(game.legs)):
        best[leg] = np.maximum(benefit - cost + expected(best[leg + 1], kernel), 0.0)
    return best


def money(game: Haul, hidden: int | None) -> tuple[Floats, Floats]:
    """A leg's cost and benefit in points by both factors, shape (x, y); y is only `hidden` if that is given."""
    seconds = range(TOP + 1) if hidden is None else (hidden,)
    grid = [[(game.cost(x, y), game.benefit(x, y)) for y in seconds] for x in range(TOP + 1)]
    both = np.array(grid, dtype=np.float64) / POINT
    return both[:, :, 0], both[:, :, 1]


def drift(game: Haul) -> Floats:
    """Probability of the next factor given this one, shape (x, x)."""
    kernel = np.zeros((TOP + 1, TOP + 1))
    for now in range(TOP + 1):
        for roll in range(2 * game.volatility + 1):
            kernel[now, game.moved(now, roll)] += 1 / (2 * game.volatility + 1)
    return kernel


def expected(values: Floats, kernel: Floats) -> Floats:
    """The mean over the next factors of values by them, shape (x, y, …); y is left alone if it has but one value."""
    moved = np.tensordot(kernel, values, axes=1)
    if values.shape[1] == 1:
        return moved
    return np.moveaxis(np.tensordot(kernel, np.moveaxis(moved, 1, 0), axes=1), 0, 1)


def split(shipper: Floats, carrier: Floats, prefer: Floats, near: float = 0.0) -> int:
    """Which price the two settle on before the job, from their values of each, shape (q,), against 0 for no deal.

    Of those whose product of gains (Nash, "The bargaining problem", Econometrica 18, 1950) is within the part `near` of
    the largest, the one with the least of `prefer`, shape (q,), the lowest number on ties; −1 if none leaves both a
    gain. Where renegotiation makes up for any price (`NEAR`), the products tell prices apart by rounding alone.
    """
    product = np.where((shipper > TOLERANCE) & (carrier > TOLERANCE), shipper * carrier, -1.0)
    if product.max() <= 0:
        return -1
    return int(np.where(product >= (1 - near) * product.max(), prefer, np.inf).argmin())
