"""What two agents bargain about: who pays, who does what for it, and the price."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from eth_hash.auto import keccak

from headwater.chain.errors import ArgumentError
from headwater.chain.transaction import checksum
from headwater.deals.errors import Reason, Refused
from headwater.deals.price import Price, whole
from headwater.units import MAX_WEI, WAD

MAX_ACTION: Final = 64


def checked_address(role: str, address: object) -> str:
    """A checksummed address, as it was given. Raises Refused (PARTY)."""
    try:
        if isinstance(address, str) and checksum(address) == address:
            return address
    except ArgumentError:
        pass
    raise Refused(Reason.PARTY, f"{role}: {str(address)[:60]!r}; accepted: a checksummed address (EIP-55)")


def checked_number(what: str, number: object, most: int) -> int:
    """A whole number from 0 to `most`. Raises Refused (AMOUNT)."""
    if not isinstance(number, int) or not whole(number) or not 0 <= number <= most:
        bits = most.bit_length()
        raise Refused(Reason.AMOUNT, f"{what}: {str(number)[:80]}; accepted: whole numbers from 0, below 2^{bits}")
    return number


def action_hash(action: str) -> bytes:
    """By which a Deal names an action: keccak256 of its UTF-8, 32 bytes."""
    return bytes(keccak(action.encode()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The payer pays the payee a share of a base, and each takes its action.

    Attributes:
        payer: checksummed address.
        payee: checksummed address, another one.
        payer_action: what the payer does; 1 to 64 printable characters.
        payee_action: what the payee does for it.
        price: the share.
        deposit: wei the payer locks, and the base of the share; 0 if the base is what the payer earns in the task.

    Raises:
        Refused: PARTY, ACTION or AMOUNT.
    """

    payer: str
    payee: str
    payer_action: str
    payee_action: str
    price: Price
    deposit: int = 0

    def __post_init__(self) -> None:
        checked_address("payer", self.payer)
        checked_address("payee", self.payee)
        if self.payer == self.payee:
            raise Refused(Reason.PARTY, "payer and payee are two")
        for role, action in (("payer", self.payer_action), ("payee", self.payee_action)):
            if not isinstance(action, str) or not 1 <= len(action) <= MAX_ACTION or not action.isprintable():
                said = str(action)[:MAX_ACTION]
                raise Refused(
                    Reason.ACTION, f"the {role}'s action {said!r}; accepted: 1 to {MAX_ACTION} printable characters"
                )
        if not isinstance(self.price, Price):
            raise Refused(Reason.PRICE, "a price is a Price")
        checked_number("deposit in wei", self.deposit, MAX_WEI)

    def amount(self, base: int, state: int = 0) -> int:
        """Wei that pass if both keep to it: floor(base · share / 10¹⁸), of a base in wei, at an observed state."""
        return max(base, 0) * self.price.at(state) // WAD
