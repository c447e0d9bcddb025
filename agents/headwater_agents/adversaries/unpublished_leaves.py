"""A forecaster announces weights by a root whose leaves it shows to nobody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from headwater.cascade import Leaf, MerkleSumTree
from headwater.chain.system import Announcement
from headwater_agents.adversaries.bounds import headwater_of, headwater_only
from headwater_agents.lab.game.attack import Attack
from headwater_agents.lab.game.setting import Setting
from headwater_agents.lab.game.table import Table
from headwater_agents.lab.mechanisms.base import Split
from headwater_agents.lab.mechanisms.headwater import HeadwaterMechanism

_PUPPET = "coalition-puppet"


@dataclass(kw_only=True)
class UnpublishedLeaves(Attack):
    """The tree's leaves name the forecaster's own puppet, whatever the providers have been told.

    Attributes:
        opens: the forecaster pulls its puppet's leaves at the end; otherwise it has lost them, and so has everybody.
        believed: providers work for a promise that they cannot check. Otherwise they take it for none at all.
    """

    name: ClassVar[str] = "unpublished-leaves"
    goal: ClassVar[str] = "promise providers what they can never claim"
    seen: ClassVar[str] = "Plasma operators that publish a root and withhold the block behind it"
    only: ClassVar[frozenset[str]] = frozenset({"headwater"})
    variants: ClassVar[Mapping[str, Mapping[str, Any]]] = {"lost": {"opens": False}, "believed": {"believed": True}}
    opens: bool = True
    believed: bool = False
    _hidden: list[tuple[str, Announcement, MerkleSumTree]] = field(default_factory=list, init=False, repr=False)

    def setting(self, setting: Setting) -> Setting:
        """Headwater's alone. Raises LabError elsewhere."""
        return headwater_only(self, setting)

    def begin(self, table: Table) -> None:
        """Open the puppet's account; see to the pulls at the end."""
        table.enroll(_PUPPET)
        if self.opens:
            mechanism = headwater_of(table)
            mechanism.at_end.append(lambda: self._pull(mechanism))

    def split(self, table: Table, name: str, honest: Split) -> Split | None:
        """Announce a root. Weights nobody can guess keep others from finding the leaves."""
        if not honest.weights:
            return honest
        mechanism = headwater_of(table)
        person, puppet = mechanism.person(name), mechanism.person(_PUPPET).address
        weights = [int(each) for each in table.rng.integers(1, 2**62, 4)]
        tree = MerkleSumTree([Leaf(puppet, 0, weight) for weight in weights])
        made = person.announce_tree(tree, honest.keep_bps, mechanism.buffer)
        mechanism.adopt(name, made, Split(honest.keep_bps, ((_PUPPET, 1),)))
        self._hidden.append((name, made, tree))
        table.splits[name] = honest if self.believed else Split()
        return None

    def _pull(self, mechanism: HeadwaterMechanism) -> None:
        for name, made, tree in self._hidden:
            person = mechanism.person(name)
            if mechanism.system.escrow(made.node, made.version).due:
                person.release(made.node, made.version)
            if sum(mechanism.system.flows(made.node, made.version)):
                person.pull_tree(made.node, made.version, made.terms, tree, range(4))
