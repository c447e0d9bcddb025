"""The coordinator's part of a round, wherever updates come from: judged, credited, added up, recorded."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

import numpy as np

from headwater.credit import NoCreditError
from headwater.learning import Ledger, Round, State, Submission, play_round
from headwater.learning.batch import Floats
from headwater.learning.record import RecordWriter
from headwater_agents.cooperative.flower.absence import FederationError
from headwater_agents.cooperative.flower.federation import Federation
from headwater_agents.cooperative.flower.folder import MODEL, RECORD, Outcome, Traffic


class Coordinator:
    """Plays rounds on what members send, and keeps credit online. It never sees a member's examples.

    Args:
        federation: what is learnt, and by which rules.
        folder: gets a record, from which `headwater explain` derives every decision again, and in the end the model;
            nothing is written without one.
    """

    def __init__(self, federation: Federation, folder: Path | None = None) -> None:
        self._federation = federation
        self._folder = folder
        self._state = State(theta=np.asarray(federation.theta, dtype=np.float64))
        self._ledger = Ledger()
        self._absent: dict[int, tuple[str, ...]] = {}
        self._sent = self._received = 0
        self._stream: TextIO | None = None
        if folder is not None:
            path = folder / RECORD
            path.parent.mkdir(exist_ok=True)
            self._stream = path.open("x", encoding="ascii", newline="\n")
            self._writer = RecordWriter(
                self._stream,
                federation.ground,
                federation.profiles,
                federation.settings,
                federation.validation,
                {"seed": federation.seed, "members": list(federation.members)},
            )

    @property
    def theta(self) -> Floats:
        """(d,), the model of the round that comes next."""
        return self._state.theta

    @property
    def number(self) -> int:
        """Of the round that comes next, from 0."""
        return self._state.number

    def sent(self, members: int) -> None:
        """Counts the model as sent to so many members."""
        self._sent += members * self.theta.nbytes

    def end_round(self, updates: Mapping[str, object], examples: Mapping[str, int]) -> Round:
        """End the round with the updates that came.

        Args:
            updates: (d,) by member; whatever is no such vector counts as one of NaN, which no filter admits.
            examples: how many each of them says it holds.

        Raises:
            FederationError: an update of somebody who is no member.
        """
        federation, dimension = self._federation, self._federation.task.dimension
        if strangers := set(updates) - set(federation.members):
            raise FederationError(f"updates of {', '.join(sorted(strangers))}, who are no members")
        submissions = []
        for name in federation.members:  # sums come out alike only if they are taken in one order
            if name in updates:
                update = _vector(updates[name], dimension)
                self._received += update.nbytes
                submissions.append(
                    Submission(agent=name, update=update, size=federation.weight(examples[name]), slot=0)
                )
        played = play_round(
            self._state,
            submissions,
            federation.profiles,
            federation.ground,
            federation.validation,
            federation.settings,
        )
        if absent := tuple(name for name in federation.members if name not in updates):
            self._absent[played.number] = absent
        self._state, self._ledger = played.state, self._ledger.add(played)
        if self._stream is not None:
            self._writer.add(played, np.arange(len(federation.validation)))
        return played

    def outcome(self) -> Outcome:
        """How the run ended; writes the model and closes the record."""
        if self._stream is not None:
            self._stream.close()
        members, shares = self._federation.members, self._ledger.shares()
        try:
            weights = self._ledger.weights()
            weights = {name: weights.get(name, 0) for name in members}
        except NoCreditError:
            weights = {}
        if self._folder is not None:
            np.save(self._folder / MODEL, self.theta)
        return Outcome(
            rounds=self.number,
            credit={name: self._ledger.totals.get(name, 0.0) for name in members},
            shares={name: shares.get(name, 0.0) for name in members},
            weights=weights,
            absent=self._absent,
            payload=Traffic(received=self._received, sent=self._sent),
        )


def _vector(value: object, dimension: int) -> Floats:
    try:
        vector = np.asarray(value).astype(np.float64, casting="same_kind")
    except (TypeError, ValueError):
        return np.full(dimension, np.nan)
    return vector if vector.shape == (dimension,) else np.full(dimension, np.nan)
