"""The public ERC-8004 client `agent0-sdk`, as it is published, against our deployment on a real node.

It is given the addresses and nothing else: no subgraph and no IPFS, so registration files are data: URIs.
"""

from __future__ import annotations

import decimal
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from headwater.chain import Account, connect, local_control
from headwater.identity import (
    AgentDesk,
    AgentRef,
    Registration,
    Registries,
    Service,
    parse_data_uri,
    parse_registration,
)
from headwater_deploy import deploy
from headwater_deploy.node import NodeConfig, start_node

# At its import the client sets the precision of decimals for the whole process, which the compiler of contracts, in the
# same process, warns of: let it set that of a context which ends. It then counts with the compiler's 78 digits.
with decimal.localcontext(), warnings.catch_warnings():
    warnings.simplefilter("ignore", UserWarning)
    from agent0_sdk import SDK

OWNER, CLIENT, WALLET, DEPLOYER = ("0x" + f"{n:02x}" * 32 for n in (0x21, 0x22, 0x23, 0x24))


@dataclass
class Stage:
    """A deployment, our client of it, and how to make theirs."""

    url: str
    registries: Registries

    def sdk(self, key: str | None) -> Any:
        at = self.registries.addresses
        return SDK(
            chainId=self.registries.backend.chain_id,
            rpcUrl=self.url,
            signer=key,
            registryOverrides={
                self.registries.backend.chain_id: {
                    "IDENTITY": at.identity,
                    "REPUTATION": at.reputation,
                    "VALIDATION": at.validation,
                }
            },
        )


@pytest.fixture(params=[pytest.param("anvil", marks=pytest.mark.anvil), "our own node"])
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A node of either kind. On ours time is the wall's, on the other it is not."""
    if request.param == "anvil":
        yield request.getfixturevalue("anvil")
        return
    with start_node(NodeConfig(chain="revm", chain_id=31337, block_time=0, dev=True)) as node:
        yield node.url


@pytest.fixture
def stage(url: str) -> Iterator[Stage]:
    backend = connect(url)
    for key in (OWNER, CLIENT, WALLET, DEPLOYER):
        local_control(backend).fund(Account.from_hex(key).address, 10**19)
    places = deploy(backend, Account.from_hex(DEPLOYER)).registries
    assert places is not None
    yield Stage(url, Registries(backend, places))
    backend.close()


def _registered(stage: Stage) -> Any:
    agent = stage.sdk(OWNER).createAgent(
        "Rain agent", "Sells what it knows about rain.", "https://example.org/rain.png"
    )
    agent.setMCP("https://mcp.example.org", auto_fetch=False)
    agent.setActive(True)
    agent.setX402Support(True)
    agent.setMetadata({"version": "1.2", "customField": "rain"})
    agent.registerOnChain().wait_mined()
    return agent


def test_it_registers_an_agent_and_we_read_it(stage: Stage) -> None:
    agent = _registered(stage)
    assert agent.agentId == "31337:0"
    found = stage.registries.agent(0)
    owner = Account.from_hex(OWNER).address
    assert (found.owner, found.wallet) == (owner, owner)
    assert stage.registries.metadata(0, "customField") == b"rain"
    file = parse_registration(parse_data_uri(found.uri))
    assert (file.name, file.active, file.x402_support) == ("Rain agent", True, True)
    assert [service.name for service in file.services] == ["MCP"]
    # The second round writes the number, which is only known now, into the file.
    agent.registerOnChain().wait_mined()
    ref = AgentRef(0, 31337, stage.registries.addresses.identity)
    assert parse_registration(parse_data_uri(stage.registries.agent(0).uri), ref).registrations == (ref,)


def test_it_reads_back_what_it_registered_without_a_key(stage: Stage) -> None:
    _registered(stage)
    loaded = stage.sdk(None).loadAgent("31337:0")
    assert (loaded.name, loaded.description) == ("Rain agent", "Sells what it knows about rain.")
    assert loaded.mcpEndpoint == "https://mcp.example.org"
    assert loaded.owners == [Account.from_hex(OWNER).address]
    assert loaded.walletAddress == Account.from_hex(OWNER).address
    assert (loaded.active, loaded.x402support) == (True, True)
    assert loaded.getMetadata() == {"version": "1.2", "customField": "rain"}


def test_it_reads_an_agent_that_we_registered(stage: Stage) -> None:
    desk = AgentDesk(stage.registries, Account.from_hex(OWNER))
    file = Registration(name="ours", description="made here", services=(Service(name="MCP", endpoint="https://m"),))
    number = desk.register(file.to_data_uri(), {"customField": b"x"})
    loaded = stage.sdk(None).loadAgent(f"31337:{number}")
    assert (loaded.name, loaded.description, loaded.mcpEndpoint) == ("ours", "made here", "https://m")
    assert loaded.getMetadata() == {"customField": "x"}


def test_it_gives_feedback_and_reads_it(stage: Stage) -> None:
    _registered(stage)
    client = stage.sdk(CLIENT)
    address = Account.from_hex(CLIENT).address
    for value, index in ((87, 1), (-99.77, 2)):
        given = client.giveFeedback("31337:0", value, "starred", "rain", endpoint="https://a.example")
        feedback = given.wait_mined().result
        assert feedback.id == ("31337:0", address.lower(), index)
        read = stage.sdk(None).getFeedback("31337:0", address, index)
        assert (read.value, read.tags, read.isRevoked) == (value, ["starred", "rain"], False)
    ours = stage.registries.feedback(0, address, 2)
    assert ours.value * 100 == -9977 * 10**ours.decimals
    assert (ours.tag1, ours.tag2) == ("starred", "rain")
    # Its own summary, without a subgraph, names no clients, which the standard refuses; its binding of the call works.
    with pytest.raises(ValueError, match="reputation: name the clients"):
        client.getReputationSummary("31337:0")
    count, value, decimals = client.web3_client.call_contract(
        client.reputation_registry, "getSummary", 0, [address], "starred", ""
    )
    ours = stage.registries.summary(0, [address], "starred")
    assert (count, value, decimals) == (2, ours.value, ours.decimals)
    assert value / 10**decimals == pytest.approx((87 - 99.77) / 2, abs=1)


def test_it_takes_feedback_back(stage: Stage) -> None:
    _registered(stage)
    client, address = stage.sdk(CLIENT), Account.from_hex(CLIENT).address
    client.giveFeedback("31337:0", 10).wait_mined()
    client.revokeFeedback("31337:0", 1).wait_mined()
    assert stage.registries.feedback(0, address, 1).revoked
    assert stage.sdk(None).getFeedback("31337:0", address, 1).isRevoked


def test_it_sets_and_unsets_a_wallet_that_signs(stage: Stage) -> None:
    agent = _registered(stage)
    wallet = Account.from_hex(WALLET).address
    # The node's clock is not the wall's, by which the client would set its deadline.
    deadline = stage.registries.backend.now() + 60
    agent.setWallet(wallet, new_wallet_signer=WALLET, deadline=deadline).wait_mined()
    assert stage.registries.agent(0).wallet == wallet == agent.getWallet()
    agent.unsetWallet().wait_mined()
    assert stage.registries.agent(0).wallet is None
    assert agent.getWallet() is None


def test_it_hands_an_agent_on_and_the_wallet_is_forgotten(stage: Stage) -> None:
    agent = _registered(stage)
    receiver = Account.from_hex(CLIENT).address
    agent.transfer(receiver).wait_mined()
    found = stage.registries.agent(0)
    assert (found.owner, found.wallet) == (receiver, None)
