from dataclasses import replace

import pytest
from cascade_cases import address, leaf_lists
from eth_abi import encode
from eth_utils import keccak
from hypothesis import given
from hypothesis import strategies as st

from headwater.cascade import LIST, Leaf, Terms, list_terms, pack_list
from headwater.cascade.errors import RecordError, TermsError
from headwater.units import GWEI, MAX_WEI

TYPES = ["bytes32", "uint256", "uint256", "uint256", "uint256"]
terms = st.builds(
    Terms,
    st.binary(min_size=32, max_size=32),
    st.integers(1, MAX_WEI),
    st.integers(0, 24) | st.just(LIST),
    st.integers(100, 10_000),
    st.integers(0, 2**64 - 1).map(lambda gwei: gwei * GWEI),
)
PLAIN = Terms(bytes(32), 1, 0, 10_000, 0)


@given(terms)
def test_packing_is_the_abi_encoding(terms: Terms) -> None:
    assert terms.pack() == encode(TYPES, list(terms.as_tuple()))
    assert Terms.unpack(terms.pack()) == terms


@given(terms)
def test_the_terms_hash_is_the_high_192_bits_of_keccak(terms: Terms) -> None:
    assert terms.terms_hash == int.from_bytes(keccak(encode(TYPES, list(terms.as_tuple()))), "big") >> 64


@given(leaf_lists(max_size=32), st.integers(100, 10_000))
def test_terms_of_a_list_hash_its_records_and_sum_its_weights(leaves: list[Leaf], keep: int) -> None:
    assert list_terms(leaves, keep, 5 * GWEI) == Terms(
        keccak(pack_list(leaves)), sum(leaf.weight for leaf in leaves), LIST, keep, 5 * GWEI
    )


def test_an_empty_list_keeps_everything() -> None:
    assert list_terms([], 10_000).as_tuple() == (keccak(b""), 0, LIST, 10_000, 0)
    with pytest.raises(TermsError, match="without children"):
        list_terms([], 9_999)


def test_weights_of_a_list_must_sum_to_1_to_2_96_less_1() -> None:
    node = address(1)
    assert list_terms([Leaf(node, 0, MAX_WEI - 1), Leaf(node, 0, 1)], 100).total == MAX_WEI
    with pytest.raises(TermsError, match="total"):
        list_terms([Leaf(node, 0, MAX_WEI), Leaf(node, 0, 1)], 100)
    with pytest.raises(TermsError, match="zero"):
        list_terms([Leaf(node, 0, 0)], 10_000)
    with pytest.raises(RecordError, match="at most 32"):
        list_terms([Leaf(node, 0, 1)] * 33, 100)


@pytest.mark.parametrize(
    "wrong",
    [
        {"root": bytes(31)},
        {"total": 0},
        {"total": 2**96},
        {"depth": 25},
        {"depth": 254},
        {"depth": 256},
        {"depth": -1},
        {"keep_bps": 99},
        {"keep_bps": 10_001},
        {"buffer": 1},
        {"buffer": -GWEI},
        {"buffer": 2**64 * GWEI},
    ],
)
def test_terms_that_cannot_be_announced_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(TermsError):
        replace(PLAIN, **wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "edge", [{"depth": 24}, {"depth": LIST}, {"keep_bps": 100}, {"buffer": (2**64 - 1) * GWEI}, {"total": MAX_WEI}]
)
def test_terms_at_their_limits_pass(edge: dict[str, int]) -> None:
    terms = replace(PLAIN, **edge)
    assert Terms.unpack(terms.pack()) == terms


def test_packed_terms_of_another_length_are_refused() -> None:
    with pytest.raises(TermsError, match="160 bytes"):
        Terms.unpack(PLAIN.pack()[:-1])
