"""When blocks are made, what time they carry, and in which order transactions go into them."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from eth.vm.forks.london.headers import calculate_expected_base_fee_per_gas
from eth_hash.auto import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.chain import encode, load
from headwater.chain.genesis import BLOCK_GAS_LIMIT
from headwater.chain.transaction import create_address
from headwater.units import GWEI
from headwater.units import WAD as ETHER
from headwater_deploy.node import Node
from headwater_deploy.node.chain import Call
from headwater_deploy.node.decode import decode
from headwater_deploy.node.header import Header, bloom_of, encode_receipt, root_of
from node_cases import OTHER, PROBE, SENDER, START, THIRD, Wall, new_node, transfer


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest.fixture(params=["tester", "revm"])
def node(request: pytest.FixtureRequest, wall: Wall) -> Node:
    return new_node(wall, chain=request.param)


def sealed(node: Node, number: int = -1) -> list[tuple[str, int]]:
    """(sender, nonce) of a block's transactions."""
    block = node.ledger.latest if number < 0 else node.ledger.block(number)
    assert block is not None
    return [(read.sender, read.nonce) for read in map(decode, block.raws)]


def test_chain_begins_at_the_wall_clocks_now(node: Node) -> None:
    assert node.ledger.latest.timestamp == START
    assert node.ledger.latest.number == 0


def test_transaction_waits_for_the_next_whole_second_and_its_block_carries_it(node: Node, wall: Wall) -> None:
    wall.now = START + 5.3
    node.tick()
    node.submit(transfer())
    node.tick()
    wall.now = START + 5.99
    node.tick()
    assert node.ledger.latest.number == 0
    wall.now = START + 6.01
    node.tick()
    assert (node.ledger.latest.number, node.ledger.latest.timestamp) == (1, START + 6)
    assert len(node.pool) == 0


def test_one_second_makes_one_block_however_often_it_is_asked(node: Node, wall: Wall) -> None:
    wall.now = START + 6
    node.tick()
    for nonce in range(3):
        node.submit(transfer(nonce=nonce))
        node.tick()
    assert node.ledger.latest.number == 0
    wall.now = START + 7
    for _ in range(3):
        node.tick()
    assert node.ledger.latest.number == 1
    assert sealed(node) == [(SENDER.address, 0), (SENDER.address, 1), (SENDER.address, 2)]


def test_longer_block_time_waits_longer(wall: Wall) -> None:
    node = new_node(wall, block_time=12, heartbeat=0)
    turn = START + 12 - START % 12
    node.submit(transfer())
    wall.now = turn - 0.01
    node.tick()
    assert node.ledger.latest.number == 0
    assert 0 < node.seconds_to_turn() < 0.011
    wall.now = turn
    node.tick()
    assert node.ledger.latest.timestamp == turn


def test_without_block_time_a_transaction_is_sealed_at_once_and_time_only_runs_ahead_when_it_must(wall: Wall) -> None:
    node = new_node(wall, block_time=0)
    for nonce in range(3):
        node.submit(transfer(nonce=nonce))
    times = [node.chain.header(number).timestamp for number in range(4)]
    assert times == [START, START + 1, START + 2, START + 3]
    wall.now = START + 100
    node.submit(transfer(nonce=3))
    assert node.ledger.latest.timestamp == START + 100


def test_wall_clock_that_jumps_back_never_gives_two_blocks_one_time(node: Node, wall: Wall) -> None:
    wall.now = START + 50
    node.submit(transfer())
    node.tick()
    wall.now = START - 1_000
    node.submit(transfer(nonce=1))
    node.tick()
    assert node.ledger.latest.number == 2
    assert node.ledger.latest.timestamp == START + 51


def test_empty_block_comes_only_when_somebody_asks_and_the_last_is_old(node: Node, wall: Wall) -> None:
    for second in range(1, 10):
        wall.now = START + second
        node.tick()
    assert node.ledger.latest.number == 0
    wall.now = START + 10
    node.tick(asked=True)
    assert (node.ledger.latest.number, node.ledger.latest.timestamp) == (1, START + 10)
    wall.now = START + 11
    node.tick(asked=True)
    assert node.ledger.latest.number == 1
    wall.now = START + 12
    node.tick(asked=True)
    assert node.ledger.latest.number == 2


def test_heartbeat_can_be_left_out(wall: Wall) -> None:
    node = new_node(wall, heartbeat=0)
    wall.now = START + 1_000
    node.tick(asked=True)
    assert node.ledger.latest.number == 0


def test_best_paying_comes_first_then_first_come_and_nonces_stay_in_order(node: Node, wall: Wall) -> None:
    node.submit(transfer(SENDER, 1, tip=9 * GWEI))
    node.submit(transfer(SENDER, 0, tip=GWEI))
    node.submit(transfer(OTHER, 0, tip=2 * GWEI, to=SENDER.address))
    node.submit(transfer(THIRD, 0, tip=2 * GWEI))
    wall.now = START + 1
    node.tick()
    expected = [(OTHER.address, 0), (THIRD.address, 0), (SENDER.address, 0), (SENDER.address, 1)]
    assert sealed(node) == expected


def test_gap_in_nonces_waits_until_it_is_closed(node: Node, wall: Wall) -> None:
    node.submit(transfer(nonce=1))
    wall.now = START + 1
    node.tick()
    assert node.ledger.latest.number == 0
    assert node.pool.nonce(SENDER.address) == 0
    node.submit(transfer(nonce=0))
    assert node.pool.nonce(SENDER.address) == 2
    wall.now = START + 2
    node.tick()
    assert sealed(node) == [(SENDER.address, 0), (SENDER.address, 1)]


