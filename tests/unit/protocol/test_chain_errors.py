"""Every way a node reports a failure ends in one of our errors."""

from __future__ import annotations

import pytest

from headwater.chain import (
    ChainError,
    ConnectionFailed,
    HeadwaterError,
    OutOfGas,
    Reverted,
    RpcError,
    TransactionRejected,
    encode,
)
from headwater.chain.errors import (
    ERROR_SELECTOR,
    PANIC_SELECTOR,
    AlreadyKnown,
    NonceRejected,
    ReplacementUnderpriced,
    Underpriced,
    from_rpc,
    reverted,
)

REASON = ERROR_SELECTOR + encode(["string"], ["arena: too late"])


def test_error_string_is_the_reason() -> None:
    error = reverted(REASON, context="call to X")
    assert error.reason == "arena: too late"
    assert str(error) == "call to X reverted: arena: too late"


def test_empty_data_is_an_empty_reason() -> None:
    error = reverted(b"")
    assert (error.reason, error.data, error.panic) == ("", b"", None)
    assert "no reason given" in str(error)


def test_panic_carries_its_code() -> None:
    error = reverted(PANIC_SELECTOR + encode(["uint256"], [0x11]))
    assert (error.panic, error.reason) == (0x11, "panic 0x11")


@pytest.mark.parametrize(
    "data",
    [
        ERROR_SELECTOR,
        ERROR_SELECTOR + b"\xff" * 40,
        ERROR_SELECTOR + encode(["bytes"], [b"\xff\xfe\xfd"]),
        PANIC_SELECTOR + b"\x01",
        b"\x12\x34\x56\x78" + bytes(32),
        b"\x01",
    ],
)
def test_data_of_another_shape_is_kept_and_has_no_reason(data: bytes) -> None:
    error = reverted(data)
    assert error.data == data
    assert error.reason == ""
    assert error.panic is None


@pytest.mark.parametrize(
    "answer",
    [
        {"code": 3, "message": "execution reverted: arena: too late", "data": "0x" + REASON.hex()},
        {"code": -32000, "message": "VM Exception", "data": {"data": "0x" + REASON.hex()}},
        {"code": -32015, "message": "execution reverted", "data": "0x" + REASON.hex()},
    ],
)
def test_node_that_reports_a_revert_gives_its_reason(answer: dict[str, object]) -> None:
    error = from_rpc(answer)
    assert isinstance(error, Reverted)
    assert error.reason == "arena: too late"


def test_node_that_reports_a_revert_without_data_gives_no_reason() -> None:
    error = from_rpc({"code": 3, "message": "execution reverted"})
    assert isinstance(error, Reverted)
    assert error.reason == ""


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("nonce too low: next nonce 5, tx nonce 4", NonceRejected),
        ("nonce too high", NonceRejected),
        ("insufficient funds for gas * price + value", TransactionRejected),
        ("max fee per gas less than block base fee", Underpriced),
        ("replacement transaction underpriced", ReplacementUnderpriced),
        ("transaction underpriced: gas tip cap 0, minimum needed 1", Underpriced),
        ("intrinsic gas too low", TransactionRejected),
        ("already known", AlreadyKnown),
        ("out of gas", OutOfGas),
        ("EVM error OutOfGas", OutOfGas),
        ("method not found", RpcError),
        ("limit exceeded", RpcError),
    ],
)
def test_node_errors_are_told_apart(message: str, kind: type[ChainError]) -> None:
    error = from_rpc({"code": -32000, "message": message}, context="transaction to X")
    assert type(error) is kind
    if kind is not OutOfGas:
        assert message in str(error)


def test_a_node_that_limits_its_callers_is_one_that_does_not_answer() -> None:
    assert type(from_rpc({"code": -32005, "message": "daily request count exceeded"})) is ConnectionFailed
    assert type(from_rpc({"code": 429, "message": "Too Many Requests"})) is ConnectionFailed


def test_a_query_with_too_many_results_is_no_matter_of_trying_again() -> None:
    error = from_rpc({"code": -32005, "message": "query returned more than 10000 results"})
    assert type(error) is RpcError


def test_unusual_error_members_do_not_break_the_translation() -> None:
    assert isinstance(from_rpc("broken"), RpcError)
    assert isinstance(from_rpc({}), RpcError)
    assert isinstance(from_rpc({"code": "x", "message": None, "data": 7}), RpcError)
    assert isinstance(from_rpc({"code": -1, "message": "m", "data": "0xzz"}), RpcError)


def test_everything_hangs_from_one_root() -> None:
    for kind in (Reverted, OutOfGas, ConnectionFailed, RpcError, TransactionRejected):
        assert issubclass(kind, ChainError)
        assert issubclass(kind, HeadwaterError)
