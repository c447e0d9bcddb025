"""EIP-3009: transfers by signature, and the revert texts by which x402's tools tell why a payment failed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest
from eth_hash.auto import keccak

from checks import nothing_changed, refused, send, told
from harness import TOKENS, World
from headwater.chain import Reverted, encode
from headwater.chain.participant import Participant
from headwater.chain.transaction import checksum

NONCE = b"\x07" * 32
DOMAIN_TYPE = [
    {"name": "name", "type": "string"},
    {"name": "version", "type": "string"},
    {"name": "chainId", "type": "uint256"},
    {"name": "verifyingContract", "type": "address"},
]
TRANSFER_TYPE = [
    {"name": "from", "type": "address"},
    {"name": "to", "type": "address"},
    {"name": "value", "type": "uint256"},
    {"name": "validAfter", "type": "uint256"},
    {"name": "validBefore", "type": "uint256"},
    {"name": "nonce", "type": "bytes32"},
]
CANCEL_TYPE = [{"name": "authorizer", "type": "address"}, {"name": "nonce", "type": "bytes32"}]


def _sign(
    world: World, signer: Participant, kind: str, type_: list[dict[str, str]], message: dict[str, Any], **domain: object
) -> tuple[int, bytes, bytes]:
    signature = signer.account.sign_typed(
        {
            "types": {"EIP712Domain": DOMAIN_TYPE, kind: type_},
            "primaryType": kind,
            "domain": {
                "name": "Headwater",
                "version": "1",
                "chainId": world.backend.chain_id,
                "verifyingContract": world.system.addresses.token,
                **domain,
            },
            "message": message,
        }
    )
    return signature[64], signature[:32], signature[32:64]


@dataclass(frozen=True)
class Payment:
    """An authorisation's words, in the order of the call."""

    owner: str
    to: str
    amount: int
    after: int
    before: int
    nonce: bytes = NONCE

    def args(self) -> tuple[Any, ...]:
        return self.owner, self.to, self.amount, self.after, self.before, self.nonce

    def sign(
        self, world: World, signer: Participant, kind: str = "TransferWithAuthorization", **domain: object
    ) -> tuple[int, bytes, bytes]:
        names = [part["name"] for part in TRANSFER_TYPE]
        return _sign(world, signer, kind, TRANSFER_TYPE, dict(zip(names, self.args(), strict=True)), **domain)


def _payment(world: World, amount: int = 5 * TOKENS) -> Payment:
    now = world.backend.now()
    return Payment(world.forecasters[0].address, world.providers[0].address, amount, now - 10, now + 100)


def _cancel(world: World, signer: Participant, authorizer: str, nonce: bytes = NONCE) -> tuple[int, bytes, bytes]:
    return _sign(world, signer, "CancelAuthorization", CANCEL_TYPE, {"authorizer": authorizer, "nonce": nonce})


def test_anybody_submits_a_transfer_that_its_payer_signed(world: World) -> None:
    payment, token = _payment(world), world.system.token
    before = world.system.balance(payment.owner), world.system.balance(payment.to)
    signature = payment.sign(world, world.forecasters[0])
    receipt = send(world.stranger, token, "transferWithAuthorization", *payment.args(), *signature)
    after = world.system.balance(payment.owner), world.system.balance(payment.to)
    assert after == (before[0] - payment.amount, before[1] + payment.amount)
    assert told(world, receipt) == [
        ("AuthorizationUsed", {"authorizer": payment.owner, "nonce": NONCE}),
        ("Transfer", {"sender": payment.owner, "receiver": payment.to, "value": payment.amount}),
    ]
    assert token.call("authorizationState", payment.owner, NONCE)
    assert not token.call("authorizationState", payment.owner, bytes(32))
    assert not token.call("authorizationState", payment.to, NONCE)


def test_what_was_paid_can_be_told_from_what_was_canceled_and_what_is_open(world: World) -> None:
    payment, token = _payment(world), world.system.token
    assert token.call("authorization", payment.owner, NONCE) == bytes(32)
    signature = payment.sign(world, world.forecasters[0])
    send(world.stranger, token, "transferWithAuthorization", *payment.args(), *signature)
    kind = keccak(
        b"TransferWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,"
        b"bytes32 nonce)"
    )
    words = ("bytes32", "address", "address", "uint256", "uint256", "uint256", "bytes32")
    assert token.call("authorization", payment.owner, NONCE) == keccak(encode(words, (kind, *payment.args())))
    other = bytes(31) + b"\x01"
    send(
        world.stranger,
        token,
        "cancelAuthorization",
        payment.owner,
        other,
        *_cancel(world, world.forecasters[0], payment.owner, other),
    )
    assert token.call("authorization", payment.owner, other) == bytes(31) + b"\x01"
    assert token.call("authorizationState", payment.owner, other)


