"""The chains in process: deterministic, several transactions in a block when asked, and as strict as a node."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness import CHAINS, LocalBackend
from headwater.chain import (
    Account,
    ArgumentError,
    Backend,
    ChainError,
    Contract,
    LocalControl,
    Reverted,
    TransactionRejected,
    TxRequest,
    UnknownChain,
    connect,
    deploy,
    load,
)
from headwater.chain.genesis import BLOCK_GAS_LIMIT, DEV_BALANCE, GENESIS_TIME

SOURCES = Path(__file__).parent / "chain_contracts"


@pytest.fixture(params=sorted(CHAINS))
def chain(request: pytest.FixtureRequest) -> LocalBackend:
    return CHAINS[request.param](seed=0)


@pytest.fixture
def people(chain: LocalBackend) -> tuple[Account, ...]:
    return chain.dev_accounts(3)


@pytest.fixture
def user(people: tuple[Account, ...]) -> Account:
    return people[1]


@pytest.fixture
def probe(chain: LocalBackend, people: tuple[Account, ...]) -> Contract:
    return deploy(chain, load("Probe", SOURCES), people[0], 5, sender=people[0])[0]


def history(kind: str, seed: int) -> list[object]:
    """A small life of a chain, as everything it let out."""
    chain = CHAINS[kind](seed=seed)
    owner, user = chain.dev_accounts(2)
    probe, first = deploy(chain, load("Probe", SOURCES), owner, 5, sender=owner)
    said: list[object] = [first, chain.now()]
    with chain.block():
        said += [probe.send("store", value, sender=user) for value in range(3)]
    chain.time_travel(chain.now() + 500)
    said += [probe.send("store", 4, sender=owner), probe.call("ancestor", 1), chain.balance(user.address)]
    return said


@pytest.mark.parametrize("kind", sorted(CHAINS))
def test_same_calls_give_the_same_hashes_and_times(kind: str) -> None:
    assert history(kind, 3) == history(kind, 3)
    assert history(kind, 3) != history(kind, 4)


def test_clock_starts_at_genesis_and_ticks_once_a_block(chain: LocalBackend, probe: Contract, user: Account) -> None:
    assert probe.call("stamp") == 0
    times = [probe.send("store", value, sender=user).timestamp for value in range(4)]
    assert times == [GENESIS_TIME + 2 + i for i in range(4)]
    assert chain.now() == times[-1] + 1


def test_transactions_in_one_block_share_its_number_and_time(
    chain: LocalBackend, probe: Contract, people: tuple[Account, ...]
) -> None:
    height = chain.block_number()
    with chain.block():
        receipts = [probe.send("store_twice", i, sender=people[i % 3]) for i in range(6)]
        assert probe.call("value") == 7
        assert len(probe.events("Stored", from_block=height + 1)) == 12
        assert chain.block_number() == height
    assert chain.block_number() == height + 1
    assert {receipt.block_number for receipt in receipts} == {height + 1}
    assert len({receipt.timestamp for receipt in receipts}) == 1
    assert [event.log_index for event in probe.events("Stored", from_block=height + 1)] == list(range(12))
    after = probe.send("store", 1, sender=people[0])
    assert (after.block_number, after.timestamp) == (height + 2, receipts[0].timestamp + 1)


def test_transient_storage_ends_with_its_transaction(chain: LocalBackend, probe: Contract, user: Account) -> None:
    with chain.block():
        probe.send("touch", sender=user)
        assert probe.call("touch") == 1
        probe.send("touch", sender=user)
    assert probe.call("touch") == 1


def test_revert_inside_a_block_raises_at_once_and_the_block_goes_on(
    chain: LocalBackend, probe: Contract, user: Account
) -> None:
    with chain.block():
        probe.send("store", 1, sender=user)
        with pytest.raises(Reverted, match="probe: refused"):
            probe.send("refuse", 9, sender=user)
        last = probe.send("store_twice", 2, 3, sender=user)
    assert probe.call("value") == 3
    assert [log.log_index for log in last.logs] == [1, 2]
    assert chain.nonce(user.address) == 3


def test_block_is_sealed_when_an_exception_leaves_it(chain: LocalBackend, probe: Contract, user: Account) -> None:
    height = chain.block_number()

    def work() -> None:
        with chain.block():
            probe.send("store", 1, sender=user)
            probe.send("refuse", 9, sender=user)

    with pytest.raises(Reverted):
        work()
    assert chain.block_number() == height + 1
    assert probe.call("value", block=height + 1) == 1


def test_empty_block_context_makes_no_block(chain: LocalBackend) -> None:
    height, now = chain.block_number(), chain.now()
    with chain.block():
        pass
    assert (chain.block_number(), chain.now()) == (height, now)


def test_inside_a_block_time_and_history_stand_still(chain: LocalBackend) -> None:
    snapshot = chain.snapshot()
    with chain.block():
        for forbidden in (
            lambda: chain.time_travel(chain.now() + 1),
            lambda: chain.mine(),
            lambda: chain.snapshot(),
            lambda: chain.revert(snapshot),
            lambda: chain.block().__enter__(),
        ):
            with pytest.raises(ChainError, match="while a block is open"):
                forbidden()


def test_block_does_not_hold_more_gas_than_its_limit(chain: LocalBackend, probe: Contract, user: Account) -> None:
    half = BLOCK_GAS_LIMIT // 2
    with chain.block():
        probe.send("store", 1, sender=user, gas=half)
        probe.send("store", 2, sender=user, gas=half)
        with pytest.raises(TransactionRejected):
            probe.send("store", 3, sender=user, gas=BLOCK_GAS_LIMIT)
    assert probe.call("value") == 2


def test_snapshot_can_be_returned_to_from_a_different_future(
    chain: LocalBackend, probe: Contract, user: Account
) -> None:
    base = chain.snapshot()
    one = [probe.send("store", value, sender=user) for value in range(5)]
    chain.revert(base)
    base = chain.snapshot()
    chain.time_travel(chain.now() + 77)
    probe.send("label", "other", bytes(32), (1, user), sender=user)
    chain.revert(base)
    assert [probe.send("store", value, sender=user) for value in range(5)] == one
    assert [probe.call("value", block=receipt.block_number) for receipt in one] == list(range(5))


def test_calls_leave_nothing_behind(chain: LocalBackend, probe: Contract, user: Account) -> None:
    probe.send("store", 3, sender=user)
    logs = len(chain.get_logs())
    probe.call("store", 99)
    with pytest.raises(Reverted):
        probe.call("refuse", 5)
    assert probe.call("value") == 3
    assert probe.call("value", block=chain.block_number()) == 3
    assert len(chain.get_logs()) == logs


def test_call_of_a_block_that_is_not_there_is_refused(chain: LocalBackend, probe: Contract) -> None:
    for block in (-1, chain.block_number() + 1):
        with pytest.raises(ArgumentError, match="there is no block"):
            probe.call("value", block=block)


def test_transaction_for_another_chain_is_rejected(chain: LocalBackend, user: Account) -> None:
    other = type(chain)(seed=0, chain_id=7)
    signed = other.prepare(TxRequest(user.address), user)
    with pytest.raises(TransactionRejected):
        chain.submit(signed)
    assert chain.nonce(user.address) == 0


def test_development_accounts_hold_what_they_should(chain: LocalBackend) -> None:
    assert {chain.balance(account.address) for account in chain.dev_accounts(64)} == {DEV_BALANCE}
    assert chain.balance(chain.dev_accounts(65)[64].address) == DEV_BALANCE


@pytest.mark.parametrize("kind", sorted(CHAINS))
def test_connect_opens_a_chain_by_its_name(kind: str) -> None:
    backend = connect(kind, seed=5, chain_id=77)
    assert isinstance(backend, CHAINS[kind])
    assert isinstance(backend, LocalControl)
    assert backend.dev_accounts(1)[0] == Account.derive(5, 0)
    typed: Backend = backend
    assert (typed.name, typed.chain_id) == (kind, 77)
    assert (typed.block_number(), typed.now()) == (0, GENESIS_TIME + 1)


@pytest.mark.parametrize("spec", ["pyrevm", "", "anvil", "ws://127.0.0.1:8545", "127.0.0.1:8545", "Tester"])
def test_connect_refuses_what_names_no_chain(spec: str) -> None:
    with pytest.raises(UnknownChain, match=r'accepted: "tester", "revm", or the http\(s\) URL'):
        connect(spec)
