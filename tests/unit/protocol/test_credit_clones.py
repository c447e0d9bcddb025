"""What a supplier gains by copying itself.

"A quarter share becomes 56 % with six copies" holds to the digit in this game: of four suppliers,
A, B and C know the same thing, worth 3/4, and D knows another, worth 1/4. Each of the four earns 1/4. With A present
under m names (its own among them), the 3/4 go to m + 2 substitutes alike, so A's names earn 3/4 · m / (m + 2) together:
9/16 = 56.25 % at m = 6. It is not the only game with that arithmetic; among games in which A is one of r substitutes
for a component it is the only one (r/4 · m / (m + r − 1)), and four pure substitutes, r = 4, give 6/9 = 66.7 %.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations, product

import numpy as np
import pytest

from headwater.credit import FunctionGame, pooled_growth_game, shapley


def substitutes(r, names):
    """r/4 when A (under any of its names) or one of r - 1 others is in, plus what 4 - r independent ones bring.

    Columns: A's names, then the other substitutes, then the independent ones.
    """

    def value(members):
        known = members[:, : names + r - 1].any(axis=1)
        return known * r / 4 + members[:, names + r - 1 :].sum(axis=1) / 4

    return FunctionGame(names + 3, value)


def share_of_a(r, names):
    credit = shapley(substitutes(r, names))
    return float(credit.values[:names].sum() / credit.values.sum())


def test_a_quarter_share_becomes_nine_sixteenths_with_six_copies():
    assert shapley(substitutes(3, 1)).values == pytest.approx([0.25] * 4, abs=1e-15)
    assert share_of_a(3, 6) == pytest.approx(9 / 16, abs=1e-14)


def test_four_pure_substitutes_give_two_thirds_and_not_nine_sixteenths():
    assert share_of_a(4, 1) == pytest.approx(1 / 4, abs=1e-15)
    assert share_of_a(4, 6) == pytest.approx(2 / 3, abs=1e-14)


@pytest.mark.parametrize("r", [1, 2, 3, 4])
@pytest.mark.parametrize("names", [1, 2, 5, 6, 7])
def test_the_names_of_one_of_r_substitutes_earn_their_part_of_the_component(r, names):
    assert share_of_a(r, names) == pytest.approx(r / 4 * names / (names + r - 1), abs=1e-14)


def test_only_three_substitutes_and_six_names_come_to_fifty_six_percent():
    hits = {
        (r, names)
        for r, names in product(range(1, 5), range(2, 20))
        if round(100 * Fraction(r, 4) * Fraction(names, names + r - 1)) == 56
    }
    assert hits == {(3, 6)}


def test_orders_with_newcomers_last_would_pay_the_copies_nothing():
    game = substitutes(3, 6)
    established, newcomers = (0, 6, 7, 8), (1, 2, 3, 4, 5)
    totals, orders = np.zeros(9), 0
    for first, last in product(permutations(established), permutations(newcomers)):
        row = np.zeros((10, 9), dtype=bool)
        for step, player in enumerate(first + last, start=1):
            row[step:, player] = True
        totals[list(first + last)] += np.diff(game.values(row))
        orders += 1
    assert (totals / orders)[list(newcomers)].tolist() == [0.0] * 5
    assert (totals / orders)[list(established)] == pytest.approx([0.25] * 4, abs=1e-12)


def test_copies_also_pay_in_the_growth_of_pooled_signals():
    rng = np.random.default_rng(11)
    truth = rng.uniform(0.05, 0.95, size=400)
    outcomes = (rng.uniform(size=400) < truth).astype(int)
    odds = np.full((400, 2), 0.5)
    noise = rng.normal(scale=0.7, size=(400, 4))
    rain = 1 / (1 + np.exp(-(np.log(truth / (1 - truth))[:, None] + noise)))
    signals = np.clip(np.stack([1 - rain, rain], axis=2), 0.02, 0.98)
    alone = shapley(pooled_growth_game(signals, odds, outcomes))
    cloned = np.concatenate([np.repeat(signals[:, :1], 5, axis=1), signals], axis=1)
    copied = shapley(pooled_growth_game(cloned, odds, outcomes))
    before = alone.values[0] / alone.values.sum()
    after = copied.values[:6].sum() / copied.values.sum()
    assert 0.15 < before < 0.35
    assert after > before + 0.15
