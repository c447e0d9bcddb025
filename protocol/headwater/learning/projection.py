"""The nearest update that keeps every constraint: a small quadratic programme with a cone.

    minimise ½ ‖x − u‖²   subject to   a · x ≤ b,   |x_j| ≤ box_j,   ‖x‖_2 ≤ ball

Which constraints bind is guessed, and checked; where the guess fails, Clarabel (an interior-point method) solves the
problem and says which. On those the answer is worked out in closed form, exact to the last bits rather than to the
solver's tolerance, and checked to be nearest by writing u − x as a non-negative mix of binding normals: on the affine
space E where the binding rows hold with equality, the nearest point of E to u, and where the ball binds too, the
nearest point of E ∩ sphere, x = e + √(ball² − ‖e‖²) · v / ‖v‖ with e the point of E nearest to 0 and v the part of u
along E.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import clarabel
import numpy as np
from scipy import sparse
from scipy.optimize import nnls

from headwater.learning.batch import Floats
from headwater.learning.errors import SolverError, UpdateError
from headwater.learning.spaces import HalfSpaces

FEASIBLE: Final = 1e-9
"""How far an answer may stand outside a constraint, relative to the size of the problem."""
_SHORT: Final = 100
_NOTHING: Final = 1e-12
_STEPS: Final = 12
_MOST_BOUNDED: Final = 64
_SOLVED: Final = (clarabel.SolverStatus.Solved, clarabel.SolverStatus.AlmostSolved)
_INFEASIBLE: Final = (clarabel.SolverStatus.PrimalInfeasible, clarabel.SolverStatus.AlmostPrimalInfeasible)


@dataclass(frozen=True, kw_only=True, eq=False)
class Projection:
    """The nearest admissible point, or why there is none.

    Attributes:
        feasible: whether the constraints can be met together.
        point: (d,), the nearest point; zeros when infeasible.
        distance: ‖point − u‖_2; infinite when infeasible.
        active: names of the constraints that hold the point back, in no way changed by the others.
        conflict: when infeasible, names of constraints that cannot all be met: those with a weight in the solver's
            proof (non-negative multiples of them add up to a contradiction).
    """

    feasible: bool
    point: Floats
    distance: float
    active: tuple[str, ...] = ()
    conflict: tuple[str, ...] = ()


def project(update: Floats, spaces: HalfSpaces) -> Projection:
    """The point of a set nearest to an update (see the module).

    Args:
        update: (d,), finite.
        spaces: any set of half-spaces, box and ball; the projection is unique when it is not empty.

    Raises:
        UpdateError: an update of another shape or not finite.
        SolverError: no answer that stands up to a check. Nothing is estimated in its place.
    """
    u = np.asarray(update, dtype=np.float64)
    if u.shape != (spaces.dimension,) or not bool(np.isfinite(u).all()):
        raise UpdateError(f"an update has shape ({spaces.dimension},) and is finite; got shape {u.shape}")
    norms = np.linalg.norm(spaces.a, axis=1)
    flat = norms == 0
    if bool((spaces.b[flat] < 0).any()):
        # Nothing moves this constraint to first order, and it asks for a movement.
        names = tuple(n for n, is_flat, b in zip(spaces.names, flat, spaces.b, strict=True) if is_flat and b < 0)
        return _none(u, names)
    if spaces.holds(u, 0.0):
        return Projection(feasible=True, point=u.copy(), distance=0.0)
    if spaces.holds(np.zeros_like(u), 0.0) and spaces.ball == 0:
        return Projection(feasible=True, point=np.zeros_like(u), distance=float(np.linalg.norm(u)))
    found = _Problem(u, spaces, np.flatnonzero(~flat), norms).solve()
    # Lengths are counted in ‖u‖. Where the answer is far shorter it is sought once more from nearby on the same ray,
    # all of which has one nearest point: farther out than the answer may be off, and near enough to count well.
    short, far = float(np.linalg.norm(found.point)), float(np.linalg.norm(u))
    if found.feasible and _SHORT * short < far:
        near = found.point + (u - found.point) * (max(10 * short, 1e-5 * far) / far)
        again = _Problem(near, spaces, np.flatnonzero(~flat), norms).solve()
        if again.feasible:
            return replace(found, point=again.point, distance=float(np.linalg.norm(again.point - u)))
    return found


def _none(u: Floats, names: tuple[str, ...]) -> Projection:
    return Projection(feasible=False, point=np.zeros_like(u), distance=float("inf"), conflict=names)


class _Problem:
    """One projection, scaled: free entries only, rows of length one, lengths counted in the ball's radius or ‖u‖."""

    def __init__(self, u: Floats, spaces: HalfSpaces, rows: Any, norms: Floats) -> None:
        self.u, self.spaces = u, spaces
        self.free = np.flatnonzero(spaces.box > 0)
        size = float(np.linalg.norm(u[self.free]))
        bounds = spaces.b[rows] / norms[rows]
        asked = max(0.0, -float(bounds.min(initial=0.0)))
        # With zero admissible the answer is no longer than u: what lies farther out than that cannot bind.
        far = size * (1 + 1e-9) if asked == 0 else float("inf")
        self.holds_zero = asked == 0
        self.scale = max(min(spaces.ball, size), asked) or 1.0
        rows, bounds = rows[bounds < far], bounds[bounds < far]
        self.a = spaces.a[rows][:, self.free] / norms[rows][:, None]
        self.b = bounds / self.scale
        self.names = [spaces.names[row] for row in rows]
        bounded = np.flatnonzero(spaces.box[self.free] < min(far, 1e300))
        self.bounded, self.reach = bounded, spaces.box[self.free][bounded] / self.scale
        self.box_names = [spaces.box_names[self.free[j]] for j in bounded]
        self.ball = spaces.ball / self.scale if spaces.ball < far else float("inf")
        self.target = u[self.free] / self.scale

    def solve(self) -> Projection:
        n, c, k = len(self.free), len(self.a), len(self.bounded)
        if n == 0:
            broken = tuple(name for name, b in zip(self.names, self.b, strict=True) if b < 0)
            frozen = tuple(dict.fromkeys(self.spaces.box_names))
            return _none(self.u, (*broken, *frozen)) if broken else self._answer(np.zeros(0), frozen)
        if not (c or k or np.isfinite(self.ball)):
            return self._answer(self.target, self._frozen(self.u))
        guessed = self._guess()
        if guessed is not None:
            return guessed
        for tolerance in (1e-10, 1e-8):
            solution = self._clarabel(tolerance)
            dual, gap, point = np.array(solution.z), np.array(solution.s), np.array(solution.x)
            if solution.status in _INFEASIBLE and not self.holds_zero:
                return _none(self.u, self._names(dual > 1e-6 * float(np.abs(dual).max()), dual, conflict=True))
            binding = dual[: c + 2 * k] > gap[: c + 2 * k]
            tight = bool(np.isfinite(self.ball)) and float(dual[c + 2 * k]) > self.ball - float(np.linalg.norm(point))
            exact = self._polish(binding, tight)
            if exact is not None and self._excess(exact) <= FEASIBLE and self._is_nearest(exact, binding, tight):
                return self._answer(exact, self._names(binding, dual))
            if solution.status in _SOLVED and self._excess(point) <= 1e-7:
                return self._answer(point, self._names(binding, dual))
        raise SolverError(f"the projection found no reliable answer (the solver says {solution.status})")

    def _clarabel(self, tolerance: float) -> Any:
        n, c, k = len(self.free), len(self.a), len(self.bounded)
        # Far outside the ball the objective is all but linear; counted in its own size it stays well conditioned.
        far = max(1.0, float(np.linalg.norm(self.target)))
        unit = sparse.csc_matrix((np.ones(k), (np.arange(k), self.bounded)), shape=(k, n))
        blocks = [sparse.csc_matrix(self.a), unit, -unit]
        right = [self.b, self.reach, self.reach]
        cones: list[Any] = [clarabel.NonnegativeConeT(c + 2 * k)] if c + k else []
        if np.isfinite(self.ball):
            blocks += [sparse.csc_matrix((1, n)), -sparse.identity(n, format="csc")]
            right += [np.array([self.ball]), np.zeros(n)]
            cones.append(clarabel.SecondOrderConeT(n + 1))
        settings = clarabel.DefaultSettings()
        settings.verbose = False
        settings.max_threads = 1
        settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = tolerance
        return clarabel.DefaultSolver(
            sparse.identity(n, format="csc") / far,
            -self.target / far,
            sparse.vstack(blocks, format="csc"),
            np.concatenate(right),
            cones,
            settings,
        ).solve()

    def _guess(self) -> Projection | None:
        """The answer by trying binding sets: what is broken binds, what would have to push outwards does not.

        Most projections end here in a few steps, a hundred times sooner than with the solver. It may go in circles,
        and then says None; what it finds has passed the same test of being nearest.
        """
        c, k = len(self.a), len(self.bounded)
        if k > _MOST_BOUNDED:
            return None
        point, binding, tight = self.target, np.zeros(c + 2 * k, dtype=bool), False
        for _ in range(_STEPS):
            broken = self._broken(point)
            over = float(np.linalg.norm(point)) > self.ball + FEASIBLE
            if bool((broken & binding).any()) or (over and tight):
                return None
            binding, tight = binding | broken, tight or over
            exact = self._polish(binding, tight)
            if exact is None:
                return None
            point = exact
            weights, left = self._mix(point, binding, tight)
            held = np.append(binding, tight)
            held[held] = weights > 0
            binding, tight = held[:-1], bool(held[-1])
            if self._excess(point) <= FEASIBLE and left:
                return self._answer(point, self._names(binding, held.astype(np.float64)))
        return None

    def _broken(self, point: Floats) -> Any:
        """Which rows, upper and lower bounds a point breaks."""
        at = point[self.bounded]
        gaps = (self.a @ point - self.b, at - self.reach, -at - self.reach)
        return np.concatenate(gaps) > FEASIBLE

    def _is_nearest(self, point: Floats, binding: Any, tight: bool) -> bool:
        return self._mix(point, binding, tight)[1]

    def _mix(self, point: Floats, binding: Any, tight: bool) -> tuple[Floats, bool]:
        """Non-negative weights of binding normals that come nearest to what separates u from the point.

        And whether they make it up: then nothing that keeps the constraints is nearer to u.
        """
        c, k = len(self.a), len(self.bounded)
        axes = np.eye(len(self.free))[self.bounded]
        normals = [self.a[binding[:c]], axes[binding[c : c + k]], -axes[binding[c + k :]]]
        rest = self.target - point
        mix = np.vstack([*normals, point[None]] if tight else normals).T
        weights, left = np.zeros(0), float(np.linalg.norm(rest))
        if mix.shape[1]:
            # The same problem in the coordinates of the normals' span, which has few.
            frame, small = np.linalg.qr(mix)
            inside = frame.T @ rest
            try:
                weights, part = nnls(small, inside, maxiter=50 * mix.shape[1])
            except RuntimeError:
                return np.ones(mix.shape[1]), False
            left = float(np.hypot(part, np.linalg.norm(rest - frame @ inside)))
        return weights, left <= 1e-9 * (1 + float(np.linalg.norm(self.target))) and self._on(point, binding, tight)

    def _on(self, point: Floats, binding: Any, tight: bool) -> bool:
        """Whether what is said to bind does: only there may its normal push."""
        at = point[self.bounded]
        gaps = np.concatenate((self.a @ point - self.b, at - self.reach, -at - self.reach))[binding]
        slack = abs(float(np.linalg.norm(point)) - self.ball) if tight else 0.0
        return max(float(np.abs(gaps).max(initial=0.0)), slack) <= FEASIBLE

    def _excess(self, point: Floats) -> float:
        worst = max(float(np.linalg.norm(point)) - self.ball, 0.0)
        if len(self.a):
            worst = max(worst, float((self.a @ point - self.b).max()))
        if len(self.bounded):
            worst = max(worst, float((np.abs(point[self.bounded]) - self.reach).max()))
        return worst

    def _polish(self, binding: Any, tight: bool) -> Floats | None:
        c, k, n = len(self.a), len(self.bounded), len(self.free)
        fixed = np.zeros(n, dtype=bool)
        value = np.zeros(n)
        above, below = binding[c : c + k], binding[c + k :]
        for mask, sign in ((above, 1.0), (below, -1.0)):
            value[self.bounded[mask]] = sign * self.reach[mask]
            fixed[self.bounded[mask]] = True
        rows, loose = self.a[binding[:c]], ~fixed
        if not loose.any():
            return value
        matrix = rows[:, loose]
        right = self.b[binding[:c]] - rows[:, fixed] @ value[fixed]
        inverse = np.linalg.pinv(matrix, rcond=1e-12) if len(rows) else np.zeros((int(loose.sum()), 0))
        target = self.target[loose]
        if tight:
            nearest = inverse @ right
            along = target - inverse @ (matrix @ target)
            room = self.ball**2 - float(value @ value) - float(nearest @ nearest)
            length = float(np.linalg.norm(along))
            if room < 0 or length <= _NOTHING * float(np.linalg.norm(target)):
                return None  # rows that leave no direction free do not meet the ball in one place
            value[loose] = nearest + along * (np.sqrt(room) / length)
        else:
            value[loose] = target - inverse @ (matrix @ target - right)
        return value

    def _names(self, chosen: Any, dual: Floats, conflict: bool = False) -> tuple[str, ...]:
        c, k = len(self.a), len(self.bounded)
        names = [name for name, is_in in zip(self.names, chosen[:c], strict=True) if is_in]
        names += [
            name for name, a, b in zip(self.box_names, chosen[c : c + k], chosen[c + k :], strict=False) if a or b
        ]
        if np.isfinite(self.ball) and float(dual[c + 2 * k]) > 1e-6 * float(np.abs(dual).max()):
            names.append(self.spaces.ball_name)
        if not conflict:
            return tuple(dict.fromkeys([*names, *self._frozen(self.u)]))
        # What is frozen stands in the way where a row of the proof would move it.
        wanted = [row for row, name in enumerate(self.spaces.names) if name in names]
        return tuple(dict.fromkeys([*names, *self._frozen(np.abs(self.spaces.a[wanted]).sum(axis=0))]))

    def _answer(self, scaled: Floats, active: Sequence[str]) -> Projection:
        point = np.zeros_like(self.u)
        point[self.free] = scaled * self.scale
        # Box and ball are exact conditions, on-chain too: the last rounding goes inwards.
        point = np.clip(point, -self.spaces.box, self.spaces.box)
        length = float(np.linalg.norm(point))
        if length > self.spaces.ball:
            point *= self.spaces.ball / length * (1 - 1e-15)
        return Projection(
            feasible=True,
            point=point,
            distance=float(np.linalg.norm(point - self.u)),
            active=tuple(dict.fromkeys(active)),
        )

    def _frozen(self, moved: Floats) -> list[str]:
        return [n for j, n in enumerate(self.spaces.box_names) if self.spaces.box[j] == 0 and moved[j] != 0]
