"""The logarithm: twin against bytecode, bit for bit, and both against mpmath at 50 digits."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.chain import Contract, Reverted
from headwater.twin import wad_ln
from headwater.units import WAD
from randomised import EFFORT, trials

BATCH = 512
LOW = 10**15
"""Smallest probability any series admits: the arena takes logarithms over [0.001, 1] only."""

EDGES = [
    0,
    1,
    2,
    LOW - 1,
    LOW,
    LOW + 1,
    10**16,
    WAD // 2,
    WAD - 1,
    WAD,
    WAD + 1,
    2**96 - 1,
    2**96,
    2**255 - 1,
    *(2**bit + shift for bit in range(1, 255, 7) for shift in (-1, 0, 1)),
]


def _bytecode(probe: Contract, values: list[int]) -> list[int]:
    found: list[int] = []
    for start in range(0, len(values), BATCH):
        found += probe.call("logarithms", values[start : start + BATCH])
    return found


@pytest.mark.parametrize("values", [EDGES], ids=["edges"])
def test_the_twin_is_the_bytecode_at_the_edges_of_every_width(probe: Contract, values: list[int]) -> None:
    assert _bytecode(probe, values) == [wad_ln(value) for value in values]


@pytest.mark.parametrize("seed", range(10 * EFFORT))
def test_the_twin_is_the_bytecode_on_probabilities(probe: Contract, seed: int) -> None:
    values = _sample(seed, BATCH // 4)
    assert _bytecode(probe, values) == [wad_ln(value) for value in values]


@pytest.mark.parametrize("seed", range(10 * EFFORT))
def test_the_twin_is_the_bytecode_on_every_magnitude(probe: Contract, seed: int) -> None:
    rng = np.random.default_rng([7, seed])
    values = [int.from_bytes(rng.bytes(32), "big") >> int(shift) for shift in rng.integers(1, 256, BATCH)]
    assert _bytecode(probe, values) == [wad_ln(value) for value in values]


@pytest.mark.parametrize("value", [-1, -WAD, -(2**255)])
def test_neither_takes_a_negative_number(probe: Contract, value: int) -> None:
    with pytest.raises(Reverted):
        probe.call("logarithms", [value])
    with pytest.raises(ValueError, match="wad_ln takes"):
        wad_ln(value)


def _errors(values: list[int]) -> list[mpmath.mpf]:
    """Error in wei of each logarithm: what the twin says less the truth at 50 digits."""
    with mpmath.workdps(50):
        return [mpmath.mpf(wad_ln(value)) - mpmath.log(mpmath.mpf(value) / WAD) * WAD for value in values]


def _sample(seed: int, size: int) -> list[int]:
    """Probabilities: uniform, uniform in the logarithm, and close to both ends."""
    rng = np.random.default_rng(seed)
    uniform = rng.integers(LOW, WAD + 1, size)
    logarithmic = np.exp(rng.uniform(np.log(LOW), np.log(WAD), size)).astype(np.int64).clip(LOW, WAD)
    low = LOW + rng.integers(0, 10**6, size)
    high = WAD - rng.integers(0, 10**6, size)
    return [int(value) for part in (uniform, logarithmic, low, high) for value in part]


def test_the_logarithm_of_a_probability_is_off_by_less_than_two_wei() -> None:
    errors = _errors([LOW, WAD, *_sample(100, 5_000 * EFFORT)])
    assert max(abs(error) for error in errors) < 2
    # What is measured is tighter: a floor (0 to 1 wei too low) of an approximation that is off by 0.05 either way.
    assert -1.1 < min(errors) < -1
    assert 0.04 < max(errors) < 0.1


@trials(200)
@given(report=st.integers(LOW, WAD), posted=st.integers(LOW, WAD))
def test_growth_is_off_by_less_than_two_wei(report: int, posted: int) -> None:
    with mpmath.workdps(50):
        truth = mpmath.log(mpmath.mpf(report) / posted) * WAD
        assert abs(wad_ln(report) - wad_ln(posted) - truth) < 1.2  # so the two wei added to G cover it


def test_the_logarithm_never_falls_as_the_probability_grows() -> None:
    values = sorted(set(_sample(101, 5_000 * EFFORT)) | set(range(LOW, LOW + 2_000)) | set(range(WAD - 2_000, WAD + 1)))
    logarithms = [wad_ln(value) for value in values]
    assert logarithms == sorted(logarithms)
