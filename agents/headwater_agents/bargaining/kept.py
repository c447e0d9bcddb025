"""A play's folder: the play itself, a summary with its settlement and arms, a transcript in words, and the report."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from headwater import safejson
from headwater_agents.bargaining.errors import BargainError, PlayedError
from headwater_agents.bargaining.events import Event
from headwater_agents.bargaining.page import write_page
from headwater_agents.bargaining.played import FORMAT, Played, read

PLAY: Final = "play.json"
SUMMARY: Final = "summary.json"
TRANSCRIPT: Final = "transcript.txt"
REPORT: Final = "report.html"
TRACE: Final = "trace.jsonl"
KIND: Final = "coop-play"
PARTS: Final = ("agents", "arm", "seed", "options", "own", "team", "division", "payoffs", "measures")
"""What a summary has from its play, word for word."""


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


def free_folder(game: str, seed: int, *, force: bool = False) -> Path:
    """The folder runs/coop-GAME-SEED, with a number behind it if it is there and not to be replaced."""
    first = folder = Path("runs") / f"coop-{game}-{seed}"
    number = 2
    while folder.exists() and not force:
        folder, number = first.with_name(f"{first.name}-{number}"), number + 1
    return folder


def keep(folder: Path, played: Played, events: Sequence[Event], summary: Mapping[str, Any]) -> None:
    """Write all of it."""
    _write(folder / PLAY, json.dumps(played.as_dict(), indent=1, sort_keys=True, ensure_ascii=False))
    _write(folder / SUMMARY, json.dumps(summary, indent=1, sort_keys=True, ensure_ascii=False))
    _write(folder / TRANSCRIPT, "\n".join(event.text for event in events))
    write_page(folder / REPORT, summary)


def load(path: Path) -> Played:
    """A play from its file or folder, with everything in it checked again; in a folder the files beside it, too.

    Raises:
        BargainError: it cannot be read; `PlayedError` if it is no play, or not a sound one.
    """
    played = read(_text(path / PLAY if path.is_dir() else path))
    if path.is_dir():
        _compare(played, _text(path / SUMMARY), _text(path / TRANSCRIPT))
    return played


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BargainError(f"{file} cannot be read as a play ({FORMAT}): {type(error).__name__}") from None


def _compare(played: Played, told: str, transcript: str) -> None:
    """Raises PlayedError where the summary or the transcript says other than the play."""
    try:
        summary = safejson.loads(told)
        lines = "".join(f"{event['text']}\n" for event in summary["events"])
        paid = [deal["paid"] for deal in summary["deals"]]
        settlement = summary["settlement"]
        said = None if settlement is None else [settlement["record"], [one["payoff"] for one in settlement["accounts"]]]
        parts = {part: summary[part] for part in PARTS}
    except (ValueError, RecursionError, KeyError, TypeError) as error:
        raise PlayedError(f"{SUMMARY} is no summary of a play: {type(error).__name__} {error}") from None
    whole = played.as_dict()
    for part, value in parts.items():
        if value != whole[part]:
            raise PlayedError(f"{SUMMARY} says another {part} than {PLAY}")
    if paid != [str(one.paid) for one in played.settled]:
        raise PlayedError(f"{SUMMARY} says that deals paid otherwise than {PLAY}")
    if said is not None and said != ["0x" + played.record.digest.hex(), whole["payoffs"]]:
        raise PlayedError(f"{SUMMARY} says that the chain settled another record, or other payoffs, than {PLAY}")
    if transcript != lines:
        raise PlayedError(f"{TRANSCRIPT} is not what the events in {SUMMARY} say")


def _write(path: Path, text: str) -> None:
    path.write_text(text + "\n", encoding="utf-8", newline="\n")
