"""Which registry: `eip155:<chain id>:<address>`, in the manner of CAIP-10, and which agent in it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from headwater.chain.errors import ArgumentError
from headwater.chain.transaction import checksum
from headwater.identity.errors import RegistrationError
from headwater.identity.fields import number, shown

_NETWORK = re.compile(r"eip155:([1-9][0-9]{0,31})", re.ASCII)
_REGISTRY = re.compile(r"eip155:([1-9][0-9]{0,31}):(0x[0-9a-fA-F]{40})", re.ASCII)


def network(chain_id: int) -> str:
    """CAIP-2 name of an EVM chain: "eip155:<chain id>"."""
    return f"eip155:{chain_id}"


def parse_network(value: object, name: str = "network") -> int:
    """Chain id of a CAIP-2 name. Raises RegistrationError."""
    found = _NETWORK.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise RegistrationError(f'{name} is {shown(value)}; accepted: "eip155:<chain id>"')
    return int(found[1])


def address(value: object, name: str) -> str:
    """Checksummed address; a mixed-case one must carry the right checksum. Raises RegistrationError."""
    if not isinstance(value, str) or re.fullmatch(r"0x[0-9a-fA-F]{40}", value, re.ASCII) is None:
        raise RegistrationError(f"{name} is {shown(value)}; accepted: 0x followed by 40 hex digits")
    try:
        proper = checksum(value)
    except ArgumentError as error:  # pragma: no cover - the pattern lets no other text through
        raise RegistrationError(f"{name}: {error}") from error
    digits = value[2:]
    if value != proper and digits not in (digits.lower(), digits.upper()):
        raise RegistrationError(f"{name} {value} has a wrong checksum; it would be {proper}")
    return proper


@dataclass(frozen=True, slots=True)
class AgentRef:
    """An agent of a registry: its id (from 0), the chain, and the registry's checksummed address.

    Raises RegistrationError for what cannot be one.
    """

    agent_id: int
    chain_id: int
    registry: str

    def __post_init__(self) -> None:
        number(self.agent_id, "agentId", 2**256 - 1)
        number(self.chain_id, "chain id", 10**32 - 1, 1)
        object.__setattr__(self, "registry", address(self.registry, "agentRegistry"))

    @property
    def agent_registry(self) -> str:
        """The registry as a registration file names it: "eip155:<chain id>:<address>"."""
        return f"{network(self.chain_id)}:{self.registry}"

    @classmethod
    def parse(cls, agent_id: object, agent_registry: object) -> AgentRef:
        """From the two members of an entry of `registrations`. Raises RegistrationError."""
        found = _REGISTRY.fullmatch(agent_registry) if isinstance(agent_registry, str) else None
        if found is None:
            raise RegistrationError(
                f'agentRegistry is {shown(agent_registry)}; accepted: "eip155:<chain id>:<address of the registry>"'
            )
        return cls(number(agent_id, "agentId", 2**256 - 1), int(found[1]), found[2])
