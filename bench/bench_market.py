"""What it costs to be paid: answers and sales a second of the seller, beside the same app without payment.

Everything on loopback, over HTTP/1.1 with a connection a request. The client is a process of its own. The node, the
facilitator and the seller share one Python process, so sales are a lower bound of what three machines would do.

    python bench/bench_market.py [--quick] [--json]
"""

from __future__ import annotations

import asyncio
import base64
import json
import secrets
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from starlette.applications import Starlette
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

from headwater.chain import Account, TxRequest, connect
from headwater.chain.participant import Participant
from headwater.signals import SignalDomain
from headwater.units import WAD
from headwater_agents.durable.database import Database
from headwater_agents.market.facilitator import Facilitator
from headwater_agents.market.gate import Adapter, Price
from headwater_agents.market.payment import Currency, read_payload
from headwater_agents.market.seller import Seller
from headwater_agents.market.serving import Server
from headwater_agents.market.shelf import Shelf
from headwater_deploy import deploy
from headwater_deploy.node import NodeConfig, start_node

QUESTION: Final = 7
PRICE: Final = WAD
AT_ONCE: Final = 32
PAYER, PROVIDER, FEES = (Account.derive(91, index) for index in range(3))


@dataclass(frozen=True)
class Place:
    """A node with the contracts, and a facilitator beside it."""

    node: str
    facilitator: str
    currency: Currency
    domain: SignalDomain


@contextmanager
def place(folder: Path) -> Iterator[Place]:
    """Start them; the payer has tokens."""
    with ExitStack() as stack:
        node = stack.enter_context(start_node(NodeConfig(chain="revm", block_time=0)))
        backend = connect(node.url)
        stack.callback(backend.close)
        owner = Account.derive(0, 0)
        for account in (PAYER, PROVIDER, FEES):
            backend.send(TxRequest(to=account.address, value=10**20), owner)
        system = deploy(backend, owner).system
        Participant(system, owner).transfer(PAYER.address, 10**6 * WAD)
        currency = Currency(chain_id=backend.chain_id, token=system.addresses.token)
        database = Database(folder / "facilitator.sqlite", {})
        stack.callback(database.close)
        facilitator = Facilitator(database, node.url, backend.chain_id, FEES, [currency.token])
        stack.callback(facilitator.close)
        server = stack.enter_context(Server(facilitator.app()))
        yield Place(
            node.url, server.url, currency, SignalDomain(chain_id=backend.chain_id, arena=system.addresses.arena)
        )


