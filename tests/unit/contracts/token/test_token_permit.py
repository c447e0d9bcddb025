"""EIP-2612: an allowance by signature, once, in time, from its owner, for this token on this chain."""

from __future__ import annotations

from typing import Any

import pytest
from eth_hash.auto import keccak

from checks import refused, send
from harness import World
from headwater.chain import encode
from headwater.chain.participant import Participant

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
DOMAIN_TYPE = [
    {"name": "name", "type": "string"},
    {"name": "version", "type": "string"},
    {"name": "chainId", "type": "uint256"},
    {"name": "verifyingContract", "type": "address"},
]
PERMIT_TYPE = [
    {"name": "owner", "type": "address"},
    {"name": "spender", "type": "address"},
    {"name": "value", "type": "uint256"},
    {"name": "nonce", "type": "uint256"},
    {"name": "deadline", "type": "uint256"},
]


def _domain(world: World, **changes: object) -> dict[str, Any]:
    return {
        "name": "Headwater",
        "version": "1",
        "chainId": world.backend.chain_id,
        "verifyingContract": world.system.addresses.token,
        **changes,
    }


def _sign(
    world: World,
    signer: Participant,
    owner: Participant,
    spender: Participant,
    value: int,
    deadline: int,
    nonce: int = 0,
    **domain: object,
) -> tuple[int, bytes, bytes]:
    signature = signer.account.sign_typed(
        {
            "types": {"EIP712Domain": DOMAIN_TYPE, "Permit": PERMIT_TYPE},
            "primaryType": "Permit",
            "domain": _domain(world, **domain),
            "message": {
                "owner": owner.address,
                "spender": spender.address,
                "value": value,
                "nonce": nonce,
                "deadline": deadline,
            },
        }
    )
    return signature[64], signature[:32], signature[32:64]


def test_a_permit_sets_the_allowance_and_uses_its_nonce(world: World) -> None:
    token, owner, spender = world.system.token, world.forecasters[0], world.providers[0]
    deadline = world.backend.now() + 100
    signature = _sign(world, owner, owner, spender, 55, deadline)
    receipt = send(world.stranger, token, "permit", owner.address, spender.address, 55, deadline, *signature)
    assert receipt.event("Approval").args == {"owner": owner.address, "spender": spender.address, "value": 55}
    assert token.call("allowance", owner.address, spender.address) == 55
    assert token.call("nonces", owner.address) == 1
    send(spender, token, "transferFrom", owner.address, spender.address, 55)
    with refused(world, "erc20: invalid signature"):  # replayed
        send(world.stranger, token, "permit", owner.address, spender.address, 55, deadline, *signature)


def test_a_permit_is_good_at_its_deadline_and_not_a_second_later(world: World) -> None:
    token, owner, spender = world.system.token, world.forecasters[0], world.providers[0]
    deadline = world.backend.now() + 100
    args = (owner.address, spender.address, 1, deadline, *_sign(world, owner, owner, spender, 1, deadline))
    snapshot = world.control.snapshot()
    world.travel(deadline + 1)
    with refused(world, "erc20: expired deadline"):
        send(world.stranger, token, "permit", *args)
    world.control.revert(snapshot)
    world.travel(deadline)
    assert send(world.stranger, token, "permit", *args).timestamp == deadline


@pytest.mark.parametrize(
    "wrong",
    ["signer", "owner", "spender", "value", "nonce", "deadline", "chain", "contract", "version"],
)
def test_a_permit_binds_every_one_of_its_words(world: World, wrong: str) -> None:
    token, owner, spender, other = world.system.token, world.forecasters[0], world.providers[0], world.stranger
    deadline = world.backend.now() + 100
    domain = {"chain": {"chainId": 1}, "contract": {"verifyingContract": other.address}, "version": {"version": "2"}}
    signature = _sign(
        world,
        other if wrong == "signer" else owner,
        owner,
        spender,
        1,
        deadline,
        1 if wrong == "nonce" else 0,
        **domain.get(wrong, {}),
    )
    args = (
        other.address if wrong == "owner" else owner.address,
        other.address if wrong == "spender" else spender.address,
        2 if wrong == "value" else 1,
        deadline + 1 if wrong == "deadline" else deadline,
        *signature,
    )
    with refused(world, "erc20: invalid signature"):
        send(other, token, "permit", *args)


def test_a_malleated_or_empty_signature_is_refused(world: World) -> None:
    token, owner, spender = world.system.token, world.forecasters[0], world.providers[0]
    deadline = world.backend.now() + 100
    v, r, s = _sign(world, owner, owner, spender, 1, deadline)
    flipped = (ORDER - int.from_bytes(s, "big")).to_bytes(32, "big")
    with refused(world, "ecdsa: invalid signature `s` value"):
        send(world.stranger, token, "permit", owner.address, spender.address, 1, deadline, 55 - v, r, flipped)
    with refused(world, "ecdsa: invalid signature"):
        send(world.stranger, token, "permit", owner.address, spender.address, 1, deadline, 0, r, s)


def test_the_domain_is_what_wallets_are_told(world: World) -> None:
    token = world.system.token
    fields, name, version, chain_id, contract, salt, extensions = token.call("eip712Domain")
    assert (fields, name, version, chain_id) == (b"\x0f", "Headwater", "1", world.backend.chain_id)
    assert (contract, salt, tuple(extensions)) == (world.system.addresses.token, bytes(32), ())
    domain = encode(
        ("bytes32", "bytes32", "bytes32", "uint256", "address"),
        (
            keccak(b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
            keccak(b"Headwater"),
            keccak(b"1"),
            world.backend.chain_id,
            token.address,
        ),
    )
    assert token.call("DOMAIN_SEPARATOR") == keccak(domain)
