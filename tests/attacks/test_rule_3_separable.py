"""Rule 3: a net depends on one's own report, the outcome and the public wagers; no coalition gains by coordinating."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from best_response import Report, belief_of, climb

from harness import TOKENS, World
from headwater.twin import net
from headwater.units import WAD
from questions import Bet, Case, stage
from randomised import corner, undone

P_MIN = 10**16


def table(world: World, case: Case) -> list[list[int]]:
    """Nets through the bytecode: by outcome, then by bet."""
    found = []
    with undone(world.backend):
        staged = stage(world, case)
        for outcome in range(case.outcomes):
            with undone(world.backend):
                world.governor.resolve(staged.question, outcome)
                found.append([world.settle(staged.question, i) for i in range(len(case.bets))])
    return found


def a_case(rng: np.random.Generator, outcomes: int, reports: list[Report]) -> Case:
    """Three positions; with a W above the capacity for odd numbers of outcomes, below it for even ones."""
    bankroll = (1_000 if outcomes % 2 else 10**6) * TOKENS
    sizes = (3_000 * TOKENS + 1, 1_700 * TOKENS, 9_000 * TOKENS + 12_345)
    bets = tuple(Bet(report, size) for report, size in zip(reports, sizes, strict=True))
    return Case(P_MIN, 25, 1_000, bankroll, belief_of(rng, outcomes, P_MIN, concentration=3), bets, (0, 1, 2))


@pytest.mark.parametrize("outcomes", [2, 3, 8])
def test_what_others_report_or_hide_never_changes_my_net(world: World, outcomes: int) -> None:
    rng = np.random.default_rng(outcomes)
    mine = belief_of(rng, outcomes, P_MIN)
    case = a_case(rng, outcomes, [mine, mine, mine])
    assert (case.wagered > case.capacity) == bool(outcomes % 2)
    expected = [row[0] for row in table(world, case)]
    assert len(set(expected)) == outcomes
    for trial in range(4):
        others = [
            corner(outcomes, P_MIN, trial % outcomes) if rng.random() < 0.3 else belief_of(rng, outcomes, P_MIN)
            for _ in range(2)
        ]
        bets = [
            replace(case.bets[i + 1], report=report, hidden=bool(rng.random() < 0.3)) for i, report in enumerate(others)
        ]
        assert [row[0] for row in table(world, replace(case, bets=(case.bets[0], *bets)))] == expected


@pytest.mark.parametrize("outcomes", [2, 4])
def test_no_joint_report_of_a_coalition_beats_what_its_members_do_best_alone(world: World, outcomes: int) -> None:
    """Members pool what they know: one belief. Joint reports, opposite corners among them, through the bytecode."""
    rng = np.random.default_rng(100 + outcomes)
    belief = belief_of(rng, outcomes, P_MIN, concentration=2)
    case = a_case(rng, outcomes, [belief] * 3)

    def pooled(rows: list[list[int]]) -> int:
        return sum(b * sum(row) for b, row in zip(belief, rows, strict=True))

    alone = pooled(table(world, case))
    for trial in range(6):
        if trial < 3:  # hedges: opposite corners, and a spread whose mean is the belief
            reports = [corner(outcomes, P_MIN, (i + trial) % outcomes) for i in range(3)]
        else:
            reports = [belief_of(rng, outcomes, P_MIN) for _ in range(3)]
        bets = tuple(replace(bet, report=report) for bet, report in zip(case.bets, reports, strict=True))
        assert pooled(table(world, replace(case, bets=bets))) < alone


@pytest.mark.parametrize("seed", range(3))
def test_a_search_over_joint_reports_ends_at_everybodys_belief(seed: int) -> None:
    """On the twin: coordinate ascent over the joint report finds the sum of the members' own optima, nothing more."""
    rng = np.random.default_rng(seed)
    belief = belief_of(rng, 3, P_MIN, concentration=2)
    case = a_case(rng, 3, [belief_of(rng, 3, P_MIN) for _ in range(3)])

    def total(reports: list[Report]) -> int:
        bets = [replace(bet, report=report) for bet, report in zip(case.bets, reports, strict=True)]
        rows = ([case.net(bet, o) for bet in bets] for o in range(3))
        fixed = replace(case, bets=tuple(bets))
        assert fixed.wagered == case.wagered
        return sum(b * sum(row) for b, row in zip(belief, rows, strict=True))

    joint = [bet.report for bet in case.bets]
    for _ in range(2):
        for member in range(3):
            joint[member] = climb(
                lambda report, member=member: total([*joint[:member], report, *joint[member + 1 :]]),  # type: ignore[misc]
                joint[member],
                P_MIN,
            )
    slack = WAD * sum(2 + 2 * bet.wager // case.scale.log_range for bet in case.bets)
    assert total(joint) <= total([belief] * 3) + slack


@pytest.mark.parametrize("outcomes", [2, 3, 8])
def test_no_coalition_gains_whatever_happens(world: World, outcomes: int) -> None:
    """No arbitrage: weighed by the public odds, any joint report loses at least its rents; so some outcome does."""
    rng = np.random.default_rng(200 + outcomes)
    for trial in range(3):
        reports = [corner(outcomes, P_MIN, i % outcomes) for i in range(3)]
        if trial:
            reports = [belief_of(rng, outcomes, P_MIN) for _ in range(3)]
        case = a_case(rng, outcomes, reports)
        rows = table(world, case)
        rents = sum(net(bet.wager, 0, case.capacity, case.wagered, case.scale) for bet in case.bets)
        assert sum(q * sum(row) for q, row in zip(case.odds, rows, strict=True)) < WAD * rents
        assert min(sum(row) for row in rows) < rents < 0
