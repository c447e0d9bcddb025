"""ValidationRegistry: who asks, who answers, and what answers add up to."""

from __future__ import annotations

from typing import Any

import pytest

from checks import refused
from harness import ZERO
from headwater.identity import AgentDesk, request_hash
from identity_cases import Town, told_by

SELECTORS = {
    "validationRequest(address,uint256,string,bytes32)": "aaf400c4",
    "validationResponse(bytes32,uint8,string,bytes32,string)": "3d659a96",
    "getValidationStatus(bytes32)": "ff2febfc",
    "getSummary(uint256,address[],string)": "1b7cabd6",
    "getAgentValidations(uint256)": "8d5d0c2d",
    "getValidatorRequests(address)": "4bf3158c",
    "getIdentityRegistry()": "bc4d861b",
    "getVersion()": "0d8e6e2c",
    "hasResponse(bytes32)": "65835898",
    "getAgentValidationsFrom(uint256,uint256)": "60f17385",
    "getValidatorRequestsFrom(address,uint256)": "94ed0647",
    "agentRequestCount(uint256)": "87456d29",
    "validatorRequestCount(address)": "7bb7de04",
}
TOPICS = {
    "ValidationRequest": "530436c3634a98e1e626b0898be2f1e9980cc1bd2a78c07a0aba52d0a48a5059",
    "ValidationResponse": "afddf629e874ccc3963b6a888c477bd464a6c8525024fc88759ea3b2326349ae",
}
KEY = b"\x05" * 32


def _key(number: int) -> bytes:
    return number.to_bytes(32, "big")


def _ask(town: Town, validator: AgentDesk, key: bytes) -> Any:
    return town.owner.request_validation(validator.address, town.agent, "ipfs://r", key)


def test_selectors_and_topics_are_the_standards(town: Town) -> None:
    interface = town.registries.validation.interface
    assert {f.signature: f.selector.hex() for f in interface.functions.values()} == SELECTORS
    assert {e.name: e.topic.hex() for e in interface.events.values()} == TOPICS
    assert town.registries.validation.call("getIdentityRegistry") == town.registries.addresses.identity
    assert town.registries.validation.call("getVersion") == "2.0.0"


def test_a_request_stands_unanswered_until_its_validator_answers(town: Town) -> None:
    receipt = _ask(town, town.client, KEY)
    assert told_by(town, receipt) == [
        (
            "ValidationRequest",
            {
                "validatorAddress": town.client.address,
                "agentId": town.agent,
                "requestURI": "ipfs://r",
                "requestHash": KEY,
            },
        )
    ]
    status = town.registries.validation_status(KEY)
    assert (status.validator, status.agent_id, status.response, status.answered) == (
        town.client.address,
        town.agent,
        0,
        False,
    )
    assert status.updated == receipt.timestamp
    for desk in (town.owner, town.friend):
        with refused(town, "validation: caller was not asked"):
            desk.answer_validation(KEY, 100)
    receipt = town.client.answer_validation(KEY, 0, "ipfs://a", b"h" * 32, "tee")
    assert told_by(town, receipt) == [
        (
            "ValidationResponse",
            {
                "validatorAddress": town.client.address,
                "agentId": town.agent,
                "requestHash": KEY,
                "response": 0,
                "responseURI": "ipfs://a",
                "responseHash": b"h" * 32,
                "tag": "tee",
            },
        )
    ]
    status = town.registries.validation_status(KEY)
    assert (status.response, status.answered, status.response_hash, status.tag) == (0, True, b"h" * 32, "tee")
    assert status.updated == receipt.timestamp


def test_the_last_answer_counts(town: Town) -> None:
    _ask(town, town.client, KEY)
    for response, tag in ((100, "hard"), (40, "soft"), (60, "")):
        town.client.answer_validation(KEY, response, tag=tag)
        status = town.registries.validation_status(KEY)
        assert (status.response, status.tag) == (response, tag)
        assert town.registries.validation.call("getSummary", town.agent, [], "") == (1, response)
    for response in (101, 255):
        with refused(town, "validation: response above 100"):
            town.client.answer_validation(KEY, response)


def test_only_the_agents_people_ask(town: Town) -> None:
    with refused(town, "validation: caller may not act for the agent"):
        town.friend.request_validation(town.client.address, town.agent, "u", KEY)
    with refused(town, "identity: no such agent"):
        town.owner.request_validation(town.client.address, 7, "u", KEY)
    with refused(town, "validation: validator is the zero address"):
        town.owner.request_validation(ZERO, town.agent, "u", KEY)
    town.registries.identity.send("setApprovalForAll", town.friend.address, True, sender=town.owner.account)
    town.friend.request_validation(town.client.address, town.agent, "u", KEY)


def test_a_key_is_taken_once_and_one_that_nobody_can_foresee_is_not_taken_first(town: Town) -> None:
    content = b"please check this"
    seen = request_hash(content, bytes(32))
    thief = town.friend.register()
    town.friend.request_validation(town.friend.address, thief, "u", seen)
    with refused(town, "validation: request exists"):
        _ask(town, town.client, seen)
    _ask(town, town.client, request_hash(content, b"\x07" * 32))


def test_what_was_not_asked_is_not_answered_nor_read(town: Town) -> None:
    with refused(town, "validation: no such request"):
        town.client.answer_validation(KEY, 50)
    with pytest.raises(Exception, match="validation: no such request"):
        town.registries.validation_status(KEY)
    assert not town.registries.validation.call("hasResponse", KEY)


def test_summaries_take_answers_by_validator_and_tag_and_round_down(town: Town) -> None:
    answers = [(town.client, 100, "a"), (town.client, 51, "b"), (town.friend, 0, "a"), (town.friend, None, "")]
    for number, (validator, response, tag) in enumerate(answers):
        _ask(town, validator, _key(number))
        if response is not None:
            validator.answer_validation(_key(number), response, tag=tag)
    summary = lambda who, tag: town.registries.validation.call(  # noqa: E731
        "getSummary", town.agent, [desk.address for desk in who], tag
    )
    assert summary([], "") == (3, 50)
    assert summary([town.client], "") == (2, 75)
    assert summary([town.friend], "") == (1, 0)
    assert summary([town.client, town.friend], "a") == (2, 50)
    assert summary([], "b") == (1, 51)
    assert summary([], "never used") == (0, 0)
    assert summary([town.stranger], "") == (0, 0)
    other = town.owner.register()
    assert town.registries.validation.call("getSummary", other, [], "") == (0, 0)


def test_requests_are_listed_by_agent_and_by_validator_page_by_page(town: Town) -> None:
    validation = town.registries.validation
    for number in range(3):
        _ask(town, town.client if number != 1 else town.friend, _key(number))
    assert validation.call("getAgentValidations", town.agent) == (_key(0), _key(1), _key(2))
    assert validation.call("getAgentValidationsFrom", town.agent, 1) == (_key(1), _key(2))
    assert validation.call("getValidatorRequests", town.client.address) == (_key(0), _key(2))
    assert validation.call("getValidatorRequestsFrom", town.client.address, 1) == (_key(2),)
    assert validation.call("getValidatorRequestsFrom", town.client.address, 2**256 - 1) == ()
    assert validation.call("agentRequestCount", town.agent) == 3
    assert validation.call("validatorRequestCount", town.client.address) == 2
