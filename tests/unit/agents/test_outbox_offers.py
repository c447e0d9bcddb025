"""What is offered per gas, and what an outbox may be told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.chain import ArgumentError
from headwater_agents.durable.fees import Fees, first_offer, raised_offer
from headwater_agents.durable.outbox import OutboxConfig

FEE = st.integers(0, 10**15)


@given(base=FEE, tip=FEE, cap=st.integers(1, 10**15))
def test_a_first_offer_survives_a_doubled_base_fee_and_stays_below_the_cap(base: int, tip: int, cap: int) -> None:
    offer = first_offer(base, tip, cap)
    assert 0 <= offer.tip <= offer.max_fee <= cap
    if 2 * base + tip <= cap:
        assert offer == Fees(2 * base + tip, tip)


@given(last_tip=FEE, over=FEE, base=FEE, tip=FEE, cap=st.integers(1, 10**15), bps=st.integers(1_250, 20_000))
def test_a_raised_offer_is_one_that_nodes_take_in_place_of_the_last(
    last_tip: int, over: int, base: int, tip: int, cap: int, bps: int
) -> None:
    last = Fees(last_tip + over, last_tip)
    offer = raised_offer(last, base, tip, cap, bps)
    if offer is None:
        assert last.max_fee * (10_000 + bps) > 10_000 * cap or last.max_fee + 1 > cap
        return
    assert offer.tip <= offer.max_fee <= cap
    for before, after in ((last.max_fee, offer.max_fee), (last.tip, offer.tip)):
        assert after > before
        assert after * 10_000 >= before * (10_000 + bps)
    if 2 * base + max(tip, offer.tip) <= cap:
        assert offer.max_fee >= 2 * base + tip


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"patience": -1}, "patience is a number of seconds"),
        ({"timeout": float("inf")}, "timeout is a number of seconds"),
        ({"doubt": float("nan")}, "doubt is a number of seconds"),
        ({"poll": (0, 1)}, "poll is two numbers"),
        ({"poll": (2, 1)}, "poll is two numbers"),
        ({"confirmations": -1}, "confirmations is a number of blocks"),
        ({"raise_bps": 1_249}, "raise_bps lies between"),
        ({"max_fee_cap": 0}, "max_fee_cap lies between"),
        ({"max_fee_cap": 2**63}, "max_fee_cap lies between"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused_by_name(change: dict[str, object], says: str) -> None:
    with pytest.raises(ArgumentError, match=says):
        OutboxConfig(**change)  # type: ignore[arg-type]
