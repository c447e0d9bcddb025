"""Updates, profiles and charters in fixed point: what goes in comes out, what is wrong is said, the honest are safe."""

from __future__ import annotations

import math

import numpy as np
import pytest
from eth_hash.auto import keccak
from hypothesis import assume, given
from hypothesis import strategies as st

from headwater.covenant import (
    SCALE,
    Charter,
    CovenantError,
    FixedProfile,
    FixedUpdate,
    HalfSpace,
    Limit,
    breaches,
    l2_limit,
    linf_limits,
    seal,
)
from randomised import trials

POLICY = keccak(b"policy")
INT64 = st.integers(-(2**63), 2**63 - 1)
reals = st.floats(-2.0, 2.0, allow_nan=False)
rows = st.lists(reals, min_size=1, max_size=12)


@given(entries=st.lists(INT64, min_size=1, max_size=20))
def test_an_update_survives_the_wire(entries: list[int]) -> None:
    update = FixedUpdate(tuple(entries))
    assert FixedUpdate.decode(update.encode()) == update
    assert update.hash == keccak(update.encode())
    assert len(update.encode()) == 8 * len(entries)


@given(normal=st.lists(INT64, min_size=1, max_size=20), bound=st.integers(-(2**127), 2**127 - 1))
def test_a_half_space_survives_the_wire(normal: list[int], bound: int) -> None:
    space = HalfSpace(tuple(normal), bound)
    assert HalfSpace.decode(space.encode()) == space


@given(
    dimension=st.integers(1, 1_024),
    parts=st.lists(st.tuples(st.sampled_from(["l2", "linf"]), st.integers(0, 2**64 - 1)), max_size=5),
    data=st.data(),
)
def test_a_profile_survives_the_wire(dimension: int, parts: list[tuple[str, int]], data: st.DataObject) -> None:
    limits = []
    for kind, bound in parts:
        start = data.draw(st.integers(0, dimension - 1))
        limits.append(Limit(kind, start, data.draw(st.integers(start + 1, dimension)), bound))
    profile = FixedProfile(POLICY, dimension, tuple(limits))
    assert FixedProfile.decode(profile.encode()) == profile
    assert profile.hash != FixedProfile(keccak(b"other policy"), dimension, tuple(limits)).hash


@trials(150)
@given(update=rows, bound=st.floats(0, 3))
def test_who_keeps_a_norm_as_floats_find_it_is_not_convicted(update: list[float], bound: float) -> None:
    u, d = np.array(update), len(update)
    fixed = FixedUpdate.of(u)
    if np.linalg.norm(u) <= bound:
        assert not l2_limit(d, bound).breaks(fixed)
    if np.abs(u).max() <= bound:
        assert not any(limit.breaks(fixed) for limit in linf_limits(range(d), bound))


@trials(100)
@given(update=rows, shrink=st.sampled_from([0.0, 1e-16, 1e-12]))
def test_who_is_exactly_at_its_norm_is_not_convicted(update: list[float], shrink: float) -> None:
    u = np.array(update)
    assert not l2_limit(len(u), float(np.linalg.norm(u)) * (1 - shrink) + shrink).breaks(FixedUpdate.of(u))
    for limit in linf_limits(range(len(u)), float(np.abs(u).max())):
        assert not limit.breaks(FixedUpdate.of(u))


@trials(150)
@given(data=st.data(), d=st.integers(1, 40), size=st.sampled_from([1e-12, 1.0, 1e9]), at=st.booleans())
def test_who_keeps_a_half_space_as_floats_find_it_is_not_convicted(
    data: st.DataObject, d: int, size: float, at: bool
) -> None:
    """Also where the update lies on its boundary, whatever the size of the normal, in any order of summing."""
    entry = st.one_of(reals, st.sampled_from([0.0, 1.0, -1.0, 1e-9, 0.1]))
    a = np.array(data.draw(st.lists(entry, min_size=d, max_size=d))) * size
    u = np.array(data.draw(st.lists(entry, min_size=d, max_size=d)))
    assume(a.any())
    bound = float(a @ u) if at else data.draw(st.floats(-2.0, 2.0)) * size
    kept = float(a @ u) <= bound or float((a * u)[::-1].sum()) <= bound
    space = HalfSpace.of(a, bound, radius=2.0)
    if kept:
        assert not space.breaks(FixedUpdate.of(u))


def test_a_large_update_is_not_convicted_for_a_normal_between_two_grains() -> None:
    a, u = np.array([1.0, 2 / 3]), np.array([-666.0, 1_000.0])
    space = HalfSpace.of(a, float(a @ u), radius=1_000.0)
    assert sum(x * y for x, y in zip(space.normal, FixedUpdate.of(u).entries, strict=True)) > float(a @ u) * SCALE**2
    assert not space.breaks(FixedUpdate.of(u))


@trials(60)
@given(seed=st.integers(0, 2**32 - 1), d=st.integers(1, 40), radius=st.sampled_from([0.1, 1.0, 2.0]))
def test_a_breach_beyond_what_rounding_covers_is_one(seed: int, d: int, radius: float) -> None:
    """The size that the module's text gives, times a half more."""
    rng = np.random.default_rng(seed)
    a, u = rng.normal(size=d), rng.uniform(-radius, radius, size=d)
    size = float(np.abs(a).max())
    slack = (2 * float(np.abs(a).sum()) / size + d * radius) / SCALE
    assert HalfSpace.of(a, float(a @ u) - 1.5 * slack * size, radius).breaks(FixedUpdate.of(u))


