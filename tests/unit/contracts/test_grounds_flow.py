"""FeedbackGrounds: what an agent pulled from a client's released emission stands behind the client's feedback."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from checks import refused
from harness import TOKENS, binary
from headwater.cascade import Leaf, MerkleSumTree, Terms
from headwater.chain.participant import Participant
from headwater.identity import AgentDesk, Grounded
from headwater.units import WAD
from identity_cases import Town, told_by

NOT_USED = "grounds: no flow that is not used"


class Earned:
    """A forecaster that won and released; the agent's owner is leaf 1 of 2 with a quarter of the weight."""

    def __init__(self, town: Town, *, tree: bool = False, child_version: int = 0, win: bool = True) -> None:
        self.town = town
        world = town.world
        self.node: Participant = world.forecasters[0]
        self.desk: AgentDesk = town.desk(self.node)
        self.leaves = [Leaf(town.friend.address, 0, 3), Leaf(town.owner.address, child_version, 1)]
        self.tree = MerkleSumTree(self.leaves) if tree else None
        series = world.series()
        if self.tree:
            self.made = self.node.announce_tree(self.tree, 1_000)
        else:
            self.made = self.node.announce_list(self.leaves, 1_000)
        world.stranger.open_escrow(self.node.address, self.made.version, self.made.terms)
        question = world.open(series)
        world.play(question, {0: (binary(0.9), 100 * TOKENS), 1: (binary(0.2), 100 * TOKENS)}, 0 if win else 1)
        self.index = self.desk.give_feedback(town.agent, 70)

    def release(self) -> int:
        self.town.world.stranger.release(self.node.address, self.made.version)
        return self.town.world.system.flows(self.node.address, self.made.version)[1]

    def pull(self) -> None:
        stranger = self.town.world.stranger
        if self.tree:
            stranger.pull_tree(self.node.address, self.made.version, self.made.terms, self.tree, [0, 1])
        else:
            stranger.pull_list(self.node.address, self.made.version, self.made.terms, self.leaves)

    def ground(self, leaf: int = 1) -> int:
        source: Sequence[Leaf] | MerkleSumTree = self.tree or self.leaves
        return self.desk.ground_flow(self.town.agent, self.index, self.made.version, self.made.terms, source, leaf)


