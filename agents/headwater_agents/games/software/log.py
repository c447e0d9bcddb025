"""The log of a task: artefacts in the order they were handed in, append-only, each entry naming the hash before it.

One JSON object a line. hash = SHA-256 of the entry's canonical JSON (sorted keys, no blanks, ASCII) without `hash`;
the first entry's `previous` is the hash of the opening line, which names the specification. A changed, moved or
missing entry breaks the chain; cutting entries off the end does not, so the last hash (`head`) is what to publish.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any, Final

from headwater.safejson import loads
from headwater_agents.games.software.artefacts import Artefact
from headwater_agents.games.software.errors import SoftwareError

MAX_LOG: Final = 64
"""Most entries of a log."""

FORMAT: Final = "headwater-software-log-1"


@dataclass(frozen=True)
class Log:
    """Immutable: `append` returns a longer log. `specification` is its name, `digest` what it said (hex)."""

    specification: str
    digest: str
    artefacts: tuple[Artefact, ...] = field(default=())

    def append(self, artefact: Artefact) -> Log:
        """This log and one entry more. Raises SoftwareError beyond 64 entries."""
        if len(self.artefacts) >= MAX_LOG:
            raise SoftwareError(f"a log has at most {MAX_LOG} entries")
        return replace(self, artefacts=(*self.artefacts, artefact))

    def extend(self, artefacts: Iterable[Artefact]) -> Log:
        """This log and several entries more."""
        log = self
        for artefact in artefacts:
            log = log.append(artefact)
        return log

    def of(self, roles: Collection[str]) -> tuple[Artefact, ...]:
        """What these roles handed in, in order: the task replayed with the others' contributions removed."""
        return tuple(artefact for artefact in self.artefacts if artefact.role in roles)

    @property
    def head(self) -> str:
        """The hash of the last entry (hex): it stands for the whole log."""
        return str(self._lines()[-1]["hash"])

    def dump(self) -> str:
        """JSON lines, the opening line first."""
        return "".join(json.dumps(line, sort_keys=True) + "\n" for line in self._lines())

    def _lines(self) -> list[dict[str, Any]]:
        lines = [_sealed({"format": FORMAT, "specification": self.specification, "digest": self.digest})]
        for index, artefact in enumerate(self.artefacts):
            lines.append(
                _sealed({"index": index, "previous": lines[-1]["hash"], "kind": artefact.kind, **artefact.as_json()})
            )
        return lines

    @classmethod
    def load(cls, text: str, head: str | None = None) -> Log:
        """Of `dump`, every entry and the chain checked; against a published `head` too, where one is given.

        Raises SoftwareError, naming the line: no JSON, not the next link of the chain, or no artefact.
        """
        lines = text.splitlines()
        if not lines:
            raise SoftwareError("an empty file is no log of a task")
        opening = _read(lines[0], 1)
        if set(opening) != {"format", "specification", "digest", "hash"} or opening["format"] != FORMAT:
            raise SoftwareError(f"line 1 of a log names its format ({FORMAT}), specification and digest")
        if not isinstance(opening["specification"], str) or not isinstance(opening["digest"], str):
            raise SoftwareError("line 1 of a log: specification and digest are strings")
        log = cls(opening["specification"], opening["digest"])
        for number, line in enumerate(lines[1:], start=2):
            entry = _read(line, number)
            content = {key: entry[key] for key in entry if key not in ("index", "previous", "kind", "hash")}
            try:
                log = log.append(Artefact.from_json(content))
            except SoftwareError as error:
                raise SoftwareError(f"line {number} of the log: {error}") from None
        for number, (line, sealed) in enumerate(zip(lines, log._lines(), strict=True), start=1):
            if json.dumps(_read(line, number), sort_keys=True) != json.dumps(sealed, sort_keys=True):
                raise SoftwareError(f"line {number} of the log does not follow from the lines before it")
        if head is not None and log.head != head:
            raise SoftwareError(f"the log ends at {log.head}, not at {head}: entries are missing at its end")
        return log


def _read(line: str, number: int) -> dict[str, Any]:
    try:
        entry = loads(line)
    except ValueError as error:
        raise SoftwareError(f"line {number} of the log is no JSON: {error}") from None
    if not isinstance(entry, dict):
        raise SoftwareError(f"line {number} of the log is no JSON object")
    return entry


def _sealed(entry: dict[str, Any]) -> dict[str, Any]:
    canonical = json.dumps(entry, sort_keys=True, separators=(",", ":"))
    return {**entry, "hash": sha256(canonical.encode("ascii")).hexdigest()}
