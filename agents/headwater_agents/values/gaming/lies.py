"""What somebody can declare instead of the truth: one small class a lie.

A liar here knows everybody's declaration before it makes its own. Sealed declarations (commit, then reveal) take that
from it, so what is measured is the most that these lies can bring.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from headwater.values import Population, PopulationBounds, SocialGraph, ValueSystem, complete
from headwater.values.simplex import project_rows
from headwater_agents.values.gaming.worlds import LyingWorld

WIDE: Final = 1e6
"""A declared bound that no agreement exceeds."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Declared:
    """What the world looks like with the lie in it.

    Attributes:
        population: as declared; the liar's extra identities come last.
        graph: who knows whom now.
        owned: the liar's identities, its own first.
    """

    population: Population
    graph: SocialGraph
    owned: tuple[int, ...]


class Lie(Protocol):
    """A way to misdeclare. `goal` says what for, `inside` whether the liar is of the rich cluster."""

    @property
    def name(self) -> str:
        """What a table calls it."""

    @property
    def goal(self) -> str:
        """What it is for."""

    @property
    def inside(self) -> bool:
        """Whether it is played by one of the rich cluster."""

    def declare(self, world: LyingWorld, liar: int, group: tuple[int, ...]) -> Declared:
        """The world with the lie. `group` is the liar's group when it does not lie, itself included."""


@dataclass(frozen=True, kw_only=True)
class Truth:
    """Declares what is true. What is broken, if anything, is the promise."""

    inside: bool = True
    name: str = "signs, then does as it likes"
    goal: str = "keep the income, not the agreement"

    def declare(self, world: LyingWorld, liar: int, group: tuple[int, ...]) -> Declared:
        """Nothing changes."""
        return Declared(population=world.population, graph=world.graph, owned=(liar,))


@dataclass(frozen=True, kw_only=True)
class Enter:
    """Declares a mixture of its own values and those of the rich cluster.

    mixture: the rich cluster's share in it, above 0 up to 1.
    """

    mixture: float
    inside: bool = False
    goal: str = "enter a group it does not belong to"

    @property
    def name(self) -> str:
        """With its mixture."""
        return f"poses as one of them, {self.mixture:.0%}"

    def declare(self, world: LyingWorld, liar: int, group: tuple[int, ...]) -> Declared:
        """The liar's declaration moves towards the cluster's mean; its bounds accept anything."""
        vectors = world.population.vectors
        target = vectors[world.rich].mean(axis=0)
        return _declared(world, liar, vectors[liar] + self.mixture * (target - vectors[liar]), WIDE)


@dataclass(frozen=True, kw_only=True)
class Shift:
    """Declares more of what sets it apart from its group, from one identity or several.

    factor: by how much of the distance to the group's mean it exaggerates, above 0.
    identities: how many declare so, from 1.
    """

    factor: float
    identities: int = 1
    inside: bool = True
    goal: str = "pull its group's agreement towards itself"

    @property
    def name(self) -> str:
        """With its factor and identities."""
        crowd = f", {self.identities} identities" if self.identities > 1 else ""
        return (f"exaggerates by {self.factor:g}" if self.factor else "repeats itself") + crowd

    def declare(self, world: LyingWorld, liar: int, group: tuple[int, ...]) -> Declared:
        """The liar's declaration moves away from the mean of the others in its group."""
        vectors = world.population.vectors
        others = [each for each in group if each != liar]
        middle = vectors[others].mean(axis=0) if others else vectors[liar]
        lied = vectors[liar] + self.factor * (vectors[liar] - middle)
        return _declared(world, liar, lied, WIDE, self.identities)


