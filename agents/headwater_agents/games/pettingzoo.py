"""Any game here as a PettingZoo environment: one agent after the other (AEC), or all of a stage at once (parallel).

Agents are "player_0", "player_1", … and stay until the game is over, dead heroes too, for the team's earning reaches
them. An action is the number of a move, or one more than the last for idling. An observation is what the game lets a
player see; the mask of the numbers open to it, int8, is in its info as "action_mask". A reward is what `payoffs` rose
by, in points: a player's own earning and an equal part of the team's. Every episode is recorded.

Imported by itself: it loads gymnasium.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt
from gymnasium import spaces
from pettingzoo import AECEnv, ParallelEnv

from headwater_agents.games.base import POINT, Floats, Game, draw, payoffs
from headwater_agents.games.errors import IllegalActionError
from headwater_agents.games.record import Record, Recorder

S = TypeVar("S")
Mask = npt.NDArray[np.int8]
Infos = dict[str, dict[str, Any]]


def aec(game: Game[Any]) -> AgentCycle:
    """The game as a PettingZoo AECEnv, not yet reset."""
    return AgentCycle(game)


def parallel(game: Game[Any]) -> Stages:
    """The game as a PettingZoo ParallelEnv, not yet reset."""
    return Stages(game)


class _Table(Generic[S]):
    """What both kinds share: names, spaces, the play and its record."""

    render_mode = "ansi"

    def __init__(self, game: Game[S]) -> None:
        self.game = game
        self.metadata: dict[str, Any] = {"name": f"headwater-{game.name}", "render_modes": ["ansi"]}
        self.possible_agents = [f"player_{player}" for player in range(game.players)]
        self.agents: list[str] = []
        self._player = {agent: player for player, agent in enumerate(self.possible_agents)}
        low, high = game.bounds()
        self._action_spaces: dict[str, spaces.Discrete] = {}
        self._observation_spaces: dict[str, spaces.Box] = {}
        for agent, player in self._player.items():
            self._action_spaces[agent] = spaces.Discrete(len(game.moves(player)) + 1)
            self._observation_spaces[agent] = spaces.Box(low, high, dtype=np.float32)
        self._rng = np.random.default_rng()
        self._recorder = Recorder(game)

    def action_space(self, agent: str) -> spaces.Discrete:
        """The moves in order, then idling."""
        return self._action_spaces[agent]

    def observation_space(self, agent: str) -> spaces.Box:
        """float32 within the game's bounds."""
        return self._observation_spaces[agent]

    @property
    def record(self) -> Record:
        """The episode so far."""
        return self._recorder.record

    def render(self) -> str:
        """The state in words, as player 0 knows it."""
        return self.game.describe(self._recorder.state, 0)

    def close(self) -> None:
        """Nothing to release."""

    def _begin(self, seed: int | None) -> None:
        if seed is not None:
            self._rng = np.random.default_rng(seed)
        self._recorder = Recorder(self.game, seed)
        self.agents = list(self.possible_agents)

    def _mask(self, agent: str, open_moves: tuple[str, ...]) -> Mask:
        moves = self.game.moves(self._player[agent])
        return np.array([*(move in open_moves for move in moves), not open_moves], dtype=np.int8)

    def _named(self, agent: str, action: object) -> str:
        """The action's name; IllegalActionError if it is no number of one."""
        player = self._player[agent]
        moves = self.game.moves(player)
        if isinstance(action, bool) or not isinstance(action, int | np.integer) or not 0 <= action <= len(moves):
            raise IllegalActionError(f"an action of {agent} is an integer from 0 to {len(moves)}; got {action!r}")
        return self.game.idle(self._recorder.state, player) if action == len(moves) else moves[int(action)]

    def _earned(self, before: S) -> dict[str, float]:
        """What each rose by since, in points."""
        rose = zip(payoffs(self.game, self._recorder.state), payoffs(self.game, before), strict=True)
        return {agent: (now - then) / POINT for agent, (now, then) in zip(self.possible_agents, rose, strict=True)}


