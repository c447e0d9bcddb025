"""Credit of a software task: replays against weighted earned value, both to the wei."""

from __future__ import annotations

import json
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.credit import shapley
from headwater_agents.games import play, shares
from headwater_agents.games.software import (
    POINT,
    ROLES,
    Artefact,
    ContributionGame,
    Log,
    SoftwareError,
    SoftwareTeam,
    assess,
    bundled,
    earned_value,
    judge_of,
    submitted,
)

INTERVALS = bundled("intervals")
CAREFUL = ("whole-product", "asked-the-users", "sorted-copy", "sweep", "read-closely", "read-the-text")
BROKEN = ("ship-it", "asked-the-users", "sorted-copy", "sweep", "tidy-up", "encouragement")


def log_of(*chosen: str | None) -> Log:
    artefacts = (INTERVALS.artefact(role, name) for role, name in zip(ROLES, chosen, strict=True) if name)
    return Log("intervals", INTERVALS.digest).extend(artefacts)


@given(picks=st.tuples(*[st.integers(0, 2)] * 6), pot=st.integers(0, 10**24))
@settings(max_examples=12, deadline=None)
def test_both_measures_divide_the_reward_to_the_wei(picks: tuple[int, ...], pot: int) -> None:
    chosen = [
        None if pick == 2 else INTERVALS.of_role(role)[pick].name for role, pick in zip(ROLES, picks, strict=True)
    ]
    result = assess(log_of(*chosen), pot)
    assert sum(row.shapley for row in result.rows) == result.reward
    assert sum(row.value.share for row in result.rows) == result.reward
    assert result.reward == pot * result.passed.numerator // result.passed.denominator
    for row in result.rows:
        assert row.value.share >= 0
        if not row.artefacts:
            assert row.shapley == row.value.share == 0


def test_the_exact_value_is_the_librarys_shapley_value() -> None:
    game = ContributionGame(log_of(*CAREFUL))
    credit = shapley(game)
    assert credit.exact
    assert np.allclose(credit.values, [float(value) for value in game.shapley], rtol=1e-12, atol=1e4)
    assert sum(game.shapley) == game.reward == 100 * POINT
    assert game.wei[0] == 0


def test_a_coalitions_value_is_what_its_own_program_passes() -> None:
    game = ContributionGame(log_of(*CAREFUL))
    alone = game.scores[1 << ROLES.index("programmer")]
    assert game.wei[1 << 3] == 100 * POINT * alone.fraction.numerator // alone.fraction.denominator
    without_review = (1 << 6) - 1 ^ 1 << ROLES.index("reviewer")
    # One test of the five of the free times, which are 30 points, needs the review.
    assert game.wei[-1] - game.wei[without_review] == 6 * POINT
    assert "max(start, busy_to)" not in game.programs[without_review].source


def test_harm_empty_words_and_a_lazy_role_are_told_apart_by_replay_and_not_by_plan() -> None:
    rows = {row.role: row for row in assess(log_of(*BROKEN)).rows}
    assert rows["reviewer"].shapley < 0 < rows["reviewer"].value.share
    assert "more harm than good" in rows["reviewer"].why
    assert rows["counselor"].shapley == 0 < rows["counselor"].value.share
    assert rows["CEO"].shapley == 0 < rows["CEO"].value.share
    assert "no program differs by it" in rows["counselor"].why
    assert rows["programmer"].difference > 0
    lazy = {row.role: row for row in assess(log_of(*BROKEN[:5], None)).rows}
    assert lazy["counselor"].shapley == lazy["counselor"].value.share == 0
    assert "handed in nothing" in lazy["counselor"].why


def test_two_who_do_the_same_share_its_credit_and_the_whole_team_misses_neither() -> None:
    rows = {row.role: row for row in assess(log_of(*CAREFUL)).rows}
    assert rows["counselor"].last == 0 < rows["counselor"].shapley
    assert "where others are missing" in rows["counselor"].why


