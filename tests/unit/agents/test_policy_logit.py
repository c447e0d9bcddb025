"""The regression behind calibration and pooling, against a general optimiser."""

import numpy as np
import pytest
from scipy.optimize import minimize

from headwater_agents.policies import logit


def _case(k: int, d: int, rows: int, seed: int):
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(rows, k, d))
    offset = rng.normal(size=(rows, k))
    truth = rng.normal(size=d)
    p = logit.probabilities(features, offset, truth)
    outcomes = np.array([rng.choice(k, p=row) for row in p])
    return features, offset, outcomes, truth


def _loss(at, features, offset, outcomes, mean, precision):
    p = logit.probabilities(features, offset, at)
    return -np.log(p[np.arange(len(outcomes)), outcomes]).sum() + 0.5 * (at - mean) @ precision @ (at - mean)


@pytest.mark.parametrize(("k", "d", "seed"), [(2, 1, 0), (2, 6, 1), (3, 4, 2), (8, 3, 3)])
def test_fit_is_where_a_general_optimiser_ends(k, d, seed):
    features, offset, outcomes, _ = _case(k, d, 150, seed)
    mean, precision = np.full(d, 0.3), np.eye(d) * 2 + 0.1
    found = logit.fit(features, offset, outcomes, prior_mean=mean, prior_precision=precision)
    args = (features, offset, outcomes, mean, precision)
    reference = minimize(_loss, mean, args=args, method="BFGS", options={"gtol": 1e-7})
    assert found == pytest.approx(reference.x, abs=1e-4)
    assert _loss(found, *args) <= reference.fun + 1e-9


def test_fit_recovers_the_truth_from_many_rows():
    features, offset, outcomes, truth = _case(3, 3, 20_000, 5)
    found = logit.fit(features, offset, outcomes, prior_mean=np.zeros(3), prior_precision=np.eye(3))
    assert found == pytest.approx(truth, abs=0.06)


def test_no_rows_leave_the_prior():
    mean = np.array([0.2, -1.0])
    found = logit.fit(
        np.empty((0, 2, 2)),
        np.empty((0, 2)),
        np.empty(0, dtype=np.int64),
        prior_mean=mean,
        prior_precision=np.eye(2),
    )
    assert found == pytest.approx(mean)


def test_start_does_not_change_where_the_fit_ends():
    features, offset, outcomes, _ = _case(2, 4, 80, 9)
    prior = {"prior_mean": np.zeros(4), "prior_precision": np.eye(4)}
    cold = logit.fit(features, offset, outcomes, **prior)
    assert logit.fit(features, offset, outcomes, **prior, start=np.full(4, 30.0)) == pytest.approx(cold, abs=1e-6)


def test_separable_outcomes_still_have_a_finite_fit():
    features = np.zeros((40, 2, 1))
    features[:, 1, 0] = np.linspace(-50, 50, 40)
    outcomes = (features[:, 1, 0] > 0).astype(np.int64)
    found = logit.fit(features, np.zeros((40, 2)), outcomes, prior_mean=np.zeros(1), prior_precision=np.eye(1))
    assert np.isfinite(found).all()
    assert found[0] > 0


def test_numbers_that_are_not_finite_are_refused():
    features = np.full((3, 2, 1), np.nan)
    with pytest.raises(logit.FitError, match="finite"):
        logit.fit(
            features, np.zeros((3, 2)), np.zeros(3, dtype=np.int64), prior_mean=np.zeros(1), prior_precision=np.eye(1)
        )
