"""What an agent offers: an entry of `services` in its registration file, and ours, which sells signals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from headwater.identity.errors import RegistrationError
from headwater.identity.fields import MAX_URL, number, shown, text, web_url
from headwater.identity.reference import address, parse_network

SIGNALS: Final = "headwater-signals"
"""Name of the service that sells signals."""

MAX_PRICE: Final = 2**96 - 1
MAX_PAST: Final = 32
"""Entries of a service's past information."""

Scalar = int | float | str | bool
"""What a value of the past information may be; finite numbers below 2**128 in size, texts of up to 200 characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """Any service: a name, where it is (any text: a URL, a DID, an ENS name), and its version ("" for none)."""

    name: str
    endpoint: str
    version: str = ""

    def __post_init__(self) -> None:
        text(self.name, "a service's name", 64, 1)
        text(self.endpoint, f"the endpoint of {shown(self.name)}", MAX_URL)
        text(self.version, f"the version of {shown(self.name)}", 64)

    def as_dict(self) -> dict[str, Any]:
        """The entry of a registration file."""
        entry = {"name": self.name, "endpoint": self.endpoint}
        return {**entry, "version": self.version} if self.version else entry


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalService(Service):
    """An offer of paid signals on one series.

    Attributes:
        endpoint: base URL, http(s); signals are at `<endpoint>/signals/<question>`.
        price_wei: wei of `asset` for one signal; 0 is free.
        asset: checksummed address of the token.
        chain_id: where the asset is and the series runs.
        series: number of the series.
        past: what the seller says of its past, by name; a claim that nobody has checked. At most 32 entries.
    """

    name: str = SIGNALS
    version: str = "1"
    price_wei: int
    asset: str
    chain_id: int
    series: int
    past: Mapping[str, Scalar] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        if self.name != SIGNALS:
            raise RegistrationError(f"the service's name is {shown(self.name)}; accepted: {SIGNALS!r}")
        web_url(self.endpoint, "endpoint")
        text(self.version, "version", 64, 1)
        number(self.price_wei, "price_wei", MAX_PRICE)
        number(self.chain_id, "chain_id", 10**32 - 1, 1)
        number(self.series, "series", 2**256 - 1)
        object.__setattr__(self, "asset", address(self.asset, "asset"))
        object.__setattr__(self, "past", MappingProxyType(_past(self.past)))

    @property
    def network(self) -> str:
        """CAIP-2 name of the chain."""
        return f"eip155:{self.chain_id}"

    def as_dict(self) -> dict[str, Any]:
        """The entry of a registration file; the price is a decimal text, for many readers' numbers end at 2**53."""
        return {
            "name": self.name,
            "endpoint": self.endpoint,
            "version": self.version,
            "price_wei": str(self.price_wei),
            "asset": self.asset,
            "network": self.network,
            "series": self.series,
            "past": dict(self.past),
        }


def parse_service(entry: object) -> Service:
    """An entry of `services`; members that neither the standard nor we know are left out. RegistrationError."""
    if not isinstance(entry, dict):
        raise RegistrationError(f"a service is {shown(entry)}; expected an object")
    name = text(entry.get("name"), "a service's name", 64, 1)
    if name != SIGNALS:
        return Service(name=name, endpoint=entry.get("endpoint", ""), version=entry.get("version") or "")
    missing = [key for key in ("endpoint", "price_wei", "asset", "network", "series") if key not in entry]
    if missing:
        raise RegistrationError(f"the service {SIGNALS} lacks {', '.join(missing)}")
    return SignalService(
        endpoint=entry["endpoint"],
        version=entry.get("version", "1"),
        price_wei=_price(entry["price_wei"]),
        asset=entry["asset"],
        chain_id=parse_network(entry["network"]),
        series=entry["series"],
        past=entry.get("past", {}),
    )


def _price(value: object) -> int:
    # The length is looked at first: turning a very long text into a number takes very long.
    if not isinstance(value, str) or not 1 <= len(value) <= 29 or not (value.isascii() and value.isdigit()):
        raise RegistrationError(f"price_wei is {shown(value)}; accepted: a decimal text of whole wei below 2**96")
    return int(value)


def _past(past: object) -> dict[str, Scalar]:
    if not isinstance(past, Mapping):
        raise RegistrationError(f"past is {shown(past)}; expected an object")
    if len(past) > MAX_PAST:
        raise RegistrationError(f"past has {len(past)} entries; accepted: at most {MAX_PAST}")
    checked: dict[str, Scalar] = {}
    for name, value in past.items():
        text(name, "a name in past", 64, 1)
        if isinstance(value, str):
            text(value, f"past.{name}", 200)
        # A NaN compares with nothing, so it fails this too.
        elif not isinstance(value, (int, float)) or not -(2**128) < value < 2**128:
            raise RegistrationError(f"past.{name} is {shown(value)}; accepted: a number, a text, true or false")
        checked[name] = value
    return checked
