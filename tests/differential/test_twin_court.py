"""What an update breaks: twin against bytecode, entries to the ends of their width, breaches by one part in 1e18."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from eth_hash.auto import keccak
from hypothesis import given
from hypothesis import strategies as st

from harness import LocalBackend
from headwater.chain import deploy, load
from headwater.chain.revm import RevmBackend
from headwater.covenant import Charter, FixedProfile, FixedUpdate, HalfSpace, Limit, UpdateCourt
from randomised import trials

POLICY = keccak(b"policy")
END = 2**63
entries = st.one_of(st.sampled_from([0, 1, -1, END - 1, -END, 10**9]), st.integers(-END, END - 1), st.integers(-9, 9))


@pytest.fixture(scope="module")
def court() -> UpdateCourt:
    """A court without a registry behind it: its arithmetic asks nobody."""
    backend: LocalBackend = RevmBackend(seed=4)
    account = backend.dev_accounts(1)[0]
    contract, _ = deploy(backend, load("UpdateCourt"), account.address, 10_000, 1, sender=account)
    return UpdateCourt(backend, contract.address)


def _same(court: UpdateCourt, vector: Sequence[int], limit: Limit) -> bool:
    update = FixedUpdate(tuple(vector))
    profile = FixedProfile(POLICY, len(vector), (Limit("linf", 0, 1, 0), limit))
    found = court.breaks_profile(profile, 1, update)
    assert found == limit.breaks(update)
    return found


@trials(150)
@given(data=st.data(), kind=st.sampled_from(["l2", "linf"]), vector=st.lists(entries, min_size=1, max_size=9))
def test_limits_are_the_twins_where_they_matter(
    court: UpdateCourt, data: st.DataObject, kind: str, vector: list[int]
) -> None:
    start = data.draw(st.integers(0, len(vector) - 1))
    stop = data.draw(st.integers(start + 1, len(vector)))
    part = vector[start:stop]
    norms = {"linf": max(abs(entry) for entry in part), "l2": math.isqrt(sum(entry * entry for entry in part))}
    edge = norms[kind]
    for bound in {edge, max(0, edge - 1), edge + 1, 0, data.draw(st.integers(0, 2**64 - 1))}:
        if bound < 2**64:
            _same(court, vector, Limit(kind, start, stop, bound))


@trials(150)
@given(data=st.data(), vector=st.lists(entries, min_size=1, max_size=9))
def test_half_spaces_are_the_twins_to_the_last_unit(court: UpdateCourt, data: st.DataObject, vector: list[int]) -> None:
    normal = tuple(data.draw(st.lists(entries, min_size=len(vector), max_size=len(vector))))
    update = FixedUpdate(tuple(vector))
    product = sum(a * u for a, u in zip(normal, vector, strict=True))
    for bound in (product - 1, product, product + 1, 0, -1):
        if -(2**127) <= bound < 2**127:
            space = HalfSpace(normal, bound)
            assert court.breaks_charter(Charter((space,)), 0, update) == space.breaks(update)
            assert space.breaks(update) == (product > bound)


@pytest.mark.parametrize("dimension", [1_023, 1_024])
def test_the_largest_update_of_the_largest_entries_overflows_nothing(court: UpdateCourt, dimension: int) -> None:
    least, most = (-END,) * dimension, (END - 1,) * dimension
    for vector in (least, most):
        assert _same(court, vector, Limit("l2", 0, dimension, 2**64 - 1))
        assert not _same(court, vector, Limit("linf", 0, dimension, END))
        assert _same(court, vector, Limit("linf", dimension - 1, dimension, END - 2))
        for normal in (least, most):
            for bound in (2**127 - 1, -(2**127), 0):
                space, update = HalfSpace(normal, bound), FixedUpdate(vector)
                assert court.breaks_charter(Charter((space,)), 0, update) == space.breaks(update)


def test_random_updates_of_the_largest_dimension_are_judged_alike(court: UpdateCourt) -> None:
    rng = np.random.default_rng(0)
    for _ in range(3):
        vector = tuple(int(x) for x in rng.integers(-(10**9), 10**9, size=1_024))
        normal = tuple(int(x) for x in rng.integers(-(10**9), 10**9, size=1_024))
        product = sum(a * u for a, u in zip(normal, vector, strict=True))
        for bound in (product, product - 1):
            space = HalfSpace(normal, bound)
            assert court.breaks_charter(Charter((space,)), 0, FixedUpdate(vector)) == (bound < product)
        norm = math.isqrt(sum(entry * entry for entry in vector))
        assert [_same(court, vector, Limit("l2", 0, 1_024, norm + step)) for step in (0, 1)] == [True, False]
