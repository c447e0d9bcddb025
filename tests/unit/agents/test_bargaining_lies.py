"""Lies among agents that share a reward: what each changes, what evidence stops, and what it does not."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.credit import SymmetricGame, shapley
from headwater.units import WAD
from headwater_agents.bargaining.studies.lies_costs import (
    COST_LIES,
    HIRER,
    Hire,
    hire_world,
    play_cost,
    priced,
    settled,
)
from headwater_agents.bargaining.studies.lies_credit import (
    CREDIT_LIES,
    Outcome,
    accepted,
    by_claims,
    by_votes,
    copied,
    forge,
    renamed,
)
from headwater_agents.bargaining.studies.lies_stall import (
    STALL_LIES,
    pair_world,
    play_stall,
    settles,
    signed,
)
from headwater_agents.bargaining.studies.lies_study import coop_lies_grids, coop_lies_study
from headwater_agents.bargaining.studies.lies_worlds import TaskWorld, task_world
from headwater_agents.bargaining.studies.moving_arms import StudyError
from headwater_agents.games import load, replay, shares

SEEDS = range(1, 9)


@pytest.fixture(scope="module", params=["escape room", "raid"])
def worlds(request: pytest.FixtureRequest) -> list[TaskWorld]:
    return [task_world(request.param, seed) for seed in SEEDS]


def credit(name: str, worlds: list[TaskWorld], shown: str = "replay") -> list[Outcome]:
    (found,) = [one for one in CREDIT_LIES if one.name == name and one.shown == shown]
    return [found.play(world) for world in worlds]


def test_a_world_is_a_play_that_replays_and_its_fair_split_is_the_replayed_records(worlds: list[TaskWorld]) -> None:
    for world in worlds:
        task = world.honest
        replay(task.record)
        assert sum(task.fair) == task.reward == task.values[-1] > 0
        assert len({world.liar, world.partner, world.idler}) == 3
        assert task.counts[world.idler] <= min(task.counts[world.liar], task.counts[world.partner])
        if task.kind == "raid":
            assert task.fair == shares(task.record)


def test_what_a_world_would_be_differs_in_the_idlers_actions_only_as_long_as_both_go_on(
    worlds: list[TaskWorld],
) -> None:
    for world in worlds:
        for other in (world.padded, world.forged):
            before, after = world.honest.record.steps, other.record.steps
            first = next(index for index, (a, b) in enumerate(zip(before, after, strict=False)) if a != b)
            rules = world.honest.record.rules()
            state = rules.start()
            for step in before[:first]:
                state = rules.step(state, dict(zip(rules.acting(state), step.actions, strict=True)), step.rolls)
            pairs = zip(rules.acting(state), before[first].actions, after[first].actions, strict=True)
            assert {player for player, a, b in pairs if a != b} == {world.idler}


def test_software_worlds_pay_for_notes_where_actions_are_counted_and_nothing_where_tests_are_replayed() -> None:
    world = task_world("software", 1)
    for name in ("pads its idle moments", "pads with notes"):
        (told,) = credit(name, [world])
        assert told.gain(False) > 0.02
        assert told.gain(True) == 0
    assert world.padded.values == world.honest.values


@pytest.mark.parametrize("name", ["claims twice its part", "claims ten times its part", "two vouch for each other"])
def test_words_pay_whoever_says_more_and_replay_does_not_hear_them(name: str, worlds: list[TaskWorld]) -> None:
    outcomes = credit(name, worlds)
    for outcome in outcomes:
        assert outcome.gain(False) > 0.05
        assert outcome.others(False) == pytest.approx(-outcome.gain(False))
        assert outcome.gain(True) == outcome.others(True) == outcome.off(True) == 0
    assert sum(one.off(False) for one in outcomes) > sum(one.off(False, lied=False) for one in outcomes)


def test_a_forged_record_replays_by_itself_and_is_refused_by_who_knows_the_digest(worlds: list[TaskWorld]) -> None:
    for world in worlds:
        load(world.forged.record.text())
        assert not accepted(world)
        load(world.honest.record.text(), digest=world.honest.record.digest)
        assert forge(world).gain(True) == 0
    assert sum(forge(world).gain(False) for world in worlds) > 0


def test_a_pair_that_breaks_and_repairs_has_nothing_from_a_replay(worlds: list[TaskWorld]) -> None:
    for outcome in credit("one breaks it, the other repairs", worlds):
        assert outcome.gain(False) > 0
        assert outcome.gain(True) == pytest.approx(0, abs=1e-9)
        assert outcome.others(True) == pytest.approx(0, abs=1e-9)


def test_replay_pays_for_a_spare_lever_unless_latecomers_come_last() -> None:
    rooms = [task_world("escape room", seed) for seed in SEEDS]
    assert all(one.gain(True) > 0.1 for one in credit("pads its idle moments", rooms))
    late = credit("pads its idle moments", rooms, "replay, latecomers last")
    assert all(one.gain(True) == pytest.approx(0, abs=1e-9) for one in late)


def test_needed_work_gains_by_being_cut_under_both_ways_to_replay(worlds: list[TaskWorld]) -> None:
    name = "cuts its work in 3, each needed"
    plain, late = credit(name, worlds), credit(name, worlds, "replay, new names last")
    assert all(b.gain(True) > a.gain(True) > 0 for a, b in zip(plain, late, strict=True))
    (found,) = [one for one in CREDIT_LIES if one.name == name and one.shown == "replay"]
    assert not found.prevented


def test_copies_gain_what_the_closed_form_says_and_nothing_if_new_names_come_last() -> None:
    any_of_three = [WAD * (mask > 0) for mask in range(8)]
    for names in (1, 2, 5):
        alike = shapley(SymmetricGame([0.0] + [1.0] * (names + 2))).values
        got = renamed(any_of_three, 0, names)
        assert got[0] / WAD == pytest.approx(alike[:names].sum(), abs=1e-9)
        assert sum(got) == WAD
        assert renamed(any_of_three, 0, names, ranked=True)[0] == pytest.approx(WAD / 3, abs=1)


@settings(max_examples=25, deadline=None)
@given(values=st.lists(st.integers(-5, 5), min_size=8, max_size=8), player=st.integers(0, 2), names=st.integers(1, 3))
def test_names_change_what_is_worth_nothing_to_the_task(values: list[int], player: int, names: int) -> None:
    """With all names of the player in, or with none, every coalition is worth what it was."""
    extra = sum(1 << at for at in range(3, 3 + names - 1))
    for needed in (False, True):
        table = copied(values, player, names, needed=needed)
        for mask, value in enumerate(values):
            assert table[mask | (extra if mask >> player & 1 else 0)] == value


@settings(max_examples=25, deadline=None)
@given(
    claims=st.lists(st.floats(0, 100), min_size=3, max_size=3).filter(lambda each: sum(each) > 1),
    reward=st.integers(1, 10**20),
)
def test_claims_and_votes_divide_all_of_the_reward(claims: list[float], reward: int) -> None:
    assert sum(by_claims(reward, claims)) == reward
    assert sum(by_votes(reward, [claims] * 3)) == reward


def test_a_vote_for_oneself_does_not_count() -> None:
    assert by_votes(100, [[9, 1, 1], [1, 0, 0], [1, 0, 0]]) == by_votes(100, [[0, 1, 1], [1, 0, 0], [1, 0, 0]])


@pytest.mark.parametrize("seed", range(1, 7))
def test_a_hire_declared_truly_ends_where_its_shapley_value_is_metered_or_not(seed: int) -> None:
    world = hire_world(seed)
    game = priced(world.true)
    fair = [wei / game.values[-1] for wei in game.fair]
    assert settled(world, world.true, None) == pytest.approx(fair)
    assert settled(world, world.true, 1.0) == pytest.approx(fair)
    assert [index for index, action in enumerate(game.best[1:]) if action == "work"] == sorted(world.hired)


def test_one_worker_of_two_is_paid_the_closed_form() -> None:
    """B = 10, costs 2 and 4, one needed: v(hirer, a) = 8, v(hirer, b) = 6, v(all) = 8."""
    units = [wei * 100 / WAD for wei in priced(Hire(1, 1000, (200, 400))).fair]
    assert units == pytest.approx([1000 * 5 / 10, 200, 100], abs=0.01)


@pytest.mark.parametrize("seed", range(1, 7))
def test_a_meter_that_sees_nothing_is_a_declaration_and_one_that_sees_all_stops_who_works(seed: int) -> None:
    for cost_lie in COST_LIES:
        blind = play_cost(cost_lie, seed, meter=0.0)
        assert blind.gain(True) == pytest.approx(blind.gain(False))
    by_name = {cost_lie.name: cost_lie for cost_lie in COST_LIES}
    # Hired all the same: nothing is gained. Not hired because of it: something is lost.
    assert play_cost(by_name["overstates its cost by half"], seed).gain(True) <= 1e-9
    assert play_cost(by_name["overstates its cost by 10%"], seed).gain(True) <= 1e-9


def test_costs_that_nobody_had_and_benefits_leave_no_trace() -> None:
    for cost_lie in COST_LIES:
        if not cost_lie.prevented:
            outcomes = [play_cost(cost_lie, seed) for seed in SEEDS]
            assert sum(one.gain(True) for one in outcomes) > 0
            assert [one.gain(True) for one in outcomes] == pytest.approx([one.gain(False) for one in outcomes])
    shaded = [play_cost(one, 2) for one in COST_LIES if one.name.startswith("shades")]
    assert {one.liars for one in shaded} == {(HIRER,)}


def test_a_signed_price_stands_while_one_side_asks_for_another() -> None:
    by_name = {stall.name: stall for stall in STALL_LIES}
    for seed in SEEDS:
        pair = pair_world(seed)
        deal = signed(pair)
        assert deal.deal is not None
        assert abs(settles(pair, deal, True, True) - pair.leg.amount) <= pair.leg.grain
        assert settles(pair, deal, True, False) == 0
        assert settles(pair, deal, False, True) == settles(pair, deal, True, True)
        repriced = play_stall(by_name["withholds until repriced"], seed)
        assert repriced.gain(False) > 0
        assert repriced.gain(True) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("stall", STALL_LIES, ids=lambda stall: stall.name)
def test_what_a_deal_prevents_never_pays_and_what_it_does_not_does(stall: object) -> None:
    gains = [play_stall(stall, seed).gain(True) for seed in SEEDS]  # type: ignore[arg-type]
    if stall.prevented:  # type: ignore[attr-defined]
        assert max(gains) <= 1e-9
    else:
        assert sum(gains) > 0


@pytest.mark.parametrize("wrong", [{"seeds": 1}, {"seed": -1}, {"kinds": ("chess",)}, {"kinds": ()}, {"names": (7,)}])
def test_a_study_that_cannot_be_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(StudyError, match="accepted"):
        coop_lies_study(**wrong)  # type: ignore[arg-type]


def test_the_study_is_the_same_in_the_same_arguments_and_its_tables_hold_every_lie() -> None:
    told: list[tuple[int, int]] = []
    arguments = {"seeds": 6, "kinds": ("escape room",), "names": (3,)}
    record = coop_lies_study(**arguments, progress=lambda done, of, _text: told.append((done, of)))  # type: ignore[arg-type]
    again = coop_lies_study(**arguments)  # type: ignore[arg-type]
    assert json.dumps(record, allow_nan=False) == json.dumps(again)
    assert [done for done, _ in told] == list(range(told[-1][1] + 1))
    by_lie = {(row["lie"], row["shown_by"]): row for row in record["credit"]}
    here = [one for one in CREDIT_LIES if "escape room" in one.kinds]
    assert len(by_lie) == len(here)
    assert by_lie["claims twice its part", "replay"]["told"]["gain"]["low"] > 0
    assert by_lie["claims twice its part", "replay"]["shown"]["verdict"] == "neutral"
    grids = coop_lies_grids(record)
    assert [len(grid.rows) for grid in grids[:3]] == [len(here), len(COST_LIES), len(STALL_LIES)]
    assert all(len(row) == len(grid.columns) for grid in grids for row in grid.rows)
