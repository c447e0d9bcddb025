"""Whole questions on the real contracts against the twins: every number of every settlement, to the wei."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import CONFIG, TOKENS, World, audit, new_backend, new_world
from headwater.chain import Reverted
from headwater.twin import kept_reserve, lock, reserve_slice
from headwater.units import MAX_WEI
from questions import Bet, Case, cases, commit_all, open_case, play_case
from randomised import corner, trials, undone

STAKE = 10_000 * TOKENS
FUNDS = 10_000_000 * TOKENS
VAST = 2**93


@pytest.fixture(scope="module")
def vast_world() -> World:
    """A deployment whose supply is the widest the contracts allow, 2**96 - 1, so that products reach their width."""
    config = replace(CONFIG, cap=MAX_WEI, genesis_supply=MAX_WEI, emission=0)
    return new_world(new_backend(seed=0), providers=0, stake=VAST, gift=VAST, config=config)


def _compare(world: World, case: Case) -> None:
    """Play a case; every state and event of it must be what the twins say."""
    system, scale = world.system, case.scale
    if case.capacity == 0:
        staged = open_case(world, case)
        assert system.question(staged.question).capacity == 0
        with pytest.raises(Reverted, match="no capacity"):
            commit_all(world, staged, case)
        return
    staged = play_case(world, case)
    state = system.question(staged.question)
    assert state.status == case.ending
    assert (state.capacity, state.wagered, state.unsettled) == (case.capacity, case.wagered, case.wagered)
    left = case.wagered
    reserve = kept_reserve(case.reserve, case.capacity, case.wagered) if case.ending == "resolved" else 0
    assert state.reserve == reserve
    bankroll = case.bankroll - reserve
    assert system.series_account(staged.series) == (bankroll, reserve)
    stakes = {i: system.stake(world.forecasters[i].address) for i in case.order}
    for i in case.order:
        assert stakes[i].locked == lock(case.bets[i].wager, scale)
    for i in case.order:
        bet, who = case.bets[i], world.forecasters[i].address
        settled = world.stranger.settle(staged.question, who).event("Settled")
        won = case.net(bet)
        assert (settled["wager"], settled["net"], settled["stake_change"], settled["released"]) == (
            bet.wager,
            won,
            won,
            0,
        )
        part = reserve_slice(reserve, bet.wager, left)
        reserve, left, bankroll = reserve - part, left - bet.wager, bankroll + part - won
        assert system.series_account(staged.series) == (bankroll, reserve)
        after = system.stake(who)
        assert (after.bonded, after.locked) == (stakes[i].bonded + won, 0)
        assert system.position(staged.question, who).wager == 0
    assert (reserve, left) == (0, 0)
    audit(world)


@trials(60)
@given(case=cases(stake=STAKE, funds=FUNDS, people=3))
def test_every_number_of_a_question_is_the_twins(world: World, case: Case) -> None:
    with undone(world.backend):
        _compare(world, case)


@trials(45)
@given(case=cases(stake=VAST, funds=2**95 - 2**20, people=3))
def test_every_number_is_the_twins_at_the_widest_supply(vast_world: World, case: Case) -> None:
    with undone(vast_world.backend):
        _compare(vast_world, case)


@pytest.mark.parametrize("outcomes", [2, 8])
@pytest.mark.parametrize("ending", ["resolved", "void late"])
def test_the_largest_wagers_gain_and_lose_the_twins_nets_at_the_clip(
    vast_world: World, outcomes: int, ending: str
) -> None:
    """One is as right as can be, one as wrong, one is silent, all with 2**93 / 1.1 wei, at a bankroll of 2**95."""
    p_min = 10**15
    wager = VAST * 10 // 11 - 2
    case = Case(
        p_min=p_min,
        rent_bps=1_000,
        share_bps=10_000,
        bankroll=2**95 - 2**20,
        odds=corner(outcomes, p_min, 1),
        bets=(
            Bet(corner(outcomes, p_min, 0), wager),
            Bet(corner(outcomes, p_min, 1), wager),
            Bet(corner(outcomes, p_min, 1), wager, hidden=True),
        ),
        order=(2, 0, 1),
        outcome=0,
        ending=ending,
    )
    with undone(vast_world.backend):
        _compare(vast_world, case)


@trials(8)
@given(case=cases(stake=STAKE, funds=FUNDS, people=1, endings=["resolved"]), steps=st.integers(2, 5))
def test_a_wager_raised_step_by_step_locks_and_nets_as_if_made_at_once(world: World, case: Case, steps: int) -> None:
    bet, who = case.bets[0], world.forecasters[0]
    if case.capacity == 0:
        return
    with undone(world.backend):
        staged = open_case(world, case)
        for step in range(1, steps + 1):
            part = max(1, bet.wager * step // steps)
            who.commit(staged.question, bet.report, part, bytes([step] * 32), version=0, checkpoint=0)
            assert world.system.stake(who.address).locked == lock(part, case.scale)
        world.travel(staged.times.commit_end)
        with pytest.raises(Reverted, match="not the committed forecast"):
            world.stranger.reveal(staged.question, who.address, bet.report, bytes([1] * 32))
        world.stranger.reveal(staged.question, who.address, bet.report, bytes([steps] * 32))
        world.travel(staged.times.resolve_after)
        for outcome in range(case.outcomes):
            with undone(world.backend):
                world.governor.resolve(staged.question, outcome)
                assert world.settle(staged.question, 0) == case.net(replace(bet, hidden=False), outcome)
