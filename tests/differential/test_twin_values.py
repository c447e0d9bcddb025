"""Value systems in fixed point: encoding, hashes, checks and distances, twin against bytecode, exactly."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import new_backend
from headwater.chain import Reverted
from headwater.covenant import (
    NORMS,
    SCALE,
    CovenantError,
    FixedBounds,
    FixedSystem,
    Frame,
    Sealed,
    distances,
    slack,
    system_hash,
)
from randomised import EFFORT, trials, undone
from value_cases import SALT, VOCABULARY, Commons, forged, new_commons

ENTRIES = st.one_of(st.sampled_from([-SCALE, -1, 0, 1, SCALE]), st.integers(-SCALE, SCALE))


@pytest.fixture(scope="module")
def commons() -> Commons:
    return new_commons(new_backend(seed=5), people=4)


def _random(rng: np.random.Generator, m: int, a: int) -> FixedSystem:
    weights = rng.dirichlet(np.full(m, rng.choice([0.05, 1.0, 20.0])))
    judgements = np.clip(rng.normal(0, rng.choice([0.01, 0.5, 5.0]), (a, m)), -1, 1)
    return FixedSystem.of(weights, judgements)


def _corner(m: int, a: int, which: int, sign: int) -> FixedSystem:
    weights = [0] * m
    weights[which] = SCALE
    return FixedSystem(tuple(weights), tuple(tuple([sign * SCALE] * m) for _ in range(a)))


def _tell(commons: Commons, norm: str, one: FixedSystem, other: FixedSystem) -> tuple[int, int]:
    frame = Frame.of(one, norm, VOCABULARY)
    weights, judgements = commons.registry.contract.call("distances", frame.words, one.encode(), other.encode())
    return int(weights), int(judgements)


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("seed", range(12 * EFFORT))
def test_the_distances_are_the_bytecodes_on_systems_of_every_shape(commons: Commons, norm: str, seed: int) -> None:
    rng = np.random.default_rng([3, seed])
    m, a = int(rng.integers(1, 17)), int(rng.integers(1, 17))
    one, other = _random(rng, m, a), _random(rng, m, a)
    for pair in ((one, other), (other, one), (one, one)):
        assert _tell(commons, norm, *pair) == distances(norm, *pair)


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize(("m", "a"), [(1, 1), (1, 2), (2, 1), (3, 1), (1, 16), (16, 1), (16, 16)])
def test_the_distances_are_the_bytecodes_at_the_corners(commons: Commons, norm: str, m: int, a: int) -> None:
    one, other = _corner(m, a, 0, 1), _corner(m, a, m - 1, -1)
    found = _tell(commons, norm, one, other)
    assert found == distances(norm, one, other)
    most = {"l1": 2 * SCALE * m * a, "squared-l2": 4 * SCALE**2 * m * a, "linf": 2 * SCALE}[norm]
    assert found[1] == most
    assert found[0] == (0 if m == 1 else {"l1": 2 * SCALE, "squared-l2": 2 * SCALE**2, "linf": SCALE}[norm])


@trials(150)
@given(data=st.data())
def test_the_twin_refuses_exactly_what_the_bytecode_refuses(commons: Commons, data: st.DataObject) -> None:
    """On packed bytes, whole or cut or padded, near the rules' edges."""
    m, a = data.draw(st.integers(1, 3)), data.draw(st.integers(1, 2))
    weights = data.draw(st.lists(st.integers(0, SCALE), min_size=m - 1, max_size=m - 1))
    last = SCALE - sum(weights) + data.draw(st.sampled_from([0, 0, 0, 0, 1, -1]))
    judgements = data.draw(
        st.lists(st.one_of(ENTRIES, st.sampled_from([SCALE + 1, -SCALE - 1])), min_size=m * a, max_size=m * a)
    )
    packed = b"".join(entry.to_bytes(8, "big", signed=True) for entry in (*weights, last, *judgements))
    packed = data.draw(st.sampled_from([packed, packed, packed, packed[:-1], packed + b"\0", packed[8:]]))
    try:
        twin = FixedSystem.decode(packed, m, a)
    except CovenantError:
        with pytest.raises(Reverted):
            commons.registry.contract.call("distances", (VOCABULARY, m, a, 1), packed, packed)
        return
    assert twin.encode() == packed
    assert commons.registry.contract.call("distances", (VOCABULARY, m, a, 1), packed, packed) == (0, 0)


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("seed", range(4 * EFFORT))
def test_the_twin_accepts_exactly_what_the_bytecode_accepts(commons: Commons, norm: str, seed: int) -> None:
    """Random systems, bounds at or just below a distance, thresholds too; hashes and commitments on the way."""
    rng = np.random.default_rng([4, seed])
    m, a = int(rng.integers(1, 5)), int(rng.integers(1, 5))
    own, agreed = _random(rng, m, a), _random(rng, m, a)
    exact = distances(norm, own, agreed)
    bounds = FixedBounds(
        weights=max(0, exact[0] + int(rng.integers(-1, 2))),
        judgements=max(0, exact[1] + int(rng.integers(-1, 2))),
        norm=norm,
    )
    unit = SCALE if norm == "squared-l2" else 1
    threshold = max(0, max(exact) // unit + int(rng.integers(-1, 3)))
    with undone(commons.backend):
        commons.threshold.send("set", threshold, sender=commons.court)
        mine = Sealed(system=own, bounds=bounds, vocabulary=VOCABULARY, salt=SALT)
        commons.declare(commons.member, mine)
        made = commons.agree(agreed, norm)
        declared = commons.registry.declaration(commons.member.address)
        assert declared.system_hash == system_hash(mine.frame, own)
        reason = "joined"
        try:
            commons.stranger.relay(forged(commons.member, made, 1))
        except Reverted as error:
            reason = str(error.reason)
        assert reason in ("joined", "registry: weights too far apart", "registry: judgements too far apart")
        accepted = reason == "joined"
        assert accepted == made.admits(declared) == bounds.capped(threshold).accept(own, agreed)


@trials(200)
@given(st.integers(1, 16), st.integers(0, 2**32))
def test_rounded_weights_sum_to_one_and_none_moves_by_a_step(m: int, seed: int) -> None:
    weights = np.random.default_rng(seed).dirichlet(np.full(m, 0.3))
    fixed = FixedSystem.of(weights, np.zeros((1, m)))
    assert sum(fixed.weights) == SCALE
    total = sum(map(Fraction, weights.tolist()))
    for real, entry in zip(weights.tolist(), fixed.weights, strict=True):
        assert abs(Fraction(real) / total * SCALE - entry) < 1


@trials(100)
@given(st.sampled_from(sorted(NORMS)), st.integers(1, 16), st.integers(1, 4), st.integers(0, 2**32))
def test_rounding_moves_no_distance_by_more_than_the_slack(norm: str, m: int, a: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    reals = [(rng.dirichlet(np.ones(m)), rng.uniform(-1, 1, (a, m))) for _ in range(2)]
    fixed = [FixedSystem.of(*pair) for pair in reals]
    unit = SCALE * SCALE if norm == "squared-l2" else SCALE
    for part, found in enumerate(distances(norm, *fixed)):
        gap = np.abs(reals[0][part] - reals[1][part])
        truth = {"l1": gap.sum(), "squared-l2": (gap**2).sum(), "linf": gap.max()}[norm]
        assert abs(found / unit - truth) <= slack(norm, m, a)


@trials(100)
@given(st.floats(0, 600), st.sampled_from(sorted(NORMS)))
def test_a_rounded_bound_never_accepts_more_than_the_real_one(bound: float, norm: str) -> None:
    unit = SCALE * SCALE if norm == "squared-l2" else SCALE
    fixed = FixedBounds.of(bound, math.inf, norm)
    assert Fraction(fixed.weights, unit) <= Fraction(bound) < Fraction(fixed.weights + 1, unit)
    assert fixed.judgements == 2**96 - 1
