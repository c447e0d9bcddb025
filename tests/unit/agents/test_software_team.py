"""The software team as a game: order, costs, the reward, records, and what players are told."""

from __future__ import annotations

import json
from collections.abc import Mapping

import numpy as np
import pytest
from pettingzoo.test import api_test, parallel_api_test

from headwater_agents.games import IllegalActionError, SettingsError, game_from, play, replay
from headwater_agents.games.pettingzoo import aec, parallel
from headwater_agents.games.software import (
    ABSENT,
    NOTHING,
    POINT,
    ROLES,
    Artefact,
    SoftwareState,
    SoftwareTeam,
    bundled,
    names,
    submitted,
)

TEAM = SoftwareTeam("intervals")


def ended(team: SoftwareTeam, *chosen: str) -> SoftwareState:
    state = team.start()
    for player, name in enumerate(chosen):
        state = team.step(state, {player: name}, ())
    return state


def careful(team: SoftwareTeam) -> SoftwareState:
    return ended(team, *(team.moves(player)[0] for player in range(6)))


def test_roles_act_one_after_the_other_and_phases_cut_the_task() -> None:
    stages: dict[int, list[tuple[int, ...]]] = {phases: [] for phases in (1, 3, 6)}
    for phases, seen in stages.items():
        team = SoftwareTeam("intervals", phases=phases)
        state = team.start()
        while acting := team.acting(state):
            seen.append(team.stage(state))
            state = team.step(state, {acting[0]: NOTHING}, ())
        assert team.stage(state) == ()
    assert stages[1] == [(0, 1, 2, 3, 4, 5), (), (), (), (), ()]
    assert stages[3] == [(0, 1), (), (2, 3), (), (4, 5), ()]
    assert stages[6] == [(0,), (1,), (2,), (3,), (4,), (5,)]


def test_effort_is_ones_own_and_the_passed_part_of_the_pot_is_the_teams() -> None:
    state = careful(TEAM)
    assert TEAM.own(state) == tuple(-points * POINT for points in (2, 3, 3, 8, 3, 2))
    assert TEAM.team(state) == 100 * POINT
    odd = SoftwareTeam("table", pot=7)
    state = ended(odd, *(odd.moves(player)[1] for player in range(6)))
    fraction = odd.score(state).fraction
    assert 0 < fraction < 1
    assert odd.team(state) == 7 * POINT * fraction.numerator // fraction.denominator


def test_nothing_is_paid_before_the_end_nor_to_a_team_without_code() -> None:
    coded = ended(TEAM, *(TEAM.moves(player)[0] for player in range(4)))
    assert TEAM.score(coded).fraction > 0
    assert TEAM.team(coded) == 0
    assert TEAM.own(ended(TEAM, "whole-product")) == (-2 * POINT, 0, 0, 0, 0, 0)
    assert TEAM.team(ended(TEAM, *[NOTHING] * 6)) == 0


def test_lazy_and_absent_are_worth_the_same_but_only_lazy_is_offered() -> None:
    lazy = ended(TEAM, *(TEAM.moves(player)[0] for player in range(4)), NOTHING, NOTHING)
    absent = ended(TEAM, *(TEAM.moves(player)[0] for player in range(4)), ABSENT, ABSENT)
    assert (TEAM.own(lazy), TEAM.team(lazy)) == (TEAM.own(absent), TEAM.team(absent))
    assert NOTHING in TEAM.choices(TEAM.start(), 0)
    assert ABSENT not in TEAM.choices(TEAM.start(), 0)


def test_an_artefact_of_another_role_or_out_of_turn_is_refused() -> None:
    wrong: tuple[Mapping[int, str], ...] = ({0: "sweep"}, {1: "first-thought"}, {}, {0: NOTHING, 1: NOTHING})
    for actions in wrong:
        with pytest.raises(IllegalActionError):
            TEAM.step(TEAM.start(), actions, ())


@pytest.mark.parametrize("name", names())
def test_a_play_is_recorded_and_replays_to_the_same_wei(name: str) -> None:
    team = game_from("software", {"specification": name})
    rng = np.random.default_rng(3)
    state, record = play(team, lambda state, player: str(rng.choice(team.choices(state, player))), rng)
    assert replay(record) == state
    assert record.team == team.team(state)


def test_settings_make_the_game_again_with_what_was_written_for_it() -> None:
    written = submitted(bundled("intervals"), "programmer", "def length(busy):\n    return 8\n", "mine")
    team = SoftwareTeam("intervals", phases=3, pot=50).with_artefacts([written])
    again = game_from("software", json.loads(json.dumps(team.settings)))
    assert again == team
    assert isinstance(again, SoftwareTeam)
    state = ended(again, NOTHING, NOTHING, NOTHING, "mine", NOTHING, NOTHING)
    assert again.own(state)[3] == -written.effort
    # One of five tests of a package that is 30 percent of the pot.
    assert again.team(state) == 50 * POINT * 30 // 100 // 5


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"specification": "ghost"}, "no specification 'ghost'"),
        ({"specification": 3}, "is a name"),
        ({"pot": 0}, "the pot"),
        ({"pot": 1.5}, "the pot"),
        ({"phases": 2}, "1, 3 or 6 phases"),
        ({"extra": "x"}, "a list of artefacts"),
        ({"extra": [{"role": "CEO"}]}, "an artefact has the fields"),
        ({"extra": 7}, "not iterable"),
        ({"extra": [Artefact(role="CEO", name="whole-product")]}, "names of their own"),
        ({"extra": [Artefact(role="CEO", name=ABSENT)]}, "names of their own"),
        ({"extra": [Artefact(role="CEO", name="x", decisions=(("empty", "drop"),))]}, "is for the CPO"),
        ({"colour": "red"}, "there is no colour"),
    ],
)
def test_settings_of_no_game_are_refused(settings: dict[str, object], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        game_from("software", settings)


def test_observations_keep_within_bounds_and_tell_states_apart() -> None:
    low, high = TEAM.bounds()
    seen = set()
    state = TEAM.start()
    for player in range(6):
        observation = TEAM.observation(state, player)
        assert observation.shape == low.shape
        assert bool(((low <= observation) & (observation <= high)).all())
        seen.add(observation.tobytes())
        state = TEAM.step(state, {player: TEAM.moves(player)[0]}, ())
    assert len(seen) == 6
    assert TEAM.observation(state, 0)[-1] == 1.0


def test_the_game_is_a_pettingzoo_environment(capsys: pytest.CaptureFixture[str]) -> None:
    api_test(aec(TEAM), num_cycles=20)
    parallel_api_test(parallel(TEAM), num_cycles=20)
    assert "Passed" in capsys.readouterr().out


@pytest.mark.parametrize("name", names())
def test_no_player_is_told_a_hidden_test(name: str) -> None:
    team = SoftwareTeam(name)
    state = team.start()
    told = []
    for player in range(6):
        told.append(team.describe(state, player))
        assert f"You are the {ROLES[player]}" in told[-1]
        for move in team.moves(player):
            assert move in told[-1]
        state = team.step(state, {player: team.moves(player)[0]}, ())
    told.append(team.describe(state, 0))
    assert "It is over" in told[-1]
    for test in team.specification.tests:
        assert not any(test.arguments in text or (len(test.expect) > 12 and test.expect in text) for text in told)


def test_the_reviewer_reads_the_code_and_the_ceo_does_not() -> None:
    state = ended(TEAM, *(TEAM.moves(player)[0] for player in range(4)))
    assert "def merge(intervals):" in TEAM.describe(state, 4)
    assert "def merge(intervals):" not in TEAM.describe(state, 0)
