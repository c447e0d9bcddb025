"""Payments that are forged, stolen, replayed or wrong buy nothing; and whoever paid gets exactly what was paid for."""

from __future__ import annotations

import secrets
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import httpx
import pytest
import vyper
from eth_hash.auto import keccak

from headwater.chain import Contract, TxRequest, encode
from headwater_agents.market.payment import MAX_HEADER
from headwater_agents.market.serving import MAX_HEADERS
from market_cases import (
    CLOSED,
    EARLY,
    FORECAST,
    GIFT,
    NEXT,
    OTHER_FORECAST,
    PAYER,
    PRICE,
    PROVIDER,
    QUESTION,
    THIEF,
    UNKNOWN,
    Chain,
    Market,
    accepted,
    ask,
    authorise,
    content,
    header,
    nothing_moves,
    one_payment,
    open_chain,
    open_market,
    payment,
    reason,
    settlement,
    submit,
)

NOW = int(time.time())


@pytest.fixture(scope="module")
def chain() -> Iterator[Chain]:
    with open_chain("revm") as chain:
        yield chain


@pytest.fixture(scope="module")
def market(chain: Chain, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    with open_market(chain, tmp_path_factory.mktemp("market")) as market:
        yield market


@pytest.mark.parametrize(("question", "status"), [(UNKNOWN, 404), (EARLY, 425), (CLOSED, 410), (QUESTION, 402)])
def test_nobody_is_asked_to_pay_for_what_cannot_be_had(
    chain: Chain, market: Market, question: int, status: int
) -> None:
    with nothing_moves(chain):
        assert ask(market.seller_url, question).status_code == status
        if status != 402:
            assert ask(market.seller_url, question, payment(chain)).status_code == status


@pytest.mark.parametrize("question", ["x", "-1", "07", "1e3", "7%2F8", "1" * 79, "%F0%9F%98%80", "7;8"])
def test_what_is_no_question_is_not_found(market: Market, question: str) -> None:
    assert ask(market.seller_url, question).status_code == 404


def test_a_good_payment_buys_one_signal_and_the_same_bytes_again(chain: Chain, market: Market) -> None:
    good = payment(chain)
    with one_payment(chain):
        first = ask(market.seller_url, QUESTION, good)
        assert first.status_code == 200
        again = ask(market.seller_url, QUESTION, good)
    assert (again.status_code, again.content) == (200, first.content)
    assert str(FORECAST[0]) in first.text


def test_a_payment_that_comes_twenty_times_at_once_is_charged_once(chain: Chain, market: Market) -> None:
    good = payment(chain)
    with one_payment(chain), ThreadPoolExecutor(20) as threads:
        answers = list(threads.map(lambda _: ask(market.seller_url, QUESTION, good), range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1


def test_a_payment_for_one_question_is_not_honoured_for_another(chain: Chain, market: Market) -> None:
    good = payment(chain)
    with one_payment(chain):
        assert ask(market.seller_url, QUESTION, good).status_code == 200
        other = ask(market.seller_url, NEXT, good)
    assert other.status_code == 409
    assert str(OTHER_FORECAST[0]) not in other.text


def test_of_two_questions_asked_at_once_with_one_payment_one_is_answered(chain: Chain, market: Market) -> None:
    good = payment(chain)
    with one_payment(chain), ThreadPoolExecutor(10) as threads:
        answers = list(threads.map(lambda turn: ask(market.seller_url, (QUESTION, NEXT)[turn % 2], good), range(10)))
    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [409] * 5


# Wrong in one thing each.


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"value": PRICE - 1}, f"{PRICE - 1} wei authorised; accepted: exactly {PRICE}"),
        ({"value": PRICE + 1}, f"{PRICE + 1} wei authorised; accepted: exactly {PRICE}"),
        ({"value": 0}, f"0 wei authorised; accepted: exactly {PRICE}"),
        ({"value": 2**256 - 1}, "wei authorised; accepted: exactly"),
        ({"payee": THIEF.address}, f"paid to another address; accepted: {PROVIDER.address}"),
        ({"before": NOW - 1}, "invalid_exact_evm_payload_authorization_valid_before"),
        ({"before": 0}, "invalid_exact_evm_payload_authorization_valid_before"),
        ({"after": NOW + 3_600, "before": NOW + 7_200}, "invalid_exact_evm_payload_authorization_valid_after"),
        ({"signer": THIEF, "payer": PAYER.address}, "the payer did not sign this payment"),
        ({"payer": PROVIDER.address}, "the payer did not sign this payment"),
        ({"signer": PROVIDER, "payee": PROVIDER.address, "value": PRICE}, "invalid_exact_evm_insufficient_balance"),
    ],
)
def test_an_authorisation_that_is_not_the_price_now_buys_nothing(
    chain: Chain, market: Market, changes: dict[str, object], why: str
) -> None:
    if why.endswith("insufficient_balance"):
        empty = chain.tokens(PROVIDER)
        if empty:
            chain.people()[1].transfer(PAYER.address, empty)
    with nothing_moves(chain):
        answer = ask(market.seller_url, QUESTION, payment(chain, **changes))
    assert answer.status_code == 402
    assert why in reason(answer)
    assert "forecast" not in answer.text
    assert not market.shelf.unsettled(), "a payment that was refused for certain is not kept"


