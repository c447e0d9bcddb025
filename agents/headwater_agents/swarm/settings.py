"""What a swarm is made with: kept in its folder, so that it can be taken up again."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any, Final

from headwater.chain import HeadwaterError
from headwater.units import WAD
from headwater_agents.lab.network import RAIN_NETWORK, BuyerNode, Network, member
from headwater_deploy import ConfigError

NETWORKS: Final[dict[str, Network]] = {
    "rain": RAIN_NETWORK,
    "small": Network(
        members=(member(1), member(2), member(3)),
        aggregators=(BuyerNode(name="aggregator-a", suppliers=(member(1), member(2))),),
        forecasters=(BuyerNode(name="forecaster-1", suppliers=("aggregator-a", member(3))),),
    ),
}
"""Who buys from whom: the whole cast of the rain world, or one supply chain of each depth for a quick look."""

CHAINS: Final = ("tester", "revm")


class SwarmError(HeadwaterError):
    """A swarm that cannot be brought to its end; says why, and what to do."""


class SwarmUsageError(SwarmError, ConfigError):
    """A swarm that cannot be started or resumed as asked; says why, and what is accepted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SwarmSettings:
    """Settings of a swarm. Money in wei, times in seconds. Raises SwarmUsageError.

    Attributes:
        chain: of its own node, "tester" or "revm"; unused with `rpc`.
        rpc: URL of a development node to use instead of its own; "" for its own.
        questions: to ask.
        seed: of accounts, and of the day that the first question is about.
        network: key of NETWORKS.
        market: let signals be sold; without, two forecasters that buy nothing play alone.
        stake: of every forecaster at the start.
        purse: tokens that every buyer has for signals at the start.
        price: of a signal.
        lead, commit, reveal, rest: a question's windows, as in a resolver's settings.
    """

    chain: str = "tester"
    rpc: str = ""
    questions: int = 30
    seed: int = 1
    network: str = "rain"
    market: bool = True
    stake: int = 100_000 * WAD
    purse: int = 1_000 * WAD
    price: int = 10**15
    lead: int = 6
    commit: int = 12
    reveal: int = 6
    rest: int = 1

    def __post_init__(self) -> None:
        def within(name: str, low: int, high: int) -> None:
            value = getattr(self, name)
            if type(value) is not int or not low <= value <= high:
                raise SwarmUsageError(f"{name} is {value!r}; accepted: {low} to {high}")

        if self.chain not in CHAINS:
            raise SwarmUsageError(f"chain is {self.chain!r}; accepted: {', '.join(CHAINS)}, or --rpc URL")
        if self.rpc and not self.rpc.startswith(("http://", "https://")):
            raise SwarmUsageError(f"rpc is {self.rpc!r}; it must be the http(s) URL of a development node")
        if self.network not in NETWORKS:
            raise SwarmUsageError(f"network is {self.network!r}; accepted: {', '.join(NETWORKS)}")
        within("questions", 1, 1_000)
        within("seed", 0, 2**64 - 1)
        for name in ("lead", "commit", "reveal", "rest"):
            within(name, 1, 3_600)

    @property
    def who_buys(self) -> Network:
        """The network by its key."""
        return NETWORKS[self.network]

    def as_dict(self) -> dict[str, Any]:
        """By name, for the folder."""
        return asdict(self)

    @classmethod
    def from_dict(cls, raw: dict[str, Any]) -> SwarmSettings:
        """From what `as_dict` gave. Raises SwarmUsageError."""
        if unknown := sorted(set(raw) - {each.name for each in fields(cls)}):
            raise SwarmUsageError(f"{unknown[0]} is no setting of a swarm of this version")
        return cls(**raw)
