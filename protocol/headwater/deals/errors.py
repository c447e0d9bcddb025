"""What can be wrong with a deal, or with a word about one; every refusal names its reason."""

from __future__ import annotations

from enum import StrEnum

from headwater.errors import InputError


class Reason(StrEnum):
    """Why something was refused. A refusal changes nothing: whoever refuses still waits for an answer."""

    MALFORMED = "malformed"
    """No message: not the JSON of one, too long, too deep, a field missing, unknown or of another kind."""
    SHARE = "share"
    """A share below 0 or above 100%."""
    PRICE = "price"
    """Steps of a price that are none or too many, out of order, or do not begin at state 0."""
    AMOUNT = "amount"
    """A deposit, number or time out of range."""
    ACTION = "action"
    """An action that is no printable name, or that its player may not take here."""
    PARTY = "party"
    """Somebody who is not one of the two, or both sides the same."""
    DOMAIN = "domain"
    """Said for another chain or another escrow."""
    NEGOTIATION = "negotiation"
    """Said in another negotiation: another task, pair or nonce."""
    SIGNATURE = "signature"
    """The message is not signed by its sender."""
    DEAL_SIGNATURE = "deal signature"
    """An agreement or countersignature that does not sign the deal as the escrow wants it; an offer that signs it."""
    REPLAYED_MESSAGE = "replayed message"
    """Said before in this negotiation."""
    REPLAYED_DEAL = "replayed deal"
    """A deal of another task, nonce or revision."""
    SEQUENCE = "sequence"
    """Not the number that comes next."""
    PREVIOUS = "previous"
    """Does not follow the last message."""
    TURN = "turn"
    """The other one is to speak."""
    KIND = "kind"
    """Nothing to counter or agree to, or an offer that is no counter-offer."""
    OTHER_DEAL = "other deal"
    """Agrees to something that is not on the table."""
    EXPIRED = "expired"
    """The offer's time is over."""
    LATE = "late"
    """The time for an answer is over."""
    ENDED = "ended"
    """The negotiation has ended."""
    ROUNDS = "rounds"
    """One offer more than agreed: what is on the table is to be taken or left."""


class DealError(InputError):
    """Terms, limits or a transcript that cannot be used; the text says what is accepted."""


class Refused(DealError):  # noqa: N818 - says what happened, as Reverted does
    """Something another said that is not accepted, and why. Nothing has changed."""

    def __init__(self, reason: Reason, text: str) -> None:
        super().__init__(text)
        self.reason = reason
        """Why."""
