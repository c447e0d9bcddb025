"""A population of agents with their value systems, sizes and bounds, in columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from headwater.values.errors import BoundsError, PopulationError
from headwater.values.norms import Bools, Floats, Norm, distances
from headwater.values.system import Bounds, ValueSystem, checked_bound, first_fault, frozen


@dataclass(frozen=True, eq=False, kw_only=True)
class PopulationBounds:
    """Each agent's bounds, in one norm.

    Args:
        weights: (n,), from 0 to inf.
        judgements: (n,), from 0 to inf.
        norm: of all of them.

    Raises:
        BoundsError: a negative bound, NaN, other shapes, or no norm.
    """

    weights: Floats
    judgements: Floats
    norm: Norm

    def __post_init__(self) -> None:
        for field in ("weights", "judgements"):
            column = frozen(getattr(self, field), "bounds")
            if column.ndim != 1:
                raise BoundsError(f"bounds on {field} have the shape (agents,); got {column.shape}")
            if not (column >= 0).all():
                bad = int((~(column >= 0)).argmax())
                raise BoundsError(f"the bound on {field} is from 0 to inf; agent {bad} has {column[bad]}")
            object.__setattr__(self, field, column)
        if len(self.weights) != len(self.judgements):
            raise BoundsError(f"{len(self.weights)} bounds on weights but {len(self.judgements)} on judgements")
        object.__setattr__(self, "norm", Norm.parse(self.norm))

    @classmethod
    def uniform(cls, n: int, bounds: Bounds) -> Self:
        """The same bounds for n agents."""
        return cls(weights=np.full(n, bounds.weights), judgements=np.full(n, bounds.judgements), norm=bounds.norm)

    def capped(self, threshold: float | None) -> PopulationBounds:
        """These bounds, none above the threshold (the governed homophily threshold); None caps nothing."""
        if threshold is None:
            return self
        cap = checked_bound(threshold, "the threshold")
        return replace(self, weights=np.minimum(self.weights, cap), judgements=np.minimum(self.judgements, cap))

    def of(self, agent: int) -> Bounds:
        """One agent's."""
        return Bounds(weights=float(self.weights[agent]), judgements=float(self.judgements[agent]), norm=self.norm)


