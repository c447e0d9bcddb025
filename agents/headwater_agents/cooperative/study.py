"""Studies: a setting over seeds, and over strictness, as units of a campaign in a folder that can be gone on with."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from headwater.safejson import loads
from headwater_agents.cooperative.errors import CooperativeError
from headwater_agents.cooperative.trial import ARMS, Setting
from headwater_agents.lab.campaign import Record, Store, Unit, run_units
from headwater_agents.lab.campaign.export import write_whole
from headwater_agents.lab.campaign.store import FILE_NAME
from headwater_agents.lab.campaign.unit import canonical_json

STUDY: Final = "study.json"
"""What the folder's study is, in the folder."""

SUMMARY: Final = "summary.json"
REPORT: Final = "report.html"
CALL: Final = "headwater_agents.cooperative.trial:play"
SWEPT: Final = ("project", "reject")
"""Arms of a sweep."""

GRID: Final = (0.0, 0.25, 0.5, 0.75, 1.0)

Progress = Callable[[int, int, str], None]


LIARS_CALL: Final = "headwater_agents.cooperative.liars:play"


@dataclass(frozen=True, kw_only=True, slots=True)
class Study:
    """A setting, its arms, seeds from `first` on, and the strictnesses that are swept (none: the setting's own).

    With `liars`, one of these at a time joins instead of the setting's.
    """

    setting: Setting
    arms: tuple[str, ...] = ARMS
    seeds: int = 3
    first: int = 1
    grid: tuple[float, ...] = ()
    liars: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 1 <= self.seeds <= 1_000:
            raise CooperativeError(f"seeds is {self.seeds}; accepted: 1 to 1000")
        if self.first < 0:
            raise CooperativeError(f"seed is {self.first}; it must be 0 or more")
        if not self.arms or not set(self.arms) <= set(ARMS):
            raise CooperativeError(f"arms {list(self.arms)}; accepted, one at least: {', '.join(ARMS)}")
        if len(set(self.grid)) < len(self.grid) or not all(np.isfinite(each) and 0 <= each <= 1 for each in self.grid):
            raise CooperativeError(f"strictness {list(self.grid)}: expected different numbers from 0 to 1")

    @property
    def range(self) -> range:
        """Its seeds."""
        return range(self.first, self.first + self.seeds)

    def points(self) -> list[list[Unit]]:
        """Units, a row for each strictness or liar, a unit for each seed."""
        if self.liars:
            return [[_liar_unit(self.setting, kind, seed) for seed in self.range] for kind in self.liars]
        settings = [replace(self.setting, strictness=each) for each in self.grid] or [self.setting]
        return [[_unit(setting, self.arms, seed) for seed in self.range] for setting in settings]

    def identity(self) -> dict[str, Any]:
        """What makes it this study: all but the seeds, of which it may have more the next time."""
        return {
            "setting": _fields(self.setting),
            "arms": list(self.arms),
            "first": self.first,
            "grid": list(self.grid),
            "liars": list(self.liars),
        }


def _fields(setting: Setting) -> dict[str, Any]:
    """A setting as JSON values; own profiles only where there are any, for plays without stay what they were."""
    fields = asdict(setting)
    own = list(fields.pop("profiles"))
    return {**fields, "profiles": own} if own else fields


def _unit(setting: Setting, arms: Sequence[str], seed: int) -> Unit:
    args = {"arms": list(arms), "seed": seed, **_fields(setting)}
    said = "own profiles" if setting.profiles else f"strictness={setting.strictness:g}"
    return Unit(key=f"{setting.data} {said} seed={seed}", call=CALL, args=args)


def _liar_unit(setting: Setting, kind: str, seed: int) -> Unit:
    args = {"kind": kind, "seed": seed, **_fields(setting)}
    return Unit(key=f"{setting.data} {kind} seed={seed}", call=LIARS_CALL, args=args)


def default_folder(study: Study) -> Path:
    """Where a study goes if nothing is said: the same study to the same place, whatever its number of seeds."""
    digest = hashlib.sha256(canonical_json(study.identity(), "a study").encode()).hexdigest()[:8]
    return Path("runs") / f"learn-{study.setting.data}-{digest}"


def claim(folder: Path, study: Study) -> None:
    """Make the folder that study's, or see that it is.

    Raises CooperativeError where it is a file, another study's, or holds something else; OSError if it cannot be made.
    """
    if folder.exists() and not folder.is_dir():
        raise CooperativeError(f"{folder} is a file; choose another --out")
    wanted: Mapping[str, Any] = json.loads(canonical_json(study.identity(), "a study"))
    path = folder / STUDY
    if path.is_file():
        try:
            known = loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise CooperativeError(f"{path} is no study: {error}") from error
        if known != wanted:
            raise CooperativeError(f"{folder} holds another study; choose another --out")
    elif folder.is_dir() and any(folder.iterdir()):
        raise CooperativeError(f"{folder} exists and is no folder of a study; choose another --out")
    write_json(path, wanted)


def conduct(
    study: Study, folder: Path, jobs: int | None = None, progress: Progress | None = None
) -> list[list[Record]]:
    """Play what is not known yet, keep each play as it comes, and return all: a row a strictness, a record a seed.

    Raises CooperativeError where a play failed; what is done is kept, and the same call tries again.
    """
    points = study.points()
    with Store(folder / FILE_NAME) as store:
        report = run_units([unit for row in points for unit in row], store, jobs, progress)
        if report.failures:
            raise CooperativeError(f"{report.failures[0].key}: {report.failures[0].error}")
        return [[record for _, record in store.records(row)] for row in points]


def write_json(path: Path, value: Mapping[str, Any]) -> Path:
    """JSON as people read it; equal values give equal bytes."""
    return write_whole(path, json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n")
