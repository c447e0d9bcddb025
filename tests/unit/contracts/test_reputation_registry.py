"""ReputationRegistry: who may say what, how it is summed up, and that no list of a stranger's gets dear."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from eth_hash.auto import keccak

from checks import refused
from harness import ZERO, World
from headwater.identity import AgentDesk
from identity_cases import Town, force_map, new_town, told_by

SELECTORS = {
    "giveFeedback(uint256,int128,uint8,string,string,string,string,bytes32)": "3c036a7e",
    "revokeFeedback(uint256,uint64)": "4ab3ca99",
    "appendResponse(uint256,address,uint64,string,bytes32)": "c2349ab2",
    "getSummary(uint256,address[],string,string)": "81bbba58",
    "readFeedback(uint256,address,uint64)": "232b0810",
    "readAllFeedback(uint256,address[],string,string,bool)": "d9d84224",
    "getResponseCount(uint256,address,uint64,address[])": "6e04cacd",
    "getClients(uint256)": "42dd519c",
    "getLastIndex(uint256,address)": "f2d81759",
    "getIdentityRegistry()": "bc4d861b",
    "getVersion()": "0d8e6e2c",
    "clientCount(uint256)": "b1be7ed5",
    "feedbackWord(uint256,address,uint256)": "61b3684c",
    "getClientsFrom(uint256,uint256)": "6d078870",
    "tagFilter(string)": "53a60c32",
}
TOPICS = {
    "NewFeedback": "6a4a61743519c9d648a14e6493f47dbe3ff1aa29e7785c96c8326a205e58febc",
    "FeedbackRevoked": "25156fd3288212246d8b008d5921fde376c71ed14ac2e072a506eb06fde6d09d",
    "ResponseAppended": "b1c6be0b5b8aef6539e2fac0fd131a2faa7b49edf8e505b5eb0ad487d56051d4",
}
INT128 = 2**127
LARGEST = 10**38


def _send(desk: AgentDesk, name: str, *args: Any) -> Any:
    return desk.registries.reputation.send(name, *args, sender=desk.account)


def _give(desk: AgentDesk, value: int, decimals: int = 0, tag1: str = "", tag2: str = "") -> Any:
    return _send(desk, "giveFeedback", 0, value, decimals, tag1, tag2, "", "", bytes(32))


def _summary(town: Town, *clients: AgentDesk, tag1: str = "", tag2: str = "") -> tuple[int, int, int]:
    found = town.registries.summary(town.agent, [client.address for client in clients], tag1, tag2)
    return found.count, found.value, found.decimals


def test_selectors_and_topics_are_the_standards(town: Town) -> None:
    interface = town.registries.reputation.interface
    assert {f.signature: f.selector.hex() for f in interface.functions.values()} == SELECTORS
    assert {e.name: e.topic.hex() for e in interface.events.values()} == TOPICS
    assert town.registries.reputation.call("getIdentityRegistry") == town.registries.addresses.identity
    assert town.registries.reputation.call("getVersion") == "2.0.0"


def test_feedback_is_told_whole_and_kept_without_its_links(town: Town) -> None:
    receipt = _send(
        town.client, "giveFeedback", town.agent, -995, 2, "uptime", "month", "https://e.example", "ipfs://f", b"h" * 32
    )
    assert told_by(town, receipt) == [
        (
            "NewFeedback",
            {
                "agentId": town.agent,
                "clientAddress": town.client.address,
                "feedbackIndex": 1,
                "value": -995,
                "valueDecimals": 2,
                "indexedTag1": keccak(b"uptime"),
                "tag1": "uptime",
                "tag2": "month",
                "endpoint": "https://e.example",
                "feedbackURI": "ipfs://f",
                "feedbackHash": b"h" * 32,
            },
        )
    ]
    read = town.registries.reputation.call("readFeedback", town.agent, town.client.address, 1)
    assert read == (-995, 2, "uptime", "month", False)


@pytest.mark.parametrize("value", [LARGEST, -LARGEST, 0, -1, 1, 2**64])
def test_every_value_and_number_of_decimals_is_read_back(town: Town, value: int) -> None:
    for decimals in (0, 18):
        index = town.client.give_feedback(town.agent, value, decimals, "a" * 64, "b" * 64)
        read = town.registries.feedback(town.agent, town.client.address, index)
        assert (read.value, read.decimals, read.tag1, read.tag2) == (value, decimals, "a" * 64, "b" * 64)


def test_values_and_decimals_have_bounds(town: Town) -> None:
    for value in (LARGEST + 1, -LARGEST - 1, INT128 - 1, -INT128):
        with refused(town, "reputation: value beyond 1e38"):
            _give(town.client, value)
    for decimals in (19, 255):
        with refused(town, "reputation: more than 18 decimals"):
            _give(town.client, 1, decimals)
    with refused(town, ""):
        _give(town.client, 1, 0, "t" * 65)


def test_the_agents_people_say_nothing_about_it(town: Town) -> None:
    identity = town.registries.identity
    identity.send("setApprovalForAll", town.friend.address, True, sender=town.owner.account)
    identity.send("approve", town.stranger.address, town.agent, sender=town.owner.account)
    for desk in (town.owner, town.friend, town.stranger):
        with refused(town, "reputation: caller acts for the agent"):
            _give(desk, 1)
    with refused(town, "identity: no such agent"):
        _send(town.client, "giveFeedback", 7, 1, 0, "", "", "", "", bytes(32))


def test_entries_of_a_client_count_from_1_and_clients_are_listed_once(town: Town) -> None:
    reputation = town.registries.reputation
    for desk, index in ((town.client, 1), (town.client, 2), (town.friend, 1), (town.client, 3)):
        assert desk.give_feedback(town.agent, 5) == index
    assert reputation.call("getLastIndex", town.agent, town.client.address) == 3
    assert reputation.call("getLastIndex", town.agent, town.stranger.address) == 0
    assert reputation.call("getClients", town.agent) == (town.client.address, town.friend.address)
    assert reputation.call("getClientsFrom", town.agent, 1) == (town.friend.address,)
    assert reputation.call("getClientsFrom", town.agent, 2) == ()
    assert reputation.call("getClientsFrom", town.agent, 2**256 - 1) == ()
    assert town.registries.clients(town.agent) == [town.client.address, town.friend.address]


def test_only_its_author_takes_feedback_back_and_once(town: Town) -> None:
    town.client.give_feedback(town.agent, 5)
    for desk in (town.friend, town.owner):
        with refused(town, "reputation: no such feedback"):
            desk.revoke_feedback(town.agent, 1)
    for index in (0, 2):
        with refused(town, "reputation: no such feedback"):
            town.client.revoke_feedback(town.agent, index)
    receipt = town.client.revoke_feedback(town.agent, 1)
    assert told_by(town, receipt) == [
        ("FeedbackRevoked", {"agentId": town.agent, "clientAddress": town.client.address, "feedbackIndex": 1})
    ]
    assert town.registries.feedback(town.agent, town.client.address, 1).revoked
    assert town.registries.feedback(town.agent, town.client.address, 1).value == 5
    with refused(town, "reputation: already revoked"):
        town.client.revoke_feedback(town.agent, 1)


def test_what_is_not_there_is_not_read(town: Town) -> None:
    for index in (0, 1):
        with pytest.raises(Exception, match="reputation: no such feedback"):
            town.registries.feedback(town.agent, town.client.address, index)


def test_anybody_responds_and_responses_are_counted_by_whom_and_to_what(town: Town) -> None:
    for desk in (town.client, town.client, town.friend):
        desk.give_feedback(town.agent, 5)
    with refused(town, "reputation: response without a URI"):
        town.owner.respond(town.agent, town.client.address, 1, "")
    for index in (0, 3):
        with refused(town, "reputation: no such feedback"):
            town.owner.respond(town.agent, town.client.address, index, "u")
    receipt = town.owner.respond(town.agent, town.client.address, 1, "u", b"h" * 32)
    assert told_by(town, receipt) == [
        (
            "ResponseAppended",
            {
                "agentId": town.agent,
                "clientAddress": town.client.address,
                "feedbackIndex": 1,
                "responder": town.owner.address,
                "responseURI": "u",
                "responseHash": b"h" * 32,
            },
        )
    ]
    town.owner.respond(town.agent, town.client.address, 1, "u")
    town.stranger.respond(town.agent, town.client.address, 2, "u")
    town.stranger.respond(town.agent, town.friend.address, 1, "u")
    count = lambda *args: town.registries.reputation.call("getResponseCount", town.agent, *args)  # noqa: E731
    owner, stranger = town.owner.address, town.stranger.address
    client, friend = town.client.address, town.friend.address
    assert [count(client, i, []) for i in (0, 1, 2, 3)] == [3, 2, 1, 0]
    assert [count(client, 0, [who]) for who in (owner, stranger, friend, ZERO)] == [2, 1, 0, 0]
    assert count(client, 1, [owner, stranger]) == 2
    assert [count(ZERO, 0, responders) for responders in ([], [owner], [owner, stranger])] == [4, 2, 4]
    assert count(friend, 0, [stranger]) == 1


def test_a_summary_names_its_clients(town: Town) -> None:
    town.client.give_feedback(town.agent, 5)
    with pytest.raises(Exception, match="reputation: name the clients"):
        _summary(town)
    assert _summary(town, town.friend) == (0, 0, 0)


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([(5, 0), (6, 0)], (2, 5, 0)),
        ([(-5, 0), (-6, 0)], (2, -5, 0)),  # toward zero
        ([(-1, 0), (0, 0)], (2, 0, 0)),
        ([(99, 0), (9977, 2)], (2, 99, 0)),  # a tie of decimals goes to the smaller
        ([(99, 0), (9977, 2), (9977, 2)], (3, 9951, 2)),
        ([(1, 18), (1, 18), (2, 18)], (3, 1, 18)),
        ([(LARGEST, 0)] * 3, (3, LARGEST, 0)),
        ([(LARGEST, 0), (0, 18), (0, 18)], (3, INT128 - 1, 18)),  # what an int128 cannot hold
        ([(-LARGEST, 0), (0, 18), (0, 18)], (3, -INT128, 18)),
    ],
)
def test_the_mean_of_a_summary(town: Town, entries: list[tuple[int, int]], expected: tuple[int, int, int]) -> None:
    for value, decimals in entries:
        town.client.give_feedback(town.agent, value, decimals)
    assert _summary(town, town.client) == expected


def test_summaries_and_readings_agree_with_a_plain_model_on_random_feedback(town: Town) -> None:
    random = np.random.default_rng(4)
    desks = {desk.address: desk for desk in (town.client, town.friend, town.stranger)}
    names = ["", "a", "b", "long tag " * 7]
    kept: list[tuple[str, int, int, int, str, str, bool]] = []
    for _ in range(60):
        who = list(desks)[random.integers(3)]
        value, decimals = int(random.integers(-500, 500)), int(random.choice([0, 1, 2, 18]))
        tag1, tag2 = (names[random.integers(4)] for _ in range(2))
        index = desks[who].give_feedback(town.agent, value, decimals, tag1, tag2)
        gone = bool(random.integers(4) == 0)
        if gone:
            desks[who].revoke_feedback(town.agent, index)
        kept.append((who, index, value, decimals, tag1, tag2, gone))
    order = list(dict.fromkeys(entry[0] for entry in kept))
    for clients in (order, order[:1], order[1:]):
        for tag1 in (*names, "never used"):
            for tag2 in ("", "b"):
                match = [
                    entry
                    for who in clients
                    for entry in kept
                    if entry[0] == who and tag1 in ("", entry[4]) and tag2 in ("", entry[5])
                ]
                standing = [entry for entry in match if not entry[6]]
                found = town.registries.summary(town.agent, clients, tag1, tag2)
                assert (found.count, found.value, found.decimals) == _model(standing)
                for revoked in (True, False):
                    columns = town.registries.reputation.call(
                        "readAllFeedback", town.agent, clients, tag1, tag2, revoked
                    )
                    assert list(zip(*columns, strict=True)) == (match if revoked else standing)
    columns = town.registries.reputation.call("readAllFeedback", town.agent, [], "", "", True)
    assert list(zip(*columns, strict=True)) == [entry for who in order for entry in kept if entry[0] == who]


def _model(entries: list[tuple[str, int, int, int, str, str, bool]]) -> tuple[int, int, int]:
    if not entries:
        return 0, 0, 0
    uses = Counter(entry[3] for entry in entries)
    mode = min(d for d in uses if uses[d] == max(uses.values()))
    total = sum(entry[2] * 10 ** (18 - entry[3]) for entry in entries)
    size = abs(total) // len(entries) // 10 ** (18 - mode)
    return len(entries), size if total >= 0 else -size, mode


def test_a_hostile_clients_long_list_costs_a_bounded_amount_and_its_newest_entries_count(world: World) -> None:
    town = new_town(world)
    # As if 1,500 entries stood there: the number is what a loop would follow. Old ones read as 0.
    town.client.give_feedback(town.agent, 1)
    _force_last(town, town.client.address, 1_500)
    assert town.registries.feedback_count(town.agent, town.client.address) == 1_500
    assert town.client.give_feedback(town.agent, 1_024) == 1_501
    assert _summary(town, town.client) == (1_024, 1, 0)
    _force_last(town, town.client.address, 10**18)
    assert _summary(town, town.client) == (1_024, 0, 0)


def _force_last(town: Town, client: str, number: int) -> None:
    count = lambda: town.registries.feedback_count(town.agent, client)  # noqa: E731
    force_map(town, town.registries.reputation, [town.agent, client], number, lambda: count() == number)


def test_a_tag_is_stored_once_whoever_uses_it(town: Town) -> None:
    first = _give(town.client, 1, 0, "fresh", "fresh")
    again = _give(town.client, 1, 0, "fresh", "fresh")
    other = _give(town.client, 1, 0, "other", "fresh")
    assert again.gas_used < first.gas_used - 60_000
    assert again.gas_used < other.gas_used - 60_000
    assert _summary(town, town.client, tag1="fresh", tag2="fresh")[0] == 2
    assert _summary(town, town.client, tag1="other")[0] == 1