@pytest.mark.parametrize(
    "terms",
    [
        {"amount": str(PRICE - 1)},
        {"amount": "1"},
        {"asset": "0x" + "11" * 20},
        {"network": "eip155:1"},
        {"payTo": THIEF.address},
        {"scheme": "upto"},
        {"extra": {"name": "Headwater", "version": "1"}},
        {"extra": {"name": "Headwater", "version": "1", "paymentFlow": "authorization"}},
    ],
)
def test_terms_that_the_seller_never_stated_buy_nothing(chain: Chain, market: Market, terms: dict[str, object]) -> None:
    with nothing_moves(chain):
        answer = ask(market.seller_url, QUESTION, header(content(chain, authorise(chain), terms=terms)))
    assert answer.status_code == 402
    assert "PAYMENT-REQUIRED" in answer.headers


def test_a_cancelled_authorisation_buys_nothing(chain: Chain, market: Market) -> None:
    nonce = secrets.token_bytes(32)
    payload = authorise(chain, nonce=nonce)
    kind = keccak(b"CancelAuthorization(address authorizer,bytes32 nonce)")
    struct = keccak(kind + encode(("address", "bytes32"), (PAYER.address, nonce)))
    raw = PAYER.sign_digest(keccak(b"\x19\x01" + chain.currency.domain.separator + struct))
    signature = 27 + raw[64], raw[:32], raw[32:64]
    chain.system.token.send("cancelAuthorization", PAYER.address, nonce, *signature, sender=THIEF, gas=300_000)
    with nothing_moves(chain):
        answer = ask(market.seller_url, QUESTION, header(content(chain, payload)))
    assert answer.status_code == 402
    assert "forecast" not in answer.text


@pytest.mark.parametrize(("payee", "value"), [(PAYER.address, 1), (PAYER.address, PRICE), (PROVIDER.address, 1)])
def test_a_nonce_that_was_used_for_less_buys_nothing(chain: Chain, market: Market, payee: str, value: int) -> None:
    """The token then says that the nonce is used, which is not to be mistaken for a payment of the price."""
    nonce = secrets.token_bytes(32)
    submit(chain, authorise(chain, nonce=nonce, payee=payee, value=value))
    with nothing_moves(chain):
        answer = ask(market.seller_url, QUESTION, payment(chain, nonce=nonce))
    assert answer.status_code == 402
    assert "forecast" not in answer.text


BATCH = """
@external
def run(target: address, calls: DynArray[Bytes[512], 8]):
    for call: Bytes[512] in calls:
        raw_call(target, call)
"""


def test_one_transfer_does_not_pay_for_two_nonces_of_one_transaction(chain: Chain, market: Market) -> None:
    """A payment of the price stands beside the use of another nonce, before it and after it: it is not that one's."""
    made = vyper.compile_code(BATCH, output_formats=["abi", "bytecode"])
    code = TxRequest(to=None, data=bytes.fromhex(made["bytecode"][2:]), gas=1_000_000)
    address = chain.backend.send(code, THIEF).contract_address
    assert address is not None
    nonce, real = secrets.token_bytes(32), [authorise(chain) for _ in range(2)]
    decoy = authorise(chain, nonce=nonce, payee=PAYER.address, value=PRICE)
    calls = [settlement(chain, each) for each in (real[0], decoy, real[1])]
    Contract(chain.backend, address, made["abi"]).send("run", chain.currency.token, calls, sender=THIEF, gas=1_000_000)
    with nothing_moves(chain):
        answers = [ask(market.seller_url, QUESTION, header(content(chain, each))) for each in real]
        assert [answer.status_code for answer in answers] == [200, 200]
        assert ask(market.seller_url, QUESTION, payment(chain, nonce=nonce)).status_code == 402


def test_a_payment_that_somebody_else_submits_first_is_still_the_payers(chain: Chain, market: Market) -> None:
    payload = authorise(chain)
    with one_payment(chain):
        submit(chain, payload)
        answer = ask(market.seller_url, QUESTION, header(content(chain, payload)))
    assert answer.status_code == 200


# Payments of others.


def _read_from_chain(chain: Chain, paid: dict[str, object]) -> dict[str, object]:
    """What a thief learns from a settlement's calldata: everything that was signed, and the signature."""
    return {"authorization": paid["authorization"], "signature": paid["signature"]}


