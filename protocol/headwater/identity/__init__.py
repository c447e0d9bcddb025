"""Who an agent is (ERC-8004): registration files, and typed clients of the registries."""

from headwater.identity.desk import AgentDesk, Payment, request_hash, wallet_consent
from headwater.identity.errors import RegistrationError
from headwater.identity.parse import parse_data_uri, parse_registration
from headwater.identity.reference import AgentRef, network, parse_network
from headwater.identity.registration import MAX_FILE, REGISTRATION_TYPE, Registration
from headwater.identity.registries import (
    REGISTRIES,
    Agent,
    Feedback,
    Grounded,
    GroundedSummary,
    Registries,
    RegistryAddresses,
    Summary,
    Validation,
)
from headwater.identity.service import SIGNALS, Scalar, Service, SignalService

__all__ = [
    "MAX_FILE",
    "REGISTRATION_TYPE",
    "REGISTRIES",
    "SIGNALS",
    "Agent",
    "AgentDesk",
    "AgentRef",
    "Feedback",
    "Grounded",
    "GroundedSummary",
    "Payment",
    "Registration",
    "RegistrationError",
    "Registries",
    "RegistryAddresses",
    "Scalar",
    "Service",
    "SignalService",
    "Summary",
    "Validation",
    "network",
    "parse_data_uri",
    "parse_network",
    "parse_registration",
    "request_hash",
    "wallet_consent",
]
