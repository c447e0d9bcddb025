"""A market to test on: a node on the wall clock, a deployment, a facilitator, a seller and a buyer, on loopback."""

from __future__ import annotations

import base64
import json
import os
import re
import secrets
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from x402 import PaymentPayload
from x402.http import decode_payment_required_header, decode_payment_response_header

from headwater.chain import Account, LocalControl, Receipt, TxRequest
from headwater.chain.backend import Backend
from headwater.chain.connect import connect
from headwater.chain.participant import Participant
from headwater.chain.system import System
from headwater.signals import SignalDomain
from headwater.units import WAD
from headwater_agents.durable.database import Database
from headwater_agents.market.buyer import Buyer, Offer
from headwater_agents.market.facilitator import Facilitator
from headwater_agents.market.fetch import Fetcher
from headwater_agents.market.gate import Price
from headwater_agents.market.payment import IDENTIFIER, IDENTIFIER_OFFER, Currency, read_authorization
from headwater_agents.market.purchases import Limits
from headwater_agents.market.seller import Seller
from headwater_agents.market.serving import Server
from headwater_agents.market.shelf import Shelf
from headwater_deploy import deploy
from headwater_deploy.node import NodeConfig, start_node

TOKENS = WAD
PRICE = 3 * TOKENS
GIFT = 1_000 * TOKENS
FORECAST = (3 * WAD // 10, 7 * WAD // 10)
OTHER_FORECAST = (6 * WAD // 10, 4 * WAD // 10)
QUESTION, NEXT, EARLY, CLOSED, UNKNOWN = 7, 8, 9, 10, 11
AGENT = 5
LIMITS = Limits(per_payment=PRICE, per_question=10 * PRICE, per_day=1_000 * PRICE)

DEPLOYER, PROVIDER, PAYER, FEES, THIEF = (Account.derive(77, index) for index in range(5))


@contextmanager
def wall_clock_anvil(*options: str) -> Iterator[str]:
    """URL of an anvil on the wall clock's time, for as long as the context lasts."""
    # As tests/conftest.py finds it, which cannot be imported by name: there are several of that name.
    places = (os.environ.get("ANVIL"), str(Path(__file__).parents[1] / "node_modules" / ".bin" / "anvil"), "anvil")
    binary = next((found for place in places if place and (found := shutil.which(place))), None)
    if binary is None:
        pytest.skip("ANVIL IS ABSENT: `make anvil`")
    command = [binary, "--host", "127.0.0.1", "--port", "0", "--hardfork", "prague", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        drain = None
        try:
            assert process.stdout is not None
            for line in process.stdout:
                if found := re.search(r"Listening on (127\.0\.0\.1:\d+)", line):
                    break
            else:
                pytest.fail("anvil did not start")
            drain = threading.Thread(target=process.stdout.read, daemon=True)
            drain.start()
            yield f"http://{found[1]}"
        finally:
            process.terminate()
            process.wait(timeout=10)
            if drain is not None:
                drain.join(timeout=10)


@contextmanager
def wall_clock_node(kind: str, block_time: int = 0) -> Iterator[str]:
    """URL of a node on the wall clock's time: "anvil", or "revm" and "tester", ours.

    `block_time` is seconds between blocks, 0 for one with every transaction.
    """
    if kind == "anvil":
        with wall_clock_anvil(*(["--block-time", str(block_time)] if block_time else [])) as url:
            yield url
    else:
        with start_node(NodeConfig(chain=kind, port=0, block_time=block_time)) as node:
            yield node.url


@dataclass
class Chain:
    """A node with the contracts on it, and people with tokens. `funds` pays for gas."""

    url: str
    backend: Backend
    system: System
    funds: Account

    @property
    def currency(self) -> Currency:
        return Currency(chain_id=self.backend.chain_id, token=self.system.addresses.token)

    @property
    def domain(self) -> SignalDomain:
        return SignalDomain(chain_id=self.backend.chain_id, arena=self.system.addresses.arena)

    def people(self) -> list[Participant]:
        return [Participant(self.system, account) for account in (DEPLOYER, PROVIDER, PAYER, FEES, THIEF)]

    def tokens(self, account: Account) -> int:
        return self.system.balance(account.address)

    def all_tokens(self) -> int:
        """Everything that people have: payments move it, and never make or lose any."""
        return sum(self.tokens(person.account) for person in self.people())


def fund(backend: Backend, account: Account) -> None:
    """Give an account money for gas."""
    if isinstance(backend, LocalControl):
        backend.fund(account.address, 10**20)
    else:
        backend.send(TxRequest(to=account.address, value=10**20), Account.derive(0, 0))


@contextmanager
def open_chain(kind: str, block_time: int = 0) -> Iterator[Chain]:
    with wall_clock_node(kind, block_time) as url:
        backend = connect(url)
        try:
            for account in (DEPLOYER, PROVIDER, PAYER, FEES, THIEF):
                fund(backend, account)
            system = deploy(backend, DEPLOYER).system
            chain = Chain(url, backend, system, DEPLOYER)
            deployer = Participant(system, DEPLOYER)
            for account in (PAYER, THIEF):
                deployer.transfer(account.address, GIFT)
            yield chain
        finally:
            backend.close()


@dataclass
class Market:
    """One of each, running. `folder` holds their files."""

    chain: Chain
    folder: Path
    facilitator: Facilitator
    facilitator_url: str
    seller: Seller
    shelf: Shelf
    seller_url: str
    buyer: Buyer
    offer: Offer
    _stack: ExitStack = field(repr=False, default_factory=ExitStack)

    def another_buyer(self, account: Account, limits: Limits = LIMITS) -> Buyer:
        name = f"buyer-{account.address}-{time.monotonic_ns()}.sqlite"
        return self._stack.enter_context(open_buyer(self.chain, self.folder / name, account, limits))


@contextmanager
def open_buyer(
    chain: Chain,
    path: Path,
    account: Account = PAYER,
    limits: Limits = LIMITS,
    now: Callable[[], float] = time.time,
) -> Iterator[Buyer]:
    with ExitStack() as stack:
        database = Database(path, {"role": "buyer", "address": account.address})
        stack.callback(database.close)
        fetcher = stack.enter_context(Fetcher(private=True, seconds=30))
        buyer = Buyer(database, account, chain.domain, chain.currency, limits, chain.url, fetcher, now=now)
        stack.callback(buyer.close)
        yield buyer


@contextmanager
def open_facilitator(chain: Chain, path: Path, **options: float) -> Iterator[tuple[Facilitator, str]]:
    with ExitStack() as stack:
        database = Database(path, {"role": "facilitator"})
        stack.callback(database.close)
        facilitator = Facilitator(
            database,
            chain.url,
            chain.backend.chain_id,
            FEES,
            [chain.currency.token],
            **options,  # type: ignore[arg-type]
        )
        stack.callback(facilitator.close)
        server = stack.enter_context(Server(facilitator.app()))
        yield facilitator, server.url


def authorise(
    chain: Chain,
    *,
    signer: Account = PAYER,
    payer: str | None = None,
    payee: str = PROVIDER.address,
    value: int = PRICE,
    after: int = 0,
    before: int | None = None,
    nonce: bytes | None = None,
) -> dict[str, Any]:
    """x402's payload of an EIP-3009 transfer, with anything about it changed; `signer` signs whatever it says."""
    message = {
        "from": payer or signer.address,
        "to": payee,
        "value": str(value),
        "validAfter": str(after),
        "validBefore": str(int(time.time()) + 60 if before is None else before),
        "nonce": "0x" + (secrets.token_bytes(32) if nonce is None else nonce).hex(),
    }
    content = {"payload": {"authorization": message, "signature": "0x" + "00" * 65}, "accepted": accepted(chain)}
    unsigned = read_authorization(PaymentPayload.model_validate({"x402Version": 2, **content}))
    raw = signer.sign_digest(unsigned.digest(chain.currency))
    return {"authorization": message, "signature": "0x" + (raw[:64] + bytes((27 + raw[64],))).hex()}


def accepted(chain: Chain, **changes: object) -> dict[str, Any]:
    """The seller's terms, as its payers repeat them."""
    currency = chain.currency
    return {
        "scheme": "exact",
        "network": currency.network,
        "asset": currency.token,
        "amount": str(PRICE),
        "payTo": PROVIDER.address,
        "maxTimeoutSeconds": 60,
        "extra": {"name": currency.name, "version": currency.version, "paymentFlow": "upfront"},
        **changes,
    }


def content(
    chain: Chain, payload: dict[str, Any], *, identifier: str | None = "", terms: Mapping[str, object] | None = None
) -> dict[str, Any]:
    """A payment; with a fresh identifier by default, a given one, or None for none."""
    whole: dict[str, Any] = {"x402Version": 2, "payload": payload, "accepted": accepted(chain, **(terms or {}))}
    if identifier is not None:
        name = identifier or "pay_" + secrets.token_hex(16)
        whole["extensions"] = {IDENTIFIER: {**IDENTIFIER_OFFER, "info": {"required": False, "id": name}}}
    return whole


def header(whole: object) -> str:
    """A payment as it stands in its header."""
    return base64.b64encode(json.dumps(whole).encode()).decode()


def payment(chain: Chain, **changes: Any) -> str:
    """The header of a good payment, but for what is changed of its authorisation."""
    return header(content(chain, authorise(chain, **changes)))


def ask(url: str, question: object = QUESTION, payment: str | None = None) -> httpx.Response:
    """Ask a seller for a signal."""
    headers = {} if payment is None else {"PAYMENT-SIGNATURE": payment}
    return httpx.get(f"{url}/signals/{question}", headers=headers, timeout=60, trust_env=False)


def reason(answer: httpx.Response) -> str:
    """Why a payment was refused."""
    if "PAYMENT-RESPONSE" in answer.headers:
        return str(decode_payment_response_header(answer.headers["PAYMENT-RESPONSE"]).error_reason)
    if "PAYMENT-REQUIRED" in answer.headers:
        return str(decode_payment_required_header(answer.headers["PAYMENT-REQUIRED"]).error)
    return str(answer.json()["error"])


@contextmanager
def nothing_moves(chain: Chain) -> Iterator[None]:
    """No account has a wei more or less of the token afterwards."""
    before = [chain.tokens(person.account) for person in chain.people()]
    yield
    assert [chain.tokens(person.account) for person in chain.people()] == before


@contextmanager
def one_payment(chain: Chain, payer: Account = PAYER, wei: int = PRICE) -> Iterator[None]:
    """Exactly one payment goes from payer to provider, and nothing else moves."""
    before = {person.address: chain.tokens(person.account) for person in chain.people()}
    yield
    before[payer.address] -= wei
    before[PROVIDER.address] += wei
    assert {person.address: chain.tokens(person.account) for person in chain.people()} == before


def settlement(chain: Chain, payload: dict[str, Any]) -> bytes:
    """Calldata that settles an authorisation."""
    message, signature = payload["authorization"], bytes.fromhex(payload["signature"][2:])
    return chain.system.token.encode(
        "transferWithAuthorization",
        message["from"],
        message["to"],
        *(int(message[name]) for name in ("value", "validAfter", "validBefore")),
        bytes.fromhex(message["nonce"][2:]),
        signature[64],
        signature[:32],
        signature[32:64],
    )


def submit(chain: Chain, payload: dict[str, Any], by: Account = THIEF) -> Receipt:
    """Submit an authorisation to the token, as anybody may who has seen it."""
    request = TxRequest(to=chain.currency.token, data=settlement(chain, payload), gas=300_000)
    return chain.backend.send(request, by)


def stock(shelf: Shelf, now: int) -> None:
    """Two questions that are for sale, one whose signal is not made, one that is over."""
    for question, closes in ((QUESTION, 3_600), (NEXT, 3_600), (EARLY, 3_600), (CLOSED, -1)):
        shelf.expect(question, outcomes=2, closes=now + closes)
    shelf.put(QUESTION, FORECAST, now)
    shelf.put(NEXT, OTHER_FORECAST, now)
    shelf.put(CLOSED, FORECAST, now)


@contextmanager
def open_seller(chain: Chain, path: Path, facilitator_url: str, price: int = PRICE) -> Iterator[tuple[Seller, str]]:
    with ExitStack() as stack:
        database = Database(path, {"role": "seller"})
        stack.callback(database.close)
        shelf = Shelf(database, PROVIDER, chain.domain, AGENT)
        stock(shelf, int(time.time()))
        seller = Seller(
            shelf, Price(currency=chain.currency, wei=price, payee=PROVIDER.address), facilitator_url, chain.url
        )
        stack.callback(seller.close)
        server = stack.enter_context(Server(seller.app()))
        yield seller, server.url


@contextmanager
def open_market(chain: Chain, folder: Path) -> Iterator[Market]:
    with ExitStack() as stack:
        facilitator, facilitator_url = stack.enter_context(open_facilitator(chain, folder / "facilitator.sqlite"))
        seller, url = stack.enter_context(open_seller(chain, folder / "seller.sqlite", facilitator_url))
        buyer = stack.enter_context(open_buyer(chain, folder / "buyer.sqlite"))
        offer = Offer(agent_id=AGENT, wallet=PROVIDER.address, endpoint=url, wei=PRICE)
        yield Market(chain, folder, facilitator, facilitator_url, seller, seller.shelf, url, buyer, offer, stack)
