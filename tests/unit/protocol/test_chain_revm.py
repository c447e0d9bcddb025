"""The fast chain: what it keeps, replays and takes on trust."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from harness import CHAINS, SALT, TOKENS, World, binary, new_world
from headwater.chain import Account, ArgumentError, Contract, Event, Log, TransactionRejected, deploy, load
from headwater.chain.revm import RevmBackend
from headwater.chain.tester import EmbeddedBackend

SOURCES = Path(__file__).parent / "chain_contracts"


@pytest.fixture
def chain() -> RevmBackend:
    return RevmBackend(seed=0)


@pytest.fixture
def owner(chain: RevmBackend) -> Account:
    return chain.dev_accounts(1)[0]


@pytest.fixture
def probe(chain: RevmBackend, owner: Account) -> Contract:
    return deploy(chain, load("Probe", SOURCES), owner, 5, sender=owner)[0]


def test_a_world_is_the_embedded_chains_in_every_word_of_storage() -> None:
    fast, slow = (new_world(kind(seed=0)) for kind in (RevmBackend, EmbeddedBackend))
    for world in (fast, slow):
        world.play(world.open(world.series()), {0: (binary(0.7), 50 * TOKENS), 1: (binary(0.2), 90 * TOKENS)}, 0)
    assert fast.system.addresses == slow.system.addresses
    assert (fast.backend.now(), fast.backend.block_number()) == (slow.backend.now(), slow.backend.block_number())
    assert isinstance(fast.backend, RevmBackend)
    assert isinstance(slow.backend, EmbeddedBackend)
    words = fast.backend.words()
    assert sum(len(words[contract.address]) for contract in fast.contracts) > 50
    for contract in fast.contracts:
        for slot, word in words[contract.address].items():
            assert slow.backend.storage(contract.address, slot) == word
    assert [fast.backend.code_at(c.address) for c in fast.contracts] == [
        slow.backend.code_at(c.address) for c in slow.contracts
    ]
    assert [_told(log) for log in fast.backend.get_logs()] == [_told(log) for log in slow.backend.get_logs()]


def _told(log: Log) -> tuple[object, ...]:
    """All of a log but the hash of its transaction, which was signed on one chain only."""
    return log.address, log.topics, log.data, log.block_number, log.log_index


def test_every_old_block_can_be_read_in_any_order(chain: RevmBackend, probe: Contract, owner: Account) -> None:
    first = chain.block_number()
    for value in range(1, 6):
        probe.send("store", value, sender=owner)
        chain.mine()
    for back in (2, 0, 4, 4, 1, 3, 5):
        assert probe.call("value", block=first + 2 * back) == back
        assert probe.call("value") == 5
    assert chain.call(probe.address, probe.encode("value"), block=0) == b""


def test_old_blocks_are_read_right_after_going_back(chain: RevmBackend, probe: Contract, owner: Account) -> None:
    snapshot = chain.snapshot()
    for value in (1, 2, 3):
        probe.send("store", value, sender=owner)
    height = chain.block_number()
    assert probe.call("value", block=height - 1) == 2
    chain.revert(snapshot)
    for value in (7, 8, 9):
        probe.send("store", value, sender=owner)
    assert [probe.call("value", block=height - back) for back in (2, 1, 0)] == [7, 8, 9]


def _slot(chain: RevmBackend, probe: Contract) -> int:
    (slot,) = [slot for slot, word in chain.words()[probe.address].items() if word == 4_321]
    return slot


def test_a_word_written_from_outside_is_replayed_and_undone(
    chain: RevmBackend, probe: Contract, owner: Account
) -> None:
    probe.send("store", 4_321, sender=owner)
    slot = _slot(chain, probe)
    snapshot = chain.snapshot()
    probe.send("store", 5, sender=owner)
    chain.set_storage(probe.address, slot, 77)
    assert probe.call("value") == chain.storage(probe.address, slot) == 77
    probe.send("store_twice", 6, sender=owner)
    chain.set_storage(probe.address, slot, 88)
    inner = chain.snapshot()
    probe.send("store", 9, sender=owner)
    height = chain.block_number()
    assert [probe.call("value", block=height - back) for back in (3, 2, 1, 0)] == [4_321, 5, 7, 9]
    chain.revert(inner)
    assert probe.call("value") == 88
    chain.revert(snapshot)
    assert probe.call("value") == 4_321
    assert chain.words()[probe.address][slot] == 4_321


def test_what_is_sent_unsigned_has_a_hash_of_its_own_by_which_it_is_found(
    chain: RevmBackend, probe: Contract, owner: Account
) -> None:
    snapshot = chain.snapshot()
    one, same = (probe.send("store", 1, sender=owner) for _ in range(2))
    assert one.tx_hash != same.tx_hash
    assert chain.receipt(one.tx_hash) == one
    assert chain.receipt(same.tx_hash) == same
    chain.revert(snapshot)
    assert chain.receipt(one.tx_hash) is None
    snapshot = chain.snapshot()
    other = probe.send("store", 2, sender=owner)
    assert other.tx_hash != one.tx_hash
    chain.revert(snapshot)
    assert probe.send("store", 1, sender=owner) == one


def test_a_signed_transaction_keeps_its_hash(chain: RevmBackend, probe: Contract, owner: Account) -> None:
    signed = chain.prepare(probe.request("store", 3), owner)
    assert chain.submit(signed).tx_hash == signed.tx_hash
    found = chain.receipt(signed.tx_hash)
    assert found is not None
    assert [event["value"] for event in probe.decode(found.logs)] == [3]


def test_more_snapshots_stand_open_than_calls_may_nest(chain: RevmBackend, probe: Contract, owner: Account) -> None:
    names = []
    for value in range(1_500):
        names.append(chain.snapshot())
        probe.send("store", value, sender=owner)
    for value in (1_400, 700, 1):
        chain.revert(names[value])
        assert probe.call("value") == value - 1
        assert chain.nonce(owner.address) == 1 + value


def test_deployments_land_where_the_count_of_transactions_says_also_after_going_back(
    chain: RevmBackend, probe: Contract, owner: Account
) -> None:
    places = []
    for _ in range(2):
        snapshot = chain.snapshot()
        probe.send("store", 1, sender=owner)
        with pytest.raises(TransactionRejected):
            probe.send("store", 1, sender=owner, gas=21_000)
        first, _ = deploy(chain, load("Probe", SOURCES), owner, 5, sender=owner)
        probe.send("store", 1, sender=owner)
        second, receipt = deploy(chain, load("Probe", SOURCES), owner, 5, sender=owner)
        assert receipt.contract_address == second.address
        places.append((first.address, second.address))
        assert chain.balance(owner.address) == chain.balance(chain.dev_accounts(2)[1].address)
        chain.revert(snapshot)
        assert chain.code_at(first.address) == b""
    assert places[0] == places[1]


def test_a_contract_may_be_named_as_the_sender_of_a_call(chain: RevmBackend, probe: Contract, owner: Account) -> None:
    other, _ = deploy(chain, load("Probe", SOURCES), owner, 6, sender=owner)
    code = chain.code_at(probe.address)
    probe.send("store", 12, sender=owner)
    assert other.call("SCALE", sender=probe.address) == 6
    assert chain.code_at(probe.address) == code
    assert probe.call("value") == 12


def test_logs_are_decoded_when_asked_for_and_not_before(chain: RevmBackend, probe: Contract, owner: Account) -> None:
    class Reader:
        asked = 0

        def decode(self, logs: Sequence[Log]) -> tuple[Event, ...]:
            self.asked += 1
            return probe.decode(logs)

    reader = Reader()
    receipt = chain.send(probe.request("store", 4), owner).read_by(reader)
    assert reader.asked == 0
    assert receipt.event("Stored")["value"] == 4
    assert reader.asked == 1


@pytest.fixture
def committing(world: World) -> tuple[World, int, int]:
    """A question open for commits, and the first forecaster's newest checkpoint."""
    question = world.open(world.series())
    return world, question, world.system.stake(world.forecasters[0].address).checkpoints - 1


def test_a_commit_that_names_version_and_checkpoint_reads_nothing(
    committing: tuple[World, int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    world, question, checkpoint = committing

    def refuse(*_: object, **__: object) -> bytes:
        raise AssertionError("the chain was read")

    with monkeypatch.context() as patched:
        patched.setattr(world.backend, "call", refuse)
        world.forecasters[0].commit(question, binary(0.7), TOKENS, SALT, version=0, checkpoint=checkpoint)
    assert world.system.position(question, world.forecasters[0].address).wager == TOKENS


@pytest.mark.parametrize("forecast", [(10**18 // 2, 10**18 // 2 - 1), (10**18, 0), (10**18 - 10**15 + 1, 10**15 - 1)])
def test_a_forecast_that_no_series_takes_is_refused_without_reading(
    committing: tuple[World, int, int], forecast: tuple[int, int]
) -> None:
    world, question, checkpoint = committing
    with pytest.raises(ArgumentError):
        world.forecasters[0].commit(question, forecast, TOKENS, SALT, version=0, checkpoint=checkpoint)


def test_the_embedded_chain_and_this_one_are_what_tests_can_choose() -> None:
    assert {kind.name for kind in CHAINS.values()} == set(CHAINS) == {"tester", "revm"}