@trials(30)
@given(seed=st.integers(0, 2**32 - 1), d=st.integers(1, 1_024))
def test_who_signs_what_is_sealed_breaks_nothing_at_any_dimension(seed: int, d: int) -> None:
    """Updates projected on a ball and a half-space, which end on their boundaries, as honest members' do."""
    rng = np.random.default_rng(seed)
    a, u = rng.normal(size=d), rng.normal(size=d)
    u /= max(1.0, float(np.linalg.norm(u)))
    profile = FixedProfile(POLICY, d, (l2_limit(d, 1.0),))
    radius = profile.radius
    assert radius is not None
    assert radius >= 1
    bound = float(a @ u) - abs(float(rng.normal())) * 0.1
    u -= a * (float(a @ u) - bound) / float(a @ a) * (1 + 1e-15)
    norm = float(np.linalg.norm(u))
    assume(float(a @ u) <= bound and norm <= 1.0)
    charter = Charter((HalfSpace.of(a, bound, radius),))
    fixed = seal(u, profile, charter)
    assert breaches(fixed, profile, charter) == []
    assert np.abs(fixed.reals() - u).max() <= 1 / SCALE


def test_a_seal_says_what_would_convict() -> None:
    profile = FixedProfile(POLICY, 2, (l2_limit(2, 1.0), *linf_limits([1], 0.0)))
    charter = Charter((HalfSpace.of([1.0, 0.0], 0.0, 1.0),))
    assert seal([-0.5, 0.0], profile, charter).entries == (-SCALE // 2, 0)
    with pytest.raises(CovenantError, match="breaks profile 1, charter 0; signing it would cost the bond"):
        seal([0.5, 1e-8], profile, charter)
    # What rounds to zero is left alone.
    assert seal([0.0, 9e-10], profile, charter).entries == (0, 0)
    with pytest.raises(CovenantError, match="3 entries under a profile of 2"):
        seal([0.0, 0.0, 0.0], profile, charter)


def test_neighbouring_entries_make_one_limit() -> None:
    assert linf_limits([5, 1, 2, 2, 7, 6], 0.5) == (
        Limit("linf", 1, 3, SCALE // 2),
        Limit("linf", 5, 8, SCALE // 2),
    )
    assert linf_limits([], 0.5) == ()


def test_a_radius_bounds_every_entry_or_is_none() -> None:
    assert FixedProfile(POLICY, 3, linf_limits([0, 1], 0.5)).radius is None
    assert FixedProfile(POLICY, 2, linf_limits([0, 1], 0.5)).radius == (SCALE // 2 + 1) / SCALE
    tight = FixedProfile(POLICY, 2, (*linf_limits([0], 0.25), l2_limit(2, 1.0)))
    assert tight.radius is not None
    assert 1.0 <= tight.radius < 1.0 + 1e-8


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: FixedUpdate.of([]), "1 to 1024 entries"),
        (lambda: FixedUpdate.of(np.zeros(1_025)), "1 to 1024 entries"),
        (lambda: FixedUpdate.of([math.nan]), "finite real numbers"),
        (lambda: FixedUpdate.of([math.inf]), "finite real numbers"),
        (lambda: FixedUpdate.of([[1.0]]), "shape"),
        (lambda: FixedUpdate.of(["a"]), "real numbers"),
        (lambda: FixedUpdate.of([1e10]), "8 bytes"),
        (lambda: FixedUpdate((0.5,)), "8 bytes"),  # type: ignore[arg-type]
        (lambda: FixedUpdate.decode(b"1234567"), "8 bytes each"),
        (lambda: Limit("l1", 0, 1, 1), "there are l2, linf"),
        (lambda: Limit("l2", 1, 1, 1), "entries of 0 to 1023"),
        (lambda: Limit("l2", 0, 1, -1), "0 to 2\\*\\*64 - 1"),
        (lambda: l2_limit(2, math.inf), "finite number from 0 up"),
        (lambda: l2_limit(2, -1.0), "finite number from 0 up"),
        (lambda: l2_limit(2, 1e12), "0 to 2\\*\\*64 - 1"),
        (lambda: linf_limits([0], math.nan), "finite number from 0 up"),
        (lambda: FixedProfile(b"short", 2, ()), "32 bytes"),
        (lambda: FixedProfile(POLICY, 0, ()), "1 to 1024 entries"),
        (lambda: FixedProfile(POLICY, 2, (Limit("l2", 0, 3, 1),)), "does not have"),
        (lambda: FixedProfile(POLICY, 2, (Limit("l2", 0, 1, 1),) * 257), "at most 256"),
        (lambda: FixedProfile.decode(bytes(40)), "34 bytes and 13"),
        (lambda: FixedProfile.decode(bytes(33) + b"\x02" + b"\x09" + bytes(12)), "no limit '9'"),
        (lambda: HalfSpace.of([0.0, 0.0], 1.0, 1.0), "other than zero"),
        (lambda: HalfSpace.of([1.0], math.inf, 1.0), "finite number"),
        (lambda: HalfSpace.of([1.0], 1.0, math.inf), "finite number"),
        (lambda: HalfSpace.of([math.nan], 1.0, 1.0), "finite real numbers"),
        (lambda: HalfSpace((1,), 2**127), "16 bytes"),
        (lambda: HalfSpace.decode(b"short"), "16 bytes and 8"),
        (lambda: HalfSpace((1, 1), 0).breaks(FixedUpdate((1,))), "1 entries against 2"),
        (lambda: Charter((HalfSpace((1,), 0),) * 65), "at most 64"),
    ],
)
def test_what_the_court_could_not_read_is_refused(make: object, said: str) -> None:
    with pytest.raises(CovenantError, match=said):
        make()  # type: ignore[operator]


def test_a_bound_out_of_all_reach_stands_at_the_end() -> None:
    assert HalfSpace.of([1.0], 1e30, 1.0).bound == 2**127 - 1
    assert HalfSpace.of([1.0], -1e30, 1.0).bound == -(2**127)
