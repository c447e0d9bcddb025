"""What is the embedded chain's alone: py-evm's gas."""

from __future__ import annotations

from pathlib import Path

import pytest

from headwater.chain import Account, Contract, Reverted, deploy, load
from headwater.chain.tester import EmbeddedBackend

SOURCES = Path(__file__).parent / "chain_contracts"


@pytest.fixture
def people(embedded: EmbeddedBackend) -> tuple[Account, ...]:
    return embedded.dev_accounts(3)


@pytest.fixture
def probe(embedded: EmbeddedBackend, people: tuple[Account, ...]) -> Contract:
    return deploy(embedded, load("Probe", SOURCES), people[0], 5, sender=people[0])[0]


def test_gas_is_counted_by_transaction_although_the_header_counts_it_by_block(
    embedded: EmbeddedBackend, probe: Contract, people: tuple[Account, ...]
) -> None:
    with embedded.block():
        receipts = [probe.send("store_twice", i, sender=people[i % 3]) for i in range(6)]
    assert receipts[3].gas_used == receipts[4].gas_used


def test_storage_is_cold_again_for_every_transaction_of_a_block(
    embedded: EmbeddedBackend, probe: Contract, people: tuple[Account, ...]
) -> None:
    for value in (1, 2):
        probe.send("store", value, sender=people[0])
    alone = probe.send("store", 3, sender=people[0]).gas_used
    with embedded.block():
        first = probe.send("store", 4, sender=people[1]).gas_used
        second = probe.send("store", 5, sender=people[2]).gas_used
    assert first == alone
    # The second finds time and height written already, with the same values: two times 2,900 - 100 less.
    assert second == alone - 2 * 2_800


def test_calls_do_not_warm_what_the_next_transaction_reads(
    embedded: EmbeddedBackend, probe: Contract, people: tuple[Account, ...]
) -> None:
    for value in (1, 2):
        probe.send("store", value, sender=people[1])
    plain = probe.send("store", 3, sender=people[1]).gas_used
    probe.call("store", 99)
    probe.call("value")
    with pytest.raises(Reverted):
        probe.call("refuse", 5)
    assert probe.send("store", 4, sender=people[1]).gas_used == plain


def test_the_fixture_undoes_what_tests_do(embedded: EmbeddedBackend) -> None:
    assert embedded.block_number() == 0
