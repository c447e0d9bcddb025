"""Twin of a forecaster's escrow in StakeVault: the linear split of nets between a stake and its version's children."""

from __future__ import annotations

from dataclasses import dataclass, replace

from headwater.twin.fixed import ceil_div
from headwater.units import BPS, MAX_WEI


@dataclass(frozen=True, slots=True, kw_only=True)
class Escrow:
    """One (forecaster, version). Wei, except keep_bps.

    Attributes:
        keep_bps: share of every net that is the forecaster's own, bps.
        buffer: what is held back against later losses.
        held: belongs to the children unless losses draw on it.
        debt: losses the stake carried; only later gains repay it.
        due: released, not yet handed to the cascade.
        lock: what open positions lock.
    """

    keep_bps: int
    buffer: int
    held: int = 0
    debt: int = 0
    due: int = 0
    lock: int = 0

    def commit(self, lock: int) -> Escrow:
        """After a position locked this much more."""
        return replace(self, lock=self.lock + lock)

    def settle(self, lock: int, net: int) -> tuple[Escrow, int, int]:
        """After a position with this lock settled at ``net``: (escrow, change of the stake, wei that became due)."""
        own = net * self.keep_bps // BPS
        rest = net - own
        held, debt, change = self.held, self.debt, own
        if rest >= 0:
            repay = min(debt, rest)
            debt -= repay
            held += rest - repay
            change += repay
        else:
            draw = min(held, -rest)
            held -= draw
            debt = min(debt - rest - draw, MAX_WEI)
            change -= -rest - draw
        open_lock = self.lock - lock
        retained = max(self.buffer, ceil_div((BPS - self.keep_bps) * open_lock, BPS))
        released = max(held - retained, 0)
        after = replace(self, held=held - released, debt=debt, due=self.due + released, lock=open_lock)
        return after, change, released

    def release(self) -> tuple[Escrow, int]:
        """After what is due went to the cascade, and how much that was."""
        return replace(self, due=0), self.due

    def close(self) -> tuple[Escrow, int]:
        """After closing: what was held is due; returns the debt too, which a replaced version hands on."""
        return replace(self, held=0, due=self.due + self.held), self.debt
