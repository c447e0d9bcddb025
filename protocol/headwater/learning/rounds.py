"""One round of a cooperative: commits in slots, verdicts, the mean of what is admissible, credit, and the next model.

The model moves by step · shrink · Σ w_i u_i, w_i the sizes of the admissible in proportion. Each u_i keeps the convex
half-spaces, box and ball, so their mean does too (with tolerances of at least 0, or a step of 1); a loss that is not
convex, and accuracy, are checked again on the mean, which is shrunk by the filter's factors where that fails. When no
factor serves, or nobody is admissible, the model stays and nobody earns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from headwater.learning.batch import Batch, Floats
from headwater.learning.checks import check
from headwater.learning.context import Context
from headwater.learning.credit import RoundCredit, Rule, credit_round
from headwater.learning.errors import RoundError
from headwater.learning.filter import FACTORS, LARGEST, Mode, Verdict, filter_update
from headwater.learning.novelty import Revealed
from headwater.learning.profile import Profile
from headwater.learning.spaces import HalfSpaces, half_spaces
from headwater.learning.tasks import Task

MAX_WINDOW: Final = 1_000


@dataclass(frozen=True, kw_only=True, eq=False)
class Ground:
    """What the rounds of a cooperative share: the task, and the examples that profiles name. `Context` without a model.

    The groups and references are the cooperative's; so are the validation examples of each round.
    """

    task: Task
    groups: Mapping[str, Batch] = field(default_factory=dict)
    references: Mapping[str, Batch] = field(default_factory=dict)
    feature_names: tuple[str, ...] = ()

    def at(self, theta: Floats) -> Context:
        """The context of a round. Raises UpdateError for parameters that are not the task's."""
        return Context(
            task=self.task,
            theta=theta,
            groups=self.groups,
            references=self.references,
            feature_names=self.feature_names,
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Submission:
    """A member's update of one round.

    agent: its name. update: (d,); anything goes, what cannot be used is inadmissible. size: its weight in the mean,
    above 0 and finite, such as its number of examples; a member's own word, so agree on it, cap it or make it equal.
    slot: when its hash was committed, lower is earlier; members that commit in one block share a slot.
    """

    agent: str
    update: Floats
    size: float = 1.0
    slot: int = 0

    def __post_init__(self) -> None:
        if not isinstance(self.agent, str) or not self.agent:
            raise RoundError(f"an agent has a name; got {self.agent!r}")
        if isinstance(self.size, bool) or not isinstance(self.size, int | float) or not 0 < self.size < np.inf:
            raise RoundError(f"{self.agent}: a size is above 0 and finite; got {self.size!r}")
        if isinstance(self.slot, bool) or not isinstance(self.slot, int | np.integer):
            raise RoundError(f"{self.agent}: a slot is a whole number; got {self.slot!r}")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How rounds are run.

    mode: what happens to an update that is not admissible as it is. rule: which credit pays. window: in how many past
    rounds a revealed update counts as known, 0 to 1,000; older ones can be sold again. step: what the mean is
    multiplied by, above 0 and at most 1. shown: whether members see the examples that profiles name; then all their
    gradients count as known. Where an auditor keeps them, only what held back a member's own projection does.
    """

    mode: Mode = Mode.PROJECT
    rule: Rule = Rule.EXACT
    window: int = 2
    step: float = 1.0
    shown: bool = True

    def __post_init__(self) -> None:
        try:
            object.__setattr__(self, "mode", Mode(self.mode))
            object.__setattr__(self, "rule", Rule(self.rule))
        except ValueError as error:
            raise RoundError(f"{error}; modes: {', '.join(Mode)}; rules: {', '.join(Rule)}") from None
        if isinstance(self.window, bool) or not isinstance(self.window, int) or not 0 <= self.window <= MAX_WINDOW:
            raise RoundError(f"a window is 0 to {MAX_WINDOW} rounds; got {self.window!r}")
        if not isinstance(self.shown, bool):
            raise RoundError(f"shown is true or false; got {self.shown!r}")
        if not 0 < self.step <= 1:
            raise RoundError(f"a step is above 0 and at most 1; got {self.step}")


@dataclass(frozen=True, kw_only=True, eq=False)
class State:
    """Where a cooperative stands.

    theta: (d,), the model. history: what was revealed in the window, latest first. number: the next round's.
    before: (d,), the model one round earlier; none at the start.
    """

    theta: Floats
    history: tuple[Revealed, ...] = ()
    number: int = 0
    before: Floats | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Round:
    """What happened in a round.

    Attributes:
        number: from 0.
        theta: (d,), the model before.
        after: (d,), the model after.
        submissions: (n,), in the order of slots, then as given.
        verdicts: (n,).
        weights: (n,), what each update was multiplied by; 0 for the inadmissible; their sum is step · shrink or 0.
        shrink: what the mean was multiplied by so that it keeps the profiles itself.
        spaces: the half-spaces, box and ball of the round.
        credit: (n,) credits and what they rest on.
        state: where the next round begins.
    """

    number: int
    theta: Floats
    after: Floats
    submissions: tuple[Submission, ...]
    verdicts: tuple[Verdict, ...]
    weights: Floats
    shrink: float
    spaces: HalfSpaces
    credit: RoundCredit
    state: State

    @property
    def agents(self) -> tuple[str, ...]:
        """The members' names, in the order of everything else."""
        return tuple(item.agent for item in self.submissions)


def play_round(
    state: State,
    submissions: Sequence[Submission],
    profiles: Sequence[Profile],
    ground: Ground,
    validation: Batch,
    settings: Settings | None = None,
) -> Round:
    """Judges, aggregates and credits one round (see the module).

    Args:
        state: where the last round ended, or `State(theta=...)`.
        submissions: one a member; none is allowed, and changes nothing.
        profiles: all of the agreement's.
        ground: the task, and the examples that the profiles name.
        validation: the examples that credit is measured on; chosen by no member, best drawn after the commits.
        settings: the defaults when None.

    Raises:
        RoundError: a member twice, or sizes whose sum is not finite.
        UpdateError: an update or a model of another shape, or a profile that names what the ground does not have.
        TaskError: validation examples that are not the task's.
    """
    settings = Settings() if settings is None else settings
    ordered = tuple(sorted(submissions, key=lambda item: item.slot))
    agents = [item.agent for item in ordered]
    if len(set(agents)) != len(agents):
        raise RoundError(f"a member sends one update a round; twice there: {_twice(agents)}")
    context = ground.at(state.theta)
    task, theta = context.task, context.theta
    spaces = half_spaces(profiles, context)
    verdicts = tuple(filter_update(item.update, profiles, context, settings.mode, spaces) for item in ordered)
    admissible = [verdict.admissible for verdict in verdicts]
    n, d = len(ordered), task.dimension
    updates = np.array([verdict.update for verdict in verdicts]).reshape(n, d)
    sizes = np.array([item.size if ok else 0.0 for item, ok in zip(ordered, admissible, strict=True)])
    total = float(sizes.sum())
    if not total < np.inf:
        raise RoundError("sizes have a finite sum")
    weights = settings.step * sizes / total if total > 0 else np.zeros(n)
    shrink = _shrink(weights @ updates, profiles, context, spaces) if total > 0 else 1.0
    weights = weights * shrink
    last = [] if state.before is None else [theta - state.before]
    raw = np.array([_readable(item.update) for item in ordered]).reshape(n, d)
    credit = credit_round(
        task,
        theta,
        updates,
        weights,
        admissible,
        validation,
        slots=[int(item.slot) for item in ordered],
        agents=agents,
        public=[
            [*last, *spaces.normals(None if settings.shown else verdict.active), *verdict.cuts] for verdict in verdicts
        ],
        past=state.history,
        rule=settings.rule,
        raw=raw,
    )
    after = theta + weights @ updates
    for array in (after, weights):
        array.flags.writeable = False
    shown = tuple(
        Revealed(state.number, item.agent, verdict.update if verdict.admissible else raw[i])
        for i, (item, verdict) in enumerate(zip(ordered, verdicts, strict=True))
    )
    kept = tuple(item for item in (*shown, *state.history) if item.round > state.number - settings.window)
    return Round(
        number=state.number,
        theta=theta,
        after=after,
        submissions=ordered,
        verdicts=verdicts,
        weights=weights,
        shrink=shrink,
        spaces=spaces,
        credit=credit,
        state=State(theta=after, history=kept, number=state.number + 1, before=theta),
    )


def _shrink(mean: Floats, profiles: Sequence[Profile], context: Context, spaces: HalfSpaces) -> float:
    for factor in FACTORS:
        if all(item.kept for item in check(factor * mean, profiles, context, spaces)):
            return factor
    return 0.0


def _readable(update: Floats) -> Floats:
    """A revealed update as a direction: zeros where nothing can be made of it."""
    entries = np.asarray(update, dtype=np.float64)
    usable = bool(np.isfinite(entries).all()) and bool((np.abs(entries) <= LARGEST).all())
    return entries if usable else np.zeros_like(entries)


def _twice(agents: Sequence[str]) -> str:
    return ", ".join(sorted({agent for agent in agents if agents.count(agent) > 1}))
