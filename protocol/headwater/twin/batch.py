"""Vectorised twin of the score and of the escrows: whole arrays of positions at a time, in float64, for large studies.

Everything is the arithmetic of `headwater.twin.scoring` and `headwater.twin.escrow` without its roundings. Amounts are
wei as float64, shares and probabilities fractions of one, logarithms nats. With u = 2**-53 and the exact twin's
integers rounded to float64 on the way in, what comes out is off by at most

    net, lock    1 wei + 2**-48 of the wager
    capacity     1 wei + 2**-48 · (2 + 2 L / ĝ) of itself
    escrow       s · (7 wei + 2**-45 of the largest amount so far) + 1 wei, for each of what is held, owed, was released
                 and has changed the stake, after s settlements from empty

The wei are floors that are not taken, the rest is rounding. A net rounds p, q, m, C, W, L, the rent, both logarithms
and a handful of operations, all of them relative to at most the wager, since |g| ≤ L: together below 18 u where P_MIN
is at most a half. An escrow's held − debt is the sum of its shares of nets, kept below what is retained; such a
reflected sum passes errors of its steps on at most doubled, and what was released is its running excess. On a wager of
1,000 tokens, 10**21 wei, a net is off by less than 4 · 10**6 wei. Nothing here settles money.

No integer version is offered: the exact numerator needs 256 bits, and limbs of 32 cost more than they save over the
exact twin, which remains the reference.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from headwater.twin.scoring import Scale
from headwater.units import BPS, MAX_WEI, WAD

Floats: TypeAlias = npt.NDArray[np.float64]


def batch_growth(reports: npt.ArrayLike, odds: npt.ArrayLike) -> Floats:
    """g = ln p − ln q in nats, for the probabilities that reports and public odds gave what happened; broadcast.

    Raises:
        ValueError: a probability that is not above 0.
    """
    said, posted = np.asarray(reports, dtype=np.float64), np.asarray(odds, dtype=np.float64)
    if not (_all_above(said, 0.0) and _all_above(posted, 0.0)):
        raise ValueError("probabilities of what happened are above 0")
    return np.asarray(np.log(said) - np.log(posted), dtype=np.float64)


def batch_net(
    wagers: npt.ArrayLike, growths: npt.ArrayLike, capacity: npt.ArrayLike, wagered: npt.ArrayLike, scale: Scale
) -> Floats:
    """Wei won (positive) or lost, m · (min(C, W) / W · g / L − rent), without the floor. Everything broadcasts.

    Args:
        wagers: m, wei; 0 for nobody.
        growths: g, nats; −L for a position that was not revealed, 0 for one refunded less rent.
        capacity: C of each position's question, wei, not negative.
        wagered: W of each position's question, wei, positive.
        scale: the series' logarithms.

    Raises:
        ValueError: a wager outside 0 to W, a capacity below 0, or a W that is not above 0.
    """
    m, most, total = (np.asarray(amount, dtype=np.float64) for amount in (wagers, capacity, wagered))
    if not (_all_above(total, 0.0) and bool((most >= 0).all())):
        raise ValueError("what was wagered on a question is above 0, and its capacity not below 0, wei")
    if m.size and not (float(m.min()) >= 0 and bool((m <= total).all())):
        raise ValueError("wagers lie between 0 and what was wagered on their question, wei")
    factor = np.minimum(most, total) / total / (scale.log_range / WAD)
    net = np.asarray(growths, dtype=np.float64) * factor - scale.log_rent / scale.log_range
    return np.asarray(net * m, dtype=np.float64)


def batch_lock(wagers: npt.ArrayLike, scale: Scale) -> Floats:
    """Stake that wagers lock, m · (1 + rent), wei, without rounding up."""
    return np.asarray(wagers, dtype=np.float64) * (1.0 + scale.log_rent / scale.log_range)


def batch_capacity(reserves: npt.ArrayLike, odds: npt.ArrayLike, scale: Scale) -> Floats:
    """Effective wagers, wei, (q,), that reserves, wei, (q,), cover on public odds, (q, k), up to 2**96 - 1.

    Raises:
        ValueError: odds that are no matrix, or below P_MIN.
    """
    q = np.asarray(odds, dtype=np.float64)
    p_min = scale.p_min / WAD
    if q.ndim != 2 or not bool((q >= p_min * (1 - 1e-9)).all()):
        raise ValueError(f"odds have shape (questions, outcomes) and are at least {p_min}; got shape {q.shape}")
    largest = np.log1p(-(q.shape[1] - 1) * p_min) - np.log(q.min(axis=1))
    # Where odds leave nothing to win, only the two wei remain by which the contract rounds up.
    largest = np.maximum(largest, 0.0) + 2 / WAD
    covered = np.asarray(reserves, dtype=np.float64) * (scale.log_range / WAD) / largest
    return np.asarray(np.minimum(covered, MAX_WEI), dtype=np.float64)


@dataclass(slots=True, eq=False)
class EscrowBatch:
    """Many escrows, one an entry; each array has shape (n,). Wei, except keep. Changed in place.

    Attributes:
        keep: share of every net that is the forecaster's own, 0 to 1.
        buffer: what is held back against later losses.
        held: belongs to the children unless losses draw on it.
        debt: losses the stake carried; only later gains repay it.
        due: released, not yet handed to the cascade.
        lock: what open positions lock.
    """

    keep: Floats
    buffer: Floats
    held: Floats
    debt: Floats
    due: Floats
    lock: Floats

    @classmethod
    def of(cls, keep_bps: npt.ArrayLike, buffer: npt.ArrayLike, count: int) -> EscrowBatch:
        """`count` empty escrows; keep_bps and buffer are one for all or one each.

        Raises:
            ValueError: a share outside 0 to 10,000 bps or a negative buffer.
        """
        keep = np.array(np.broadcast_to(np.asarray(keep_bps, dtype=np.float64) / BPS, count))
        back = np.array(np.broadcast_to(np.asarray(buffer, dtype=np.float64), count))
        if not bool(((keep >= 0) & (keep <= 1)).all()) or not bool((back >= 0).all()):
            raise ValueError(f"keep_bps lies between 0 and {BPS}, and a buffer is not negative")
        return cls(keep, back, *(np.zeros(count) for _ in range(4)))

    def commit(self, locks: npt.ArrayLike) -> None:
        """A position of each escrow locked this much more, (n,); 0 for none."""
        self.lock += np.asarray(locks, dtype=np.float64)

    def settle(self, locks: npt.ArrayLike, nets: npt.ArrayLike) -> tuple[Floats, Floats]:
        """A position of each escrow with this lock settles at this net, (n,) each; 0 and 0 leave an escrow as it is.

        Returns:
            changes of the stakes and what became due, wei, (n,) each. For every escrow, the change of the stake, of
            held and what became due sum to the net.
        """
        net = np.asarray(nets, dtype=np.float64)
        change = net * self.keep
        rest = net - change
        balance = self.held + rest
        # Of a gain, what repays debt; of a loss, what is not covered by what is held. Both go through the stake.
        through_stake = np.where(rest > 0, np.minimum(self.debt, rest), np.minimum(balance, 0.0))
        np.subtract(balance, through_stake, out=balance)
        change += through_stake
        self.debt -= through_stake
        np.minimum(self.debt, MAX_WEI, out=self.debt)
        self.lock -= np.asarray(locks, dtype=np.float64)
        # Locks taken back in another order than they came leave rounding, which must not go below nothing.
        np.maximum(self.lock, 0.0, out=self.lock)
        retained = np.maximum(self.buffer, (1.0 - self.keep) * self.lock)
        self.held = np.minimum(balance, retained)
        released = balance - self.held
        self.due += released
        return change, released

    def release(self) -> Floats:
        """Hand what is due to the cascade, and say how much that was, wei, (n,)."""
        paid, self.due = self.due, np.zeros_like(self.due)
        return paid

    def close(self) -> Floats:
        """Close all: what is held becomes due; returns the debts, which replaced versions hand on, wei, (n,)."""
        self.due += self.held
        self.held = np.zeros_like(self.held)
        return self.debt.copy()


def _all_above(values: Floats, least: float) -> bool:
    return not values.size or float(values.min()) > least
