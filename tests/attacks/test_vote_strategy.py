"""Voting for another threshold than one's own, on the bytecode: every report of every voter, and coalitions of them.

A search that finds nothing is worth what it finds elsewhere: the same one is run on two broken rules, and on the
contract itself with one line changed.
"""

from __future__ import annotations

import json
import shutil
from itertools import permutations, product
from pathlib import Path

import numpy as np
import pytest

from harness import World
from headwater.chain import load
from headwater.chain.artifacts import contracts_folder
from headwater_agents.values.gaming.voting import (
    Electorate,
    any_preferences,
    may_prefer,
    mean_rule,
    median_rule,
    quantile_reach,
    random_electorates,
    search,
    single_peaked,
    table_of,
    void_rule,
)
from headwater_agents.values.gaming.voting_chain import play_all, play_once, push
from headwater_agents.values.gaming.voting_study import FULL_QUORUM, pushes, study
from vote_cases import new_poll

SHAPES = ((1, 6), (2, 6), (3, 4), (4, 3), (5, 2))


@pytest.mark.parametrize("seed", range(3))
def test_no_report_and_no_coalition_beats_the_truth_on_the_bytecode(seed: int) -> None:
    for electorate in [FULL_QUORUM, *random_electorates(np.random.default_rng(seed), SHAPES)]:
        table = play_all(electorate)
        assert len(table) == (electorate.ticks + 1) ** len(electorate.weights)
        assert table == table_of(median_rule, electorate)
        for size in range(1, len(electorate.weights) + 1):
            found = search(electorate, table, size)
            assert found.compared > 0
            assert found.gains == 0, found.best


def test_the_search_finds_who_exaggerates_under_a_mean() -> None:
    found = search(FULL_QUORUM, table_of(mean_rule, FULL_QUORUM))
    assert found.gains > 0
    assert found.best is not None
    assert found.best.nearer > 0


def test_the_search_finds_who_stays_away_from_a_round_that_a_quorum_would_void() -> None:
    found = search(FULL_QUORUM, table_of(void_rule, FULL_QUORUM))
    assert found.gains == found.by_abstaining > 0


def test_the_search_finds_the_same_on_a_contract_that_voids_rounds(tmp_path: Path) -> None:
    root = tmp_path / "contracts"
    shutil.copytree(contracts_folder(), root)
    path = root / "HomophilyVote.vy"
    source = path.read_text()
    line = "    total: uint256 = max(revealed, weight >> 96)\n"
    assert source.count(line) == 1
    path.write_text(source.replace(line, f"    if revealed < weight >> 96:\n        return setting\n{line}"))
    table = play_all(FULL_QUORUM, artifact=load("HomophilyVote", root))
    assert table == table_of(void_rule, FULL_QUORUM) != table_of(median_rule, FULL_QUORUM)
    assert search(FULL_QUORUM, table).gains > 0


def test_what_may_be_preferred_is_what_some_single_peaked_order_prefers() -> None:
    """Against the definition: all orders of five ticks."""
    orders = [order for order in permutations(range(5)) if single_peaked(order)]
    assert len(orders) == 2**4
    for peak, other, honest in product(range(5), repeat=3):
        preferred = any(
            order.index(other) < order.index(honest) for order in orders if order[0] == peak and other != honest
        )
        assert may_prefer(peak, other, honest) == preferred


def test_voters_that_are_not_single_peaked_do_gain() -> None:
    """The limit of the promise: whoever likes both ends better than the middle votes for its second best, or not."""
    electorate = Electorate(weights=(2, 3, 2), ticks=4, current=1, quorum_bps=5_000)
    found = any_preferences(electorate, play_all(electorate))
    assert found.single_peaked_gains == 0 < found.single_peaked_cases
    assert found.gains > found.by_abstaining > 0


def test_a_vote_that_is_sealed_and_kept_counts_as_one_that_was_never_cast() -> None:
    for reports in ((0, 3, 2), (3, 0, 1), (1, 1, 3)):
        for hidden in (0, 1, 2):
            cast = tuple(None if voter == hidden else tick for voter, tick in enumerate(reports))
            assert play_once(FULL_QUORUM, reports, hidden=[hidden]) == median_rule(FULL_QUORUM, cast)


def test_a_coalition_reaches_the_others_quantiles_and_a_majority_the_rails() -> None:
    found = {made.share: made for made in pushes(np.random.default_rng(0), (0.2, 0.49, 0.51), ticks=101)}
    for made in found.values():
        assert (made.reach_low, made.reach_high) == (made.predicted_low, made.predicted_high)
        assert made.reach_low <= made.honest <= made.reach_high
    assert (found[0.51].reach_low, found[0.51].reach_high) == (0, 100)
    assert 0 < found[0.49].reach_low < found[0.2].reach_low < found[0.2].reach_high < found[0.49].reach_high < 100


def test_exactly_half_reaches_the_lower_rail_but_not_the_upper() -> None:
    others = {40: 500, 60: 500}
    assert push(others, 1_000, 101) == (40, 0, 60)
    assert quantile_reach(others, 1_000, 101) == (0, 60)


@pytest.mark.parametrize(("tick", "short", "moved"), [(0, 0, True), (0, 1, False), (19, 0, False), (19, -1, True)])
def test_without_others_it_takes_half_the_quorum_to_move_anything(
    world: World, tick: int, short: int, moved: bool
) -> None:
    """To the wei: at exactly half downward only, which is the lower median; above half either way."""
    poll = new_poll(world, quorum_bps=10_000)
    held = sum(poll.stake(voter) for voter in range(3))
    # All stake is the quorum, so one that has as much as the two others together has half of it.
    world.forecasters[0].stake(held - 2 * poll.stake(0) - short)
    assert poll.play({0: tick}) == (tick if moved else 10)
    assert 2 * poll.vote.round().revealed + short == poll.vote.round().quorum


def test_the_study_reports_its_rounds_and_finds_no_gain() -> None:
    told: list[tuple[int, int]] = []
    made = study(seed=1, shapes=((2, 3), (3, 2)), progress=lambda done, of: told.append((done, of)))
    rounds = sum(played.rounds for played in made.played)
    assert [done for done, _ in told] == list(range(1, rounds + 1))
    assert {of for _, of in told} == {rounds}
    assert made.gains == 0 < made.compared
    assert json.loads(json.dumps(made.record()))["compared"] == made.compared
    assert len(made.lines()) == 1 + len(made.played) + 2 + len(made.pushes)
    assert all(played.as_twin for played in made.played)
    assert any(played.broken["mean"].gains for played in made.played)
    assert any(played.broken["void below quorum"].gains for played in made.played)
