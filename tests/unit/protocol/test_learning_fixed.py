"""Updates in fixed point: towards zero, eight bytes an entry."""

from __future__ import annotations

import numpy as np
import pytest

from headwater.learning import UpdateError, fixed_update, pack_update


def test_updates_are_rounded_towards_zero_and_packed_in_eight_bytes() -> None:
    assert fixed_update([1e-9, -1.9e-9, 0.3, -0.0]) == (1, -1, 299_999_999, 0)  # 0.3 is a little less than 3/10
    assert pack_update((1, -2)) == b"\0" * 7 + b"\1" + b"\xff" * 7 + b"\xfe"
    for bad in ([np.nan], [np.inf], [9.3e9], [], np.zeros(1025), np.zeros((1, 2))):
        with pytest.raises(UpdateError):
            fixed_update(bad)
    with pytest.raises(UpdateError):
        pack_update((2**63,))
