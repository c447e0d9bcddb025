"""One play: the same members, data and seed under every arm. What it returns depends on its arguments alone.

project    profiles filter and project; value-constrained credit (the project's way)
reject     profiles filter and refuse; value-constrained credit
no-filter  nothing is filtered; the same credit
volume     the same model as no-filter; credit by the number of rows that members claim
shapley    the same model as no-filter; credit by the plain Shapley value of each round
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from headwater.learning import (
    Mode,
    Profile,
    Rule,
    Settings,
    SoftmaxRegression,
    Task,
    check,
    parse_profile,
    plain_leave_one_out,
    plain_shapley,
    volume_shares,
)
from headwater_agents.cooperative.behaviour import Copier, Honest, Idle, Local, Poisoner
from headwater_agents.cooperative.engine import Member, Trainer, ground_of
from headwater_agents.cooperative.errors import CooperativeError
from headwater_agents.cooperative.measure import group_losses, measure
from headwater_agents.cooperative.problem import DATA, Problem, SplitConfig, make_problem
from headwater_agents.cooperative.profiles import deal

FILTERED: Final = {"project": Mode.PROJECT, "reject": Mode.REJECT}
PAYING: Final = {"marginal": "project", "volume": "no-filter", "shapley": "no-filter"}
"""Arms that pay otherwise for the model that another one trains."""

ARMS: Final = (*FILTERED, "no-filter", *PAYING)
LIARS: Final = ("poisoner", "copier", "idle")

LOCAL: Final = {
    "hmda": Local(rate=0.2, steps=3, size=64),
    "arrests": Local(rate=0.2, steps=3, size=64),
    "rain": Local(rate=0.03, steps=2, size=None),
}
"""How members train on each data set. Rain's readings are nearly alike, so its steps are small."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """What is played: a data set, honest members, rounds, strictness of profiles (0 to 1), liars or none.

    With `profiles`, texts of JSON files, members bring these in turn, and strictness says nothing.
    """

    data: str = "hmda"
    members: int = 6
    rounds: int = 25
    strictness: float = 0.5
    skew: float = 2.0
    liars: bool = True
    window: int = 1
    profiles: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.data not in DATA:
            raise CooperativeError(f"no data set {self.data!r}; accepted: {', '.join(DATA)}")
        if not 1 <= self.rounds <= 1_000:
            raise CooperativeError(f"rounds is {self.rounds}; accepted: 1 to 1000")
        if not (np.isfinite(self.strictness) and 0 <= self.strictness <= 1):
            raise CooperativeError(f"strictness is {self.strictness}; accepted: 0 to 1")
        if not 1 <= self.members <= 12:
            raise CooperativeError(f"members is {self.members}; accepted: 1 to 12")
        if len(self.profiles) > self.members:
            raise CooperativeError(f"{len(self.profiles)} profiles for {self.members} members; at most one each")
        self.split()

    def dealt(self, problem: Problem) -> tuple[Profile, ...]:
        """Profiles that members bring, each once. Raises ProfileError for a text that is none."""
        given = [parse_profile(text, "json") for text in self.profiles]
        return tuple(dict.fromkeys(given or deal(problem, self.strictness).values()))

    def split(self) -> SplitConfig:
        """How its rows are dealt."""
        return SplitConfig(members=self.members, skew=self.skew)


@dataclass(frozen=True, eq=False, kw_only=True, slots=True)
class Stage:
    """A setting with a seed: the problem, its task, who takes part and under which profiles."""

    problem: Problem
    task: Task
    members: tuple[Member, ...]
    profiles: tuple[Profile, ...]
    local: Local
    window: int
    seed: int

    def trainer(self, arm: str) -> Trainer:
        """The cooperative under an arm, before its first round. Raises CooperativeError for no such arm."""
        if arm not in ARMS:
            raise CooperativeError(f"no arm {arm!r}; accepted: {', '.join(ARMS)}")
        return Trainer(
            ground_of(self.problem, self.task),
            self.members,
            self.profiles if arm in FILTERED else (),
            self.problem.validation.batch,
            local=self.local,
            settings=Settings(mode=FILTERED.get(arm, Mode.PROJECT), rule=Rule.EXACT, window=self.window, shown=False),
            theta=self.task.start(np.random.default_rng([self.seed, 1])),
            seed=self.seed,
        )


def set_up(setting: Setting, seed: int) -> Stage:
    """Deal the data and let everybody join. A liar claims as many rows as the median honest member has."""
    problem = make_problem(setting.data, setting.split(), np.random.default_rng([seed, 0]))
    task = SoftmaxRegression(len(problem.features), problem.classes)
    honest = [
        Member(name=name, behaviour=Honest(part.batch), size=float(len(part))) for name, part in problem.data.items()
    ]
    claimed = float(np.median([member.size for member in honest]))
    makers = {"poisoner": Poisoner, "copier": Copier, "idle": Idle} if setting.liars else {}
    liars = [Member(name=name, behaviour=make(), size=claimed) for name, make in makers.items()]
    return Stage(
        problem=problem,
        task=task,
        members=(*honest, *liars),
        profiles=setting.dealt(problem),
        local=LOCAL[setting.data],
        window=setting.window,
        seed=seed,
    )


def play(arms: list[str], seed: int, **settings: Any) -> dict[str, Any]:
    """Play the arms of one seed; JSON values. The settings are those of `Setting`. Raises CooperativeError."""
    setting = Setting(**settings)
    stage = set_up(setting, seed)
    problem = stage.problem
    models = dict.fromkeys(PAYING.get(arm, arm) for arm in arms)
    trainers = {}
    for name in models:
        trainer = stage.trainer(name)
        for _ in range(setting.rounds):
            trainer.step()
        trainers[name] = trainer
    return {
        "members": [
            {
                "name": member.name,
                "kind": member.behaviour.kind,
                "claims": member.size,
                "rows": len(part) if (part := problem.data.get(member.name)) else 0,
                "events": float(part.labels.mean()) if part else None,
                "protected": float(part.groups[problem.protected].mean()) if part else None,
            }
            for member in stage.members
        ],
        "arms": {arm: _arm(arm, stage, trainers[PAYING.get(arm, arm)]) for arm in arms},
    }


def _arm(arm: str, stage: Stage, trainer: Trainer) -> dict[str, Any]:
    problem, task = stage.problem, stage.task
    totals = _totals(arm, stage, trainer)
    return {
        "quality": measure(task, trainer.theta, problem.test, problem.protected).to_dict(),
        "groups": group_losses(task, trainer.theta, problem.test),
        "totals": totals,
        "shares": trainer.ledger.shares() if arm not in PAYING else _shares(totals),
        "gain": sum(each.credit.gain for each in trainer.rounds),
        "unowned": sum(each.credit.unowned for each in trainer.rounds),
        "early": _early(trainer),
        **breaches(stage, trainer),
    }


def _early(trainer: Trainer, rounds: int = 2) -> float:
    """How much of all credit, gains and losses counted alike, was given in the first rounds; 0 if none was given."""
    given = [float(np.abs(each.credit.values).sum()) for each in trainer.rounds]
    return sum(given[:rounds]) / sum(given) if sum(given) > 0 else 0.0


def _shares(totals: dict[str, float]) -> dict[str, float]:
    due = {name: max(0.0, total) for name, total in totals.items()}
    whole = sum(due.values())
    return {name: value / whole if whole > 0 else 0.0 for name, value in due.items()}


def _totals(arm: str, stage: Stage, trainer: Trainer) -> dict[str, float]:
    names = [member.name for member in stage.members]
    if arm == "volume":
        return dict(zip(names, volume_shares([member.size for member in stage.members]).tolist(), strict=True))
    if arm not in PAYING:
        return {name: trainer.ledger.totals[name] for name in names}
    found = dict.fromkeys(names, 0.0)
    for each in trainer.rounds:
        admitted = [verdict.admissible for verdict in each.verdicts]
        if arm == "marginal" and sum(admitted) == 0:
            continue
        sizes = [item.size for item, ok in zip(each.submissions, admitted, strict=True) if ok]
        updates = np.array([verdict.update for verdict, ok in zip(each.verdicts, admitted, strict=True) if ok])
        paid = plain_leave_one_out if arm == "marginal" else plain_shapley
        credit = paid(stage.task, each.theta, updates, sizes, trainer.validation)
        chosen = [name for name, ok in zip(each.agents, admitted, strict=True) if ok]
        for name, value in zip(chosen, credit.values.tolist(), strict=True):
            found[name] += value
    return found


def breaches(stage: Stage, trainer: Trainer) -> dict[str, Any]:
    """What was applied, against the profiles that were declared, whether or not the arm enforces them.

    admitted: share of rounds in which each member's update was applied. broken: constraints broken by a proposed
    update, by an applied one, and by the mean, on average. excess: by how much the mean broke each kind of constraint,
    on average over all rounds, in the constraint's unit. moved: how far the filter moved what it projected.
    """
    admitted = dict.fromkeys((member.name for member in stage.members), 0)
    proposed = applied = mean = updates = moves = 0
    excess: dict[str, float] = {}
    moved = 0.0
    for each in trainer.rounds:
        context = trainer.ground.at(each.theta)
        for item, verdict, weight in zip(each.submissions, each.verdicts, each.weights, strict=True):
            updates += 1
            proposed += _count(item.update, stage, context)
            if verdict.admissible and weight > 0:
                admitted[item.agent] += 1
                applied += _count(verdict.update, stage, context)
                moves += verdict.moved > 0
                moved += verdict.moved
        for found in _exact(each.after - each.theta, stage, context):
            kind = found.name.partition(": ")[2].partition("(")[0]
            over = 0.0 if found.kept else found.value - found.bound
            excess[kind] = excess.get(kind, 0.0) + over
            mean += not found.kept
    rounds = len(trainer.rounds)
    return {
        "admitted": {name: count / rounds for name, count in admitted.items()},
        "broken": {
            "proposed": proposed / updates,
            "applied": applied / max(1, sum(admitted.values())),
            "mean": mean / rounds,
        },
        "excess": {kind: value / rounds for kind, value in excess.items()},
        "moved": moved / moves if moves else 0.0,
    }


def _exact(update: Any, stage: Stage, context: Any) -> list[Any]:
    return [found for found in check(update, stage.profiles, context) if found.form == "exact"]


def _count(update: Any, stage: Stage, context: Any) -> int:
    return sum(not found.kept for found in _exact(update, stage, context))
