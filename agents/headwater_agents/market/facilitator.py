"""An x402 facilitator beside the node: the stock scheme, with a signer that keeps many settlements in flight.

    GET  /supported   what it settles
    POST /verify      whether a payment would go through now
    POST /settle      submit it, wait until it is mined, and tell its outcome
    GET  /health      whether the node answers

/verify and /settle answer 200 in the protocol's form. 400 is for what is no such request, 413 for a body that is too
long, 503 with Retry-After for a node that is away or too much in flight: then nothing was decided, ask again.

A success is told once, as sellers of x402 rely on: they would serve a payment as often as it is called settled.
"""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from x402 import SettleResponse, VerifyResponse, x402FacilitatorSync
from x402.mechanisms.evm.exact import ExactEvmFacilitatorScheme, ExactEvmSchemeConfig
from x402.schemas import SchemeNotFoundError, SettleRequest

from headwater.chain import Account, ConnectionFailed, HeadwaterError, checksum
from headwater_agents.durable.database import Database
from headwater_agents.market.connections import Connections
from headwater_agents.market.fee_payer import FeePayer
from headwater_agents.market.guard import BodyLimit, refusal
from headwater_agents.market.payment import Authorization, PaymentError, read_authorization
from headwater_agents.market.settlements import Settlements
from headwater_agents.market.signer import Doing, Signer

_log: Final = logging.getLogger(__name__)
_Answer = TypeVar("_Answer", VerifyResponse, SettleResponse)


class _BadRequest(HeadwaterError):  # noqa: N818 - says what it is
    """A request that is none of the protocol's."""


