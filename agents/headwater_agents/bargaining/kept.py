"""A play's folder: the play itself, a summary with its settlement and arms, a transcript in words, and the report."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from headwater_agents.bargaining.errors import BargainError
from headwater_agents.bargaining.events import Event
from headwater_agents.bargaining.page import write_page
from headwater_agents.bargaining.played import FORMAT, Played, read

PLAY: Final = "play.json"
SUMMARY: Final = "summary.json"
TRANSCRIPT: Final = "transcript.txt"
REPORT: Final = "report.html"
TRACE: Final = "trace.jsonl"
KIND: Final = "coop-play"


@contextmanager
def claimed(folder: Path, *, force: bool) -> Iterator[Path]:
    """The folder to keep a play in. If the play fails, what it made is taken away again, but for a model's trace.

    Raises:
        BargainError: it exists, and is not to be replaced or not a play's.
    """
    fresh = not folder.exists()
    if not fresh:
        if not force:
            raise BargainError(f"{folder} exists; choose another --out, or replace it with --force")
        if not folder.is_dir() or (any(folder.iterdir()) and not (folder / SUMMARY).exists()):
            raise BargainError(f"{folder} exists and is not the folder of a play; it will not be replaced")
        (folder / TRACE).unlink(missing_ok=True)
    parents = [parent for parent in folder.parents if not parent.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield folder
    except BaseException:
        if fresh:
            with suppress(OSError):  # a trace lies in it: what was asked cannot be had again
                for made in (folder, *parents):
                    made.rmdir()
        raise


def free_folder(game: str, seed: int) -> Path:
    """A folder that is not there yet: runs/coop-GAME-SEED, with a number behind it if need be."""
    first = folder = Path("runs") / f"coop-{game}-{seed}"
    number = 2
    while folder.exists():
        folder, number = first.with_name(f"{first.name}-{number}"), number + 1
    return folder


def keep(folder: Path, played: Played, events: Sequence[Event], summary: Mapping[str, Any]) -> None:
    """Write all of it."""
    _write(folder / PLAY, json.dumps(played.as_dict(), indent=1, sort_keys=True, ensure_ascii=False))
    _write(folder / SUMMARY, json.dumps(summary, indent=1, sort_keys=True, ensure_ascii=False))
    _write(folder / TRANSCRIPT, "\n".join(event.text for event in events))
    write_page(folder / REPORT, summary)


def load(path: Path) -> Played:
    """A play from its file or folder, with everything in it checked again.

    Raises:
        BargainError: it cannot be read; `PlayedError` if it is no play, or not a sound one.
    """
    file = path / PLAY if path.is_dir() else path
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BargainError(f"{file} cannot be read as a play ({FORMAT}): {type(error).__name__}") from None
    return read(text)


def _write(path: Path, text: str) -> None:
    path.write_text(text + "\n", encoding="utf-8", newline="\n")
