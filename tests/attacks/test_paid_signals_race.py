"""A payer that empties its account while its request is served: x402's default flow works for nothing, ours does not.

By default x402 verifies a payment, does the work, and settles afterwards; what the settlement then refuses is work
done for nothing (the package's middleware holds the answer back, but not what the work has cost or done besides).
Settled first ("upfront"), the same payer has either paid or set nothing in motion.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx
import pytest
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from x402 import x402ResourceServer
from x402.http import (
    FacilitatorConfig,
    HTTPFacilitatorClient,
    HTTPRequestContext,
    PaymentOption,
    RouteConfig,
    x402HTTPResourceServer,
)
from x402.mechanisms.evm.exact import ExactEvmServerScheme
from x402.schemas import AssetAmount

from headwater.chain import Account
from headwater.chain.participant import Participant
from headwater_agents.market.gate import Adapter
from headwater_agents.market.serving import Server
from market_cases import (
    PRICE,
    PROVIDER,
    QUESTION,
    Chain,
    Market,
    ask,
    authorise,
    content,
    fund,
    header,
    open_chain,
    open_market,
    payment,
)

PATIENCE_S = 30.0


@pytest.fixture(scope="module", params=["anvil", "revm"])
def chain(request: pytest.FixtureRequest) -> Iterator[Chain]:
    with open_chain(request.param) as chain:
        yield chain


@pytest.fixture(scope="module")
def market(chain: Chain, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    with open_market(chain, tmp_path_factory.mktemp("market")) as market:
        yield market


@dataclass
class Work:
    """What a handler does: it lets the payer act in the middle of it, as work that takes its time does."""

    started: threading.Event = field(default_factory=threading.Event)
    drained: threading.Event = field(default_factory=threading.Event)
    done: int = 0

    def do(self) -> None:
        self.started.set()
        assert self.drained.wait(PATIENCE_S)
        self.done += 1


@contextmanager
def stock_seller(chain: Chain, facilitator: str, flow: dict[str, str], work: Work) -> Iterator[str]:
    """A seller of the stock classes, steps in the order of the package's own middleware."""
    currency = chain.currency
    server = x402ResourceServer(HTTPFacilitatorClient(FacilitatorConfig(url=facilitator)))
    server.register(currency.network, ExactEvmServerScheme())
    extra = {"name": currency.name, "version": currency.version, **flow}
    price = AssetAmount(amount=str(PRICE), asset=currency.token, extra=dict(extra))
    option = PaymentOption("exact", PROVIDER.address, price, currency.network, 60, extra)
    stock = x402HTTPResourceServer(server, RouteConfig(accepts=option))
    stock.initialize()

    async def serve(request: Request) -> Response:
        paid = request.headers.get("payment-signature")
        context = HTTPRequestContext(adapter=Adapter(request, paid), path="/", method="GET", payment_header=paid)
        result = await stock.process_http_request(context)
        if result.type == "payment-error":
            assert result.response is not None
            return JSONResponse(result.response.body, result.response.status, result.response.headers)
        await run_in_threadpool(work.do)
        settled = await stock.process_settlement(
            result.payment_payload,
            result.payment_requirements,
            context=context,
            before_handler_settlement=result.before_handler_settlement,
        )
        await server._facilitator_clients[0].aclose()
        if not settled.success:
            assert settled.response is not None
            return JSONResponse(settled.response.body, settled.response.status, settled.response.headers)
        return JSONResponse({"forecast": "worth something"}, headers=settled.headers)

    with Server(Starlette(routes=[Route("/", serve)])) as running:
        yield running.url


def rich(chain: Chain) -> Participant:
    """Somebody new with exactly the price of one signal."""
    account = Account(secrets.token_bytes(32))
    fund(chain.backend, account)
    chain.people()[0].transfer(account.address, PRICE)
    return Participant(chain.system, account)


def play(chain: Chain, facilitator: str, flow: dict[str, str]) -> tuple[int, int, int]:
    """(status, work done, what the provider got) when the payer empties its account in the middle of the work."""
    work, payer, before = Work(), rich(chain), chain.tokens(PROVIDER)
    terms = {"extra": {"name": "Headwater", "version": "1", **flow}}
    paid = header(content(chain, authorise(chain, signer=payer.account), identifier=None, terms=terms))
    with stock_seller(chain, facilitator, flow, work) as url, ThreadPoolExecutor(1) as thread:
        asked = thread.submit(httpx.get, url, headers={"PAYMENT-SIGNATURE": paid}, timeout=PATIENCE_S, trust_env=False)
        assert work.started.wait(PATIENCE_S)
        left = chain.tokens(payer.account)
        if left:
            payer.transfer(chain.people()[0].address, left)
        work.drained.set()
        answer = asked.result()
    return answer.status_code, work.done, chain.tokens(PROVIDER) - before


def test_by_default_the_work_is_done_and_not_paid_for(chain: Chain, market: Market) -> None:
    assert play(chain, market.facilitator_url, {}) == (402, 1, 0)


def test_settled_first_the_same_payer_has_paid(chain: Chain, market: Market) -> None:
    assert play(chain, market.facilitator_url, {"paymentFlow": "upfront"}) == (200, 1, PRICE)


def test_whoever_empties_its_account_in_time_gets_nothing_here(chain: Chain, market: Market) -> None:
    payer = rich(chain)
    paid = payment(chain, signer=payer.account)
    payer.transfer(chain.people()[0].address, PRICE)
    before = chain.tokens(PROVIDER)
    answer = ask(market.seller_url, QUESTION, paid)
    assert (answer.status_code, chain.tokens(PROVIDER)) == (402, before)
    assert "forecast" not in answer.text


def test_however_the_race_goes_who_is_served_has_paid_and_who_has_paid_is_served(chain: Chain, market: Market) -> None:
    outcomes = set()
    for head_start in (0.0, 0.002, 0.005, 0.01, 0.02, 0.05):
        payer, before = rich(chain), chain.tokens(PROVIDER)
        paid = payment(chain, signer=payer.account)
        away = threading.Event()
        with ThreadPoolExecutor(1) as thread:
            asked = thread.submit(ask, market.seller_url, QUESTION, paid)
            away.wait(head_start)
            try:
                payer.transfer(chain.people()[0].address, PRICE)
                drained = True
            except Exception:  # the payment was quicker, and there is nothing left
                drained = False
            answer = asked.result()
        served, income = "forecast" in answer.text, chain.tokens(PROVIDER) - before
        assert served == (answer.status_code == 200) == (income == PRICE) == (not drained)
        assert income in (0, PRICE)
        outcomes.add(served)
    assert outcomes
