"""One suite of behaviour for every backend: what a caller may rely on, wherever the chain runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from headwater.chain import (
    Account,
    ArgumentError,
    Backend,
    Contract,
    DecodeError,
    LocalControl,
    OutOfGas,
    Reverted,
    TransactionRejected,
    TxRequest,
    connect,
    create_address,
    deploy,
    load,
    local_control,
)

SOURCES = Path(__file__).resolve().parents[1] / "unit" / "protocol" / "chain_contracts"
SCALE = 5


@pytest.fixture(params=["tester", "revm", pytest.param("anvil", marks=pytest.mark.anvil)])
def backend(request: pytest.FixtureRequest) -> Iterator[Backend]:
    if request.param != "anvil":
        yield connect(request.param)
    else:
        node = connect(request.getfixturevalue("anvil"))
        yield node
        node.close()


@pytest.fixture
def control(backend: Backend) -> LocalControl:
    return local_control(backend)


@pytest.fixture
def people(control: LocalControl) -> tuple[Account, ...]:
    return control.dev_accounts(3)


@pytest.fixture
def owner(people: tuple[Account, ...]) -> Account:
    return people[0]


@pytest.fixture
def user(people: tuple[Account, ...]) -> Account:
    return people[1]


@pytest.fixture
def probe(backend: Backend, owner: Account) -> Contract:
    return deploy(backend, load("Probe", SOURCES), owner, SCALE, sender=owner)[0]


def test_deployment_runs_the_constructor_and_lands_at_the_create_address(backend: Backend, owner: Account) -> None:
    nonce = backend.nonce(owner.address)
    artifact = load("Probe", SOURCES)
    contract, receipt = deploy(backend, artifact, owner, SCALE, sender=owner)
    assert contract.address == receipt.contract_address == create_address(owner.address, nonce)
    assert contract.call("SCALE") == SCALE
    assert contract.call("OWNER") == owner.address
    assert receipt.event("Stored").args == {"who": owner.address, "value": SCALE, "clock": receipt.timestamp}
    code = backend.code_at(contract.address)
    assert len(code) == artifact.runtime_size
    assert code.startswith(artifact.runtime)


def test_deployment_that_the_constructor_refuses_leaves_no_code(backend: Backend, owner: Account) -> None:
    nonce = backend.nonce(owner.address)
    with pytest.raises(Reverted) as caught:
        deploy(backend, load("Probe", SOURCES), owner, 0, sender=owner)
    assert caught.value.reason == "probe: no scale"
    assert backend.code_at(create_address(owner.address, nonce)) == b""


def test_send_writes_and_its_receipt_tells_block_time_gas_and_events(
    backend: Backend, probe: Contract, user: Account
) -> None:
    receipt = probe.send("store", 41, sender=user)
    assert probe.call("value") == 41
    assert receipt.status == 1
    assert receipt.block_number == backend.block_number() == probe.call("height")
    assert receipt.timestamp == probe.call("stamp")
    assert 21_000 < receipt.gas_used < 150_000
    event = receipt.event("Stored")
    assert (event["who"], event["value"], event["clock"]) == (user.address, 41, receipt.timestamp)
    assert event.tx_hash == receipt.tx_hash
    assert backend.receipt(receipt.tx_hash) is not None
    assert backend.receipt("0x" + "00" * 32) is None


def test_gas_of_a_transaction_is_the_same_on_every_backend(
    backend: Backend, control: LocalControl, probe: Contract, user: Account
) -> None:
    if backend.name == "revm":
        pytest.skip("pyrevm runs everything as one transaction, so its gas is its own")
    # py-evm and the node agree to the gas under Prague rules, so one figure stands for both.
    gas = []
    for value in (1, 2):
        control.time_travel(backend.now() + 10)
        gas.append(probe.send("store", value, sender=user).gas_used)
    assert gas == [89_310, 38_010]


def test_call_changes_nothing(probe: Contract, user: Account) -> None:
    assert probe.call("touch") == 1
    assert probe.call("touch") == 1
    probe.call("store", 9)
    assert probe.call("value") == 0
    assert probe.call("caller", sender=user) == user.address


def test_call_sees_the_clock_that_the_next_transaction_sees(
    backend: Backend, control: LocalControl, probe: Contract, user: Account
) -> None:
    then = backend.now() + 86_400
    control.time_travel(then)
    assert backend.now() == then
    assert probe.call("clock") == then
    assert probe.send("store", 1, sender=user).timestamp == then


def test_call_of_an_old_block_reads_what_that_block_left(probe: Contract, user: Account) -> None:
    blocks = [probe.send("store", value, sender=user).block_number for value in (10, 20, 30)]
    assert [probe.call("value", block=block) for block in blocks] == [10, 20, 30]
    assert probe.call("value", block=blocks[0] - 1) == 0


@pytest.mark.parametrize(
    ("name", "args", "reason"),
    [("refuse", (3,), "probe: refused"), ("refuse_silently", (), ""), ("overflow", (1,), "")],
)
def test_transaction_that_reverts_raises_its_reason_and_changes_nothing_but_the_nonce(
    backend: Backend, probe: Contract, user: Account, name: str, args: tuple[int, ...], reason: str
) -> None:
    nonce = backend.nonce(user.address)
    with pytest.raises(Reverted) as caught:
        probe.send(name, *args, sender=user)
    error = caught.value
    assert error.reason == reason
    assert error.receipt is not None
    assert error.receipt.status == 0
    assert error.tx_hash == error.receipt.tx_hash
    assert error.receipt.logs == ()
    assert backend.receipt(error.receipt.tx_hash) == error.receipt
    assert probe.call("value") == 0
    assert backend.nonce(user.address) == nonce + 1
    assert probe.send("store", 1, sender=user).status == 1


@pytest.mark.parametrize(
    ("name", "args", "reason"),
    [("refuse", (3,), "probe: refused"), ("refuse_silently", (), ""), ("overflow", (1,), "")],
)
def test_call_that_reverts_raises_the_same_reason(
    probe: Contract, name: str, args: tuple[int, ...], reason: str
) -> None:
    with pytest.raises(Reverted) as caught:
        probe.call(name, *args)
    assert caught.value.reason == reason
    assert caught.value.receipt is None


def test_unreachable_code_reverts_without_a_reason(probe: Contract, user: Account) -> None:
    with pytest.raises(Reverted) as caught:
        probe.send("refuse_unreachable", sender=user, gas=100_000)
    assert caught.value.reason == ""
    assert not isinstance(caught.value, OutOfGas)


def test_running_out_of_gas_is_told_apart_from_a_refusal(probe: Contract, user: Account) -> None:
    with pytest.raises(OutOfGas) as caught:
        probe.send("burn", sender=user, gas=100_000)
    assert caught.value.receipt is not None
    assert caught.value.receipt.gas_used == 100_000


@pytest.mark.parametrize(
    "request_of",
    [
        pytest.param(lambda to: TxRequest(to, b"", 10**30), id="more money than it has"),
        pytest.param(lambda to: TxRequest(to, b"", 0, 20_999), id="less gas than a transfer"),
        pytest.param(lambda to: TxRequest(to, b"", 0, 10**9), id="more gas than a block"),
    ],
)
def test_transaction_that_cannot_run_is_rejected_and_costs_nothing(
    backend: Backend, probe: Contract, user: Account, request_of: Any
) -> None:
    before = backend.balance(user.address), backend.nonce(user.address)
    with pytest.raises(TransactionRejected):
        backend.send(request_of(probe.address), user)
    assert (backend.balance(user.address), backend.nonce(user.address)) == before
    assert probe.send("store", 1, sender=user).status == 1


def test_stale_nonce_is_rejected(backend: Backend, probe: Contract, user: Account) -> None:
    one = backend.prepare(probe.request("store", 1), user)
    other = backend.prepare(probe.request("store", 2), user)
    backend.submit(one)
    with pytest.raises(TransactionRejected):
        backend.submit(other)
    assert probe.call("value") == 1
    assert probe.send("store", 3, sender=user).status == 1


def test_submitting_twice_sends_once(backend: Backend, probe: Contract, user: Account) -> None:
    signed = backend.prepare(probe.request("store", 5), user)
    first = backend.submit(signed)
    probe.send("store", 6, sender=user)
    assert backend.submit(signed) == first
    assert signed.tx_hash == first.tx_hash
    assert probe.call("value") == 6


def test_money_moves_with_a_transaction_and_fund_adds_it(
    backend: Backend, control: LocalControl, probe: Contract, user: Account
) -> None:
    stranger = Account.derive(99, 0)
    assert backend.balance(stranger.address) == 0
    control.fund(stranger.address, 10**18)
    control.fund(stranger.address, 1)
    assert backend.balance(stranger.address) == 10**18 + 1
    probe.send("give", sender=user, value=123)
    assert backend.balance(probe.address) == 123
    with pytest.raises(Reverted):
        probe.send("store", 1, sender=user, value=1)


def test_event_with_structs_and_hashed_strings_decodes(probe: Contract, user: Account) -> None:
    digest = bytes(range(32))
    receipt = probe.send("label", "some text", digest, (7, user), sender=user)
    event = receipt.event("Labelled")
    assert event["digest"] == digest
    assert event["text"] == "some text"
    assert event["at"].x == 7
    assert event["at"].owner == user.address
    assert isinstance(event["label"], bytes)
    assert len(event["label"]) == 32


def test_events_come_in_chain_order_and_by_name_and_block(backend: Backend, probe: Contract, user: Account) -> None:
    first = probe.send("store_twice", 1, 2, sender=user)
    second = probe.send("store_twice", 3, sender=user)
    probe.send("label", "x", bytes(32), (0, user), sender=user)
    stored = probe.events("Stored", from_block=first.block_number)
    assert [event["value"] for event in stored] == [1, 2, 3, 7]
    assert [event.log_index for event in stored] == [0, 1, 0, 1]
    assert [event.tx_hash for event in stored] == [first.tx_hash] * 2 + [second.tx_hash] * 2
    assert [event.name for event in probe.events(from_block=second.block_number)] == ["Stored", "Stored", "Labelled"]
    assert len(probe.events(from_block=first.block_number, to_block=first.block_number)) == 2
    assert [event["value"] for event in probe.events("Stored")] == [SCALE, 1, 2, 3, 7]


def test_log_filters_select_by_address_and_topic(
    backend: Backend, probe: Contract, owner: Account, user: Account
) -> None:
    start = backend.block_number() + 1
    other, _ = deploy(backend, load("Probe", SOURCES), owner, 1, sender=owner)
    probe.send("store", 1, sender=owner)
    probe.send("store", 2, sender=user)
    other.send("store", 3, sender=user)
    topic = probe.interface.event("Stored").topic
    by_user = bytes(12) + bytes.fromhex(user.address[2:])
    by_owner = bytes(12) + bytes.fromhex(owner.address[2:])

    def values(address: str | list[str] | None = None, topics: Sequence[Any] = ()) -> list[int]:
        logs = backend.get_logs(address, topics, from_block=start)
        return [int.from_bytes(log.data[:32], "big") for log in logs]

    assert values() == [1, 1, 2, 3]
    assert values(probe.address) == [1, 2]
    assert values([probe.address, other.address], [topic, by_user]) == [2, 3]
    assert values(other.address, [None, by_owner]) == [1]
    assert values(None, [topic, [by_owner, by_user]]) == [1, 1, 2, 3]
    assert values(probe.address, [bytes(32)]) == []


def test_snapshot_brings_back_state_clock_nonces_and_logs(
    backend: Backend, control: LocalControl, probe: Contract, user: Account
) -> None:
    probe.send("store", 1, sender=user)
    control.time_travel(backend.now() + 1_000)
    before = backend.now(), backend.block_number(), backend.nonce(user.address), len(probe.events())
    snapshot = control.snapshot()
    lost = probe.send("store", 2, sender=user)
    control.time_travel(backend.now() + 10**6)
    control.mine(3)
    control.revert(snapshot)
    assert (backend.now(), backend.block_number(), backend.nonce(user.address), len(probe.events())) == before
    assert probe.call("value") == 1
    assert backend.receipt(lost.tx_hash) is None
    assert probe.send("store", 3, sender=user).timestamp == before[0]


def test_snapshot_is_spent_together_with_later_ones(
    control: LocalControl, backend: Backend, probe: Contract, user: Account
) -> None:
    first = control.snapshot()
    probe.send("store", 1, sender=user)
    second = control.snapshot()
    control.revert(first)
    for spent in (first, second, "0x123456"):
        with pytest.raises(ArgumentError, match="unknown or spent"):
            control.revert(spent)
    assert probe.call("value") == 0


def test_snapshots_nest(control: LocalControl, probe: Contract, user: Account) -> None:
    outer = control.snapshot()
    probe.send("store", 1, sender=user)
    inner = control.snapshot()
    probe.send("store", 2, sender=user)
    control.revert(inner)
    assert probe.call("value") == 1
    control.revert(outer)
    assert probe.call("value") == 0


def test_time_does_not_run_backwards(backend: Backend, control: LocalControl) -> None:
    with pytest.raises(ArgumentError, match="time runs forward"):
        control.time_travel(backend.now() - 10)


def test_mine_adds_empty_blocks(backend: Backend, control: LocalControl) -> None:
    before = backend.block_number(), backend.now()
    control.mine(5)
    assert backend.block_number() == before[0] + 5
    assert backend.now() >= before[1]
    with pytest.raises(ArgumentError):
        control.mine(-1)


def test_old_block_hashes_are_there_for_contracts(
    backend: Backend, control: LocalControl, probe: Contract, user: Account
) -> None:
    control.mine(3)
    number = backend.block_number()
    hashes = [probe.call("ancestor", number - back) for back in (1, 2, 3)]
    assert len(set(hashes)) == 3
    assert bytes(32) not in hashes


def test_calling_an_address_without_code_says_so(backend: Backend, probe: Contract) -> None:
    ghost = Contract(backend, "0x" + "12" * 20, probe.interface)
    with pytest.raises(DecodeError, match="no contract at 0x1212"):
        ghost.call("value")


def test_development_accounts_are_funded_and_the_same_everywhere(backend: Backend, control: LocalControl) -> None:
    accounts = control.dev_accounts(70)
    assert accounts == tuple(Account.derive(0, index) for index in range(70))
    assert min(backend.balance(account.address) for account in accounts) >= 1_000 * 10**18
