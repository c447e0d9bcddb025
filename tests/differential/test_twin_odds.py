"""Public odds from frequencies: twin against the arena's own counters, outcome by outcome over long sequences."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import World, series_params
from headwater.chain import Contract
from headwater.twin import COUNT_GRAIN, MAX_COUNT, check_simplex, count_outcome, frequency_odds
from headwater.units import WAD
from randomised import p_mins, trials

ANYBODY = "0x" + "11" * 20
forgettings = st.one_of(st.sampled_from([98 * 10**16, 99 * 10**16, WAD]), st.integers(98 * 10**16, WAD))
smoothings = st.one_of(st.sampled_from([10**9, 10**12, 10**15]), st.integers(10**9, 10**15))
counters = st.one_of(st.just(0), st.integers(0, 100 * COUNT_GRAIN), st.integers(0, MAX_COUNT), st.just(MAX_COUNT))


@trials(15)
@given(outcomes=st.integers(2, 8), forgetting=forgettings, smoothing=smoothings, data=st.data())
def test_counters_and_odds_follow_the_bytecode_through_long_sequences(
    probe: Contract, outcomes: int, forgetting: int, smoothing: int, data: st.DataObject
) -> None:
    p_min = data.draw(p_mins(outcomes))
    counts = data.draw(st.lists(counters, min_size=outcomes, max_size=outcomes))
    seed = data.draw(st.integers(0, 2**32 - 1))
    chances = np.random.default_rng(seed).dirichlet([0.5] * outcomes)
    sequence = [int(o) for o in np.random.default_rng(seed).choice(outcomes, size=60, p=chances)]
    params = series_params(ANYBODY, outcomes=outcomes, p_min=p_min, forgetting=forgetting, smoothing=smoothing)
    seen, quoted = probe.call("count", dataclasses.astuple(params), counts, sequence)
    for outcome, after, odds in zip(sequence, seen, quoted, strict=True):
        counts = count_outcome(counts, outcome, forgetting)
        assert list(after) == counts
        assert list(odds) == frequency_odds(counts, smoothing, p_min)
        check_simplex(odds, outcomes, p_min)


def test_a_tie_gives_the_rest_to_the_lowest_index(probe: Contract) -> None:
    params = series_params(ANYBODY, outcomes=3, forgetting=WAD, smoothing=10**12)
    _, (odds,) = probe.call("count", dataclasses.astuple(params), [0, COUNT_GRAIN, COUNT_GRAIN], [0])
    assert odds[0] > odds[1] == odds[2]
    assert list(odds) == frequency_odds([COUNT_GRAIN] * 3, 10**12, 10**16)


def test_a_counter_stops_at_its_width_and_spills_into_no_neighbour(probe: Contract) -> None:
    params = series_params(ANYBODY, outcomes=8, forgetting=WAD, smoothing=10**9)
    counts = [MAX_COUNT - COUNT_GRAIN // 2, *[0] * 7]
    seen, _ = probe.call("count", dataclasses.astuple(params), counts, [0, 0, 0])
    assert [list(after) for after in seen] == [[MAX_COUNT, *[0] * 7]] * 3
    assert count_outcome(counts, 0, WAD) == list(seen[0])


@pytest.mark.parametrize(("outcomes", "forgetting"), [(2, 99 * 10**16), (5, 98 * 10**16)])
def test_questions_open_at_the_twins_odds_and_voids_count_nothing(world: World, outcomes: int, forgetting: int) -> None:
    """Forty questions of a real series, some void, without wagers."""
    series = world.series(outcomes=outcomes, forgetting=forgetting, p_min=10**15)
    rng = np.random.default_rng(outcomes)
    counts = [0] * outcomes
    for _ in range(40):
        question = world.open(series, window=60)
        assert list(world.system.odds(question)) == frequency_odds(counts, 10**12, 10**15)
        if rng.random() < 0.2:
            world.governor.void(question)
            continue
        world.travel(world.system.question(question).times.resolve_after)
        outcome = int(rng.integers(outcomes) * rng.integers(2))
        world.governor.resolve(question, outcome)
        counts = count_outcome(counts, outcome, forgetting)
        assert list(world.system.arena.call("counts", series)) == counts
    assert len(set(counts)) > 1
