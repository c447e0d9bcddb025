"""The clone study: its world is what it says, clones are paid by Shapley alone, and newcomers bear the stated cost."""

from __future__ import annotations

import json

import numpy as np
import pytest

from headwater.credit import (
    coalition_range,
    log_capital,
    pooled_growth_game,
    precedence_shapley,
    shapley,
    spent_level,
    tabulate,
    trial_growths,
)
from headwater.report.stats import mean_interval
from headwater_agents.lab.clones import (
    BUYERS,
    Setting,
    Trial,
    averaging_chances,
    clone_table,
    joined_by,
    knowing_chances,
    newcomer_table,
    pay,
    play,
    public_odds,
    shares,
    similar_suppliers,
    study,
    supplier_reports,
)
from headwater_agents.lab.clones.__main__ import main

SEEDS = range(6)
SMALL = Setting(questions=800, copies=(1, 3))


@pytest.fixture(scope="module")
def clones():
    return {(row.buyer, row.kind, row.copies, row.rule): row for row in clone_table(SEEDS, SMALL)}


@pytest.fixture(scope="module")
def newcomers():
    # The waits of the other tests' shorter seasons would be cut off.
    return {(row.buyer, row.kind, row.names): row for row in newcomer_table(SEEDS, Setting(questions=1_500))}


def test_reports_and_public_odds_are_calibrated():
    pool = similar_suppliers(4)
    season = play(pool, 200_000, np.random.default_rng(1))
    for said in (public_odds(pool, season), supplier_reports(pool, season)[:, 2]):
        for low in (0.2, 0.4, 0.6, 0.8):
            inside = (said >= low - 0.05) & (said < low + 0.05)
            error = season.outcomes[inside] - said[inside]
            # Three standard errors of the sample, and the approximation's few thousandths.
            assert abs(error.mean()) < 3 * error.std() / np.sqrt(inside.sum()) + 0.004


def test_clones_leave_the_world_as_it_was_and_the_knowing_buyer_with_the_same_forecast():
    pool = similar_suppliers(3)
    cloned = joined_by(pool, [pool.loadings[0]] * 2, noise=0.0)
    before, after = (play(p, 500, np.random.default_rng(9)) for p in (pool, cloned))
    assert (before.outcomes == after.outcomes).all()
    assert after.signals[:, :3] == pytest.approx(before.signals, abs=1e-12)
    assert after.signals[:, 4] == pytest.approx(before.signals[:, 0], abs=1e-12)
    assert knowing_chances(cloned, after)[-1] == pytest.approx(knowing_chances(pool, before)[-1], abs=1e-9)


def test_more_signals_never_forecast_worse_for_the_knowing_buyer():
    pool = similar_suppliers(4)
    season = play(pool, 100_000, np.random.default_rng(2))
    growth = np.log(knowing_chances(pool, season)).mean(axis=1)
    for mask in range(16):
        for player in range(4):
            if not mask >> player & 1:
                assert growth[mask | 1 << player] > growth[mask]


def test_the_averaging_buyer_is_the_pooled_growth_game_and_its_credit_the_librarys():
    pool = similar_suppliers(3)
    season = play(pool, 300, np.random.default_rng(3))
    said, odds = supplier_reports(pool, season), public_odds(pool, season)
    game = pooled_growth_game(np.stack([1 - said, said], axis=2), np.stack([1 - odds, odds], axis=1), season.outcomes)
    chances = averaging_chances(pool, season)
    assert np.log(chances / chances[0]).sum(axis=1) == pytest.approx(tabulate(game).table, abs=1e-9)
    (span,) = pay(chances, (), Trial())
    assert span.credits["shapley"] == pytest.approx(shapley(game).values, abs=1e-9)
    (span,) = pay(chances, (2,), Trial(alpha=1e-9))
    assert span.ranks == (0, 0, 1)
    assert span.credits["precedence"] == pytest.approx(precedence_shapley(game, (0, 0, 1)).values, abs=1e-9)


def test_the_best_weights_are_those_of_a_regression_on_the_signals():
    pool = joined_by(similar_suppliers(3), [similar_suppliers(3).loadings[0]], noise=0.2)
    rng = np.random.default_rng(4)
    sources = rng.normal(size=(400_000, len(pool.latent)))
    signals, hidden = sources @ pool.loadings.T, sources @ pool.latent
    weights, left = pool.weights(coalition_range(4, 15, 16))
    fitted = np.linalg.lstsq(signals, hidden, rcond=None)[0]
    assert weights[0] == pytest.approx(fitted, abs=0.01)
    assert left[0] == pytest.approx((hidden - signals @ fitted).var(), abs=0.01)


@pytest.mark.parametrize("buyer", list(BUYERS))
@pytest.mark.parametrize("kind", ["exact", "noisy"])
def test_clones_pay_by_shapley_and_more_of_them_pay_more(clones, buyer, kind):
    one, three = (clones[buyer, kind, copies, "shapley"] for copies in (1, 3))
    assert one.gain.low > 0.05
    assert three.gain.low > one.gain.high


@pytest.mark.parametrize("kind", ["exact", "noisy"])
def test_clones_do_not_pay_by_precedence_where_the_buyer_knows_what_it_buys(clones, kind):
    row = clones["knowing", kind, 3, "precedence"]
    assert abs(row.gain.mean) < 0.002
    assert row.promoted == 0


