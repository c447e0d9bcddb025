"""Kinds of agents, how they fare against each other, and the arms beside each other."""

from __future__ import annotations

from itertools import pairwise

import pytest

from headwater.deals import Status
from headwater_agents.bargaining import (
    KINDS,
    Arm,
    BargainError,
    Greedy,
    Learning,
    Negotiator,
    Played,
    Rational,
    Scripted,
    Setting,
    Stubborn,
    agent_from,
    arms,
    arms_grids,
    pairings,
    pairings_grids,
    play,
    play_and_learn,
)
from headwater_agents.bargaining.arms import FOR_ITSELF
from headwater_agents.bargaining.haggling import along, conceded
from headwater_agents.games import POINT, EscapeRoom, MatrixGame, Raid

FAIR = 45 * POINT // 10


def meet(first: Negotiator, second: Negotiator, arm: Arm = Arm.SHORT_TERM) -> Played:
    return play(EscapeRoom(), (first, second), arm)


@pytest.mark.parametrize("greedy_first", [True, False])
def test_greed_earns_nothing_beyond_the_fair_price_against_who_holds_to_it(greedy_first: bool) -> None:
    agents = (Greedy(), Rational()) if greedy_first else (Rational(), Greedy())
    played = meet(*agents)
    assert played.payoffs == (FAIR, FAIR)
    assert played.rounds > 1, "it tries"


@pytest.mark.parametrize("stubborn_first", [True, False])
def test_stubbornness_against_who_holds_to_the_fair_price_is_a_deadlock_that_costs_both(stubborn_first: bool) -> None:
    agents = (Stubborn(), Rational()) if stubborn_first else (Rational(), Stubborn())
    played = meet(*agents)
    assert played.ended(Status.DEADLOCKED) == 1
    assert played.payoffs == (-POINT, -POINT)


