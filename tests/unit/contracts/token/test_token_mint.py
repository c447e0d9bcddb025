"""One minter, fixed at construction, and a cap that nobody can pass."""

from __future__ import annotations

import pytest

from checks import refused, send
from harness import TOKENS, ZERO, LocalBackend, World
from headwater.chain import Account, Contract, Reverted, deploy, load

CAP = 1_000 * TOKENS


def _token(chain: LocalBackend, minter: Account, genesis: int = 0) -> Contract:
    return deploy(chain, load("HeadwaterToken"), minter, CAP, minter, genesis, sender=minter)[0]


def test_only_the_treasury_mints(world: World) -> None:
    for who in (world.governor, world.stranger):
        with refused(world, "token: caller is not the minter"):
            send(who, world.system.token, "mint", who.address, 1)


def test_the_minter_mints_up_to_the_cap_and_not_a_wei_more(chain: LocalBackend) -> None:
    minter, holder = chain.dev_accounts(2)
    token = _token(chain, minter, genesis=CAP - 10)
    receipt = token.send("mint", holder, 9, sender=minter)
    assert dict(receipt.event("Transfer").args) == {"sender": ZERO, "receiver": holder.address, "value": 9}
    for amount, reason in ((2, "token: cap exceeded"), (2**256 - 1, "")):
        with pytest.raises(Reverted) as caught:
            token.send("mint", holder, amount, sender=minter)
        assert caught.value.reason == reason
    token.send("mint", holder, 1, sender=minter)
    assert token.call("totalSupply") == CAP
    assert token.call("balanceOf", holder) == 10


def test_nothing_is_minted_to_the_zero_address(chain: LocalBackend) -> None:
    minter = chain.dev_accounts(1)[0]
    token = _token(chain, minter)
    with pytest.raises(Reverted) as caught:
        token.send("mint", ZERO, 1, sender=minter)
    assert caught.value.reason == "erc20: mint to the zero address"
    assert token.call("totalSupply") == 0


def test_the_genesis_supply_goes_to_its_holder(chain: LocalBackend) -> None:
    minter = chain.dev_accounts(1)[0]
    token = _token(chain, minter, genesis=CAP)
    assert token.call("balanceOf", minter) == token.call("totalSupply") == CAP


@pytest.mark.parametrize(
    ("minter", "cap", "holder", "genesis", "reason"),
    [
        (ZERO, CAP, None, 0, "token: minter is the zero address"),
        (None, 0, None, 0, "token: cap not in 1..2**96-1"),
        (None, 2**96, None, 0, "token: cap not in 1..2**96-1"),
        (None, CAP, None, CAP + 1, "token: genesis above the cap"),
        (None, CAP, ZERO, 1, "erc20: mint to the zero address"),
    ],
)
def test_a_token_outside_the_rails_cannot_be_made(
    chain: LocalBackend, minter: str | None, cap: int, holder: str | None, genesis: int, reason: str
) -> None:
    deployer = chain.dev_accounts(1)[0]
    with pytest.raises(Reverted) as caught:
        deploy(
            chain,
            load("HeadwaterToken"),
            minter or deployer,
            cap,
            holder or deployer,
            genesis,
            sender=deployer,
        )
    assert caught.value.reason == reason


def test_the_largest_cap_is_accepted(chain: LocalBackend) -> None:
    deployer = chain.dev_accounts(1)[0]
    token, _ = deploy(chain, load("HeadwaterToken"), deployer, 2**96 - 1, deployer, 2**96 - 1, sender=deployer)
    assert token.call("totalSupply") == 2**96 - 1
