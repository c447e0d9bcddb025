"""What the stock x402 client signs with: an account that makes payments in one currency, and nothing else."""

from __future__ import annotations

from typing import Any

from x402.mechanisms.evm.types import TypedDataDomain, TypedDataField

from headwater.chain import Account, HeadwaterError, checksum
from headwater_agents.market.payment import TRANSFER_FIELDS, Currency

_TYPE = "TransferWithAuthorization"


class WillNotSign(HeadwaterError):  # noqa: N818 - says what happens
    """Something other than a payment from this account in its currency."""


class Wallet:
    """Implements x402's ClientEvmSigner. The key stays in the account."""

    def __init__(self, account: Account, currency: Currency) -> None:
        self._account = account
        self._currency = currency

    @property
    def address(self) -> str:
        """The account's address."""
        return self._account.address

    def sign_typed_data(
        self,
        domain: TypedDataDomain,
        types: dict[str, list[TypedDataField]],
        primary_type: str,
        message: dict[str, Any],
    ) -> bytes:
        """Sign an EIP-3009 transfer in the currency. Raises WillNotSign for anything else."""
        currency = self._currency
        asked = (domain.name, domain.version, domain.chain_id, checksum(domain.verifying_contract))
        if asked != (currency.name, currency.version, currency.chain_id, checksum(currency.token)):
            raise WillNotSign(f"a payment in {asked}; this wallet pays in {currency.token} on {currency.network}")
        if primary_type != _TYPE or set(message) != set(TRANSFER_FIELDS) or checksum(message["from"]) != self.address:
            raise WillNotSign(f"a {primary_type}; this wallet signs transfers from {self.address} only")
        return self._account.sign_typed(currency.domain.message(_TYPE, TRANSFER_FIELDS, message))
