"""Where an authorisation stands on the chain: whether it paid exactly what it says, or was spent on something else."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, Protocol

from eth_hash.auto import keccak

from headwater.chain import Contract, Log, address_bytes
from headwater.chain.backend import Backend
from headwater_agents.market.payment import Authorization

_USED: Final = keccak(b"AuthorizationUsed(address,bytes32)")
_TRANSFER: Final = keccak(b"Transfer(address,address,uint256)")
_ABI: Final[list[dict[str, Any]]] = [
    {
        "type": "function",
        "name": "authorizationState",
        "stateMutability": "view",
        "inputs": [{"name": "authorizer", "type": "address"}, {"name": "nonce", "type": "bytes32"}],
        "outputs": [{"name": "", "type": "bool"}],
    }
]


class State(Enum):
    """What became of an authorisation."""

    UNUSED = "unused"
    PAID = "paid"
    SPENT = "spent"  # cancelled, or its nonce was used for another payment


@dataclass(frozen=True, slots=True)
class Standing:
    """A state, and the hash of the transaction that paid ("" unless PAID)."""

    state: State
    tx_hash: str = ""


class Terms(Protocol):
    """What identifies an authorisation and what it should have moved; an `Authorization` has it."""

    @property
    def payer(self) -> str:
        """Whose tokens."""

    @property
    def payee(self) -> str:
        """Who gets them."""

    @property
    def value(self) -> int:
        """Wei."""

    @property
    def nonce(self) -> bytes:
        """32 bytes, used once."""


def standing(backend: Backend, token: str, terms: Terms | Authorization, *, since: int = 0) -> Standing:
    """Look up an authorisation on the latest block; logs are read from block `since`.

    The nonce being used proves nothing: a payer may cancel it, or sign a second authorisation with the same nonce
    that pays itself. PAID means that the token said, in one breath, that the nonce was used and that the value went
    from payer to payee. Raises ConnectionFailed and what else reading a chain raises.
    """
    used = Contract(backend, token, _ABI).call("authorizationState", terms.payer, terms.nonce)
    if not used:
        return Standing(State.UNUSED)
    topics = [_USED, address_bytes(terms.payer).rjust(32, b"\0"), terms.nonce]
    for log in backend.get_logs(token, topics, since):
        receipt = backend.receipt(log.tx_hash)
        if receipt is not None and receipt.status == 1 and any(_pays(log, each, terms) for each in receipt.logs):
            return Standing(State.PAID, log.tx_hash)
    return Standing(State.SPENT)


def _pays(used: Log, log: Log, terms: Terms | Authorization) -> bool:
    """Whether a log is the transfer that belongs to the nonce's use: the token's very next word."""
    return (
        log.log_index == used.log_index + 1
        and log.address == used.address
        and log.topics
        == (_TRANSFER, address_bytes(terms.payer).rjust(32, b"\0"), address_bytes(terms.payee).rjust(32, b"\0"))
        and int.from_bytes(log.data, "big") == terms.value
    )
