"""What a view of members would sign, and an agent's word on it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from headwater.values import Bounds, Utility
from headwater.values.formation import poles
from headwater.values.norms import Floats, distances
from headwater.values.optimum import optimum
from headwater_agents.accord.record import Declaration


@dataclass(frozen=True, slots=True, eq=False)
class Proposal:
    """An agreement before it is signed: its members in order, and its system as a (d,) vector."""

    members: tuple[Declaration, ...]
    vector: Floats


Signer = Callable[[Proposal], bytes]
"""Makes an agent's acceptance of a proposal, at most 1,024 bytes: an EIP-712 signature, say."""


def propose(members: Sequence[Declaration], utility: Utility) -> Proposal:
    """The optimum of the members' summed utility, as in memory; a lone member's is its own system."""
    if len(members) == 1:
        return Proposal(tuple(members), members[0].vector)
    vectors = np.array([each.vector for each in members])
    sizes = np.array([each.size for each in members])
    return Proposal(tuple(members), optimum(vectors, members[0].m, sizes, utility.p))


def no_words(_: Proposal) -> bytes:
    """Accept by the signed answer alone, which names the view."""
    return b""


def accepts(bounds: Bounds, own: Floats, proposed: Floats, m: int) -> bool:
    """Whether an agreement is within an agent's bounds (capped already): closed, and without slack."""
    parts = ((own[:m], proposed[:m], bounds.weights), (own[m:], proposed[m:], bounds.judgements))
    return all(bool(distances(bounds.norm, a, b) <= bound) for a, b, bound in parts)


def sides(proposal: Proposal, accepted: Sequence[bool]) -> tuple[set[bytes], set[bytes]]:
    """How members part over a proposal that some of them refused, as in memory: those who accept and those who refuse;
    if all refuse, between the two poles.

    Args:
        proposal: of k members.
        accepted: (k,), what each answered, in order; not all true.

    Returns:
        addresses of the two sides.
    """
    own = np.array([each.vector for each in proposal.members])
    first = np.array(accepted) if any(accepted) else poles(own, proposal.vector)
    members = [each.author for each in proposal.members]
    return (
        {each for each, side in zip(members, first, strict=True) if side},
        {each for each, side in zip(members, first, strict=True) if not side},
    )