def test_earned_value_follows_its_definition() -> None:
    game = ContributionGame(log_of(*BROKEN[:5], None), pot=1000)
    merging, free, bad = INTERVALS.complete(game.scores[-1].passed)
    assert 0 < merging < 1
    assert bad == 0
    by_role = {value.role: value for value in earned_value(game)}
    reviewer = by_role["reviewer"]
    assert reviewer.planned == 1000 * (Fraction(50 * 15) + Fraction(30 * 15) + Fraction(20 * 10)) / 10_000
    assert reviewer.earned == 1000 * (50 * 15 * merging + 30 * 15 * free) / 10_000
    assert reviewer.cost == POINT
    assert reviewer.cost_variance == reviewer.earned - POINT
    assert reviewer.schedule_variance == reviewer.earned - reviewer.planned
    assert reviewer.cost_index == reviewer.earned / POINT
    assert reviewer.schedule_index == reviewer.earned / reviewer.planned
    assert by_role["counselor"].earned == by_role["counselor"].cost == 0
    assert by_role["counselor"].cost_index is None
    whole = sum(value.earned for value in by_role.values())
    assert abs(by_role["CTO"].share - game.reward * by_role["CTO"].earned / whole) < 1


def test_a_task_that_earned_nothing_divides_nothing() -> None:
    result = assess(log_of("whole-product", None, None, None, None, None))
    assert result.reward == 0
    assert all(row.shapley == row.value.share == 0 for row in result.rows)


def test_equal_programs_run_once_and_are_remembered() -> None:
    judge = judge_of("intervals")
    game = ContributionGame(log_of(*BROKEN))
    assert len(game.scores) == 64
    known = judge.programs
    assert assess(log_of(*BROKEN)).programs == 12
    assert judge.programs == known


def test_free_code_is_credited_by_replay_like_any_other() -> None:
    free = submitted(INTERVALS, "programmer", "def length(busy):\n    return sum(e - s for s, e in merge(busy))\n")
    merged = submitted(
        INTERVALS,
        "CTO",
        "def merge(busy):\n    out = []\n    for s, e in sorted(busy):\n        if out and s < out[-1][1]:\n"
        "            out[-1][1] = max(out[-1][1], e)\n        else:\n            out.append([s, e])\n    return out\n",
    )
    rows = {row.role: row for row in assess(Log("intervals", INTERVALS.digest).extend([merged, free])).rows}
    assert rows["CTO"].alone > 0 == rows["programmer"].alone
    assert rows["programmer"].shapley == rows["programmer"].last // 2


def test_a_hostile_artefact_harms_its_own_task_only() -> None:
    hostile = Artefact(role="reviewer", name="x", patches=())
    code = submitted(INTERVALS, "programmer", "import socket\n")
    result = assess(Log("intervals", INTERVALS.digest).extend([code, hostile]))
    assert result.end == "refused: import of socket"
    assert result.reward == 0


def test_a_log_of_another_version_of_the_task_is_refused() -> None:
    with pytest.raises(SoftwareError, match="another version of intervals"):
        assess(Log("intervals", "00"))
    with pytest.raises(SoftwareError, match="no specification 'ghost'"):
        assess(Log("ghost", "00"))
    with pytest.raises(SoftwareError, match="a pot is a whole number"):
        assess(log_of(*CAREFUL), -1)


def test_the_record_of_the_play_and_the_log_of_artefacts_give_the_same_credit() -> None:
    team = SoftwareTeam("intervals")
    _, record = play(team, lambda state, player: BROKEN[player], np.random.default_rng(0))
    # The record's credit is rounded from floats.
    for by_record, row in zip(shares(record), assess(log_of(*BROKEN)).rows, strict=True):
        assert abs(by_record - row.shapley) < 10**9


def test_the_table_has_both_measures_of_every_role_and_why_they_differ() -> None:
    lines = assess(log_of(*BROKEN[:5], None)).text().splitlines()
    assert lines[0] == "intervals: the tests passed pay 64.00 points (64.0%)"
    assert [line.split()[0] for line in lines[2:]] == list(ROLES)
    reviewer = next(line for line in lines if line.startswith("reviewer"))
    assert "tidy-up" in reviewer
    assert "-5.00" in reviewer
    assert "more harm than good" in reviewer


def test_an_assessment_is_json_with_wei_as_strings() -> None:
    told = json.loads(json.dumps(assess(log_of(*CAREFUL)).as_json()))
    assert told["reward"] == str(100 * POINT)
    assert sum(int(row["shapley"]) for row in told["rows"]) == 100 * POINT
    assert [row["role"] for row in told["rows"]] == list(ROLES)
