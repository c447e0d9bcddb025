"""What value systems and agreements refuse, as subclasses of ValueError."""

from __future__ import annotations

from headwater.errors import InputError


class ValuesError(InputError):
    """Base of every refusal in `headwater.values`."""


class ValueSystemError(ValuesError):
    """Weights or judgements that are not a value system."""


class BoundsError(ValuesError):
    """A bound or threshold that is negative or not a number, or a norm that is not known."""


class PopulationError(ValuesError):
    """Agents whose names, systems, sizes and bounds do not fit together."""


class GraphError(ValuesError):
    """Edges that are not a simple undirected graph on the agents."""


class ConsensusError(ValuesError):
    """A p below 1 or not a number."""


class FormationError(ValuesError):
    """Settings under which agreements cannot form, or a graph and a population of different sizes."""
