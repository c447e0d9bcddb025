"""The typed clients of the registries: names, limits checked before anything is sent, pages, and sums over pages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import World
from headwater.chain import ArgumentError, DecodeError, Receipt
from headwater.chain.backend import LocalControl
from headwater.identity import AgentDesk, AgentRef, Grounded, RegistrationError, Registries, request_hash
from headwater.units import WAD
from identity_cases import Town, new_town, pay


@pytest.fixture
def town(world: World) -> Town:
    return new_town(world)


def test_a_reference_names_chain_and_registry(town: Town) -> None:
    ref = town.registries.ref(5)
    assert ref == AgentRef(5, town.backend.chain_id, town.registries.addresses.identity)
    assert ref.agent_registry == f"eip155:{town.backend.chain_id}:{town.registries.addresses.identity}"
    assert AgentRef.parse(5, ref.agent_registry) == ref
    assert AgentRef.parse(5, ref.agent_registry.lower()) == ref
    for number in (-1, 2**256):
        with pytest.raises(RegistrationError, match="agentId is out of range"):
            AgentRef(number, 1, ref.registry)


def test_what_the_registries_would_not_hold_is_refused_before_it_is_sent(town: Town) -> None:
    block = town.backend.block_number()
    for call, said in (
        (lambda: town.owner.register("u" * 8_193), "uri has 8193 bytes; the registry takes at most 8192"),
        (lambda: town.owner.set_uri(0, "ü" * 4_097), "uri has 8194 bytes"),
        (lambda: town.client.give_feedback(0, 1, tag2="t" * 65), "tag2 has 65 bytes; the registry takes at most 64"),
        (lambda: town.client.answer_validation(bytes(32), 1, tag="t" * 65), "tag has 65 bytes"),
        (lambda: request_hash(b"", b"short"), "a salt has 32 bytes, got 5"),
    ):
        with pytest.raises(ArgumentError, match=said):
            call()
    assert town.backend.block_number() == block


def test_everything_that_is_sent_is_observed(town: Town) -> None:
    seen: list[str] = []

    def observe(name: str, receipt: Receipt) -> None:
        assert receipt.gas_used > 21_000
        seen.append(name)

    desk = AgentDesk(town.registries, town.client.account, observe)
    agent = desk.register()
    desk.set_metadata(agent, "k", b"v")
    desk.set_wallet(agent, town.friend.account)
    desk.hand_over(agent, town.friend.address)
    desk.give_feedback(town.agent, 1)
    assert seen == [
        "IdentityRegistry.register",
        "IdentityRegistry.setMetadata",
        "IdentityRegistry.setAgentWallet",
        "IdentityRegistry.transferFrom",
        "ReputationRegistry.giveFeedback",
    ]


def test_request_keys_differ_by_content_and_by_salt() -> None:
    keys = {request_hash(content, salt) for content in (b"", b"a") for salt in (bytes(32), b"\x01" * 32)}
    assert len(keys) == 4
    assert all(len(key) == 32 for key in keys)


def test_grounded_summaries_of_more_clients_than_a_call_takes_are_sums_over_calls(town: Town) -> None:
    assert isinstance(town.backend, LocalControl)
    desks = [AgentDesk(town.registries, account) for account in town.backend.dev_accounts(110)[40:]]
    for number, desk in enumerate(desks):
        town.world.governor.transfer(desk.address, 1_000)
        desk.give_feedback(town.agent, number)
        desk.ground_payment(town.agent, 1, pay(town, desk, town.owner.address, number + 1))
    clients = [desk.address for desk in desks]
    assert town.registries.grounded_clients(town.agent) == clients
    whole = town.registries.grounded_summary(town.agent).total
    assert (whole.count, whole.weight) == (70, 70 * 71 // 2)
    assert whole.sum == sum(number * (number + 1) for number in range(70)) * WAD
    # A name given twice counts once, also when it would fall into two calls.
    assert town.registries.grounded_summary(town.agent, clients + clients).total == whole
    halves = [town.registries.grounded_summary(town.agent, part).total for part in (clients[:30], clients[30:])]
    assert halves[0] + halves[1] == whole


def test_clients_are_read_page_by_page(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    for desk in (town.client, town.friend, town.stranger):
        desk.give_feedback(town.agent, 1)
    reputation = town.registries.reputation
    call = type(reputation).call

    def short(self: object, name: str, *args: object, **more: object) -> object:
        found = call(self, name, *args, **more)  # type: ignore[arg-type]
        return found[:2] if name == "getClientsFrom" else found

    monkeypatch.setattr(type(reputation), "call", short)
    assert town.registries.clients(town.agent) == [desk.address for desk in (town.client, town.friend, town.stranger)]


def test_a_list_that_ends_before_its_count_is_told(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    town.client.give_feedback(town.agent, 1)
    reputation = town.registries.reputation
    monkeypatch.setattr(type(reputation), "call", lambda self, name, *args: 3 if name == "clientCount" else ())
    with pytest.raises(DecodeError, match="counts 3 clients and lists 0"):
        town.registries.clients(town.agent)


@given(st.integers(-(10**60), 10**60), st.integers(1, 10**30))
def test_a_mean_is_truncated_toward_zero(total: int, weight: int) -> None:
    mean = Grounded(count=1, weight=weight, sum=total).mean
    assert mean is not None
    assert 0 <= abs(total) - abs(mean) * weight < weight
    assert mean == 0 or (mean > 0) == (total > 0)


def test_an_agent_that_is_not_there_is_told(town: Town) -> None:
    registries = Registries(town.backend, town.registries.addresses)
    with pytest.raises(RegistrationError, match="there is no agent 99 in 0x"):
        registries.agent(99)
    assert registries.agents() == 1
    assert registries.acts_for(town.owner.address, 0)
    assert not registries.acts_for(town.client.address, 0)