@dataclass(frozen=True, kw_only=True)
class Exclude:
    """Declares the opposite of the member who agrees least, so that this one refuses the group's agreement.

    factor: by how much of the distance to that member, above 0.
    identities: how many declare so, from 1.
    """

    factor: float
    identities: int = 1
    inside: bool = True
    goal: str = "shut a member out and share its income"

    @property
    def name(self) -> str:
        """With its factor and identities."""
        crowd = f", {self.identities} identities" if self.identities > 1 else ""
        return f"drives the outermost away by {self.factor:g}{crowd}"

    def declare(self, world: LyingWorld, liar: int, group: tuple[int, ...]) -> Declared:
        """The liar's declaration moves away from the member that is farthest from the group's mean."""
        vectors = world.population.vectors
        others = [each for each in group if each != liar]
        if not others:
            return _declared(world, liar, vectors[liar], WIDE)
        middle = vectors[list(group)].mean(axis=0)
        far = others[int(np.square(vectors[others] - middle).sum(axis=1).argmax())]
        lied = vectors[liar] + self.factor * (vectors[liar] - vectors[far])
        return _declared(world, liar, lied, WIDE, self.identities)


@dataclass(frozen=True, kw_only=True)
class Bound:
    """Declares its values truly, its bounds not.

    factor: of the true bounds; below 1 they are understated, above 1 overstated.
    """

    factor: float
    inside: bool = True

    @property
    def name(self) -> str:
        """With its factor."""
        who = "" if self.inside else " (outsider)"
        return f"{'understates' if self.factor < 1 else 'overstates'} its bounds, ×{self.factor:g}{who}"

    @property
    def goal(self) -> str:
        """What it is for."""
        return "belong to a closer group" if self.factor < 1 else "be let into more"

    def declare(self, world: LyingWorld, liar: int, group: tuple[int, ...]) -> Declared:
        """Only the liar's bounds change."""
        bounds = world.population.bounds
        weights, judgements = bounds.weights.copy(), bounds.judgements.copy()
        weights[liar] *= self.factor
        judgements[liar] *= self.factor
        changed = PopulationBounds(weights=weights, judgements=judgements, norm=bounds.norm)
        return Declared(population=world.population.with_bounds(changed), graph=world.graph, owned=(liar,))


LIES: Final[tuple[Lie, ...]] = (
    Truth(),
    Truth(inside=False, name="signs, then does as it likes (outsider)"),
    Enter(mixture=0.5),
    Enter(mixture=0.75),
    Enter(mixture=1.0),
    Shift(factor=0.1),
    Shift(factor=0.5),
    Shift(factor=2.0),
    Exclude(factor=0.5),
    Exclude(factor=2.0),
    Bound(factor=0.5),
    Bound(factor=2.0),
    Bound(factor=2.0, inside=False),
    Shift(factor=0.0, identities=5),
    Shift(factor=0.1, identities=5),
    Shift(factor=0.5, identities=5),
    Shift(factor=0.5, identities=20),
    Exclude(factor=0.5, identities=5),
)


def _declared(world: LyingWorld, liar: int, vector: npt.NDArray[np.float64], bound: float, k: int = 1) -> Declared:
    """The world in which the liar, k identities in all, declares this vector, made a value system, and this bound."""
    honest = world.population
    n, m = honest.n, honest.m
    system = ValueSystem.from_vector(project_rows(vector[None].copy(), m)[0], m)
    rows = np.concatenate([np.arange(n), np.full(k - 1, liar)])
    owned = (liar, *range(n, n + k - 1))
    weights, judgements = honest.weights[rows], honest.judgements[rows]
    weights[list(owned)], judgements[list(owned)] = system.weights, system.judgements
    bounds = honest.bounds
    near, far = bounds.weights[rows], bounds.judgements[rows]
    near[list(owned)] = far[list(owned)] = bound
    population = replace(
        honest,
        names=(*honest.names, *(f"{honest.names[liar]}/{index}" for index in range(1, k))),
        weights=weights,
        judgements=judgements,
        sizes=honest.sizes[rows],
        bounds=PopulationBounds(weights=near, judgements=far, norm=bounds.norm),
    )
    return Declared(population=population, graph=complete(len(rows)) if k > 1 else world.graph, owned=owned)
