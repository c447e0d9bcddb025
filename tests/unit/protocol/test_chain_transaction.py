"""Our bytes for a transaction are everybody's bytes."""

from __future__ import annotations

import pytest
from eth_account import Account as EthAccount
from hypothesis import given
from hypothesis import strategies as st

from headwater.chain import Account, ArgumentError, Transaction, address_bytes, checksum, create_address
from headwater.chain.transaction import rlp_encode

KEY = bytes(range(1, 33))
WORDS = st.integers(0, 2**256 - 1)


@given(
    chain_id=st.integers(1, 2**64 - 1),
    nonce=st.integers(0, 2**64 - 2),
    tip=st.integers(0, 2**96),
    fee=st.integers(0, 2**96),
    gas=st.integers(21_000, 2**63),
    to=st.none() | st.binary(min_size=20, max_size=20),
    value=WORDS,
    data=st.binary(max_size=300),
)
def test_signed_transaction_equals_that_of_eth_account(
    chain_id: int, nonce: int, tip: int, fee: int, gas: int, to: bytes | None, value: int, data: bytes
) -> None:
    target = None if to is None else checksum(to)
    ours = Account(KEY).sign_transaction(Transaction(chain_id, nonce, min(tip, fee), fee, gas, target, value, data))
    theirs = EthAccount.sign_transaction(
        {
            "type": 2,
            "chainId": chain_id,
            "nonce": nonce,
            "maxPriorityFeePerGas": min(tip, fee),
            "maxFeePerGas": fee,
            "gas": gas,
            "to": target or "",
            "value": value,
            "data": data,
        },
        KEY,
    )
    assert ours.raw == bytes(theirs.raw_transaction)
    assert ours.tx_hash == "0x" + bytes(theirs.hash).hex()
    assert ours.sender == EthAccount.from_key(KEY).address


@pytest.mark.parametrize(
    ("item", "encoded"),
    [
        (b"dog", "83646f67"),
        ([b"cat", b"dog"], "c88363617483646f67"),
        (b"", "80"),
        ([], "c0"),
        (0, "80"),
        (15, "0f"),
        (1024, "820400"),
        ([[], [[]], [[], [[]]]], "c7c0c1c0c3c0c1c0"),
        (b"Lorem ipsum dolor sit amet, consectetur adipisicing elit", "b8384c6f72656d20697073756d20646f6c6f722073697420"
         "616d65742c20636f6e7365637465747572206164697069736963696e6720656c6974"),
    ],
)  # fmt: skip
def test_rlp_encodes_the_yellow_papers_examples(item: object, encoded: str) -> None:
    assert rlp_encode(item).hex() == encoded  # type: ignore[arg-type]


def test_create_address_is_that_of_known_deployments() -> None:
    # The first contracts of a well-known sender: go-ethereum's crypto tests.
    sender = "0x970E8128AB834E8EAC17Ab8E3812F010678CF791"
    assert [create_address(sender, nonce) for nonce in range(3)] == [
        checksum("0x333c3310824b7c685133f2bedb2ca4b8b4df633d"),
        checksum("0x8bda78331c916a08481428e4b07c96d3e916d165"),
        checksum("0xc9ddedf451bc62ce88bf9292afb13df35b670699"),
    ]


def test_create_address_refuses_a_negative_nonce() -> None:
    with pytest.raises(ArgumentError, match="not negative"):
        create_address("0x" + "11" * 20, -1)


@pytest.mark.parametrize("text", ["", "0x", "0x12", "11" * 21, "0x" + "zz" * 20, b"\x01" * 19, 7, None])
def test_what_is_no_address_is_refused(text: object) -> None:
    with pytest.raises(ArgumentError, match="is not an address"):
        checksum(text)


def test_checksum_and_bytes_are_inverse() -> None:
    raw = bytes(range(20))
    assert address_bytes(checksum(raw)) == raw
    assert checksum(checksum(raw).lower()) == checksum(raw)
