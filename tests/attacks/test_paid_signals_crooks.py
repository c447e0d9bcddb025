"""Sellers that cheat: what they send instead of a signal is evidence against them, and no limit is ever passed."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from x402 import PaymentRequired, PaymentRequirements
from x402.http import encode_payment_required_header

from headwater.chain import Account, local_control
from headwater.signals import Signal, SignedSignal, signal_to_json, signing_hash
from headwater.units import WAD
from headwater_agents.market.buyer import BadSignal, BadTerms, Buyer, NotForSale, Offer, Refused, Unfinished
from headwater_agents.market.fetch import FetchError
from headwater_agents.market.purchases import Limits, OverLimit
from headwater_agents.market.serving import Server
from market_cases import (
    AGENT,
    FORECAST,
    LIMITS,
    PAYER,
    PRICE,
    PROVIDER,
    QUESTION,
    THIEF,
    Chain,
    accepted,
    nothing_moves,
    one_payment,
    open_buyer,
    open_chain,
    open_market,
    submit,
)

Paid = Callable[[dict[str, Any]], Response]


@pytest.fixture(scope="module")
def chain() -> Iterator[Chain]:
    with open_chain("revm") as chain:
        yield chain


@dataclass
class Crook:
    """A seller that asks for what it likes and answers a payment as it likes."""

    chain: Chain
    terms: dict[str, object]
    paid: Paid
    payments: list[dict[str, Any]]

    def offer(self, url: str) -> Offer:
        return Offer(agent_id=AGENT, wallet=PROVIDER.address, endpoint=url, wei=PRICE)

    async def serve(self, request: Request) -> Response:
        header = request.headers.get("payment-signature")
        if header is None:
            terms = PaymentRequirements.model_validate(accepted(self.chain, **self.terms))
            required = encode_payment_required_header(PaymentRequired(accepts=[terms]))
            return Response(status_code=402, headers={"PAYMENT-REQUIRED": required})
        payment = json.loads(base64.b64decode(header))["payload"]
        self.payments.append(payment)
        return self.paid(payment)


Start = Callable[..., tuple[Crook, Offer]]


@pytest.fixture
def crook(chain: Chain) -> Iterator[Start]:
    servers: list[Server] = []

    def start(paid: Paid = lambda _: Response(status_code=500), **terms: object) -> tuple[Crook, Offer]:
        made = Crook(chain, terms, paid, [])
        server = Server(Starlette(routes=[Route("/signals/{question}", made.serve)])).start()
        servers.append(server)
        return made, made.offer(server.url)

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def buyer(chain: Chain, tmp_path: Path) -> Iterator[Buyer]:
    with open_buyer(chain, tmp_path / "buyer.sqlite") as buyer:
        yield buyer


def signed(chain: Chain, signer: Account = PROVIDER, **changes: Any) -> SignedSignal:
    fields = {
        "question": QUESTION,
        "provider": PROVIDER.address,
        "agent_id": AGENT,
        "forecast": FORECAST,
        "time": int(time.time()),
        **changes,
    }
    signal = Signal(**fields)
    raw = signer.sign_digest(signing_hash(signal, chain.domain))
    return SignedSignal(signal=signal, signature=raw[:64] + bytes((27 + raw[64],)))


def test_an_honest_signal_passes(chain: Chain, crook: Start, buyer: Buyer) -> None:
    good = signed(chain)
    _, offer = crook(lambda _: Response(signal_to_json(good)))
    assert buyer.buy(offer, QUESTION, outcomes=2) == good


BAD: dict[str, tuple[Callable[[Chain], bytes], str]] = {
    "another's signature": (lambda chain: signal_to_json(signed(chain, THIEF)), "not what was signed"),
    "another provider": (lambda chain: signal_to_json(signed(chain, THIEF, provider=THIEF.address)), "it is 0x"),
    "another agent": (lambda chain: signal_to_json(signed(chain, agent_id=6)), "it is agent 6's, not agent 5's"),
    "another question": (lambda chain: signal_to_json(signed(chain, question=8)), "it is for question 8"),
    "the future": (lambda chain: signal_to_json(signed(chain, time=2**40)), "from the future"),
    "three outcomes": (
        lambda chain: signal_to_json(signed(chain, forecast=(WAD // 2, WAD // 4, WAD // 4))),
        "3 outcomes, the question 2",
    ),
    "a signature cut off": (lambda chain: signal_to_json(signed(chain))[:-4] + b'"}', "signature must be"),
    "nothing": (lambda _: b"", "not JSON"),
    "a page": (lambda _: b"<html>thank you</html>", "not JSON"),
    "unsigned": (lambda _: b'{"forecast": ["1", "2"]}', "exactly"),
    "too much": (lambda chain: signal_to_json(signed(chain)) + b" " * 2_048, "bytes"),
}


@pytest.mark.parametrize("kind", BAD)
def test_what_is_not_the_signal_that_was_sold_is_kept_as_evidence(
    chain: Chain, crook: Start, buyer: Buyer, kind: str
) -> None:
    body, fault = BAD[kind][0](chain), BAD[kind][1]

    def cheat(payment: dict[str, Any]) -> Response:
        submit(chain, payment, PROVIDER)
        return Response(body)

    _, offer = crook(cheat)
    with one_payment(chain), pytest.raises(BadSignal, match=fault):
        buyer.buy(offer, QUESTION, outcomes=2)
    (evidence,) = buyer.purchases.evidence(PROVIDER.address)
    assert (evidence.body, evidence.question) == (body, QUESTION)
    assert fault in evidence.fault
    assert buyer.purchases.faults() == {PROVIDER.address: 1}
    assert buyer.purchases.spent() == PRICE


@pytest.mark.parametrize(
    "terms",
    [
        {"amount": str(PRICE + 1)},
        {"amount": str(PRICE - 1)},
        {"payTo": THIEF.address},
        {"asset": THIEF.address},
        {"network": "eip155:1"},
        {"scheme": "upto"},
        {"maxTimeoutSeconds": LIMITS.seconds + 1},
        {"maxTimeoutSeconds": 0},
        {"extra": {"name": "Tether", "version": "1"}},
        {"extra": {"name": "Headwater", "version": "1", "assetTransferMethod": "permit2"}},
    ],
)
def test_terms_that_were_not_offered_are_not_paid(
    chain: Chain, crook: Start, buyer: Buyer, terms: dict[str, object]
) -> None:
    made, offer = crook(**terms)
    with nothing_moves(chain), pytest.raises(BadTerms, match="it offered"):
        buyer.buy(offer, QUESTION)
    assert made.payments == []
    assert buyer.purchases.all() == []


@pytest.mark.parametrize("header", ["", "!", "e30=", "bnVsbA==", "A" * 20_000, base64.b64encode(b"[" * 9_000).decode()])
def test_terms_that_cannot_be_read_are_not_paid(chain: Chain, buyer: Buyer, header: str) -> None:
    async def serve(_: Request) -> Response:
        return Response(status_code=402, headers={"PAYMENT-REQUIRED": header})

    with Server(Starlette(routes=[Route("/signals/{question}", serve)])) as server, nothing_moves(chain):
        offer = Offer(agent_id=AGENT, wallet=PROVIDER.address, endpoint=server.url, wei=PRICE)
        with pytest.raises((BadTerms, FetchError)):
            buyer.buy(offer, QUESTION)
    assert buyer.purchases.all() == []


@pytest.mark.parametrize("taken", [True, False])
def test_what_a_seller_refuses_stays_reserved_until_the_chain_says_whether_it_took_it(
    tmp_path: Path, taken: bool
) -> None:
    """It could say no and settle later: so no limit is ever passed on its word, and it is found out in the end."""
    limits = Limits(per_payment=PRICE, per_question=PRICE, per_day=PRICE)
    with (
        open_chain("anvil") as chain,
        open_buyer(chain, tmp_path / "b.sqlite", limits=limits, now=chain.backend.now) as buyer,
    ):
        made = Crook(chain, {}, lambda _: Response(status_code=402), [])
        with Server(Starlette(routes=[Route("/signals/{question}", made.serve)])) as server:
            for _ in range(2):
                with nothing_moves(chain), pytest.raises(Refused):
                    buyer.buy(made.offer(server.url), QUESTION)
            with pytest.raises(OverLimit):
                buyer.buy(made.offer(server.url), QUESTION + 1)
        if taken:
            with one_payment(chain):
                submit(chain, made.payments[0], PROVIDER)
        assert buyer.reconcile() == [], "it can still be settled"
        control = local_control(chain.backend)
        control.time_travel(chain.backend.now() + 120)
        control.mine()
        assert len(buyer.reconcile()) == 1
        (kept,) = buyer.purchases.all()
        assert (kept.state, kept.settled) == (("lost", True) if taken else ("lapsed", False))
        assert buyer.purchases.faults() == ({PROVIDER.address: 1} if taken else {})
        assert buyer.purchases.spent() == (PRICE if taken else 0)


def test_a_seller_that_never_answers_costs_nothing_twice(chain: Chain, crook: Start, buyer: Buyer) -> None:
    made, offer = crook(lambda _: Response(status_code=500))
    for _ in range(3):
        with pytest.raises(Unfinished):
            buyer.buy(offer, QUESTION, deadline=0.4)
    assert len({json.dumps(payment) for payment in made.payments}) == 1
    assert len(made.payments) >= 3
    assert buyer.purchases.spent() == PRICE


def test_a_redirect_is_not_followed_with_a_payment_in_hand(chain: Chain, crook: Start, buyer: Buyer) -> None:
    other, elsewhere = crook()
    _, offer = crook(lambda _: RedirectResponse(elsewhere.endpoint + "/signals/7"))
    with pytest.raises(Unfinished):
        buyer.buy(offer, QUESTION, deadline=0.4)
    assert other.payments == []


def test_a_seller_without_the_signal_gets_no_payment(chain: Chain, buyer: Buyer) -> None:
    async def serve(_: Request) -> Response:
        return Response(status_code=425)

    with Server(Starlette(routes=[Route("/signals/{question}", serve)])) as server:
        offer = Offer(agent_id=AGENT, wallet=PROVIDER.address, endpoint=server.url, wei=PRICE)
        with pytest.raises(NotForSale) as caught:
            buyer.buy(offer, QUESTION)
    assert caught.value.status == 425
    assert buyer.purchases.all() == []


def test_several_sellers_are_bought_from_at_once_within_the_limit_of_the_question(
    chain: Chain, crook: Start, tmp_path: Path
) -> None:
    """Thirty wallets, a limit of ten: ten payments leave, whoever is first."""
    offers = []
    for number in range(30):
        wallet = Account.derive(5, number).address
        _, offer = crook(lambda _: Response(status_code=402), payTo=wallet)
        offers.append(replace(offer, wallet=wallet))
    with open_buyer(chain, tmp_path / "buyer.sqlite") as buyer:
        answers = buyer.buy_all(offers, QUESTION, deadline=30)
        assert sorted(type(answer).__name__ for answer in answers) == ["OverLimit"] * 20 + ["Refused"] * 10
        assert buyer.purchases.spent(question=QUESTION) == LIMITS.per_question


def test_one_question_asked_for_many_times_at_once_is_paid_once(chain: Chain, tmp_path: Path) -> None:
    with open_market(chain, tmp_path) as market, ThreadPoolExecutor(12) as threads, one_payment(chain, PAYER):
        signals = list(threads.map(lambda _: market.buyer.buy(market.offer, QUESTION, deadline=60), range(12)))
    assert len(set(signals)) == 1
