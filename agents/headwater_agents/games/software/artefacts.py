"""Artefacts: what the six roles hand in. A decision, a design, code, a review (patches), or counsel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from headwater_agents.games.software.errors import SoftwareError

ROLES: Final = ("CEO", "CPO", "CTO", "programmer", "reviewer", "counselor")
"""In the order of acting; player i of the game is ROLES[i]."""

KINDS: Final = ("decision", "decision", "design", "code", "review", "counsel")
"""What each role hands in, in the order of ROLES."""

MAX_TEXT: Final = 16_384
"""Most characters of a text of an artefact."""

MAX_ENTRIES: Final = 16
"""Most decisions, or patches, of one artefact."""

MAX_NAME: Final = 64
"""Most characters of a name."""


@dataclass(frozen=True)
class Patch:
    """A review's change: `find`, which must stand in the program exactly once, gives way to `replace`."""

    find: str
    replace: str


@dataclass(frozen=True, kw_only=True)
class Artefact:
    """One contribution, immutable. Which of the fields may be filled follows from the role.

    CEO, CPO and counselor: `decisions`, pairs of an open question's key and an answer. CTO and programmer: `text`,
    Python. Reviewer: `patches`. `note` is words for people and never part of the program. `effort` is what making it
    costs its role, in wei.
    """

    role: str
    name: str
    note: str = ""
    decisions: tuple[tuple[str, str], ...] = ()
    text: str = ""
    patches: tuple[Patch, ...] = ()
    effort: int = 0

    def __post_init__(self) -> None:
        if self.role not in ROLES:
            raise SoftwareError(f"no role {self.role!r}; the roles are {', '.join(ROLES)}")
        if not 1 <= len(self.name) <= MAX_NAME or not self.name.isprintable():
            raise SoftwareError(f"an artefact's name has 1 to {MAX_NAME} printable characters; got {self.name[:80]!r}")
        if isinstance(self.effort, bool) or not isinstance(self.effort, int) or self.effort < 0:
            raise SoftwareError(f"effort is a whole number of wei, at least 0; got {self.effort!r}")
        self._check_fields()

    def _check_fields(self) -> None:
        kind = self.kind
        may = {
            "decisions": kind in ("decision", "counsel"),
            "text": kind in ("design", "code"),
            "patches": kind == "review",
        }
        for field, allowed in may.items():
            if getattr(self, field) and not allowed:
                raise SoftwareError(f"a {self.role} hands in {kind}, which has no {field}")
        long = [self.text, self.note, *(part for each in self.patches for part in (each.find, each.replace))]
        if sum(map(len, long)) > MAX_TEXT:
            raise SoftwareError(f"an artefact's texts have at most {MAX_TEXT} characters together")
        if any(0xD800 <= ord(sign) <= 0xDFFF or sign == "\0" for text in (self.name, *long) for sign in text):
            raise SoftwareError("an artefact's texts are Unicode without surrogates and zeros")
        if len(self.decisions) > MAX_ENTRIES or len(self.patches) > MAX_ENTRIES:
            raise SoftwareError(f"an artefact has at most {MAX_ENTRIES} decisions or patches")
        if len({key for key, _ in self.decisions}) < len(self.decisions):
            raise SoftwareError("an artefact decides a question once")
        if any(not patch.find for patch in self.patches):
            raise SoftwareError("a patch says what to find")

    @property
    def kind(self) -> str:
        """Decision, design, code, review or counsel."""
        return KINDS[ROLES.index(self.role)]

    @property
    def empty(self) -> bool:
        """Whether nothing was handed in: no words and nothing for the program."""
        return not (self.note or self.decisions or self.text or self.patches)

    def as_json(self) -> dict[str, Any]:
        """Plain JSON; effort in wei, as a string of digits."""
        return {
            "role": self.role,
            "name": self.name,
            "note": self.note,
            "decisions": dict(self.decisions),
            "text": self.text,
            "patches": [[patch.find, patch.replace] for patch in self.patches],
            "effort": str(self.effort),
        }

    @classmethod
    def from_json(cls, given: object) -> Artefact:
        """Of `as_json`. Raises SoftwareError for anything else."""
        if not isinstance(given, Mapping) or set(given) != _FIELDS:
            raise SoftwareError(f"an artefact has the fields {', '.join(sorted(_FIELDS))}")
        decisions, patches, effort = given["decisions"], given["patches"], given["effort"]
        if not all(isinstance(given[field], str) for field in ("role", "name", "note", "text")):
            raise SoftwareError("role, name, note and text of an artefact are strings")
        if not isinstance(decisions, Mapping) or not all(isinstance(answer, str) for answer in decisions.values()):
            raise SoftwareError("decisions of an artefact are answers by question, strings both")
        pairs = isinstance(patches, list) and all(
            isinstance(pair, list) and len(pair) == 2 and all(isinstance(part, str) for part in pair)
            for pair in patches
        )
        if not pairs:
            raise SoftwareError("patches of an artefact are pairs of strings: what to find, what to put there")
        if not isinstance(effort, str) or not effort.isascii() or not effort.isdigit() or len(effort) > 30:
            raise SoftwareError(f"effort of an artefact is a string of at most 30 digits (wei); got {effort!r:.80}")
        return cls(
            role=given["role"],
            name=given["name"],
            note=given["note"],
            decisions=tuple((str(key), answer) for key, answer in decisions.items()),
            text=given["text"],
            patches=tuple(Patch(find, replace) for find, replace in patches),
            effort=int(effort),
        )


_FIELDS: Final = frozenset({"role", "name", "note", "decisions", "text", "patches", "effort"})


def role_index(role: str) -> int:
    """The player that a role is. Raises SoftwareError for a name that is no role."""
    if role not in ROLES:
        raise SoftwareError(f"no role {role!r}; the roles are {', '.join(ROLES)}")
    return ROLES.index(role)
