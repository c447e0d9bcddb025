"""deposit: bonds the caller's own stake and writes its checkpoint."""

from __future__ import annotations

import pytest

from checks import refused, told
from harness import TOKENS, World, audit
from headwater.chain import Reverted

STAKE = 10_000 * TOKENS


def test_a_deposit_bonds_exactly_its_amount(world: World) -> None:
    who, vault = world.stranger, world.system.vault
    before = world.system.balance(who.address)
    receipt = who.stake(7)
    assert world.system.balance(who.address) == before - 7
    assert vault.call("account", who.address) == (7, 0, 1)
    assert vault.call("checkpoint", who.address, 0) == (receipt.block_number, 7)
    assert told(world, receipt)[-1] == ("Deposited", {"account": who.address, "amount": 7})
    who.stake(5)
    assert vault.call("account", who.address) == (12, 0, 2)
    audit(world)


def test_only_what_is_there_can_be_bonded(world: World) -> None:
    who = world.stranger
    balance = world.system.balance(who.address)
    with refused(world, "vault: nothing to deposit"):
        who.stake(0)
    for amount in (balance + 1, 2**96, 2**255 - 1):
        with refused(world, "erc20: transfer amount exceeds balance" if amount < 2**255 - 1 else ""):
            who.stake(amount)
    with refused(world, ""):
        who.stake(2**256 - 1)
    who.approve(world.system.addresses.vault, 5)
    with refused(world, "erc20: insufficient allowance"):
        who.stake(6)
    who.approve(world.system.addresses.vault)
    who.stake(balance)
    assert world.system.stake(who.address).bonded == balance


def test_changes_in_one_block_leave_one_checkpoint_with_the_last_word(world: World) -> None:
    who, vault = world.forecasters[0], world.system.vault
    entries = world.system.stake(who.address).checkpoints
    with world.control.block():  # type: ignore[attr-defined]
        first = who.stake(3)
        who.request_unbond(1)
        last = who.stake(5)
    assert first.block_number == last.block_number
    assert vault.call("account", who.address) == (STAKE + 7, 0, entries + 1)
    assert vault.call("checkpoint", who.address, entries) == (last.block_number, STAKE + 7)
    receipt = who.stake(1)
    assert vault.call("checkpoint", who.address, entries + 1) == (receipt.block_number, STAKE + 8)


def test_a_checkpoint_that_was_never_written_cannot_be_read(world: World) -> None:
    vault, who = world.system.vault, world.forecasters[0]
    for account, index in ((who, 1), (who, 2**256 - 1), (world.stranger, 0)):
        with pytest.raises(Reverted) as caught:
            vault.call("checkpoint", account.address, index)
        assert caught.value.reason == "vault: no such checkpoint"
