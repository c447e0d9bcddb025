"""The vote's tree of weights and its median: twin against bytecode, for every number of ticks that matters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import SALT, TOKENS, LocalBackend, World, new_world
from headwater.chain.revm import RevmBackend
from headwater.covenant import CovenantError, lower_median, threshold_at
from randomised import trials, undone
from vote_cases import HIGH, LOW, Poll, new_poll

VOTERS = 8
SIZES = (2, 3, 4, 5, 16, 17, 100, 128, 129, 255, 256)


@pytest.fixture(scope="module")
def society() -> World:
    """Eight stakers on the fast chain, with weights among which there are ties."""
    backend: LocalBackend = RevmBackend(seed=3)
    made = new_world(backend, forecasters=VOTERS, providers=0, stake=TOKENS)
    for forecaster, more in zip(made.forecasters, (0, 0, 1, 1, 2, 5, 11, 19), strict=True):
        if more:
            forecaster.stake(more * TOKENS)
    return made


def _play(poll: Poll, ticks: dict[int, int], ticks_count: int) -> None:
    poll.open()
    now, before = poll.vote.round(), poll.vote.tick()
    for voter, tick in ticks.items():
        poll.voters[voter].commit(tick, SALT)
    poll.to_reveals()
    weights: dict[int, int] = {}
    for voter, tick in ticks.items():
        poll.stranger.reveal(tick, SALT, poll.voters[voter].address)
        weights[tick] = weights.get(tick, 0) + poll.stake(voter)
        assert poll.vote.preview() == lower_median(weights, now.quorum, before)
    assert poll.vote.weights() == weights
    for edge in {0, 1, ticks_count, *weights, *(tick + 1 for tick in weights)}:
        assert poll.vote.below(edge) == sum(weight for tick, weight in weights.items() if tick < edge)
    poll.to_tally()
    assert poll.stranger.tally() == lower_median(weights, now.quorum, before)


@trials(25)
@given(data=st.data())
def test_every_preview_tally_and_sum_is_the_twins(society: World, data: st.DataObject) -> None:
    size = data.draw(st.sampled_from(SIZES))
    edges = sorted({0, 1, size // 2 - 1, size // 2, size - 2, size - 1} & set(range(size)))
    tick = st.one_of(st.sampled_from(edges), st.integers(0, size - 1))
    with undone(society.backend):
        poll = new_poll(society, ticks=size, initial=data.draw(tick), quorum_bps=data.draw(st.integers(1, 10_000)))
        # The second round finds the first one's words in the tree.
        for _ in range(2):
            _play(poll, data.draw(st.dictionaries(st.integers(0, VOTERS - 1), tick, max_size=VOTERS)), size)


@pytest.mark.parametrize("size", SIZES)
def test_each_tick_alone_wins_with_the_whole_vote(society: World, size: int) -> None:
    """Everybody at one tick: it is the result, and the tree's sums step there, at both ends and in the middle."""
    for tick in sorted({0, 1, size // 2, size - 1} & set(range(size))):
        with undone(society.backend):
            poll = new_poll(society, ticks=size, initial=(tick + 1) % size, quorum_bps=10_000)
            _play(poll, dict.fromkeys(range(VOTERS), tick), size)
            assert poll.vote.pending()[0] == tick


@given(
    ticks=st.integers(2, 256),
    low=st.integers(0, 10**12),
    span=st.integers(255, 10**12),
)
def test_thresholds_rise_from_rail_to_rail(ticks: int, low: int, span: int) -> None:
    shown = [threshold_at(tick, ticks, low, low + span) for tick in range(ticks)]
    assert shown == sorted(set(shown))
    assert (shown[0], shown[-1]) == (low, low + span)


def test_a_threshold_is_the_contracts(society: World) -> None:
    with undone(society.backend):
        poll = new_poll(society, ticks=256)
        found = [int(poll.vote.contract.call("threshold_of", tick)) for tick in range(256)]
    assert found == [threshold_at(tick, 256, LOW, HIGH) for tick in range(256)]


@given(
    votes=st.dictionaries(st.integers(0, 20), st.integers(0, 9), max_size=8),
    quorum=st.integers(1, 40),
    current=st.integers(0, 20),
)
def test_the_median_leaves_less_than_half_below_and_at_most_half_above(
    votes: dict[int, int], quorum: int, current: int
) -> None:
    result = lower_median(votes, quorum, current)
    counted = dict(votes)
    counted[current] = counted.get(current, 0) + max(0, quorum - sum(votes.values()))
    total = sum(counted.values())
    assert 2 * sum(weight for tick, weight in counted.items() if tick < result) < total
    assert 2 * sum(weight for tick, weight in counted.items() if tick > result) <= total


@pytest.mark.parametrize(("votes", "quorum"), [({1: 1}, 0), ({1: -1}, 5)])
def test_a_median_without_weight_is_refused(votes: dict[int, int], quorum: int) -> None:
    with pytest.raises(CovenantError):
        lower_median(votes, quorum, 0)
