"""deposit and receive_release: what comes in is booked under its version, whoever it is for."""

from __future__ import annotations

import pytest

from checks import refused, send, told
from harness import TOKENS, ZERO, LocalBackend, World
from headwater.cascade import Leaf
from headwater.chain import Contract, Reverted, deploy, load


def test_a_deposit_raises_the_inflow_of_its_version_only(world: World) -> None:
    node, payer, system = world.forecasters[0], world.stranger, world.system
    made = world.announce(node, [Leaf(world.providers[0].address, 0, 1)])
    before = system.balance(payer.address)
    receipt = payer.deposit(node.address, made.version, 9)
    payer.deposit(node.address, 0, 4)
    payer.deposit(node.address, made.version, 1)
    assert told(world, receipt)[-1] == (
        "Deposited",
        {"node": node.address, "version": made.version, "payer": payer.address, "amount": 9},
    )
    assert system.flows(node.address, made.version) == (10, 0)
    assert system.flows(node.address, 0) == (4, 0)
    assert system.balance(payer.address) == before - 14
    assert system.balance(system.addresses.cascade) == 14
    assert system.cascade.call("withdrawable", node.address) == 4


def test_a_deposit_is_some_wei_to_somebody_under_a_version_that_exists(world: World) -> None:
    node, payer = world.forecasters[0], world.providers[0]
    made = world.announce(node, [Leaf(payer.address, 0, 1)])
    balance = world.system.balance(payer.address)
    with refused(world, "cascade: node is the zero address"):
        payer.deposit(ZERO, 0, 1)
    for version in (made.version + 1, 2**40, 2**256 - 1):
        with refused(world, "cascade: no such version yet"):
            payer.deposit(node.address, version, 1)
    with refused(world, "cascade: nothing to deposit"):
        payer.deposit(node.address, made.version, 0)
    with refused(world, "erc20: transfer amount exceeds balance"):
        payer.deposit(node.address, made.version, balance + 1)
    payer.approve(world.system.addresses.cascade, 5)
    with refused(world, "erc20: insufficient allowance"):
        payer.deposit(node.address, made.version, 6)


def test_the_inflow_never_wraps_into_its_neighbour(world: World) -> None:
    payer = world.stranger
    payer.deposit(payer.address, 0, 1)
    with refused(world, "cascade: flow overflow"):
        payer.deposit(payer.address, 0, 2**128 - 1)
    with refused(world, "erc20: transfer amount exceeds balance"):
        payer.deposit(payer.address, 0, 2**128 - 2)
    with refused(world, ""):
        payer.deposit(payer.address, 0, 2**256 - 1)


def test_a_deposit_costs_the_same_whatever_the_fan_out(world: World) -> None:
    payer, gas = world.stranger, []
    for node, children in zip(world.forecasters, (1, 8, 32), strict=True):
        leaves = [Leaf("0x" + f"{i + 1:040x}", 0, i + 1) for i in range(children)]
        version = world.announce(node, leaves, domain=None).version
        payer.deposit(node.address, version, TOKENS)  # the slots are warm in all of them now
        gas.append(payer.deposit(node.address, version, TOKENS).gas_used)
    assert max(gas) - min(gas) < 100  # only the calldata's zero bytes differ


def test_only_the_vault_books_a_release(world: World) -> None:
    for who in (world.governor, world.forecasters[0]):
        with refused(world, "cascade: caller is not the vault"):
            send(who, world.system.cascade, "receive_release", who.address, 1, 1)


@pytest.fixture
def booked(chain: LocalBackend) -> Contract:
    """A cascade whose vault is a key: it books what it is told, without money."""
    owner = chain.dev_accounts(1)[0]
    return deploy(chain, load("Cascade"), owner, owner, sender=owner)[0]


def test_a_release_raises_the_released_lane_only(chain: LocalBackend, booked: Contract) -> None:
    owner = chain.dev_accounts(1)[0]
    receipt = booked.send("receive_release", owner, 3, 2**96 - 1, sender=owner)
    assert dict(receipt.event("ReleaseReceived").args) == {"node": owner.address, "version": 3, "amount": 2**96 - 1}
    assert booked.call("flows", owner, 3) == (0, 2**96 - 1)
    with pytest.raises(Reverted) as caught:
        booked.send("receive_release", owner, 3, 2**128 - 2**96 + 1, sender=owner)
    assert caught.value.reason == "cascade: flow overflow"
    assert booked.call("flows", owner, 3) == (0, 2**96 - 1)
    booked.send("receive_release", owner, 3, 2**128 - 2**96, sender=owner)
    assert booked.call("flows", owner, 3) == (0, 2**128 - 1)
