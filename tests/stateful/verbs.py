"""The registry of rules: what can happen in a history, and when it can happen at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pick import Pick
from stage import Stage


@dataclass(frozen=True, slots=True)
class Verb:
    """One rule. `run` does it with choices of its own; `possible` says whether it makes sense now; a weight of 2
    makes it twice as likely as one of 1."""

    name: str
    run: Callable[[Stage, Pick], object]
    possible: Callable[[Stage], Any]
    weight: int


VERBS: dict[str, Verb] = {}
"""Every rule by its name, in the order of definition."""


def verb(
    possible: Callable[[Stage], Any] = lambda stage: True, weight: int = 1
) -> Callable[[Callable[[Stage, Pick], object]], Any]:
    """Register a function of (stage, pick) as a rule under its own name."""

    def register(run: Callable[[Stage, Pick], object]) -> Callable[[Stage, Pick], object]:
        VERBS[run.__name__] = Verb(run.__name__, run, possible, weight)
        return run

    return register
