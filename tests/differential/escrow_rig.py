"""The real vault, token, treasury and cascade, driven by an account in the arena's place, with escrow twins beside."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from harness import LocalBackend
from headwater.cascade import Leaf
from headwater.chain.participant import Participant
from headwater.chain.system import Addresses, Announcement, System
from headwater.twin import Escrow
from headwater.units import MAX_WEI
from headwater_deploy import DAY, ProtocolConfig
from rigs import rig

CONFIG = ProtocolConfig(cap=MAX_WEI, genesis_supply=MAX_WEI, max_window=DAY, idle_period=7 * DAY)
NAMES = ("HeadwaterToken", "Treasury", "StakeVault", "Cascade")
CHILD = "0x" + "c1" * 20
SERIES = 1

Key = tuple[int, int]
"""Version and domain."""


@dataclass
class Open:
    """An open position of the rig's one forecaster."""

    version: int
    domain: int
    lock: int


@dataclass
class VaultRig:
    """One forecaster with a stake; nets and locks are the driver's choice. `check` compares all with the twins."""

    backend: LocalBackend
    stake: int
    bankroll: int
    versions: dict[int, Announcement] = field(default_factory=dict)
    escrows: dict[Key, Escrow] = field(default_factory=dict)
    released: dict[int, int] = field(default_factory=dict)
    open: list[Open] = field(default_factory=list)
    replaced_at: dict[int, int] = field(default_factory=dict)
    active: dict[Key, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        accounts = self.backend.dev_accounts(2)
        made = rig(self.backend, accounts[0], CONFIG, NAMES, driven="ForecastArena")
        places = {name: made[name].address for name in NAMES}
        self.system = System(
            self.backend,
            Addresses(
                token=places["HeadwaterToken"],
                treasury=places["Treasury"],
                vault=places["StakeVault"],
                cascade=places["Cascade"],
                arena=accounts[0].address,
            ),
        )
        self.driver, self.who = (Participant(self.system, account) for account in accounts)
        self.driver.transfer(self.who.address, self.stake)
        self.who.approve(self.system.vault.address)
        self.who.stake(self.stake)
        self.bonded, self.locked, self.checkpoint = self.stake, 0, 0
        self.driver.approve(self.system.treasury.address)
        # A reserve out of which any gain can be paid.
        self._drive(self.system.treasury, "register", SERIES, self.driver.address, MAX_WEI)
        self.driver.fund(SERIES, self.bankroll)
        self._drive(self.system.treasury, "set_aside", SERIES, 10_000)
        self.reserve = self.bankroll

    def _drive(self, contract: object, name: str, *args: object) -> None:
        contract.send(name, *args, sender=self.driver.account)  # type: ignore[attr-defined]

    def announce(self, keep_bps: int, buffer: int, domains: tuple[int, ...] = (0,)) -> int:
        """A new version with one child, its escrows opened in these domains."""
        made = self.who.announce_list([Leaf(CHILD, 0, 1)], keep_bps, buffer)
        if self.versions:
            now = self.backend.now() - 1
            self.replaced_at[max(self.versions)] = (now + 59) // 60 * 60
        self.versions[made.version] = made
        for domain in domains:
            key = (made.version, domain)
            self.driver.open_escrow(self.who.address, made.version, made.terms, domain)
            self.escrows[key] = Escrow(keep_bps=keep_bps, buffer=buffer)
            self.active[key] = self.backend.now() - 1
        return made.version

    def commit(self, version: int, domain: int, lock: int) -> None:
        """Lock stake for a position; at most what is free."""
        opened = self.backend.block_number() + 1
        index = self.system.stake(self.who.address).checkpoints - 1
        self._drive(
            self.system.vault, "lock", self.who.address, version, domain, min(lock, self.bonded), lock, index, opened
        )
        self.open.append(Open(version, domain, lock))
        self.locked += lock
        if version:
            key = (version, domain)
            self.escrows[key] = self.escrows[key].commit(lock)

    def settle(self, index: int, net: int) -> None:
        """Settle an open position at this net, at least minus its lock."""
        position = self.open.pop(index)
        key, change = (position.version, position.domain), net
        if position.version:
            self.escrows[key], change, _ = self.escrows[key].settle(position.lock, net)
            self.active[key] = self.backend.now()
        self._drive(self.system.vault, "settle", self.who.address, *key, position.lock, net)
        self._drive(self.system.treasury, "settle", SERIES, max(net, 0), net)
        self.reserve -= max(net, 0)
        self.bonded += change
        self.locked -= position.lock

    def release(self, key: Key) -> None:
        self.escrows[key], due = self.escrows[key].release()
        self.driver.release(self.who.address, *key)
        self.released[key[0]] = self.released.get(key[0], 0) + due

    def may_close(self, key: Key) -> bool:
        """By the rules: no open position, replaced or else idle for long enough, and something to move."""
        escrow, now = self.escrows[key], self.backend.now()
        if key[0] in self.replaced_at:
            due, debt = now >= self.replaced_at[key[0]] + CONFIG.max_window, self._movable(key)
        else:
            due, debt = now >= self.active[key] + CONFIG.idle_period, 0
        return escrow.lock == 0 and due and escrow.held + debt != 0

    def _movable(self, key: Key) -> int:
        """A replaced version's debt, as long as no position is open under its heir."""
        heir = (max(self.versions), key[1])
        return 0 if heir in self.escrows and self.escrows[heir].lock else self.escrows[key].debt

    def close(self, key: Key) -> None:
        escrow, debt = self.escrows[key].close()
        if key[0] in self.replaced_at and debt and self._movable(key):
            heir = (max(self.versions), key[1])
            escrow = replace(escrow, debt=0)
            self.escrows[heir] = replace(self.escrows[heir], debt=self.escrows[heir].debt + debt)
        self.escrows[key], due = escrow.release()
        self.released[key[0]] = self.released.get(key[0], 0) + due
        self.driver.close(self.who.address, *key)

    def check(self) -> None:
        """Every escrow, the stake and what the cascade got are the twins', and the vault owes what it has."""
        for (version, domain), twin in self.escrows.items():
            found = self.system.escrow(self.who.address, version, domain)
            seen = (found.held, found.debt, found.due, found.lock, found.keep_bps, found.buffer)
            assert seen == (twin.held, twin.debt, twin.due, twin.lock, twin.keep_bps, twin.buffer)
        stake = self.system.stake(self.who.address)
        assert (stake.bonded, stake.locked) == (self.bonded, self.locked)
        for version in self.versions:
            assert self.system.flows(self.who.address, version) == (0, self.released.get(version, 0))
        owed = self.bonded + sum(escrow.held + escrow.due for escrow in self.escrows.values())
        vault = self.system.vault
        assert vault.call("owed") == owed == self.system.balance(vault.address)
        assert self.system.balance(self.system.cascade.address) == sum(self.released.values())
