"""Accounts of a mechanism in memory: stakes, locks, wallets, and income passed on. Money is integer wei, never lost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from headwater.units import BPS, MAX_WEI
from headwater_agents.lab.mechanisms.base import LabError, Refused, Split

MAX_HOPS: Final = 8
"""How often one payment is passed on at most. Whoever it reaches then keeps it: this is where a cycle ends."""


@dataclass(slots=True)
class Account:
    """Wei of one account. `stake` includes what is locked under open wagers."""

    stake: int = 0
    locked: int = 0
    wallet: int = 0
    brought_in: int = 0
    split: Split = field(default_factory=Split)

    @property
    def free(self) -> int:
        """Stake that no open wager holds."""
        return self.stake - self.locked


class Accounts:
    """All accounts by name, and what the mechanism has emitted: Σ wealth = Σ brought in + emitted, always."""

    def __init__(self) -> None:
        self._accounts: dict[str, Account] = {}
        self.emitted = 0

    def __contains__(self, name: object) -> bool:
        return name in self._accounts

    def __getitem__(self, name: str) -> Account:
        """The account. Raises Refused if there is none."""
        try:
            return self._accounts[name]
        except KeyError:
            raise Refused(f"there is no account {name!r}; enroll it first") from None

    def stakes(self) -> dict[str, int]:
        """Whole stake (locked included, wei) of every account that has some, in order of enrolment."""
        return {name: account.stake for name, account in self._accounts.items() if account.stake > 0}

    def enroll(self, name: str, stake: int, payer: str | None) -> None:
        """Open an account, its stake from the payer's wallet or from outside. Raises Refused."""
        if name in self._accounts:
            raise Refused(f"account {name!r} exists already")
        if not name:
            raise Refused("an account needs a name")
        if not 0 <= stake <= MAX_WEI:
            raise Refused(f"a stake is 0 to {MAX_WEI} wei, got {stake}")
        if payer is None:
            self._accounts[name] = Account(stake=stake, brought_in=stake)
            return
        wallet = self[payer].wallet
        if wallet < stake:
            raise Refused(f"the wallet of {payer!r} holds {wallet} wei, less than the stake of {stake}")
        self[payer].wallet -= stake
        self._accounts[name] = Account(stake=stake)

    def retire(self, name: str, amount: int | None = None) -> None:
        """Move the free stake, or no more than `amount` wei of it, into the wallet. Raises Refused if there is no such
        account."""
        account = self[name]
        moved = account.free if amount is None else min(amount, account.free)
        account.wallet += moved
        account.stake -= moved

    def set_split(self, name: str, split: Split) -> None:
        """From now on the account passes income on by this split. Raises Refused for children that cannot be."""
        account = self[name]
        children = [child for child, _ in split.weights]
        if name in children:
            raise Refused(f"{name!r} cannot pass on to itself")
        if len(set(children)) < len(children):
            raise Refused(f"a child stands twice in the split of {name!r}: {children}")
        if missing := [child for child in children if child not in self]:
            raise Refused(f"children of {name!r} are not enrolled: {missing}")
        if sum(weight for _, weight in split.weights) > MAX_WEI:
            raise Refused(f"the weights of {name!r} add up to more than {MAX_WEI}")
        account.split = split

    def settle(self, nets: Mapping[str, int]) -> dict[str, int]:
        """Book nets (wei; the difference is emitted) on stakes and pass positive ones on; returns everybody's change.

        A positive net reaches the stake but for what is passed on; what comes from a payer reaches the wallet.
        Raises LabError, and books nothing, if an account would lose stake that it does not have.
        """
        for name, net in nets.items():
            if name not in self:
                raise LabError(f"the mechanism pays {name!r}, who has no account")
            if self[name].stake + net < 0:
                raise LabError(f"the mechanism takes {-net} wei from {name!r}, who has {self[name].stake}")
        flows: dict[str, int] = defaultdict(int)
        for name, net in nets.items():
            self[name].stake += net
            self.emitted += net
            flows[name] += net
        arriving = {name: net for name, net in nets.items() if net > 0}
        for hop in range(MAX_HOPS):
            arriving = self._hop(arriving, flows, from_stake=hop == 0)
        return dict(flows)

    def _hop(self, arrived: Mapping[str, int], flows: dict[str, int], *, from_stake: bool) -> dict[str, int]:
        """Everybody passes on their share of what has just arrived; returns what arrives one hop further (wei)."""
        onward: dict[str, int] = defaultdict(int)
        for payer, amount in arrived.items():
            account = self[payer]
            shares = passed(account.split, amount)
            sent = sum(shares.values())
            if from_stake:
                account.stake -= sent
            else:
                account.wallet -= sent
            flows[payer] -= sent
            for child, share in shares.items():
                self[child].wallet += share
                flows[child] += share
                onward[child] += share
        return dict(onward)

    def wealth(self, name: str) -> int:
        """Stake and wallet, wei."""
        account = self[name]
        return account.stake + account.wallet


def passed(split: Split, amount: int) -> dict[str, int]:
    """What each child gets of an income (wei): what is not kept, by weight, floored. The payer has the dust."""
    total = sum(weight for _, weight in split.weights)
    if total == 0 or amount <= 0:
        return {}
    onward = amount - amount * split.keep_bps // BPS
    return {child: share for child, weight in split.weights if (share := onward * weight // total) > 0}
