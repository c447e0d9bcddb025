"""The registries behind one typed client that only reads. `AgentDesk` is the one that writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from headwater.chain.artifacts import load
from headwater.chain.backend import Backend
from headwater.chain.client import Contract
from headwater.chain.errors import DecodeError, Reverted
from headwater.identity.errors import RegistrationError
from headwater.identity.reference import AgentRef
from headwater.units import WAD

REGISTRIES: Final = ("IdentityRegistry", "ReputationRegistry", "ValidationRegistry", "FeedbackGrounds")
"""The contracts about who agents are, in the order in which they are deployed."""

MAX_CLIENTS: Final = 256
"""Clients that one summary of the ReputationRegistry may name."""
MAX_GROUNDED: Final = 64
"""Clients that one call of getGroundedSummary may name; `Registries.grounded_summary` splits longer lists."""
ZERO_ADDRESS: Final = "0x" + "00" * 20


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryAddresses:
    """Where the four contracts are; checksummed."""

    identity: str
    reputation: str
    validation: str
    grounds: str

    def by_name(self) -> dict[str, str]:
        """Contract name to address."""
        return dict(zip(REGISTRIES, asdict(self).values(), strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """An agent of the registry. `wallet` is None if it has none: then nobody knows where to pay it."""

    agent_id: int
    owner: str
    wallet: str | None
    uri: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """One entry. Its number is value / 10**decimals; `index` counts the client's entries on the agent, from 1."""

    agent_id: int
    client: str
    index: int
    value: int
    decimals: int
    tag1: str
    tag2: str
    revoked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Count and mean of entries; the mean is value / 10**decimals, truncated toward zero."""

    count: int
    value: int
    decimals: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounded:
    """Entries with money behind them: how many, how much (wei), and the sum of value (WAD) times wei."""

    count: int = 0
    weight: int = 0
    sum: int = 0

    @property
    def mean(self) -> int | None:
        """Weighted mean, WAD, truncated toward zero as the contract does; None without entries."""
        if self.weight == 0:
            return None
        size = abs(self.sum) // self.weight
        return size if self.sum >= 0 else -size

    def __add__(self, other: Grounded) -> Grounded:
        return Grounded(count=self.count + other.count, weight=self.weight + other.weight, sum=self.sum + other.sum)


@dataclass(frozen=True, slots=True, kw_only=True)
class GroundedSummary:
    """Grounded feedback: all of it, and by what stands behind it (an entry may have both)."""

    total: Grounded
    payments: Grounded
    flows: Grounded


@dataclass(frozen=True, slots=True, kw_only=True)
class Validation:
    """State of a request; `answered` tells a response of 0 from none, `updated` is in seconds."""

    request_hash: bytes
    validator: str
    agent_id: int
    response: int
    answered: bool
    response_hash: bytes
    tag: str
    updated: int


class Registries:
    """The registries, read-only. Every method may raise ConnectionFailed, and Reverted where the view reverts."""

    def __init__(self, backend: Backend, addresses: RegistryAddresses) -> None:
        self.backend = backend
        self.addresses = addresses
        self.identity, self.reputation, self.validation, self.grounds = (
            Contract(backend, address, load(name).abi, name=name) for name, address in addresses.by_name().items()
        )

    @property
    def contracts(self) -> tuple[Contract, ...]:
        """The four contracts, in order of deployment."""
        return self.identity, self.reputation, self.validation, self.grounds

    # identity

    def ref(self, agent_id: int) -> AgentRef:
        """An agent's full name, for registration files; nothing is asked of the chain."""
        return AgentRef(agent_id, self.backend.chain_id, self.addresses.identity)

    def agents(self) -> int:
        """Number of agents registered; the newest has this number less one."""
        return int(self.identity.call("count"))

    def agent(self, agent_id: int) -> Agent:
        """An agent. Raises RegistrationError if there is none."""
        try:
            owner = str(self.identity.call("ownerOf", agent_id))
        except Reverted as error:
            raise RegistrationError(f"there is no agent {agent_id} in {self.addresses.identity}") from error
        return Agent(
            agent_id=agent_id,
            owner=owner,
            wallet=_some(self.identity.call("getAgentWallet", agent_id)),
            uri=str(self.identity.call("tokenURI", agent_id)),
        )

    def metadata(self, agent_id: int, key: str) -> bytes:
        """A metadata entry; empty if there is none."""
        return bytes(self.identity.call("getMetadata", agent_id, key))

    def acts_for(self, account: str, agent_id: int) -> bool:
        """Whether an address owns an agent or may act for it. Reverted if there is no such agent."""
        return bool(self.identity.call("isAuthorizedOrOwner", account, agent_id))

    # reputation

    def feedback(self, agent_id: int, client: str, index: int) -> Feedback:
        """One entry. Reverted if there is none."""
        value, decimals, tag1, tag2, revoked = self.reputation.call("readFeedback", agent_id, client, index)
        return Feedback(
            agent_id=agent_id,
            client=client,
            index=index,
            value=value,
            decimals=decimals,
            tag1=tag1,
            tag2=tag2,
            revoked=revoked,
        )

    def feedback_count(self, agent_id: int, client: str) -> int:
        """Number of entries a client gave on an agent, revoked ones included."""
        return int(self.reputation.call("getLastIndex", agent_id, client))

    def clients(self, agent_id: int) -> list[str]:
        """Everybody who gave feedback, in the order of the first; page by page, however many there are."""
        return _pages(self.reputation, agent_id)

    def summary(self, agent_id: int, clients: Sequence[str], tag1: str = "", tag2: str = "") -> Summary:
        """Unrevoked feedback of 1 to 256 named clients."""
        count, value, decimals = self.reputation.call("getSummary", agent_id, list(clients), tag1, tag2)
        return Summary(count=count, value=value, decimals=decimals)

    # grounds

    def grounded_clients(self, agent_id: int) -> list[str]:
        """Everybody with feedback that is grounded, in the order of the first ground."""
        return _pages(self.grounds, agent_id)

    def grounds_of(self, agent_id: int, client: str, index: int) -> tuple[int, int]:
        """(payments, flows) behind an entry, wei."""
        payments, flows = self.grounds.call("grounds", agent_id, client, index)
        return int(payments), int(flows)

    def grounded_summary(
        self,
        agent_id: int,
        clients: Sequence[str] | None = None,
        tag1: str = "",
        tag2: str = "",
        *,
        low: int = 0,
        high: int = 100 * WAD,
    ) -> GroundedSummary:
        """Grounded feedback weighed by the money behind it, with values (WAD) cut to [low, high].

        Without `clients`, those of everybody who paid; colluders are among them, so name those you know. Each client
        counts once.
        """
        named = list(dict.fromkeys(self.grounded_clients(agent_id) if clients is None else clients))
        total, payments, flows = Grounded(), Grounded(), Grounded()
        for start in range(0, len(named), MAX_GROUNDED):
            page = named[start : start + MAX_GROUNDED]
            found = self.grounds.call("getGroundedSummary", agent_id, page, tag1, tag2, low, high)
            total, payments, flows = (
                so_far + Grounded(count=each.count, weight=each.weight, sum=each.sum)
                for so_far, each in zip((total, payments, flows), found, strict=True)
            )
        return GroundedSummary(total=total, payments=payments, flows=flows)

    # validation

    def validation_status(self, request_hash: bytes) -> Validation:
        """State of a request. Reverted if there is none."""
        state = self.validation.call("getValidationStatus", request_hash)
        validator, agent_id, response, response_hash, tag, updated = state
        return Validation(
            request_hash=request_hash,
            validator=validator,
            agent_id=agent_id,
            response=response,
            answered=bool(self.validation.call("hasResponse", request_hash)),
            response_hash=response_hash,
            tag=tag,
            updated=updated,
        )


def _some(address: Any) -> str | None:
    return None if address == ZERO_ADDRESS else str(address)


def _pages(contract: Contract, agent_id: int) -> list[str]:
    found: list[str] = []
    count = int(contract.call("clientCount", agent_id))
    while len(found) < count:
        page = contract.call("getClientsFrom", agent_id, len(found))
        if not page:  # or a contract that is none of ours would keep us here for ever
            raise DecodeError(f"{contract.name} at {contract.address} counts {count} clients and lists {len(found)}")
        found.extend(page)
    return found
