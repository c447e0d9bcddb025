"""A cooperative that trains: members propose, profiles filter, the mean moves the model, and the ledger remembers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from headwater.learning import (
    Batch,
    Ground,
    Ledger,
    Profile,
    Round,
    Settings,
    State,
    Submission,
    Task,
    play_round,
)
from headwater_agents.cooperative.behaviour import Behaviour, Local, Sight
from headwater_agents.cooperative.errors import CooperativeError
from headwater_agents.cooperative.problem import Problem
from headwater_agents.cooperative.profiles import REFERENCE
from headwater_agents.cooperative.tables import Floats


@dataclass(frozen=True, eq=False, kw_only=True, slots=True)
class Member:
    """One member: its name, what it does, its weight in the mean, and the slot in which its commits come.

    `late` members see the updates of this round that earlier slots committed, as if those were not sealed.
    """

    name: str
    behaviour: Behaviour
    size: float = 1.0
    slot: int = 0
    late: bool = False


def ground_of(problem: Problem, task: Task) -> Ground:
    """What a problem's profiles are judged on: groups and reference task of its reference rows."""
    reference = problem.reference
    return Ground(
        task=task,
        groups={name: reference.take(mask).batch for name, mask in reference.groups.items() if mask.any()},
        references={REFERENCE: reference.batch},
        feature_names=problem.features,
    )


class Trainer:
    """A cooperative's training, round by round. `rounds` has all that happened, `ledger` what it was worth.

    Args:
        ground: the task, and the rows that profiles name.
        members: with names of their own, in the order of joining.
        profiles: all of the agreement's; with none, nothing is filtered.
        validation: rows on which contributions are measured, until `step` is given others.
        local: how members train.
        settings: how rounds are run.
        theta: (d,), where to begin.
        seed: of every member's draws: member i of round t draws from (seed, t, i), whatever the others do.

    Raises CooperativeError for no member, or a name twice.
    """

    def __init__(
        self,
        ground: Ground,
        members: Sequence[Member],
        profiles: Sequence[Profile],
        validation: Batch,
        *,
        local: Local,
        settings: Settings,
        theta: Floats,
        seed: int,
    ) -> None:
        names = [member.name for member in members]
        if not names:
            raise CooperativeError("a cooperative has at least one member")
        if len(set(names)) < len(names):
            raise CooperativeError("two members have one name; give each its own")
        self.ground, self.profiles, self.local, self.settings = ground, tuple(profiles), local, settings
        self.members = tuple(members)
        self.validation = validation
        self.seed = seed
        self.state = State(theta=theta)
        self.ledger = Ledger()
        self.rounds: list[Round] = []
        self._past: list[Mapping[str, Floats]] = []

    @property
    def theta(self) -> Floats:
        """The model now, (d,)."""
        return self.state.theta

    def step(self, validation: Batch | None = None) -> Round:
        """One round; `validation` replaces the rows that contributions are measured on."""
        if validation is not None:
            self.validation = validation
        submissions = self.submissions()
        played = play_round(self.state, submissions, self.profiles, self.ground, self.validation, self.settings)
        self.state = played.state
        self.ledger = self.ledger.add(played)
        self.rounds.append(played)
        self._past.append(
            {agent: verdict.update for agent, verdict in zip(played.agents, played.verdicts, strict=True)}
        )
        return played

    def submissions(self) -> list[Submission]:
        """What every member proposes at the model as it stands; late members last."""
        number = len(self.rounds)
        context = self.ground.at(self.state.theta)
        shown: dict[str, Floats] = {}
        found: dict[str, Submission] = {}
        for late in (False, True):
            for index, member in enumerate(self.members):
                if member.late is not late:
                    continue
                sight = Sight(
                    round=number,
                    context=context,
                    profiles=self.profiles,
                    filtered=bool(self.profiles),
                    validation=self.validation,
                    past=tuple(self._past),
                    shown=dict(shown) if late else {},
                    local=self.local,
                )
                update = member.behaviour.propose(sight, np.random.default_rng([self.seed, number, index]))
                found[member.name] = Submission(
                    agent=member.name, update=update, size=member.size, slot=member.slot + late
                )
            shown = {name: item.update for name, item in found.items()}
        return [found[member.name] for member in self.members]
