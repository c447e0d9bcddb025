"""HeadwaterToken as an ERC-20: transfers, allowances, and that nothing else is callable."""

from __future__ import annotations

import pytest

from checks import refused, send, told
from harness import CONFIG, TOKENS, ZERO, World
from headwater.chain import load

MAX = 2**256 - 1

FUNCTIONS = {
    "DOMAIN_SEPARATOR()",
    "allowance(address,address)",
    "approve(address,uint256)",
    "authorization(address,bytes32)",
    "authorizationState(address,bytes32)",
    "balanceOf(address)",
    "cancelAuthorization(address,bytes32,uint8,bytes32,bytes32)",
    "cap()",
    "decimals()",
    "eip712Domain()",
    "mint(address,uint256)",
    "minter()",
    "name()",
    "nonces(address)",
    "permit(address,address,uint256,uint256,uint8,bytes32,bytes32)",
    "receiveWithAuthorization(address,address,uint256,uint256,uint256,bytes32,uint8,bytes32,bytes32)",
    "symbol()",
    "totalSupply()",
    "transfer(address,uint256)",
    "transferFrom(address,address,uint256)",
    "transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,uint8,bytes32,bytes32)",
}


def test_nobody_owns_or_burns_the_token(world: World) -> None:
    assert {f.signature for f in world.system.token.interface.functions.values()} == FUNCTIONS


def test_the_token_says_what_it_is(world: World) -> None:
    token = world.system.token
    assert (token.call("name"), token.call("symbol"), token.call("decimals")) == ("Headwater", "HEAD", 18)
    assert token.call("cap") == CONFIG.cap
    assert token.call("minter") == world.system.addresses.treasury
    assert load("HeadwaterToken").compiler == "0.4.3"


def test_a_transfer_moves_exactly_its_amount(world: World) -> None:
    payer, payee = world.stranger, world.providers[0]
    before = world.system.balance(payer.address), world.system.balance(payee.address)
    receipt = payer.transfer(payee.address, 7)
    assert (world.system.balance(payer.address), world.system.balance(payee.address)) == (before[0] - 7, before[1] + 7)
    assert told(world, receipt) == [("Transfer", {"sender": payer.address, "receiver": payee.address, "value": 7})]


def test_a_transfer_to_oneself_and_of_nothing_changes_no_balance(world: World) -> None:
    payer = world.stranger
    before = world.system.balance(payer.address)
    payer.transfer(payer.address, before)
    payer.transfer(world.providers[0].address, 0)
    assert world.system.balance(payer.address) == before


def test_nobody_spends_more_than_it_has(world: World) -> None:
    payer = world.stranger
    balance = world.system.balance(payer.address)
    for amount in (balance + 1, MAX):
        with refused(world, "erc20: transfer amount exceeds balance"):
            payer.transfer(world.providers[0].address, amount)
    payer.transfer(world.providers[0].address, balance)
    assert world.system.balance(payer.address) == 0


def test_tokens_are_not_sent_to_the_zero_address(world: World) -> None:
    with refused(world, "erc20: transfer to the zero address"):
        world.stranger.transfer(ZERO, 1)


def test_an_allowance_is_spent_to_the_wei_and_no_further(world: World) -> None:
    token, owner, spender = world.system.token, world.stranger, world.providers[0]
    receipt = owner.approve(spender.address, 10)
    assert told(world, receipt) == [("Approval", {"owner": owner.address, "spender": spender.address, "value": 10})]
    assert token.call("allowance", owner.address, spender.address) == 10
    with refused(world, "erc20: insufficient allowance"):
        send(spender, token, "transferFrom", owner.address, spender.address, 11)
    send(spender, token, "transferFrom", owner.address, spender.address, 10)
    assert token.call("allowance", owner.address, spender.address) == 0
    with refused(world, "erc20: insufficient allowance"):
        send(spender, token, "transferFrom", owner.address, spender.address, 1)


def test_an_unlimited_allowance_stays(world: World) -> None:
    token, owner, spender = world.system.token, world.stranger, world.providers[0]
    owner.approve(spender.address)
    send(spender, token, "transferFrom", owner.address, spender.address, 5 * TOKENS)
    assert token.call("allowance", owner.address, spender.address) == MAX


def test_an_allowance_does_not_stretch_a_balance(world: World) -> None:
    token, owner, spender = world.system.token, world.stranger, world.providers[0]
    owner.approve(spender.address)
    with refused(world, "erc20: transfer amount exceeds balance"):
        send(
            spender,
            token,
            "transferFrom",
            owner.address,
            spender.address,
            world.system.balance(owner.address) + 1,
        )


def test_the_zero_address_is_approved_for_nothing(world: World) -> None:
    with refused(world, "erc20: approve to the zero address"):
        world.stranger.approve(ZERO, 1)


@pytest.mark.parametrize("name", ["burn", "burn_from", "set_minter", "transfer_ownership", "renounce_ownership"])
def test_what_the_library_could_do_besides_does_not_exist(world: World, name: str) -> None:
    assert not any(known == name for known, _ in world.system.token.interface.functions)