@contextmanager
def our_seller(where: Place, folder: Path) -> Iterator[str]:
    """The seller; its URL."""
    with ExitStack() as stack:
        database = Database(folder / "seller.sqlite", {})
        stack.callback(database.close)
        shelf = Shelf(database, PROVIDER, where.domain)
        shelf.expect(QUESTION, outcomes=2, closes=2**40)
        shelf.put(QUESTION, (WAD // 4, WAD - WAD // 4), int(time.time()))
        seller = Seller(
            shelf, Price(currency=where.currency, wei=PRICE, payee=PROVIDER.address), where.facilitator, where.node
        )
        stack.callback(seller.close)
        yield stack.enter_context(Server(seller.app())).url


@contextmanager
def free_app() -> Iterator[str]:
    """An app that gives the same bytes away."""
    body = json.dumps({"forecast": [str(WAD // 4), str(WAD - WAD // 4)], "signature": "0x" + "00" * 65}).encode()

    async def serve(_: Request) -> Response:
        return Response(body, media_type="application/json")

    with Server(Starlette(routes=[Route("/signals/{question}", serve)])) as server:
        yield server.url


@contextmanager
def stock_app(where: Place) -> Iterator[str]:
    """The stock classes in their default flow: verify, serve, settle. Nothing is kept on disk."""
    client = HTTPFacilitatorClient(FacilitatorConfig(url=where.facilitator))
    resource = x402ResourceServer(client)
    scheme: Any = ExactEvmServerScheme()  # type: ignore[no-untyped-call]
    resource.register(where.currency.network, scheme)
    extra = {"name": where.currency.name, "version": where.currency.version}
    price = AssetAmount(amount=str(PRICE), asset=where.currency.token, extra=dict(extra))
    option = PaymentOption("exact", PROVIDER.address, price, where.currency.network, 60, extra)
    stock = x402HTTPResourceServer(resource, RouteConfig(accepts=option))
    stock.initialize()

    async def serve(request: Request) -> Response:
        paid = request.headers.get("payment-signature")
        context = HTTPRequestContext(Adapter(request, paid), request.url.path, "GET", paid)
        result = await stock.process_http_request(context)
        if result.payment_payload is None or result.payment_requirements is None:
            answer = result.response
            return JSONResponse({}, 402 if answer is None else answer.status, answer.headers if answer else None)
        settled = await stock.process_settlement(result.payment_payload, result.payment_requirements, context)
        return JSONResponse({"forecast": "…"}, 200 if settled.success else 402, settled.headers)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await client.aclose()

    with Server(Starlette(routes=[Route("/signals/{question}", serve)], lifespan=lifespan)) as server:
        yield server.url


def payments(where: Place, count: int, flow: dict[str, str]) -> list[str]:
    """Headers of good payments for a flow."""
    currency = where.currency
    accepted = {
        "scheme": "exact",
        "network": currency.network,
        "asset": currency.token,
        "amount": str(PRICE),
        "payTo": PROVIDER.address,
        "maxTimeoutSeconds": 60,
        "extra": {"name": currency.name, "version": currency.version, **flow},
    }
    made = []
    for _ in range(count):
        authorization = {
            "from": PAYER.address,
            "to": PROVIDER.address,
            "value": str(PRICE),
            "validAfter": "0",
            "validBefore": str(int(time.time()) + 600),
            "nonce": "0x" + secrets.token_hex(32),
        }
        whole: dict[str, Any] = {
            "x402Version": 2,
            "payload": {"authorization": authorization, "signature": "0x" + "00" * 65},
            "accepted": accepted,
        }
        _, unsigned = read_payload(whole)
        raw = PAYER.sign_digest(unsigned.digest(currency))
        whole["payload"]["signature"] = "0x" + (raw[:64] + bytes((27 + raw[64],))).hex()
        made.append(base64.b64encode(json.dumps(whole).encode()).decode())
    return made


def hammer(url: str, headers: Sequence[str]) -> tuple[float, dict[int, int]]:
    """(requests a second, answers by status) of a request for each header, AT_ONCE at a time; "" is none."""
    host, port = str(urlsplit(url).hostname), int(urlsplit(url).port or 0)
    statuses: dict[int, int] = {}

    async def one(header: str, room: asyncio.Semaphore) -> None:
        async with room:
            reader, writer = await asyncio.open_connection(host, port)
            line = f"PAYMENT-SIGNATURE: {header}\r\n" if header else ""
            writer.write(f"GET /signals/{QUESTION} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{line}\r\n".encode())
            status = int((await reader.read()).split(b" ")[1])
            statuses[status] = statuses.get(status, 0) + 1
            writer.close()

    async def everything() -> float:
        room = asyncio.Semaphore(AT_ONCE)
        start = time.perf_counter()
        await asyncio.gather(*(one(header, room) for header in headers))
        return time.perf_counter() - start

    seconds = asyncio.run(everything())
    return len(headers) / seconds, statuses


def run(quick: bool) -> list[dict[str, Any]]:
    """A row for each: what was asked, requests a second, share of the baseline, statuses."""
    unpaid, paid = (500, 50) if quick else (5_000, 400)
    rows: list[dict[str, Any]] = []
    with (
        tempfile.TemporaryDirectory() as folder,
        place(Path(folder)) as where,
        ProcessPoolExecutor(1, mp_context=get_context("spawn")) as client,
    ):

        def measure(what: str, url: str, headers: Sequence[str], want: int) -> None:
            client.submit(
                hammer, url, headers[:1] if want == 402 else [""]
            ).result()  # connections, imports, /supported
            rate, statuses = client.submit(hammer, url, headers).result()
            if statuses != {want: len(headers)}:
                raise RuntimeError(f"{what}: expected {len(headers)} answers of {want}, got {statuses}")
            rows.append({"what": what, "requests": len(headers), "per_second": rate})

        with free_app() as url:
            measure("given away, no payment asked (baseline)", url, [""] * unpaid, 200)
        with our_seller(where, Path(folder)) as url:
            measure("asked for payment: 402 with terms", url, [""] * unpaid, 402)
            good = payments(where, paid, {"paymentFlow": "upfront"})
            measure("sold: bound on disk, settled, handed over", url, good, 200)
        with stock_app(where) as url:
            measure("stock default flow: verified, served, settled", url, payments(where, paid, {}), 200)
    return rows


def table(rows: list[dict[str, Any]]) -> str:
    """The rows as Markdown."""
    base = rows[0]["per_second"]
    lines = ["| | requests | per second | of the baseline |", "|---|---:|---:|---:|"]
    lines += [
        f"| {row['what']} | {row['requests']:,} | {row['per_second']:,.0f} | {row['per_second'] / base:.1%} |"
        for row in rows
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    found = run("--quick" in sys.argv)
    print(json.dumps(found, indent=1) if "--json" in sys.argv else table(found))