def test_an_exact_clone_takes_exactly_nothing_by_precedence_from_the_knowing_buyer(clones):
    row = clones["knowing", "exact", 3, "precedence"]
    assert max(abs(row.gain.low), abs(row.gain.high)) < 1e-9


def test_an_averaging_buyer_pays_clones_by_precedence_a_small_part_of_what_shapley_pays(clones):
    by_rule = {rule: clones["averaging", "exact", 3, rule].gain for rule in ("shapley", "precedence")}
    assert by_rule["precedence"].high < by_rule["shapley"].low / 5


def test_leave_one_out_pays_the_cloned_supplier_nothing_at_all(clones):
    assert clones["knowing", "exact", 1, "leave-one-out"].share.high < 1e-9
    assert clones["knowing", "exact", 1, "leave-one-out"].honest.mean > 0.05


def test_a_newcomer_with_information_of_its_own_is_promoted_and_loses_nothing_after(newcomers):
    row = newcomers["knowing", "new", 1]
    assert row.promoted.mean > 0.5
    assert 100 < row.wait.mean < 1_500
    assert row.fair.low > 0
    assert row.lost_after.mean == pytest.approx(0.0, abs=1e-12)
    # What nobody else knows is worth more once the others are in, so trial costs it nothing in pay.
    assert row.lost.high < 0.1


def test_an_honest_newcomer_that_overlaps_the_incumbents_bears_the_cost(newcomers):
    row = newcomers["knowing", "overlapping", 1]
    assert row.fair.low > 0
    assert row.lost.low > 0.5
    assert row.promoted.mean < 0.5


def test_neither_a_clone_nor_noise_is_promoted(newcomers):
    for buyer in BUYERS:
        for kind in ("exact clone", "noise"):
            assert newcomers[buyer, kind, 1].promoted.mean == 0, (buyer, kind)
    assert newcomers["knowing", "exact clone", 1].lost.mean == pytest.approx(1.0, abs=1e-9)
    assert newcomers["averaging", "noise", 1].fair.high < 0


def test_a_copy_helps_a_buyer_that_gives_its_original_too_little_weight_so_in_the_end_it_is_promoted():
    pool = similar_suppliers(4)
    pool = joined_by(pool, [pool.loadings[0]], noise=0.0)
    season = play(pool, 150_000, np.random.default_rng(8))
    added = trial_growths(*averaging_chances(pool, season)[[0b01111, 0b11111]], Trial().cap)
    assert mean_interval(added).low > 0
    assert log_capital(added, Trial().cap).max() > -np.log(spent_level(Trial().alpha, 1))


def test_only_one_of_several_names_of_a_newcomer_is_established(newcomers):
    pool = similar_suppliers(2)
    own = np.zeros(len(pool.latent))
    own[1] = 1.5
    pool = joined_by(pool, [own], noise=0.1)
    pool = joined_by(pool, [pool.loadings[-1]] * 2, noise=0.0)
    spans = pay(knowing_chances(pool, play(pool, 1_500, np.random.default_rng(5))), (2, 3, 4), Trial())
    assert len(spans) == 2
    assert spans[-1].ranks == (0, 0, 0, 1, 1)
    assert spans[-1].credits["precedence"][3:] == pytest.approx([0, 0], abs=1e-9)
    row = newcomers["knowing", "new", 3]
    assert row.promoted == newcomers["knowing", "new", 1].promoted


def test_what_spans_credit_adds_up_to_the_growth_of_the_season():
    pool = similar_suppliers(3)
    own = np.zeros(len(pool.latent))
    own[1] = 1.0
    pool = joined_by(pool, [own], noise=0.1)
    chances = knowing_chances(pool, play(pool, 1_000, np.random.default_rng(6)))
    spans = pay(chances, (3,), Trial())
    assert len(spans) == 2
    assert [span.start for span in spans[1:]] == [span.stop for span in spans[:-1]]
    for rule in ("shapley", "precedence"):
        total = sum(span.credits[rule].sum() for span in spans)
        assert total == pytest.approx(np.log(chances[-1] / chances[0]).sum(), abs=1e-9)
        assert shares(spans, rule).sum() == pytest.approx(1.0)


def test_the_study_is_its_seeds_and_prints_as_json_and_as_tables(capsys):
    tiny = Setting(questions=60, copies=(1,))
    assert study(range(2), tiny) == study(range(2), tiny)
    assert study(range(2), tiny) != study(range(2, 4), tiny)
    main(["--seeds", "2", "--questions", "30", "--json"])
    told = json.loads(capsys.readouterr().out)
    assert len(told["clones"]) == 2 * 2 * 6 * 3
    assert len(told["newcomers"]) == 2 * 5
    main(["--seeds", "2", "--questions", "30"])
    assert "precedence" in capsys.readouterr().out
    main(["--seeds", "2", "--questions", "30", "--only", "newcomers"])
    told = capsys.readouterr().out
    assert "overlapping" in told
    assert "noisy" not in told
    with pytest.raises(SystemExit):
        main(["--seeds", "1"])


def test_intervals_of_the_rows_are_those_of_the_seeds():
    pool = similar_suppliers(SMALL.suppliers)
    alone = []
    for seed in SEEDS:
        season = play(pool, SMALL.questions, np.random.default_rng(seed))
        alone.append(shares(pay(averaging_chances(pool, season), (), SMALL.trial), "shapley")[0])
    row = next(row for row in clone_table(SEEDS, SMALL) if row.buyer == "averaging" and row.rule == "shapley")
    assert row.honest == mean_interval(alone)