def test_an_authorisation_is_used_once(world: World) -> None:
    payment, token = _payment(world), world.system.token
    signature = payment.sign(world, world.forecasters[0])
    send(world.stranger, token, "transferWithAuthorization", *payment.args(), *signature)
    with refused(world, "token: authorization is used or canceled"):
        send(world.stranger, token, "transferWithAuthorization", *payment.args(), *signature)
    # Also not under the other kind, with a signature of its own: the two share their nonces.
    as_received = payment.sign(world, world.forecasters[0], "ReceiveWithAuthorization")
    with refused(world, "token: authorization is used or canceled"):
        send(world.providers[0], token, "receiveWithAuthorization", *payment.args(), *as_received)
    another = replace(payment, nonce=bytes(32))
    send(
        world.stranger,
        token,
        "transferWithAuthorization",
        *another.args(),
        *another.sign(world, world.forecasters[0]),
    )


def test_only_the_payee_submits_what_is_to_be_received(world: World) -> None:
    payment, token, payee = _payment(world), world.system.token, world.providers[0]
    signature = payment.sign(world, world.forecasters[0], "ReceiveWithAuthorization")
    for who in (world.stranger, world.forecasters[0]):
        with refused(world, "token: caller must be the payee"):
            send(who, token, "receiveWithAuthorization", *payment.args(), *signature)
    before = world.system.balance(payment.to)
    receipt = send(payee, token, "receiveWithAuthorization", *payment.args(), *signature)
    assert world.system.balance(payment.to) == before + payment.amount
    assert [name for name, _ in told(world, receipt)] == ["AuthorizationUsed", "Transfer"]


@pytest.mark.parametrize("name", ["transferWithAuthorization", "receiveWithAuthorization"])
def test_an_authorisation_is_valid_strictly_between_its_times(world: World, name: str) -> None:
    payment, token, payee = _payment(world), world.system.token, world.providers[0]
    payment = replace(payment, after=world.backend.now() + 50)
    signature = payment.sign(world, world.forecasters[0], name[0].upper() + name[1:])
    snapshot = world.control.snapshot()
    for moment, reason in (
        (payment.after - 1, "token: authorization is not yet valid"),
        (payment.after, "token: authorization is not yet valid"),
        (payment.after + 1, None),
        (payment.before - 1, None),
        (payment.before, "token: authorization is expired"),
        (payment.before + 1, "token: authorization is expired"),
    ):
        world.travel(moment)
        if reason is None:
            assert send(payee, token, name, *payment.args(), *signature).timestamp == moment
        else:
            with refused(world, reason):
                send(payee, token, name, *payment.args(), *signature)
        world.control.revert(snapshot)
        snapshot = world.control.snapshot()


@pytest.mark.parametrize("name", ["transferWithAuthorization", "receiveWithAuthorization"])
@pytest.mark.parametrize(
    "wrong", ["signer", "owner", "amount", "after", "before", "nonce", "kind", "chain", "contract", "token name"]
)
def test_an_authorisation_binds_every_one_of_its_words(world: World, name: str, wrong: str) -> None:
    payment, payee = _payment(world), world.providers[0]
    domains: dict[str, dict[str, object]] = {
        "chain": {"chainId": 1},
        "contract": {"verifyingContract": world.stranger.address},
        "token name": {"name": "Tailwater"},
    }
    kinds = ["TransferWithAuthorization", "ReceiveWithAuthorization"]
    kind = name[0].upper() + name[1:]
    if wrong == "kind":
        kind = kinds[1 - kinds.index(kind)]
    signer = world.stranger if wrong == "signer" else world.forecasters[0]
    signature = payment.sign(world, signer, kind, **domains.get(wrong, {}))
    sent = {
        "owner": replace(payment, owner=world.stranger.address),
        "amount": replace(payment, amount=payment.amount + 1),
        "after": replace(payment, after=payment.after - 1),
        "before": replace(payment, before=payment.before + 1),
        "nonce": replace(payment, nonce=bytes(32)),
    }.get(wrong, payment)
    with refused(world, "token: invalid signature"):
        send(payee, world.system.token, name, *sent.args(), *signature)


