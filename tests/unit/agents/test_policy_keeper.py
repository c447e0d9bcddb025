"""Keepers: the order that moves all money down, against an independent model of the cascade's ledgers."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.units import BPS
from headwater_agents.policies import (
    Close,
    Escrow,
    Keeper,
    KeeperConfig,
    KeeperView,
    Leaf,
    Ledger,
    PolicyError,
    Pull,
    PullShare,
    Release,
    Settle,
    Withdraw,
)

NODES = [f"0x{number:040x}" for number in range(1, 7)]
ZERO = "0x" + "00" * 20


class Model:
    """The cascade by its rules, one account at a time: what the chain would do with each action."""

    def __init__(self, view):
        self.ledgers = {(each.node, each.version): each for each in view.ledgers}
        self.due = {(each.forecaster, each.version): each for each in view.escrows}
        self.balance = dict(view.withdrawable)
        self.paid = {}

    def receive(self, node, version, amount):
        assert amount >= 0
        if version == 0:
            self.balance[node] = self.balance.get(node, 0) + amount
            return
        ledger = self.ledgers.get((node, version)) or Ledger(
            node=node, version=version, leaves=(), keep_bps=BPS, inflow=0, released=0, taken=(), share_taken=0
        )
        self.ledgers[node, version] = replace(ledger, inflow=ledger.inflow + amount)

    def do(self, action):
        """Execute; refuse what moves nothing."""
        if isinstance(action, Release):
            key = (action.forecaster, action.version)
            assert self.due[key].due > 0
            self.ledgers[key] = replace(self.ledgers[key], released=self.ledgers[key].released + self.due[key].due)
            self.due[key] = replace(self.due[key], due=0)
        elif isinstance(action, Pull):
            ledger = self.ledgers[action.node, action.version]
            pot = ledger.inflow - ledger.inflow * ledger.keep_bps // BPS + ledger.released
            total = sum(leaf.weight for leaf in ledger.leaves)
            taken = list(ledger.taken)
            for index in action.indices:
                leaf = ledger.leaves[index]
                amount = pot * leaf.weight // total - taken[index]
                assert amount > 0
                taken[index] += amount
                self.ledgers[action.node, action.version] = replace(ledger, taken=tuple(taken))
                honest = leaf.child != ZERO and leaf.child_version < action.version
                self.receive(*((leaf.child, leaf.child_version) if honest else (action.node, 0)), amount)
        elif isinstance(action, PullShare):
            ledger = self.ledgers[action.node, action.version]
            amount = ledger.inflow * ledger.keep_bps // BPS - ledger.share_taken
            assert amount > 0
            self.ledgers[action.node, action.version] = replace(ledger, share_taken=ledger.share_taken + amount)
            self.receive(action.node, 0, amount)
        elif isinstance(action, Withdraw):
            assert self.balance[action.node] > 0
            self.paid[action.node] = self.paid.get(action.node, 0) + self.balance.pop(action.node)
        else:
            raise AssertionError(action)

    def view(self):
        return KeeperView(
            unsettled=(),
            escrows=tuple(self.due.values()),
            ledgers=tuple(self.ledgers.values()),
            withdrawable=tuple(self.balance.items()),
        )

    def total(self):
        held = sum(each.due for each in self.due.values()) + sum(self.balance.values()) + sum(self.paid.values())
        ledgers = self.ledgers.values()
        return held + sum(each.inflow + each.released - sum(each.taken) - each.share_taken for each in ledgers)


@st.composite
def views(draw):
    """Announced versions 1..n, each with leaves that name older versions, none, later ones (invalid) or nobody."""
    count = draw(st.integers(1, 6))
    ledgers, escrows = [], []
    for version in range(1, count + 1):
        leaf = st.builds(
            Leaf,
            child=st.sampled_from([*NODES, ZERO]),
            child_version=st.integers(0, count + 1),
            weight=st.integers(1, 2**40),
        )
        leaves = tuple(draw(st.lists(leaf, min_size=1, max_size=5)))
        node = draw(st.sampled_from(NODES))
        ledgers.append(
            Ledger(
                node=node,
                version=version,
                leaves=leaves,
                keep_bps=draw(st.integers(100, BPS)),
                inflow=draw(st.integers(0, 10**24)),
                released=draw(st.integers(0, 10**24)),
                taken=(0,) * len(leaves),
                share_taken=0,
            )
        )
        if draw(st.booleans()):
            due = draw(st.integers(0, 10**24))
            escrows.append(Escrow(forecaster=node, version=version, due=due, held=0, closable=False))
    return KeeperView(unsettled=(), escrows=tuple(escrows), ledgers=tuple(ledgers), withdrawable=())


@given(views())
@settings(max_examples=150, deadline=None)
def test_one_pass_moves_everything_to_whom_it_is_owed(view):
    keeper = Keeper(KeeperConfig())
    model = Model(view)
    before = model.total()
    for action in keeper.act(view):
        model.do(action)
    assert keeper.act(model.view()) == []
    assert model.total() == before
    assert model.balance == {}
    # What rounding leaves behind is less than one wei a leaf.
    leaves = sum(len(each.leaves) for each in model.ledgers.values())
    assert before - sum(model.paid.values()) <= leaves


@given(views())
@settings(max_examples=50, deadline=None)
def test_pulls_go_from_newer_versions_to_older_ones(view):
    versions = [action.version for action in Keeper(KeeperConfig()).act(view) if isinstance(action, Pull | PullShare)]
    assert versions == sorted(versions, reverse=True)


EMPTY = KeeperView(unsettled=(), escrows=(), ledgers=(), withdrawable=())
ESCROW = Escrow(forecaster=NODES[0], version=2, due=0, held=50, closable=True)


def test_settlements_come_before_closings_and_closings_before_releases():
    keeper = Keeper(KeeperConfig())
    due = replace(ESCROW, version=3, due=9, closable=False)
    view = replace(EMPTY, unsettled=((4, NODES[1]), (3, NODES[0])), escrows=(ESCROW, due))
    assert keeper.act(view) == [
        Settle(question=3, forecaster=NODES[0]),
        Settle(question=4, forecaster=NODES[1]),
    ]
    view = replace(view, unsettled=())
    assert keeper.act(view) == [Close(forecaster=NODES[0], version=2)]
    view = replace(view, escrows=(due,))
    assert keeper.act(view)[0] == Release(forecaster=NODES[0], version=3)


def test_nothing_to_do_is_nothing_done():
    assert Keeper(KeeperConfig()).act(EMPTY) == []


def _account(**change):
    leaves = tuple(Leaf(child=node, child_version=0, weight=1) for node in NODES[:4])
    base = Ledger(
        node=NODES[5], version=9, leaves=leaves, keep_bps=2_000, inflow=100, released=0, taken=(0,) * 4, share_taken=0
    )
    return replace(base, **change)


def test_keeper_leaves_what_is_not_worth_its_gas():
    view = replace(EMPTY, ledgers=(_account(),))
    assert Keeper(KeeperConfig(min_pull=21)).act(view) == []
    assert Keeper(KeeperConfig(min_pull=20, withdraw=False)).act(view) == [
        Pull(node=NODES[5], version=9, indices=(0, 1, 2, 3)),
        PullShare(node=NODES[5], version=9),
    ]


def test_keeper_withdraws_only_above_its_threshold():
    view = replace(EMPTY, withdrawable=((NODES[0], 7), (NODES[1], 8)))
    assert Keeper(KeeperConfig(min_withdraw=8)).act(view) == [Withdraw(node=NODES[1])]


def test_pulls_are_batched():
    view = replace(EMPTY, ledgers=(_account(taken=(20, 0, 0, 0), share_taken=20),))
    assert Keeper(KeeperConfig(batch=2, withdraw=False)).act(view) == [
        Pull(node=NODES[5], version=9, indices=(1, 2)),
        Pull(node=NODES[5], version=9, indices=(3,)),
    ]


def test_leaves_nobody_published_are_left_alone():
    view = replace(EMPTY, ledgers=(_account(leaves=(), taken=()),))
    assert Keeper(KeeperConfig(withdraw=False)).act(view) == [PullShare(node=NODES[5], version=9)]


@pytest.mark.parametrize("wrong", [{"min_pull": 0}, {"min_withdraw": 0}, {"batch": 0}])
def test_impossible_settings_are_refused(wrong):
    with pytest.raises(PolicyError):
        KeeperConfig(**wrong)
