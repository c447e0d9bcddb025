"""The wallet of an agent: set with its own consent, once, in time; by a key or by a contract."""

from __future__ import annotations

from typing import Any

import pytest

from checks import refused
from harness import ZERO
from headwater.chain import Account, Contract, typed_digest
from headwater.identity import wallet_consent
from identity_cases import Town

HALF = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
INVALID = "identity: invalid signature of the wallet"


def _consent(town: Town, wallet: str, deadline: int, owner: str | None = None) -> dict[str, Any]:
    return wallet_consent(town.registries, town.agent, wallet, owner or town.owner.address, deadline)


def _set(town: Town, wallet: str, deadline: int, signature: bytes, agent: int | None = None) -> None:
    number = town.agent if agent is None else agent
    town.registries.identity.send("setAgentWallet", number, wallet, deadline, signature, sender=town.owner.account)


def _signed(town: Town, wallet: Account, deadline: int) -> bytes:
    return wallet.sign_typed(_consent(town, wallet.address, deadline))


def test_a_wallet_that_consents_is_set(town: Town) -> None:
    town.owner.set_wallet(town.agent, town.client.account)
    assert town.registries.agent(town.agent).wallet == town.client.address
    assert town.registries.metadata(town.agent, "agentWallet") == bytes.fromhex(town.client.address[2:])
    town.owner.unset_wallet(town.agent)
    assert town.registries.agent(town.agent).wallet is None
    assert town.registries.metadata(town.agent, "agentWallet") == b""


def test_a_deadline_is_from_now_to_300_seconds_ahead(town: Town) -> None:
    now = town.backend.now()
    for deadline, reason in (
        (now - 1, "identity: consent is expired"),
        (now + 301, "identity: deadline more than 300 seconds ahead"),
    ):
        signature = _signed(town, town.client.account, deadline)
        town.world.travel(now)
        before = town.world.control.snapshot()
        with refused(town, reason):
            _set(town, town.client.address, deadline, signature)
        town.world.control.revert(before)
    for deadline in (now, now + 300):
        before = town.world.control.snapshot()
        signature = _signed(town, town.client.account, deadline)
        town.world.travel(now)
        _set(town, town.client.address, deadline, signature)
        assert town.registries.agent(town.agent).wallet == town.client.address
        town.world.control.revert(before)


def test_a_consent_counts_once_and_older_ones_no_longer(town: Town) -> None:
    deadline = town.backend.now() + 200
    first = _signed(town, town.client.account, deadline)
    older = _signed(town, town.client.account, deadline - 1)
    _set(town, town.client.address, deadline, first)
    town.owner.unset_wallet(town.agent)
    for until, signature in ((deadline, first), (deadline - 1, older)):
        with refused(town, "identity: deadline not after the last one used"):
            _set(town, town.client.address, until, signature)
    # Nor after the agent has gone to another owner and come back.
    town.owner.hand_over(town.agent, town.friend.address)
    town.friend.hand_over(town.agent, town.owner.address)
    with refused(town, "identity: deadline not after the last one used"):
        _set(town, town.client.address, deadline, first)
    _set(town, town.client.address, deadline + 1, _signed(town, town.client.account, deadline + 1))


def test_a_signature_binds_agent_wallet_owner_deadline_chain_and_registry(town: Town) -> None:
    deadline = town.backend.now() + 200
    wallet = town.client
    good = _consent(town, wallet.address, deadline)
    other_agent = town.owner.register()
    spoiled = [
        {**good, "message": {**good["message"], name: value}}
        for name, value in (
            ("agentId", other_agent),
            ("newWallet", town.friend.address),
            ("owner", town.friend.address),
            ("deadline", deadline + 1),
        )
    ] + [
        {**good, "domain": {**good["domain"], name: value}}
        for name, value in (
            ("name", "AgentIdentity"),
            ("version", "2"),
            ("chainId", 1),
            ("verifyingContract", wallet.address),
        )
    ]
    for message in spoiled:
        with refused(town, INVALID):
            _set(town, wallet.address, deadline, wallet.account.sign_typed(message))
    with refused(town, INVALID):
        _set(town, wallet.address, deadline, town.friend.account.sign_typed(good))
    _set(town, wallet.address, deadline, wallet.account.sign_typed(good))


def test_malformed_and_malleable_signatures_are_refused(town: Town) -> None:
    deadline = town.backend.now() + 200
    good = _signed(town, town.client.account, deadline)
    s = int.from_bytes(good[32:64], "big")
    assert s <= HALF
    flipped = good[:32] + (ORDER - s).to_bytes(32, "big") + bytes([55 - good[64]])
    for signature in (b"", good[:64], good + b"\0", bytes(65), good[:64] + b"\x05", flipped):
        with refused(town, INVALID):
            _set(town, town.client.address, deadline, signature)
    with refused(town, "identity: wallet is the zero address"):
        _set(town, ZERO, deadline, bytes(65))


def test_a_contract_consents_by_its_own_rule(town: Town, wallets: tuple[Contract, Contract]) -> None:
    wallet, _ = wallets
    deadline = town.backend.now() + 200
    digest = typed_digest(_consent(town, wallet.address, deadline))
    for signature in (b"", bytes(65), b"s" * 1_024):
        with refused(town, INVALID):
            _set(town, wallet.address, deadline, signature)
    wallet.send("accept", digest, bytes.fromhex("deadbeef"), sender=town.owner.account)
    with refused(town, INVALID):
        _set(town, wallet.address, deadline, b"")
    wallet.send("accept", digest, bytes.fromhex("1626ba7e"), sender=town.owner.account)
    _set(town, wallet.address, deadline, b"s" * 1_024)
    assert town.registries.agent(town.agent).wallet == wallet.address


def test_a_contract_without_the_rule_consents_to_nothing(town: Town) -> None:
    deadline = town.backend.now() + 200
    token = town.world.system.token
    with refused(town, INVALID):
        _set(town, token.address, deadline, bytes(65))


@pytest.mark.parametrize("wait", [0, 299])
def test_the_owner_at_registration_is_the_wallet_without_any_consent(town: Town, wait: int) -> None:
    town.world.travel(town.backend.now() + wait)
    assert town.registries.agent(town.agent).wallet == town.owner.address
    town.owner.unset_wallet(town.agent)
    town.owner.set_wallet(town.agent, town.owner.account)
    assert town.registries.agent(town.agent).wallet == town.owner.address
