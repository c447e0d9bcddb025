"""The task in words, for people and for agents that read."""

from __future__ import annotations

from collections.abc import Sequence

from headwater_agents.games.software.artefacts import KINDS, ROLES, Artefact
from headwater_agents.games.software.specification import POINT, Specification

DUTIES = {
    "CEO": "decides what belongs to the product",
    "CPO": "decides what its users need",
    "CTO": "designs: writes the helpers that the code calls",
    "programmer": "writes the functions",
    "reviewer": "reads design and code, and patches them",
    "counselor": "reads everything, and may amend any decision",
}


def told(
    specification: Specification,
    pot: int,
    player: int,
    handed_in: Sequence[Artefact],
    offered: Sequence[Artefact],
    end: str | None,
) -> str:
    """Rules, task, what was handed in, and the player's choices with their effort, as lines of text."""
    role = ROLES[player]
    duties = "; ".join(f"{name} {duty}" for name, duty in DUTIES.items())
    lines = [
        f"A team of six makes a small program. In order: {duties}. You are the {role}, player {player}.",
        f"Hidden tests pay the team together up to {pot} points. Effort is your own cost. Who hands in nothing has no"
        " cost; decisions that nobody takes are guessed, helpers nobody designs are crude, no code passes no test.",
        f"{specification.title}. {specification.text}",
        "Open questions:",
        *(
            f"- {each.key} ({each.owner} decides; {' or '.join(each.answers)}): {each.text}"
            for each in specification.questions
        ),
    ]
    lines += ["Handed in so far:", *(_one(artefact) for artefact in handed_in)] if handed_in else []
    if KINDS[player] in ("code", "review"):
        lines += [f"{each.kind}:\n{each.text.strip()}" for each in handed_in if each.text]
    if end is not None:
        return "\n".join([*lines, f"It is over. {end}"])
    return "\n".join([*lines, "You may hand in:", *map(_offer, offered), "- nothing (cost 0 points)"])


def _one(artefact: Artefact) -> str:
    return f"- {artefact.role}, {artefact.kind} {artefact.name}: {artefact.note}{_decisions(artefact)}"


def _offer(artefact: Artefact) -> str:
    points = f"{artefact.effort / POINT:g} point{'' if artefact.effort == POINT else 's'}"
    return f"- {artefact.name} (cost {points}): {artefact.note}{_decisions(artefact)}"


def _decisions(artefact: Artefact) -> str:
    decided = ", ".join(f"{key} = {answer}" for key, answer in artefact.decisions)
    return f" [{decided}]" if decided else ""
