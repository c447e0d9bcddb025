"""Who buys from whom: three levels of names, forecasters above aggregators above members."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from headwater_agents.lab.rain import MEMBERS


class NetworkError(ValueError):
    """A network with a name that is double, unknown, or bought from the wrong level."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BuyerNode:
    """A buyer and those it buys from, in the order in which its pool takes their signals."""

    name: str
    suppliers: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Network:
    """Members sell to aggregators and forecasters, aggregators to forecasters. Raises NetworkError otherwise."""

    members: tuple[str, ...]
    aggregators: tuple[BuyerNode, ...]
    forecasters: tuple[BuyerNode, ...]

    def __post_init__(self) -> None:
        middle = [node.name for node in self.aggregators]
        names = [*self.members, *middle, *(node.name for node in self.forecasters)]
        if len(set(names)) != len(names):
            raise NetworkError(f"a name stands twice among {names}")
        _check(self.aggregators, set(self.members))
        _check(self.forecasters, {*self.members, *middle})

    @property
    def buyers(self) -> tuple[BuyerNode, ...]:
        """Everybody who buys, suppliers before buyers."""
        return self.aggregators + self.forecasters


def _check(buyers: Iterable[BuyerNode], allowed: set[str]) -> None:
    for buyer in buyers:
        if not buyer.suppliers or len(set(buyer.suppliers)) != len(buyer.suppliers):
            raise NetworkError(f"{buyer.name} must buy from at least one supplier, and from none twice")
        if unknown := set(buyer.suppliers) - allowed:
            raise NetworkError(f"{buyer.name} cannot buy from {sorted(unknown)}; it may from {sorted(allowed)}")


def member(number: int) -> str:
    """Name of an ensemble member, numbered from 1 as in the source."""
    return f"member-{number}"


def _named(numbers: Iterable[int]) -> tuple[str, ...]:
    return tuple(member(number) for number in numbers)


RAIN_NETWORK: Final = Network(
    members=_named(range(1, MEMBERS + 1)),
    aggregators=(
        BuyerNode(name="aggregator-a", suppliers=_named(range(1, 7))),
        BuyerNode(name="aggregator-b", suppliers=_named(range(5, 11))),
    ),
    forecasters=(
        BuyerNode(name="forecaster-1", suppliers=("aggregator-a", *_named((9, 11)))),
        BuyerNode(name="forecaster-2", suppliers=("aggregator-a", "aggregator-b")),
        BuyerNode(name="forecaster-3", suppliers=("aggregator-b", *_named((1, 2)))),
    ),
)
"""Eleven members, two aggregators that overlap in members 5 and 6, three forecasters that overlap in both."""
