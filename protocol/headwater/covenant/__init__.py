"""Declared values on the chain: fixed point, what is hashed and signed, and typed clients of the contracts."""

from headwater.covenant.digest import (
    Acceptance,
    Frame,
    commitment,
    registry_domain,
    system_hash,
    vocabulary_hash,
)
from headwater.covenant.errors import CovenantError
from headwater.covenant.fixed import (
    MAX_ACTIONS,
    MAX_BOUND,
    MAX_VALUES,
    NORMS,
    SCALE,
    FixedBounds,
    FixedSystem,
    distance,
    distances,
    slack,
)

__all__ = [
    "MAX_ACTIONS",
    "MAX_BOUND",
    "MAX_VALUES",
    "NORMS",
    "SCALE",
    "Acceptance",
    "CovenantError",
    "FixedBounds",
    "FixedSystem",
    "Frame",
    "commitment",
    "distance",
    "distances",
    "registry_domain",
    "slack",
    "system_hash",
    "vocabulary_hash",
]
