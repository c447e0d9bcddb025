"""Games as PettingZoo environments: its own tests of the API pass, and an episode is the recorded play."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pettingzoo.test import api_test, parallel_api_test, parallel_seed_test, seed_test

from headwater_agents.games import POINT, EscapeRoom, Game, IllegalActionError, MatrixGame, Raid, payoffs, replay
from headwater_agents.games.pettingzoo import aec, parallel

GAMES: list[Game[Any]] = [EscapeRoom(), EscapeRoom(6, 3), Raid(2500), MatrixGame([[[1, 2], [3, 4]], [[4, 3], [2, 1]]])]
each_game = pytest.mark.parametrize("game", GAMES, ids=lambda game: f"{game.name}-{game.players}")


@each_game
def test_a_game_passes_the_tests_of_the_aec_api(game: Game[Any], capsys: pytest.CaptureFixture[str]) -> None:
    api_test(aec(game), num_cycles=60)
    seed_test(lambda: aec(game), num_cycles=60)


@each_game
def test_a_game_passes_the_tests_of_the_parallel_api(game: Game[Any], capsys: pytest.CaptureFixture[str]) -> None:
    parallel_api_test(parallel(game), num_cycles=60)
    parallel_seed_test(lambda: parallel(game), num_cycles=60)


@each_game
def test_an_aec_episode_is_a_record_and_its_rewards_are_the_payoffs(game: Game[Any]) -> None:
    env = aec(game)
    env.reset(seed=11)
    total = dict.fromkeys(env.possible_agents, 0.0)
    rng = np.random.default_rng(2)
    for agent in env.agent_iter():
        _, reward, over, _, info = env.last()
        total[agent] += reward
        env.step(None if over else int(rng.choice(np.flatnonzero(info["action_mask"]))))
    state = replay(env.record)
    assert env.record.seed == 11
    assert game.finished(state)
    assert list(total.values()) == pytest.approx([wei / POINT for wei in payoffs(game, state)])


@each_game
def test_a_parallel_episode_is_a_record_and_its_rewards_are_the_payoffs(game: Game[Any]) -> None:
    env = parallel(game)
    _, infos = env.reset(seed=5)
    total = dict.fromkeys(env.possible_agents, 0.0)
    rng = np.random.default_rng(3)
    while env.agents:
        actions = {agent: int(rng.choice(np.flatnonzero(infos[agent]["action_mask"]))) for agent in env.agents}
        _, rewards, _, _, infos = env.step(actions)
        for agent, reward in rewards.items():
            total[agent] += reward
    state = replay(env.record)
    assert game.finished(state)
    assert list(total.values()) == pytest.approx([wei / POINT for wei in payoffs(game, state)])


def test_the_same_seed_has_the_same_rolls_and_the_next_episode_others() -> None:
    env = parallel(Raid())
    rolls = []
    for seed in (7, None, 7):
        env.reset(seed=seed)
        while env.agents:
            env.step(dict.fromkeys(env.agents, 0))
        rolls.append([step.rolls for step in env.record.steps])
    assert rolls[0] == rolls[2]
    assert rolls[0] != rolls[1]


@pytest.mark.parametrize("action", [1, 3, 4, -1, True, 0.0, "door", None])
def test_an_aec_action_that_is_not_open_is_refused_and_the_agent_asked_again(action: Any) -> None:
    env = aec(Raid())
    env.reset(seed=1)
    env.step(1)  # a taunt: the turn's only one
    record = env.record
    assert list(env.infos["player_1"]["action_mask"]) == [1, 0, 1, 0]
    assert list(env.infos["player_2"]["action_mask"]) == [0, 0, 0, 1]
    with pytest.raises(IllegalActionError):
        env.step(action)
    assert env.agent_selection == "player_1"
    assert env.record == record
    assert list(env.infos["player_1"]["action_mask"]) == [1, 0, 1, 0]


def test_in_a_stage_the_second_taunt_is_idled_and_said() -> None:
    env = parallel(Raid())
    env.reset(seed=1)
    _, rewards, _, _, infos = env.step(dict.fromkeys(env.agents, 1))
    assert [infos[agent].get("idled") for agent in env.agents] == [None, "taunt", "taunt", "taunt"]
    assert list(rewards.values()) == [0.5, 0, 0, 0]
    assert list(infos["player_0"]["action_mask"]) == [1, 0, 1, 0]  # it taunted a turn ago


def test_a_dead_hero_may_only_idle_and_still_gets_its_part_of_the_teams_earning() -> None:
    env = parallel(Raid())
    env.reset(seed=1)
    for _ in range(2):
        *_, infos = env.step(dict.fromkeys(env.agents, 0))
    assert list(infos["player_0"]["action_mask"]) == [0, 0, 0, 1]
    for _ in range(2):
        _, rewards, ended, _, _ = env.step(dict.fromkeys(env.agents, 0))
    assert all(ended.values())
    assert rewards["player_0"] == -25


@pytest.mark.parametrize(
    "actions", [{}, {"player_0": 0}, {"player_0": 0, "player_1": 9}, {"player_0": 0, "player_1": "door"}]
)
def test_a_parallel_step_without_everybodys_action_is_refused(actions: dict[str, Any]) -> None:
    env = parallel(EscapeRoom())
    env.reset(seed=1)
    with pytest.raises(IllegalActionError):
        env.step(actions)
    assert env.record.steps == ()


def test_an_environment_tells_its_state_in_words() -> None:
    env = aec(EscapeRoom())
    env.reset(seed=1)
    assert "Nobody has chosen yet." in env.render()
