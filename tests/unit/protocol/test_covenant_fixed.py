"""Value systems in fixed point: what is accepted, how it is rounded, and what is said of anything else."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from headwater.covenant import (
    MAX_BOUND,
    SCALE,
    CovenantError,
    FixedBounds,
    FixedSystem,
    Frame,
    commitment,
    distance,
    distances,
    system_hash,
    vocabulary_hash,
)
from headwater.covenant.fixed import norm_name

HERE = "0x" + "22" * 20
ONE = FixedSystem((SCALE,), ((0,),))


def test_what_is_left_over_goes_to_the_largest_remainder_and_the_lowest_index() -> None:
    assert FixedSystem.of([1 / 3] * 3, [[0] * 3]).weights == (333_333_334, 333_333_333, 333_333_333)
    assert FixedSystem.of([0.25] * 4, [[0] * 4]).weights == (SCALE // 4,) * 4
    assert FixedSystem.of([1 / 7] * 7, [[0] * 7]).weights == (142_857_143,) * 6 + (142_857_142,)
    assert FixedSystem.of([0.5, 0.5 - 1.4e-9, 1.4e-9], [[0] * 3]).weights == (500_000_000, 499_999_999, 1)


def test_judgements_go_to_the_nearest_step_halves_to_even() -> None:
    steps = np.array([[0.4, 0.6, 1.0, -1.0, -0.4]]) * np.array([1e-9, 1e-9, 1.0, 1.0, 1e-9])
    assert FixedSystem.of([0.2] * 5, steps).judgements == ((0, 1, SCALE, -SCALE, 0),)
    half = 2.0**-10 * 5**9  # 1e9 · 2⁻¹⁰ is exactly 976,562.5
    assert half * 2**10 == 5**9
    assert FixedSystem.of([0.5, 0.5], [[2.0**-10, -(2.0**-10)]]).judgements == ((976_562, -976_562),)


def test_real_numbers_come_back_within_a_step() -> None:
    weights, judgements = FixedSystem.of([0.1, 0.9], [[0.123456789, -1], [1, 0]]).reals()
    assert weights.tolist() == [0.1, 0.9]
    assert judgements.tolist() == [[0.123456789, -1], [1, 0]]


@pytest.mark.parametrize(
    ("weights", "judgements", "said"),
    [
        ([], [[]], "0 values and 1 actions; the registry takes 1 to 16 values"),
        ([1.0], [], "finite real numbers in 2 dimensions"),
        ([1.0], np.zeros((0, 1)), "1 values and 0 actions"),
        ([1.0], np.zeros((17, 1)), "1 values and 17 actions"),
        ([1 / 17] * 17, np.zeros((1, 17)), "17 values and 1 actions"),
        ([0.5, 0.5], [[0.0]], "every row of judgements has 2 entries"),
        ([0.5, 0.6], [[0.0, 0.0]], "weights are not negative and sum to 1; these sum to 1.1"),
        ([1.5, -0.5], [[0.0, 0.0]], "weights are not negative"),
        ([0.0, 0.0], [[0.0, 0.0]], "these sum to 0"),
        ([math.nan, 1.0], [[0.0, 0.0]], "weights are finite real numbers"),
        ([0.5, 0.5], [[math.inf, 0.0]], "judgements are finite real numbers"),
        ([0.5, 0.5], [[1.1, 0.0]], r"a judgement lies in \[-1000000000, 1000000000\]"),
        (["x"], [[0.0]], "weights are an array of real numbers"),
        ([[0.5, 0.5]], [[0.0, 0.0]], "weights are finite real numbers in 1 dimensions"),
    ],
)
def test_what_is_no_system_is_refused_with_what_is_accepted(weights: Any, judgements: Any, said: str) -> None:
    with pytest.raises(CovenantError, match=said):
        FixedSystem.of(weights, judgements)


@pytest.mark.parametrize(
    ("weights", "judgements", "said"),
    [
        ((SCALE - 1,), ((0,),), "weights sum to 1000000000, these to 999999999"),
        ((SCALE + 1, -1), ((0, 0),), "a weight lies in"),
        ((SCALE,), ((SCALE + 1,),), "a judgement lies in"),
        ((1.0,), ((0,),), "fixed-point entries are integers; for floats, FixedSystem.of"),
        ((SCALE,), ((True,),), "fixed-point entries are integers"),
    ],
)
def test_fixed_point_entries_are_checked(weights: Any, judgements: Any, said: str) -> None:
    with pytest.raises(CovenantError, match=said):
        FixedSystem(weights, judgements)


def test_packed_entries_are_read_whole_or_not_at_all() -> None:
    packed = ONE.encode()
    assert packed == bytes.fromhex("000000003b9aca00" + "00" * 8)
    assert FixedSystem.decode(packed, 1, 1) == ONE
    for wrong in (packed[:-1], packed + b"\0", b"", packed * 2):
        with pytest.raises(CovenantError, match="1 values and 1 actions take 16 bytes"):
            FixedSystem.decode(wrong, 1, 1)


def test_systems_of_two_shapes_have_no_distance_and_norms_have_names() -> None:
    with pytest.raises(CovenantError, match="have no distance"):
        distances("l1", ONE, FixedSystem((SCALE, 0), ((0, 0),)))
    with pytest.raises(CovenantError, match="rows of 1 and of 2 entries"):
        distance("linf", [1], [1, 2])
    for call in (lambda: distance("l2", [1], [1]), lambda: FixedBounds.of(1, 1, "l2"), lambda: norm_name(0)):
        with pytest.raises(CovenantError, match="no norm"):
            call()


def test_a_bound_is_a_number_from_zero_up_and_infinity_is_everything() -> None:
    for bad in (-1.0, math.nan):
        with pytest.raises(CovenantError, match="a bound is a number from 0 up"):
            FixedBounds.of(bad, 0, "l1")
    for wrong in (-1, 2**96, 1.0, True):
        with pytest.raises(CovenantError, match="the bound on judgements is"):
            FixedBounds(weights=0, judgements=wrong, norm="l1")  # type: ignore[arg-type]
    every = FixedBounds.of(math.inf, 1e300, "squared-l2")
    assert (every.weights, every.judgements) == (MAX_BOUND, MAX_BOUND)
    assert FixedBounds.of(0.1, 0.3, "l1").capped(SCALE // 5) == FixedBounds(
        weights=10**8, judgements=2 * 10**8, norm="l1"
    )
    assert FixedBounds.of(0.1, 0.3, "squared-l2").capped(SCALE // 5).judgements == SCALE * SCALE // 5


def test_hashes_tell_apart_what_could_be_confused() -> None:
    """Names moved between the lists, norms, shapes of as many entries, and every word of a commitment."""
    names = [vocabulary_hash(*lists) for lists in ((["a"], ["b"]), (["a", "b"], []), (["ab"], [""]), (["b"], ["a"]))]
    assert len(set(names)) == 4
    wide, tall = FixedSystem((SCALE, 0), ((0, 0),)), FixedSystem((SCALE,), ((0,), (0,), (0,)))
    assert wide.encode() == tall.encode()
    hashes = {system_hash(Frame.of(each, norm, names[0]), each) for each in (wide, tall) for norm in ("l1", "linf")}
    assert len(hashes) == 4
    bounds, frame = FixedBounds.of(1, 2, "l1"), Frame.of(ONE, "l1", names[0])
    good: list[Any] = [1, HERE, HERE, frame, bounds, ONE, b"s" * 32]
    others: list[Any] = [
        2,
        "0x" + "23" * 20,
        "0x" + "24" * 20,
        Frame.of(ONE, "l1", names[1]),
        FixedBounds.of(2, 1, "l1"),
        FixedSystem((SCALE,), ((1,),)),
        b"t" * 32,
    ]
    made = [commitment(*good)] + [commitment(*[*good[:i], others[i], *good[i + 1 :]]) for i in range(7)]
    assert len(set(made)) == 8
    with pytest.raises(CovenantError, match="a salt has 32 bytes, got 5"):
        commitment(*good[:6], b"short")
    with pytest.raises(CovenantError, match="a vocabulary has 32 bytes"):
        Frame.of(ONE, "l1", b"")
