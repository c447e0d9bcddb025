"""IdentityRegistry: agents, who may act for them, and what is said in which order."""

from __future__ import annotations

from typing import Any

import pytest
from eth_hash.auto import keccak

from checks import refused
from harness import ZERO
from headwater.chain import Contract
from headwater.identity import AgentDesk, RegistrationError
from identity_cases import Town, told_by

URI = "ipfs://bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi"

SELECTORS = {
    "register()": "1aa3a008",
    "register(string)": "f2c298be",
    "register(string,(string,bytes)[])": "8ea42286",
    "setAgentURI(uint256,string)": "0af28bd3",
    "getMetadata(uint256,string)": "cb4799f2",
    "setMetadata(uint256,string,bytes)": "466648da",
    "setAgentWallet(uint256,address,uint256,bytes)": "2d1ef5ae",
    "getAgentWallet(uint256)": "00339509",
    "unsetAgentWallet(uint256)": "3fddcf19",
    "isAuthorizedOrOwner(address,uint256)": "d95e72be",
    "getVersion()": "0d8e6e2c",
    "eip712Domain()": "84b0196e",
    "balanceOf(address)": "70a08231",
    "ownerOf(uint256)": "6352211e",
    "getApproved(uint256)": "081812fc",
    "isApprovedForAll(address,address)": "e985e9c5",
    "approve(address,uint256)": "095ea7b3",
    "setApprovalForAll(address,bool)": "a22cb465",
    "transferFrom(address,address,uint256)": "23b872dd",
    "safeTransferFrom(address,address,uint256)": "42842e0e",
    "safeTransferFrom(address,address,uint256,bytes)": "b88d4fde",
    "tokenURI(uint256)": "c87b56dd",
    "supportsInterface(bytes4)": "01ffc9a7",
    "name()": "06fdde03",
    "symbol()": "95d89b41",
    "count()": "06661abd",
}
TOPICS = {
    "Registered": "ca52e62c367d81bb2e328eb795f7c7ba24afb478408a26c0e201d155c449bc4a",
    "MetadataSet": "2c149ed548c6d2993cd73efe187df6eccabe4538091b33adbd25fafdb8a1468b",
    "URIUpdated": "3a2c7fffc2cba7582c690e3b82c453ea02a308326a98a3ad7576c606336409fb",
    "Transfer": "ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef",
    "Approval": "8c5be1e5ebec7d5bd14f71427d1e84f3dd0314c0f7b2291e5b200ac8c7c3b925",
    "ApprovalForAll": "17307eab39ab6107e8899845ad3d59bd9653f200f220920489ca2b5937696c31",
}


def _send(desk: AgentDesk, name: str, *args: Any) -> Any:
    return desk.registries.identity.send(name, *args, sender=desk.account)


def _wallet_set(agent: int, wallet: bytes) -> tuple[str, dict[str, Any]]:
    return "MetadataSet", {
        "agentId": agent,
        "indexedMetadataKey": keccak(b"agentWallet"),
        "metadataKey": "agentWallet",
        "metadataValue": wallet,
    }


def _bytes(address: str) -> bytes:
    return bytes.fromhex(address[2:])


def test_selectors_and_topics_are_the_standards_and_nothing_else_is_callable(town: Town) -> None:
    interface = town.registries.identity.interface
    assert {f.signature: f.selector.hex() for f in interface.functions.values()} == SELECTORS
    assert {e.name: e.topic.hex() for e in interface.events.values()} == TOPICS


def test_registration_says_transfer_registered_wallet_and_entries_in_this_order(town: Town) -> None:
    desk = town.client
    receipt = _send(desk, "register", URI, [("a", b"1"), ("b", b"")])
    assert told_by(town, receipt) == [
        ("Transfer", {"sender": ZERO, "receiver": desk.address, "token_id": 1}),
        ("Registered", {"agentId": 1, "agentURI": URI, "owner": desk.address}),
        _wallet_set(1, _bytes(desk.address)),
        ("MetadataSet", {"agentId": 1, "indexedMetadataKey": keccak(b"a"), "metadataKey": "a", "metadataValue": b"1"}),
        ("MetadataSet", {"agentId": 1, "indexedMetadataKey": keccak(b"b"), "metadataKey": "b", "metadataValue": b""}),
    ]
    registries = town.registries
    agent = registries.agent(1)
    assert (agent.owner, agent.wallet, agent.uri) == (desk.address, desk.address, URI)
    assert registries.metadata(1, "a") == b"1"
    assert registries.metadata(1, "agentWallet") == _bytes(desk.address)
    assert registries.agents() == 2