@pytest.mark.parametrize("other", [Greedy(), Rational(gives_way=0.8)])
@pytest.mark.parametrize("stubborn_first", [True, False])
def test_stubbornness_pays_against_whoever_gives_way(other: Negotiator, stubborn_first: bool) -> None:
    played = meet(Stubborn(0.8), other) if stubborn_first else meet(other, Stubborn(0.8))
    got = played.payoffs[0 if stubborn_first else 1]
    assert abs(got - (-POINT + 88 * POINT // 10)) <= 100


def test_two_who_are_stubborn_get_nothing_unless_their_parts_fit() -> None:
    assert meet(Stubborn(0.6), Stubborn(0.6)).payoffs == (-POINT, -POINT)
    fits = meet(Stubborn(0.3), Stubborn(0.5)).payoffs
    assert fits[0] + fits[1] == 9 * POINT
    assert min(fits) > -POINT


@pytest.mark.parametrize("script", [(), ("silence",), ("halt",), ("agree",), (0.9, "halt")])
def test_a_script_that_makes_no_deal_leaves_everybody_without_one(script: tuple[float | str, ...]) -> None:
    played = meet(Scripted(script), Scripted(("halt",)))
    assert played.payoffs == (-POINT, -POINT)
    assert played.settled == ()


def test_a_scripted_price_can_be_taken() -> None:
    played = meet(Scripted((0.25,)), Scripted(("agree",)))
    assert played.payoffs == (-POINT + 11 * POINT // 4, 9 * POINT + POINT - 11 * POINT // 4)


def test_every_kind_haggles_too() -> None:
    for one in (Rational(), Greedy(), Stubborn(), Learning(), Scripted((0.5, 0.4, 0.3, 0.2))):
        played = meet(one, Rational(), Arm.TALK)
        assert len(played.talks) == 1
        assert played.talks[0].negotiation.status is not Status.OPEN


def test_an_offer_in_a_haggle_concedes_step_by_step_to_the_reserve() -> None:
    steps = [conceded(t, 8, 0.5) for t in range(9)]
    assert steps[0] == 0
    assert steps[7] == steps[8] == 1
    assert all(a <= b for a, b in pairwise(steps))
    assert along(10**30, 3, 1.0) == 3


@pytest.mark.parametrize(
    ("other", "asks"), [(Rational(), {0.1, 0.2, 0.3, 0.4, 0.5}), (Greedy(), {0.9}), (Stubborn(0.8), {0.1, 0.2})]
)
def test_a_learner_learns_what_the_other_will_bear(other: Negotiator, asks: set[float]) -> None:
    agents: tuple[Negotiator, ...] = (other, Learning())
    for task in range(60):
        _, agents = play_and_learn(EscapeRoom(), agents, Arm.SHORT_TERM, task)
    assert isinstance(agents[1], Learning)
    assert sum(agents[1].tried) == 60
    assert agents[1].favourite in asks


def test_a_learner_learns_once_a_negotiation_from_the_demand_it_made() -> None:
    room = MatrixGame([[[0, 4], [0, 0]], [[0, 0], [0, 0]]])
    _, (first, _) = play_and_learn(room, (Learning(), Rational()), Arm.SHORT_TERM, 0)
    assert isinstance(first, Learning)
    assert sum(first.tried) == 1
    _, (second, _) = play_and_learn(room, (first, Rational()), Arm.SHORT_TERM, 1)
    assert isinstance(second, Learning)
    assert second.tried[:3] == (1, 1, 0)
    assert Learning().settings["tried"] == [0] * 9, "the agent that played is as it was"


def test_pairings_say_who_gets_what_and_what_pays() -> None:
    field = {"rational": Rational(), "greedy": Greedy(), "stubborn": Stubborn()}
    record = pairings(field=field)
    got = {(row["first"], row["second"]): row for row in record["rows"]}
    assert len(got) == 9
    assert got["rational", "rational"]["payoffs"] == [4.5, 4.5]
    assert got["stubborn", "rational"]["deals"] == 0
    assert got["stubborn", "greedy"]["payoffs"][0] > 7
    against, pairs = pairings_grids(record)
    assert len(against.rows) == 3
    assert len(pairs.rows) == 9
    assert all(len(row) == len(grid.columns) for grid in (against, pairs) for row in grid.rows)


def test_arms_beside_each_other_in_the_escape_room() -> None:
    record = arms(EscapeRoom(), (Rational(), Rational()), range(2))
    rows = {row["arm"]: row for row in record["arms"]}
    assert list(rows) == ["no-talk", "talk", "short-term", "full"]
    assert rows["no-talk"]["success"] == 0
    assert rows["full"]["payoffs"] == [4.5, 4.5]
    assert rows["full"]["spread"] == 0
    assert rows["full"]["gain"]["mean"] == 11
    assert rows["talk"]["messages"] > rows["full"]["messages"]
    assert rows["full"]["gain"]["constant"], "no dice: the same on every seed"
    grids = arms_grids(record)
    assert [row[3] for row in grids[0].rows] == ["–", *["11.00 on every seed"] * 3]
    assert all(len(row) == len(grid.columns) for grid in grids for row in grid.rows)


def test_a_gain_that_varies_is_told_with_its_interval() -> None:
    record = arms(Raid(2000), [Rational()] * 4, range(3), which=["no-talk", "full"], setting=Setting(samples=1))
    gain = record["arms"][1]["gain"]
    assert not gain["constant"]
    assert gain["low"] <= gain["mean"] <= gain["high"]
    assert " [" in arms_grids(record)[0].rows[1][3]


def test_captions_leave_out_amounts_that_nobody_reads() -> None:
    record = arms(MatrixGame([[[1, 0]], [[0, 1]]]), (Rational(), Rational()), [1], which=["full"])
    assert all(grid.note.startswith("matrix; rational × rational; 1 seed.") for grid in arms_grids(record))
    room = arms(EscapeRoom(), (Rational(), Rational()), [1], which=["full"])
    assert "players 2, levers 1" in arms_grids(room)[0].note


def test_where_something_is_earned_together_those_who_count_on_nothing_of_it_are_shown_too() -> None:
    told: list[str] = []
    record = arms(
        Raid(2000),
        [Rational()] * 4,
        [1],
        which=["no-talk"],
        setting=Setting(samples=1),
        progress=lambda done, total, text: told.append(f"{done}/{total}"),
    )
    assert [row["arm"] for row in record["arms"]] == [FOR_ITSELF, "no-talk"]
    assert told == ["0/1", "1/2", "2/2"]


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("saint", {}),
        ("greedy", {"beta": 0}),
        ("stubborn", {"part": 2}),
        ("rational", {"iq": 1}),
        ("scripted", {"script": ["x"]}),
    ],
)
def test_agents_that_there_are_not_are_refused(name: str, settings: dict[str, object]) -> None:
    with pytest.raises(BargainError):
        agent_from(name, settings)


def test_agents_are_had_again_from_their_settings() -> None:
    for agent in (
        Rational(0.5),
        Greedy(2.0, 0.1),
        Stubborn(0.7),
        Scripted((0.5, "agree"), "door"),
        Learning((0.2, 0.4)),
    ):
        again = agent_from(agent.name, agent.settings)
        assert again.settings == agent.settings
    assert set(KINDS) == {"rational", "greedy", "stubborn", "scripted", "learning"}


def test_comparisons_that_compare_nothing_are_refused() -> None:
    with pytest.raises(BargainError, match="distinct seeds"):
        arms(EscapeRoom(), (Rational(), Rational()), [1, 1])
    with pytest.raises(BargainError, match="pairings are of two"):
        pairings(EscapeRoom(3, 1))
    with pytest.raises(BargainError, match="counted tasks"):
        pairings(tasks=3, counted=4)
