import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.cascade.wide import (
    Amounts,
    at_least,
    bit_lengths,
    carry,
    from_ints,
    from_words,
    limbs_for,
    mul,
    reciprocals,
    scale_down,
    shift_left,
    sub,
    to_ints,
)

# Limbs of all ones and powers of two are where carries and borrows go wrong.
edges = st.builds(lambda bits, off: max(0, (1 << bits) + off), st.integers(0, 159), st.integers(-2, 2))
numbers = st.integers(0, 2**160 - 1) | edges
pairs = st.lists(st.tuples(numbers, numbers), min_size=1, max_size=8)


@given(st.lists(numbers, max_size=8))
def test_integers_survive_the_way_into_limbs_and_back(values: list[int]) -> None:
    assert to_ints(from_ints(values, 5)) == values


@given(st.lists(st.integers(0, 2**64 - 1), max_size=8))
def test_words_become_limbs(values: list[int]) -> None:
    assert to_ints(from_words(np.array(values, np.uint64), 2)) == values


@given(pairs, st.integers(1, 10))
def test_mul_gives_the_low_limbs_of_the_product(values: list[tuple[int, int]], limbs: int) -> None:
    a, b = (from_ints(column, 5) for column in zip(*values, strict=True))
    assert to_ints(mul(a, b, limbs)) == [x * y % 2 ** (32 * limbs) for x, y in values]


@given(pairs)
def test_sub_wraps_and_at_least_compares(values: list[tuple[int, int]]) -> None:
    a, b = (from_ints(column, 5) for column in zip(*values, strict=True))
    assert to_ints(sub(a, b)) == [(x - y) % 2**160 for x, y in values]
    assert at_least(a, b).tolist() == [x >= y for x, y in values]


@given(st.lists(st.tuples(numbers, st.integers(0, 10_000)), min_size=1, max_size=8))
def test_scale_down_floors(values: list[tuple[int, int]]) -> None:
    a = from_ints([x for x, _ in values], 5)
    numerator = np.array([k for _, k in values], np.uint64)
    assert to_ints(scale_down(a, numerator, 10_000)) == [x * k // 10_000 for x, k in values]


@given(st.lists(numbers, min_size=1, max_size=8))
def test_bit_lengths_and_shifts_are_those_of_integers(values: list[int]) -> None:
    wide = from_ints(values, 5)
    assert bit_lengths(wide).tolist() == [value.bit_length() for value in values]
    turn = np.arange(len(values)) * 23
    assert to_ints(shift_left(wide, turn, 11)) == [v << int(t) for v, t in zip(values, turn, strict=True)]


@given(st.integers(1, 4), st.integers(1, 5), st.lists(st.integers(0, 2**160), min_size=1, max_size=8))
def test_reciprocals_floor(size: int, limbs: int, values: list[int]) -> None:
    low, high = 2 ** (32 * size - 3), 2 ** (32 * size - 1)
    # Just above a power of two, and just below, quotient digits are all ones or zeros.
    totals = [low + value % (high - low) for value in values] + [
        low,
        low + 1,
        high - 1,
        2 * low,
        2 * low - 1,
        2 * low + 1,
    ]
    expected = [2 ** (32 * (size + limbs)) // total for total in totals]
    assert to_ints(reciprocals(from_ints(totals, size), limbs)) == expected


@given(st.lists(st.lists(st.integers(0, 2**62), min_size=3, max_size=3), min_size=1, max_size=5))
def test_carry_keeps_the_value(columns: list[list[int]]) -> None:
    wide = np.zeros((5, len(columns)), np.uint64)
    wide[:3] = np.array(columns, np.uint64).T
    value = [sum(limb << (32 * i) for i, limb in enumerate(column)) for column in columns]
    carry(wide)
    assert to_ints(wide) == value
    assert int(wide.max()) < 2**32


@pytest.mark.parametrize(("value", "limbs"), [(0, 1), (2**32 - 1, 1), (2**32, 2), (2**96 - 1, 3), (2**128, 5)])
def test_limbs_for_is_the_least_number_that_holds_a_value(value: int, limbs: int) -> None:
    assert limbs_for(value) == limbs


def test_a_value_that_does_not_fit_is_refused() -> None:
    with pytest.raises(OverflowError):
        from_ints([2**64], 2)
    with pytest.raises(OverflowError):
        from_ints([-1], 2)


@given(st.lists(st.integers(0, 2**128 - 1), min_size=1, max_size=8))
def test_amounts_read_like_the_integers_they_hold(values: list[int]) -> None:
    amounts = Amounts(from_ints(values, 4).astype(np.uint32))
    assert list(amounts) == amounts.ints() == values
    assert [amounts[i] for i in range(len(amounts))] == values
    assert amounts.sum() == sum(values)
    assert amounts.slice(0, 1) == values[:1]
    assert np.allclose(amounts.floats(), [float(v) for v in values], rtol=1e-15, atol=0)
