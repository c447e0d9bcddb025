"""Arguments in, results out: every shape a contract of ours uses, and clear words for what does not fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from eth_abi.abi import encode as reference_encode
from hypothesis import given
from hypothesis import strategies as st

from harness import LocalBackend
from headwater.chain import Account, ArgumentError, Contract, DecodeError, Interface, Log, decode, deploy, encode, load
from headwater.chain.logs import matches

SOURCES = Path(__file__).parent / "chain_contracts"
NODE = Account.derive(0, 0).address


@dataclass(frozen=True)
class Point:
    x: int
    owner: str


@dataclass(frozen=True)
class Path_:
    name: str
    points: Sequence[Point]


@pytest.fixture
def probe(chain: LocalBackend) -> Contract:
    owner = chain.dev_accounts(1)[0]
    return deploy(chain, load("Probe", SOURCES), owner, 5, sender=owner)[0]


@pytest.fixture(scope="module")
def interface() -> Interface:
    return Interface.of(load("Probe", SOURCES).abi)


def test_overloads_are_told_apart_by_the_number_of_arguments(interface: Interface) -> None:
    assert interface.function("store_twice", 1).signature == "store_twice(uint256)"
    assert interface.function("store_twice", 2).signature == "store_twice(uint256,uint256)"
    with pytest.raises(ArgumentError, match=r"store_twice does not take 3 arguments; there is .*\(uint256\) and"):
        interface.function("store_twice", 3)


def test_unknown_names_are_told_beside_the_known_ones(interface: Interface) -> None:
    with pytest.raises(ArgumentError, match=r"no function stor; there are: OWNER, SCALE"):
        interface.function("stor", 1)
    with pytest.raises(ArgumentError, match=r"no event Gone; there are: Labelled, Stored"):
        interface.event("Gone")
    with pytest.raises(ArgumentError, match=r"the constructor takes \(address, uint256\), got 1"):
        interface.encode_constructor([NODE])


def test_interface_of_an_abi_is_made_once() -> None:
    abi = load("Probe", SOURCES).abi
    assert Interface.of(abi) is Interface.of([dict(entry) for entry in abi])


@pytest.mark.parametrize(
    "args",
    [("store", -1), ("store", 2**256), ("store", "7"), ("label", "x" * 3, b"\x00" * 33, (1, NODE)), ("store", None)],
)
def test_argument_that_does_not_fit_is_refused(probe: Contract, args: tuple[object, ...]) -> None:
    name, *rest = args
    with pytest.raises(ArgumentError, match=str(name)):
        probe.encode(str(name), *rest)


def test_several_results_come_as_a_tuple_and_none_as_none(probe: Contract) -> None:
    assert probe.call("pair", -3, b"abc") == (-3, b"abc", True)
    assert probe.call("nothing") is None


@pytest.mark.parametrize(
    "point",
    [(7, NODE), [7, NODE], Point(7, NODE), {"owner": NODE, "x": 7}, (7, NODE.lower()), (7, Account.derive(0, 0))],
    ids=["tuple", "list", "dataclass", "mapping", "lower case", "account"],
)
def test_struct_may_be_given_in_any_form_and_comes_back_with_attributes(probe: Contract, point: object) -> None:
    path = probe.call("path", ("way", [point, point]))
    assert path.name == "way"
    assert [(p.x, p.owner) for p in path.points] == [(7, NODE)] * 2
    assert path == ("way", ((7, NODE), (7, NODE)))


def test_struct_in_a_dataclass_and_array_of_structs(probe: Contract) -> None:
    assert probe.call("path", Path_("p", [Point(1, NODE)])).points[0].x == 1
    assert [p.x for p in probe.call("points", [Point(1, NODE), (2, NODE)])] == [1, 2]
    assert probe.call("points", []) == ()
    assert probe.call("point", 9).owner == NODE


@pytest.mark.parametrize("bad", [(7,), (7, NODE, 1), {"x": 7}, {"x": 7, "owner": NODE, "z": 1}, (7, "0x12"), 7])
def test_struct_of_another_shape_is_refused(probe: Contract, bad: object) -> None:
    with pytest.raises(ArgumentError):
        probe.call("path", ("way", [bad]))


@given(
    st.tuples(
        st.integers(0, 2**256 - 1),
        st.integers(-(2**127), 2**127 - 1),
        st.binary(min_size=32, max_size=32),
        st.booleans(),
        st.lists(st.integers(0, 2**96 - 1), max_size=9),
        st.binary(max_size=99),
        st.text(max_size=20),
        st.binary(min_size=20, max_size=20),
    )
)
def test_plain_encoding_agrees_with_the_reference_and_round_trips(values: tuple[object, ...]) -> None:
    types = ["uint256", "int128", "bytes32", "bool", "uint96[]", "bytes", "string", "address"]
    data = encode(types, values)
    assert data == reference_encode(types, values)
    *rest, address = decode(types, data)
    assert tuple(rest) == (*values[:4], tuple(values[4]), *values[5:7])  # type: ignore[arg-type]
    assert isinstance(address, str)
    assert bytes.fromhex(address[2:]) == values[7]


def test_plain_encoding_refuses_what_does_not_fit() -> None:
    with pytest.raises(ArgumentError):
        encode(["uint8"], [256])
    with pytest.raises(DecodeError):
        decode(["uint256"], b"\x01")


def test_result_too_short_for_its_type_is_told(interface: Interface) -> None:
    with pytest.raises(DecodeError, match=r"value\(\) returned 3 bytes"):
        interface.function("value", 0).decode(b"abc")


def test_log_of_another_contract_or_event_is_left_alone_and_a_broken_one_told(interface: Interface) -> None:
    stored = interface.event("Stored")
    who = bytes(12) + bytes.fromhex(NODE[2:])
    good = Log(NODE, (stored.topic, who), encode(["uint256", "uint256"], [1, 2]), 1, 0, "0x")
    event = interface.decode_log(good)
    assert event is not None
    assert (event["who"], event["value"], event["clock"]) == (NODE, 1, 2)
    assert interface.decode_log(Log(NODE, (bytes(32),), b"", 1, 0, "0x")) is None
    assert interface.decode_log(Log(NODE, (), b"", 1, 0, "0x")) is None
    with pytest.raises(DecodeError, match="Stored"):
        interface.decode_log(Log(NODE, (stored.topic, who), b"\x01", 1, 0, "0x"))
    with pytest.raises(DecodeError, match="Stored"):
        interface.decode_log(Log(NODE, (stored.topic,), good.data, 1, 0, "0x"))


def test_receipt_gives_the_one_event_of_a_name(probe: Contract, chain: LocalBackend) -> None:
    user = chain.dev_accounts(2)[1]
    receipt = probe.send("store_twice", 1, sender=user)
    with pytest.raises(DecodeError, match="expected one Stored"):
        receipt.event("Stored")
    with pytest.raises(DecodeError, match="expected one Labelled"):
        receipt.event("Labelled")


def test_log_filter_needs_as_many_topics_as_it_names() -> None:
    a, b = bytes(32), bytes([1]) * 32
    log = Log(NODE, (a, b), b"", 1, 0, "0x")
    assert matches(None, [])(log)
    assert matches(NODE.lower(), [a, None])(log)
    assert matches([NODE], [None, [a, b]])(log)
    assert not matches(None, [None, None, None])(log)
    assert not matches("0x" + "11" * 20, [])(log)
    assert not matches(None, [b])(log)
    assert not matches([], [])(log)
