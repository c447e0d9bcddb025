"""The StakeVault by its rules: stakes, checkpoints and escrows, on `headwater.twin.Escrow`."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from model_base import Clock, Places, Refused, TokenModel, require
from model_cascade import CascadeModel, RawTerms

from headwater.twin import Escrow
from headwater.units import BPS, MAX_WEI

RING = 256
Key = tuple[str, int, int]
"""An escrow: (forecaster, version, domain)."""


@dataclass(slots=True)
class StakeAccount:
    """An account's stake, wei. Checkpoints are (block, bonded after it), one a block."""

    bonded: int = 0
    locked: int = 0
    unbonding: int = 0
    ready: int = 0
    checkpoints: list[tuple[int, int]] = field(default_factory=list)

    @property
    def free(self) -> int:
        return self.bonded - self.locked

    def set_bonded(self, bonded: int, block: int) -> None:
        self.bonded = bonded
        if self.checkpoints and self.checkpoints[-1][0] == block:
            self.checkpoints.pop()
        self.checkpoints.append((block, bonded))

    def index_before(self, block: int) -> int:
        """Index of the last checkpoint in a block before that one; -1 if there is none."""
        return sum(made < block for made, _ in self.checkpoints) - 1


@dataclass(slots=True)
class Promise:
    """What ever came to an escrow's children, signed, and where it went; wei. Kept apart from the escrow's own rule.

    earned: sum of net - floor(net * keep) over all settlements under this version and domain.
    released: handed to the Cascade. debt_in, debt_out: debts that closing moved here, and from here.
    """

    earned: int = 0
    released: int = 0
    debt_in: int = 0
    debt_out: int = 0