class Facilitator:
    """Verifies and settles x402 payments of version 2, scheme exact, EIP-3009, in the tokens it is told to.

    Args:
        database: of the facilitator alone; its lock keeps a second process from sending from the same account.
        url: of the node. It may be away at first, and later.
        chain_id: of the chain.
        account: pays the gas of settlements. Used nowhere else.
        tokens: addresses that are settled; others are refused, since the gas is ours.
        in_flight: most settlements at a time.
        patience: seconds a settlement is waited for before it is called pending.
    """

    def __init__(
        self,
        database: Database,
        url: str,
        chain_id: int,
        account: Account,
        tokens: Collection[str],
        *,
        in_flight: int = 128,
        patience: float = 10.0,
    ) -> None:
        self.network: Final = f"eip155:{chain_id}"
        self._tokens = frozenset(checksum(token) for token in tokens)
        self._connections = Connections(url, chain_id)
        settlements = Settlements(database)
        self.fee_payer = FeePayer(settlements, self._connections, account)
        self._signer = Signer(self.fee_payer, self._connections, patience=patience)
        # A payment that would revert is not sent: whoever posts it does not pay for the gas.
        config = ExactEvmSchemeConfig(simulate_in_settle=True)
        self._stock = x402FacilitatorSync()
        self._stock.register([self.network], ExactEvmFacilitatorScheme(self._signer, config, settlements))
        self._in_flight = in_flight
        # Threads of our own: each keeps its connections to the node and to the file, so they must not come and go.
        self._threads = ThreadPoolExecutor(in_flight, "settlement")
        self._busy = 0
        self._settling: set[tuple[str, bytes]] = set()
        self._guard = threading.Lock()

    def close(self) -> None:
        """Stop. What was sent and is not mined is taken up at the next start."""
        self._threads.shutdown(cancel_futures=True)
        self.fee_payer.close()
        self._connections.close()

    def app(self, routes: Sequence[BaseRoute] = ()) -> Starlette:
        """The HTTP side, with further routes."""
        own = [
            Route("/supported", self._supported, methods=["GET"]),
            Route("/verify", self._verify, methods=["POST"]),
            Route("/settle", self._settle, methods=["POST"]),
            Route("/health", self._health, methods=["GET"]),
        ]
        return Starlette(routes=[*own, *routes], middleware=[Middleware(BodyLimit)])

    # What can be asked for

    async def _supported(self, _: Request) -> Response:
        return JSONResponse(self._stock.get_supported().model_dump(by_alias=True, exclude_none=True))

    async def _health(self, _: Request) -> Response:
        def ask() -> None:
            self._connections.here().backend.block_number()

        try:
            await asyncio.get_running_loop().run_in_executor(self._threads, ask)
        except ConnectionFailed as error:
            return refusal(503, str(error), retry=True)
        return JSONResponse({"status": "ok", "inFlight": self.fee_payer.in_flight})

    async def _verify(self, request: Request) -> Response:
        return await self._answer(request, self.verify, _invalid)

    async def _settle(self, request: Request) -> Response:
        return await self._answer(request, self.settle, _unsettled)

    async def _answer(
        self,
        request: Request,
        do: Callable[[SettleRequest], _Answer],
        refuse: Callable[[SettleRequest, str, str], _Answer],
    ) -> Response:
        if self._busy >= self._in_flight:
            return refusal(503, f"{self._in_flight} payments are in flight; ask again", retry=True)
        self._busy += 1
        try:
            asked = _read(await request.body())
            try:
                answer = await asyncio.get_running_loop().run_in_executor(self._threads, do, asked)
            except PaymentError as error:
                answer = refuse(asked, "invalid_payload", str(error))
            except SchemeNotFoundError:
                answer = refuse(asked, "unsupported_scheme", "accepted: exact on " + self.network)
        except _BadRequest as error:
            return refusal(400, str(error))
        except ConnectionFailed as error:
            return refusal(503, str(error), retry=True)
        finally:
            self._busy -= 1
        return JSONResponse(answer.model_dump(by_alias=True, exclude_none=True))

    # The same for who is in this process

    def verify(self, asked: SettleRequest) -> VerifyResponse:
        """Whether a payment would go through now. Raises PaymentError, ConnectionFailed."""
        payment = self._taken(asked)
        with self._signer.doing(_name(payment)) as doing:
            try:
                answer = self._stock.verify(asked.payment_payload, asked.payment_requirements)
            except SchemeNotFoundError:
                raise
            except Exception as error:
                answer = _invalid(asked, "unexpected_verify_error", _surprise(error, doing))
            _raise_if_lost(doing, done=answer.is_valid)
        return answer

    def settle(self, asked: SettleRequest) -> SettleResponse:
        """Submit a payment and wait for it. Raises PaymentError, ConnectionFailed (nothing was sent)."""
        payment = self._taken(asked)
        key = payment.payer, payment.nonce
        with self._guard:
            if key in self._settling:
                return _unsettled(asked, "duplicate_settlement", "this authorisation is being settled")
            self._settling.add(key)
        try:
            with self._signer.doing(_name(payment)) as doing:
                try:
                    answer = self._stock.settle(asked.payment_payload, asked.payment_requirements)
                except SchemeNotFoundError:
                    raise
                except Exception as error:
                    answer = _unsettled(asked, "unexpected_settle_error", _surprise(error, doing))
                _raise_if_lost(doing, done=bool(answer.transaction))
            if answer.success and doing.receipt is not None:
                # Its transaction may have been replaced by one that offers more for gas.
                answer = answer.model_copy(update={"transaction": doing.receipt.tx_hash})
            return answer
        finally:
            with self._guard:
                self._settling.discard(key)

    def _taken(self, asked: SettleRequest) -> Authorization:
        payment = read_authorization(asked.payment_payload)
        asset = asked.payment_requirements.asset
        if asset.lower() not in {token.lower() for token in self._tokens}:
            raise PaymentError(f"asset {asset[:80]!r} is not settled here; accepted: {', '.join(sorted(self._tokens))}")
        return payment


def _read(body: bytes) -> SettleRequest:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        raise _BadRequest("the body is not JSON") from None
    if not isinstance(content, dict) or content.get("x402Version") != 2:
        raise _BadRequest("the body must be {x402Version: 2, paymentPayload, paymentRequirements}")
    try:
        asked = SettleRequest.model_validate(content)
    except (ValidationError, RecursionError):
        raise _BadRequest("the body lacks a paymentPayload or paymentRequirements of x402 version 2") from None
    if asked.payment_payload.x402_version != 2 or not asked.payment_requirements.amount.isascii():
        raise _BadRequest("the payment must be one of x402 version 2")
    return asked


def _name(payment: Authorization) -> str:
    return "0x" + payment.signature.hex()


def _surprise(error: Exception, doing: Doing) -> str:
    if not doing.lost:
        _log.warning("a payment that the scheme cannot judge: %s: %s", type(error).__name__, error)
    return f"the payment cannot be judged ({type(error).__name__})"


def _raise_if_lost(doing: Doing, *, done: bool) -> None:
    if doing.lost and not done:
        raise doing.lost[0]


def _invalid(asked: SettleRequest, reason: str, message: str) -> VerifyResponse:
    return VerifyResponse(is_valid=False, invalid_reason=reason, invalid_message=message)


def _unsettled(asked: SettleRequest, reason: str, message: str) -> SettleResponse:
    return SettleResponse(
        success=False,
        error_reason=reason,
        error_message=message,
        transaction="",
        network=asked.payment_requirements.network,
    )
