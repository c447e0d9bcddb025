"""Keccak-256 of many short messages at once, in numpy.

A tree of a million leaves is two million hashes. One call of the installed C binding costs about 4 µs, nearly all of
it the way into C and back; sixteen thousand states permuted side by side cost about 1.4 µs each, and no further
dependency.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from eth_utils.crypto import keccak
from numpy.typing import NDArray

Bytes2D = NDArray[np.uint8]
_Lanes = NDArray[np.uint64]

RATE: Final = 136
"""Bytes that one permutation absorbs; a message must be shorter, so that it fits one block with its padding."""

BATCH: Final = 16_384
"""States permuted together: enough to hide numpy's cost per call, few enough to stay near the processor's cache."""

SCALAR_BELOW: Final = 1_024
"""Below this many messages, hashing one by one is faster."""


def _round_constants() -> list[np.uint64]:
    # FIPS 202, algorithm 5: bits of a linear feedback shift register.
    register, constants = 1, []
    for _ in range(24):
        value = 0
        for j in range(7):
            register = ((register << 1) ^ ((register >> 7) * 0x171)) & 0xFF
            if register & 2:
                value ^= 1 << ((1 << j) - 1)
        constants.append(np.uint64(value))
    return constants


def _rho_pi() -> list[tuple[int, int]]:
    # FIPS 202, algorithms 2 and 3, as (source lane, rotation) by destination lane; lane (x, y) is 5 y + x.
    rotation = [0] * 25
    x, y = 1, 0
    for t in range(24):
        rotation[5 * y + x] = (t + 1) * (t + 2) // 2 % 64
        x, y = y, (2 * x + 3 * y) % 5
    moves = [(0, 0)] * 25
    for x in range(5):
        for y in range(5):
            moves[5 * ((2 * x + 3 * y) % 5) + y] = (5 * y + x, rotation[5 * y + x])
    return moves


_ROUNDS: Final = _round_constants()
_MOVES: Final = [(source, np.uint64(turn), np.uint64(64 - turn)) for source, turn in _rho_pi()]
_ONE, _TOP = np.uint64(1), np.uint64(63)


def _permute(state: _Lanes) -> None:
    """Keccak-f[1600] in place on `state`, shape (25, n)."""
    n = state.shape[1]
    plane = state.reshape(5, 5, n)
    parity, turned, rest = np.empty((7, n), np.uint64), np.empty((5, n), np.uint64), np.empty((5, n), np.uint64)
    moved, spare = np.empty((25, n), np.uint64), np.empty(n, np.uint64)
    moved_plane = moved.reshape(5, 5, n)
    for constant in _ROUNDS:
        np.bitwise_xor(plane[0], plane[1], out=parity[1:6])
        for y in (2, 3, 4):
            np.bitwise_xor(parity[1:6], plane[y], out=parity[1:6])
        parity[0], parity[6] = parity[5], parity[1]
        np.left_shift(parity[2:7], _ONE, out=turned)
        np.right_shift(parity[2:7], _TOP, out=rest)
        np.bitwise_or(turned, rest, out=turned)
        np.bitwise_xor(turned, parity[0:5], out=turned)
        np.bitwise_xor(plane, turned, out=plane)
        for target, (source, left, right) in enumerate(_MOVES):
            if left == 0:
                moved[target] = state[source]
                continue
            np.left_shift(state[source], left, out=moved[target])
            np.right_shift(state[source], right, out=spare)
            np.bitwise_or(moved[target], spare, out=moved[target])
        for x in range(5):
            column = plane[:, x]
            np.invert(moved_plane[:, (x + 1) % 5], out=column)
            np.bitwise_and(column, moved_plane[:, (x + 2) % 5], out=column)
            np.bitwise_xor(column, moved_plane[:, x], out=column)
        np.bitwise_xor(state[0], constant, out=state[0])


def _batch(messages: Bytes2D) -> Bytes2D:
    n, length = messages.shape
    block = np.zeros((n, RATE), np.uint8)
    block[:, :length] = messages
    block[:, length] ^= 0x01
    block[:, RATE - 1] ^= 0x80
    state = np.zeros((25, n), np.uint64)
    state[: RATE // 8] = block.view("<u8").T
    _permute(state)
    return np.ascontiguousarray(state[:4].T).astype("<u8").view(np.uint8)


def keccak_rows(messages: Bytes2D, progress: Callable[[int], None] | None = None) -> Bytes2D:
    """Keccak-256 of every row.

    Args:
        messages: shape (n, length), uint8, with length below 136.
        progress: called with the number of rows finished since the last call.

    Returns:
        The hashes, shape (n, 32), uint8.

    Raises:
        ValueError: rows too long for one block.
    """
    n, length = messages.shape
    if length >= RATE:
        raise ValueError(f"rows have {length} bytes; one block takes at most {RATE - 1}")
    hashes = np.empty((n, 32), np.uint8)
    if n < SCALAR_BELOW:
        for i in range(n):
            hashes[i] = np.frombuffer(keccak(messages[i].tobytes()), np.uint8)
        if progress and n:
            progress(n)
        return hashes
    for start in range(0, n, BATCH):
        hashes[start : start + BATCH] = _batch(messages[start : start + BATCH])
        if progress:
            progress(min(BATCH, n - start))
    return hashes
