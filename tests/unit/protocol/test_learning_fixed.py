"""Fixed point: rounding never convicts who kept the constraint, and a real breach is always shown."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from learning_cases import context, profiles

from headwater.learning import (
    Context,
    FrozenFeatures,
    HalfSpaces,
    NormBound,
    Profile,
    SoftmaxRegression,
    StaticRecord,
    UpdateError,
    charter_rows,
    filter_update,
    fixed_update,
    half_spaces,
    pack_update,
    static_records,
)

SCALE = 10**9


@settings(max_examples=80, deadline=None)
@given(seed=st.integers(0, 10**6), d=st.integers(1, 40), size=st.sampled_from([1e-7, 0.1, 10.0]))
def test_who_keeps_a_half_space_is_never_convicted_and_who_breaks_it_plainly_always(
    seed: int, d: int, size: float
) -> None:
    rng = np.random.default_rng(seed)
    a, u = rng.normal(size=d) * rng.lognormal(sigma=3), rng.normal(size=d) * size
    reach = float(np.linalg.norm(u)) + 0.1
    exact = sum((Fraction(x) * Fraction(y) for x, y in zip(a.tolist(), u.tolist(), strict=True)), Fraction(0))
    b = float(exact)
    b = b if Fraction(b) >= exact else float(np.nextafter(b, np.inf))
    spaces = HalfSpaces(a=a[None], b=np.array([b]), names=("a",), box=np.full(d, np.inf), box_names=("",) * d)
    (row,) = charter_rows(spaces, reach)
    assert row.kept(fixed_update(u))
    slack = row.b - Fraction(b) * SCALE**2
    assert slack <= sum(abs(x) for x in row.a) + Fraction(d) / 2 * Fraction(reach) * SCALE + 2
    # Farther out than twice the slack, along a.
    over = u + a * float(2 * slack / SCALE**2 * Fraction(101, 100)) / float(a @ a)
    past = sum((Fraction(x) * Fraction(y) for x, y in zip(a.tolist(), over.tolist(), strict=True)), Fraction(0))
    if past > Fraction(b) + 2 * slack / SCALE**2 and np.abs(over).max() <= reach:
        assert not row.kept(fixed_update(over))


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_what_the_filter_lets_through_breaks_nothing_on_chain(seed: int) -> None:
    at = context(seed=seed % 5)
    said = profiles(0.01)
    verdict = filter_update(np.random.default_rng(seed).normal(size=at.task.dimension), said, at, "project")
    entries = fixed_update(verdict.update)
    spaces = half_spaces(said, at)
    assert all(row.kept(entries) for row in charter_rows(spaces))
    for record in [item for profile in said for item in static_records(profile, at)]:
        part = entries[record.start : record.stop]
        if record.kind == 1:
            assert sum(e * e for e in part) <= record.bound**2
        else:
            assert max(abs(e) for e in part) <= record.bound


def test_a_profiles_norms_and_frozen_features_become_records_of_runs() -> None:
    at = context()
    profile = Profile(
        "p",
        (
            NormBound(bound=0.5),
            NormBound(order="linf", bound=0.25),  # type: ignore[arg-type]
            FrozenFeatures(features=("height", "slope", "cloud"), tolerance=0.125),
            *profiles()[0].constraints[:1],
        ),
    )
    assert static_records(profile, at) == (
        StaticRecord(1, 0, 15, 500_000_000),
        StaticRecord(2, 0, 15, 250_000_000),
        StaticRecord(2, 0, 6, 125_000_000),
        StaticRecord(2, 9, 12, 125_000_000),
    )


def test_updates_are_rounded_towards_zero_and_packed_in_eight_bytes() -> None:
    assert fixed_update([1e-9, -1.9e-9, 0.3, -0.0]) == (1, -1, 299_999_999, 0)  # 0.3 is a little less than 3/10
    assert pack_update((1, -2)) == b"\0" * 7 + b"\1" + b"\xff" * 7 + b"\xfe"
    for bad in ([np.nan], [np.inf], [9.3e9], [], np.zeros(1025), np.zeros((1, 2))):
        with pytest.raises(UpdateError):
            fixed_update(bad)
    with pytest.raises(UpdateError):
        pack_update((2**63,))


def test_what_the_chain_cannot_hold_is_refused() -> None:
    def spaces(d: int, c: int, size: float = 1.0) -> HalfSpaces:
        return HalfSpaces(
            a=np.full((c, d), size),
            b=np.zeros(c),
            names=tuple("r" * c),
            box=np.full(d, np.inf),
            box_names=("",) * d,
        )

    with pytest.raises(UpdateError, match="bounds the norm"):
        charter_rows(spaces(2, 1))
    for bad in (spaces(1025, 1), spaces(2, 65), spaces(2, 1, 1e10)):
        with pytest.raises(UpdateError):
            charter_rows(bad, 1.0)
    large = SoftmaxRegression(400, 3)
    with pytest.raises(UpdateError, match="1024"):
        static_records(Profile("p"), Context(task=large, theta=np.zeros(large.dimension)))