def test_an_authorisation_names_its_payee(world: World) -> None:
    payment, token, thief = _payment(world), world.system.token, world.stranger
    stolen = replace(payment, to=thief.address)
    for kind in ("transfer", "receive"):
        signature = payment.sign(world, world.forecasters[0], f"{kind.title()}WithAuthorization")
        with refused(world, "token: invalid signature"):
            send(thief, token, f"{kind}WithAuthorization", *stolen.args(), *signature)


def test_an_authorisation_above_the_balance_pays_nothing_and_stays_unused(world: World) -> None:
    token = world.system.token
    payment = _payment(world, world.system.balance(world.forecasters[0].address) + 1)
    signature = payment.sign(world, world.forecasters[0])
    with refused(world, "erc20: transfer amount exceeds balance"):
        send(world.stranger, token, "transferWithAuthorization", *payment.args(), *signature)
    world.governor.transfer(payment.owner, 1)
    send(world.stranger, token, "transferWithAuthorization", *payment.args(), *signature)
    assert world.system.balance(payment.owner) == 0


def test_a_signature_of_nobody_moves_nothing(world: World) -> None:
    payment, token = _payment(world), world.system.token
    _, r, s = payment.sign(world, world.forecasters[0])
    zero = replace(payment, owner=checksum(bytes(20)))
    for sent, v in ((payment, 0), (payment, 29), (zero, 0)):
        with refused(world, "ecdsa: invalid signature"):
            send(world.stranger, token, "transferWithAuthorization", *sent.args(), v, r, s)


def test_a_canceled_authorisation_is_void(world: World) -> None:
    payment, token, owner = _payment(world), world.system.token, world.forecasters[0]
    word = _cancel(world, owner, owner.address)
    receipt = send(world.stranger, token, "cancelAuthorization", owner.address, NONCE, *word)
    assert told(world, receipt) == [("AuthorizationCanceled", {"authorizer": owner.address, "nonce": NONCE})]
    assert token.call("authorizationState", owner.address, NONCE)
    for kind in ("transfer", "receive"):
        signature = payment.sign(world, owner, f"{kind.title()}WithAuthorization")
        with refused(world, "token: authorization is used or canceled"):
            send(world.providers[0], token, f"{kind}WithAuthorization", *payment.args(), *signature)
    with refused(world, "token: authorization is used or canceled"):
        send(world.stranger, token, "cancelAuthorization", owner.address, NONCE, *word)


def test_what_was_used_cannot_be_canceled(world: World) -> None:
    payment, token, owner = _payment(world), world.system.token, world.forecasters[0]
    send(world.stranger, token, "transferWithAuthorization", *payment.args(), *payment.sign(world, owner))
    with refused(world, "token: authorization is used or canceled"):
        send(owner, token, "cancelAuthorization", owner.address, NONCE, *_cancel(world, owner, owner.address))


def test_only_its_signer_cancels_an_authorisation(world: World) -> None:
    token, owner, other = world.system.token, world.forecasters[0], world.stranger
    for word in (
        _cancel(world, other, owner.address),
        _cancel(world, owner, other.address),
        _cancel(world, owner, owner.address, bytes(32)),
        _payment(world).sign(world, owner),
    ):
        with refused(world, "token: invalid signature"):
            send(other, token, "cancelAuthorization", owner.address, NONCE, *word)


@pytest.mark.parametrize(
    ("text", "change"),
    [
        ("authorization is expired", {"before": 1}),
        ("authorization is not yet valid", {"after": 2**200}),
        ("transfer amount exceeds balance", {"amount": 2**90}),
        ("invalid signature", {}),
        ("authorization is used", {"nonce": b"\x08" * 32}),
    ],
)
def test_a_simulated_payment_says_why_it_would_fail_in_the_words_that_tools_match(
    world: World, text: str, change: dict[str, Any]
) -> None:
    token, owner = world.system.token, world.forecasters[0]
    payment = replace(_payment(world), **change)
    signature = payment.sign(world, world.stranger if text == "invalid signature" else owner)
    if text == "authorization is used":
        send(world.stranger, token, "transferWithAuthorization", *payment.args(), *signature)
    with nothing_changed(world), pytest.raises(Reverted) as caught:
        token.call("transferWithAuthorization", *payment.args(), *signature)
    assert text in caught.value.reason
