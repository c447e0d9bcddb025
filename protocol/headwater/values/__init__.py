"""Values: value systems and the agreements that agents with different ones form. Pure; nothing here touches a chain."""

from headwater.values.agreement import Agreement, Formation, FormationConfig, FormationRound, Utility
from headwater.values.errors import (
    BoundsError,
    ConsensusError,
    FormationError,
    GraphError,
    PopulationError,
    ValuesError,
    ValueSystemError,
)
from headwater.values.graph import SocialGraph, components_of, metropolis
from headwater.values.norms import Norm, distance, distances
from headwater.values.population import Population, PopulationBounds
from headwater.values.system import Bounds, ValueSystem

__all__ = [
    "Agreement",
    "Bounds",
    "BoundsError",
    "ConsensusError",
    "Formation",
    "FormationConfig",
    "FormationError",
    "FormationRound",
    "GraphError",
    "Norm",
    "Population",
    "PopulationBounds",
    "PopulationError",
    "SocialGraph",
    "Utility",
    "ValueSystem",
    "ValueSystemError",
    "ValuesError",
    "components_of",
    "distance",
    "distances",
    "metropolis",
]
