"""Prices, terms and deals: what they may be, what they come to, and how they are hashed and signed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from deals_cases import DOMAIN, EXPIRES, FIRST, OTHER, SECOND, fresh, terms
from eth_hash.auto import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.chain.accounts import Account, recover_typed, typed_digest
from headwater.chain.codec import encode
from headwater.deals import MAX_STATE, Deal, Price, Reason, Refused, Terms, negotiation_id, percent, signed_by
from headwater.units import MAX_WEI, WAD

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141

prices = st.lists(
    st.tuples(st.integers(0, MAX_STATE), st.integers(0, WAD)), max_size=15, unique_by=lambda step: step[0]
).map(lambda steps: Price(((0, 7), *sorted(step for step in steps if step[0] > 0))))


@given(prices, st.integers(0, MAX_STATE))
@settings(max_examples=50, deadline=None)
def test_a_price_is_the_share_of_the_last_step_reached(price: Price, state: int) -> None:
    assert price.at(state) == [share for start, share in price.steps if start <= state][-1] <= price.most
    assert [(word >> 64, word % 2**64) for word in price.words] == list(price.steps)
    assert price.hash == keccak(price.packed)
    assert len(price.packed) == 32 * len(price.steps)


@pytest.mark.parametrize(
    ("steps", "reason"),
    [
        ((), Reason.PRICE),
        (((1, 5),), Reason.PRICE),
        (((0, 5), (0, 6)), Reason.PRICE),
        (((0, 5), (9, 6), (8, 6)), Reason.PRICE),
        (((0, 5), (2**192, 6)), Reason.PRICE),
        (tuple((state, 5) for state in range(17)), Reason.PRICE),
        (((0, 0.5),), Reason.PRICE),
        (((0, True),), Reason.PRICE),
        (((0, 14 * WAD // 10),), Reason.SHARE),
        (((0, WAD + 1),), Reason.SHARE),
        (((0, -1),), Reason.SHARE),
    ],
)
def test_a_price_that_is_none_is_refused_with_its_reason(steps: tuple[tuple[int, int], ...], reason: Reason) -> None:
    with pytest.raises(Refused) as refused:
        Price(steps)
    assert refused.value.reason is reason


def test_a_refused_share_is_said_in_percent() -> None:
    with pytest.raises(Refused, match=r"140%; accepted: 0% to 100%"):
        Price.fixed(14 * WAD // 10)
    assert percent(WAD // 3) == "33.3333333333333333%"
    assert percent(-WAD // 20) == "-5%"
    assert (percent(0), percent(WAD), percent(1)) == ("0%", "100%", "0.0000000000000001%")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"payer": "0x12"}, Reason.PARTY),
        ({"payer": FIRST.address.lower()}, Reason.PARTY),
        ({"payee": FIRST.address}, Reason.PARTY),
        ({"payer_action": ""}, Reason.ACTION),
        ({"payee_action": "x" * 65}, Reason.ACTION),
        ({"payee_action": "a\nb"}, Reason.ACTION),
        ({"payee_action": "\ud800"}, Reason.ACTION),
        ({"payee_action": 5}, Reason.ACTION),
        ({"deposit": -1}, Reason.AMOUNT),
        ({"deposit": MAX_WEI + 1}, Reason.AMOUNT),
        ({"deposit": 1.0}, Reason.AMOUNT),
        ({"price": 5}, Reason.PRICE),
    ],
)
def test_terms_out_of_range_are_refused_with_their_reason(changes: dict[str, object], reason: Reason) -> None:
    with pytest.raises(Refused) as refused:
        replace(terms(), **changes)  # type: ignore[arg-type]
    assert refused.value.reason is reason


def test_a_share_of_ten_is_met_to_the_wei() -> None:
    assert terms(55 * WAD // 100).amount(10 * WAD) == 55 * WAD // 10
    assert terms(WAD // 3).amount(10) == 3
    assert terms(WAD).amount(-5) == 0


@given(prices, st.integers(0, 2**256 - 1), st.integers(0, MAX_WEI), st.integers(0, 2**32 - 1))
@settings(max_examples=15, deadline=None)
def test_a_deal_hashes_as_wallets_hash_it(price: Price, number: int, deposit: int, revision: int) -> None:
    deal = Deal(replace(terms(), price=price, deposit=deposit), number, number, revision, 2**64 - 1)
    assert deal.digest(DOMAIN) == typed_digest(deal.message(DOMAIN))
    signature = deal.sign(FIRST, DOMAIN)
    assert signature == FIRST.sign_typed(deal.message(DOMAIN))
    deal.check(FIRST.address, signature, DOMAIN)


def test_a_message_hashes_as_wallets_hash_it() -> None:
    negotiation = fresh()
    for message in (negotiation.offer(FIRST, terms(), EXPIRES), negotiation.halt(FIRST)):
        assert message.digest == typed_digest(message.message())
        assert recover_typed(message.message(), message.signature) == FIRST.address


def test_a_negotiation_is_named_by_task_parties_and_nonce() -> None:
    words = encode(("uint256", "address", "address", "uint256"), (7, FIRST.address, SECOND.address, 3))
    assert negotiation_id(7, FIRST.address, SECOND.address, 3) == keccak(words)
    assert negotiation_id(7, FIRST.address, SECOND.address, 3) != negotiation_id(7, SECOND.address, FIRST.address, 3)


@pytest.mark.parametrize("field", ["task", "nonce", "revision", "expires"])
def test_a_deal_with_a_negative_or_huge_number_is_refused(field: str) -> None:
    numbers = {"task": 1, "nonce": 1, "revision": 1, "expires": 1}
    for number in (-1, 2**256):
        with pytest.raises(Refused) as refused:
            Deal(terms(), **(numbers | {field: number}))
        assert refused.value.reason is Reason.AMOUNT


def test_a_signature_that_the_escrow_would_not_take_is_none() -> None:
    deal = Deal(terms(), 7, 0, 0, EXPIRES)
    digest, signature = deal.digest(DOMAIN), deal.sign(FIRST, DOMAIN)
    assert signed_by(digest, signature) == FIRST.address
    high = ORDER - int.from_bytes(signature[32:64], "big")
    other_form = signature[:32] + high.to_bytes(32, "big") + bytes((55 - signature[64],))
    raw_parity = signature[:64] + bytes((signature[64] - 27,))
    for refused in (other_form, raw_parity, signature[:64], signature + b"\0", b"", bytes(65), b"\xff" * 64 + b"\x1b"):
        assert signed_by(digest, refused) is None
    with pytest.raises(Refused) as failed:
        deal.check(FIRST.address, deal.sign(OTHER, DOMAIN), DOMAIN)
    assert failed.value.reason is Reason.DEAL_SIGNATURE


def test_terms_may_be_for_any_two_accounts() -> None:
    strangers = Account.derive(9, 0).address, Account.derive(9, 1).address
    made = Terms(payer=strangers[0], payee=strangers[1], payer_action="hören", payee_action="Ω", price=Price.fixed(0))
    assert made.amount(WAD) == 0
