"""The stock x402 resource server as a seller uses it: it states the terms, and settles before anything is served."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from x402 import SettleResponse, x402ResourceServer
from x402.http import (
    FacilitatorConfig,
    HTTPAdapter,
    HTTPFacilitatorClient,
    HTTPRequestContext,
    PaymentOption,
    RouteConfig,
    decode_payment_required_header,
    encode_payment_required_header,
    x402HTTPResourceServer,
)
from x402.http.facilitator_client_base import FacilitatorResponseError
from x402.mechanisms.evm.exact import ExactEvmServerScheme
from x402.schemas import AssetAmount

from headwater.chain import ArgumentError, checksum
from headwater_agents.market.guard import refusal
from headwater_agents.market.payment import IDENTIFIER, IDENTIFIER_OFFER, Authorization, Currency

_log: Final = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Price:
    """What a signal costs: wei of a currency, paid to an address. A payment is good for `seconds`."""

    currency: Currency
    wei: int
    payee: str
    seconds: int = 60

    def __post_init__(self) -> None:
        if not 0 < self.wei < 2**96:
            raise ArgumentError(f"a price is between 1 and 2**96 - 1 wei, got {self.wei}")
        if not 10 <= self.seconds <= 3_600:
            raise ArgumentError(f"a payment is good for 10 to 3600 seconds, got {self.seconds}")

    def objection(self, payment: Authorization) -> str | None:
        """What is wrong with a payment, if anything: it must be exactly this price. The chain judges the rest."""
        network, asset, payee = payment.accepted
        if network != self.currency.network:
            return f"paid on {network[:40]}; accepted: {self.currency.network}"
        if asset.lower() != self.currency.token.lower():
            return f"paid in another asset; accepted: {self.currency.token}"
        if payee.lower() != self.payee.lower() or payment.payee != checksum(self.payee):
            return f"paid to another address; accepted: {self.payee}"
        if payment.value != self.wei:
            return f"{payment.value} wei authorised; accepted: exactly {self.wei}"
        return None


class Gate:
    """Asks for payment, and settles it. What is sold, and to whom, is not its business.

    The flow is "upfront": x402's default serves first and settles afterwards, and a payer can empty its account in
    between. FastAPI, which the package's own middleware needs, is not.
    """

    def __init__(self, price: Price, facilitator: str, *, patience: float) -> None:
        """`facilitator` is a URL, which need not answer yet; `patience` how long it may take, seconds."""
        self._facilitator = HTTPFacilitatorClient(FacilitatorConfig(url=facilitator, timeout=patience))
        self.server: Final = x402ResourceServer(self._facilitator)
        scheme: Any = ExactEvmServerScheme()  # type: ignore[no-untyped-call]
        self.server.register(price.currency.network, scheme)
        extra = {"name": price.currency.name, "version": price.currency.version, "paymentFlow": "upfront"}
        option = PaymentOption(
            scheme="exact",
            pay_to=price.payee,
            price=AssetAmount(amount=str(price.wei), asset=price.currency.token, extra=dict(extra)),
            network=price.currency.network,
            max_timeout_seconds=price.seconds,
            extra=extra,
        )
        route = RouteConfig(
            accepts=option,
            description="A provider's signed forecast of a question",
            mime_type="application/json",
            extensions={IDENTIFIER: IDENTIFIER_OFFER},
        )
        self._http = x402HTTPResourceServer(self.server, route)
        self._ready = False
        self._opening = asyncio.Lock()

    async def close(self) -> None:
        """Let go of connections to the facilitator; in the loop that used them."""
        await self._facilitator.aclose()

    async def ask(self, request: Request, error: str | None = None) -> Response:
        """402 with the terms; with what was wrong with the payment that came, if one did."""
        outcome = await self._process(request, None, error)
        assert isinstance(outcome, Response)  # noqa: S101 - without a payment there is nothing to settle
        return outcome

    async def settle(self, request: Request) -> SettleResponse | Response:
        """Settle the payment a request brings: the receipt, or the refusal to answer with."""
        return await self._process(request, request.headers.get("payment-signature"), None)

    async def _process(self, request: Request, header: str | None, error: str | None) -> SettleResponse | Response:
        if not self._ready and (late := await self._open()) is not None:
            return late
        adapter = Adapter(request, header)
        context = HTTPRequestContext(adapter=adapter, path=request.url.path, method="GET", payment_header=header)
        try:
            result = await self._http.process_http_request(context)
        except FacilitatorResponseError as mistake:
            _log.warning("the facilitator speaks another language: %s", mistake)
            return refusal(503, "payments cannot be taken at the moment", retry=True)
        if result.before_handler_settlement is not None:
            return result.before_handler_settlement.result
        answer = result.response
        if answer is None:
            return refusal(500, "the payment cannot be processed")
        headers = dict(answer.headers)
        if error is not None:
            required = headers.get("PAYMENT-REQUIRED")
            if required is not None:
                headers["PAYMENT-REQUIRED"] = _with_error(required, error)
        return JSONResponse(answer.body or {}, answer.status, headers)

    async def _open(self) -> Response | None:
        """Learn what the facilitator settles; not before somebody asks, so that it may start later than the seller."""
        async with self._opening:
            if self._ready:
                return None
            try:
                await asyncio.to_thread(self._http.initialize)
            except Exception as error:  # httpx's, the package's, and plain ValueError
                _log.warning("the facilitator cannot be used: %s", error)
                return refusal(503, "payments cannot be taken at the moment", retry=True)
            self._ready = True
            return None


def _with_error(header: str, error: str) -> str:
    required = decode_payment_required_header(header)
    return encode_payment_required_header(required.model_copy(update={"error": error}))


class Adapter(HTTPAdapter):
    """A request as the stock server reads it; no browser, so that it never answers with a page."""

    def __init__(self, request: Request, header: str | None) -> None:
        self._request = request
        self._header = header

    def get_header(self, name: str) -> str | None:
        """A header; of payments, only the one that was checked."""
        low = name.lower()
        if low == "payment-signature":
            return self._header
        return None if low == "x-payment" else self._request.headers.get(name)

    def get_method(self) -> str:
        """The method."""
        return self._request.method

    def get_path(self) -> str:
        """The path."""
        return self._request.url.path

    def get_url(self) -> str:
        """The whole URL."""
        return str(self._request.url)

    def get_accept_header(self) -> str:
        """JSON, whatever is asked for."""
        return "application/json"

    def get_user_agent(self) -> str:
        """Nobody in particular."""
        return ""

    def get_query_params(self) -> dict[str, str | list[str]]:
        """The query."""
        return dict(self._request.query_params)

    def get_query_param(self, name: str) -> str | None:
        """A parameter of the query."""
        return self._request.query_params.get(name)

    def get_body(self) -> Any:
        """Nothing: it is a GET."""
        return None
