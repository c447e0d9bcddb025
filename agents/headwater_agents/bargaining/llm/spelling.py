"""How calls are spelled for one endpoint: what it refuses is left out from then on, one thing after another."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from headwater_agents.bargaining.llm.calls import Came, Form, Outcome

_SIMPLER: Final = (Form.SCHEMA, Form.OBJECT_SCHEMA, Form.OBJECT, Form.TEXT)
_SPELLED: Final = (400, 404, 405, 415, 422, 501)
"""Statuses that may be about how a call is spelled; 401, 403 and 413 never are."""


class Spelling:
    """What the next call looks like."""

    def __init__(self, *, form: Form, seeded: bool, warm: bool) -> None:
        self.form = form
        self.seeded = seeded
        self.warm = warm
        self.limit_name = "max_tokens"

    def messages(self, said: Sequence[tuple[str, str]], schema: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
        """The messages to send: with the schema in words where the endpoint is not given it."""
        if self.form in (Form.SCHEMA, Form.OBJECT_SCHEMA):
            return tuple(said)
        told = f"Answer with one JSON object of this JSON Schema and nothing else:\n{json.dumps(schema)}"
        return (*said[:-1], (said[-1][0], f"{said[-1][1]}\n\n{told}"))

    def simplify(self, refusal: Outcome) -> bool:
        """Leave out what a refusal is about; False when it is about something else, or nothing is left to leave out."""
        text = refusal.text.lower()
        # Some servers answer 500 to a form they do not know, and name it.
        spelled = refusal.came is Came.REFUSED and refusal.status in _SPELLED and "context" not in text
        if not spelled and not (refusal.came is Came.FAILED and "response_format" in text):
            return False
        if self.limit_name == "max_tokens" and "max_completion_tokens" in text:
            self.limit_name = "max_completion_tokens"
        elif self.warm and "temperature" in text:
            self.warm = False
        elif self.seeded and "seed" in text:
            self.seeded = False
        elif self.form is not Form.TEXT:
            self.form = _SIMPLER[_SIMPLER.index(self.form) + 1]
        else:
            return False
        return True
