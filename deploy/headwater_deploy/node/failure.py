"""What a request is answered when it fails: JSON-RPC error objects, in the words and codes of geth."""

from __future__ import annotations

from typing import Any, Final

from headwater.chain import OutOfGas, Reverted, TransactionRejected

PARSE_ERROR: Final = -32700
INVALID_REQUEST: Final = -32600
METHOD_NOT_FOUND: Final = -32601
INVALID_PARAMS: Final = -32602
INTERNAL_ERROR: Final = -32603
SERVER_ERROR: Final = -32000
LIMIT_EXCEEDED: Final = -32005
REVERTED: Final = 3


class RpcFailure(Exception):  # noqa: N818 - what a request meets, not what is wrong with the node
    """The `error` member of an answer: `code`, message, and `data` if there is any."""

    def __init__(self, code: int, message: str, data: Any = None) -> None:
        super().__init__(message)
        self.code = code
        self.data = data

    def as_json(self) -> dict[str, Any]:
        """The error object."""
        said: dict[str, Any] = {"code": self.code, "message": str(self)}
        if self.data is not None:
            said["data"] = self.data
        return said


def bad_params(message: str) -> RpcFailure:
    """For parameters that are missing, too many, or not what they should be."""
    return RpcFailure(INVALID_PARAMS, message)


def refused(message: str) -> RpcFailure:
    """For what the node understood and will not do."""
    return RpcFailure(SERVER_ERROR, message)


def run_failed(error: Reverted | TransactionRejected) -> RpcFailure:
    """For a call that did not go through."""
    if isinstance(error, OutOfGas):
        return refused("out of gas")
    if isinstance(error, Reverted):
        said = "execution reverted" + (f": {error.reason}" if error.reason else "")
        return RpcFailure(REVERTED, said, "0x" + error.data.hex())
    return refused(str(error))
