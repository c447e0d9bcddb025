"""Fair shares of a stage, from rollouts alone, beside the closed form worked out from the payoffs themselves."""

from __future__ import annotations

import itertools
import statistics
from fractions import Fraction
from math import factorial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.credit import TableGame, shapley
from headwater_agents.bargaining import (
    Arm,
    BargainError,
    Prospect,
    Rational,
    Rollouts,
    Stance,
    TooManyError,
    externality,
    fair_shares,
    make_plan,
    matrices,
    matrices_grids,
    play,
    stage_game,
)
from headwater_agents.bargaining.crediting import to_wei
from headwater_agents.games import POINT, EscapeRoom, Game, MatrixGame, Raid

Table = np.ndarray

SETTLED = 100
"""Wei by which shares of 18 decimals may miss prices of a few points."""


def random_table(rng: np.random.Generator, *shape: int) -> Table:
    """Payoffs of len(shape) players in wei, negative ones too, shape (n, k1, …, kn)."""
    return rng.integers(-2 * POINT, 2 * POINT, size=(len(shape), *shape))


def rollouts(game: Game, **options: object) -> Rollouts:
    return Rollouts(game, game.start(), **options)  # type: ignore[arg-type]


def matrix(table: Table) -> MatrixGame:
    return MatrixGame(table.tolist(), unit=1)


# The closed form, from the matrix and nothing else.


def own_no_deal(table: Table) -> tuple[int, ...]:
    """Best replies in turn from the maximin profile; if they circle the equilibrium of most payoffs, else maximin."""
    n = table.shape[0]
    start = []
    for i in range(n):
        rows = np.moveaxis(table[i], i, 0).reshape(table.shape[1 + i], -1)
        worst, best = rows.min(axis=1), rows.max(axis=1)
        start.append(max(range(len(rows)), key=lambda a, worst=worst, best=best: (worst[a], best[a], -a)))
    at, seen = tuple(start), {tuple(start)}
    while True:
        before = at
        for i in range(n):
            replies = [int(table[(i, *at[:i], a, *at[i + 1 :])]) for a in range(table.shape[1 + i])]
            if max(replies) > replies[at[i]]:
                at = (*at[:i], replies.index(max(replies)), *at[i + 1 :])
        if at == before:
            return at
        if at in seen:
            return max(own_equilibria(table), key=lambda cell: table[(slice(None), *cell)].sum(), default=tuple(start))
        seen.add(at)


def own_equilibria(table: Table) -> list[tuple[int, ...]]:
    """Cells in which every payoff is the largest along its player's own axis."""
    stable = np.all([table[i] == table[i].max(axis=i, keepdims=True) for i in range(table.shape[0])], axis=0)
    return [tuple(int(a) for a in cell) for cell in np.argwhere(stable)]


def worth(table: Table, members: frozenset[int], d: tuple[int, ...]) -> int:
    if len(members) == 1:
        return int(table[(*members, *d)])
    choices = [range(k) if i in members else [d[i]] for i, k in enumerate(table.shape[1:])]
    return max(sum(int(table[(i, *a)]) for i in members) for a in itertools.product(*choices))


def orders_shapley(table: Table) -> list[Fraction]:
    """Mean marginal contribution over all orders of arrival."""
    n, d = table.shape[0], own_no_deal(table)
    totals = [Fraction(0)] * n
    for order in itertools.permutations(range(n)):
        inside: frozenset[int] = frozenset()
        for i in order:
            after = inside | {i}
            totals[i] += worth(table, after, d) - (worth(table, inside, d) if inside else 0)
            inside = after
    return [total / factorial(n) for total in totals]


def own_fair(table: Table) -> list[Fraction]:
    """Mean marginal contributions; gains beyond d scaled down where somebody's is less than d."""
    d, s = own_no_deal(table), orders_shapley(table)
    without = [int(table[(i, *d)]) for i in range(len(s))]
    if all(part >= usual for part, usual in zip(s, without, strict=True)):
        return s
    gains = [max(part - usual, Fraction(0)) for part, usual in zip(s, without, strict=True)]
    scale = (worth(table, frozenset(range(len(s))), d) - sum(without)) / sum(gains)
    return [usual + gain * scale for usual, gain in zip(without, gains, strict=True)]


@pytest.mark.parametrize("k", [2, 3, 5])
def test_fair_split_of_two_is_the_closed_form_to_2_wei(k: int) -> None:
    rng = np.random.default_rng(k)
    for _ in range(40):
        table = random_table(rng, k, k)
        d = own_no_deal(table)
        one, two, both = int(table[(0, *d)]), int(table[(1, *d)]), int(table.sum(axis=0).max())
        closed = (one + Fraction(both - one - two, 2), two + Fraction(both - one - two, 2))
        fair = stage_game(rollouts(matrix(table))).fair
        assert all(abs(found - exact) <= 2 for found, exact in zip(fair, closed, strict=True))
        assert sum(fair) == both