def test_what_does_not_fit_under_the_gas_limit_goes_into_the_next_block(node: Node, wall: Wall) -> None:
    code = bytes.fromhex("5b600056")  # JUMPDEST PUSH1 0 JUMP: burns all it is given
    deploy = bytes.fromhex("63" + code.hex() + "5f5260046" + "01cf3")  # PUSH4 code, MSTORE at 0, RETURN its 4 bytes
    node.submit(transfer(to=None, gas=200_000, data=deploy, value=0))
    wall.now = START + 1
    node.tick()
    burner = create_address(SENDER.address, 0)
    assert node.chain.code_of(burner, None) == code
    for nonce, gas in ((1, 2_000_000), (2, 99_000_000), (3, 30_000)):
        node.submit(transfer(nonce=nonce, gas=gas, to=burner, value=0, max_fee=2 * GWEI))
    wall.now = START + 2
    node.tick()
    assert sealed(node) == [(SENDER.address, 1)]
    assert node.chain.header(2).gas_used == 2_000_000
    assert len(node.pool) == 2


def test_transaction_whose_money_is_gone_when_its_turn_comes_is_dropped(wall: Wall) -> None:
    node = new_node(wall, dev=True)
    lost = node.submit(transfer(THIRD, 0, value=ETHER))
    node.chain.set_balance(THIRD.address, ETHER)
    node.publish_dev_block()
    stays = node.submit(transfer(SENDER, 0))
    wall.now = START + 2
    node.tick()
    assert sealed(node) == [(SENDER.address, 0)]
    assert node.chain.receipt(stays.tx_hash) is not None
    assert node.chain.receipt(lost.tx_hash) is None
    assert len(node.pool) == 0


def test_fee_cap_below_the_base_fee_waits(wall: Wall) -> None:
    node = new_node(wall, chain="tester")
    node.submit(transfer(max_fee=GWEI // 2, tip=0))
    wall.now = START + 1
    node.tick()
    assert node.ledger.latest.number == 0
    while node.chain.base_fee() > GWEI // 2:
        wall.now += 2
        node.tick(asked=True)
    wall.now += 1
    node.tick()
    assert sealed(node) == [(SENDER.address, 0)]


def test_call_between_blocks_sees_the_present(node: Node, wall: Wall) -> None:
    artifact = load("Probe", PROBE)
    data = artifact.bytecode + encode(["address", "uint256"], [SENDER.address, 5])
    node.submit(transfer(to=None, data=data, gas=3_000_000, value=0))
    wall.now = START + 1
    node.tick()
    probe = create_address(SENDER.address, 0)
    wall.now = START + 500
    node.align()
    clock = node.chain.run(Call(to=probe, data=keccak(b"clock()")[:4]), None)
    assert int.from_bytes(clock, "big") == START + 500
    assert node.ledger.latest.number == 1


def test_header_is_what_its_hash_is_taken_of_and_its_roots_are_of_what_is_in_the_block(node: Node, wall: Wall) -> None:
    test_call_between_blocks_sees_the_present(node, wall)
    probe = create_address(SENDER.address, 0)
    store = keccak(b"store(uint256)")[:4]
    node.submit(transfer(nonce=1, to=probe, data=store + (3).to_bytes(32, "big"), gas=200_000, value=0))
    node.submit(transfer(nonce=2))
    wall.now = START + 501
    node.tick()
    parent = b"\0" * 32
    for number in range(3):
        header = node.chain.header(number)
        block = node.ledger.block(number)
        assert block is not None
        assert header.hash == keccak(header.encode()) == block.hash
        assert header.parent == parent
        parent = header.hash
        assert header.transactions_root == root_of(block.raws)
        receipts, gas, bloom = [], 0, 0
        for raw in block.raws:
            read = decode(raw)
            receipt = node.chain.receipt(read.tx_hash)
            assert receipt is not None
            gas += receipt.gas_used
            bloom |= bloom_of(receipt.logs)
            receipts.append(encode_receipt(read.kind, receipt.status, gas, receipt.logs))
        assert header.receipts_root == root_of(receipts)
        assert (header.bloom, header.gas_used) == (bloom, gas)
    assert node.chain.header(2).bloom != 0


@settings(deadline=None)
@given(st.integers(0, BLOCK_GAS_LIMIT), st.integers(0, 2**100))
def test_next_base_fee_is_py_evms_however_full_the_block(gas_used: int, base_fee: int) -> None:
    root = bytes(32)
    header = Header(root, root, 5, START, gas_used, base_fee, root, root, root, 0)
    parent = SimpleNamespace(gas_used=gas_used, gas_limit=BLOCK_GAS_LIMIT, base_fee_per_gas=base_fee)
    assert header.next_base_fee() == calculate_expected_base_fee_per_gas(parent)


def test_next_base_fee_is_what_the_chain_takes() -> None:
    node = new_node(wall := Wall(), chain="tester")
    fees: list[tuple[int, int]] = []
    for second in range(1, 8):
        node.submit(transfer(nonce=second - 1))
        wall.now = START + second
        node.tick()
        fees.append((node.chain.header(second).base_fee, node.chain.header(second - 1).next_base_fee()))
    assert all(taken == told for taken, told in fees)
    assert len({taken for taken, _ in fees}) > 3
