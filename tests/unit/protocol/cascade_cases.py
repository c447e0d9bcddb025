"""Hypothesis strategies for cascades: leaves, announcements, and whole ledgers with money in them."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st

from headwater.cascade import Leaf, Ledger, MerkleSumTree
from headwater.units import BPS, MAX_WEI

ZERO = "0x" + "0" * 40


def address(number: int) -> str:
    """A distinct address for every number; 0 is not the zero address."""
    return "0x" + (number + 1).to_bytes(20, "big").hex()


addresses = st.integers(0, 2**160 - 2).map(address)
# Sizes from a few units to the full width, so that roundings and every number of limbs occur.
magnitudes = st.sampled_from([4, 10_000, 2**31, 2**32, 2**62, 2**64, 2**90])
leaf = st.builds(Leaf, addresses, st.integers(0, 2**40 - 1), st.integers(0, 2**90))


@st.composite
def leaf_lists(draw: st.DrawFn, max_size: int = 20) -> list[Leaf]:
    """1 to max_size leaves whose weights sum to 1 or more and fit 96 bits."""
    top = draw(magnitudes)
    leaves = draw(
        st.lists(st.builds(Leaf, addresses, st.integers(0, 9), st.integers(0, top)), min_size=1, max_size=max_size)
    )
    if not sum(leaf.weight for leaf in leaves):
        leaves[0] = Leaf(leaves[0].child, leaves[0].child_version, draw(st.integers(1, MAX_WEI)))
    return leaves


@dataclass(frozen=True)
class Announce:
    node: str
    leaves: tuple[Leaf, ...]
    keep_bps: int
    as_tree: bool


@dataclass(frozen=True)
class Money:
    node: str
    version: int
    amount: int
    released: bool


@dataclass(frozen=True)
class Case:
    """Announcements and payments, from which ledgers can be played in any order of pulls."""

    announcements: tuple[Announce, ...]
    money: tuple[Money, ...]
    people: tuple[str, ...]

    def announced(self) -> Ledger:
        ledger = Ledger()
        for item in self.announcements:
            if item.as_tree:
                ledger.announce_tree(item.node, MerkleSumTree(item.leaves), item.keep_bps)
            else:
                ledger.announce_list(item.node, item.leaves, item.keep_bps)
        return ledger

    def pay(self, ledger: Ledger, money: Money) -> None:
        (ledger.credit_released if money.released else ledger.deposit)(money.node, money.version, money.amount)

    def settled(self) -> Ledger:
        ledger = self.announced()
        for money in self.money:
            self.pay(ledger, money)
        ledger.settle()
        return ledger


@st.composite
def cases(draw: st.DrawFn, max_versions: int = 8) -> Case:
    """Random cascades: few people, so that leaves hit announced, foreign, younger and unknown versions alike."""
    people = [address(i) for i in range(draw(st.integers(1, 5)))]
    n = draw(st.integers(1, max_versions))
    child = st.sampled_from([*people, ZERO])
    announcements = []
    for _ in range(n):
        top = draw(magnitudes)
        leaves = tuple(draw(st.lists(st.builds(Leaf, child, st.integers(0, n + 1), st.integers(0, top)), max_size=5)))
        keep = draw(st.integers(100, BPS))
        if not sum(leaf.weight for leaf in leaves):
            leaves, keep = (), BPS
        announcements.append(
            Announce(draw(st.sampled_from(people)), leaves, keep, bool(leaves) and draw(st.booleans()))
        )
    top = draw(st.sampled_from([3, 10**9, 2**64, MAX_WEI, 2**120]))
    money = draw(
        st.lists(
            st.one_of(
                st.builds(Money, st.sampled_from(people), st.integers(0, n), st.integers(1, top), st.just(False)),
                st.builds(Money, st.sampled_from(people), st.integers(1, n), st.integers(0, top), st.just(True)),
            ),
            max_size=6,
        )
    )
    return Case(tuple(announcements), tuple(money), (*people, ZERO))
