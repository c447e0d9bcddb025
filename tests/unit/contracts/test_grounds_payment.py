"""FeedbackGrounds: a settled payment stands behind one feedback of the payer's, and summaries weigh by it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from checks import refused
from harness import TOKENS, ZERO
from headwater.chain import ArgumentError, Reverted, deploy, load
from headwater.identity import Grounded, Payment
from headwater.units import WAD
from identity_cases import Town, force_map, pay, told_by

NOT_MADE = "grounds: no such payment was made"
LOW, HIGH = -(10**38), 10**38


def _ground(town: Town, payment: Payment, index: int = 1, agent: int | None = None) -> Any:
    words = (payment.to, payment.amount, payment.valid_after, payment.valid_before, payment.nonce)
    return town.registries.grounds.send(
        "ground_payment", town.agent if agent is None else agent, index, *words, sender=town.client.account
    )


@pytest.mark.parametrize("kind", ["TransferWithAuthorization", "ReceiveWithAuthorization"])
def test_a_payment_to_the_agent_stands_behind_one_feedback(town: Town, kind: str) -> None:
    town.client.give_feedback(town.agent, 80)
    payment = pay(town, town.client, town.owner.address, 3 * TOKENS, kind=kind, submitter=town.owner)
    receipt = _ground(town, payment)
    assert told_by(town, receipt) == [
        (
            "PaymentGrounded",
            {
                "agentId": town.agent,
                "clientAddress": town.client.address,
                "feedbackIndex": 1,
                "nonce": payment.nonce,
                "weight": 3 * TOKENS,
            },
        )
    ]
    assert town.registries.grounds_of(town.agent, town.client.address, 1) == (3 * TOKENS, 0)
    with refused(town, "grounds: payment is used"):
        _ground(town, payment)
    town.client.give_feedback(town.agent, 90)
    with refused(town, "grounds: payment is used"):
        _ground(town, payment, index=2)


def test_payments_of_one_client_add_up(town: Town) -> None:
    town.client.give_feedback(town.agent, 80)
    for amount in (1, 2 * TOKENS, 5):
        assert town.client.ground_payment(town.agent, 1, pay(town, town.client, town.owner.address, amount)) == amount
    assert town.registries.grounds_of(town.agent, town.client.address, 1) == (2 * TOKENS + 6, 0)
    assert town.registries.grounded_clients(town.agent) == [town.client.address]


def test_words_that_were_not_paid_are_no_ground(town: Town) -> None:
    town.client.give_feedback(town.agent, 80)
    payment = pay(town, town.client, town.owner.address, TOKENS)
    for change in (
        {"amount": 2 * TOKENS},
        {"valid_after": 1},
        {"valid_before": 2**40 + 1},
        {"nonce": bytes(32)},
    ):
        with refused(town, NOT_MADE):
            _ground(town, replace(payment, **change))  # type: ignore[arg-type]
    other = pay(town, town.friend, town.owner.address, TOKENS)
    with refused(town, NOT_MADE):
        _ground(town, other)
    with pytest.raises(ArgumentError, match="can ground its own only"):
        town.client.ground_payment(town.agent, 1, other)
    _ground(town, payment)


def test_an_open_or_canceled_authorisation_is_no_ground(town: Town) -> None:
    town.client.give_feedback(town.agent, 80)
    nonce = b"\x09" * 32
    payment = Payment(
        payer=town.client.address, to=town.owner.address, amount=1, valid_after=0, valid_before=2**40, nonce=nonce
    )
    with refused(town, NOT_MADE):
        _ground(town, payment)
    token = town.world.system.token
    signature = town.client.account.sign_typed(
        {
            "types": {
                "EIP712Domain": [
                    {"name": "name", "type": "string"},
                    {"name": "version", "type": "string"},
                    {"name": "chainId", "type": "uint256"},
                    {"name": "verifyingContract", "type": "address"},
                ],
                "CancelAuthorization": [
                    {"name": "authorizer", "type": "address"},
                    {"name": "nonce", "type": "bytes32"},
                ],
            },
            "primaryType": "CancelAuthorization",
            "domain": {
                "name": "Headwater",
                "version": "1",
                "chainId": town.backend.chain_id,
                "verifyingContract": token.address,
            },
            "message": {"authorizer": town.client.address, "nonce": nonce},
        }
    )
    token.send(
        "cancelAuthorization",
        town.client.address,
        nonce,
        signature[64],
        signature[:32],
        signature[32:64],
        sender=town.stranger.account,
    )
    with refused(town, NOT_MADE):
        _ground(town, payment)


def test_the_payee_is_the_agents_wallet_or_owner_now(town: Town) -> None:
    town.client.give_feedback(town.agent, 80)
    elsewhere = pay(town, town.client, town.friend.address, TOKENS)
    with refused(town, "grounds: payee is not the agent"):
        _ground(town, elsewhere)
    town.owner.set_wallet(town.agent, town.friend.account)
    _ground(town, elsewhere)
    _ground(town, pay(town, town.client, town.owner.address, TOKENS))
    late = pay(town, town.client, town.friend.address, TOKENS)
    town.owner.unset_wallet(town.agent)
    with refused(town, "grounds: payee is not the agent"):
        _ground(town, late)
    with refused(town, "grounds: payee is not the agent"):
        _ground(town, replace(late, to=ZERO))


def test_the_agents_people_and_its_wallet_ground_nothing(town: Town) -> None:
    town.client.give_feedback(town.agent, 80)
    payment = pay(town, town.client, town.owner.address, TOKENS)
    to_self = pay(town, town.client, town.client.address, TOKENS)
    identity = town.registries.identity
    town.owner.set_wallet(town.agent, town.client.account)
    for each in (payment, to_self):
        with refused(town, "grounds: caller is the agent's wallet"):
            _ground(town, each)
    town.owner.unset_wallet(town.agent)
    with refused(town, "grounds: caller is the agent's wallet"):
        _ground(town, to_self)
    identity.send("approve", town.client.address, town.agent, sender=town.owner.account)
    with refused(town, "grounds: caller acts for the agent"):
        _ground(town, payment)
    identity.send("approve", ZERO, town.agent, sender=town.owner.account)
    _ground(town, payment)


def test_a_ground_stands_behind_something_the_caller_said(town: Town) -> None:
    payment = pay(town, town.client, town.owner.address, TOKENS)
    town.friend.give_feedback(town.agent, 80)
    for index in (0, 1):
        with refused(town, "grounds: no such feedback"):
            _ground(town, payment, index=index)
    with refused(town, "identity: no such agent"):
        _ground(town, payment, agent=7)
    town.client.give_feedback(town.agent, 80)
    with refused(town, "grounds: no such feedback"):
        _ground(town, payment, index=2)
    free = pay(town, town.client, town.owner.address, 0)
    with refused(town, "grounds: nothing was paid"):
        _ground(town, free)


def test_summaries_take_grounded_standing_feedback_by_client_tag_and_bounds(town: Town) -> None:
    random = np.random.default_rng(8)
    desks = {desk.address: desk for desk in (town.client, town.friend, town.stranger)}
    kept: list[tuple[str, str, str, int, int, bool]] = []
    for _ in range(40):
        who = list(desks)[random.integers(3)]
        decimals = int(random.choice([0, 3, 18]))
        value = int(random.integers(-200, 200)) * 10**decimals // 2
        tag1, tag2 = (["", "a", "b"][random.integers(3)] for _ in range(2))
        index = desks[who].give_feedback(town.agent, value, decimals, tag1, tag2)
        weight = 0
        if random.integers(3):
            weight = int(random.integers(1, 10**6))
            desks[who].ground_payment(town.agent, index, pay(town, desks[who], town.owner.address, weight))
        gone = bool(random.integers(5) == 0)
        if gone:
            desks[who].revoke_feedback(town.agent, index)
        kept.append((who, tag1, tag2, value * 10 ** (18 - decimals), weight, gone))
    for clients in (None, [town.client.address], [town.friend.address, ZERO, town.stranger.address]):
        for tag1 in ("", "a", "never used"):
            for tag2 in ("", "b"):
                for low, high in ((LOW, HIGH), (0, 100 * WAD), (-7 * WAD, -7 * WAD)):
                    match = [
                        (max(low, min(high, value)), weight)
                        for who, first, second, value, weight, gone in kept
                        if weight
                        and not gone
                        and (clients is None or who in clients)
                        and tag1 in ("", first)
                        and tag2 in ("", second)
                    ]
                    found = town.registries.grounded_summary(town.agent, clients, tag1, tag2, low=low, high=high)
                    expected = Grounded(
                        count=len(match), weight=sum(w for _, w in match), sum=sum(v * w for v, w in match)
                    )
                    assert found.total == found.payments == expected
                    assert found.flows == Grounded()


def test_the_mean_is_truncated_toward_zero_and_none_without_grounds(town: Town) -> None:
    for value in (-1, 0):
        index = town.client.give_feedback(town.agent, value, 18)
        town.client.ground_payment(town.agent, index, pay(town, town.client, town.owner.address, 1))
    found = town.registries.grounds.call("getGroundedSummary", town.agent, [town.client.address], "", "", LOW, HIGH)
    assert [each.mean for each in found] == [0, 0, 0]
    assert [each.sum for each in found] == [-1, -1, 0]
    assert town.registries.grounded_summary(town.agent, low=LOW).total.mean == 0
    assert town.registries.grounded_summary(town.agent, [town.friend.address]).total.mean is None


def test_a_summary_has_clients_and_bounds(town: Town) -> None:
    call = town.registries.grounds.call
    with pytest.raises(Exception, match="grounds: name the clients"):
        call("getGroundedSummary", town.agent, [], "", "", 0, 1)
    for low, high in ((1, 0), (LOW - 1, 0), (0, HIGH + 1)):
        with pytest.raises(Reverted) as caught:
            call("getGroundedSummary", town.agent, [town.client.address], "", "", low, high)
        assert caught.value.reason == "grounds: bounds not in -1e38 <= low <= high <= 1e38"


def test_the_most_extreme_weights_and_values_do_not_overflow(town: Town) -> None:
    supply = town.world.system.supply()
    town.client.give_feedback(town.agent, -(10**38))
    rich = town.world.system.balance(town.client.address)
    town.client.ground_payment(town.agent, 1, pay(town, town.client, town.owner.address, rich))
    assert rich < supply
    found = town.registries.grounded_summary(town.agent, low=LOW, high=HIGH)
    assert found.total.mean == LOW


def test_weights_that_no_supply_could_reach_are_refused(town: Town) -> None:
    town.client.give_feedback(town.agent, 80)
    client, full = town.client.address, 2**112 - 2
    force_map(
        town,
        town.registries.grounds,
        [town.agent, client, 1],
        full,
        lambda: town.registries.grounds_of(town.agent, client, 1) == (full, 0),
    )
    two = pay(town, town.client, town.owner.address, 2)
    with refused(town, "grounds: weight overflow"):
        _ground(town, two)
    _ground(town, pay(town, town.client, town.owner.address, 1))
    assert town.registries.grounds_of(town.agent, client, 1) == (2**112 - 1, 0)


def test_every_registry_names_those_it_relies_on(town: Town) -> None:
    at = town.registries.addresses
    for name in ("ReputationRegistry", "ValidationRegistry"):
        reason = f"{name[:-8].lower()}: identity is the zero address"
        assert reason in ("reputation: identity is the zero address", "validation: identity is the zero address")
        with refused(town, reason):
            deploy(town.backend, load(name), ZERO, sender=town.owner.account)
    places = [town.world.system.addresses.token, town.world.system.addresses.cascade, at.identity, at.reputation]
    for index in range(4):
        with refused(town, "grounds: zero address"):
            deploy(
                town.backend,
                load("FeedbackGrounds"),
                *(ZERO if i == index else place for i, place in enumerate(places)),
                sender=town.owner.account,
            )
