"""From artefacts to the source of a program. Pure: the same artefacts give the same text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from headwater_agents.games.software.artefacts import Artefact
from headwater_agents.games.software.specification import Specification


@dataclass(frozen=True)
class Built:
    """A program's `source`, and what was said on the way: patches that found nothing to change."""

    source: str
    remarks: tuple[str, ...] = ()


def build(specification: Specification, artefacts: Sequence[Artefact]) -> Built:
    """Put a program together: decisions, design, code, then patches.

    Where a role handed in nothing, what the specification says would happen without it stands: the naive answer to a
    question, the naive helpers, no code at all. Decisions hold in the order of the log, the last on a question
    wins; of designs and of code the last stands; patches are applied at the end, in order. A patch whose text does
    not stand in design and code exactly once changes nothing, and a remark says so.

    Raises SoftwareError: a decision on a question that is not open, or that is not the role's to decide.
    """
    for artefact in artefacts:
        specification.check(artefact)
    decisions = {question.key: question.naive for question in specification.questions}
    design, code = specification.naive_design, ""
    for artefact in artefacts:
        decisions.update(artefact.decisions)
        if artefact.kind == "design" and artefact.text.strip():
            design = artefact.text
        elif artefact.kind == "code" and artefact.text.strip():
            code = artefact.text
    body = f"{design.strip()}\n\n\n{code.strip()}\n"
    remarks = []
    for artefact in artefacts:
        for number, patch in enumerate(artefact.patches, start=1):
            found = body.count(patch.find)
            if found == 1:
                body = body.replace(patch.find, patch.replace)
            else:
                remarks.append(f"patch {number} of {artefact.name} finds its text {found} times and changes nothing")
    return Built(f"DECISIONS = {decisions!r}\n\n\n{body}", tuple(remarks))
