"""Bargaining by the hundreds: plans by counts, negotiations really held, credit beside closed forms."""

from __future__ import annotations

import json
from fractions import Fraction

import numpy as np
import pytest

from headwater.credit import shapley
from headwater_agents.bargaining import BargainError, Rational, Rollouts, Stubborn, make_plan
from headwater_agents.bargaining.studies.scale import scale_grids, scale_study
from headwater_agents.bargaining.studies.scale_credit import credit_row, played_room, solved_games
from headwater_agents.bargaining.studies.scale_plan import interchangeable, symmetric_plan, through
from headwater_agents.bargaining.studies.scale_talks import accounts_of, talk_over
from headwater_agents.games import POINT, EscapeRoom, MatrixGame


def rng(seed=0):
    return np.random.default_rng(seed)


def rolled(game):
    return Rollouts(game, game.start())


@pytest.mark.parametrize(("n", "levers"), [(2, 1), (3, 1), (4, 2), (5, 1), (6, 5), (8, 3)])
def test_counting_gives_the_plan_that_enumerating_every_joint_action_gives(n, levers):
    rollouts = rolled(EscapeRoom(n, levers))
    counted, enumerated = symmetric_plan(rollouts, rng()), make_plan(rolled(EscapeRoom(n, levers)))
    assert counted.legs == enumerated.legs
    assert (counted.actions, counted.payoffs) == (enumerated.actions, enumerated.payoffs)
    assert (counted.fair, counted.no_deal) == (enumerated.fair, enumerated.no_deal)
    sizes = [mask.bit_count() for mask in range(1 << n)]
    assert enumerated.game.values == tuple(counted.game.values[size] for size in sizes)


@pytest.mark.parametrize(("n", "levers"), [(20, 1), (100, 5), (101, 7)])
def test_everybody_in_a_large_room_is_due_the_same_part_of_what_it_is_worth(n, levers):
    rollouts = rolled(EscapeRoom(n, levers))
    plan = symmetric_plan(rollouts, rng())
    worth = (10 * (n - levers) - levers) * POINT
    assert sum(plan.fair.values()) == plan.game.values[-1] == worth
    assert all(abs(share - Fraction(worth, n)) < 1 for share in plan.fair.values())
    assert list(plan.actions.values()).count("lever") == levers
    # 24 joint actions to see whether players are alike, one a count, two a player for the no-deal search.
    assert rollouts.asked <= 24 + (n + 1) + n + 1
    assert len(plan.legs) <= n - 1


def test_players_who_are_not_alike_are_found_out_and_not_priced():
    payoffs = rng(1).integers(0, 9, size=(4, 2, 2, 2, 2)).tolist()
    rollouts = rolled(MatrixGame(payoffs))
    assert not interchangeable(rollouts, rng())
    with pytest.raises(BargainError, match="not interchangeable"):
        symmetric_plan(rollouts, rng())
    assert interchangeable(rolled(EscapeRoom(9, 2)), rng())


@pytest.mark.parametrize("way", ["plan", "hub"])
def test_rational_agents_settle_every_leg_in_two_signed_messages_and_all_end_at_their_fair_share(way):
    rollouts = rolled(EscapeRoom(14, 3))
    plan = symmetric_plan(rollouts, rng())
    legs = plan.legs if way == "plan" else through(plan, plan.game.players[-1])
    seen = []
    talked = talk_over(
        rollouts, plan, legs, (Rational(), Rational()), accounts_of(14, 1), progress=lambda *at: seen.append(at)
    )
    assert talked.agreed == talked.negotiations == len(legs) == len(seen)
    assert (talked.messages, talked.signatures) == (2 * len(legs), 4 * len(legs))
    # A share has 18 decimals: a payment misses its amount by some wei at most.
    assert talked.unfair <= 14 * 12
    assert talked.locked == sum(leg.deposit for leg in legs)
    # The hub pays out of what it has locked: levers but its own, at their fair share and what they lose.
    assert way == "plan" or talked.locked == 2 * (plan.fair[0] + POINT) + sum(
        plan.fair[p] - plan.fair[0] for p in (11, 12)
    )


def test_agents_who_ask_too_much_of_each_other_agree_on_nothing():
    rollouts = rolled(EscapeRoom(14, 1))
    plan = symmetric_plan(rollouts, rng())
    agents = (Stubborn(0.8), Stubborn(0.8))
    talked = talk_over(rollouts, plan, plan.legs[:3], agents, accounts_of(14, 1))
    assert (talked.agreed, talked.negotiations) == (0, 3)
    assert talked.messages > 6


@pytest.mark.parametrize(("n", "levers"), [(3, 1), (6, 2), (8, 1)])
def test_a_finished_rooms_closed_form_is_its_exact_value(n, levers):
    _, game, truth = played_room(n, levers)
    assert shapley(game).values == pytest.approx(truth)


def test_credit_is_compared_with_the_value_itself():
    for truth in solved_games(20, rng()):
        row = credit_row(truth, 160, range(2), ("paired", "adjusted"))
        assert row["methods"]["adjusted"]["evaluations"] == 160
        assert row["methods"]["adjusted"]["error"] < row["methods"]["paired"]["error"]
        assert row["methods"]["adjusted"]["efficiency"] < 1e-9
    assert "permutations" not in credit_row(truth, 70, [0])["methods"]


def test_the_study_tells_its_steps_and_becomes_tables_and_json():
    steps = []
    record = scale_study([13], seeds=1, each=(5,), progress=lambda *step: steps.append(step))
    assert json.loads(json.dumps(record)) == record
    assert [done for done, _, _ in steps] == sorted(done for done, _, _ in steps)
    assert steps[-1][:2] == (6, 6)
    plans, talks, credits = scale_grids(record)
    assert [row[0] for row in plans.rows] == ["13"]
    assert [row[:2] for row in talks.rows] == [("plan", "rational"), ("plan", "greedy"), ("hub", "rational")]
    assert len(credits.rows) == 4
    for grid in (plans, talks, credits):
        assert all(len(row) == len(grid.columns) for row in grid.rows)


@pytest.mark.parametrize("changes", [{"sizes": []}, {"sizes": [12]}, {"seeds": 0}, {"each": ()}, {"replays": 50}])
def test_numbers_outside_the_study_are_refused(changes):
    with pytest.raises(BargainError, match="expected"):
        scale_study(**{"sizes": [20], **changes})
