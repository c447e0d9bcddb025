"""What the keeper sees is what the chain says, and running it until it asks for nothing leaves only dust."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from harness import TOKENS, World, binary
from headwater.cascade import SHARE, Leaf
from headwater.chain.audit import audit
from headwater.chain.participant import Participant
from headwater.chain.system import Announcement
from headwater_agents.durable.journal import Journal
from headwater_agents.policies import Keeper, KeeperConfig, KeeperView
from headwater_agents.runner.executor import Executor
from headwater_agents.runner.keeping import keeper_view
from headwater_agents.runner.season import Season


class Cascading:
    """Forecaster 0 above provider 0 (an aggregator) above the other providers; forecaster 1 above provider 1."""

    def __init__(self, world: World) -> None:
        self.world, self.system = world, world.system
        a, b, c, d = world.providers
        self.forecasters = world.forecasters[:2]
        self.people = [*self.forecasters, a, b, c, d]
        under = world.announce(a, self._to((b, 0, 1), (c, 0, 1), (d, 0, 1)), keep_bps=2_000, domain=None)
        first = world.announce(
            self.forecasters[0], self._to((a, under.version, 7), (b, 0, 3), (d, 0, 1)), 4_000, 20 * TOKENS
        )
        second = world.announce(self.forecasters[1], self._to((b, 0, 1), (a, 99, 1)), 3_000)
        self.made = [under, first, second]
        self.series = world.series()

    @staticmethod
    def _to(*leaves: tuple[Participant, int, int]) -> tuple[Leaf, ...]:
        return tuple(Leaf(child=who.address, child_version=version, weight=weight) for who, version, weight in leaves)

    def win(self, *, settle: bool = True) -> int:
        question = self.world.open(self.series)
        self.world.play(
            question, {0: (binary(0.8), 700 * TOKENS), 1: (binary(0.9), 300 * TOKENS)}, outcome=0, settle=settle
        )
        return question

    def view(self, **options: object) -> KeeperView:
        return keeper_view(
            self.system,
            self.made,
            [who.address for who in self.forecasters],
            nodes=[who.address for who in self.people],
            **options,  # type: ignore[arg-type]
        )

    def pulled(self) -> dict[tuple[str, int, int], int]:
        sums: dict[tuple[str, int, int], int] = defaultdict(int)
        for event in self.system.cascade.events("Pulled"):
            sums[event["node"], event["version"], event["index"]] += event["amount"]
        return sums


@pytest.fixture
def cascading(world: World) -> Cascading:
    return Cascading(world)


@pytest.fixture
def keeper(world: World, cascading: Cascading, tmp_path: Path) -> Iterator[Executor]:
    versions = {(made.node, made.version): made for made in cascading.made}
    with closing(Journal(tmp_path / "journal.sqlite")) as journal:
        yield Executor(world.stranger, journal, versions)


def _agrees(cascading: Cascading, view: KeeperView) -> None:
    """The view, rebuilt from events alone."""
    came: dict[tuple[str, int], list[int]] = defaultdict(lambda: [0, 0])
    for event in cascading.system.cascade.events():
        if event.name == "Deposited":
            came[event["node"], event["version"]][0] += event["amount"]
        elif event.name == "ReleaseReceived":
            came[event["node"], event["version"]][1] += event["amount"]
        elif event.name == "Pulled":
            came[event["child"], event["child_version"]][0] += event["amount"]
    pulled = cascading.pulled()
    assert len(view.ledgers) == len(cascading.made)
    for ledger, made in zip(view.ledgers, cascading.made, strict=True):
        key = (made.node, made.version)
        assert (ledger.node, ledger.version, ledger.leaves) == (*key, made.leaves)
        assert [ledger.inflow, ledger.released] == came[key]
        assert ledger.keep_bps == made.terms.keep_bps
        assert ledger.taken == tuple(pulled[(*key, index)] for index in range(len(ledger.leaves)))
        assert ledger.share_taken == pulled[(*key, SHARE)]
    withdrawn: dict[str, int] = defaultdict(int)
    for event in cascading.system.cascade.events("Withdrawn"):
        withdrawn[event["node"]] += event["amount"]
    expected = {who.address: came[who.address, 0][0] - withdrawn[who.address] for who in cascading.people}
    assert dict(view.withdrawable) == expected


def test_the_view_is_the_chain_before_between_and_after_pulls(world: World, cascading: Cascading) -> None:
    _agrees(cascading, cascading.view())
    cascading.win()
    first = cascading.made[1]
    view = cascading.view()
    assert [(escrow.forecaster, escrow.version) for escrow in view.escrows] == [
        (made.node, made.version) for made in cascading.made[1:]
    ]
    assert all(escrow.due > 0 and not escrow.closable for escrow in view.escrows)
    assert [escrow.held for escrow in view.escrows] == [20 * TOKENS, 0]
    _agrees(cascading, view)
    world.stranger.release(first.node, first.version)
    world.stranger.pull_list(first.node, first.version, first.terms, first.leaves or (), first=0, count=2)
    under = cascading.made[0]
    world.stranger.pull_share(under.node, under.version, under.terms)
    _agrees(cascading, cascading.view())
    cascading.win()
    world.stranger.withdraw(under.node)
    view = cascading.view()
    assert view.ledgers[1].taken[0] > 0
    assert view.ledgers[0].share_taken > 0
    _agrees(cascading, view)


def test_an_escrow_is_closable_once_it_is_replaced_free_and_the_window_has_passed(
    world: World, cascading: Cascading
) -> None:
    cascading.win()
    who = cascading.forecasters[0]

    def closable() -> bool:
        return next(e.closable for e in cascading.view().escrows if e.version == cascading.made[1].version)

    assert not closable()
    world.announce(who, cascading._to((world.providers[1], 0, 1)))
    _, _, replaced = world.system.cascade.call("version_state", who.address, cascading.made[1].version)
    assert replaced > 0
    opens = replaced + int(world.system.vault.call("MAX_WINDOW"))
    world.travel(opens - 1)
    assert not closable()
    world.travel(opens)
    assert closable()
    world.stranger.close(who.address, cascading.made[1].version)
    assert not closable()


def test_an_escrow_with_an_open_position_is_not_closable(world: World, cascading: Cascading) -> None:
    cascading.win()
    question = world.open(cascading.series)
    who = cascading.forecasters[0]
    who.commit(question, binary(0.6), 20 * TOKENS, bytes(32))
    world.announce(who, cascading._to((world.providers[1], 0, 1)))
    world.travel(world.backend.now() + int(world.system.vault.call("MAX_WINDOW")) + 60)
    view = cascading.view()
    assert [escrow.closable for escrow in view.escrows] == [False, False]
    assert view.escrows[0].held > 0


def test_only_list_versions_are_looked_at_and_only_stakers_have_escrows(world: World, cascading: Cascading) -> None:
    empty = cascading.made[0]
    tree = Announcement(node=empty.node, version=77, replaces=0, terms=empty.terms, leaves=None)
    view = keeper_view(world.system, [tree, *cascading.made], [], unsettled=[(1, empty.node)])
    assert len(view.ledgers) == len(cascading.made)
    assert (view.escrows, view.withdrawable, view.unsettled) == ((), (), ((1, empty.node),))


def _run(keeper: Executor, cascading: Cascading, *, unsettled: list[tuple[int, str]]) -> int:
    policy, passes = Keeper(KeeperConfig()), 0
    while actions := policy.act(cascading.view(unsettled=unsettled if passes == 0 else [])):
        keeper.execute(actions)
        passes += 1
        assert passes < 10
    return passes


def test_a_keeper_run_until_it_asks_for_nothing_leaves_only_dust(
    world: World, cascading: Cascading, keeper: Executor
) -> None:
    system = cascading.system
    question = cascading.win(settle=False)
    world.providers[3].deposit(cascading.made[0].node, cascading.made[0].version, 12_345_678_901)
    unsettled = [(question, who.address) for who in cascading.forecasters]
    assert _run(keeper, cascading, unsettled=unsettled) == 2  # settlements, then everything else in one pass
    leaves = sum(len(made.leaves or ()) for made in cascading.made)
    assert 0 <= system.balance(system.addresses.cascade) <= leaves
    assert all(amount == 0 for _, amount in cascading.view().withdrawable)
    assert all(escrow.due == 0 for escrow in cascading.view().escrows)
    checks = {check.what: check for check in audit(system)}
    assert [check.what for check in checks.values() if not check.ok] == []
    assert checks["every hop of the emptied cascade carried what the twin's flow says"].actual > 0
    nonce = world.backend.nonce(keeper.address)
    assert _run(keeper, cascading, unsettled=[]) == 0
    assert world.backend.nonce(keeper.address) == nonce


def test_everybody_gets_what_the_weights_say(world: World, cascading: Cascading, keeper: Executor) -> None:
    a, b, c, d = (who.address for who in world.providers)
    before = {who: world.system.balance(who) for who in (a, b, c, d)}
    question = cascading.win(settle=False)
    _run(keeper, cascading, unsettled=[(question, who.address) for who in cascading.forecasters])
    released = {event["node"]: event["amount"] for event in world.system.cascade.events("ReleaseReceived")}
    first, second = (released[who.address] for who in cascading.forecasters)
    gained = {who: world.system.balance(who) - before[who] for who in before}
    through = first * 7 // 11
    own = through * 2_000 // 10_000
    third = (through - own) // 3
    # The second forecaster's leaf names a version that is not older than its own: it pays the forecaster instead.
    assert gained == {
        a: own,
        b: third + first * 3 // 11 + second // 2,
        c: third,
        d: third + first // 11,
    }


def test_a_season_leaves_only_dust_in_its_cascade(season: Season) -> None:
    system = season.stage.system
    leaves = sum(len(made.leaves or ()) for made in season.versions.values())
    assert 0 <= system.balance(system.addresses.cascade) <= leaves
    assert len({made.version for made in season.versions.values()}) == len(season.versions) > 5
    assert all(system.cascade.call("withdrawable", address) == 0 for address in season.names.values())
