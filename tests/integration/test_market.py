"""The market end to end: a signal is paid for once, over HTTP, on a real chain, and its buyer gets it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from headwater.signals import recover
from market_cases import (
    AGENT,
    FORECAST,
    PAYER,
    PRICE,
    PROVIDER,
    QUESTION,
    Chain,
    Market,
    open_chain,
    open_market,
)


@pytest.fixture(scope="module", params=["anvil", "revm", "tester"])
def chain(request: pytest.FixtureRequest) -> Iterator[Chain]:
    with open_chain(request.param) as chain:
        yield chain


@pytest.fixture
def market(chain: Chain, tmp_path: Path) -> Iterator[Market]:
    with open_market(chain, tmp_path) as market:
        yield market


def test_a_signal_is_bought_for_its_price_and_kept(chain: Chain, market: Market) -> None:
    before = chain.tokens(PAYER), chain.tokens(PROVIDER), chain.all_tokens()
    signed = market.buyer.buy(market.offer, QUESTION, outcomes=2)
    assert signed.signal.forecast == FORECAST
    assert signed.signal.agent_id == AGENT
    assert recover(signed, chain.domain) == PROVIDER.address
    assert (before[0] - chain.tokens(PAYER), chain.tokens(PROVIDER) - before[1]) == (PRICE, PRICE)
    assert chain.all_tokens() == before[2]
    assert market.buyer.buy(market.offer, QUESTION) == signed
    assert chain.tokens(PROVIDER) - before[1] == PRICE
    assert [sale.question for sale in market.shelf.sales()] == [QUESTION]
