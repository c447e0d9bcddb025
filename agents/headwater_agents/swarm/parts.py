"""The processes of a swarm by name: which role, which account, who supplies whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from headwater.chain import Account
from headwater_agents.swarm.settings import SwarmSettings

NODE: Final = "node"
FACILITATOR: Final = "facilitator"
RESOLVER: Final = "resolver"
KEEPER: Final = "keeper"
SELLERS: Final = ("provider", "aggregator")
BUYERS: Final = ("aggregator", "forecaster")


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """A process that has an account, number `index` of the swarm's seed.

    `suppliers` are names, in the order in which the pool takes them. `member` is whose forecasts a provider reads.
    `policy` is what decides, "" for the role's own.
    """

    name: str
    role: str
    index: int
    suppliers: tuple[str, ...] = ()
    member: int = 0
    policy: str = ""

    @property
    def bot(self) -> bool:
        """Whether it is a bot: everybody but the facilitator."""
        return self.role != FACILITATOR

    @property
    def trades(self) -> bool:
        """Whether it sells signals or buys them, and so is registered as an agent."""
        return self.role in SELLERS or bool(self.suppliers)

    def account(self, seed: int) -> Account:
        """Its account. Development keys: anybody can work them out."""
        return Account.derive(seed, self.index)


def cast(settings: SwarmSettings) -> tuple[Part, ...]:
    """Everybody, in the order of their accounts; the first, the resolver, governs the deployment."""
    network = settings.who_buys
    found: list[tuple[str, str, tuple[str, ...], int, str]] = [
        (RESOLVER, "resolver", (), 0, ""),
        (KEEPER, "keeper", (), 0, ""),
    ]
    if settings.market:
        found.append((FACILITATOR, FACILITATOR, (), 0, ""))
        found += [(name, "provider", (), number, "") for number, name in enumerate(network.members, 1)]
        found += [(node.name, "aggregator", node.suppliers, 0, "") for node in network.aggregators]
        found += [(node.name, "forecaster", node.suppliers, 0, "") for node in network.forecasters]
    found += [("copier", "forecaster", (), 0, "odds-copier"), ("last-outcome", "forecaster", (), 0, "last-outcome")]
    return tuple(
        Part(name=name, role=role, index=index, suppliers=suppliers, member=number, policy=policy)
        for index, (name, role, suppliers, number, policy) in enumerate(found)
    )
