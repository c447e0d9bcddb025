"""Which updates get into the model: judged against every profile of the agreement, as they are or as they can be.

reject: an update is admissible when it keeps every half-space and every constraint's own function.

project: otherwise it is moved to the nearest point of the half-spaces, the box and the ball. Where a loss is still
raised too far there (its curvature), the half-space that touches it at that point,

    ∇L_g(θ + x) · u ≤ tolerance − (L_g(θ + x) − L_g(θ)) + ∇L_g(θ + x) · x

is added and the update projected anew, up to 12 times (Kelley, "The cutting-plane method for solving convex programs",
SIAM 8, 1960). For a convex loss no cut removes an admissible update, so the points approach the projection onto the
true set from outside. What is then left over is taken back by shrinking towards zero, by factors that are tried in
order: 1 − 1e-6, 1 − 1e-4, 0.99, 0.9, and halves down to 2**-20; at last zero itself, which is admissible whenever no
tolerance is negative. With a negative tolerance there may be nothing that is admissible, and the verdict says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np

from headwater.learning.batch import Floats
from headwater.learning.checks import SLACK, Check, check
from headwater.learning.context import Context
from headwater.learning.errors import SolverError, UpdateError
from headwater.learning.profile import SCALE, Profile, ProtectedLoss
from headwater.learning.projection import project
from headwater.learning.spaces import HalfSpaces, half_spaces, named

CUTS: Final = 12
"""Rounds of cuts before shrinking begins."""
FACTORS: Final = (1.0, 1 - 1e-6, 1 - 1e-4, 0.99, 0.9, *(2.0**-k for k in range(1, 21)), 0.0)
"""What an update is shrunk by, in this order."""
LARGEST: Final = (2**63 - 1) / SCALE
"""The largest entry that an update can have, as the chain's fixed point holds it."""


class Mode(StrEnum):
    """What is done with an update that is not admissible as it is."""

    REJECT = "reject"
    PROJECT = "project"


@dataclass(frozen=True, kw_only=True, eq=False)
class Verdict:
    """What became of one update.

    Attributes:
        admissible: whether it is aggregated, and can earn.
        update: (d,), what is aggregated; zeros when inadmissible.
        mode: how it was judged.
        checks: every constraint on what was proposed.
        final: every constraint on `update`; empty when inadmissible.
        moved: ‖update − proposed‖_2; 0 when it was taken as it is, infinite when inadmissible.
        active: constraints that held the projection back.
        conflict: constraints that cannot be met together, when that is why.
        shrink: the factor that made the functions themselves hold, 1 when none was needed.
        cuts: (k, d), normals of the half-spaces that were added on the way.
        reason: in words, why it is inadmissible, else "".
    """

    admissible: bool
    update: Floats
    mode: Mode
    checks: tuple[Check, ...]
    final: tuple[Check, ...]
    moved: float
    active: tuple[str, ...]
    conflict: tuple[str, ...]
    shrink: float
    cuts: Floats
    reason: str

    @property
    def violated(self) -> tuple[Check, ...]:
        """What the update broke as it was proposed."""
        return tuple(item for item in self.checks if not item.kept)


