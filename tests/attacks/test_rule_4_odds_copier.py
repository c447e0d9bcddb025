"""Rule 4: reporting the public odds earns exactly minus the rent, rounded down, whatever happens."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given

from harness import TOKENS, World
from headwater.cascade import Leaf
from headwater.units import BPS
from questions import Case, cases, stage
from randomised import trials, undone


@trials(25)
@given(case=cases(stake=10_000 * TOKENS, funds=10**7 * TOKENS, people=2, endings=["resolved"]))
def test_the_copier_of_posted_odds_pays_its_rent_on_every_outcome(world: World, case: Case) -> None:
    """Any odds, the clip included, any filling of the capacity, alone or beside somebody else."""
    if case.capacity == 0:
        return
    copier = replace(case.bets[0], report=case.odds, hidden=False)
    case = replace(case, bets=(copier, *case.bets[1:]))
    rent = -(copier.wager * case.scale.log_rent // case.scale.log_range)
    if copier.wager * case.scale.log_rent % case.scale.log_range:
        rent -= 1
    with undone(world.backend):
        staged = stage(world, case)
        for outcome in range(case.outcomes):
            with undone(world.backend):
                world.governor.resolve(staged.question, outcome)
                assert world.settle(staged.question, 0) == rent


@pytest.mark.parametrize("keep_bps", [100, 10_000])
def test_the_copier_of_frequencies_pays_its_rent_question_after_question(world: World, keep_bps: int) -> None:
    """Its children see none of it: a rent is a loss, which its stake carries."""
    who = world.forecasters[0]
    series = world.series(outcomes=3)
    leaves = [Leaf(world.providers[0].address, 0, 1)]
    made = world.announce(who, leaves, keep_bps)
    scale, before, wager = world.scale(series), world.system.stake(who.address).bonded, 777 * TOKENS + 1
    rent = -(-wager * scale.log_rent // scale.log_range)
    for outcome in (0, 0, 1, 2, 0, 2):
        odds = world.system.next_odds(series)
        assert world.play(world.open(series), {0: (odds, wager)}, outcome) == {0: -rent}
    assert world.system.stake(who.address).bonded == before - 6 * rent
    escrow = world.system.escrow(who.address, made.version)
    own = -rent * keep_bps // BPS
    assert (escrow.held, escrow.due, escrow.debt) == (0, 0, 6 * (rent + own))