@pytest.mark.parametrize("identifier", [None, "pay_0123456789abcdef", ""])
def test_a_payment_read_on_the_chain_buys_its_reader_nothing(
    chain: Chain, market: Market, identifier: str | None
) -> None:
    payload = authorise(chain)
    with one_payment(chain):
        assert ask(market.seller_url, QUESTION, header(content(chain, payload))).status_code == 200
        stolen = header(content(chain, _read_from_chain(chain, payload), identifier=identifier))
        answers = [ask(market.seller_url, question, stolen) for question in (QUESTION, NEXT)]
    assert [answer.status_code for answer in answers] == [403, 409]
    assert all("forecast" not in answer.text for answer in answers)


def test_without_an_identifier_a_payment_is_answered_once(chain: Chain, market: Market) -> None:
    """The stock client's default: whoever reads the payment on the chain must not be taken for its payer."""
    plain = header(content(chain, authorise(chain), identifier=None))
    with one_payment(chain):
        assert ask(market.seller_url, QUESTION, plain).status_code == 200
        assert ask(market.seller_url, QUESTION, plain).status_code == 403


def test_a_sellers_own_income_buys_nothing_from_another_seller(chain: Chain, market: Market) -> None:
    """A payment goes to one address, so a seller that passes it on to the next gets nothing for it."""
    with nothing_moves(chain):
        stolen = header(content(chain, authorise(chain, payee=THIEF.address), terms={"payTo": PROVIDER.address}))
        assert ask(market.seller_url, QUESTION, stolen).status_code == 402


# What is no payment at all.


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "!",
        "e30=",
        "bnVsbA==",
        "W10=",
        "\\u0000",
        "A" * MAX_HEADER,
        "A" * (MAX_HEADER + 1),
        header({"x402Version": 1, "payload": {}}),
        header({"x402Version": 2}),
        header({"x402Version": 2, "payload": {}, "accepted": {}}),
        header({"x402Version": 2, "payload": [], "accepted": None}),
        header([[]]),
    ],
)
def test_what_is_no_payment_is_a_bad_request(market: Market, raw: str) -> None:
    answer = ask(market.seller_url, QUESTION, raw)
    assert answer.status_code == 400
    assert "payment" in answer.json()["error"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("value", 3),
        ("value", "0x3"),
        ("value", "-1"),
        ("value", "1" * 100),
        ("value", None),
        ("validBefore", "١"),
        ("validAfter", ""),
        ("from", "0x12"),
        ("from", None),
        ("to", ["0x" + "00" * 20]),
        ("nonce", "0x12"),
        ("nonce", 7),
    ],
)
def test_an_authorisation_with_a_malformed_field_is_a_bad_request(
    chain: Chain, market: Market, field: str, value: object
) -> None:
    payload = authorise(chain)
    payload["authorization"][field] = value
    answer = ask(market.seller_url, QUESTION, header(content(chain, payload)))
    assert answer.status_code == 400
    assert field in answer.json()["error"]


@pytest.mark.parametrize(
    "payload",
    [
        {"signature": "0x" + "00" * 65},
        {"authorization": {}, "signature": "0x"},
        {"permit2Authorization": {}, "signature": "0x" + "00" * 65},
        {"authorization": {}, "signature": "0x" + "00" * 96, "more": 1},
    ],
)
def test_other_kinds_of_payment_are_a_bad_request(chain: Chain, market: Market, payload: dict[str, object]) -> None:
    assert ask(market.seller_url, QUESTION, header(content(chain, payload))).status_code == 400


def test_headers_beyond_the_bound_are_cut_off(market: Market) -> None:
    answer = ask(market.seller_url, QUESTION, "A" * (2 * MAX_HEADERS))
    assert answer.status_code in (400, 431)


def test_a_body_beyond_the_bound_is_refused_whether_or_not_it_says_its_length(market: Market) -> None:
    for url in (market.seller_url + "/signals/7", market.facilitator_url + "/settle"):
        method = "GET" if "signals" in url else "POST"
        long = b"x" * 20_000
        assert httpx.request(method, url, content=long, trust_env=False).status_code in (402, 413)
        if method == "POST":
            assert httpx.post(url, content=iter([long]), trust_env=False).status_code == 413


def test_a_connection_that_says_nothing_holds_nobody_up(chain: Chain, market: Market) -> None:
    parts = urlsplit(market.seller_url)
    silent = [socket.create_connection((str(parts.hostname), int(parts.port or 0))) for _ in range(200)]
    try:
        for each in silent[::2]:
            each.sendall(b"GET /signals/7 HTTP/1.1\r\nHost: x\r\nX: ")
        assert ask(market.seller_url).status_code == 402
    finally:
        for each in silent:
            each.close()


def test_nobody_has_lost_or_made_a_token_in_all_of_this(chain: Chain) -> None:
    deployer = chain.people()[0]
    assert chain.all_tokens() == chain.system.supply() - chain.system.balance(chain.system.addresses.treasury)
    assert chain.tokens(deployer.account) == chain.system.supply() - 2 * GIFT
    assert accepted(chain)["amount"] == str(PRICE)
