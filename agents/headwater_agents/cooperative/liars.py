"""One liar at a time among honest members: what it earns, and what it spoils, with the filter and without."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from headwater.learning import Batch
from headwater_agents.cooperative.behaviour import (
    Behaviour,
    Blurrer,
    Copier,
    Flipper,
    Honest,
    Idle,
    Noise,
    Older,
    Poisoner,
    Quitter,
    Smuggler,
    Turncoat,
)
from headwater_agents.cooperative.engine import Member, Trainer
from headwater_agents.cooperative.errors import CooperativeError
from headwater_agents.cooperative.measure import group_losses, measure
from headwater_agents.cooperative.results import interval
from headwater_agents.cooperative.trial import Setting, Stage, set_up

TARGETS: Final = {"hmda": "selfemp", "arrests": "not-employed", "rain": "winter"}
"""Whom the smuggler hurts: a group that no profile of the studies names."""

ABOUT: Final[Mapping[str, str]] = {
    "poisoner": "climbs the validation loss as far as the filter lets it",
    "flipper": "trains on wrong labels and sends three times the result",
    "smuggler": "hurts a group that no profile names, and helps validation a little",
    "turncoat": "works honestly on the reference rows for half the rounds, then poisons",
    "copier": "sends the mean of the last round",
    "late-copier": "sends the first update of this round, as if rounds were not sealed",
    "blurrer": "a copier that adds noise of half the length",
    "older": "sells again the mean of three rounds ago",
    "noise": "sends noise as long as what others sent",
    "idle": "sends zeros",
    "quitter": "trains on the reference rows for two rounds, then sends zeros",
    "reader": "has no data of its own and trains on the reference rows",
}

ARMS: Final = ("project", "no-filter")


@dataclass(frozen=True, eq=False, kw_only=True, slots=True)
class _Case:
    kind: str
    stage: Stage
    rounds: int

    def liar(self) -> Member:
        problem = self.stage.problem
        claimed = float(np.median([member.size for member in self.stage.members]))
        made = _make(self.kind, problem.reference.batch, problem.classes, TARGETS[problem.name], self.rounds // 2)
        return Member(name="liar", behaviour=made, size=claimed, late=self.kind == "late-copier")


def _make(kind: str, rows: Batch, classes: int, target: str, turn: int) -> Behaviour:
    match kind:
        case "poisoner":
            return Poisoner()
        case "flipper":
            return Flipper(rows, classes)
        case "smuggler":
            return Smuggler(target=target)
        case "turncoat":
            return Turncoat(rows, turn=turn)
        case "copier" | "late-copier":
            return Copier()
        case "blurrer":
            return Blurrer()
        case "older":
            return Older()
        case "noise":
            return Noise()
        case "idle":
            return Idle()
        case "quitter":
            return Quitter(rows)
        case "reader":
            return Honest(rows)
    raise CooperativeError(f"no liar {kind!r}; accepted: {', '.join(ABOUT)}")


def play(kind: str, seed: int, **settings: Any) -> dict[str, Any]:
    """One liar in both arms beside the same members without it; JSON values. Raises CooperativeError."""
    setting = Setting(**{**settings, "liars": False})
    stage = set_up(setting, seed)
    case = _Case(kind=kind, stage=stage, rounds=setting.rounds)
    joined = replace(stage, members=(*stage.members, case.liar()))
    found = {}
    for arm in ARMS:
        honest, with_liar = (_train(each, arm, setting.rounds) for each in (stage, joined))
        shares = with_liar.ledger.shares()
        target = TARGETS[setting.data]
        before, after = (group_losses(stage.task, each.theta, stage.problem.test) for each in (honest, with_liar))
        found[arm] = {
            "share": shares["liar"],
            "credit": with_liar.ledger.totals["liar"],
            "gain": sum(each.credit.gain for each in with_liar.rounds),
            "loss": _loss(stage, with_liar) - _loss(stage, honest),
            "target_loss": after[target] - before[target],
            "admitted": float(np.mean([_admitted(each) for each in with_liar.rounds])),
        }
    return found


def _train(stage: Stage, arm: str, rounds: int) -> Trainer:
    trainer = stage.trainer(arm)
    for _ in range(rounds):
        trainer.step()
    return trainer


def _loss(stage: Stage, trainer: Trainer) -> float:
    return measure(stage.task, trainer.theta, stage.problem.test, stage.problem.protected).loss


def _admitted(played: Any) -> bool:
    return bool(played.verdicts[played.agents.index("liar")].admissible)


def summarise_liars(kinds: Sequence[str], records: Sequence[Sequence[Mapping[str, Any]]]) -> list[dict[str, Any]]:
    """One row a liar and arm, means over seeds with intervals; `records[i]` are the seeds' of `kinds[i]`."""
    return [
        {
            "kind": kind,
            "about": ABOUT[kind],
            "arm": arm,
            "paid": sum(row[arm]["share"] > 0 for row in rows),
            "seeds": len(rows),
            **{
                name: interval([row[arm][name] for row in rows])
                for name in ("share", "credit", "gain", "loss", "target_loss", "admitted")
            },
        }
        for kind, rows in zip(kinds, records, strict=True)
        for arm in ARMS
    ]
