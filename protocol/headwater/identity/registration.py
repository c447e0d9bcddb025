"""An agent's registration file (ERC-8004): what it is, where it serves, in which registries it stands."""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import dataclass
from typing import Any, Final

from headwater.identity.errors import RegistrationError
from headwater.identity.fields import MAX_URL, flag, shown, text
from headwater.identity.reference import AgentRef
from headwater.identity.service import Service, SignalService

REGISTRATION_TYPE: Final = "https://eips.ethereum.org/EIPS/eip-8004#registration-v1"
"""What the member `type` of every registration file says."""

DATA_PREFIX: Final = "data:application/json;base64,"
MAX_FILE: Final = 65_536
"""Bytes of a registration file."""
MAX_SERVICES: Final = 64
MAX_REGISTRATIONS: Final = 64
MAX_TRUST: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """A registration file. Raises RegistrationError if it could not be read back.

    Attributes:
        name: 1 to 200 characters.
        description: up to 4,000 characters.
        image: URI of a picture; "" for none.
        services: what it offers; no two alike. `signals` are those that sell signals.
        x402_support: whether it takes x402 payments.
        active: whether it is in service.
        registrations: where it stands; the file is only believed by a registry that names it.
        supported_trust: such as "reputation".
    """

    name: str
    description: str = ""
    image: str = ""
    services: tuple[Service, ...] = ()
    x402_support: bool = False
    active: bool = True
    registrations: tuple[AgentRef, ...] = ()
    supported_trust: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        text(self.name, "name", 200, 1)
        text(self.description, "description", 4_000)
        # A picture may be a data: URI, so it has more room than an address.
        text(self.image, "image", 16 * MAX_URL)
        flag(self.x402_support, "x402Support")
        flag(self.active, "active")
        _few("services", self.services, MAX_SERVICES)
        _few("registrations", self.registrations, MAX_REGISTRATIONS)
        _few("supportedTrust", self.supported_trust, MAX_TRUST)
        for trust in self.supported_trust:
            text(trust, "an entry of supportedTrust", 64, 1)
        _unlike("services", [_identity(service) for service in self.services])
        _unlike("registrations", list(self.registrations))
        _unlike("supportedTrust", list(self.supported_trust))

    @property
    def signals(self) -> tuple[SignalService, ...]:
        """Offers of paid signals."""
        return tuple(service for service in self.services if isinstance(service, SignalService))

    def agent_in(self, chain_id: int, registry: str) -> int | None:
        """The agent id that the file claims in a registry (checksummed address); None if it claims none."""
        found = [ref.agent_id for ref in self.registrations if (ref.chain_id, ref.registry) == (chain_id, registry)]
        return found[0] if len(found) == 1 else None

    def check_agent(self, ref: AgentRef) -> None:
        """Raise RegistrationError unless the file names exactly this agent in its registry."""
        same = [each for each in self.registrations if (each.chain_id, each.registry) == (ref.chain_id, ref.registry)]
        if same != [ref]:
            said = ", ".join(str(each.agent_id) for each in same) or "none"
            raise RegistrationError(
                f"the file of agent {ref.agent_id} must name it, and no other, in {ref.agent_registry}; it names {said}"
            )

    def as_dict(self) -> dict[str, Any]:
        """The file as plain values."""
        return {
            "type": REGISTRATION_TYPE,
            "name": self.name,
            "description": self.description,
            "image": self.image,
            "services": [service.as_dict() for service in self.services],
            "x402Support": self.x402_support,
            "active": self.active,
            "registrations": [
                {"agentId": ref.agent_id, "agentRegistry": ref.agent_registry} for ref in self.registrations
            ],
            "supportedTrust": list(self.supported_trust),
        }

    def to_json(self) -> bytes:
        """The file's bytes. Raises RegistrationError beyond 65,536."""
        raw = json.dumps(self.as_dict(), ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
        if len(raw) > MAX_FILE:
            raise RegistrationError(f"the registration file would have {len(raw)} bytes; accepted: at most {MAX_FILE}")
        return raw

    def to_data_uri(self) -> str:
        """The file as a data: URI, which a registry can hold whole (if it is short; see SPEC section 15)."""
        return DATA_PREFIX + b64encode(self.to_json()).decode()


def _few(name: str, entries: tuple[object, ...], most: int) -> None:
    if len(entries) > most:
        raise RegistrationError(f"{name} has {len(entries)} entries; accepted: at most {most}")


def _unlike(name: str, entries: list[Any]) -> None:
    twice = next((entry for index, entry in enumerate(entries) if entry in entries[:index]), None)
    if twice is not None:
        raise RegistrationError(f"{name} names {shown(twice)} twice")


def _identity(service: Service) -> tuple[object, ...]:
    # Two prices for the same signal would leave it to the reader which one counts.
    if isinstance(service, SignalService):
        return service.name, service.endpoint, service.chain_id, service.series
    return service.name, service.endpoint, service.version
