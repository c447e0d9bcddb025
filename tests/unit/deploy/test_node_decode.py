"""Raw transactions: every kind that wallets sign is read as they meant it, and nothing else is taken."""

from __future__ import annotations

from contextlib import suppress

import pytest
import rlp
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.chain.transaction import rlp_encode
from headwater.units import GWEI
from headwater_deploy.node.decode import MAX_SIZE, decode
from headwater_deploy.node.failure import RpcFailure
from node_cases import OTHER, SENDER, signed_by_eth_account, transfer

ACCESS = [{"address": OTHER.address, "storageKeys": ["0x" + "07" * 32]}]


def test_legacy_transaction_is_read() -> None:
    read = decode(signed_by_eth_account(gasPrice=3 * GWEI))
    assert (read.kind, read.sender, read.to, read.value, read.data) == (0, SENDER.address, OTHER.address, 5, b"\1\0")
    assert (read.tip, read.max_fee, read.chain_id) == (3 * GWEI, 3 * GWEI, 1337)
    assert read.v in (35 + 2 * 1337, 36 + 2 * 1337)
    assert read.price(base_fee=GWEI) == 3 * GWEI
    assert read.worth(base_fee=GWEI) == 2 * GWEI


def test_access_list_transaction_is_read() -> None:
    read = decode(signed_by_eth_account(gasPrice=3 * GWEI, accessList=ACCESS, type=1))
    assert (read.kind, read.sender, read.max_fee) == (1, SENDER.address, 3 * GWEI)
    assert read.access_list == ((OTHER.address, (b"\7" * 32,)),)
    assert read.intrinsic_gas() == 21_000 + 16 + 4 + 2_400 + 1_900


def test_dynamic_fee_transaction_is_read() -> None:
    read = decode(signed_by_eth_account(maxFeePerGas=9 * GWEI, maxPriorityFeePerGas=GWEI, accessList=ACCESS))
    assert (read.kind, read.sender, read.tip, read.max_fee) == (2, SENDER.address, GWEI, 9 * GWEI)
    assert read.price(base_fee=3 * GWEI) == 4 * GWEI
    assert read.price(base_fee=9 * GWEI) == 9 * GWEI
    assert read.cost == 60_000 * 9 * GWEI + 5


def test_hash_and_sender_are_those_of_our_own_signing() -> None:
    raw = transfer(value=3)
    assert decode(raw).sender == SENDER.address
    assert decode(raw).signed().raw == raw


def _changed(raw: bytes, position: int, item: object) -> bytes:
    fields = rlp.decode(raw[1:])
    fields[position] = item
    return raw[:1] + rlp.encode(fields)


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        pytest.param(b"", "too short", id="empty"),
        pytest.param(b"\x03" + transfer()[1:], "transaction type not supported", id="blobs"),
        pytest.param(b"\x04" + transfer()[1:], "transaction type not supported", id="set code"),
        pytest.param(b"\x02", "rlp", id="only a type"),
        pytest.param(transfer()[:-1], "rlp", id="cut short"),
        pytest.param(transfer() + b"\0", "rlp", id="something after it"),
        pytest.param(b"\xc0", "9 fields", id="no fields"),
        pytest.param(b"\x02\xc0", "12 fields", id="no fields, typed"),
        pytest.param(b"\x02" * (MAX_SIZE + 1), "oversized data", id="too large"),
        pytest.param(b"\xc1" * 3_000, "rlp", id="nested deeply"),
        pytest.param(_changed(transfer(), 1, b"\0\1"), "without leading zeros", id="padded nonce"),
        pytest.param(_changed(transfer(), 1, b"\1" * 9), "at most 64 bits", id="huge nonce"),
        pytest.param(_changed(transfer(), 1, [b"\1"]), "at most 64 bits", id="nonce is a list"),
        pytest.param(_changed(transfer(), 5, b"\1" * 19), "20 bytes or none", id="short address"),
        pytest.param(_changed(transfer(), 8, b"\1"), "an access list is a list", id="access list is bytes"),
        pytest.param(_changed(transfer(), 8, [[b"\1" * 20]]), "addresses with their slots", id="entry without slots"),
        pytest.param(_changed(transfer(), 8, [[b"\1" * 20, [b"\1"]]]), "32 bytes", id="short slot"),
        pytest.param(_changed(transfer(), 9, b"\2"), "invalid transaction v, r, s values", id="parity 2"),
        pytest.param(_changed(transfer(), 10, b""), "invalid transaction v, r, s values", id="r zero"),
        pytest.param(_changed(transfer(), 10, b"\xff" * 32), "invalid transaction v, r, s values", id="r too large"),
        pytest.param(_changed(transfer(), 11, b""), "invalid transaction v, r, s values", id="s zero"),
        pytest.param(_changed(transfer(), 11, b"\x80" * 32), "invalid transaction v, r, s values", id="s high"),
        pytest.param(
            signed_by_eth_account(gasPrice=1, chainId=None), "only replay-protected", id="legacy without a chain"
        ),
    ],
)
def test_malformed_transaction_is_refused(raw: bytes, said: str) -> None:
    with pytest.raises(RpcFailure) as caught:
        decode(raw)
    assert caught.value.code == -32000
    assert said in str(caught.value)


def test_a_change_of_any_field_changes_the_sender_or_is_refused() -> None:
    raw = transfer()
    for position in range(9):
        item = [] if position == 8 else b"\x11" * 20 if position == 5 else b"\x11"
        changed = _changed(raw, position, item if item != rlp.decode(raw[1:])[position] else [[b"\1" * 20, []]])
        assert decode(changed).sender != SENDER.address, position


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300), st.sampled_from([b"", b"\x01", b"\x02", b"\xf8"]))
def test_random_bytes_are_refused_and_never_break_the_reader(junk: bytes, head: bytes) -> None:
    with suppress(RpcFailure):
        decode(head + junk)


@settings(max_examples=200, deadline=None)
@given(st.recursive(st.binary(max_size=40), lambda inner: st.lists(inner, max_size=12), max_leaves=40))
def test_random_rlp_is_refused_and_never_breaks_the_reader(item: object) -> None:
    for head in (b"", b"\x01", b"\x02"):
        with suppress(RpcFailure):
            decode(head + rlp_encode(item))  # type: ignore[arg-type]
