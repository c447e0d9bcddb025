"""What every policy is: a pure function from a snapshot to actions, and a pure fold over resolved questions."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Protocol, TypeVar

from headwater_agents.policies.actions import Action

ViewT_contra = TypeVar("ViewT_contra", contravariant=True)
LessonT_contra = TypeVar("LessonT_contra", contravariant=True)
LessonT = TypeVar("LessonT")
MemoryT = TypeVar("MemoryT")


class PolicyError(ValueError):
    """A configuration or a snapshot that a policy cannot work with."""


class Policy(Protocol[ViewT_contra]):
    """Decides. `act` has no side effects and asks no clock and no chain: equal snapshots give equal actions."""

    def act(self, view: ViewT_contra, /) -> list[Action]:
        """Actions to take now, in order; an empty list to wait."""
        ...


class Learner(Protocol[LessonT_contra, MemoryT]):
    """Learns. A memory is a value; `learn` returns a new one and leaves the old as it was.

    Feed it each resolved question once, in the order of resolution; void questions teach nothing. A memory that was
    lost is rebuilt by `replay` from the records, to the same bits.
    """

    def start(self) -> MemoryT:
        """The memory before any question."""
        ...

    def learn(self, memory: MemoryT, lesson: LessonT_contra, /) -> MemoryT:
        """The memory after one more resolved question."""
        ...


def replay(learner: Learner[LessonT, MemoryT], lessons: Iterable[LessonT]) -> MemoryT:
    """The memory after these lessons, in order."""
    memory = learner.start()
    for lesson in lessons:
        memory = learner.learn(memory, lesson)
    return memory


def derive_salt(seed: int, address: str, question: int, forecast: tuple[int, ...]) -> bytes:
    """32 bytes that nobody can guess who does not know the seed: keyed BLAKE2b of address, question and forecast.

    An agent can thus recompute a salt it has lost. On a public chain the seed is a secret of 256 random bits; a small
    one only makes a local run repeatable. Raises PolicyError unless 0 ≤ seed < 2**256.
    """
    if not 0 <= seed < 2**256:
        raise PolicyError(f"seed is {seed}; it must be 0 or more and below 2**256")
    message = "|".join([address.lower(), str(question), *(str(value) for value in forecast)])
    return hashlib.blake2b(message.encode(), digest_size=32, key=seed.to_bytes(32, "big")).digest()
