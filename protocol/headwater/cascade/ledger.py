"""The Cascade contract's ledger, call by call.

Slow and plain: it mirrors what each function of the contract books and when it reverts, with the tokens left out. The
fast solver is tested against it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from headwater.cascade.errors import LedgerError
from headwater.cascade.flow import MAX_INFLOW, SHARE, Deposit
from headwater.cascade.graph import Announcement, CascadeGraph
from headwater.cascade.records import ZERO_ADDRESS, Leaf, address_bytes, address_text
from headwater.cascade.terms import LIST, Terms, list_terms
from headwater.cascade.tree import MerkleSumTree, open_entries
from headwater.units import BPS

Pair = tuple[str, int]


def _name(node: str) -> str:
    return address_text(address_bytes(node))


@dataclass(slots=True)
class _Version:
    terms: Terms
    leaves: dict[int, Leaf]
    tree: MerkleSumTree | None = None


class Ledger:
    """State of one Cascade contract.

    Attributes:
        count: announcements so far; the newest version's number.
        latest: newest version of every node that announced.
        inflow: what deposits and pulls brought, by (node, version), in wei.
        released: what escrows let go, by (node, version > 0), in wei.
        withdrawn: what (node, 0) paid out, by node, in wei.
        taken: what a leaf has pulled, by (node, version, index), in wei; index SHARE is the node's own share.
        deposits: every deposit and release, in order.

    All calls raise LedgerError where the contract would revert, and then change nothing.
    """

    def __init__(self) -> None:
        self.count = 0
        self.latest: dict[str, int] = {}
        self.inflow: dict[Pair, int] = {}
        self.released: dict[Pair, int] = {}
        self.withdrawn: dict[str, int] = {}
        self.taken: dict[tuple[str, int, int], int] = {}
        self.deposits: list[Deposit] = []
        self._versions: dict[Pair, _Version] = {}

    # Announcements

    def announce_list(self, node: str, leaves: Sequence[Leaf], keep_bps: int, buffer: int = 0) -> int:
        """Announces a list of up to 32 leaves (keep in bps, buffer in wei) and returns the version's number.

        Raises:
            RecordError, TermsError: what the contract would not announce.
        """
        terms = list_terms(leaves, keep_bps, buffer)
        return self._announce(node, _Version(terms, dict(enumerate(leaves))))

    def announce_tree(self, node: str, tree: MerkleSumTree, keep_bps: int, buffer: int = 0) -> int:
        """Announces a tree (keep in bps, buffer in wei) and returns the version's number.

        Raises:
            TermsError: what the contract would not announce.
        """
        leaves = {index: tree[index] for index in range(len(tree))}
        return self._announce(node, _Version(tree.terms(keep_bps, buffer), leaves, tree))

    def announce_terms(self, node: str, terms: Terms) -> int:
        """Announces a tree of which only the terms are known; its leaves are pulled with `pull`.

        Raises:
            LedgerError: terms of a list, which is announced whole.
        """
        if terms.depth == LIST:
            raise LedgerError("a list is announced with its leaves")
        return self._announce(node, _Version(terms, {}))

    def _announce(self, node: str, version: _Version) -> int:
        name = _name(node)
        if name == ZERO_ADDRESS:
            raise LedgerError("the zero address cannot announce")
        self.count += 1
        self.latest[name] = self.count
        self._versions[name, self.count] = version
        return self.count

    def terms(self, node: str, version: int) -> Terms | None:
        """Terms of a version; None if the node never announced it."""
        known = self._versions.get((_name(node), version))
        return None if known is None else known.terms

    # Money in

    def deposit(self, node: str, version: int, amount: int) -> None:
        """Books `amount` wei for (node, version)."""
        name = _name(node)
        if name == ZERO_ADDRESS:
            raise LedgerError("the zero address takes no deposits")
        if not 0 <= version <= self.count:
            raise LedgerError(f"version {version}: the newest is {self.count}")
        if amount <= 0:
            raise LedgerError(f"deposit of {amount} wei: expected more than 0")
        self._add(self.inflow, (name, version), amount)
        self.deposits.append(Deposit(name, version, amount))

    def credit_released(self, node: str, version: int, amount: int) -> None:
        """Books `amount` wei that the escrow of (node, version) released."""
        name = _name(node)
        if version <= 0:
            raise LedgerError("an escrow belongs to a version above 0")
        if amount < 0:
            raise LedgerError(f"release of {amount} wei: expected at least 0")
        self._add(self.released, (name, version), amount)
        self.deposits.append(Deposit(name, version, amount, "released"))

    @staticmethod
    def _add(book: dict[Pair, int], pair: Pair, amount: int) -> None:
        value = book.get(pair, 0) + amount
        if value > MAX_INFLOW:
            raise LedgerError(f"{pair} would hold {value} wei: the contract holds at most 2**128 - 1")
        book[pair] = value

    # Pulls

    def pot(self, node: str, version: int) -> int:
        """What the leaves of an announced version divide now, in wei."""
        name, known = self._known(node, version)
        inflow = self.inflow.get((name, version), 0)
        return inflow - inflow * known.terms.keep_bps // BPS + self.released.get((name, version), 0)

    def entitlement(self, node: str, version: int, index: int) -> int:
        """What a known leaf is owed by now in all, taken or not, in wei."""
        _, known = self._known(node, version)
        return self.pot(node, version) * self._leaf(known, index).weight // known.terms.total

    def pull_leaf(self, node: str, version: int, index: int) -> int:
        """Moves what a known leaf has not taken yet, and returns how much (wei)."""
        name, known = self._known(node, version)
        return self._pay(name, version, known, [(index, self._leaf(known, index))])

    def pull(self, node: str, version: int, terms: Terms, entries: bytes) -> int:
        """`Cascade.pull`: moves what the proven leaves of a tree have not taken yet, and returns how much (wei).

        Raises:
            ProofError: an entry that does not open the root.
        """
        name, known = self._checked(node, version, terms)
        return self._pay(name, version, known, open_entries(terms, entries))

    def pull_list(self, node: str, version: int, terms: Terms, first: int = 0, count: int = 32) -> int:
        """`Cascade.pull_list`: moves what `count` leaves of a list from `first` on have not taken yet (wei)."""
        name, known = self._checked(node, version, terms)
        if terms.depth != LIST:
            raise LedgerError("the version is a tree")
        if not 0 <= first < len(known.leaves):
            raise LedgerError(f"leaf {first}: the list has {len(known.leaves)}")
        indices = range(first, min(len(known.leaves), first + count))
        return self._pay(name, version, known, [(index, known.leaves[index]) for index in indices])

    def pull_share(self, node: str, version: int, terms: Terms | None = None) -> int:
        """Moves the node's own share to (node, 0), and returns how much (wei). None stands for the announced terms."""
        name = _name(node)
        if version <= 0:
            raise LedgerError("version 0 has nothing to pull")
        entitlement = self.inflow.get((name, version), 0)
        known = self._versions.get((name, version))
        if known is not None:
            if terms is not None and terms != known.terms:
                raise LedgerError("not the announced terms")
            entitlement = entitlement * known.terms.keep_bps // BPS
        return self._move((name, version, SHARE), (name, 0), entitlement)

    def withdraw(self, node: str) -> int:
        """Pays out what (node, 0) holds, and returns how much (wei)."""
        name = _name(node)
        amount = self.withdrawable(name)
        self.withdrawn[name] = self.withdrawn.get(name, 0) + amount
        return amount

    def _known(self, node: str, version: int) -> tuple[str, _Version]:
        name = _name(node)
        known = self._versions.get((name, version))
        if known is None:
            raise LedgerError(f"{name} never announced version {version}")
        return name, known

    def _checked(self, node: str, version: int, terms: Terms) -> tuple[str, _Version]:
        name, known = self._known(node, version)
        if terms != known.terms:
            raise LedgerError("not the announced terms")
        return name, known

    @staticmethod
    def _leaf(known: _Version, index: int) -> Leaf:
        if index not in known.leaves:
            raise LedgerError(f"leaf {index} is not known")
        return known.leaves[index]

    def _pay(self, name: str, version: int, known: _Version, leaves: Iterable[tuple[int, Leaf]]) -> int:
        pot, moved, done = self.pot(name, version), 0, []
        try:
            for index, leaf in leaves:
                refused = leaf.child == ZERO_ADDRESS or (leaf.child_version != 0 and leaf.child_version >= version)
                payee = (name, 0) if refused else (leaf.child, leaf.child_version)
                amount = self._move((name, version, index), payee, pot * leaf.weight // known.terms.total)
                done.append(((name, version, index), payee, amount))
                moved += amount
        except LedgerError:
            # The contract reverts the whole call.
            for key, payee, amount in done:
                self.taken[key] -= amount
                self.inflow[payee] -= amount
            raise
        return moved

    def _move(self, key: tuple[str, int, int], payee: Pair, entitlement: int) -> int:
        amount = entitlement - self.taken.get(key, 0)
        self._add(self.inflow, payee, amount)
        self.taken[key] = entitlement
        return amount

    # Views

    def flows(self, node: str, version: int) -> tuple[int, int]:
        """What has ever come in, in wei: (inflow, released); for version 0 (inflow, withdrawn)."""
        name = _name(node)
        second = self.withdrawn.get(name, 0) if version == 0 else self.released.get((name, version), 0)
        return self.inflow.get((name, version), 0), second

    def withdrawable(self, node: str) -> int:
        """What `withdraw` would pay now, in wei."""
        name = _name(node)
        return self.inflow.get((name, 0), 0) - self.withdrawn.get(name, 0)

    def balance(self) -> int:
        """Wei the contract must hold: all that came in less all that was withdrawn."""
        return sum(deposit.amount for deposit in self.deposits) - sum(self.withdrawn.values())

    # Whole cascades

    def settle(self) -> int:
        """Pulls everything, newest version first, so that each is pulled after its parents; returns wei moved."""
        moved = 0
        pairs = {pair for pair in self.inflow if pair[1]} | set(self._versions)
        # Versions nobody announced may come to hold money on the way.
        for name, version in sorted(self._versions, key=lambda pair: -pair[1]):
            for index in self._versions[name, version].leaves:
                moved += self.pull_leaf(name, version, index)
        pairs |= {pair for pair in self.inflow if pair[1]}
        for name, version in sorted(pairs):
            moved += self.pull_share(name, version)
        return moved

    def graph(self) -> CascadeGraph:
        """The announced versions as a graph, with the leaves that are known."""
        return CascadeGraph.from_announcements(
            Announcement(name, number, tuple(v.leaves.values()), v.terms.keep_bps, v.terms.total)
            for (name, number), v in self._versions.items()
        )

    def is_settled(self) -> bool:
        """Whether no known leaf and no share has anything left to pull."""
        for name, version in self._versions:
            for index in self._versions[name, version].leaves:
                if self.entitlement(name, version, index) != self.taken.get((name, version, index), 0):
                    return False
        for name, version in {pair for pair in self.inflow if pair[1]}:
            known = self._versions.get((name, version))
            keep = BPS if known is None else known.terms.keep_bps
            if self.inflow[name, version] * keep // BPS != self.taken.get((name, version, SHARE), 0):
                return False
        return True