def test_agents_count_from_0_and_belong_to_whoever_registers(town: Town) -> None:
    assert town.agent == 0
    assert [town.client.register(), town.client.register("x"), town.friend.register("", {"k": b"v"})] == [1, 2, 3]
    identity = town.registries.identity
    assert [identity.call("balanceOf", desk.address) for desk in (town.owner, town.client, town.friend)] == [1, 2, 1]
    assert (identity.call("tokenURI", 1), identity.call("tokenURI", 2)) == ("", "x")


def test_what_was_never_registered_is_nobodys(town: Town) -> None:
    identity = town.registries.identity
    for name in ("ownerOf", "tokenURI", "getApproved"):
        with pytest.raises(Exception, match="identity: no such agent"):
            identity.call(name, 1)
    with pytest.raises(Exception, match="identity: no such agent"):
        identity.call("isAuthorizedOrOwner", town.owner.address, 1)
    with pytest.raises(RegistrationError, match="there is no agent 1 in 0x"):
        town.registries.agent(1)
    assert identity.call("getAgentWallet", 1) == ZERO
    assert identity.call("getMetadata", 1, "agentWallet") == b""
    with refused(town, "identity: no such agent"):
        town.owner.set_uri(1, "x")


def test_owner_operator_and_approved_spender_act_and_nobody_else(town: Town) -> None:
    identity, agent = town.registries.identity, town.agent
    acts = lambda desk: identity.call("isAuthorizedOrOwner", desk.address, agent)  # noqa: E731
    assert (acts(town.owner), acts(town.client), acts(town.friend)) == (True, False, False)
    assert not identity.call("isAuthorizedOrOwner", ZERO, agent)
    for call in (
        lambda desk: desk.set_uri(agent, "new"),
        lambda desk: desk.set_metadata(agent, "k", b"v"),
        lambda desk: desk.unset_wallet(agent),
        lambda desk: _send(desk, "transferFrom", town.owner.address, desk.address, agent),
        lambda desk: _send(desk, "safeTransferFrom", town.owner.address, desk.address, agent),
        lambda desk: desk.set_wallet(agent, desk.account),
    ):
        with refused(town, "identity: caller may not act for the agent"):
            call(town.stranger)
    _send(town.owner, "setApprovalForAll", town.client.address, True)
    _send(town.owner, "approve", town.friend.address, agent)
    assert (acts(town.client), acts(town.friend)) == (True, True)
    assert identity.call("getApproved", agent) == town.friend.address
    for number, desk in enumerate((town.owner, town.client, town.friend)):
        receipt = desk.set_uri(agent, f"uri {number}")
        assert told_by(town, receipt) == [
            ("URIUpdated", {"agentId": agent, "newURI": f"uri {number}", "updatedBy": desk.address})
        ]
        desk.set_metadata(agent, "k", b"%d" % number)
        assert town.registries.metadata(agent, "k") == b"%d" % number
    _send(town.owner, "setApprovalForAll", town.client.address, False)
    _send(town.owner, "approve", ZERO, agent)
    assert (acts(town.client), acts(town.friend)) == (False, False)
    assert identity.call("getApproved", agent) == ZERO


def test_approvals_are_given_by_owner_and_operators_only(town: Town) -> None:
    _send(town.owner, "approve", town.friend.address, town.agent)
    for desk in (town.friend, town.stranger):
        with refused(town, "identity: caller is not owner nor operator"):
            _send(desk, "approve", desk.address, town.agent)
    with refused(town, "identity: operator is the zero address"):
        _send(town.owner, "setApprovalForAll", ZERO, True)
    receipt = _send(town.owner, "setApprovalForAll", town.client.address, True)
    assert told_by(town, receipt) == [
        ("ApprovalForAll", {"owner": town.owner.address, "operator": town.client.address, "approved": True})
    ]
    receipt = _send(town.client, "approve", town.stranger.address, town.agent)
    assert told_by(town, receipt) == [
        ("Approval", {"owner": town.owner.address, "approved": town.stranger.address, "token_id": town.agent})
    ]


