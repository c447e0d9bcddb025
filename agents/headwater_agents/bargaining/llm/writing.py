"""Artefacts of the software team, written by a model: text in the role's form, judged like anybody's."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from headwater_agents.bargaining.llm.errors import HaltedError, NoAnswerError
from headwater_agents.bargaining.llm.session import Session
from headwater_agents.games.software import (
    FORMS,
    KINDS,
    NOTHING,
    ROLES,
    Artefact,
    SoftwareError,
    SoftwareTeam,
    submitted,
)


@dataclass(frozen=True, slots=True)
class Written:
    """What models handed in.

    Attributes:
        game: the task, with the artefacts among its choices.
        actions: what each role handed in, `nothing` where its model wrote nothing that the role may hand in.
        artefacts: those that were written, in the order of the roles.
    """

    game: SoftwareTeam
    actions: tuple[str, ...]
    artefacts: tuple[Artefact, ...]


def write(sessions: Sequence[Session], game: SoftwareTeam) -> Written:
    """Ask each role's model, in order, for its artefact; each sees what was handed in before it, never the tests.

    A text becomes an artefact only as `submitted` reads it: open decisions, Python as text, patches. It runs in the
    sandbox of the task and nowhere else.

    Args:
        sessions: one for each of the six roles.
        game: the task.
    """
    state, specification = game.start(), game.specification
    actions: list[str] = []
    artefacts: list[Artefact] = []
    # The bound on a text is `submitted`'s: a server that makes a grammar of a schema may break down over a large one.
    schema = {
        "type": "object",
        "properties": {"text": {"type": "string"}},
        "required": ["text"],
        "additionalProperties": False,
    }
    for player, (role, session) in enumerate(zip(ROLES, sessions, strict=True)):

        def check(answer: dict[str, Any], role: str = role) -> Artefact:
            try:
                return submitted(specification, role, answer["text"])
            except SoftwareError as error:
                raise NoAnswerError(str(error)) from None

        prompt = (
            ("system", f"You are the {role} of a software team. Answer with one JSON object whose text is your work."),
            (
                "user",
                f"{game.describe(state, player)}\nInstead of these you hand in a text of your own, at a cost of one"
                f" point for each 160 characters. Its form: {FORMS[KINDS[player]]}.",
            ),
        )
        action = NOTHING  # what a model that wrote nothing usable hands in
        with suppress(NoAnswerError, HaltedError):
            artefact = session.ask(prompt, schema, check)
            if artefact.name not in game.moves(player):
                game = game.with_artefacts([artefact])
            artefacts.append(artefact)
            action = artefact.name
        actions.append(action)
        state = game.step(state, {player: action}, ())
    return Written(game, tuple(actions), tuple(artefacts))
