"""The trace of a run: every call and what came of it, as JSON lines; and a link that answers from it, with no model."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TextIO

from headwater import safejson
from headwater_agents.bargaining.llm.calls import Call, Link, Outcome
from headwater_agents.bargaining.llm.errors import TraceError

VERSION: Final = 1
_KIND: Final = "headwater model trace"
_LONGEST_LINE: Final = 2**23
_MOST_LINES: Final = 200_000


@dataclass(frozen=True, slots=True)
class Entry:
    """A call and its outcome."""

    call: Call
    outcome: Outcome


class Recorded:
    """A link that writes down what another answers: at once, so that a run that is killed leaves what it had.

    The file is made anew; one that is there is never overwritten. Neither keys nor headers are in it, nor the address.
    """

    def __init__(self, link: Link, out: Path | TextIO) -> None:
        self._link = link
        self._own = isinstance(out, Path)
        try:
            self._out: TextIO = out.open("x", encoding="utf-8") if isinstance(out, Path) else out
        except OSError as error:
            raise TraceError(f"the trace {out} cannot be written: {error.strerror}") from None
        self._write({"trace": _KIND, "version": VERSION})

    def send(self, call: Call) -> Outcome:
        """Pass the call on, and record it with what came."""
        outcome = self._link.send(call)
        self._write(
            {"who": call.who, "delay_s": call.delay_s, "request": call.body, "outcome": outcome.to_json()},
        )
        return outcome

    def close(self) -> None:
        """End the file, if it was opened here."""
        if self._own:
            self._out.close()

    def __enter__(self) -> Recorded:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _write(self, line: dict[str, Any]) -> None:
        self._out.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")
        self._out.flush()


class Replayed:
    """A link that answers from a trace: neither model nor network is asked, and nothing waits.

    A call that differs from the recorded one in anything is refused: it would be another run.
    """

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._entries = tuple(entries)
        self._next = 0

    @property
    def left(self) -> int:
        """Recorded calls that were not asked for yet."""
        return len(self._entries) - self._next

    def send(self, call: Call) -> Outcome:
        """What came of this call then. Raises TraceError."""
        number = self._next + 1
        if not self.left:
            raise TraceError(f"the trace ends after {self._next} calls, and the run asks for another")
        entry = self._entries[self._next]
        difference = _difference(_fields(entry.call), _fields(call))
        if difference:
            raise TraceError(f"call {number} is not the recorded one: {difference}")
        self._next = number
        return entry.outcome

    def finish(self) -> None:
        """Raises TraceError when the trace holds more calls than the run made."""
        if self.left:
            raise TraceError(f"the run made {self._next} calls, and the trace holds {len(self._entries)}")


def load_trace(source: Path | str) -> tuple[Entry, ...]:
    """The calls of a trace, from a file or its text. Raises TraceError with the line."""
    try:
        with source.open(encoding="utf-8") if isinstance(source, Path) else io.StringIO(source) as lines:
            return _read(lines)
    except (OSError, UnicodeDecodeError) as error:
        raise TraceError(f"the trace cannot be read: {error}") from None


def _read(lines: TextIO) -> tuple[Entry, ...]:
    entries: list[Entry] = []
    for number in range(_MOST_LINES):
        line = lines.readline(_LONGEST_LINE)
        if not line:
            if number == 0:
                raise TraceError("the trace is empty")
            return tuple(entries)
        if not line.endswith("\n"):
            raise TraceError(f"line {number + 1} of the trace is cut off or too long")
        try:
            fields = safejson.loads(line)
            if number == 0:
                if fields != {"trace": _KIND, "version": VERSION}:
                    raise TraceError(f"this is no trace of version {VERSION}")
            else:
                entries.append(_entry(fields))
        except (ValueError, KeyError, TypeError) as error:
            raise TraceError(f"line {number + 1} of the trace: {error}") from None
    raise TraceError(f"a trace has at most {_MOST_LINES} lines")


def _entry(fields: Any) -> Entry:
    if not isinstance(fields, dict) or set(fields) != {"who", "delay_s", "request", "outcome"}:
        raise TraceError("a call has who, delay_s, request and outcome")
    who, delay, body = fields["who"], fields["delay_s"], fields["request"]
    if not isinstance(who, str) or type(delay) not in (int, float) or not isinstance(body, dict):
        raise TraceError("who is a text, delay_s a number, request an object")
    return Entry(Call(who=who, body=body, delay_s=float(delay)), Outcome.from_json(fields["outcome"]))


def _fields(call: Call) -> dict[str, Any]:
    return {"who": call.who, "delay_s": call.delay_s, "request": call.body}


def _difference(was: Any, now: Any, where: str = "") -> str:
    """Where two JSON values first differ, and how; empty when they are alike."""
    if isinstance(was, dict) and isinstance(now, dict):
        for key in sorted({*was, *now}):
            place = f"{where}.{key}" if where else key
            if key not in was or key not in now:
                return f"{place} is only in {'this run' if key in now else 'the trace'}"
            found = _difference(was[key], now[key], place)
            if found:
                return found
        return ""
    if isinstance(was, list) and isinstance(now, list) and len(was) == len(now):
        return next(
            (
                found
                for i, pair in enumerate(zip(was, now, strict=True))
                if (found := _difference(*pair, f"{where}[{i}]"))
            ),
            "",
        )
    return "" if type(was) is type(now) and was == now else f"{where} was {_short(was)}, is {_short(now)}"


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:79]}…"
