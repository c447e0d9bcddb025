"""The folder of a trial: it holds one trial, and the same command goes on with it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from headwater_agents.lab.campaign.export import write_whole
from headwater_agents.lab.campaign.store import FILE_NAME as STORE
from headwater_agents.lab.campaign.unit import canonical_json
from headwater_agents.trial.errors import TrialError
from headwater_agents.trial.plan import Trial

TRIAL: Final = "trial.json"
"""What the folder's trial is, in the folder."""

SUMMARY: Final = "summary.json"
DIFFERENCES: Final = "differences.csv"
REPORT: Final = "report.html"
SWEEPS: Final = "sweeps"
"""Folders of sweeps in here are shown on the report as maps."""

_LISTS: Final = ("attacks", "worlds", "mechanisms", "stake_shares")

__all__ = ["DIFFERENCES", "REPORT", "STORE", "SUMMARY", "SWEEPS", "TRIAL", "claim", "default_folder", "write_json"]


def default_folder(trial: Trial) -> Path:
    """Where a trial goes if nothing is said: the same trial to the same place, whatever its number of seeds."""
    identity = {name: value for name, value in trial.to_json().items() if name != "seeds"}
    digest = hashlib.sha256(canonical_json(identity, "a trial").encode()).hexdigest()[:8]
    return Path("runs") / f"attack-{digest}"


def claim(folder: Path, trial: Trial) -> None:
    """Make the folder that trial's, or see that it is.

    A trial may grow, in seeds, attacks, worlds, mechanisms and stake shares: what is known stays known.

    Raises:
        TrialError: it has more seeds already; it is a file, some other folder with something in it, or another trial's.
        OSError: it cannot be made.
    """
    if folder.exists() and not folder.is_dir():
        raise TrialError(f"{folder} is a file; choose another --out")
    path = folder / TRIAL
    wanted = json.loads(canonical_json(trial.to_json(), "a trial"))
    if path.is_file():
        known = _read(path)
        for name in sorted({*wanted, *known} - {"seeds"}):
            if not _grown(name, known.get(name), wanted.get(name)):
                raise TrialError(
                    f"{folder} holds another trial, with {name.replace('_', ' ')} {_text(known.get(name))}, not "
                    f"{_text(wanted.get(name))}; choose another --out"
                )
        if wanted["seeds"] < (seeds := known["seeds"]):
            raise TrialError(f"{folder} has {seeds} seeds already; give --seeds {seeds} or more, or another --out")
    elif folder.is_dir() and any(each.name != SWEEPS for each in folder.iterdir()):
        raise TrialError(f"{folder} exists and is no folder of attacks; choose another --out")
    write_json(path, wanted)


def write_json(path: Path, value: Mapping[str, Any]) -> Path:
    """JSON as people read it; equal values give equal bytes."""
    return write_whole(path, json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n")


def _grown(name: str, known: Any, wanted: Any) -> bool:
    if name in _LISTS and known:
        return set(known) <= set(wanted)
    return bool(known == wanted)


def _read(path: Path) -> dict[str, Any]:
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise TrialError(f"{path} is no trial: {error}") from error
    if not isinstance(known, dict) or not isinstance(known.get("seeds"), int):
        raise TrialError(f"{path} is no trial; choose another --out")
    return known


def _text(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else text[:77] + "…"