@pytest.mark.parametrize("tree", [False, True])
def test_what_the_agent_pulled_of_released_emission_is_a_ground_once(town: Town, tree: bool) -> None:
    earned = Earned(town, tree=tree)
    with refused(town, NOT_USED):
        earned.ground()
    released = earned.release()
    assert released > 0
    with refused(town, NOT_USED):  # released, but the agent has nothing yet
        earned.ground()
    earned.pull()
    assert earned.ground() == released // 4
    assert town.registries.grounds_of(town.agent, earned.node.address, 1) == (0, released // 4)
    with refused(town, NOT_USED):
        earned.ground()
    summary = town.registries.grounded_summary(town.agent)
    whole = Grounded(count=1, weight=released // 4, sum=70 * WAD * (released // 4))
    assert (summary.total, summary.flows, summary.payments) == (whole, whole, Grounded())


def test_more_that_flows_later_is_more_ground(town: Town) -> None:
    earned = Earned(town)
    earned.release()
    earned.pull()
    first = earned.ground()
    world = town.world
    question = world.open(1)
    world.play(question, {0: (binary(0.9), 100 * TOKENS), 1: (binary(0.2), 100 * TOKENS)}, 0)
    released = earned.release()
    earned.pull()
    assert earned.ground() == released // 4 - first > 0


def test_deposits_that_anybody_can_make_are_no_ground(town: Town) -> None:
    earned = Earned(town, win=False)
    town.world.governor.deposit(earned.node.address, earned.made.version, 100 * TOKENS)
    earned.pull()
    assert town.world.system.cascade.call("taken", earned.node.address, earned.made.version, 1) > 0
    with refused(town, NOT_USED):
        earned.ground()


def test_deposits_beside_releases_add_nothing(town: Town) -> None:
    earned = Earned(town)
    town.world.governor.deposit(earned.node.address, earned.made.version, 100 * TOKENS)
    released = earned.release()
    earned.pull()
    assert earned.ground() == released // 4


def test_a_leaf_that_pays_its_announcer_is_no_ground(town: Town) -> None:
    """A leaf under a version that is not older pays whoever announced it: nothing reaches the agent."""
    for tree in (False, True):
        earned = Earned(town, tree=tree, child_version=2**39)
        earned.release()
        earned.pull()
        assert town.world.system.cascade.call("taken", earned.node.address, earned.made.version, 1) > 0
        with refused(town, "grounds: the leaf pays the caller"):
            earned.ground()


def test_the_leaf_is_the_agents(town: Town) -> None:
    earned = Earned(town)
    earned.release()
    earned.pull()
    with refused(town, "grounds: payee is not the agent"):
        earned.ground(leaf=0)


def test_a_version_is_its_announcers(town: Town) -> None:
    earned = Earned(town)
    earned.release()
    earned.pull()
    town.client.give_feedback(town.agent, 1)
    terms = earned.made.terms
    with refused(town, "grounds: not the announced terms"):
        town.client.ground_flow(town.agent, 1, earned.made.version, terms, earned.leaves, 1)
    richer = Terms(terms.root, 1, terms.depth, terms.keep_bps, terms.buffer)
    with refused(town, "grounds: not the announced terms"):
        earned.desk.ground_flow(town.agent, 1, earned.made.version, richer, earned.leaves, 1)
    with refused(town, "grounds: no such feedback"):
        earned.desk.ground_flow(town.agent, 2, earned.made.version, terms, earned.leaves, 1)


def _list(earned: Earned, leaves: bytes, index: int, terms: Terms | None = None) -> Any:
    return earned.town.registries.grounds.send(
        "ground_list",
        earned.town.agent,
        earned.index,
        earned.made.version,
        (terms or earned.made.terms).as_tuple(),
        leaves,
        index,
        sender=earned.node.account,
    )


def _tree(earned: Earned, entry: bytes, terms: Terms | None = None) -> Any:
    return earned.town.registries.grounds.send(
        "ground_tree",
        earned.town.agent,
        earned.index,
        earned.made.version,
        (terms or earned.made.terms).as_tuple(),
        entry,
        sender=earned.node.account,
    )


def test_a_list_is_shown_as_announced(town: Town) -> None:
    earned = Earned(town)
    earned.release()
    earned.pull()
    with refused(town, "grounds: not the announced list"):
        earned.desk.ground_flow(
            town.agent, 1, earned.made.version, earned.made.terms, [earned.leaves[1], earned.leaves[0]], 0
        )
    packed = b"".join(bytes.fromhex(leaf.child[2:]) + bytes(16) + bytes([leaf.weight]) for leaf in earned.leaves)
    with refused(town, "grounds: index outside the list"):
        _list(earned, packed, 2)
    with refused(town, "grounds: version is a list"):
        _tree(earned, bytes(41))
    receipt = _list(earned, packed, 1)
    assert [name for name, _ in told_by(town, receipt)] == ["FlowGrounded"]


def test_a_leaf_of_a_tree_is_proven(town: Town) -> None:
    earned = Earned(town, tree=True)
    earned.release()
    earned.pull()
    assert earned.tree is not None
    entry = earned.tree.entries([1])
    with refused(town, "grounds: version is a tree"):
        _list(earned, b"", 0)
    with refused(town, "grounds: entry is not whole"):
        _tree(earned, entry[:-1])
    with refused(town, "grounds: index outside the tree"):
        _tree(earned, b"\0\0\0\x02" + entry[4:])
    for place in (0, 4, 40, 41, 60, len(entry) - 1):  # index, child, weight, sum and hash of the sibling
        spoiled = bytearray(entry)
        spoiled[place + (3 if place == 0 else 0)] ^= 1
        with refused(town, "grounds: proof does not open the root"):
            _tree(earned, bytes(spoiled))
    huge = entry[:41] + b"\xff" * 12 + entry[53:]
    with refused(town, "grounds: sum overflow"):
        _tree(earned, huge)
    _tree(earned, entry)


def test_the_agents_wallet_as_the_forecaster_itself_grounds_nothing(town: Town) -> None:
    earned = Earned(town)
    earned.release()
    earned.pull()
    town.owner.set_wallet(town.agent, earned.node.account)
    with refused(town, "grounds: caller is the agent's wallet"):
        earned.ground()
