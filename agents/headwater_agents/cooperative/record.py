"""Rounds on disk, so that anybody can check a decision of credit: `records/NAME.jsonl`, one file a cooperative.

Of a study, one file for each arm that filters, of its first seed, and beside them the profiles,
`profiles/NUMBER-NAME.json`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from headwater.chain.audit import Check
from headwater.credit import NoCreditError
from headwater.learning import Batch, Ledger, half_spaces, profile_fields
from headwater.learning.record import Record, RecordWriter, read_record
from headwater.safejson import loads
from headwater_agents.cooperative.collective import WEIGHT_TOTAL
from headwater_agents.cooperative.engine import Trainer
from headwater_agents.cooperative.errors import CooperativeError
from headwater_agents.cooperative.study import STUDY, write_json
from headwater_agents.cooperative.tables import Ints
from headwater_agents.cooperative.trial import FILTERED, Setting, set_up
from headwater_agents.cooperative.whole import Whole

RECORDS: Final = "records"
"""The folder of a run that holds them."""

PROFILES: Final = "profiles"
"""The folder of a run that holds its profiles, each as a file that `headwater learn profile` reads."""

USUAL: Final = "project"
"""The record of a study that is meant where none is named."""


def keep_run(folder: Path, setting: Setting, seed: int) -> tuple[Path, ...]:
    """Train the arms of a seed that filter, keep their rounds and the profiles that they filter by; the records."""
    stage = set_up(setting, seed)
    for number, profile in enumerate(stage.profiles, start=1):
        name = re.sub("[^A-Za-z0-9_-]", "-", profile.name)
        write_json(folder / PROFILES / f"{number}-{name}.json", profile_fields(profile))
    kept = []
    for arm in FILTERED:
        trainer = stage.trainer(arm)
        for _ in range(setting.rounds):
            trainer.step()
        rows = [np.arange(len(trainer.validation))] * setting.rounds
        about: dict[str, object] = {"data": setting.data, "seed": seed, "arm": arm}
        kept.append(keep(folder, arm, trainer, trainer.validation, rows, about))
    return tuple(kept)


def judged(setting: Setting, seed: int) -> None:
    """See that a seed's data has all that its profiles name. Raises UpdateError, which says what is not there."""
    stage = set_up(setting, seed)
    half_spaces(stage.profiles, stage.trainer(USUAL).ground.at(stage.task.start(np.random.default_rng(seed))))


def keep_season(folder: Path, whole: Whole) -> None:
    """Keep every cooperative's rounds."""
    for each in whole.founded.cooperatives:
        pool, rows = each.collective.validated()
        keep(folder, each.name, each.collective.trainer, pool, rows, {"data": "rain", "members": each.name})


def keep(
    folder: Path, name: str, trainer: Trainer, pool: Batch, rows: Sequence[Ints], about: dict[str, object]
) -> Path:
    """Write one cooperative's record; `rows[t]` are the examples of the pool that round t was credited on."""
    path = folder / RECORDS / f"{name}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    with partial.open("w", encoding="ascii", newline="\n") as stream:
        writer = RecordWriter(stream, trainer.ground, trainer.profiles, trainer.settings, pool, about)
        for played, used in zip(trainer.rounds, rows, strict=True):
            writer.add(played, used)
    return partial.replace(path)


def find_record(run: Path, agent: str | None, name: str | None) -> Path:
    """The record in a run's folder that tells of an agent; `run` may be a record itself.

    Of several, that of the arm `project`, which studies have.

    Raises CooperativeError: no record there, none or several that name the agent, or none called `name`.
    """
    if run.is_file():
        return run
    found = {path.stem: path for path in sorted((run / RECORDS).glob("*.jsonl"))}
    if not found:
        raise CooperativeError(f"{run} holds no record of rounds ({RECORDS}/*.jsonl)")
    if name is not None:
        if name not in found:
            raise CooperativeError(f"no record {name!r}; there are: {', '.join(found)}")
        return found[name]
    if agent is not None:
        told = {stem: agents_of(read_record(path)) for stem, path in found.items()}
        if not any(agent in agents for agents in told.values()):
            there = "; ".join(f"{stem} ({', '.join(agents) or 'nobody'})" for stem, agents in told.items())
            raise CooperativeError(f"no record in {run} tells of {agent!r}; records, and of whom they tell: {there}")
        found = {stem: path for stem, path in found.items() if agent in told[stem]}
    if USUAL in found:
        return found[USUAL]
    if len(found) == 1:
        return next(iter(found.values()))
    what = f"of {agent!r} " if agent is not None else ""
    raise CooperativeError(f"{len(found)} records {what}in {run}; choose one by --record: {', '.join(found)}")


def roots_of(paths: Sequence[Path]) -> dict[str, str]:
    """Root "0x…" of each record, by its name: what to publish, so that nobody can cut or rewrite a record unseen."""
    return {path.stem: read_record(path).root for path in paths}


def rounds_played(path: Path) -> int | None:
    """How many rounds the study in whose folder a record lies has played; None where there is no study.

    Raises CooperativeError for a study that cannot be read.
    """
    study = path.absolute().parent.parent / STUDY
    if not study.is_file():
        return None
    try:
        rounds = loads(study.read_text(encoding="utf-8"))["setting"]["rounds"]
    except (ValueError, KeyError, TypeError) as error:
        raise CooperativeError(f"{study} is no study: {type(error).__name__}: {error}") from error
    if isinstance(rounds, bool) or not isinstance(rounds, int):
        raise CooperativeError(f"{study} is no study: rounds is {rounds!r}; expected a whole number")
    return rounds


def agents_of(record: Record) -> tuple[str, ...]:
    """Everybody who ever sent an update, in the order of coming."""
    return tuple(dict.fromkeys(item.agent for noted in record.rounds for item in noted.submissions))


def weights_over_time(record: Record, members: Sequence[str], first: int) -> list[tuple[int, ...]]:
    """Weights that the record's own credits come to after `first` rounds and after each later one, without repeats.

    Rounds after which nobody has credit give none. In the order of `members`.
    """
    ledger = Ledger()
    found: list[tuple[int, ...]] = []
    for number, noted in enumerate(record.rounds, start=1):
        agents = [item.agent for item in noted.submissions]
        ledger = ledger.add_values(agents, noted.decided["credit"], noted.decided["luck"])
        if number < first:
            continue
        try:
            weights = ledger.weights(WEIGHT_TOTAL)
        except NoCreditError:
            continue
        row = tuple(weights[member] for member in members)
        if not found or found[-1] != row:
            found.append(row)
    return found


def check_weights(folder: Path, whole: Whole, first: int) -> list[Check]:
    """Whether what each cooperative announced, version by version, is what its record on disk comes to.

    `first` is the number of rounds before the first question. The last round's weights may be unannounced: the season
    was over.
    """
    checks = []
    for each in whole.founded.cooperatives:
        record = read_record(folder / RECORDS / f"{each.name}.jsonl")
        derived = weights_over_time(record, each.collective.members, first)
        announced = [whole.payroll.weights[made.version] for made in whole.payroll.announced(each.name)]
        unlike = sum(a != b for a, b in zip(announced, derived, strict=False))
        missing = abs(len(derived) - len(announced)) - (len(derived) == len(announced) + 1)
        checks.append(
            Check(what=f"{each.name}: versions that its record does not give", expected=0, actual=unlike + missing)
        )
    return checks
