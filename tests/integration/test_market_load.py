"""Thousands of requests at once: each is answered with what it deserves, nothing is lost, and nobody pays twice."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from headwater_agents.market.serving import Server
from market_cases import (
    CLOSED,
    EARLY,
    NEXT,
    PAYER,
    PRICE,
    PROVIDER,
    QUESTION,
    THIEF,
    UNKNOWN,
    Chain,
    Market,
    authorise,
    content,
    header,
    open_chain,
    open_market,
    payment,
)

AT_ONCE = 2_000
"""Connections the client opens; the requests wait for them."""


@pytest.fixture(scope="module")
def chain() -> Iterator[Chain]:
    with open_chain("revm", block_time=1) as chain:
        yield chain


@pytest.fixture
def market(chain: Chain, tmp_path: Path) -> Iterator[Market]:
    with open_market(chain, tmp_path) as market:
        yield market


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes


def ask_all(url: str, requests: Sequence[tuple[int, str | None]], at_once: int = AT_ONCE) -> list[Answer]:
    """Ask for all of (question, payment), so many at once, each over a connection of its own; the answers in order.

    By hand: the pool of a client library takes longer to hand out thousands of connections than they take to answer.
    """
    host, port = str(urlsplit(url).hostname), int(urlsplit(url).port or 0)

    async def one(question: int, paid: str | None, room: asyncio.Semaphore) -> Answer:
        async with room:
            reader, writer = await asyncio.open_connection(host, port)
            lines = [f"GET /signals/{question} HTTP/1.1", f"Host: {host}:{port}", "Connection: close"]
            lines += [] if paid is None else [f"PAYMENT-SIGNATURE: {paid}"]
            writer.write("\r\n".join([*lines, "", ""]).encode())
            head, _, body = (await reader.read()).partition(b"\r\n\r\n")
            writer.close()
            await writer.wait_closed()
            return Answer(int(head.split(b" ")[1]), body)

    async def ask() -> list[Answer]:
        room = asyncio.Semaphore(at_once)
        return await asyncio.gather(*(one(question, paid, room) for question, paid in requests))

    return asyncio.run(ask())


def test_two_thousand_requests_at_once_get_what_they_deserve(chain: Chain, market: Market) -> None:
    forged = [payment(chain, signer=THIEF, payer=PAYER.address) for _ in range(20)]
    short = [payment(chain, value=PRICE - 1) for _ in range(20)]
    good = [payment(chain) for _ in range(40)]
    twice = [header(content(chain, authorise(chain))) for _ in range(10)]
    cases: dict[str, tuple[list[tuple[int, str | None]], dict[int, int]]] = {
        "unpaid": ([(QUESTION, None)] * 1_400, {402: 1_400}),
        "unknown": ([(UNKNOWN, None)] * 100, {404: 100}),
        "early": ([(EARLY, None)] * 100, {425: 100}),
        "closed": ([(CLOSED, None)] * 100, {410: 100}),
        "malformed": ([(QUESTION, "nonsense!")] * 100, {400: 100}),
        "forged": ([(QUESTION, each) for each in forged] * 3, {402: 60}),
        "short": ([(QUESTION, each) for each in short] * 3, {402: 60}),
        "good": ([(QUESTION, each) for each in good], {200: 40}),
        "repeated": ([(NEXT, each) for each in twice] * 4, {200: 40}),
    }
    requests = [(name, request) for name, (rows, _) in cases.items() for request in rows]
    order = sorted(range(len(requests)), key=lambda place: place * 7_919 % len(requests))
    before = chain.tokens(PROVIDER), chain.all_tokens()
    answers = ask_all(market.seller_url, [requests[place][1] for place in order])
    counts: dict[str, Counter[int]] = {name: Counter() for name in cases}
    signals = set()
    for place, answer in zip(order, answers, strict=True):
        counts[requests[place][0]][answer.status] += 1
        if answer.status == 200:
            signals.add(answer.body)
        else:
            assert b"forecast" not in answer.body
    assert {name: dict(counter) for name, counter in counts.items()} == {
        name: want for name, (_, want) in cases.items()
    }
    assert len(signals) == 2
    sold = len(good) + len(twice)
    assert chain.tokens(PROVIDER) - before[0] == sold * PRICE
    assert chain.all_tokens() == before[1]
    assert len(market.shelf.sales()) == sold
    assert not market.shelf.unsettled()


def test_more_connections_than_there_is_room_for_are_told_to_come_back(market: Market) -> None:
    with Server(market.seller.app(), connections=20) as small:
        answers = ask_all(small.url, [(QUESTION, None)] * 300, at_once=300)
        counts = Counter(answer.status for answer in answers)
        assert set(counts) <= {402, 503}
        assert counts[503] > 0
        assert counts[402] > 0
        assert ask_all(small.url, [(QUESTION, None)])[0].status == 402
