"""The cascade: Ledger and solve against the Cascade's bytecode, wei for wei, on random graphs of lists and trees."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import TOKENS, LocalBackend, World, binary
from headwater.cascade import SHARE, Deposit, Leaf, Ledger, LedgerError, MerkleSumTree, Terms, solve
from headwater.chain import Contract, Reverted
from headwater.chain.participant import Participant
from headwater.chain.system import Addresses, System
from headwater.units import BPS, MAX_WEI
from headwater_deploy import ProtocolConfig
from randomised import trials, undone
from rigs import rig

ZERO = "0x" + "00" * 20
OUTSIDER = "0x" + "0e" * 20
CONFIG = ProtocolConfig(cap=MAX_WEI, genesis_supply=MAX_WEI)


@dataclass
class Twins:
    """A Cascade whose vault is the driver, and the ledger beside it; every verb acts on both and compares."""

    backend: LocalBackend
    ledger: Ledger = field(default_factory=Ledger)
    known: list[tuple[str, int, Terms, tuple[Leaf, ...], MerkleSumTree | None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        accounts = self.backend.dev_accounts(5)
        made = rig(self.backend, accounts[0], CONFIG, ["HeadwaterToken", "Cascade"], driven="StakeVault")
        token, self.cascade = made["HeadwaterToken"].address, made["Cascade"]
        places = Addresses(
            token=token, treasury=ZERO, vault=accounts[0].address, cascade=self.cascade.address, arena=ZERO
        )
        self.system = System(self.backend, places)
        self.people = [Participant(self.system, account) for account in accounts]
        self.driver = self.people[0]
        self.driver.approve(self.cascade.address)
        self.nodes = [person.address for person in self.people]

    def announce(self, who: int, leaves: tuple[Leaf, ...], keep_bps: int, *, as_tree: bool) -> None:
        person = self.people[who]
        tree = MerkleSumTree(leaves) if as_tree else None
        if tree is not None:
            made = person.announce_tree(tree, keep_bps)
            version = self.ledger.announce_tree(person.address, tree, keep_bps)
        else:
            made = person.announce_list(leaves, keep_bps)
            version = self.ledger.announce_list(person.address, leaves, keep_bps)
        assert made.version == version
        assert made.terms == self.ledger.terms(person.address, version)
        self.known.append((person.address, version, made.terms, leaves, tree))

    def deposit(self, node: str, version: int, amount: int) -> None:
        self.driver.deposit(node, version, amount)
        self.ledger.deposit(node, version, amount)

    def credit(self, node: str, version: int, amount: int) -> None:
        """What the vault does at a release: tokens first, then the booking."""
        self.driver.transfer(self.cascade.address, amount)
        self._drive("receive_release", node, version, amount)
        self.ledger.credit_released(node, version, amount)

    def pull(self, which: int, indices: list[int]) -> None:
        node, version, terms, leaves, tree = self.known[which]
        if tree is not None:
            entries = tree.entries(indices)
            self._same("pull", (node, version, terms.as_tuple(), entries), (node, version, terms, entries))
        elif leaves:
            first, count = min(indices), len(indices)
            packed = b"".join(leaf.pack() for leaf in leaves)
            bytecode = (node, version, terms.as_tuple(), packed, first, count)
            self._same("pull_list", bytecode, (node, version, terms, first, count))

    def pull_share(self, node: str, version: int) -> None:
        terms = self.ledger.terms(node, version)
        any_terms = terms or Terms(bytes(32), 1, 0, BPS, 0)  # a version never announced takes any
        self._same("pull_share", (node, version, any_terms.as_tuple()), (node, version, terms))

    def withdraw(self, node: str) -> None:
        before, due = self.system.balance(node), self.ledger.withdrawable(node)
        self._same("withdraw", (node,), (node,))
        assert self.system.balance(node) == before + due

    def _drive(self, name: str, *args: object) -> None:
        self.cascade.send(name, *args, sender=self.driver.account)

    def _same(self, name: str, bytecode: tuple[object, ...], twin: tuple[object, ...]) -> None:
        """Both move the same, or both refuse."""
        try:
            expected = getattr(self.ledger, name)(*twin)
        except LedgerError:
            with pytest.raises(Reverted):
                self._drive(name, *bytecode)
            return
        assert self.cascade.call(name, *bytecode) == expected
        self._drive(name, *bytecode)

    def check(self) -> None:
        pairs = {*self.ledger.inflow, *self.ledger.released, *((node, 0) for node in self.nodes)}
        for node, version in pairs:
            assert tuple(self.cascade.call("flows", node, version)) == self.ledger.flows(node, version)
        for (node, version, index), amount in self.ledger.taken.items():
            assert self.cascade.call("taken", node, version, index) == amount
        for node in self.nodes:
            assert self.cascade.call("withdrawable", node) == self.ledger.withdrawable(node)
        assert self.system.balance(self.cascade.address) == self.ledger.balance()

    def settle(self) -> None:
        """Pull everything on both, newest version first."""
        for which in reversed(range(len(self.known))):
            self.pull(which, list(range(len(self.known[which][3]))))
        for node, version in sorted(pair for pair in self.ledger.inflow if pair[1]):
            self.pull_share(node, version)


def _leaves(rng: np.random.Generator, nodes: list[str], count: int, versions: int) -> tuple[Leaf, ...]:
    """Leaves to nodes, an outsider or nobody, under versions old, new, foreign and not yet there."""
    top = 2 ** int(rng.integers(1, 90))
    children = [*nodes, OUTSIDER, ZERO]
    return tuple(
        Leaf(children[rng.integers(len(children))], int(rng.integers(versions + 2)), int(top * rng.random()))
        for _ in range(count)
    )


@trials(10)
@given(seed=st.integers(0, 2**32 - 1), bits=st.sampled_from([4, 20, 64, 90]))
def test_any_history_of_deposits_releases_and_pulls_books_the_same(chain: LocalBackend, seed: int, bits: int) -> None:
    rng = np.random.default_rng(seed)
    with undone(chain):
        twins = Twins(chain)
        for step in range(28):
            node = twins.nodes[rng.integers(5)]
            amount = 1 + int(2**bits * rng.random())
            version = int(rng.integers(twins.ledger.count + 1))
            match int(rng.integers(9)) if step > 3 else 0:
                case 0 | 1:
                    leaves = _leaves(rng, twins.nodes, int(rng.integers(1, 12)), twins.ledger.count)
                    if not sum(leaf.weight for leaf in leaves):
                        leaves = ()
                    keep = int(rng.integers(100, BPS + 1)) if leaves else BPS
                    as_tree = bool(leaves) and bool(rng.integers(2))
                    twins.announce(int(rng.integers(5)), leaves, keep, as_tree=as_tree)
                case 2 | 3:
                    node, version = twins.known[rng.integers(len(twins.known))][:2]
                    twins.deposit(node, version, amount)
                case 4:
                    twins.deposit(node, version, amount)
                case 5:
                    node, version = twins.known[rng.integers(len(twins.known))][:2]
                    twins.credit(node, version, amount)
                case 6 | 7:
                    which = int(rng.integers(len(twins.known)))
                    size = len(twins.known[which][3])
                    if size:
                        first = int(rng.integers(size))
                        twins.pull(which, list(range(first, min(size, first + int(rng.integers(1, size + 1))))))
                case 8:
                    twins.pull_share(node, version)
                    twins.withdraw(node)
        twins.check()
        twins.settle()
        twins.check()
        assert twins.ledger.is_settled()
        flow = solve(twins.ledger.graph(), twins.ledger.deposits)
        for node, version, _, leaves, _ in twins.known:
            settled = flow.settled(node, version)
            assert settled.taken == tuple(twins.cascade.call("taken", node, version, i) for i in range(len(leaves)))
            assert settled.share == twins.cascade.call("taken", node, version, SHARE)
        for node in twins.nodes:
            assert flow.received(node) == twins.cascade.call("flows", node, 0)[0]


def test_releases_of_real_escrows_cascade_as_the_solver_says(world: World) -> None:
    """Forecaster, aggregator, members: three questions, two of them under a version that is replaced later."""
    system, (forecaster, *_) = world.system, world.forecasters
    aggregator, *members = world.providers
    series = world.series()
    inner = aggregator.announce_list([Leaf(m.address, 0, w) for m, w in zip(members, (5, 3, 1), strict=True)], 1_500)
    first = world.announce(
        forecaster, [Leaf(aggregator.address, inner.version, 7), Leaf(members[0].address, 0, 2)], keep_bps=2_000
    )
    nets = [world.play(world.open(series), {0: (binary(0.8), 900 * TOKENS)}, outcome=0)[0]]
    question = world.open(series)
    second = world.announce(forecaster, [Leaf(members[2].address, 0, 1)], keep_bps=5_000)
    nets.append(world.play(question, {0: (binary(0.7), 1_100 * TOKENS)}, outcome=0)[0])
    nets.append(world.play(world.open(series), {0: (binary(0.9), 700 * TOKENS)}, outcome=0)[0])
    assert min(nets) > 0
    rest = [net - net * keep // BPS for net, keep in zip(nets, (2_000, 2_000, 5_000), strict=True)]
    for made in (first, second):
        world.stranger.release(forecaster.address, made.version)
    ledger = Ledger()
    for made in (inner, first, second):
        assert made.leaves is not None
        assert ledger.announce_list(made.node, made.leaves, made.terms.keep_bps) == made.version
    ledger.credit_released(forecaster.address, first.version, rest[0] + rest[1])
    ledger.credit_released(forecaster.address, second.version, rest[2])
    ledger.settle()
    flow = solve(ledger.graph(), ledger.deposits)
    for made in (second, first, inner):
        assert made.leaves is not None
        world.stranger.pull_list(made.node, made.version, made.terms, made.leaves)
    world.stranger.pull_share(aggregator.address, inner.version, inner.terms)
    for person in (aggregator, *members):
        before = system.balance(person.address)
        world.stranger.withdraw(person.address)
        paid = system.balance(person.address) - before
        assert paid == flow.received(person.address) == ledger.withdrawable(person.address) > 0
    assert system.balance(system.addresses.cascade) == sum(rest) - sum(
        flow.received(person.address) for person in (aggregator, *members)
    )


def test_a_tree_of_two_hundred_leaves_pays_each_what_the_solver_says(chain: LocalBackend) -> None:
    with undone(chain):
        twins = Twins(chain)
        rng = np.random.default_rng(5)
        leaves = tuple(Leaf("0x" + (i + 1).to_bytes(20, "big").hex(), 0, int(rng.integers(2**60))) for i in range(200))
        twins.announce(0, leaves, 1_234, as_tree=True)
        twins.deposit(twins.nodes[0], 1, 10**24 + 7)
        for first in range(0, 200, 8):
            twins.pull(0, list(range(first, min(first + 8, 200))))
        flow = solve(twins.ledger.graph(), [Deposit(twins.nodes[0], 1, 10**24 + 7)])
        assert flow.settled(twins.nodes[0], 1).taken == tuple(_view(twins.cascade, leaf) for leaf in leaves)


def _view(cascade: Contract, leaf: Leaf) -> int:
    return int(cascade.call("flows", leaf.child, 0)[0])
