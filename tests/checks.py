"""Checks that tests of contract calls share: a refusal says why and changes nothing; what a receipt tells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import pytest

from harness import LocalBackend
from headwater.chain import Contract, Receipt, Reverted, address_bytes, decode_events
from headwater.chain.backend import Backend
from headwater.chain.participant import Participant
from headwater.chain.revm import RevmBackend
from headwater.chain.tester import EmbeddedBackend


class Place(Protocol):
    """Where calls are tested: a backend, and the contracts on it that a call could touch."""

    @property
    def backend(self) -> Backend: ...

    @property
    def contracts(self) -> Sequence[Contract]: ...


def storages(place: Place) -> Mapping[str, object]:
    """What stands in the storage of every contract, by address: equal exactly when no slot differs."""
    backend, addresses = place.backend, [contract.address for contract in place.contracts]
    if isinstance(backend, RevmBackend):
        words = backend.words()
        return {address: words[address] for address in addresses}
    assert isinstance(backend, EmbeddedBackend)
    assert not backend._batching
    accounts = backend._vm.state._account_db
    return {address: accounts._get_account(address_bytes(address)).storage_root for address in addresses}


@contextmanager
def nothing_changed(place: Place) -> Iterator[None]:
    """No storage slot of any contract may differ afterwards, and none of them may have spoken."""
    before, logs = storages(place), len(place.backend.get_logs())
    yield
    assert storages(place) == before
    assert len(place.backend.get_logs()) == logs


@contextmanager
def refused(place: Place, reason: str) -> Iterator[None]:
    """The one transaction inside is mined, reverts with exactly this reason, and changes nothing."""
    first = place.backend.block_number() + 1
    with nothing_changed(place), pytest.raises(Reverted) as caught:
        yield
    assert caught.value.reason == reason
    assert caught.value.receipt is not None, "it was a call that reverted, not the transaction"
    assert caught.value.receipt.status == 0
    assert caught.value.receipt.block_number == first, "more than one transaction was sent"


def force(place: Place, contract: Contract, getter: str, value: int) -> None:
    """Set the public number that `getter` reads, as if a history too long to play had: for the next transaction."""
    backend = place.backend
    assert isinstance(backend, LocalBackend)
    for slot in range(32):
        before = backend.storage(contract.address, slot)
        backend.set_storage(contract.address, slot, value)
        if contract.call(getter) == value:
            return
        backend.set_storage(contract.address, slot, before)
    raise AssertionError(f"{contract.name} has no {getter} in its first slots")


def send(who: Participant, contract: Contract, name: str, *args: Any) -> Receipt:
    """Any function, with any arguments: also those that the typed client would not send."""
    return contract.send(name, *args, sender=who.account)


def told(place: Place, receipt: Receipt) -> list[tuple[str, dict[str, Any]]]:
    """Everything the contracts said in a transaction, in order: (event, arguments)."""
    return [(event.name, dict(event.args)) for event in decode_events(receipt.logs, place.contracts)]
