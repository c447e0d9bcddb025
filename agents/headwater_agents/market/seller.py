"""A seller of signals over HTTP: paid by x402 before it hands anything over, and bound to what was paid for.

    GET /signals/{question}   a signed signal; 402 with the terms, until it is paid for
    GET /record               past signals with their outcomes, free: {"record": [{"signal", "outcome"}], "next"}
    GET /registration.json    the ERC-8004 registration file

Nobody is asked to pay for nothing: 404 for a question that is not known, 425 for one whose signal is not made yet, 410
for one that is over. 400 is for a payment that cannot be read, 402 for one that was refused, with the reason in its
PAYMENT-REQUIRED header; 409 for a payment that is another question's, 403 for one that somebody else made, 503 with
Retry-After for one whose outcome is not known yet: the same payment is then sent again.

A payment is on disk, bound to its question, before it is settled, and it is settled before the signal is handed over.
So whoever paid and got no answer, whichever side was killed, asks again with the same payment and gets the signal.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from x402 import SettleResponse
from x402.http import encode_payment_response_header
from x402.schemas import AbortResult
from x402.schemas.hooks import SettleContext, SettleFailureContext

from headwater.chain import ChainError
from headwater_agents.durable.crash import CrashPoint, reach
from headwater_agents.market.connections import Connections
from headwater_agents.market.gate import Gate, Price
from headwater_agents.market.guard import BodyLimit, refusal
from headwater_agents.market.locks import Locks
from headwater_agents.market.payment import Authorization, PaymentError, read_header
from headwater_agents.market.shelf import Sale, Shelf, Stage, record_line
from headwater_agents.market.standing import Standing, State, standing

_log: Final = logging.getLogger(__name__)
_QUESTION: Final = re.compile(r"0|[1-9][0-9]{0,77}")
_PAGE: Final = 100
_UNDECIDED: Final = frozenset({"settlement_pending", "duplicate_settlement"})
_PRIVATE: Final = {"Cache-Control": "private, no-store"}
_Result = TypeVar("_Result")


@dataclass(slots=True)
class _Asked:
    """A request that brings a payment: for which question, as what it was bound, why the facilitator refused it."""

    payment: Authorization
    question: int
    sale: Sale | None = None
    refusal: str | None = None


_asked: Final[ContextVar[_Asked]] = ContextVar("asked")


class Seller:
    """Sells what is on a shelf.

    Args:
        shelf: signals and sales, on disk.
        price: what a signal costs, and to whom it is paid.
        facilitator: URL of an x402 facilitator, which the seller trusts to say what is settled.
        node: URL of the node that the seller itself asks when a settlement's outcome is in doubt.
        since: block from which payments are looked for; the token's first, at the latest.
        now: clock that decides what is over, seconds of chain time.
        registration: makes the registration file, JSON.
        patience: seconds that the facilitator may take.
    """

    def __init__(
        self,
        shelf: Shelf,
        price: Price,
        facilitator: str,
        node: str,
        *,
        since: int = 0,
        now: Callable[[], float] = time.time,
        registration: Callable[[], bytes] | None = None,
        patience: float = 25.0,
    ) -> None:
        self.shelf: Final = shelf
        self.price: Final = price
        self._connections = Connections(node, price.currency.chain_id)
        self._since = since
        self._now = now
        self._registration = registration
        self._locks = Locks()
        # Threads of our own: each keeps its connections to the node and to the file, so they must not come and go.
        self._threads = ThreadPoolExecutor(8, "seller")
        self._gate = Gate(price, facilitator, patience=patience)
        self._gate.server.on_before_settle(self._bind)
        self._gate.server.on_settle_failure(self._note_refusal)

    def close(self) -> None:
        """Let go of threads and connections. The app must have stopped."""
        self._threads.shutdown(cancel_futures=True)
        self._connections.close()

    def app(self, routes: Sequence[BaseRoute] = ()) -> Starlette:
        """The HTTP side, with further routes (health, metrics)."""
        own = [
            Route("/signals/{question}", self._signal, methods=["GET"]),
            Route("/record", self._record, methods=["GET"]),
            Route("/registration.json", self._file, methods=["GET"]),
        ]

        @asynccontextmanager
        async def lifespan(_: Starlette) -> AsyncIterator[None]:
            yield
            await self._gate.close()

        return Starlette(routes=[*own, *routes], middleware=[Middleware(BodyLimit)], lifespan=lifespan)

    def recover(self) -> list[Sale]:
        """Look up what settlements that were cut off have come to; those that are still undecided. At a start.

        Raises ConnectionFailed.
        """
        left = []
        for sale in self.shelf.unsettled():
            found = standing(self._connections.here().backend, sale.token, sale, since=self._since)
            if found.state is State.PAID:
                self.shelf.settled(sale, found.tx_hash)
            elif found.state is State.SPENT or self._now() > sale.valid_before:
                self.shelf.release(sale)
            else:
                left.append(sale)
        return left

    # What can be asked for

    async def _file(self, _: Request) -> Response:
        if self._registration is None:
            return refusal(404, "this seller has no registration")
        return Response(self._registration(), media_type="application/json")

    async def _record(self, request: Request) -> Response:
        after, limit = request.query_params.get("after", "0"), request.query_params.get("limit", str(_PAGE))
        if not all(re.fullmatch(r"[0-9]{1,15}", each) for each in (after, limit)):
            return refusal(400, "after and limit are numbers: /record?after=0&limit=100")
        count = max(1, min(int(limit), _PAGE))
        lines = self.shelf.record(int(after), count)
        following = lines[-1][0] if len(lines) == count else None
        return JSONResponse({"record": [record_line(line[1], line[2]) for line in lines], "next": following})

    async def _signal(self, request: Request) -> Response:
        text = request.path_params["question"]
        if not _QUESTION.fullmatch(text):
            return refusal(404, "a question is named by its number")
        question = int(text)
        header = request.headers.get("payment-signature")
        if header is None:
            return self._not_for_sale(question) or await self._gate.ask(request)
        try:
            _, payment = read_header(header)
        except PaymentError as error:
            return refusal(400, str(error))
        if not payment.signed_by_payer(self.price.currency):
            return self._not_for_sale(question) or await self._gate.ask(request, "the payer did not sign this payment")
        async with self._locks.held((payment.payer, payment.nonce)):
            return await self._paid(request, _Asked(payment, question))

    def _not_for_sale(self, question: int) -> Response | None:
        match self.shelf.stage(question, int(self._now())):
            case Stage.UNKNOWN:
                return refusal(404, f"question {question} is not known here")
            case Stage.EARLY:
                return refusal(425, f"the signal for question {question} is not made yet", retry=True)
            case Stage.CLOSED:
                return refusal(410, f"question {question} is over")
        return None

    # A request that brings a payment. One at a time for each payment.

    async def _paid(self, request: Request, asked: _Asked) -> Response:
        payment, question, token = asked.payment, asked.question, self.price.currency.token
        sale = self.shelf.sale(payment, token)
        if sale is not None:
            if sale.question != question:
                return refusal(409, f"this payment is for question {sale.question}")
            if (sale.payee, sale.value) != (payment.payee, payment.value) or sale.secret != payment.secret:
                return refusal(403, "this payment was made by somebody else: its identifier is another")
            if not sale.settled and (response := await self._resume(request, sale)) is not None:
                return response
            sale = self.shelf.sale(payment, token)
        if sale is not None and sale.settled:
            return self._hand_over(sale)
        if (closed := self._not_for_sale(question)) is not None:
            return closed
        if (wrong := self.price.objection(payment)) is not None:
            return await self._gate.ask(request, wrong)
        return await self._settle(request, asked)

    async def _resume(self, request: Request, sale: Sale) -> Response | None:
        """A payment whose settlement was cut off: its state on the chain decides. None to go on with the request."""
        try:
            found = await self._thread(self._standing, sale)
        except ChainError as error:
            return refusal(503, f"whether this payment has come in is not known: {error}", retry=True)
        if found.state is State.PAID:
            await self._thread(self.shelf.settled, sale, found.tx_hash)
        elif found.state is State.SPENT:
            await self._thread(self.shelf.release, sale)
            return await self._gate.ask(request, "the authorisation was cancelled or used elsewhere")
        return None

    async def _settle(self, request: Request, asked: _Asked) -> Response:
        token = _asked.set(asked)
        try:
            outcome = await self._gate.settle(request)
        finally:
            _asked.reset(token)
        sale = asked.sale
        if sale is None:
            return outcome if isinstance(outcome, Response) else refusal(500, "a payment that is not bound was settled")
        reach(CrashPoint.SALE_SETTLED)
        if isinstance(outcome, SettleResponse):
            tx_hash = outcome.transaction
        else:
            try:
                found = await self._thread(self._standing, sale)
            except ChainError as error:
                return refusal(503, f"whether this payment has come in is not known: {error}", retry=True)
            # Somebody else may have submitted the same payment, or the answer about it was lost.
            undecided = asked.refusal is None or asked.refusal in _UNDECIDED
            if found.state is State.UNUSED and undecided:
                return refusal(503, "whether this payment has come in is not known yet; send it again", retry=True)
            if found.state is not State.PAID:
                await self._thread(self.shelf.release, sale)
                return outcome
            tx_hash = found.tx_hash
        await self._thread(self.shelf.settled, sale, tx_hash)
        reach(CrashPoint.SALE_NOTED)
        return self._hand_over(replace(sale, settled=tx_hash))

    def _hand_over(self, sale: Sale) -> Response:
        """The signal that was paid for. Without an identifier, once: later the payment can be read on the chain."""
        body = self.shelf.signal(sale.question)
        if body is None:
            return refusal(503, "the signal that was paid for is not there", retry=True)
        if sale.handed and not sale.secret:
            return refusal(403, "this payment was answered; one with a payment identifier can be sent again")
        receipt = SettleResponse(
            success=True,
            payer=sale.payer,
            transaction=sale.settled,
            network=self.price.currency.network,
            amount=str(sale.value),
        )
        headers = {"PAYMENT-RESPONSE": encode_payment_response_header(receipt), **_PRIVATE}
        noted = None if sale.secret else BackgroundTask(self._thread, self.shelf.handed, sale)
        return Response(body, 200, headers, "application/json", noted)

    # What the stock server calls

    async def _bind(self, context: SettleContext) -> AbortResult | None:
        asked = _asked.get()
        sale = await self._thread(self.shelf.bind, asked.payment, self.price.currency.token, asked.question)
        if sale.question != asked.question or sale.settled:
            return AbortResult(reason="this payment is bound already")
        asked.sale = sale
        reach(CrashPoint.SALE_BOUND)
        return None

    async def _note_refusal(self, context: SettleFailureContext) -> None:
        """The facilitator has answered, and said no. It is not called when the facilitator does not answer at all."""
        _asked.get().refusal = str(context.error)

    def _standing(self, sale: Sale) -> Standing:
        return standing(self._connections.here().backend, sale.token, sale, since=self._since)

    async def _thread(self, do: Callable[..., _Result], *args: Any) -> _Result:
        return await asyncio.get_running_loop().run_in_executor(self._threads, do, *args)