@dataclass(frozen=True, eq=False, kw_only=True)
class Population:
    """n agents over the same m values and a actions; arrays become read-only float64 copies.

    Args:
        names: n different names.
        values: m names.
        actions: a names.
        weights: (n, m), each row on the simplex within 1e-9.
        judgements: (n, a, m), in [−1, 1].
        sizes: (n,), above zero: how many people an agent stands for. Only their ratios matter.
        bounds: of n agents.

    Raises:
        PopulationError: no agents, shapes that do not fit, names given twice, sizes not above zero, or a row that is no
            value system (its agent is named).
    """

    names: tuple[str, ...]
    values: tuple[str, ...]
    actions: tuple[str, ...]
    weights: Floats
    judgements: Floats
    sizes: Floats
    bounds: PopulationBounds

    def __post_init__(self) -> None:
        for field in ("names", "values", "actions"):
            object.__setattr__(self, field, _named(getattr(self, field), field))
        n, m, a = len(self.names), len(self.values), len(self.actions)
        if not n:
            raise PopulationError("a population has at least one agent")
        if not m:
            raise PopulationError("a population weighs at least one value")
        for field, shape in (("weights", (n, m)), ("judgements", (n, a, m)), ("sizes", (n,))):
            array = frozen(getattr(self, field), field)
            if array.shape != shape:
                raise PopulationError(
                    f"{field} of {n} agents, {m} values and {a} actions have the shape {shape}; got {array.shape}"
                )
            object.__setattr__(self, field, array)
        if not (np.isfinite(self.sizes) & (self.sizes > 0)).all():
            raise PopulationError("sizes are finite and above zero")
        if len(self.bounds.weights) != n:
            raise PopulationError(f"{n} agents but {len(self.bounds.weights)} bounds")
        fault = first_fault(self.weights, self.judgements)
        if fault is not None:
            raise PopulationError(f"agent {self.names[fault[0]]}: {fault[1]}")

    @classmethod
    def of(
        cls,
        systems: Sequence[ValueSystem],
        bounds: Bounds,
        *,
        names: Sequence[str] | None = None,
        values: Sequence[str] | None = None,
        actions: Sequence[str] | None = None,
        sizes: ArrayLike | None = None,
    ) -> Self:
        """A population of these systems under the same bounds; names are numbers and sizes 1 unless given."""
        if not systems:
            raise PopulationError("a population has at least one agent")
        for system in systems:
            systems[0].must_match(system)
        return cls(
            names=tuple(names) if names is not None else tuple(str(i) for i in range(len(systems))),
            values=tuple(values) if values is not None else tuple(f"v{i}" for i in range(systems[0].m)),
            actions=tuple(actions) if actions is not None else tuple(f"a{i}" for i in range(systems[0].a)),
            weights=np.array([system.weights for system in systems]),
            judgements=np.array([system.judgements for system in systems]),
            sizes=np.ones(len(systems)) if sizes is None else np.asarray(sizes, dtype=np.float64),
            bounds=PopulationBounds.uniform(len(systems), bounds),
        )

    @property
    def n(self) -> int:
        """Number of agents."""
        return len(self.names)

    @property
    def m(self) -> int:
        """Number of values."""
        return len(self.values)

    @property
    def a(self) -> int:
        """Number of actions."""
        return len(self.actions)

    @property
    def vectors(self) -> Floats:
        """(n, m + a·m), a copy: each row the weights, then the judgements row by row."""
        return np.concatenate([self.weights, self.judgements.reshape(self.n, -1)], axis=1)

    def system(self, agent: int) -> ValueSystem:
        """One agent's declared system."""
        return ValueSystem(self.weights[agent], self.judgements[agent])

    def with_bounds(self, bounds: Bounds | PopulationBounds) -> Population:
        """The same agents under other bounds, one for all or one each."""
        each = PopulationBounds.uniform(self.n, bounds) if isinstance(bounds, Bounds) else bounds
        return replace(self, bounds=each)

    def take(self, indices: ArrayLike) -> Population:
        """Only these agents, in this order. Raises PopulationError for an agent that does not exist or comes twice."""
        chosen = np.asarray(indices, dtype=np.int64)
        if chosen.ndim != 1 or ((chosen < 0) | (chosen >= self.n)).any():
            raise PopulationError(f"agents are numbered from 0 to {self.n - 1}; got {chosen.tolist()}")
        bounds = self.bounds
        return replace(
            self,
            names=tuple(self.names[i] for i in chosen.tolist()),
            weights=self.weights[chosen],
            judgements=self.judgements[chosen],
            sizes=self.sizes[chosen],
            bounds=replace(bounds, weights=bounds.weights[chosen], judgements=bounds.judgements[chosen]),
        )

    def acceptance(self, vectors: ArrayLike, threshold: float | None = None) -> Bools:
        """Which agents accept which systems.

        Args:
            vectors: (k, m + a·m) systems as vectors, checked for shape only.
            threshold: caps every bound.

        Returns:
            (n, k). Uses n · k bools and n · (m + a·m) floats at a time.
        """
        systems = np.atleast_2d(np.asarray(vectors, dtype=np.float64))
        if systems.shape[1] != self.m + self.a * self.m:
            raise PopulationError(f"systems here have {self.m + self.a * self.m} entries; got {systems.shape[1]}")
        bounds = self.bounds.capped(threshold)
        flat = self.judgements.reshape(self.n, -1)
        accepted = np.empty((self.n, len(systems)), dtype=np.bool_)
        for column, system in enumerate(systems):
            near = distances(bounds.norm, self.weights, system[: self.m]) <= bounds.weights
            near &= distances(bounds.norm, flat, system[self.m :]) <= bounds.judgements
            accepted[:, column] = near
        return accepted


def _named(names: Sequence[str], field: str) -> tuple[str, ...]:
    given = tuple(names)
    if not all(isinstance(name, str) and name for name in given):
        raise PopulationError(f"{field} are non-empty names")
    if len(set(given)) != len(given):
        twice = next(name for i, name in enumerate(given) if name in given[:i])
        raise PopulationError(f"{field} are different names; {twice!r} comes twice")
    return given
