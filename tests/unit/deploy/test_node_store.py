"""A chain in a file: everything a node ever told is there again, and a file that does not fit is refused."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from headwater.units import GWEI
from headwater_deploy.node import Node, NodeError, StoreError
from headwater_deploy.node.failure import RpcFailure
from node_cases import OTHER, SENDER, START, Wall, new_node, transfer

KINDS = pytest.mark.parametrize("kind", ["tester", "revm"])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "chain.sqlite"


def lived(node: Node, wall: Wall) -> list[str]:
    """A life of five blocks, one of them empty; the hashes of all."""
    for nonce in range(4):
        wall.now += 1
        node.submit(transfer(nonce=nonce, value=nonce + 1))
        node.submit(transfer(OTHER, nonce, to=SENDER.address, tip=2 * GWEI))
        node.tick()
    wall.now += 10
    node.tick(asked=True)
    return hashes(node)


def hashes(node: Node) -> list[str]:
    found = []
    for number in range(len(node.ledger)):
        block = node.ledger.block(number)
        assert block is not None
        found.append(block.hash.hex())
    return found


@KINDS
def test_node_comes_back_with_every_block_receipt_and_balance(file: Path, kind: str) -> None:
    node = new_node(wall := Wall(), chain=kind, state=file)
    before = lived(node, wall)
    said = [node.chain.receipt("0x" + tx.hex()) for number in range(6) for tx in node.ledger.block(number).hashes]  # type: ignore[union-attr]
    money = node.chain.balance_at(OTHER.address, None)
    node.close()
    told: list[tuple[int, int]] = []
    from headwater_deploy.node import NodeConfig
    from headwater_deploy.node.clock import Clock

    wall.now += 1_000
    again = Node(
        NodeConfig(chain=kind, state=file),  # type: ignore[arg-type]
        clock=Clock(wall),
        progress=lambda done, of: told.append((done, of)),
    )
    assert len(before) == 6
    assert hashes(again) == before
    after = [again.chain.receipt("0x" + tx.hex()) for number in range(6) for tx in again.ledger.block(number).hashes]  # type: ignore[union-attr]
    assert [(each.gas_used, each.block_number) for each in after if each] == [
        (each.gas_used, each.block_number) for each in said if each
    ]
    assert again.chain.balance_at(OTHER.address, None) == money
    assert told == [(number, 5) for number in range(1, 6)]
    again.submit(transfer(nonce=4))
    wall.now += 1
    again.tick()
    assert again.ledger.latest.number == 6
    assert again.ledger.latest.timestamp == START + 1_015
    again.close()


@KINDS
def test_transactions_that_waited_wait_again_in_their_order(file: Path, kind: str) -> None:
    node = new_node(wall := Wall(), chain=kind, state=file)
    node.submit(transfer(nonce=0, value=1))
    node.submit(transfer(nonce=0, value=2, tip=2 * GWEI, max_fee=20 * GWEI))
    node.submit(transfer(nonce=1))
    node.submit(transfer(OTHER, 5))
    waiting = [(sender, nonce, each.tx_hash, ready) for sender, nonce, each, ready in node.pool.all()]
    assert len(waiting) == 3
    node.close()
    again = new_node(wall, chain=kind, state=file)
    assert [(sender, nonce, each.tx_hash, ready) for sender, nonce, each, ready in again.pool.all()] == waiting
    wall.now += 1
    again.tick()
    assert again.ledger.latest.number == 1
    assert len(again.ledger.latest.raws) == 2
    assert again._store is not None
    assert [tx_hash for tx_hash, _ in again._store.waiting()] == [waiting[-1][2]]
    again.close()


def test_file_is_held_by_one_node(file: Path) -> None:
    node = new_node(state=file)
    with pytest.raises(StoreError, match="held by another process"):
        new_node(state=file)
    node.close()
    new_node(state=file).close()


@pytest.mark.parametrize("other", [{"seed": 1}, {"chain_id": 5}, {"chain": "revm"}])
def test_file_of_another_chain_is_refused_and_stays_as_it_is(file: Path, other: dict[str, object]) -> None:
    new_node(state=file).close()
    name = next(iter(other))
    with pytest.raises(NodeError, match=f"keeps a chain of {name}"):
        new_node(state=file, **other)
    new_node(state=file).close()


def test_other_programs_files_are_refused_and_stay_as_they_are(tmp_path: Path) -> None:
    database = tmp_path / "other.sqlite"
    with sqlite3.connect(database) as db:
        db.execute("CREATE TABLE mine (x)")
    db.close()
    text = tmp_path / "text"
    text.write_text("not a database, but long enough to be looked at as if it were one " * 20)
    for path, said in ((database, "another program's"), (text, "cannot be used"), (tmp_path, "cannot be used")):
        before = path.read_bytes() if path.is_file() else b""
        with pytest.raises(StoreError, match=said):
            new_node(state=path)
        assert (path.read_bytes() if path.is_file() else b"") == before


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE blocks SET timestamp = timestamp + 1 WHERE number = 3",
        "UPDATE blocks SET hash = zeroblob(32) WHERE number = 2",
        "DELETE FROM blocks WHERE number = 2",
        "DELETE FROM transactions WHERE block = 4",
        "UPDATE transactions SET raw = (SELECT raw FROM transactions WHERE block = 2 LIMIT 1) WHERE block = 3",
        "UPDATE transactions SET raw = x'c0' WHERE block = 3",
        "UPDATE about SET value = value + 1 WHERE name = 'genesis_time'",
    ],
)
@KINDS
def test_changed_file_is_noticed(file: Path, kind: str, change: str) -> None:
    node = new_node(wall := Wall(), chain=kind, state=file)
    lived(node, wall)
    node.close()
    with sqlite3.connect(file) as db:
        db.execute(change)
    db.close()
    with pytest.raises(StoreError, match=r"block [1-5]"):
        new_node(wall, chain=kind, state=file)


@KINDS
def test_block_that_the_disk_refuses_is_never_seen_and_is_made_when_there_is_room(file: Path, kind: str) -> None:
    node = new_node(wall := Wall(), chain=kind, state=file)
    sent = node.submit(transfer(data=b"\1" * 5_000, gas=500_000))
    money = node.chain.balance_at(SENDER.address, None)
    assert node._store is not None
    db = node._store._db
    (pages,) = db.execute("PRAGMA page_count").fetchone()
    db.execute(f"PRAGMA max_page_count = {pages}")  # SQLite itself says that the disk is full
    for _ in range(2):
        wall.now += 1
        node.tick()
    assert node.ledger.latest.number == 0
    assert node.chain.block_number() == 0
    assert node.chain.receipt(sent.tx_hash) is None
    assert node.chain.balance_at(SENDER.address, None) == money
    with pytest.raises(RpcFailure, match="cannot be written"):
        node.submit(transfer(OTHER, 0, data=b"\1" * 5_000, gas=500_000))
    assert len(node.pool) == 1
    db.execute("PRAGMA max_page_count = 100000")
    wall.now += 1
    node.tick()
    assert node.ledger.latest.number == 1
    assert node.chain.receipt(sent.tx_hash) is not None
    node.close()


def test_development_methods_and_a_file_do_not_go_together(file: Path) -> None:
    with pytest.raises(NodeError, match="choose one of the two"):
        new_node(state=file, dev=True)
    assert not file.exists()
