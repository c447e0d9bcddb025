"""Plays with language models: agents over one link, what they did in numbers, and the same again from a trace."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from headwater.deals import Status
from headwater_agents.bargaining.arm import Arm
from headwater_agents.bargaining.engine import play
from headwater_agents.bargaining.events import Observe
from headwater_agents.bargaining.llm.agent import LLM, Reflection
from headwater_agents.bargaining.llm.budget import Budget
from headwater_agents.bargaining.llm.calls import Link
from headwater_agents.bargaining.llm.hearing import Board
from headwater_agents.bargaining.llm.session import Rules, Session
from headwater_agents.bargaining.played import Played
from headwater_agents.bargaining.setting import Setting
from headwater_agents.games import Game

_CHANCE = 5


@dataclass(frozen=True, slots=True)
class Performance:
    """A play by language models, with what they said afterwards, and the agents as they are then."""

    played: Played
    reflections: tuple[Reflection | None, ...]
    agents: tuple[LLM, ...]

    def summary(self) -> dict[str, Any]:
        """Counts over all agents, as JSON: questions, calls, answers that were legal, tokens, why anybody halted."""
        tallies = [agent.session.tally for agent in self.agents]
        budgets = [agent.session.budget for agent in self.agents]
        legal, refused = sum(one.legal for one in tallies), sum(len(one.refused) for one in tallies)
        return {
            "questions": sum(one.questions for one in tallies),
            "calls": sum(one.calls for one in tallies),
            "failed_calls": sum(one.failed for one in tallies),
            "legal_answers": legal,
            "refused_answers": refused,
            "refusals": [reason for one in tallies for reason in one.refused],
            "halted": [one.halted for one in tallies if one.halted],
            "prompt_tokens": sum(one.prompt for one in budgets),
            "reply_tokens": sum(one.reply for one in budgets),
            "agreements": self.played.ended(Status.AGREED),
            "reflections": [None if one is None else list(one.parts) for one in self.reflections],
        }


def cast(
    link: Link,
    rules: Rules,
    *,
    players: int,
    budget: int,
    seed: int,
    board: Board | None = None,
    steps: bool = False,
    guard: bool = True,
) -> tuple[LLM, ...]:
    """An agent for each player, each with a session, a budget (tokens) and chance of its own, over one link."""
    return tuple(
        LLM(
            Session(
                link, rules, Budget(budget), np.random.default_rng([seed, _CHANCE, player]), who=f"player {player}"
            ),
            board=board,
            steps=steps,
            guard=guard,
        )
        for player in range(players)
    )


def perform(
    link: Link,
    rules: Rules,
    game: Game[Any],
    arm: Arm | str,
    seed: int = 0,
    *,
    budget: int = 50_000,
    steps: bool = False,
    guard: bool = True,
    reflect: bool = True,
    setting: Setting | None = None,
    observe: Observe | None = None,
) -> Performance:
    """Play a game among language models, and ask each what it makes of it. Over a trace of the same, the same again.

    Args:
        link: who answers: `Live`, `Recorded` around one, or `Replayed`.
        rules: how models are asked.
        game: the rules of the game.
        arm: how they bargain.
        seed: of the play, and of every seed that a call carries.
        budget: tokens of each agent.
        steps: as for `LLM`.
        guard: as for `LLM`.
        reflect: whether to ask after the task.
        setting: as for `play`.
        observe: called with every event.

    Raises:
        TraceError: over a trace of another run. Otherwise as `play`.
    """
    board = Board(observe)
    agents = cast(link, rules, players=game.players, budget=budget, seed=seed, board=board, steps=steps, guard=guard)
    played = play(game, agents, arm, seed, setting=setting, observe=board.observe)
    said: Sequence[Reflection | None] = [
        agent.reflect(played, player) if reflect else None for player, agent in enumerate(agents)
    ]
    return Performance(played, tuple(said), agents)
