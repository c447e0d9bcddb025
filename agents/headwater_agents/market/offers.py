"""What a seller says it sells, and the ways in which a purchase comes to nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from headwater.chain import HeadwaterError


class PurchaseError(HeadwaterError):
    """A signal that was not bought; says why."""


class NotForSale(PurchaseError):  # noqa: N818 - says what it is
    """The seller has no such signal, not yet, or not any more. Nothing was paid."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class BadTerms(PurchaseError):  # noqa: N818
    """What the seller asks for is not what it offered, or not understood. Nothing was paid."""


class Refused(PurchaseError):  # noqa: N818
    """The seller does not accept the payment. It may still settle it: the money stays reserved until it cannot."""


class Unfinished(PurchaseError):  # noqa: N818
    """No answer in time. Try again: the same payment is sent, and nothing is paid twice."""


class BadSignal(PurchaseError):  # noqa: N818
    """What came for the money is not the signal that was sold. It is kept as evidence."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Offer:
    """What a seller says it sells: by whom (agent id and wallet), where, and for how much (wei).

    `endpoint` is a base URL. `past` is what the seller claims of its past, which nobody has checked.
    """

    agent_id: int
    wallet: str
    endpoint: str
    wei: int
    past: Mapping[str, int | float | str | bool] = field(default_factory=dict, hash=False)
