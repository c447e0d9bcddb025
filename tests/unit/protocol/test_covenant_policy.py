"""Between the filter and the court: who passes the one cannot be convicted by the other; who is far outside can be."""

from __future__ import annotations

import numpy as np
import pytest
from eth_hash.auto import keccak
from hypothesis import given
from hypothesis import strategies as st

from headwater.covenant import CovenantError, FixedUpdate, breaches, seal
from headwater.covenant.policy import fixed_charter, fixed_profile, policy_hash
from headwater.learning import (
    Batch,
    Context,
    FrozenFeatures,
    NormBound,
    Profile,
    ProtectedLoss,
    SoftmaxRegression,
    filter_update,
    half_spaces,
    profile_hash,
)
from randomised import trials

FEATURES, CLASSES = 4, 3


def _context(seed: int) -> Context:
    rng = np.random.default_rng(seed)
    task = SoftmaxRegression(features=FEATURES, classes=CLASSES)
    group = Batch(rng.normal(size=(30, FEATURES)), rng.integers(CLASSES, size=30))
    return Context(task=task, theta=rng.normal(size=task.dimension), groups={"few": group})


def _profile(tolerance: float, bound: float, frozen: float, order: str = "l2") -> Profile:
    return Profile(
        "cautious",
        (
            ProtectedLoss(group="few", tolerance=tolerance),
            NormBound(order=order, bound=bound),  # type: ignore[arg-type]
            FrozenFeatures(features=(0, 2), tolerance=frozen),
        ),
    )


@trials(60)
@given(
    seed=st.integers(0, 2**20),
    tolerance=st.sampled_from([0.0, 1e-9, 0.01, 0.1]),
    bound=st.sampled_from([1e-6, 0.123456789, 1.0, 30.0]),
    frozen=st.sampled_from([0.0, 1e-9, 0.05]),
    order=st.sampled_from(["l2", "linf"]),
    size=st.sampled_from([0.1, 1.0, 100.0]),
    mode=st.sampled_from(["reject", "project"]),
)
def test_whatever_the_filter_admits_can_be_signed(
    seed: int, tolerance: float, bound: float, frozen: float, order: str, size: float, mode: str
) -> None:
    context, profile = _context(seed), _profile(tolerance, bound, frozen, order)
    proposed = np.random.default_rng(seed).normal(size=context.task.dimension) * size * bound
    spaces = half_spaces([profile], context)
    verdict = filter_update(proposed, [profile], context, mode, spaces)
    if verdict.admissible:
        seal(verdict.update, fixed_profile([profile], context), fixed_charter(spaces))


@pytest.mark.parametrize("bound", [0.1, 1.0, 0.123456789, 5.0])
def test_an_update_as_far_out_as_the_filter_tolerates_can_be_signed(bound: float) -> None:
    """1e-9 above each bound, where the integers would convict without room for it."""
    context, profile = _context(0), _profile(0.5, bound, 0.0, "linf")
    spaces = half_spaces([profile], context)
    a = spaces.a[0]
    free = [j for j in range(context.task.dimension) if spaces.box[j] > 0]
    update = np.zeros(context.task.dimension)
    update[free[0]] = bound + 1e-9
    update[next(j for j in range(len(update)) if spaces.box[j] == 0)] = 1e-9
    verdict = filter_update(update, [profile], context, "reject", spaces)
    assert verdict.admissible, verdict.reason
    assert a @ update < 0.5
    seal(update, fixed_profile([profile], context), fixed_charter(spaces))


@trials(30)
@given(seed=st.integers(0, 2**20))
def test_an_update_outside_by_a_millionth_can_be_convicted(seed: int) -> None:
    """A thousand times the filter's slack above the half-space, above the norm, on a frozen feature."""
    context, profile = _context(seed), _profile(0.01, 1.0, 0.0)
    spaces = half_spaces([profile], context)
    fixed, charter = fixed_profile([profile], context), fixed_charter(spaces)
    d, a = context.task.dimension, spaces.a[0]
    frozen = np.zeros(d)
    frozen[int(np.flatnonzero(spaces.box == 0)[0])] = 1e-6
    assert ("profile", 1) in breaches(FixedUpdate.of(frozen), fixed, charter)
    rng = np.random.default_rng(seed)
    long = rng.normal(size=d)
    assert ("profile", 0) in breaches(FixedUpdate.of(long / np.linalg.norm(long) * (1 + 1e-6)), fixed, charter)
    over = a * (0.01 + 1e-6) / float(a @ a)
    assert breaches(FixedUpdate.of(over), fixed, charter)[-1] == ("charter", 0)


def test_the_chain_knows_a_profile_by_its_file_and_its_limits() -> None:
    context, profile = _context(0), _profile(0.01, 1.0, 0.0)
    fixed = fixed_profile([profile], context)
    assert fixed.policy == profile_hash(profile) == policy_hash([profile])
    looser = _profile(0.02, 1.0, 0.0)
    assert fixed_profile([looser], context).limits == fixed.limits
    assert fixed_profile([looser], context).hash != fixed.hash
    both = fixed_profile([profile, looser], context)
    assert both.policy == keccak(profile_hash(profile) + profile_hash(looser))
    assert len(both.limits) == 2 * len(fixed.limits)


def test_a_charter_needs_updates_of_a_known_size_and_leaves_out_what_constrains_nothing() -> None:
    context = _context(0)
    loose = Profile("loose", (ProtectedLoss(group="few", tolerance=0.1),))
    with pytest.raises(CovenantError, match="has to bound the norm"):
        fixed_charter(half_spaces([loose], context))
    bounded = Profile("bounded", (NormBound(bound=1.0),))
    assert fixed_charter(half_spaces([bounded], context)).rows == ()
    assert fixed_charter(half_spaces([], context)).rows == ()
