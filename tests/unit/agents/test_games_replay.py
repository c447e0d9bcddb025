"""Records: what they say is what was played; without somebody, what would have been; credit from that."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from itertools import combinations, permutations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.credit import shapley
from headwater_agents.games import (
    POINT,
    EscapeRoom,
    Game,
    IllegalActionError,
    MatrixGame,
    Raid,
    Record,
    Recorder,
    RecordError,
    ReplayGame,
    counterfactual,
    load,
    parse,
    play,
    replay,
    shares,
)

seeds = st.integers(0, 2**32)
GAMES: list[Game[Any]] = [
    EscapeRoom(),
    EscapeRoom(5, 2),
    Raid(2000),
    Raid(3000),
    MatrixGame([[[1, 2, 3], [4, 5, 6]], [[6, 5, 4], [3, 2, 1]]]),
]


def random_play(game: Game[Any], seed: int) -> tuple[Any, Record]:
    rng = np.random.default_rng(seed)

    def any_choice(state: Any, player: int) -> str:
        choices = game.choices(state, player)
        return choices[int(rng.integers(len(choices)))]

    return play(game, any_choice, rng, seed=seed)


def won_raid(seed: int = 3, boss: int = 2000) -> Record:
    game = Raid(boss)
    return play(game, game.default, np.random.default_rng(seed), seed=seed)[1]


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(GAMES), seeds)
def test_a_record_of_actions_and_rolls_is_its_play(game: Game[Any], seed: int) -> None:
    state, record = random_play(game, seed)
    again = load(record.text(), digest=record.digest)
    assert again == record
    assert again.digest == record.digest
    assert replay(again) == state
    assert counterfactual(again, ()) == state


def test_equal_seeds_make_equal_records_and_others_do_not() -> None:
    assert random_play(Raid(), 5)[1].text() == random_play(Raid(), 5)[1].text()
    assert random_play(Raid(), 5)[1].steps != random_play(Raid(), 6)[1].steps


def test_a_refused_step_leaves_the_recorder_as_it_was() -> None:
    recorder = Recorder(Raid())
    recorder.step({0: "fireball"}, (120,))
    before, record = recorder.state, recorder.record
    rng = np.random.default_rng(1)
    for actions in ({0: "fireball"}, {1: "nova"}, {}):
        with pytest.raises(IllegalActionError):
            recorder.play(actions, rng)
        with pytest.raises(IllegalActionError):
            recorder.step(actions, (120,))
    assert recorder.state == before
    assert recorder.record == record
    assert rng.random() == np.random.default_rng(1).random()


def test_an_unfinished_record_replays_as_far_as_it_went() -> None:
    recorder = Recorder(Raid())
    recorder.step({0: "fireball"}, (120,))
    record = load(recorder.record.text())
    assert replay(record) == recorder.state
    with pytest.raises(RecordError, match="finished"):
        ReplayGame(record)


def changed(change: Callable[[dict[str, Any]], object]) -> str:
    fields = json.loads(won_raid().text())
    change(fields)
    return json.dumps(fields)


def swap(steps: list[Any], one: int, other: int) -> None:
    steps[one], steps[other] = steps[other], steps[one]


def first_fireball(fields: dict[str, Any]) -> list[Any]:
    return next(step for step in fields["steps"] if step[1] == ["fireball"])


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda fields: fields.update(team=str(100 * POINT)), "the play earns"),
        (lambda fields: fields["own"].__setitem__(0, "1"), "the play earns"),
        (lambda fields: fields["own"].append("0"), "the play earns"),
        (lambda fields: fields["settings"].update(boss=2500), "the play earns"),
        (lambda fields: fields["settings"].update(boss=1), "cannot be had"),
        (lambda fields: fields["settings"].update(dragons=2), "cannot be had"),
        (lambda fields: fields.update(game="chess"), "cannot be had"),
        (lambda fields: first_fireball(fields).__setitem__(2, [151]), "breaks the rules"),
        (lambda fields: first_fireball(fields).__setitem__(2, []), "breaks the rules"),
        (lambda fields: first_fireball(fields).__setitem__(2, [100, 100]), "breaks the rules"),
        (lambda fields: first_fireball(fields).__setitem__(1, ["nova"]), "breaks the rules"),
        (lambda fields: first_fireball(fields).__setitem__(1, ["heal"]), "breaks the rules"),
        (lambda fields: first_fireball(fields).__setitem__(0, ["turn 0 hero 3"]), "the record has others"),
        (lambda fields: fields["steps"].pop(), "the play earns"),
        (lambda fields: fields["steps"].append(fields["steps"][-1]), "after the end"),
        (lambda fields: fields["steps"].pop(2), "the record has others"),
        (lambda fields: swap(fields["steps"], 0, 1), "the record has others"),
        (lambda fields: fields.update(seed=-1), "seed"),
        (lambda fields: fields.update(seed=1.5), "seed"),
        (lambda fields: fields.update(team=-100), "decimal string"),
        (lambda fields: fields.update(team="1e3"), "decimal string"),
        (lambda fields: fields.update(team="٣"), "decimal string"),
        (lambda fields: fields.update(team="9" * 5000), "decimal string"),
        (lambda fields: fields.update(format="another"), "format"),
        (lambda fields: fields.update(extra=1), "fields"),
        (lambda fields: fields.pop("seed"), "fields"),
        (lambda fields: fields.update(steps={}), "steps"),
        (lambda fields: fields.update(settings=[]), "settings"),
        (lambda fields: fields.update(own="1"), "own"),
        (lambda fields: fields["steps"].__setitem__(0, ["turn 0 hero 0", "fireball", [100]]), "keys"),
        (lambda fields: first_fireball(fields).__setitem__(2, [True]), "not integers"),
        (lambda fields: first_fireball(fields).__setitem__(2, [120.0]), "not integers"),
    ],
)
def test_a_tampered_record_is_refused_with_what_is_wrong(change: Callable[[dict[str, Any]], object], says: str) -> None:
    with pytest.raises(RecordError, match=says):
        load(changed(change))


@pytest.mark.parametrize("text", ["", "nonsense", "[]", "null", "[" * 5000, '{"format": 1, "format": 2}'])
def test_what_is_no_record_is_refused(text: str) -> None:
    with pytest.raises(RecordError):
        parse(text)


def test_a_legal_lie_with_the_earnings_put_right_is_told_by_the_digest() -> None:
    true = won_raid()
    first = next(number for number, step in enumerate(true.steps) if step.actions == ("fireball",))
    roll = true.steps[first].rolls[0]
    lie = dataclasses.replace(true.steps[first], rolls=(roll - 1 if roll > 100 else roll + 1,))
    forged = dataclasses.replace(true, steps=(*true.steps[:first], lie, *true.steps[first + 1 :]))
    assert load(forged.text()) == forged  # as good a play as any
    with pytest.raises(RecordError, match="it was changed"):
        load(forged.text(), digest=true.digest)


def test_a_removed_player_idles_and_the_others_do_what_they_did_on_the_same_rolls() -> None:
    record = won_raid()
    state = counterfactual(record, {3})
    assert state.earned[3] == 0
    game = Raid()
    expected = game.start()
    done = {step.slots[0]: step for step in record.steps}
    while game.acting(expected):
        hero = expected.hero
        step = done.get(game.slot(expected, hero))
        if hero == 3:
            expected = game.step(expected, {3: "wait"}, ())
        elif step is None:
            action = game.default(expected, hero)
            means = {"fireball": (125,), "heal": (175,)}.get(action, ())
            expected = game.step(expected, {hero: action}, means)
        elif step.actions[0] in game.choices(expected, hero):
            expected = game.step(expected, {hero: step.actions[0]}, step.rolls)
        else:
            expected = game.step(expected, {hero: "wait"}, ())
    assert state == expected


def test_nobody_at_the_lever_shuts_the_door() -> None:
    game = EscapeRoom()
    record = play(game, lambda _, player: ("door", "lever")[player], np.random.default_rng(1))[1]
    assert game.own(counterfactual(record, {1})) == (-POINT, -POINT)
    assert game.own(counterfactual(record, {0})) == (-POINT, -POINT)
    worth = ReplayGame(record, own=True)
    assert [worth.wei(members) for members in ((), (0,), (1,), (0, 1))] == [0, -2 * POINT, -2 * POINT, 9 * POINT]
    assert shapley(worth).values / POINT == pytest.approx([4.5, 4.5])


@pytest.mark.parametrize("removed", [{4}, {-1}, {0, 9}, {True, 7}, {"0"}])
def test_only_players_of_the_game_are_removed(removed: set[Any]) -> None:
    with pytest.raises(RecordError, match="numbered 0 to 3"):
        counterfactual(won_raid(), removed)
    with pytest.raises(RecordError, match="numbered 0 to 3"):
        ReplayGame(won_raid()).wei([5])


def by_orders(worth: ReplayGame) -> list[float]:
    """The Shapley value from its definition: the mean marginal over all orders of arrival."""
    n = worth.n_players
    totals = [0] * n
    orders = list(permutations(range(n)))
    for order in orders:
        for place, player in enumerate(order):
            totals[player] += worth.wei(order[: place + 1]) - worth.wei(order[:place])
    return [total / len(orders) for total in totals]


@settings(max_examples=8, deadline=None)
@given(seeds, st.sampled_from([2000, 2500]), st.booleans())
def test_shares_of_a_raid_are_its_exact_shapley_value_and_sum_to_the_reward_to_the_wei(
    seed: int, boss: int, competent: bool
) -> None:
    record = won_raid(seed, boss) if competent else random_play(Raid(boss), seed)[1]
    divided = shares(record)
    assert sum(divided) == record.team
    worth = ReplayGame(record)
    assert worth.wei(range(4)) == record.team
    assert divided == pytest.approx(by_orders(worth), rel=1e-9, abs=1e9)
    assert sum(max(own + share, 0) for own, share in zip(record.own, divided, strict=True)) <= Raid(boss).purse


@pytest.mark.parametrize("seed", range(4))
def test_who_idled_throughout_makes_no_difference_to_whoever_takes_part(seed: int) -> None:
    game = Raid()

    def choose(state: Any, hero: int) -> str:
        return "wait" if hero == 2 else game.default(state, hero)

    record = play(game, choose, np.random.default_rng(seed))[1]
    worth = ReplayGame(record)
    for size in (1, 2, 3):
        for others in combinations((0, 1, 3), size):
            assert worth.wei((*others, 2)) == worth.wei(others)
    # Only its quarter of what an idle party would have lost is its own.
    assert worth.wei([2]) == -100 * POINT
    assert shares(record)[2] == pytest.approx(-25 * POINT, rel=1e-9)


def test_an_idler_idles_on_where_the_play_outlasts_its_record() -> None:
    game = Raid()
    recorder = Recorder(game)
    while not recorder.finished:
        hero = recorder.state.hero
        action = "wait" if hero == 2 else game.default(recorder.state, hero)
        recorder.step({hero: action}, {"fireball": (150,), "heal": (150,)}.get(action, ()))
    without = counterfactual(recorder.record, {1})
    assert (recorder.state.turn, without.turn) == (6, 7)
    assert without.earned[2] == 0
    assert without == counterfactual(recorder.record, {1, 2})


def test_the_digest_is_of_what_a_record_says_and_not_of_how_it_is_written() -> None:
    record = play(EscapeRoom(3, 2), lambda _, player: ("door", "lever")[player % 2], np.random.default_rng(1))[1]
    fields = json.loads(record.text())
    turned = {key: fields[key] for key in reversed(fields)}
    turned["settings"] = {key: fields["settings"][key] for key in reversed(fields["settings"])}
    assert load(json.dumps(turned, indent=2), digest=record.digest) == record
