"""The agent that asks a language model: what the model says becomes a legal move, or nothing.

Whatever is on the network or in others' words, only answers of the turn's schema become moves, and every move is
judged again by the negotiation. A model that gives no legal answer ends the negotiation (halt); one that can be asked
no more is silent. An action without an answer is the one signed, else the best reply.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Final

from headwater.deals import Negotiation
from headwater_agents.bargaining.arm import Arm
from headwater_agents.bargaining.llm import prompts
from headwater_agents.bargaining.llm.errors import HaltedError, NoAnswerError
from headwater_agents.bargaining.llm.hearing import Board, clean
from headwater_agents.bargaining.llm.moves import move_of, move_schema
from headwater_agents.bargaining.llm.session import Session
from headwater_agents.bargaining.played import Played
from headwater_agents.bargaining.table import Choice, Desk, Halt, Move, Negotiator, Silence, Table
from headwater_agents.games import ReplayGame

MOST_LESSONS: Final = 3
"""Lessons of earlier tasks that an agent is reminded of."""


@dataclass(frozen=True, slots=True)
class Reflection:
    """What a model said after a task: each player's part of the team's earning (of the parts' sum), and a lesson."""

    parts: tuple[int, ...]
    lesson: str
    tokens: int


class LLM(Negotiator):
    """Asks a model in every phase. It is as deterministic as its session: over a trace, the play is the same again.

    Args:
        session: with the model; one for each agent.
        board: where others' words are heard; none are unless given, and its `observe` is the engine's.
        steps: whether the model works prices out step by step from the prospects of joint actions, where its arm
            prices; otherwise it is given the numbers.
        guard: whether terms that leave the agent worse off than no deal, by its own rollouts, are refused on its side.
    """

    name: ClassVar[str] = "llm"

    def __init__(
        self, session: Session, *, board: Board | None = None, steps: bool = False, guard: bool = True
    ) -> None:
        self.session = session
        self.lessons: tuple[str, ...] = ()
        self._board = board
        self._steps = steps
        self._guard = guard

    @property
    def settings(self) -> Mapping[str, Any]:
        """The session's rules and budget, and how it is asked."""
        return {**self.session.settings, "steps": self._steps, "guard": self._guard}

    def open(self, table: Table) -> Move | None:
        """Proposes, or halts."""
        return self._move(table, None)

    def reply(self, table: Table, negotiation: Negotiation) -> Move | None:
        """Agrees, counters, or halts."""
        return self._move(table, negotiation)

    def act(self, desk: Desk) -> Choice:
        """What the model chooses; also against its word; without an answer, what agents do by default."""
        schema = _object({"action": {"type": "string", "enum": list(desk.choices)}})
        if len(desk.choices) == 1:
            return Choice(desk.choices[0])
        before = self.session.budget.spent
        try:
            action = self.session.ask(prompts.act(desk, self.lessons), schema, lambda answer: str(answer["action"]))
        except (NoAnswerError, HaltedError):
            action = super().act(desk).action
        return Choice(action, tokens=self.session.budget.spent - before)

    def reflect(self, played: Played, player: int) -> Reflection | None:
        """Ask what each should have got, and for a lesson, which later tasks' prompts repeat; None without an answer.

        It moves no money: the engine divides what was earned. In the arm full the model is told what replays say.
        """
        arm, record = played.arm, played.record
        players = len(played.payoffs)
        worths = None
        if arm is Arm.FULL:
            task = ReplayGame(record)
            worths = {out: task.wei(other for other in range(players) if other != out) for out in range(players)}
        fields: dict[str, Any] = {
            f"player_{each}": {"type": "integer", "minimum": 0, "maximum": 100} for each in range(players)
        }
        schema = _object({**fields, "lesson": {"type": "string", "maxLength": 160}})

        def check(answer: dict[str, Any]) -> tuple[tuple[int, ...], str]:
            parts = tuple(int(answer[f"player_{each}"]) for each in range(players))
            if not any(parts):
                raise NoAnswerError("somebody has to have a part above 0")
            return parts, clean(answer["lesson"])

        prompt = prompts.reflect(arm, player, _told(played, player), played.payoffs, worths, played.team)
        before = self.session.budget.spent
        try:
            parts, lesson = self.session.ask(prompt, schema, check)
        except (NoAnswerError, HaltedError):
            return None
        if lesson:
            self.lessons = (*self.lessons, lesson)[-MOST_LESSONS:]
        return Reflection(parts, lesson, self.session.budget.spent - before)

    def _move(self, table: Table, negotiation: Negotiation | None) -> Move:
        heard = "" if self._board is None else self._board.heard(table.other, table.me, table.checkpoint)
        steps = self._steps and table.arm.prices
        prompt = prompts.negotiate(table, negotiation, heard, self.lessons, steps=steps)
        schema = move_schema(table, negotiation, steps=steps)
        before = self.session.budget.spent
        move: Move
        try:
            move = self.session.ask(
                prompt, schema, lambda answer: move_of(answer, table, negotiation, guard=self._guard)
            )
        except NoAnswerError:
            move = Halt()
        except HaltedError:
            move = Silence()
        return replace(move, tokens=self.session.budget.spent - before)


def _object(fields: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}


def _told(played: Played, player: int) -> str:
    game = played.record.rules()
    done = "; ".join(
        f"{slot}: {action}"
        for step in played.record.steps
        for slot, action in zip(step.slots, step.actions, strict=True)
    )
    state = game.start()
    for step in played.record.steps:
        acting = game.acting(state)
        state = game.step(state, dict(zip(acting, step.actions, strict=True)), step.rolls)
    return f"{game.describe(state, player)}\nWhat was done: {done}."
