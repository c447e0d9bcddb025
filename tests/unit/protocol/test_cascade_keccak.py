import numpy as np
import pytest
from eth_utils import keccak

from headwater.cascade.keccak import BATCH, SCALAR_BELOW, keccak_rows


@pytest.mark.parametrize("length", [0, 1, 7, 8, 42, 89, 134, 135])
@pytest.mark.parametrize("n", [1, SCALAR_BELOW - 1, SCALAR_BELOW + 5])
def test_rows_hash_as_one_by_one(n: int, length: int) -> None:
    rows = np.random.default_rng(length).integers(0, 256, (n, length), dtype=np.uint8)
    hashes = keccak_rows(rows)
    assert hashes.shape == (n, 32)
    for i in {0, n // 3, n - 1}:
        assert hashes[i].tobytes() == keccak(rows[i].tobytes())


def test_every_row_of_a_batch_is_hashed_and_progress_is_told() -> None:
    n = BATCH + SCALAR_BELOW
    rows = np.arange(n, dtype=">u4").view(np.uint8).reshape(n, 4)
    told: list[int] = []
    hashes = keccak_rows(rows, told.append)
    assert told == [BATCH, SCALAR_BELOW]
    assert all(hashes[i].tobytes() == keccak(i.to_bytes(4, "big")) for i in range(0, n, 7))


def test_rows_longer_than_a_block_are_refused() -> None:
    with pytest.raises(ValueError, match="135"):
        keccak_rows(np.zeros((2, 136), np.uint8))