@pytest.mark.parametrize("shape", [(2, 3, 2), (3, 3, 3), (2, 2, 2, 2), (2, 3, 1, 2), (2, 2, 2, 2, 2)])
def test_fair_shares_of_more_players_are_mean_contributions_made_good_to_whoever_they_leave_short(
    shape: tuple[int, ...],
) -> None:
    rng = np.random.default_rng(sum(shape))
    corrected = 0
    for _ in range(8):
        table = random_table(rng, *shape)
        fair, exact = stage_game(rollouts(matrix(table))).fair, own_fair(table)
        assert all(abs(found - part) < 1 for found, part in zip(fair, exact, strict=True))
        corrected += exact != orders_shapley(table)
    assert 0 < corrected < 8


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_nobodys_fair_share_is_below_what_it_has_without_a_deal_and_no_wei_is_lost(data: st.DataObject) -> None:
    shape = data.draw(st.lists(st.integers(1, 3), min_size=2, max_size=4))
    cell = data.draw(st.sampled_from([st.integers(-3, 3), st.integers(-(10**20), 10**20)]))
    count = len(shape) * int(np.prod(shape))
    table = np.array(data.draw(st.lists(cell, min_size=count, max_size=count)), dtype=object).reshape(-1, *shape)
    game = stage_game(rollouts(matrix(table)))
    assert sum(game.fair) == game.values[-1] == table.sum(axis=0).max()
    assert game.gain >= 0
    assert all(share >= without for share, without in zip(game.fair, game.no_deal_payoffs, strict=True))
    assert all(game.values[1 << i] == without for i, without in enumerate(game.no_deal_payoffs))
    at = tuple(int(action[1:]) for action in game.no_deal)
    assert game.equilibrium == bool(own_equilibria(table)) == (at in own_equilibria(table))