def filter_update(
    update: Floats,
    profiles: Sequence[Profile],
    context: Context,
    mode: Mode | str = Mode.REJECT,
    spaces: HalfSpaces | None = None,
) -> Verdict:
    """Judges one update against every profile (see the module).

    An update with entries that are not finite, or too large for the chain's fixed point, is inadmissible, and so is one
    that the solver gives no reliable answer for: a verdict, not an error, since it is the member's doing.

    Args:
        update: (d,), a member's proposed change of the model.
        profiles: those of the agreement; with none everything finite is admissible.
        context: the round.
        mode: "reject" or "project".
        spaces: `half_spaces(profiles, context)`, when it is known already.

    Raises:
        UpdateError: an update of another shape, another mode, or a profile that names what the context does not have.
    """
    try:
        mode = Mode(mode)
    except ValueError:
        raise UpdateError(f"a filter rejects or projects; got {mode!r}") from None
    proposed = np.array(update, dtype=np.float64)
    if proposed.shape != (context.task.dimension,):
        raise UpdateError(f"an update has shape ({context.task.dimension},); got {proposed.shape}")
    known = half_spaces(profiles, context) if spaces is None else spaces
    if not bool(np.isfinite(proposed).all()):
        return _inadmissible(proposed, mode, (), "an entry is not finite")
    if bool((np.abs(proposed) > LARGEST).any()):
        return _inadmissible(proposed, mode, (), f"an entry is beyond {LARGEST:.3g}, the chain's fixed point")
    checks = check(proposed, profiles, context, known)
    broken = [item for item in checks if not item.kept]
    if not broken:
        return _admissible(proposed, proposed, mode, checks, checks)
    if mode is Mode.REJECT:
        return _inadmissible(proposed, mode, checks, f"it breaks {', '.join(dict.fromkeys(c.name for c in broken))}")
    try:
        return _project(proposed, tuple(profiles), context, known, checks)
    except SolverError as error:
        return _inadmissible(proposed, mode, checks, str(error))


def _project(
    proposed: Floats, profiles: tuple[Profile, ...], context: Context, spaces: HalfSpaces, checks: tuple[Check, ...]
) -> Verdict:
    constraints = [(name, c) for name, c in named(profiles) if isinstance(c, ProtectedLoss)]
    task, theta, cut_set = context.task, context.theta, spaces
    own = len(spaces.names)
    for round_of_cuts in range(CUTS + 1):
        nearest = project(proposed, cut_set)
        if not nearest.feasible:
            if round_of_cuts and task.convex:
                reason = "no update meets these together"
            else:
                reason = "no update meets these together, to first order"
            return _inadmissible(
                proposed, Mode.PROJECT, checks, f"{reason}: {', '.join(nearest.conflict)}", nearest.conflict
            )
        point = nearest.point
        normals, bounds, names = [], [], []
        for name, constraint in constraints:
            group = context.group(constraint.group)
            rise = task.loss(theta + point, group) - task.loss(theta, group)
            if rise > constraint.tolerance + SLACK:
                slope = task.gradient(theta + point, group)
                normals.append(slope)
                bounds.append(float(constraint.tolerance) - rise + float(slope @ point))
                names.append(name)
        if not names or round_of_cuts == CUTS:
            break
        cut_set = cut_set.cut(normals, bounds, names)
    for factor in FACTORS:
        shrunk = factor * point
        final = check(shrunk, profiles, context, spaces)
        if all(item.kept for item in final):
            return _admissible(
                proposed, shrunk, Mode.PROJECT, checks, final, nearest.active, factor, cut_set.a[own:].copy()
            )
    worst = dict.fromkeys(item.name for item in final if not item.kept)
    return _inadmissible(proposed, Mode.PROJECT, checks, f"no part of its projection meets {', '.join(worst)}")


def _admissible(
    proposed: Floats,
    update: Floats,
    mode: Mode,
    checks: tuple[Check, ...],
    final: tuple[Check, ...],
    active: tuple[str, ...] = (),
    shrink: float = 1.0,
    cuts: Floats | None = None,
) -> Verdict:
    update = update.copy()
    update.flags.writeable = False
    return Verdict(
        admissible=True,
        update=update,
        mode=mode,
        checks=checks,
        final=final,
        moved=float(np.linalg.norm(update - proposed)),
        active=active,
        conflict=(),
        shrink=shrink,
        cuts=np.zeros((0, len(update))) if cuts is None else cuts,
        reason="",
    )


def _inadmissible(
    proposed: Floats, mode: Mode, checks: tuple[Check, ...], reason: str, conflict: tuple[str, ...] = ()
) -> Verdict:
    zero = np.zeros_like(proposed)
    zero.flags.writeable = False
    return Verdict(
        admissible=False,
        update=zero,
        mode=mode,
        checks=checks,
        final=(),
        moved=float("inf"),
        active=(),
        conflict=conflict,
        shrink=1.0,
        cuts=np.zeros((0, len(proposed))),
        reason=reason,
    )
