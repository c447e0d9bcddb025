"""Payments from strangers are read or refused by name; and a wallet signs payments in its currency, nothing else."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from x402 import PaymentPayload
from x402.mechanisms.evm.eip712 import build_typed_data_for_signing, hash_eip3009_authorization
from x402.mechanisms.evm.types import ExactEIP3009Authorization, TypedDataDomain

from headwater.chain import Account
from headwater_agents.market.gate import Price
from headwater_agents.market.payment import (
    IDENTIFIER,
    IDENTIFIER_OFFER,
    Currency,
    PaymentError,
    read_authorization,
    read_header,
    with_identifier,
)
from headwater_agents.market.wallet import Wallet, WillNotSign

PAYER, OTHER = Account.derive(3, 0), Account.derive(3, 1)
CURRENCY = Currency(chain_id=31337, token=Account.derive(3, 2).address)
AUTHORISATION = {
    "from": PAYER.address,
    "to": OTHER.address,
    "value": "5",
    "validAfter": "0",
    "validBefore": "2000000000",
    "nonce": "0x" + "07" * 32,
}
TERMS = {
    "scheme": "exact",
    "network": CURRENCY.network,
    "asset": CURRENCY.token,
    "amount": "5",
    "payTo": OTHER.address,
    "maxTimeoutSeconds": 60,
    "extra": {},
}
WHOLE: dict[str, Any] = {
    "x402Version": 2,
    "payload": {"authorization": AUTHORISATION, "signature": "0x" + "00" * 65},
    "accepted": TERMS,
}


def header(content: object) -> str:
    return base64.b64encode(json.dumps(content).encode()).decode()


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=70),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=15,
)


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused_by_name(text: str) -> None:
    with pytest.raises(PaymentError):
        read_header(text)


@given(_json)
def test_any_json_is_read_or_refused_by_name(content: object) -> None:
    with pytest.raises(PaymentError):
        read_header(header(content))


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_a_payment_with_any_member_replaced_is_read_or_refused_by_name(data: st.DataObject) -> None:
    whole = json.loads(json.dumps(WHOLE)) | {"extensions": {IDENTIFIER: {"info": {"id": "pay_0123456789abcdef"}}}}
    place: Any = whole
    while True:
        name = data.draw(st.sampled_from(sorted(place)))
        if not isinstance(place[name], dict) or not place[name] or data.draw(st.booleans()):
            place[name] = data.draw(_json)
            break
        place = place[name]
    try:
        _, payment = read_header(header(whole))
    except PaymentError:
        return
    assert 0 <= payment.value < 2**256
    assert len(payment.signature) == 65
    assert len(payment.secret) in (0, 32)
    payment.signed_by_payer(CURRENCY)


def test_the_digest_is_the_stock_packages() -> None:
    names = {"from": "from_address", "validAfter": "valid_after", "validBefore": "valid_before"}
    theirs = ExactEIP3009Authorization(**{names.get(name, name): value for name, value in AUTHORISATION.items()})
    ours = read_authorization(PaymentPayload.model_validate(WHOLE))
    assert ours.digest(CURRENCY) == hash_eip3009_authorization(
        theirs, CURRENCY.chain_id, CURRENCY.token, CURRENCY.name, CURRENCY.version
    )


def test_an_identifier_is_new_every_time_and_only_its_hash_is_read() -> None:
    first, second = (with_identifier({IDENTIFIER: IDENTIFIER_OFFER}) for _ in range(2))
    assert first != second
    assert IDENTIFIER_OFFER["info"] == {"required": False}
    payments = [read_header(header({**WHOLE, "extensions": each}))[1] for each in (first, second, first)]
    assert payments[0].secret == payments[2].secret != payments[1].secret
    assert len(payments[0].secret) == 32
    assert first[IDENTIFIER]["info"]["id"] not in repr(payments[0])


def test_a_seller_that_takes_no_identifier_is_given_none() -> None:
    assert with_identifier(None) == {}
    assert with_identifier({"other": {"info": {}}}) == {"other": {"info": {}}}


@pytest.mark.parametrize("identifier", ["short", "x" * 129, "with space 0123456789", "ümläut0123456789", 5, []])
def test_an_identifier_of_another_form_is_refused(identifier: object) -> None:
    with pytest.raises(PaymentError, match="identifier"):
        read_header(header({**WHOLE, "extensions": {IDENTIFIER: {"info": {"required": False, "id": identifier}}}}))


@pytest.mark.parametrize("wei", [0, -1, 2**96])
def test_a_price_is_an_amount_that_can_be_paid(wei: int) -> None:
    with pytest.raises(ValueError, match="a price is between"):
        Price(currency=CURRENCY, wei=wei, payee=OTHER.address)


def _typed(**changes: object) -> tuple[Any, Any, str, dict[str, Any]]:
    names = {"from": "from_address", "validAfter": "valid_after", "validBefore": "valid_before"}
    fields = {names.get(name, name): value for name, value in {**AUTHORISATION, **changes}.items()}
    return build_typed_data_for_signing(  # type: ignore[return-value]
        ExactEIP3009Authorization(**fields),  # type: ignore[arg-type]
        CURRENCY.chain_id,
        CURRENCY.token,
        CURRENCY.name,
        CURRENCY.version,
    )


def test_a_wallet_signs_what_its_payer_signs() -> None:
    signature = Wallet(PAYER, CURRENCY).sign_typed_data(*_typed())
    whole = {**WHOLE, "payload": {"authorization": AUTHORISATION, "signature": "0x" + signature.hex()}}
    assert read_header(header(whole))[1].signed_by_payer(CURRENCY)


@pytest.mark.parametrize(
    "change",
    [{"name": "Tether"}, {"version": "2"}, {"chain_id": 1}, {"verifying_contract": OTHER.address}],
)
def test_a_wallet_signs_in_no_other_currency(change: dict[str, object]) -> None:
    domain, *rest = _typed()
    fields = {
        "name": domain.name,
        "version": domain.version,
        "chain_id": domain.chain_id,
        "verifying_contract": domain.verifying_contract,
        **change,
    }
    with pytest.raises(WillNotSign, match="this wallet pays in"):
        Wallet(PAYER, CURRENCY).sign_typed_data(TypedDataDomain(**fields), *rest)


def test_a_wallet_signs_nothing_but_transfers_of_its_own() -> None:
    wallet = Wallet(PAYER, CURRENCY)
    domain, types, _, message = _typed()
    for kind, content in (
        ("Permit", message),
        ("ReceiveWithAuthorization", message),
        ("TransferWithAuthorization", {**message, "from": OTHER.address}),
        ("TransferWithAuthorization", {**message, "more": 1}),
    ):
        with pytest.raises(WillNotSign, match="transfers from"):
            wallet.sign_typed_data(domain, types, kind, content)
    assert "0x" in wallet.address
