"""What may wait to be sealed: geth's rules in geth's words, and every refusal is one that our client understands."""

from __future__ import annotations

import pytest

from headwater.chain import TransactionRejected
from headwater.chain.errors import from_rpc
from headwater.units import GWEI
from headwater.units import WAD as ETHER
from headwater_deploy.node import Node
from headwater_deploy.node import pool as pool_module
from headwater_deploy.node.failure import RpcFailure
from headwater_deploy.node.pool import GAP_LIFETIME
from node_cases import OTHER, SENDER, START, Wall, new_node, transfer


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest.fixture(params=["tester", "revm"])
def node(request: pytest.FixtureRequest, wall: Wall) -> Node:
    return new_node(wall, chain=request.param)


def refused(node: Node, raw: bytes) -> str:
    """The words of a refusal; nothing has changed."""
    waiting = [transaction.tx_hash for *_, transaction, _ in node.pool.all()]
    with pytest.raises(RpcFailure) as caught:
        node.submit(raw)
    assert [transaction.tx_hash for *_, transaction, _ in node.pool.all()] == waiting
    error = from_rpc(caught.value.as_json())
    assert isinstance(error, TransactionRejected), error
    return str(caught.value)


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (transfer(chain_id=1), "invalid chain id for signer: have 1 want 1337"),
        (transfer(gas=20_999), "intrinsic gas too low: gas 20999, minimum needed 21000"),
        (transfer(gas=100_000_001), "exceeds block gas limit"),
        (transfer(tip=3 * GWEI, max_fee=2 * GWEI), "max priority fee per gas higher than max fee per gas"),
        (transfer(value=10**7 * ETHER), "insufficient funds for gas * price + value: balance 1000000"),
        (
            transfer(data=b"\1" * 1_000, gas=60_999),
            "insufficient gas for floor data gas cost: gas 60999, minimum needed 61000",
        ),
        (
            transfer(to=None, data=b"\1" * 49_153, gas=9_000_000),
            "max initcode size exceeded: code size 49153, limit 49152",
        ),
    ],
)
def test_transaction_that_can_never_run_is_refused(node: Node, raw: bytes, said: str) -> None:
    assert said in refused(node, raw)


def test_just_enough_is_enough(node: Node) -> None:
    balance = node.chain.balance_at(SENDER.address, None)
    node.submit(transfer(value=balance - 21_000 * 10 * GWEI))
    assert len(node.pool) == 1


def test_nonce_that_was_used_is_too_low(node: Node, wall: Wall) -> None:
    node.submit(transfer())
    wall.now = START + 1
    node.tick()
    assert refused(node, transfer(value=2)) == "nonce too low: next nonce 1, tx nonce 0"
    assert refused(node, transfer()) == "nonce too low: next nonce 1, tx nonce 0"


def test_same_transaction_twice_is_known(node: Node) -> None:
    node.submit(transfer())
    assert refused(node, transfer()) == "already known"


@pytest.mark.parametrize(("tip", "max_fee"), [(109, 1_100), (110, 1_099), (100, 1_100), (110, 1_000)])
def test_replacement_that_does_not_pay_a_tenth_more_in_both_fees_is_underpriced(
    node: Node, tip: int, max_fee: int
) -> None:
    node.submit(transfer(tip=100 * GWEI, max_fee=1_000 * GWEI))
    assert refused(node, transfer(tip=tip * GWEI, max_fee=max_fee * GWEI)) == "replacement transaction underpriced"


def test_replacement_of_what_pays_nothing_has_to_pay_something(node: Node) -> None:
    node.submit(transfer(tip=0, max_fee=0))
    assert refused(node, transfer(tip=0, max_fee=0, value=2)) == "replacement transaction underpriced"
    node.submit(transfer(tip=1, max_fee=1, value=3))
    assert len(node.pool) == 1


def test_replacement_that_pays_a_tenth_more_takes_the_place(node: Node, wall: Wall) -> None:
    old = node.submit(transfer(tip=100 * GWEI, max_fee=1_000 * GWEI, value=1))
    new = node.submit(transfer(tip=110 * GWEI, max_fee=1_100 * GWEI, value=2))
    assert node.pool.get(old.tx_hash) is None
    wall.now = START + 1
    node.tick()
    assert node.chain.receipt(new.tx_hash) is not None
    assert node.chain.receipt(old.tx_hash) is None


def test_money_that_waiting_transactions_will_spend_is_not_promised_again(node: Node) -> None:
    node.submit(transfer(nonce=0, value=600_000 * ETHER))
    said = refused(node, transfer(nonce=1, value=600_000 * ETHER))
    assert "insufficient funds" in said
    assert f"queued cost {600_000 * ETHER + 21_000 * 10 * GWEI}" in said


def test_full_pool_takes_no_more_but_lets_replacements_in(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_module, "MAX_WAITING", 2)
    node.submit(transfer(nonce=0))
    node.submit(transfer(OTHER, 0, to=SENDER.address))
    assert refused(node, transfer(nonce=1)) == "txpool is full"
    node.submit(transfer(nonce=0, tip=2 * GWEI, max_fee=20 * GWEI))


def test_one_sender_cannot_fill_the_pool(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_module, "MAX_PER_SENDER", 2)
    node.submit(transfer(nonce=0))
    node.submit(transfer(nonce=1))
    assert refused(node, transfer(nonce=2)) == "txpool is full"
    node.submit(transfer(OTHER, 0, to=SENDER.address))


def test_transaction_behind_a_gap_is_let_go_in_the_end() -> None:
    now = [0.0]
    node = new_node(Wall())
    node.pool._clock = lambda: now[0]
    kept = node.submit(transfer(nonce=0))
    behind = node.submit(transfer(nonce=2))
    now[0] = GAP_LIFETIME + 1
    assert [transaction.tx_hash for transaction in node.pool.stale()] == [behind.tx_hash]
    assert node.pool.get(kept.tx_hash) is not None
