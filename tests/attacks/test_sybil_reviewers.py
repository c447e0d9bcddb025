"""Reviewers who are not clients: a farm without money, colluders who pay in a circle, a sponsor who emits to itself.

The farm moves the plain summary and leaves the grounded one as it is, to the last digit. Money that comes back is a
ground all the same: these tests say what it costs, what it moves, and what does not move.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from harness import TOKENS, World, binary, series_params
from headwater.cascade import Leaf
from headwater.chain import LocalControl
from headwater.chain.participant import Participant
from headwater.identity import AgentDesk
from headwater.units import WAD
from identity_cases import Town, new_town, pay

HONEST = ((90, 40 * TOKENS), (80, 60 * TOKENS))
"""What two clients say of the agent, and what they paid it."""


@pytest.fixture
def town(world: World) -> Town:
    """An agent that two clients paid and praised."""
    made = new_town(world)
    for desk, (value, amount) in zip((made.client, made.friend), HONEST, strict=True):
        index = desk.give_feedback(made.agent, value, tag1="quality")
        desk.ground_payment(made.agent, index, pay(made, desk, made.owner.address, amount))
    return made


@dataclass
class Spent:
    """Gas of everything an attacker sends."""

    gas: int = 0
    names: list[str] = field(default_factory=list)

    def desk(self, town: Town, who: Participant) -> AgentDesk:
        return AgentDesk(town.registries, who.account, self._note)

    def person(self, who: Participant) -> Participant:
        return Participant(who.system, who.account, self._note)

    def _note(self, name: str, receipt: object) -> None:
        self.gas += receipt.gas_used  # type: ignore[attr-defined]
        self.names.append(name)


def test_two_hundred_reviewers_without_payment_move_the_plain_summary_and_not_the_grounded_one(town: Town) -> None:
    control = town.backend
    assert isinstance(control, LocalControl)
    farm = [AgentDesk(town.registries, account) for account in control.dev_accounts(240)[40:]]
    plain, grounded = town.registries.summary, town.registries.grounded_summary
    before = grounded(town.agent)
    everybody = town.registries.clients(town.agent)
    assert plain(town.agent, everybody).value == 85
    for reviewer in farm:
        reviewer.give_feedback(town.agent, 0, tag1="quality")
    everybody = town.registries.clients(town.agent)
    assert len(everybody) == 202
    assert plain(town.agent, everybody).value == 0
    assert grounded(town.agent) == before
    assert before.total.mean == 84 * WAD
    for start in range(0, 202, 64):  # nor for a reader who names the farm itself
        named = [client for client in everybody[start : start + 64] if client in {desk.address for desk in farm}]
        assert grounded(town.agent, [*named[:62], town.client.address, town.friend.address]) == before


def test_a_mean_moves_with_money_and_not_with_the_names_it_comes_under(town: Town) -> None:
    snapshot = town.world.control.snapshot()
    moved = []
    for names in (1, 3):
        liars = [town.desk(person) for person in town.world.forecasters[:names]]
        for liar in liars:
            index = liar.give_feedback(town.agent, 0)
            liar.ground_payment(town.agent, index, pay(town, liar, town.owner.address, 30 * TOKENS // names))
        moved.append(town.registries.grounded_summary(town.agent).total)
        town.world.control.revert(snapshot)
        snapshot = town.world.control.snapshot()
    assert moved[0].weight == moved[1].weight == 130 * TOKENS
    assert moved[0].sum == moved[1].sum
    assert moved[0].mean == 8_400 * WAD // 130


def test_one_wei_behind_an_absurd_number_moves_nothing_beyond_its_wei(town: Town) -> None:
    before = town.registries.grounded_summary(town.agent).total
    liar = town.desk(town.world.forecasters[0])
    index = liar.give_feedback(town.agent, -(10**38))
    liar.ground_payment(town.agent, index, pay(town, liar, town.owner.address, 1))
    after = town.registries.grounded_summary(town.agent).total
    assert (before.mean, after.mean) == (84 * WAD, 84 * WAD - 1)
    # Without bounds of the reader's own it would.
    wide = town.registries.grounded_summary(town.agent, low=-(10**38), high=10**38).total
    assert wide.mean is not None
    assert wide.mean < 83 * WAD


def test_a_payment_that_comes_back_is_a_ground_again_and_again_for_its_gas(town: Town) -> None:
    """NOT PREVENTED. The agent and a friend of its pass the same 10 tokens round: ten times, 100 tokens of weight."""
    spent, friend = Spent(), town.world.forecasters[0]
    desk = spent.desk(town, friend)
    mine = town.desk(friend)
    system = town.world.system
    owned = lambda: system.balance(friend.address) + system.balance(town.owner.address)  # noqa: E731
    before, others = owned(), town.registries.grounded_summary(town.agent, [town.client.address, town.friend.address])
    index = desk.give_feedback(town.agent, 100)
    back = spent.person(Participant(system, town.owner.account))
    for _ in range(10):
        payment = pay(town, mine, town.owner.address, 10 * TOKENS)
        desk.ground_payment(town.agent, index, payment)
        back.transfer(friend.address, 10 * TOKENS)
    assert owned() == before  # it cost no tokens at all
    total = town.registries.grounded_summary(town.agent).total
    assert total.weight == 200 * TOKENS
    assert total.mean == 92 * WAD  # from 84, halfway to 100: as much as 100 tokens paid in earnest would
    # The defences that hold: to name the clients one knows; and not to count payments.
    assert town.registries.grounded_summary(town.agent, [town.client.address, town.friend.address]) == others
    assert town.registries.grounded_summary(town.agent).flows.weight == 0
    assert spent.gas // 10 < 150_000  # the ground and the way back; the payment itself is another 65,000


def test_a_sponsor_who_emits_to_itself_grounds_flows_with_its_own_money(town: Town) -> None:
    """NOT PREVENTED. On a series of one's own, with one's own oracle, a gain is one's own money: it costs gas, a stake
    and the windows of a question, and the reserve comes back but for rounding."""
    world, spent = town.world, Spent()
    cheat = spent.person(world.forecasters[0])
    desk = spent.desk(town, world.forecasters[0])
    system = world.system
    agent = town.owner.address
    owned = lambda series: (  # noqa: E731
        system.balance(cheat.address)
        + system.balance(agent)
        + system.stake(cheat.address).bonded
        + (sum(system.series_account(series)) if series else 0)
    )
    before = owned(0)
    own = cheat.create_series(series_params(cheat.address, share_bps=10_000, forgetting=10**18, governed=False))
    cheat.fund(own, 50_000 * TOKENS)
    made = cheat.announce_list([Leaf(agent, 0, 1)], 100)
    cheat.open_escrow(cheat.address, made.version, made.terms, own)
    question = cheat.open_question(own, world.times(window=7_200))
    times = system.question(question).times
    world.travel(times.commit_start)
    cheat.commit(question, binary(0.99), 3_000 * TOKENS, bytes(32))
    world.travel(times.commit_end)
    cheat.reveal(question, cheat.address, binary(0.99), bytes(32))
    world.travel(times.resolve_after)
    cheat.resolve(question, 0)
    cheat.settle(question, cheat.address)
    cheat.release(cheat.address, made.version, own)
    cheat.pull_list(cheat.address, made.version, made.terms, made.leaves or ())
    cheat.withdraw(agent)
    index = desk.give_feedback(town.agent, 100)
    weight = desk.ground_flow(town.agent, index, made.version, made.terms, made.leaves or (), 0)
    assert weight > 400 * TOKENS
    assert before - 10 <= owned(own) <= before
    flows = town.registries.grounded_summary(town.agent).flows
    assert (flows.weight, flows.mean) == (weight, 100 * WAD)
    # It takes a whole question, where a payment takes one transfer.
    assert spent.gas > 1_000_000
    # Readers who name the clients they know see nothing of it.
    known = [town.client.address, town.friend.address]
    assert town.registries.grounded_summary(town.agent, known).flows.weight == 0


def test_governed_emission_grounds_no_more_than_was_earned_and_passed_on(town: Town) -> None:
    world = town.world
    node = world.forecasters[0]
    desk = town.desk(node)
    series = world.series()
    leaves = [Leaf(town.owner.address, 0, 1)]
    made = world.announce(node, leaves, keep_bps=1_000)
    emitted = 0
    for outcome in (0, 1, 0):
        question = world.open(series)
        nets = world.play(question, {0: (binary(0.8), 200 * TOKENS)}, outcome)
        emitted += max(nets[0], 0)
    world.stranger.release(node.address, made.version)
    world.governor.deposit(node.address, made.version, 10_000 * TOKENS)
    world.stranger.pull_list(node.address, made.version, made.terms, leaves)
    index = desk.give_feedback(town.agent, 100)
    weight = desk.ground_flow(town.agent, index, made.version, made.terms, leaves, 0)
    assert 0 < weight <= emitted * 9 // 10


def test_an_agent_that_is_sold_takes_its_reviews_along(town: Town) -> None:
    """NOT PREVENTED. Feedback is about an agent, whoever owns it; its past payments went to somebody else."""
    before = town.registries.grounded_summary(town.agent)
    town.owner.hand_over(town.agent, town.stranger.address)
    assert town.registries.grounded_summary(town.agent) == before
