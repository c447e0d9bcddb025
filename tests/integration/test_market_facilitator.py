"""The facilitator on real nodes: many settlements in flight from one account, and none lost when the node is."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from fault_proxy import Down, Error, FaultProxy, Lost
from headwater.chain import Account, NotMined, TransactionRejected
from headwater.chain.devnode import DevNodeBackend
from headwater.chain.jsonrpc import JsonRpc
from headwater.units import GWEI
from headwater_agents.durable.database import Database
from headwater_agents.market.connections import Connections
from headwater_agents.market.fee_payer import FeePayer
from headwater_agents.market.settlements import Settlements
from market_cases import (
    FEES,
    PRICE,
    PROVIDER,
    THIEF,
    Chain,
    accepted,
    authorise,
    content,
    fund,
    nothing_moves,
    one_payment,
    open_chain,
    open_facilitator,
    settlement,
    submit,
)

PATIENCE_S = 30.0


@pytest.fixture(scope="module")
def chain() -> Iterator[Chain]:
    with open_chain("revm") as chain:
        yield chain


@pytest.fixture
def proxy(chain: Chain) -> Iterator[FaultProxy]:
    with FaultProxy(chain.url) as proxy:
        yield proxy


@contextmanager
def behind(chain: Chain, proxy: FaultProxy) -> Iterator[Chain]:
    yield Chain(proxy.url, chain.backend, chain.system, chain.funds)


def post(url: str, chain: Chain, payload: dict[str, Any], path: str = "settle", **terms: object) -> httpx.Response:
    body = {
        "x402Version": 2,
        "paymentPayload": content(chain, payload),
        "paymentRequirements": accepted(chain, **terms),
    }
    return httpx.post(f"{url}/{path}", json=body, timeout=PATIENCE_S, trust_env=False)


def until(true: Callable[[], bool]) -> None:
    """Wait for a condition, with a deadline."""
    deadline, pause = time.monotonic() + PATIENCE_S, threading.Event()
    while not true():
        assert time.monotonic() < deadline, "it never came true"
        pause.wait(0.01)


# What is asked for over HTTP.


def test_a_payment_is_verified_settled_and_its_success_told_once(chain: Chain, tmp_path: Path) -> None:
    payload = authorise(chain)
    with open_facilitator(chain, tmp_path / "f.sqlite") as (_, url):
        assert post(url, chain, payload, "verify").json() == {
            "isValid": True,
            "payer": payload["authorization"]["from"],
        }
        with one_payment(chain):
            first = post(url, chain, payload).json()
            second = post(url, chain, payload).json()
    assert first["success"] is True
    assert chain.backend.receipt(first["transaction"]) is not None
    assert (second["success"], second["errorReason"]) == (False, "invalid_exact_evm_nonce_already_used")


def test_of_many_requests_to_settle_one_payment_one_succeeds(chain: Chain, tmp_path: Path) -> None:
    payload = authorise(chain)
    with (
        open_facilitator(chain, tmp_path / "f.sqlite") as (_, url),
        one_payment(chain),
        ThreadPoolExecutor(12) as threads,
    ):
        answers = [each.json() for each in threads.map(lambda _: post(url, chain, payload), range(12))]
    assert sum(answer["success"] for answer in answers) == 1
    reasons = {answer["errorReason"] for answer in answers if not answer["success"]}
    assert reasons <= {"duplicate_settlement", "invalid_exact_evm_nonce_already_used"}


def test_a_payment_that_would_fail_is_not_sent_so_it_costs_no_gas(chain: Chain, tmp_path: Path) -> None:
    spent = authorise(chain)
    submit(chain, spent)
    hopeless = [
        spent,
        authorise(chain, signer=Account.derive(1, 99)),
        authorise(chain, signer=THIEF, payer=FEES.address),
    ]
    before = chain.backend.balance(FEES.address), chain.backend.nonce(FEES.address)
    with open_facilitator(chain, tmp_path / "f.sqlite") as (_, url), nothing_moves(chain):
        answers = [post(url, chain, each).json() for each in hopeless]
    assert [answer["errorReason"] for answer in answers] == [
        "invalid_exact_evm_nonce_already_used",
        "invalid_exact_evm_insufficient_balance",
        "invalid_exact_evm_payload_signature",
    ]
    assert (chain.backend.balance(FEES.address), chain.backend.nonce(FEES.address)) == before


@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        ({"asset": PROVIDER.address}, "invalid_payload"),
        ({"asset": "x"}, "invalid_payload"),
        ({"network": "eip155:1"}, "network_mismatch"),
        ({"amount": str(PRICE - 1)}, "invalid_exact_evm_payload_authorization_value_mismatch"),
        ({"amount": "many"}, "unexpected_settle_error"),
        ({"payTo": THIEF.address}, "invalid_exact_evm_payload_recipient_mismatch"),
        ({"extra": {}}, "missing_eip712_domain"),
        ({"extra": {"name": 5, "version": []}}, "invalid_exact_evm_payload_signature"),
    ],
)
def test_terms_that_it_does_not_settle_are_refused(
    chain: Chain, tmp_path: Path, terms: dict[str, object], reason: str
) -> None:
    with open_facilitator(chain, tmp_path / "f.sqlite") as (_, url), nothing_moves(chain):
        answer = post(url, chain, authorise(chain), **terms)
    assert answer.status_code == 200
    assert (answer.json()["success"], answer.json()["errorReason"]) == (False, reason)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"scheme": "upto"}, "unsupported_scheme"),
        ({"scheme": ""}, "unsupported_scheme"),
        ({"network": "solana:1"}, "unsupported_scheme"),
        # It is another chain's, so it is signed for another domain.
        ({"network": "eip155:1"}, "invalid_exact_evm_payload_signature"),
    ],
)
def test_what_a_payment_says_it_answers_must_be_settled_here(
    chain: Chain, tmp_path: Path, change: dict[str, str], reason: str
) -> None:
    payload = authorise(chain)
    body = {
        "x402Version": 2,
        "paymentPayload": content(chain, payload, terms=change),
        "paymentRequirements": accepted(chain, **change),
    }
    with open_facilitator(chain, tmp_path / "f.sqlite") as (_, url), nothing_moves(chain):
        answer = httpx.post(f"{url}/settle", json=body, trust_env=False, timeout=PATIENCE_S)
    assert (answer.status_code, answer.json()["errorReason"]) == (200, reason)


def test_what_is_no_request_is_a_bad_request(chain: Chain, tmp_path: Path) -> None:
    bodies = [b"", b"{", b"[]", b"null", b"7", b'{"x402Version": 1}', b'{"x402Version": 2}', b"[" * 15_000, b"\xff"]
    with open_facilitator(chain, tmp_path / "f.sqlite") as (_, url):
        for path in ("verify", "settle"):
            for body in bodies:
                answer = httpx.post(f"{url}/{path}", content=body, trust_env=False)
                assert (answer.status_code, list(answer.json())) == (400, ["error"]), body[:20]
        assert httpx.post(f"{url}/settle", content=b"x" * 16_385, trust_env=False).status_code == 413
        assert httpx.get(f"{url}/settle", trust_env=False).status_code == 405
        kinds = httpx.get(f"{url}/supported", trust_env=False).json()
    assert [(kind["scheme"], kind["network"]) for kind in kinds["kinds"]] == [("exact", chain.currency.network)]
    assert kinds["signers"] == {"eip155:*": [FEES.address]}


# A node that is away, or does not say what it did.


def test_while_the_node_is_away_nothing_is_decided(chain: Chain, tmp_path: Path, proxy: FaultProxy) -> None:
    payload = authorise(chain)
    with behind(chain, proxy) as there, open_facilitator(there, tmp_path / "f.sqlite") as (_, url):
        assert httpx.get(f"{url}/health", trust_env=False).status_code == 200
        proxy.always("*", Down())
        with nothing_moves(chain):
            for path in ("settle", "verify"):
                answer = post(url, chain, payload, path)
                assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
        assert httpx.get(f"{url}/health", trust_env=False, timeout=PATIENCE_S).status_code == 503
        proxy.always("*", None)
        with one_payment(chain):
            assert post(url, chain, payload).json()["success"] is True


@pytest.mark.parametrize("fault", [Lost(), Down(), Error(-32000, "already known")])
def test_a_transaction_of_which_nothing_is_heard_is_sent_until_it_is_mined(
    chain: Chain, tmp_path: Path, proxy: FaultProxy, fault: Any
) -> None:
    with behind(chain, proxy) as there, open_facilitator(there, tmp_path / "f.sqlite") as (_, url):
        proxy.add("eth_sendRawTransaction", fault)
        with one_payment(chain):
            answer = post(url, chain, authorise(chain)).json()
        assert answer["success"] is True, answer
        with one_payment(chain):
            assert post(url, chain, authorise(chain)).json()["success"] is True


def test_a_refused_transaction_leaves_no_gap(chain: Chain, tmp_path: Path, proxy: FaultProxy) -> None:
    with behind(chain, proxy) as there, open_facilitator(there, tmp_path / "f.sqlite") as (_, url):
        refusals = [Error(-32000, "insufficient funds for gas", before=True)] * 2
        proxy.add("eth_sendRawTransaction", *refusals)
        with nothing_moves(chain):
            assert post(url, chain, authorise(chain)).json()["success"] is False
        with one_payment(chain):
            assert post(url, chain, authorise(chain)).json()["success"] is True


# Many at a time, and across restarts.


def test_thirty_settlements_are_in_flight_at_once_and_share_blocks(tmp_path: Path) -> None:
    with open_chain("revm", block_time=1) as chain, open_facilitator(chain, tmp_path / "f.sqlite") as (_, url):
        payloads = [authorise(chain) for _ in range(30)]
        before = chain.tokens(PROVIDER)
        with ThreadPoolExecutor(30) as threads:
            answers = [each.json() for each in threads.map(lambda each: post(url, chain, each), payloads)]
        assert [answer["success"] for answer in answers] == [True] * 30
        assert chain.tokens(PROVIDER) - before == 30 * PRICE
        assert chain.backend.nonce(FEES.address) == 30
        blocks = {chain.backend.receipt(answer["transaction"]).block_number for answer in answers}  # type: ignore[union-attr]
        assert len(blocks) < 15


@contextmanager
def fee_payer(chain: Chain, path: Path, account: Account, **options: Any) -> Iterator[FeePayer]:
    with ExitStack() as stack:
        database = Database(path, {})
        stack.callback(database.close)
        connections = Connections(chain.url)
        stack.callback(connections.close)
        payer = FeePayer(Settlements(database), connections, account, look_again=0.2, **options)
        stack.callback(payer.close)
        yield payer


@pytest.fixture
def payer(chain: Chain) -> Account:
    account = Account.derive(time.monotonic_ns(), 0)
    fund(chain.backend, account)
    return account


def test_what_was_not_sent_when_the_process_died_is_sent_by_the_next(
    chain: Chain, tmp_path: Path, proxy: FaultProxy, payer: Account
) -> None:
    path, token = tmp_path / "f.sqlite", chain.currency.token
    proxy.always("eth_sendRawTransaction", Down())
    with behind(chain, proxy) as there, fee_payer(there, path, payer) as first, nothing_moves(chain):
        sent = [first.send(token, settlement(chain, authorise(chain)), str(number)) for number in range(3)]
        with pytest.raises(NotMined):
            first.wait(sent[0], 0.05)
    before = chain.tokens(PROVIDER)
    with fee_payer(chain, path, payer) as second:
        assert [second.wait(each, PATIENCE_S).status for each in sent] == [1, 1, 1]
        assert second.in_flight == 0
        assert chain.tokens(PROVIDER) - before == 3 * PRICE
        further = second.send(token, settlement(chain, authorise(chain)), "3")
        assert second.wait(further, PATIENCE_S).status == 1
    assert chain.backend.nonce(payer.address) == 4


def test_transactions_behind_a_gap_are_given_up_when_the_chain_is_another(
    chain: Chain, tmp_path: Path, proxy: FaultProxy, payer: Account
) -> None:
    """A development chain that begins anew knows nothing of the nonces that were used on the one before."""
    path, token = tmp_path / "f.sqlite", chain.currency.token
    with behind(chain, proxy) as there, fee_payer(there, path, payer) as first:
        first.wait(first.send(token, settlement(chain, authorise(chain)), "0"), PATIENCE_S)
        proxy.always("eth_sendRawTransaction", Down())
        stuck = first.send(token, settlement(chain, authorise(chain)), "1")
    with open_chain("revm") as fresh:
        fund(fresh.backend, payer)
        with fee_payer(fresh, path, payer) as second:
            sent = second.send(fresh.currency.token, settlement(fresh, authorise(fresh)), "2")
            assert second.wait(sent, PATIENCE_S).status == 1
            with pytest.raises((NotMined, TransactionRejected)):
                second.wait(stuck, 0.1)
        assert fresh.backend.receipt(stuck) is None
        assert fresh.backend.nonce(payer.address) == 1


def test_a_transaction_that_offers_too_little_is_replaced_by_one_that_offers_more(tmp_path: Path) -> None:
    with open_chain("anvil") as chain:
        node = chain.backend
        assert isinstance(node, DevNodeBackend)
        rpc = JsonRpc(chain.url)
        rpc.request("evm_setAutomine", False)
        with fee_payer(chain, tmp_path / "f.sqlite", FEES) as payer:
            before = chain.tokens(PROVIDER)
            sent = [payer.send(chain.currency.token, settlement(chain, authorise(chain)), str(n)) for n in range(3)]

            def mined() -> bool:
                # It falls by an eighth with every empty block.
                rpc.request("anvil_setNextBlockBaseFeePerGas", hex(100 * GWEI))
                node.mine()
                return payer.in_flight == 0

            until(mined)
            assert [node.receipt(each) for each in sent] == [None] * 3, "the first ones offered enough after all"
        assert chain.tokens(PROVIDER) - before == 3 * PRICE
        assert node.nonce(FEES.address) == 3
        rpc.close()
