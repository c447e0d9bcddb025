"""The exchange: a buyer reads a signal only if its seller signed exactly that, for that question, in that arena."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from headwater.chain import Account
from headwater.signals import SignalDomain, SignalError, SignedSignal, recover
from headwater.units import WAD
from headwater_agents.runner.exchange import Exchange

ARENA = "0x" + "11" * 20
DOMAIN = SignalDomain(chain_id=7, arena=ARENA)
FORECAST = (3 * WAD // 10, 7 * WAD // 10)
SELLERS = {"honest": Account.derive(1, 0), "other": Account.derive(1, 1)}


@pytest.fixture
def exchange() -> Exchange:
    return Exchange(DOMAIN, SELLERS)


def _signed(domain: SignalDomain = DOMAIN, seller: str = "honest", question: int = 5) -> SignedSignal:
    exchange = Exchange(domain, SELLERS)
    exchange.deliver(seller, question, FORECAST, 1_000)
    return exchange.evidence[0]


def test_a_delivered_signal_is_read_as_it_was_sold_and_kept_as_evidence(exchange: Exchange) -> None:
    assert exchange.deliver("honest", 5, FORECAST, 1_000) == FORECAST
    (signed,) = exchange.evidence
    assert signed.signal.provider == recover(signed, DOMAIN) == SELLERS["honest"].address
    assert (signed.signal.question, signed.signal.time) == (5, 1_000)
    assert exchange.accept("honest", 5, signed) == FORECAST


def _signal(**changes: object) -> Callable[[SignedSignal], SignedSignal]:
    return lambda signed: replace(signed, signal=replace(signed.signal, **changes))  # type: ignore[arg-type]


def _flip(byte: int) -> Callable[[SignedSignal], SignedSignal]:
    def tamper(signed: SignedSignal) -> SignedSignal:
        raw = bytearray(signed.signature)
        raw[byte] ^= 1
        return replace(signed, signature=bytes(raw))

    return tamper


@pytest.mark.parametrize(
    "tamper",
    [
        _signal(forecast=(3 * WAD // 10 + 1, 7 * WAD // 10 - 1)),
        _signal(forecast=FORECAST[::-1]),
        _signal(question=6),
        _signal(time=1_001),
        _signal(provider=SELLERS["other"].address),
        _flip(3),
        _flip(40),
        _flip(64),
        lambda signed: replace(signed, signature=signed.signature[:64]),
        lambda signed: replace(signed, signature=b""),
    ],
)
def test_a_tampered_signal_is_refused_and_not_kept(
    exchange: Exchange, tamper: Callable[[SignedSignal], SignedSignal]
) -> None:
    with pytest.raises(SignalError):
        exchange.accept("honest", 5, tamper(_signed()))
    assert exchange.evidence == []


def test_a_signal_for_another_question_is_refused(exchange: Exchange) -> None:
    with pytest.raises(SignalError, match="is for question 4, not for question 5"):
        exchange.accept("honest", 5, _signed(question=4))


def test_somebody_elses_signal_is_refused(exchange: Exchange) -> None:
    with pytest.raises(SignalError, match="names provider"):
        exchange.accept("honest", 5, _signed(seller="other"))


@pytest.mark.parametrize("domain", [replace(DOMAIN, chain_id=8), replace(DOMAIN, arena="0x" + "22" * 20)])
def test_a_signal_for_another_arena_or_chain_is_refused(exchange: Exchange, domain: SignalDomain) -> None:
    with pytest.raises(SignalError, match="is not what was signed"):
        exchange.accept("honest", 5, _signed(domain))


def test_a_seller_who_signs_with_another_key_is_refused() -> None:
    class Impostor(Account):
        """Claims an address that its key does not make."""

        __slots__ = ()

    impostor = Impostor(bytes([1] * 32))
    impostor.address = SELLERS["honest"].address
    exchange = Exchange(DOMAIN, {"honest": impostor})
    with pytest.raises(SignalError, match="is not what was signed"):
        exchange.deliver("honest", 5, FORECAST, 1_000)
    assert exchange.evidence == []


@pytest.mark.parametrize("forecast", [(WAD,), (WAD, 0), (WAD // 2, WAD // 2 + 1)])
def test_a_malformed_forecast_is_not_sold(exchange: Exchange, forecast: tuple[int, ...]) -> None:
    with pytest.raises(SignalError):
        exchange.deliver("honest", 5, forecast, 1_000)
    assert exchange.evidence == []