def test_a_transfer_forgets_wallet_and_approval_and_keeps_the_rest(town: Town) -> None:
    agent, identity = town.agent, town.registries.identity
    town.owner.set_metadata(agent, "k", b"v")
    town.owner.set_wallet(agent, town.client.account)
    _send(town.owner, "approve", town.friend.address, agent)
    receipt = town.owner.hand_over(agent, town.stranger.address)
    assert told_by(town, receipt) == [
        ("Transfer", {"sender": town.owner.address, "receiver": town.stranger.address, "token_id": agent}),
        _wallet_set(agent, b""),
    ]
    found = town.registries.agent(agent)
    assert (found.owner, found.wallet) == (town.stranger.address, None)
    assert found.uri == "https://agent.example/registration.json"
    assert town.registries.metadata(agent, "k") == b"v"
    assert town.registries.metadata(agent, "agentWallet") == b""
    assert identity.call("getApproved", agent) == ZERO
    assert [identity.call("balanceOf", desk.address) for desk in (town.owner, town.stranger)] == [0, 1]
    with refused(town, "identity: caller may not act for the agent"):
        _send(town.friend, "setAgentURI", agent, "x")
    # The old approval does not come back with the next one's bit.
    town.stranger.set_wallet(agent, town.stranger.account)
    assert identity.call("getApproved", agent) == ZERO


def test_a_transfer_names_the_owner_and_a_receiver(town: Town) -> None:
    with refused(town, "identity: not the owner's agent"):
        _send(town.owner, "transferFrom", town.client.address, town.friend.address, town.agent)
    with refused(town, "identity: receiver is the zero address"):
        _send(town.owner, "transferFrom", town.owner.address, ZERO, town.agent)
    _send(town.owner, "transferFrom", town.owner.address, town.owner.address, town.agent)
    assert town.registries.identity.call("balanceOf", town.owner.address) == 1
    assert town.registries.agent(town.agent).wallet is None


def test_a_contract_receives_an_agent_safely_only_if_it_says_so(town: Town, wallets: tuple[Contract, Contract]) -> None:
    taker, refuser = wallets
    identity = town.registries.identity
    with refused(town, "identity: receiver refuses agents"):
        _send(town.owner, "safeTransferFrom", town.owner.address, refuser.address, town.agent)
    _send(town.owner, "safeTransferFrom", town.owner.address, taker.address, town.agent, b"data")
    assert identity.call("ownerOf", town.agent) == taker.address
    other = town.owner.register()
    _send(town.owner, "transferFrom", town.owner.address, refuser.address, other)
    assert identity.call("ownerOf", other) == refuser.address
    with refused(town, "identity: receiver refuses agents"):
        refuser.send("run", identity.address, identity.encode("register"), sender=town.owner.account)
    taker.send("run", identity.address, identity.encode("register"), sender=town.owner.account)
    assert identity.call("ownerOf", other + 1) == taker.address


def test_the_reserved_entry_is_set_by_no_other_way(town: Town) -> None:
    with refused(town, "identity: agentWallet is set by its signature"):
        town.owner.set_metadata(town.agent, "agentWallet", _bytes(town.client.address))
    with refused(town, "identity: agentWallet is set by its signature"):
        town.owner.register("x", {"a": b"", "agentWallet": _bytes(town.client.address)})
    town.owner.set_metadata(town.agent, "agentwallet", b"x")
    assert town.registries.metadata(town.agent, "agentwallet") == b"x"


def test_the_longest_words_fit_and_longer_ones_do_not(town: Town) -> None:
    identity = town.registries.identity
    uri, key, content = "u" * 8_192, "k" * 64, b"c" * 1_024
    agent = town.owner.register(uri, {f"{key[:-1]}{i}": content for i in range(8)})
    assert town.registries.agent(agent).uri == uri
    assert town.registries.metadata(agent, key[:-1] + "7") == content
    for args in ((uri + "u",), ("", [("k", b"")] * 9), ("", [(key + "k", b"")]), ("", [("k", content + b"c")])):
        with refused(town, ""):
            identity.send("register", *args, sender=town.owner.account)
    town.owner.set_uri(agent, "short")
    assert town.registries.agent(agent).uri == "short"


def test_it_says_what_it_is(town: Town) -> None:
    identity = town.registries.identity
    assert (identity.call("name"), identity.call("symbol")) == ("AgentIdentity", "AGENT")
    assert identity.call("getVersion") == "2.0.0"
    for interface in ("01ffc9a7", "80ac58cd", "5b5e139f"):
        assert identity.call("supportsInterface", bytes.fromhex(interface))
    for interface in ("ffffffff", "780e9d63", "00000000"):
        assert not identity.call("supportsInterface", bytes.fromhex(interface))
    fields, name, version, chain_id, contract, salt, extensions = identity.call("eip712Domain")
    assert (fields, name, version) == (b"\x0f", "ERC8004IdentityRegistry", "1")
    assert (chain_id, contract) == (town.backend.chain_id, identity.address)
    assert (salt, extensions) == (bytes(32), ())
