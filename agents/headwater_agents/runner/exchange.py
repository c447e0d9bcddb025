"""Where signals change hands: every one is signed by its provider under EIP-712 and checked before it is used."""

from __future__ import annotations

from collections.abc import Mapping

from headwater.chain import Account
from headwater.signals import Signal, SignalDomain, SignalError, SignedSignal, signing_hash, verify_signal
from headwater_agents.policies import Forecast


class Exchange:
    """Signs what is sold, checks what is bought, and keeps every signed signal as evidence."""

    def __init__(self, domain: SignalDomain, sellers: Mapping[str, Account]) -> None:
        """`sellers` are accounts by name."""
        self.domain = domain
        self.evidence: list[SignedSignal] = []
        self._sellers = sellers

    def deliver(self, seller: str, question: int, forecast: Forecast, time: int) -> Forecast:
        """Sign a seller's forecast (WAD) of a question at a time (seconds); what the buyer reads after checking it.

        Raises SignalError as `accept` does.
        """
        account = self._sellers[seller]
        signal = Signal(question=question, provider=account.address, forecast=forecast, time=time)
        raw = account.sign_digest(signing_hash(signal, self.domain))
        return self.accept(seller, question, SignedSignal(signal=signal, signature=raw[:64] + bytes((27 + raw[64],))))

    def accept(self, seller: str, question: int, signed: SignedSignal) -> Forecast:
        """Check a signal that a seller handed over for a question, keep it, and read its forecast (WAD).

        Raises SignalError if the seller did not sign exactly this, under this domain, for this question.
        """
        provider = self._sellers[seller].address
        if signed.signal.provider != provider:
            raise SignalError(f"{seller} is {provider}; the signal names provider {signed.signal.provider}")
        if signed.signal.question != question:
            raise SignalError(f"the signal is for question {signed.signal.question}, not for question {question}")
        verify_signal(signed, self.domain)
        self.evidence.append(signed)
        return signed.signal.forecast
