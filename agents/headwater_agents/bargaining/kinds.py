"""Agents by name, for commands and reports."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from headwater_agents.bargaining.errors import BargainError
from headwater_agents.bargaining.learning import Learning
from headwater_agents.bargaining.negotiators import Greedy, Rational, Scripted, Stubborn
from headwater_agents.bargaining.table import Negotiator

KINDS: Final[Mapping[str, type[Negotiator]]] = {
    kind.name: kind for kind in (Rational, Greedy, Stubborn, Scripted, Learning)
}
"""Agents that need no model."""


def agent_from(name: str, settings: Mapping[str, Any] | None = None) -> Negotiator:
    """The agent of this name and these settings.

    Raises:
        BargainError: no such agent, or settings that it does not take.
    """
    if name not in KINDS:
        raise BargainError(f"there is no agent {name[:40]!r}; the agents are {', '.join(KINDS)}")
    try:
        return KINDS[name](**dict(settings or {}))
    except TypeError as error:
        raise BargainError(f"the agent {name} does not take these settings: {error}") from None
