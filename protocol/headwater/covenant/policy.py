"""From a value profile to what the UpdateCourt holds its members to: the profile's static part, a round's charter.

The filter takes a value as kept up to 1e-9 above its bound (`headwater.learning.SLACK`), so that much is added to every
bound here: whatever update the filter admits can be signed without fear, and `seal` does not refuse it.

The package's face leaves this module out: whoever only talks to the contracts needs no solver loaded.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from eth_hash.auto import keccak

from headwater.covenant.charter import Charter, HalfSpace
from headwater.covenant.errors import CovenantError
from headwater.covenant.wire import FixedProfile, Limit, l2_limit, linf_limits
from headwater.learning.checks import SLACK
from headwater.learning.context import Context
from headwater.learning.policy import profile_hash
from headwater.learning.profile import FrozenFeatures, NormBound, Order, Profile
from headwater.learning.spaces import HalfSpaces, frozen_indices


def policy_hash(profiles: Sequence[Profile]) -> bytes:
    """What the chain knows profiles by: the hash of the only one, or keccak256 of their hashes in order; 32 bytes."""
    hashes = [profile_hash(profile) for profile in profiles]
    return hashes[0] if len(hashes) == 1 else bytes(keccak(b"".join(hashes)))


def fixed_profile(profiles: Sequence[Profile], context: Context) -> FixedProfile:
    """Norms and frozen features of an agreement's profiles as the court reads them; its hash is the agreement's.

    Losses and accuracies are not among them: they are the charter's, round by round, to first order. Raises
    CovenantError beyond 1,024 parameters or 256 limits, UpdateError for a feature that the task does not have.
    """
    d = context.task.dimension
    limits: list[Limit] = []
    for profile in profiles:
        for constraint in profile.constraints:
            match constraint:
                case NormBound(order=Order.L2):
                    limits.append(l2_limit(d, _with_slack(constraint.bound)))
                case NormBound():
                    limits.extend(linf_limits(range(d), _with_slack(constraint.bound)))
                case FrozenFeatures():
                    limits.extend(linf_limits(frozen_indices(constraint, context), _with_slack(constraint.tolerance)))
                case _:
                    continue
    return FixedProfile(policy_hash(profiles), d, tuple(limits))


def fixed_charter(spaces: HalfSpaces) -> Charter:
    """A round's half-spaces as the court reads them; box and ball are the profile's.

    A row that is zero everywhere, a loss at its least, constrains nothing and is left out. Raises CovenantError beyond
    64 rows, or if neither a norm nor a box bounds every entry: rows are rounded for updates of a known size.
    """
    reach = float(np.minimum(spaces.box, spaces.ball).max())
    rows = [(a, float(b)) for a, b in zip(spaces.a, spaces.b, strict=True) if a.any()]
    if rows and not np.isfinite(reach):
        raise CovenantError("a charter is rounded for updates of a known size: some profile has to bound the norm")
    return Charter(tuple(HalfSpace.of(a, _with_slack(b), _with_slack(reach)) for a, b in rows))


def _with_slack(bound: float) -> float:
    """The least float that is no less than bound + 1e-9, and than what the filter makes of that sum."""
    exact = Fraction(bound) + Fraction(1, 10**9)
    found = bound + SLACK
    return found if Fraction(found) >= exact else float(np.nextafter(found, np.inf))
