"""Prices that move: the haul's rules, what exact agents make of them, what the study says of rules and revisions."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.deals import Status
from headwater.deals.twin import Verdict
from headwater_agents.bargaining.studies.moving_arms import (
    FIXED,
    FREE,
    RENEWED,
    RULE,
    RULE_RENEWED,
    Arm,
    Lies,
    StudyError,
    plan,
)
from headwater_agents.bargaining.studies.moving_play import due, parties, play_haul, rolls_of, told
from headwater_agents.bargaining.studies.moving_study import moving_grids, moving_study
from headwater_agents.bargaining.studies.moving_values import first_best, worth
from headwater_agents.games import IllegalActionError, SettingsError
from headwater_agents.games.base import POINT
from headwater_agents.games.haul import (
    CARRIER,
    DRIVE,
    FOLLOWS,
    LEG,
    LOAD,
    SHIPPER,
    START,
    STOP,
    TOP,
    Haul,
)

HAUL = Haul()
GO = {SHIPPER: LOAD, CARRIER: DRIVE}


def test_a_leg_that_both_do_earns_one_and_costs_the_other_and_moves_the_index() -> None:
    state = HAUL.step(HAUL.start(), GO, (2 * HAUL.volatility, 0))
    assert state.earned == (70 * POINT, -50 * POINT)
    assert (state.index, state.hidden, state.leg, state.over) == (26, 14, 1, False)


@pytest.mark.parametrize(
    ("actions", "earned"),
    [
        ({SHIPPER: STOP, CARRIER: DRIVE}, (0, -50 * POINT)),
        ({SHIPPER: LOAD, CARRIER: STOP}, (0, 0)),
        ({SHIPPER: "away", CARRIER: "away"}, (0, 0)),
    ],
)
def test_whoever_stops_ends_the_job_and_an_empty_drive_costs_its_driver(
    actions: dict[int, str], earned: tuple[int, int]
) -> None:
    state = HAUL.step(HAUL.start(), actions, ())
    assert state.over
    assert state.earned == earned
    assert HAUL.acting(state) == ()
    with pytest.raises(IllegalActionError):
        HAUL.step(state, GO, ())


@pytest.mark.parametrize("follows", FOLLOWS)
@pytest.mark.parametrize("seen", [0, 37, 100])
def test_the_middle_of_cost_and_benefit_can_always_be_paid_from_a_legs_deposit(follows: str, seen: int) -> None:
    game = Haul(follows=follows, seen=seen)
    for index in range(TOP + 1):
        cost, benefit = game.cost(index, TOP - index), game.benefit(index, TOP - index)
        assert 0 <= cost + benefit <= 2 * LEG


@pytest.mark.parametrize("wrong", [{"legs": 0}, {"legs": True}, {"volatility": 11}, {"seen": -1}, {"follows": "luck"}])
def test_a_haul_that_is_none_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(SettingsError, match="accepted"):
        Haul(**wrong)  # type: ignore[arg-type]


def test_the_same_job_and_its_settings_are_the_same_game() -> None:
    assert Haul.from_settings(Haul(legs=3, follows="cost").settings) == Haul(legs=3, follows="cost")


@settings(max_examples=12, deadline=None)
@given(
    legs=st.integers(1, 2),
    volatility=st.integers(0, 10),
    follows=st.sampled_from(FOLLOWS),
    checkpoints=st.integers(0, 1),
)
def test_values_are_the_mean_of_what_plays_of_these_decisions_earn(
    legs: int, volatility: int, follows: str, checkpoints: int
) -> None:
    """The tables against the game itself: every drift of a short job, played and weighed."""
    game = Haul(legs, volatility, follows)
    _compare_with_plays(game, checkpoints, [((roll, 0), (0, 0)) for roll in range(2 * volatility + 1)])


def test_values_count_both_factors_where_both_move_the_money() -> None:
    game = Haul(2, 1, "both", 50)
    _compare_with_plays(game, 1, [((one, two), (0, 0)) for one in range(3) for two in range(3)])


def _compare_with_plays(game: Haul, checkpoints: int, drifts: list[tuple[tuple[int, int], ...]]) -> None:
    made = plan(game, replace(FIXED, checkpoints=checkpoints))
    payoffs = np.array([play_haul(made, drift).payoffs for drift in drifts], dtype=np.float64) / POINT
    at = (0, START, START if game.seen < 100 else 0)
    values = [float(table[at][made.chosen]) for table in (made.worth.shipper, made.worth.carrier)]
    assert payoffs.mean(axis=0) == pytest.approx(values, abs=1e-6)
    assert min(values) > 0
    assert sum(values) <= first_best(game)[at] + 1e-9


def test_nobody_goes_on_at_a_loss_and_a_revision_leaves_both_better_off() -> None:
    prices = np.arange(0.0, 101.0)[:, None] * np.ones(TOP + 1)
    bound, free, renewed = (
        worth(HAUL, prices),
        worth(HAUL, prices, bound=False),
        worth(HAUL, prices, checkpoints=1),
    )
    assert (bound.carrier >= -1e-6).all()
    assert (free.shipper >= -1e-6).all()
    assert (bound.shipper + prices.T[None, :, None, :] >= -1e-6).all(), "to leave costs the shipper a leg's price"
    joint = (renewed.shipper + renewed.carrier)[0, :, 0, 1:-1]
    assert joint == pytest.approx(np.broadcast_to(first_best(HAUL)[0], joint.shape), abs=1e-6)


def test_no_fixed_price_has_more_than_five_sixths_of_the_first_best_where_cost_and_benefit_move_together() -> None:
    found = worth(HAUL, np.arange(0.0, 101.0)[:, None] * np.ones(TOP + 1))
    best = first_best(HAUL)[0, START, 0]
    assert 0.75 < (found.shipper + found.carrier)[0, START, 0].max() / best < 5 / 6
    ruled = plan(HAUL, RULE)
    at = (0, START, 0, ruled.chosen)
    assert ruled.worth.shipper[at] + ruled.worth.carrier[at] == pytest.approx(best)


def test_a_revision_splits_what_it_saves_and_is_signed_only_where_it_saves_something() -> None:
    """One leg at 60 points: at index 30 it costs 70 and is worth 90, at index 20 costs 50 and is worth 70."""
    found = worth(Haul(1), np.full((1, TOP + 1), 60.0), checkpoints=1)
    assert (found.revised[0, 30, 0, 0], found.shipper[0, 30, 0, 0], found.carrier[0, 30, 0, 0]) == (80, 10, 10)
    assert np.isnan(found.revised[0, 20, 0, 0])
    assert (found.shipper[0, 20, 0, 0], found.carrier[0, 20, 0, 0]) == (10, 10)


def test_a_fixed_price_loses_the_job_on_drifts_where_a_rule_and_a_revision_keep_it() -> None:
    for seed in range(1, 40):
        rolls = rolls_of(HAUL, seed)
        fixed = play_haul(plan(HAUL, FIXED), rolls)
        if fixed.quitter == CARRIER:
            break
    ruled, renewed = (play_haul(plan(HAUL, arm), rolls) for arm in (RULE, RENEWED))
    assert fixed.joint < ruled.joint == renewed.joint == fixed.best
    assert renewed.revisions >= 1
    assert renewed.messages == fixed.messages + 2 * renewed.revisions
    assert ruled.messages == fixed.messages
    assert ruled.off < 10 < fixed.off


def test_every_price_is_signed_by_both_and_renewed_prices_are_later_revisions() -> None:
    made = plan(HAUL, RENEWED)
    for seed in range(1, 40):
        counted = play_haul(made, rolls_of(HAUL, seed))
        if counted.revisions:
            break
    sign = parties(seed)
    played = play_haul(made, rolls_of(HAUL, seed), sign=sign)
    assert (played.payoffs, played.messages) == (counted.payoffs, counted.messages)
    revisions = 0
    for leg, negotiation in enumerate(played.negotiations):
        deal, signatures = negotiation.deal, negotiation.signatures
        assert deal is not None
        assert signatures is not None
        assert negotiation.status is Status.AGREED
        assert (deal.nonce, deal.terms.price, deal.terms.deposit) == (leg, played.prices[leg], LEG)
        deal.check(sign.shipper.address, signatures[0], sign.domain)
        deal.check(sign.carrier.address, signatures[1], sign.domain)
        revisions += deal.revision
    assert revisions == counted.revisions


def test_a_leg_pays_the_rule_the_most_or_nothing_by_who_kept_to_it() -> None:
    made = plan(HAUL, RULE)
    assert made.price is not None
    price = made.price
    assert due(price, Verdict(payer_kept=True, payee_kept=True, observed=7)) == LEG * price.at(7) // 10**18
    assert due(price, Verdict(payer_kept=False, payee_kept=True, observed=7)) == LEG * price.most // 10**18
    assert due(price, Verdict(payer_kept=True, payee_kept=False, observed=7)) == 0


@pytest.mark.parametrize("side", [SHIPPER, CARRIER])
def test_a_lying_resolver_moves_at_most_the_width_of_the_rule_a_leg(side: int) -> None:
    made = plan(HAUL, RULE)
    assert made.price is not None
    rolls = rolls_of(HAUL, 3)
    honest, lied = play_haul(made, rolls), play_haul(made, rolls, lies=Lies(rate=1.0, side=side), seed=3)
    least = min(share for _, share in made.price.steps)
    gain = lied.payoffs[side] - honest.payoffs[side]
    assert 0 < gain <= HAUL.legs * LEG * (made.price.most - least) // 10**18
    assert sum(lied.payoffs) == sum(honest.payoffs)
    fixed = plan(HAUL, FIXED)
    assert play_haul(fixed, rolls, lies=Lies(rate=1.0, side=side)).payoffs == play_haul(fixed, rolls).payoffs
    assert fixed.price is not None
    assert told(fixed.price, side) == 0


def test_a_rule_that_does_not_name_the_state_is_worth_a_fixed_price() -> None:
    blind = Haul(legs=2, seen=0)
    ruled, fixed = plan(blind, RULE), plan(blind, FIXED)
    for seed in range(6):
        rolls = rolls_of(blind, seed)
        assert play_haul(ruled, rolls).payoffs == play_haul(fixed, rolls).payoffs


def test_a_bluff_about_what_the_index_does_not_show_pays_where_prices_are_renegotiated_and_only_there() -> None:
    game = Haul(legs=3, volatility=10, follows="cost", seen=50)
    ruled, renewed = plan(game, RULE), plan(game, RENEWED)
    gained = 0
    for seed in range(1, 30):
        rolls = rolls_of(game, seed)
        assert play_haul(ruled, rolls, bluff=20).payoffs == play_haul(ruled, rolls).payoffs
        honest, bluffed = play_haul(renewed, rolls), play_haul(renewed, rolls, bluff=20)
        gained += bluffed.payoffs[CARRIER] - honest.payoffs[CARRIER]
        assert bluffed.revisions >= honest.revisions
    assert gained > 0


def test_where_a_resolver_always_lies_and_both_know_it_a_rule_is_a_fixed_price() -> None:
    lies = Lies(rate=1.0, known=True)
    made = plan(HAUL, RULE, lies)
    assert made.price is not None
    paid = play_haul(made, rolls_of(HAUL, 5), lies=lies, seed=5).paid
    assert {wei for wei in paid if wei} == {LEG * made.price.most // 10**18}
    fixed = plan(HAUL, FIXED)
    assert fixed.price is not None
    assert abs(made.price.most - fixed.price.most) <= 10**18 // 50  # the grid on which both look


@pytest.mark.parametrize("wrong", [{"steps": 0}, {"steps": 17}, {"checkpoints": -1}])
def test_an_arm_that_cannot_be_signed_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(StudyError, match="accepted"):
        Arm(name="wrong", **wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [{"seeds": 1}, {"seed": -1}, {"seeds": True}, {"bluffs": (5, 0)}])
def test_a_study_that_cannot_be_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(StudyError, match="accepted"):
        moving_study(**wrong)  # type: ignore[arg-type]


def test_the_study_is_the_same_in_the_same_arguments_and_its_tables_name_every_arm() -> None:
    told_so_far: list[tuple[int, int]] = []
    arguments = {"seeds": 6, "legs": 3, "volatilities": (), "seen": (100,), "bluffs": ()}
    record = moving_study(**arguments, progress=lambda done, of, _text: told_so_far.append((done, of)))  # type: ignore[arg-type]
    assert json.loads(json.dumps(record, allow_nan=False)) == json.loads(json.dumps(moving_study(**arguments)))  # type: ignore[arg-type]
    assert told_so_far[0][0] == 0
    assert told_so_far[-1][0] == told_so_far[-1][1] == len(told_so_far) - 1
    arms = {row["arm"]: row for row in record["tables"]["arms"] if row["follows"] == "both"}
    assert set(arms) == {arm.name for arm in (FIXED, FREE, RULE, RENEWED, RULE_RENEWED)}
    assert arms[RULE.name]["efficiency"] == arms[RENEWED.name]["efficiency"] == pytest.approx(1.0)
    grids = moving_grids(record)
    assert [len(grid.rows) for grid in grids] == [15, 0, 4, 6, 3, 15, 0]
    assert all(len(row) == len(grid.columns) for grid in grids for row in grid.rows)
