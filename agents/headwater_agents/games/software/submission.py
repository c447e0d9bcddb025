"""Artefacts as free text, from people or from agents that write: read into the form of the role, priced by length."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Final

from headwater_agents.games.software.artefacts import KINDS, MAX_ENTRIES, MAX_TEXT, Artefact, Patch, role_index
from headwater_agents.games.software.errors import SoftwareError
from headwater_agents.games.software.specification import POINT, Specification

CHARACTERS_A_POINT: Final = 160
"""A free artefact costs one point of effort for each begun 160 characters handed in."""

FORMS: Final = {
    "decision": "lines `question = answer`; other lines are words to the team",
    "counsel": "lines `question = answer` to amend decisions; other lines are words to the team",
    "design": "Python that defines the helpers, alone or in a ``` block",
    "code": "Python that defines the functions, alone or in a ``` block",
    "review": "for each change: a line <<<<<<< FIND, the text, a line =======, the new text, a line >>>>>>> REPLACE",
}
"""What a text looks like, by kind; for the prompt of an agent that writes."""

_DECISION: Final = re.compile(r"^[\s*-]*`?(\w+)`?\s*[=:]\s*`?([\w-]+)`?\s*\.?\s*$")
_FENCE: Final = re.compile(r"^```[^\n]*\n(.*?)^```\s*$", re.DOTALL | re.MULTILINE)
_PATCH: Final = re.compile(r"^<{7} ?FIND[^\n]*\n(.*?)^={7}[^\n]*\n(.*?)^>{7}[^\n]*$", re.DOTALL | re.MULTILINE)


def submitted(specification: Specification, role: str, text: str, name: str | None = None) -> Artefact:
    """The artefact that a text of this role is. Its name, unless given, is `free-` and 10 digits of the text's hash.

    Its effort is one point for each begun 160 characters. Nothing is run here, nor is Python looked at: a program
    that does not load fails its tests.

    Raises SoftwareError: nothing in the text that the role may hand in, or a decision that is not open to it.
    """
    kind = KINDS[role_index(role)]
    if not isinstance(text, str) or not text.strip():
        raise SoftwareError(f"an empty text is no {kind}; expected: {FORMS[kind]}")
    if len(text) > MAX_TEXT:
        raise SoftwareError(f"a {kind} has at most {MAX_TEXT} characters; got {len(text)}")
    digest = sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    name = name or f"free-{digest[:10]}"
    effort = -(-len(text) // CHARACTERS_A_POINT) * POINT
    if kind in ("design", "code"):
        blocks = _FENCE.findall(text)
        artefact = Artefact(role=role, name=name, text="\n".join(blocks) if blocks else text, effort=effort)
    elif kind == "review":
        patches = tuple(Patch(find, put) for find, put in _PATCH.findall(text))
        if not patches or len(patches) > MAX_ENTRIES:
            raise SoftwareError(f"a review has 1 to {MAX_ENTRIES} patches, found {len(patches)}; form: {FORMS[kind]}")
        artefact = Artefact(role=role, name=name, patches=patches, note=_PATCH.sub("", text).strip(), effort=effort)
    else:
        decisions, words = _decisions(text)
        artefact = Artefact(role=role, name=name, decisions=decisions, note=words, effort=effort)
    specification.check(artefact)
    return artefact


def _decisions(text: str) -> tuple[tuple[tuple[str, str], ...], str]:
    found: dict[str, str] = {}
    words = []
    for line in text.splitlines():
        match = _DECISION.match(line)
        if match:
            found[match[1]] = match[2]
        elif line.strip():
            words.append(line.strip())
    return tuple(found.items()), "\n".join(words)