@dataclass(kw_only=True)
class VaultModel:
    """Functions take the caller first, then what the contract's take, and raise Refused where it must revert."""

    clock: Clock
    places: Places
    token: TokenModel
    cascade: CascadeModel
    cooldown: int
    max_window: int
    idle_period: int
    paused: bool = False
    accounts: dict[str, StakeAccount] = field(default_factory=dict)
    escrows: dict[Key, Escrow] = field(default_factory=dict)
    active: dict[Key, int] = field(default_factory=dict)
    promises: dict[Key, Promise] = field(default_factory=dict)

    @property
    def owed(self) -> int:
        stakes = sum(account.bonded + account.unbonding for account in self.accounts.values())
        return stakes + sum(escrow.held + escrow.due for escrow in self.escrows.values())

    def account(self, holder: str) -> StakeAccount:
        return self.accounts.setdefault(holder, StakeAccount())

    def escrow(self, key: Key) -> Escrow:
        """The escrow; one that nobody opened keeps 0 bps, and may still have been handed a debt."""
        return self.escrows.get(key, Escrow(keep_bps=0, buffer=0))

    def promise(self, key: Key) -> Promise:
        return self.promises.setdefault(key, Promise())

    # Stake

    def deposit(self, sender: str, amount: int) -> None:
        require(not self.paused, "paused")
        require(amount > 0, "nothing to deposit")
        self.token.move(sender, self.places.vault, amount)
        account = self.account(sender)
        account.set_bonded(account.bonded + amount, self.clock.block)

    def request_unbond(self, sender: str, amount: int) -> None:
        account = self.account(sender)
        require(0 < amount <= account.free, "not that much is free")
        account.set_bonded(account.bonded - amount, self.clock.block)
        account.unbonding += amount
        account.ready = self.clock.now + self.cooldown

    def withdraw(self, sender: str) -> None:
        account = self.account(sender)
        require(account.unbonding > 0, "nothing is unbonding")
        require(self.clock.now >= account.ready, "cooldown not over")
        self.token.move(self.places.vault, sender, account.unbonding)
        account.unbonding = account.ready = 0

    def slash(self, sender: str, holder: str, amount: int, reason: bytes) -> None:
        require(sender == self.places.governor, "not the slasher")
        account = self.account(holder)
        bonded = min(amount, account.free)
        unbonding = min(amount - bonded, account.unbonding)
        require(bonded + unbonding > 0, "nothing to slash")
        if bonded:
            account.set_bonded(account.bonded - bonded, self.clock.block)
        account.unbonding -= unbonding
        self.token.give(self.places.vault, self.places.treasury, bonded + unbonding)

    def set_paused(self, sender: str, paused: bool) -> None:
        require(sender == self.places.governor, "not the guardian")
        self.paused = paused

    def sync(self, sender: str) -> None:
        self.token.give(self.places.vault, self.places.treasury, self.token.stray(self.places.vault))
        self.token.strays[self.places.vault] = 0

    # The arena's

    def check_lock(self, holder: str, key: Key, wager: int, amount: int, index: int, opened: int) -> None:
        """Refuse what `lock` would refuse."""
        require(not self.paused, "paused")
        account = self.account(holder)
        entries = account.checkpoints
        require(max(0, len(entries) - RING) <= index < len(entries), "no such checkpoint")
        require(entries[index][0] < opened, "checkpoint is not older than the question")
        require(index + 1 == len(entries) or entries[index + 1][0] >= opened, "a later one is older too")
        require(wager <= entries[index][1], "wager above the stake bonded before")
        require(account.locked + amount <= account.bonded, "not enough free stake")
        require(key[1] == 0 or self.escrow(key).keep_bps != 0, "escrow not opened")

    def lock(self, holder: str, key: Key, amount: int) -> None:
        self.account(holder).locked += amount
        if key[1]:
            self.escrows[key] = self.escrow(key).commit(amount)

    def settle(self, holder: str, key: Key, lock: int, net: int) -> None:
        account, change = self.account(holder), net
        if key[1]:
            before = self.escrow(key)
            self.escrows[key], change, _ = before.settle(lock, net)
            self.active[key] = self.clock.now
            self.promise(key).earned += net - net * before.keep_bps // BPS
        account.locked -= lock
        if change:
            account.set_bonded(account.bonded + change, self.clock.block)
        if net < 0:
            self.token.move(self.places.vault, self.places.treasury, -net)

    # Escrows

    def open_escrow(self, sender: str, forecaster: str, version: int, domain: int, terms: RawTerms) -> None:
        key = self._key(forecaster, version, domain)
        escrow = self.escrow(key)
        require(escrow.keep_bps == 0, "escrow is open")
        require(self.cascade.has_terms(forecaster, version, terms), "not the announced terms")
        self.escrows[key] = replace(escrow, keep_bps=terms[3], buffer=terms[4])
        self.active[key] = self.clock.now

    def release(self, sender: str, forecaster: str, version: int, domain: int) -> None:
        key = self._key(forecaster, version, domain)
        after, due = self.escrow(key).release()
        if due == 0:
            return
        self.escrows[key] = after
        self.promise(key).released += due
        self.token.move(self.places.vault, self.places.cascade, due)
        self.cascade.receive_release(forecaster, version, due)

    def close(self, sender: str, forecaster: str, version: int, domain: int) -> None:
        key = self._key(forecaster, version, domain)
        escrow = self.escrow(key)
        require(escrow.lock == 0, "positions are open")
        replaced_by, replaced_at = self.cascade.successors.get((forecaster, version), (0, 0))
        require(escrow.held > 0 or (replaced_by != 0 and escrow.debt > 0), "nothing to close")
        since = replaced_at + self.max_window if replaced_by else self.active.get(key, 0) + self.idle_period
        require(self.clock.now >= since, "neither replaced nor idle for long enough")
        closed, debt = escrow.close()
        moved = 0
        if replaced_by and debt:
            heir = (forecaster, self.cascade.latest(forecaster), domain)
            target = self.escrow(heir)
            moved = 0 if target.lock else min(debt, MAX_WEI - target.debt)
        require(escrow.held + moved > 0, "positions are open under the newest version")
        self.escrows[key] = replace(closed, debt=debt - moved)
        if moved:
            self.escrows[heir] = replace(target, debt=target.debt + moved)
            self.promise(key).debt_out += moved
            self.promise(heir).debt_in += moved
        self.release(sender, forecaster, version, domain)

    @staticmethod
    def _key(forecaster: str, version: int, domain: int) -> Key:
        if not (0 <= version < 2**40 and 0 <= domain < 2**32):
            raise Refused("no such escrow")
        return forecaster, version, domain
