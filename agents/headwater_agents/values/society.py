"""A population with what a study needs beside its value systems: where it is from, and where its members stand."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from headwater.values import Bounds, Norm, Population, PopulationBounds, ValuesError


class SocietyError(ValuesError):
    """A data set, a file or a setting that no study can be made of."""


def unbounded(n: int, norm: Norm = Norm.L1) -> PopulationBounds:
    """Bounds of n agents that accept everything, until a study or a threshold says otherwise."""
    return PopulationBounds.uniform(n, Bounds(weights=math.inf, judgements=math.inf, norm=norm))


@dataclass(frozen=True, eq=False, kw_only=True)
class Society:
    """A population to study.

    Attributes:
        name: a word, for folders and commands.
        title: what it is.
        source: where it is from.
        population: n value systems with sizes; bounds of its own only if it declares some.
        places: shape (n, k), where members stand, for graphs of who knows whom; None if nothing is known.
        sphere: places are degrees (north, east) rather than coordinates of a plane or space.
        kinds: what each is, shape (n,): a country's name, or the cluster it was drawn from; empty if nothing is known.
        bounded: the population declares bounds of its own, which a study then takes as they are.
    """

    name: str
    title: str
    source: str
    population: Population
    places: npt.NDArray[np.float64] | None = None
    sphere: bool = False
    kinds: tuple[str, ...] = ()
    bounded: bool = False

    @property
    def n(self) -> int:
        """Number of members."""
        return self.population.n

    def coordinates(self) -> npt.NDArray[np.float64] | None:
        """Places as coordinates whose Euclidean distances order pairs as they should, shape (n, k); None if unknown.

        Of a sphere: points of the unit sphere, whose chords grow with the great circle.
        """
        if self.places is None or not self.sphere:
            return self.places
        north, east = np.radians(self.places).T
        return np.stack([np.cos(north) * np.cos(east), np.cos(north) * np.sin(east), np.sin(north)], axis=1)
