"""What the models of the five contracts share: refusing, the clock, and the token."""

from __future__ import annotations

from dataclasses import dataclass, field


class Refused(Exception):
    """The rules forbid this call: the contract must revert, and nothing may have changed."""


def require(condition: bool, why: str) -> None:
    """Refuse, unless the condition holds."""
    if not condition:
        raise Refused(why)


@dataclass(slots=True)
class Clock:
    """What the transaction at hand sees: its block's time in seconds and number."""

    now: int = 0
    block: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Addresses of the contracts and of who has a role."""

    token: str
    treasury: str
    vault: str
    cascade: str
    arena: str
    governor: str

    @property
    def contracts(self) -> tuple[str, ...]:
        return self.token, self.treasury, self.vault, self.cascade, self.arena


@dataclass
class TokenModel:
    """Balances in wei. `strays` is what lies in a contract without having been booked there."""

    places: Places
    cap: int
    balances: dict[str, int] = field(default_factory=dict)
    strays: dict[str, int] = field(default_factory=dict)

    @property
    def supply(self) -> int:
        return sum(self.balances.values())

    def balance(self, holder: str) -> int:
        return self.balances.get(holder, 0)

    def move(self, payer: str, to: str, amount: int) -> None:
        """Tokens that a contract books in the same call."""
        require(amount <= self.balance(payer), "not enough tokens")
        self.balances[payer] = self.balance(payer) - amount
        self.balances[to] = self.balance(to) + amount

    def give(self, payer: str, to: str, amount: int) -> None:
        """Tokens that nobody books: a stray, if a contract receives them."""
        self.move(payer, to, amount)
        if to in self.places.contracts:
            self.strays[to] = self.strays.get(to, 0) + amount

    def stray(self, contract: str) -> int:
        return self.strays.get(contract, 0)

    def mint(self, amount: int) -> None:
        self.balances[self.places.treasury] = self.balance(self.places.treasury) + amount

    # The token's own function

    def transfer(self, sender: str, to: str, amount: int) -> None:
        self.give(sender, to, amount)
