"""The Cascade by its rules: `headwater.cascade.Ledger` with tokens, successors and the order of announcements."""

from __future__ import annotations

from dataclasses import dataclass, field

from model_base import Clock, Places, TokenModel, require

from headwater.cascade import Leaf, Ledger, MerkleSumTree, Terms, parse_list

RawTerms = tuple[bytes, int, int, int, int]
MAX_ENTRIES = 4_096
MAX_URI = 256


@dataclass(slots=True)
class Announced:
    """A version with what is published of it: the packed list, or the tree.

    `false_tree` is one that was published with a root, total or depth that are not its own: no leaf can be pulled.
    """

    terms: Terms
    packed: bytes | None = None
    tree: MerkleSumTree | None = None
    false_tree: MerkleSumTree | None = None

    @property
    def leaves(self) -> dict[int, Leaf]:
        """The leaves that can be pulled, by index."""
        if self.packed is not None:
            return dict(enumerate(parse_list(self.packed)))
        return {} if self.tree is None else {index: self.tree[index] for index in range(len(self.tree))}


@dataclass(kw_only=True)
class CascadeModel:
    """Functions take the caller first, then what the contract's take.

    They raise Refused, or a CascadeError of the library, where the contract must revert.
    """

    clock: Clock
    places: Places
    token: TokenModel
    ledger: Ledger = field(default_factory=Ledger)
    successors: dict[tuple[str, int], tuple[int, int]] = field(default_factory=dict)
    """(node, version) -> the node's next version, and the time at which that replaced it, rounded up to a minute."""
    announced: dict[tuple[str, int], Announced] = field(default_factory=dict)

    # Announcements

    def announce_list(self, sender: str, leaves: bytes, keep_bps: int, buffer: int) -> None:
        replaced = self.latest(sender)
        version = self.ledger.announce_list(sender, parse_list(leaves), keep_bps, buffer)
        self._succeed(sender, replaced, version).packed = leaves

    def announce_tree(
        self, sender: str, root: bytes, total: int, depth: int, keep_bps: int, buffer: int, content: bytes, uri: str
    ) -> None:
        require(depth <= 24, "deeper than 24")
        require(len(uri) <= MAX_URI, "URI too long")
        replaced = self.latest(sender)
        terms = Terms(root, total, depth, keep_bps, buffer)
        self._succeed(sender, replaced, self.ledger.announce_terms(sender, terms))

    def _succeed(self, node: str, replaced: int, version: int) -> Announced:
        self.successors[node, replaced] = version, -(-self.clock.now // 60) * 60
        terms = self.ledger.terms(node, version)
        assert terms is not None
        self.announced[node, version] = Announced(terms)
        return self.announced[node, version]

    def latest(self, node: str) -> int:
        return self.ledger.latest.get(node, 0)

    def version_at(self, node: str, count: int) -> int:
        """A node's newest version after that many announcements by anybody."""
        version = 0
        while (successor := self.successors.get((node, version), (0, 0))[0]) and successor <= count:
            version = successor
        return version

    def binds(self, node: str, version: int, count: int) -> bool:
        return version == self.version_at(node, count)

    def has_terms(self, node: str, version: int, terms: RawTerms) -> bool:
        known = self.ledger.terms(node, version)
        return known is not None and known.as_tuple() == terms

    # Money

    def deposit(self, sender: str, node: str, version: int, amount: int) -> None:
        require(amount <= self.token.balance(sender), "not enough tokens")
        self.ledger.deposit(node, version, amount)
        self.token.move(sender, self.places.cascade, amount)

    def receive_release(self, node: str, version: int, amount: int) -> None:
        """Tokens that the vault has just sent."""
        self.ledger.credit_released(node, version, amount)

    def pull(self, sender: str, node: str, version: int, terms: RawTerms, entries: bytes) -> None:
        require(len(entries) <= MAX_ENTRIES, "too many bytes of entries")
        self.ledger.pull(node, version, Terms(*terms), entries)

    def pull_list(
        self, sender: str, node: str, version: int, terms: RawTerms, leaves: bytes, first: int, count: int
    ) -> None:
        known = self.announced.get((node, version))
        require(known is not None and leaves == known.packed, "not the announced list")
        self.ledger.pull_list(node, version, Terms(*terms), first, count)

    def pull_share(self, sender: str, node: str, version: int, terms: RawTerms) -> None:
        require(0 <= version < 2**40, "no such version")
        announced = self.ledger.terms(node, version)
        self.ledger.pull_share(node, version, None if announced is None else Terms(*terms))

    def withdraw(self, sender: str, node: str) -> None:
        self.token.give(self.places.cascade, node, self.ledger.withdraw(node))

    # What tests ask

    def inside(self) -> int:
        """Wei the ledger owes somebody or keeps for ever."""
        return self.ledger.balance()

    def pairs(self) -> list[tuple[str, int]]:
        """Every (node, version) that was announced or ever received money, newest version first."""
        pairs = {*self.announced, *self.ledger.inflow, *self.ledger.released}
        return sorted(pairs, key=lambda pair: (-pair[1], pair[0]))

    def known_leaves(self, node: str, version: int) -> dict[int, Leaf]:
        """The leaves that somebody published and that open the root."""
        return self.announced[node, version].leaves