def test_who_would_have_nothing_but_loss_from_a_coalitions_best_play_keeps_what_it_has() -> None:
    # Two earn 4 by an action that takes 3 from the third, who can do nothing about it; it costs who takes it alone.
    table = np.zeros((3, 2, 2, 1), dtype=object)
    table[:, 1, 1, 0], table[0, 1, 0, 0], table[1, 0, 1, 0] = [2, 2, -3], -1, -1
    game = stage_game(rollouts(MatrixGame(table.tolist())))
    assert fair_shares(game.values)[2] == -POINT, "the Shapley value has it bear a third of the harm"
    assert game.fair == (POINT // 2, POINT // 2, 0)


def test_an_equilibrium_that_best_replies_pass_by_is_found_and_of_several_the_one_worth_most() -> None:
    # From the cautious (a0, a0) replies circle among the first two actions; (a2, a2) and (a3, a3) are stable.
    first = [[1, -1, 0, 0], [-1, 1, 0, 0], [-3, -3, 1, -3], [-3, -3, -3, 2]]
    second = [[-1, 1, -6, -6], [1, -1, -6, -6], [-4, -4, 1, -3], [-4, -4, -3, 2]]
    game = stage_game(rollouts(MatrixGame([first, second])))
    assert (game.no_deal, game.equilibrium) == (("a3", "a3"), True)
    assert game.no_deal_payoffs == (2 * POINT, 2 * POINT)


def test_an_estimate_in_doubt_beside_the_best_is_not_taken_where_it_is_below_no_deal() -> None:
    stage = rollouts(MatrixGame([[[0, -1], [-5, 2]], [[0, -1], [0, 2]]], unit=1))
    steady, wild = ((2, 2), (3, 3), (2, 2), (3, 3)), ((9, 9), (-13, -13), (12, 12), (-10, -10))
    for profile, draws in ((("a1", "a1"), steady), (("a0", "a1"), wild)):
        mean = (sum(draw[0] for draw in draws) // 4,) * 2
        stage._known[profile] = Prospect(mean, profile, False, draws)
    assert not stage.surely_better(("a1", "a1"), ("a0", "a1"), (0, 1))
    game = stage_game(stage)
    assert (game.no_deal, game.best) == (("a0", "a0"), ("a1", "a1"))
    assert game.gain > 0


CIRCLING = [[[8, -10, -2], [-2, 3, -3], [0, -9, 8]], [[0, 0, 9], [8, -8, 8], [8, -8, -4]]]
"""No pure equilibrium; best replies to the cautious (a1, a0) would come to more than there is."""


@pytest.mark.parametrize("arm", [Arm.SHORT_TERM, Arm.FULL])
def test_nobody_that_keeps_its_word_ends_below_what_it_has_without_a_deal(arm: Arm) -> None:
    rng = np.random.default_rng(len(arm.value))
    shapes = [(2, 2), (3, 3), (2, 2, 2), (4, 3), (2, 3, 2), (2, 2, 2, 2)]
    games = [matrix(random_table(rng, *shapes[number % len(shapes)])) for number in range(120)]
    for game in (MatrixGame(CIRCLING), *games):
        stage = stage_game(rollouts(game))
        played = play(game, [Rational()] * game.players, arm)
        assert all(one.payer_kept and one.payee_kept for one in played.settled)
        assert all(got >= less - SETTLED for got, less in zip(played.payoffs, stage.no_deal_payoffs, strict=True))
        assert sum(played.payoffs) == stage.values[-1]


def test_better_by_less_than_a_standard_error_is_not_surely_better() -> None:
    raid = rollouts(Raid(2000), samples=6)
    some = list(itertools.islice(raid.profiles(), 0, None, 7))
    in_doubt = 0
    for one, other in itertools.combinations(some, 2):
        for players in ((0,), (0, 1, 2, 3)):
            draws = [raid.prospect(each).draws for each in (one, other)]
            gains = [sum(a[i] - b[i] for i in players) / POINT for a, b in zip(*draws, strict=True)]
            mean, error = statistics.mean(gains), statistics.stdev(gains) / len(gains) ** 0.5
            if abs(mean - error) > 1e-9:
                assert raid.surely_better(one, other, players) == (mean > error)
                in_doubt += 0 < mean < error
    assert in_doubt


def test_rounding_of_estimates_is_made_good_by_everybody_alike() -> None:
    assert to_wei([Fraction(10), Fraction(20), Fraction(30)], 66) == (12, 22, 32)
    assert to_wei([Fraction(10), Fraction(20), Fraction(30)], 52) == (8, 17, 27)
    assert to_wei([Fraction(1, 3)] * 3, 1) == (1, 0, 0)


def test_whole_wei_shapley_agrees_with_the_library_and_loses_no_wei() -> None:
    values = [0, *np.random.default_rng(5).integers(-(10**6), 10**6, size=2**6 - 1).tolist()]
    shares = fair_shares(values)
    assert sum(shares) == values[-1]
    assert np.allclose(shares, shapley(TableGame(values)).values, atol=1.0)


@pytest.mark.parametrize(("players", "levers"), [(2, 1), (3, 1), (3, 2), (5, 2), (6, 5)])
def test_escape_room_of_n_is_shared_equally(players: int, levers: int) -> None:
    game = stage_game(rollouts(EscapeRoom(players, levers)))
    together = (players - levers) * 10 * POINT - levers * POINT
    assert game.values[-1] == together
    assert max(abs(share * players - together) for share in game.fair) < players
    assert game.equilibrium
    assert set(game.no_deal) == {"door"}


def test_a_payoff_that_changes_changes_the_plan() -> None:
    table = np.array([[[-1, 10], [-1, -1]], [[-1, -1], [10, -1]]], dtype=object) * POINT
    room = make_plan(rollouts(MatrixGame(table.tolist(), unit=1, names=[["door", "lever"]] * 2)))
    assert room.actions == {0: "door", 1: "lever"}
    other = table.copy()
    other[0][0][1] = 4 * POINT
    poorer = make_plan(rollouts(MatrixGame(other.tolist(), unit=1, names=[["door", "lever"]] * 2)))
    assert poorer.actions == {0: "lever", 1: "door"}, "now it is the second who opens for more"
    assert [(leg.payer, leg.payee) for leg in poorer.legs] == [(1, 0)]


def test_names_of_actions_mean_nothing() -> None:
    rng = np.random.default_rng(9)
    table = random_table(rng, 3, 3)
    order = [2, 0, 1]
    plain = make_plan(rollouts(MatrixGame(table.tolist(), unit=1)))
    moved = table[:, order][:, :, order]
    names = [[f"a{k}" for k in order]] * 2
    same = make_plan(rollouts(MatrixGame(moved.tolist(), unit=1, names=names)))
    assert same.actions == plain.actions
    assert same.fair == plain.fair
    assert same.legs == plain.legs


def test_swapping_players_swaps_their_shares() -> None:
    table = random_table(np.random.default_rng(11), 3, 3)
    fair = stage_game(rollouts(matrix(table))).fair
    swapped = np.stack([table[1].T, table[0].T])
    if own_no_deal(swapped) == own_no_deal(table)[::-1]:
        found = stage_game(rollouts(matrix(swapped))).fair
        assert all(abs(share - other) <= 1 for share, other in zip(found, fair[::-1], strict=True))


def test_the_lever_asks_and_the_door_offers() -> None:
    room = rollouts(EscapeRoom())
    plan = make_plan(room)
    door, lever = (externality(room, plan.game.best, plan.game.no_deal, player) for player in (0, 1))
    assert (door.given, door.received, door.stance) == (0, 11 * POINT, Stance.OFFER)
    assert (lever.given, lever.received, lever.stance) == (11 * POINT, 0, Stance.ASK)
    assert plan.externalities == (door, lever)


def test_who_harms_others_offers() -> None:
    table = [[[0, 0], [3, 3]], [[0, 0], [-5, -5]]]
    harm = externality(rollouts(MatrixGame(table)), ("a1", "a0"), ("a0", "a0"), 0)
    assert (harm.given, harm.own, harm.stance) == (-5 * POINT, 3 * POINT, Stance.OFFER)


def test_no_deal_stands_where_best_replies_circle() -> None:
    pennies = [[[1, -1], [-1, 1]], [[-1, 1], [1, -1]]]
    game = stage_game(rollouts(MatrixGame(pennies)))
    assert (game.no_deal, game.equilibrium) == (("a0", "a0"), False)
    assert sum(game.fair) == 0


def test_common_random_numbers_give_an_action_that_changes_nothing_the_same_luck() -> None:
    raid = rollouts(Raid(2000), samples=4)
    assert raid.prospect(("fireball",) * 4) == rollouts(Raid(2000), samples=4).prospect(("fireball",) * 4)
    other = Rollouts(Raid(2000), Raid(2000).start(), samples=4, seed=(1,))
    assert other.prospect(("heal",) * 4) != raid.prospect(("heal",) * 4)


def test_a_second_taunt_in_a_turn_is_played_as_the_base_policy_plays() -> None:
    found = rollouts(Raid(2000)).prospect(("taunt", "taunt", "fireball", "fireball"))
    assert found.taken == ("taunt", "fireball", "fireball", "fireball")


def test_what_cannot_be_priced_is_refused_and_says_what_can() -> None:
    many = rollouts(EscapeRoom(13, 1))
    with pytest.raises(TooManyError, match="8192 joint actions; at most 4096"):
        stage_game(many)
    with pytest.raises(BargainError, match="one of"):
        rollouts(EscapeRoom()).prospect(("door", "window"))
    with pytest.raises(BargainError, match="at least 1 sample"):
        rollouts(EscapeRoom(), samples=0)
    game = EscapeRoom()
    with pytest.raises(BargainError, match="no stage begins"):
        Rollouts(game, game.step(game.start(), {0: "door", 1: "door"}, ()))


WEI = st.integers(-(10**24), 10**24)


@settings(max_examples=25, deadline=None)
@given(n=st.integers(1, 4), data=st.data())
def test_shares_are_the_whole_and_treat_equals_and_idlers_alike(n: int, data: st.DataObject) -> None:
    by_size = [0, *(data.draw(WEI) for _ in range(n))]
    symmetric = [by_size[mask.bit_count()] for mask in range(1 << n)]
    shares = fair_shares(symmetric)
    assert sum(shares) == by_size[-1]
    assert max(shares) - min(shares) <= 1
    idle = [*symmetric, *symmetric]  # one player more, who changes nothing
    assert abs(fair_shares(idle)[n]) <= 1


@settings(max_examples=25, deadline=None)
@given(cells=st.lists(WEI, min_size=8, max_size=8))
def test_fair_split_of_any_two_by_two_is_the_closed_form(cells: list[int]) -> None:
    table = np.array(cells, dtype=object).reshape(2, 2, 2)
    d = own_no_deal(table)
    one, two, both = (worth(table, frozenset(who), d) for who in ((0,), (1,), (0, 1)))
    fair = stage_game(rollouts(matrix(table))).fair
    assert abs(2 * fair[0] - (both + one - two)) <= 2
    assert abs(2 * fair[1] - (both + two - one)) <= 2


def test_random_games_are_settled_fairly_where_externalities_are_priced_and_not_elsewhere() -> None:
    record = matrices((2, 2), range(6))
    rows = {row["arm"]: row for row in record["arms"]}
    assert rows["short-term"]["success"] == rows["full"]["success"] == 1
    assert rows["full"]["most"] < 1e-15
    assert rows["no-talk"]["missed"] > rows["talk"]["missed"] > 1e-3
    assert record["below"] == record["below_at_equilibrium"] == 0, "two players gain by each other or not at all"
    assert all(len(row) == len(grid.columns) for grid in matrices_grids([record]) for row in grid.rows)
    with pytest.raises(BargainError, match="at least one seed"):
        matrices((2, 2), [])