class AgentCycle(_Table[Any], AECEnv):  # type: ignore[misc]  # PettingZoo is not typed
    """One agent after the other. Those who act at once are asked in rising order, and their actions count together.

    An action that is not open is refused with IllegalActionError, and the same agent is asked again.
    """

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> None:
        """Begin anew; without a seed, with the rolls that come next. There are no options."""
        self._begin(seed)
        self.rewards = dict.fromkeys(self.agents, 0.0)
        self._cumulative_rewards = dict.fromkeys(self.agents, 0.0)
        self.terminations = dict.fromkeys(self.agents, False)
        self.truncations = dict.fromkeys(self.agents, False)
        self.infos: Infos = {agent: {"action_mask": self._mask(agent, ())} for agent in self.agents}
        self._skip_agent_selection = None
        self._chosen: dict[int, str] = {}
        self._select()

    def observe(self, agent: str) -> Floats:
        """What an agent sees now."""
        return self.game.observation(self._recorder.state, self._player[agent])

    def step(self, action: int | None) -> None:
        """The action of the agent that is asked; None once the game is over.

        Raises:
            IllegalActionError: no number of an action, or one that is not open. Nothing has changed.
        """
        agent = self.agent_selection
        if self.terminations[agent]:
            self._was_dead_step(action)
            return
        state, player = self._recorder.state, self._player[agent]
        name = self._named(agent, action)
        choices = self.game.choices(state, player)
        if name not in choices:
            raise IllegalActionError(f"{agent} may {', '.join(choices)} here; got {name}")
        self._chosen[player] = name
        self.infos[agent] = {"action_mask": self._mask(agent, ())}
        self._cumulative_rewards[agent] = 0.0
        self._clear_rewards()
        if len(self._chosen) == len(self.game.acting(state)):
            chosen, self._chosen = self._chosen, {}
            self._recorder.play(chosen, self._rng)
            self.rewards = self._earned(state)
            if self._recorder.finished:
                self.terminations = dict.fromkeys(self.agents, True)
        self._accumulate_rewards()
        self._select()

    def _select(self) -> None:
        """Whoever is asked next has a mask of what it may do, everybody else one of idling alone."""
        state = self._recorder.state
        waiting = [player for player in self.game.acting(state) if player not in self._chosen]
        player = waiting[0] if waiting else 0
        agent = self.agent_selection = self.possible_agents[player]
        if waiting:
            self.infos[agent] = {"action_mask": self._mask(agent, self.game.choices(state, player))}


class Stages(_Table[Any], ParallelEnv):  # type: ignore[misc]  # PettingZoo is not typed
    """All agents at once, a stage a step: a turn of the raid, the one choice of the escape room.

    Within a stage agents act in the game's order, so that an action can have closed by the time its agent's turn comes
    (a second taunt). It is idled then, and the agent's info says so: "idled" is "taunt". The mask tells whoever acts
    first what is open as the stage begins, and has all moves for those who act later in it. Whoever is not in the
    stage, such as a dead hero, may only idle, and whatever it answers is that.
    """

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[dict[str, Floats], Infos]:
        """Begin anew; without a seed, with the rolls that come next. There are no options."""
        self._begin(seed)
        return self._seen(), self._masks()

    def step(
        self, actions: Mapping[str, int]
    ) -> tuple[dict[str, Floats], dict[str, float], dict[str, bool], dict[str, bool], Infos]:
        """One stage, with an action of every agent.

        Raises:
            IllegalActionError: an agent's action is missing, or no number of an action. Nothing has changed.
        """
        missing = [agent for agent in self.agents if agent not in actions]
        if missing or not self.agents:
            raise IllegalActionError(f"a step has an action of each of {self.agents}; got those of {list(actions)}")
        named = {self._player[agent]: self._named(agent, actions[agent]) for agent in self.agents}
        before = self._recorder.state
        idled: dict[str, str] = {}
        while acting := self.game.acting(self._recorder.state):
            state = self._recorder.state
            if state is not before and self.game.stage(state):
                break
            taken = {}
            for player in acting:
                idle = self.game.idle(state, player)
                taken[player] = named[player] if named[player] in self.game.choices(state, player) else idle
                if taken[player] != named[player]:
                    idled[self.possible_agents[player]] = named[player]
            self._recorder.step(taken, draw(self.game.dice(state, taken), self._rng))
        over = self._recorder.finished
        ended = dict.fromkeys(self.agents, over)
        infos = self._masks()
        for agent, name in idled.items():
            infos[agent]["idled"] = name
        answer = self._seen(), self._earned(before), ended, dict.fromkeys(self.agents, False), infos
        if over:
            self.agents = []
        return answer

    def _seen(self) -> dict[str, Floats]:
        return {agent: self.game.observation(self._recorder.state, player) for agent, player in self._player.items()}

    def _masks(self) -> Infos:
        state = self._recorder.state
        stage = frozenset(self.game.stage(state))
        masks: Infos = {}
        for agent, player in self._player.items():
            listed = self.game.choices(state, player) or self.game.moves(player) if player in stage else ()
            masks[agent] = {"action_mask": self._mask(agent, listed)}
        return masks
