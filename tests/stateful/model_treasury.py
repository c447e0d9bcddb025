"""The Treasury by its rules: schedule, bankrolls, reserves and caps, on the twins of `headwater.twin.schedule`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from model_base import Clock, Places, Refused, TokenModel, require

from headwater.twin import Schedule, set_aside, share_out
from headwater.units import MAX_WEI


@dataclass(slots=True, kw_only=True)
class SeriesAccount:
    """Money of a series, wei. `used` is what it set aside in epoch `used_epoch`."""

    sponsor: str | None
    cap: int
    bankroll: int = 0
    reserved: int = 0
    used: int = 0
    used_epoch: int = 0


@dataclass(kw_only=True)
class TreasuryModel:
    """Functions take the caller first, then what the contract's take, and raise Refused where it must revert."""

    clock: Clock
    places: Places
    token: TokenModel
    schedule: Schedule
    unallocated: int = 0
    shares: list[tuple[int, int]] = field(default_factory=list)
    accounts: dict[int, SeriesAccount] = field(default_factory=dict)
    emitted: int = 0
    recycled: int = 0

    @property
    def epoch(self) -> int:
        return (self.clock.now - self.schedule.start) // self.schedule.epoch

    @property
    def owed(self) -> int:
        return self.unallocated + sum(account.bankroll + account.reserved for account in self.accounts.values())

    def cap_left(self, series: int) -> tuple[int, int]:
        account = self.accounts[series]
        used = account.used if account.used_epoch == self.epoch else 0
        return account.cap, max(0, account.cap - used)

    def _account(self, series: int) -> SeriesAccount:
        if series not in self.accounts:
            raise Refused("no such series")
        return self.accounts[series]

    # Anybody's

    def roll(self, sender: str) -> None:
        self.schedule, minted = self.schedule.roll(self.clock.now, self.token.cap - self.token.supply)
        pool = self.unallocated + minted
        parts = share_out(pool, [weight for _, weight in self.shares]) if self.shares else []
        for (series, _), part in zip(self.shares, parts, strict=True):
            self.accounts[series].bankroll += part
        self.unallocated = pool - sum(parts)
        self.token.mint(minted)

    def fund(self, sender: str, series: int, amount: int) -> None:
        require(amount > 0, "nothing to fund")
        account = self._account(series)
        self.token.move(sender, self.places.treasury, amount)
        account.bankroll += amount

    def sync(self, sender: str) -> None:
        self.unallocated += self.token.stray(self.places.treasury)
        self.token.strays[self.places.treasury] = 0

    # Governor and sponsors

    def set_weights(self, sender: str, series: Sequence[int], weights: Sequence[int]) -> None:
        require(sender == self.places.governor, "not the governor")
        require(len(series) == len(weights), "lengths differ")
        require(all(1 <= weight <= 10_000 for weight in weights), "weight out of bounds")
        require(all(a < b for a, b in pairwise(series)), "not ascending")
        require(all(self._account(i).sponsor is None for i in series), "series has a sponsor")
        after, _ = self.schedule.roll(self.clock.now, self.token.cap - self.token.supply)
        require(after.next_epoch > self.epoch, "more is due than one roll catches up with")
        self.roll(sender)
        self.shares = list(zip(series, weights, strict=True))

    def set_epoch_cap(self, sender: str, series: int, cap: int) -> None:
        account = self._account(series)
        require(sender == (account.sponsor or self.places.governor), "not the owner of this cap")
        require(1 <= cap <= MAX_WEI, "cap out of bounds")
        account.cap = cap

    def withdraw(self, sender: str, series: int, amount: int, to: str) -> None:
        account = self._account(series)
        require(sender == account.sponsor, "not the sponsor")
        require(0 < amount <= account.bankroll, "not that much is free")
        account.bankroll -= amount
        self.token.give(self.places.treasury, to, amount)

    # The arena's

    def register(self, series: int, sponsor: str | None, cap: int) -> None:
        require(1 <= cap <= MAX_WEI, "cap out of bounds")
        self.accounts[series] = SeriesAccount(sponsor=sponsor, cap=cap)

    def set_aside(self, series: int, share_bps: int) -> int:
        account, epoch = self.accounts[series], self.epoch
        used = account.used if account.used_epoch == epoch else 0
        reserve = set_aside(account.bankroll, share_bps, account.cap, used)
        account.bankroll -= reserve
        account.reserved += reserve
        account.used, account.used_epoch = used + reserve, epoch
        return reserve

    def free(self, series: int, amount: int) -> None:
        account = self.accounts[series]
        account.reserved -= amount
        account.bankroll += amount

    def settle(self, series: int, portion: int, net: int) -> None:
        """A position's slice is freed; its emission leaves for the vault, or its loss has just come from there."""
        account = self.accounts[series]
        if net > portion:
            raise AssertionError(f"the rules themselves would emit {net} out of a slice of {portion}")
        account.reserved -= portion
        account.bankroll += portion - net
        if net > 0:
            self.token.move(self.places.treasury, self.places.vault, net)
            self.emitted += net
        else:
            self.recycled -= net
