"""Values: value systems and the agreements that agents with different ones form. Pure; nothing here touches a chain."""

from headwater.values.agreement import Agreement, Formation, FormationConfig, FormationRound, Utility
from headwater.values.consensus import Consensus, Part, Transition, consensus, costs, transition
from headwater.values.errors import (
    BoundsError,
    ConsensusError,
    FormationError,
    GraphError,
    PopulationError,
    ValuesError,
    ValueSystemError,
)
from headwater.values.exchange import ESTIMATE_SLACK, accepts_estimate, advance, relative_sizes, step
from headwater.values.formation import form, group_optima, poles, sign
from headwater.values.generators import complete, from_networkx, joined, nearest, random_geometric, small_world
from headwater.values.graph import SocialGraph, components_of, metropolis
from headwater.values.norms import Norm, distance, distances
from headwater.values.population import Population, PopulationBounds
from headwater.values.system import Bounds, ValueSystem

__all__ = [
    "ESTIMATE_SLACK",
    "Agreement",
    "Bounds",
    "BoundsError",
    "Consensus",
    "ConsensusError",
    "Formation",
    "FormationConfig",
    "FormationError",
    "FormationRound",
    "GraphError",
    "Norm",
    "Part",
    "Population",
    "PopulationBounds",
    "PopulationError",
    "SocialGraph",
    "Transition",
    "Utility",
    "ValueSystem",
    "ValueSystemError",
    "ValuesError",
    "accepts_estimate",
    "advance",
    "complete",
    "components_of",
    "consensus",
    "costs",
    "distance",
    "distances",
    "form",
    "from_networkx",
    "group_optima",
    "joined",
    "metropolis",
    "nearest",
    "poles",
    "random_geometric",
    "relative_sizes",
    "sign",
    "small_world",
    "step",
    "transition",
]
