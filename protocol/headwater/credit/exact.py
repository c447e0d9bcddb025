"""The exact Shapley value, by one pass over the coalitions.

With w(s) = s! (n − s − 1)! / n! the value (Shapley 1953) is

    φ_i = Σ_{S ∌ i} w(|S|) · (v(S ∪ i) − v(S))
        = Σ_{S ∋ i} c(|S|) · v(S)  −  Σ_S w(|S|) · v(S),        c(s) = w(s − 1) + w(s),  w(n) = w(−1) = 0

The second sum is the same for everybody. The first needs, for one weighted table, the sum over all masks that hold
bit i, for every i: folding the table in half n times gives all of them in 2 · 2**n additions instead of n · 2**n.
"""

from __future__ import annotations

from collections.abc import Callable
from math import comb

import numpy as np

from headwater.credit.coalitions import BLOCK_BITS, Floats, check_enumerable
from headwater.credit.game import Game
from headwater.credit.result import Credit


def shapley(game: Game, *, progress: Callable[[int, int], None] | None = None) -> Credit:
    """The exact Shapley value of a game of at most 24 players.

    Every coalition is evaluated once, 2**16 at a time in bitmask order, and no table is kept: beyond what the game
    itself needs, memory stays at about ten megabytes. After each block `progress(done, total)` is called, both counted
    in coalitions.

    The rounding error of a value is of the order of 1e-16 · n · max_S |v(S) − v(∅)|: a player who adds nothing gets
    about zero, not always zero exactly.

    Raises:
        PlayerLimitError: more than 24 players. Nothing is estimated in its place.
        GameError: the game returned something else than one finite value a coalition.
    """
    n = game.n_players
    check_enumerable(n, "the exact Shapley value")
    bits = min(n, BLOCK_BITS)
    size = 1 << bits
    members = np.bitwise_count(np.arange(size, dtype=np.uint32))
    order = [1.0 / (n * comb(n - 1, s)) for s in range(n)] + [0.0]
    gain = np.array([order[s] + (order[s - 1] if s else 0.0) for s in range(n + 1)])
    loss = np.array(order)
    # Coefficients of a block depend only on how many of its fixed high bits are set.
    gains = [gain[members + high] for high in range(n - bits + 1)]
    losses = [loss[members + high] for high in range(n - bits + 1)]

    sums = np.zeros(n)
    common = grand = empty = 0.0
    for block in range(1 << (n - bits)):
        values = game.range_values(block * size, (block + 1) * size)
        if block == 0:
            empty = float(values[0])
        # φ does not change when a constant is taken off v, and the sums below then cancel less.
        values = values - empty
        grand = float(values[-1])
        high = block.bit_count()
        common += float(values @ losses[high])
        values *= gains[high]
        total, folded = _fold(values, bits)
        sums[:bits] += folded
        for bit in range(bits, n):
            if block >> (bit - bits) & 1:
                sums[bit] += total
        if progress is not None:
            progress((block + 1) * size, 1 << n)

    credits = sums - common
    return Credit(
        values=credits,
        method="shapley",
        exact=True,
        standard_error=np.zeros(n),
        evaluations=1 << n,
        efficiency_residual=float(credits.sum()) - grand,
    )


def _fold(table: Floats, bits: int) -> tuple[float, Floats]:
    """The sum of a table of 2**bits entries, and for each bit the sum of the entries whose index has it set."""
    sums = np.empty(bits)
    for bit in reversed(range(bits)):
        half = 1 << bit
        sums[bit] = table[half:].sum()
        table = table[:half] + table[half:]
    return float(table[0]), sums
