import pytest
from cascade_cases import leaf, leaf_lists
from eth_abi.packed import encode_packed
from eth_utils import to_checksum_address
from hypothesis import given
from hypothesis import strategies as st

from headwater.cascade import CascadeError, Leaf, pack_list, parse_list
from headwater.cascade.errors import RecordError
from headwater.cascade.records import address_bytes, address_text

LOWER = "0xfb6916095ca1df60bb79ce92ce3ea74c37c5d359"
MIXED = to_checksum_address(LOWER)


@given(leaf)
def test_a_record_is_the_packed_abi_encoding(leaf: Leaf) -> None:
    expected = encode_packed(["address", "uint40", "uint96"], [leaf.child, leaf.child_version, leaf.weight])
    assert leaf.pack() == expected
    assert len(leaf.pack()) == 37


@given(leaf)
def test_unpacking_inverts_packing(leaf: Leaf) -> None:
    assert Leaf.unpack(leaf.pack()) == leaf


@given(leaf_lists(max_size=32))
def test_parsing_a_list_inverts_packing_it(leaves: list[Leaf]) -> None:
    assert parse_list(pack_list(leaves)) == tuple(leaves)


def test_an_empty_list_is_no_bytes() -> None:
    assert pack_list([]) == b""
    assert parse_list(b"") == ()


def test_a_list_of_32_passes_and_one_of_33_does_not() -> None:
    one = Leaf(LOWER, 0, 1)
    assert len(parse_list(pack_list([one] * 32))) == 32
    with pytest.raises(RecordError, match="at most 32"):
        pack_list([one] * 33)
    with pytest.raises(RecordError, match="at most 32"):
        parse_list(one.pack() * 33)


@pytest.mark.parametrize("size", [1, 36, 38, 75])
def test_a_list_of_broken_records_is_refused(size: int) -> None:
    with pytest.raises(RecordError, match="whole records"):
        parse_list(bytes(size))


def test_every_spelling_of_an_address_is_the_same_leaf() -> None:
    upper = "0x" + LOWER[2:].upper()
    assert Leaf(LOWER, 1, 2) == Leaf(MIXED, 1, 2) == Leaf(upper, 1, 2)
    assert Leaf(LOWER, 1, 2).child == MIXED


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        LOWER[2:],
        LOWER[:-1],
        LOWER + "0",
        LOWER[:-1] + "g",
        LOWER[:-2] + "  ",
        LOWER[:-3] + " a ",
        "0X" + LOWER[2:],
        None,
        bytes(20),
    ],
)
def test_a_malformed_address_is_refused(wrong: object) -> None:
    with pytest.raises(RecordError, match="expected 0x and 40"):
        address_bytes(wrong)  # type: ignore[arg-type]


def test_a_wrong_checksum_is_refused() -> None:
    at = next(i for i, letter in enumerate(MIXED) if i > 1 and letter.isalpha())
    wrong = MIXED[:at] + MIXED[at].swapcase() + MIXED[at + 1 :]
    with pytest.raises(RecordError, match="checksum"):
        Leaf(wrong, 0, 1)


def test_an_address_of_another_length_is_refused() -> None:
    with pytest.raises(RecordError, match="20 bytes"):
        address_text(bytes(19))


@pytest.mark.parametrize(("version", "weight"), [(-1, 0), (2**40, 0), (0, -1), (0, 2**96)])
def test_numbers_that_do_not_fit_their_fields_are_refused(version: int, weight: int) -> None:
    with pytest.raises(RecordError, match="expected 0 to"):
        Leaf(LOWER, version, weight)


def test_the_largest_numbers_fit() -> None:
    assert Leaf.unpack(Leaf(LOWER, 2**40 - 1, 2**96 - 1).pack()).weight == 2**96 - 1


@given(st.binary(max_size=80).filter(lambda b: len(b) != 37))
def test_a_record_of_another_length_is_refused(packed: bytes) -> None:
    with pytest.raises(CascadeError):
        Leaf.unpack(packed)
