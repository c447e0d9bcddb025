import random

import numpy as np
import pytest
from cascade_cases import ZERO, Case, address, cases, leaf_lists
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.cascade import SHARE, Announcement, CascadeGraph, Deposit, Flow, Leaf, Ledger, MerkleSumTree, solve
from headwater.cascade.errors import FlowError
from headwater.units import BPS, MAX_WEI

METHODS = ("auto", "wide", "scalar")
A, B, C = address(0), address(1), address(2)


def assert_same(flow: Flow, ledger: Ledger, people: tuple[str, ...]) -> None:
    for node in people:
        assert flow.received(node) == ledger.flows(node, 0)[0]
        for version in range(1, ledger.count + 2):
            state = flow.settled(node, version)
            assert (state.inflow, state.released) == ledger.flows(node, version)
            name = state.node
            assert state.share == ledger.taken.get((name, version, SHARE), 0)
            assert state.taken == tuple(ledger.taken.get((name, version, i), 0) for i in range(len(state.taken)))


@given(cases())
@settings(max_examples=150, deadline=None)
def test_every_method_settles_as_the_ledger_does(case: Case) -> None:
    ledger = case.settled()
    graph = ledger.graph()
    assert ledger.is_settled()
    for method in METHODS:
        assert_same(solve(graph, ledger.deposits, method=method), ledger, case.people)


@given(cases(), st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
def test_no_order_of_deposits_and_pulls_changes_the_settled_state(case: Case, chance: random.Random) -> None:
    money = list(case.money)
    chance.shuffle(money)
    ledger = case.announced()
    for payment in money:
        case.pay(ledger, payment)
        for _ in range(chance.randrange(4)):
            number = chance.randint(1, ledger.count)
            item = case.announcements[number - 1]
            if item.leaves and chance.random() < 0.7:
                ledger.pull_leaf(item.node, number, chance.randrange(len(item.leaves)))
            else:
                ledger.pull_share(chance.choice(case.people), number)
            if chance.random() < 0.2:
                ledger.withdraw(chance.choice(case.people))
    # Each version's last pull comes after its parents', the versions' leaves and shares in any order.
    for number in range(ledger.count, 0, -1):
        pulls = [*range(len(case.announcements[number - 1].leaves))]
        chance.shuffle(pulls)
        for index in pulls:
            ledger.pull_leaf(case.announcements[number - 1].node, number, index)
    everyone = [(node, number) for node in case.people for number in range(1, ledger.count + 1)]
    chance.shuffle(everyone)
    for node, number in everyone:
        ledger.pull_share(node, number)
    assert ledger.is_settled()
    settled = case.settled()
    assert_same(solve(settled.graph(), settled.deposits), ledger, case.people)


@given(cases())
@settings(max_examples=150, deadline=None)
def test_money_is_conserved(case: Case) -> None:
    ledger = case.settled()
    flow = solve(ledger.graph(), ledger.deposits)
    left = 0
    for number, item in enumerate(case.announcements, 1):
        state = flow.settled(item.node, number)
        assert state.share + state.pot == state.inflow + state.released
        assert 0 <= sum(state.taken) <= state.pot
        assert state.dust == state.pot - sum(state.taken)
        if item.leaves:
            assert state.dust < len(item.leaves)
        left += state.dust
    # What an escrow released to a version that its node never announced stays where it is.
    left += sum(
        amount
        for (node, number), amount in ledger.released.items()
        if case.announcements[number - 1].node.lower() != node.lower()
    )
    assert flow.dust == left
    assert sum(flow.receipts().values()) + left == flow.deposited == sum(m.amount for m in case.money)
    assert sum(p.amount for p in flow.payments()) == sum(
        flow.settled(node, v).share + sum(flow.settled(node, v).taken)
        for node in case.people
        for v in range(1, ledger.count + 1)
    )


@given(leaf_lists(max_size=32), st.integers(1, 2**128 - 1), st.integers(100, BPS), st.booleans())
@settings(deadline=None)
def test_a_list_and_a_tree_entitle_alike(leaves: list[Leaf], amount: int, keep: int, released: bool) -> None:
    states = []
    for as_tree in (False, True):
        ledger = Ledger()
        if as_tree:
            ledger.announce_tree(A, MerkleSumTree(leaves), keep)
        else:
            ledger.announce_list(A, leaves, keep)
        (ledger.credit_released if released else ledger.deposit)(A, 1, amount)
        entitled = tuple(ledger.entitlement(A, 1, i) for i in range(len(leaves)))
        state = solve(ledger.graph(), ledger.deposits).settled(A, 1)
        assert state.taken == entitled
        states.append(state)
    assert states[0] == states[1]


@st.composite
def tight_divisions(draw: st.DrawFn) -> tuple[int, int, int]:
    """(pot, weight, total) whose quotient lies on, just below or just above an integer."""
    total = draw(st.integers(1, MAX_WEI) | st.integers(0, 95).map(lambda bits: 2**bits) | st.just(MAX_WEI))
    weight = draw(st.integers(0, total) | st.just(total) | st.just(max(0, total - 1)))
    pot = draw(st.integers(0, 2**128 - 1))
    if weight and draw(st.booleans()):
        quotient = draw(st.integers(0, (2**128 - 1) * weight // total))
        pot = min(2**128 - 1, -(-quotient * total // weight) + draw(st.integers(-1, 1)))
    return max(0, pot), weight, total


@given(st.lists(tight_divisions(), min_size=1, max_size=6))
@settings(max_examples=400, deadline=None)
def test_wide_division_is_exact_at_the_edges(divisions: list[tuple[int, int, int]]) -> None:
    room = 2**128 - 1
    announcements, deposits, expected = [], [], []
    for number, (pot, weight, total) in enumerate(divisions, 1):
        pot = min(pot, room)
        room -= pot
        announcements.append(Announcement(A, number, [Leaf(B, 0, weight)], 100, total))
        deposits.append(Deposit(A, number, pot, "released"))
        expected.append(pot * weight // total)
    flow = solve(CascadeGraph.from_announcements(announcements), deposits, method="wide")
    assert flow.taken.ints() == expected


def test_a_small_cascade_by_hand() -> None:
    ledger = Ledger()
    below = ledger.announce_list(B, [Leaf(C, 0, 1), Leaf(A, 0, 2)], 1_000)
    above = ledger.announce_list(A, [Leaf(B, below, 3), Leaf(C, 0, 1)], 2_500)
    flow = solve(ledger.graph(), [Deposit(A, above, 1_000), Deposit(A, above, 101, "released")])
    top, low = flow.settled(A, above), flow.settled(B, below)
    assert (top.share, top.pot, top.taken, top.dust) == (250, 851, (638, 212), 1)
    assert (low.inflow, low.share, low.pot, low.taken, low.dust) == (638, 63, 575, (191, 383), 1)
    assert flow.received(A) == 250 + 383
    assert flow.received(B) == 63
    assert flow.received(C) == 212 + 191
    assert flow.dust == 2


@pytest.mark.parametrize("named", [2, 3, 99])
def test_a_leaf_that_names_no_older_version_pays_the_announcer(named: int) -> None:
    ledger = Ledger()
    ledger.announce_list(C, [Leaf(A, 0, 1)], 5_000)
    version = ledger.announce_list(A, [Leaf(B, named, 1), Leaf(ZERO, 0, 1), Leaf(ZERO, 1, 1)], 100)
    ledger.announce_list(B, [Leaf(C, 0, 1)], 100)
    flow = solve(ledger.graph(), [Deposit(A, version, 999, "released")])
    assert flow.receipts() == {ledger_name(A): 999}


def ledger_name(node: str) -> str:
    return Leaf(node, 0, 0).child


def test_a_version_nobody_announced_keeps_everything() -> None:
    ledger = Ledger()
    ledger.announce_list(C, [Leaf(A, 0, 1)], 5_000)
    version = ledger.announce_list(A, [Leaf(B, 1, 1)], 100)
    stranger = address(77)
    flow = solve(ledger.graph(), [Deposit(A, version, 100, "released"), Deposit(stranger, 1, 5), Deposit(C, 2, 7)])
    assert flow.settled(B, 1).share == flow.received(B) == 100
    assert flow.received(stranger) == flow.settled(stranger, 1).inflow == 5
    assert flow.received(C) == 7
    assert flow.dust == 0
    assert flow.received(address(78)) == 0


def test_unpublished_leaves_leave_their_part_in_the_pot() -> None:
    graph = CascadeGraph.from_announcements([Announcement(A, 4, [Leaf(B, 0, 1)], 100, total=4)])
    flow = solve(graph, [Deposit(A, 4, 100, "released")])
    assert flow.settled(A, 4).taken == (25,)
    assert flow.dust == 75


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("weight_bits", "money_bits"), [(20, 40), (50, 80), (61, 96), (86, 96), (92, 121)])
def test_layered_graphs_settle_alike_in_limbs_and_integers(method: str, weight_bits: int, money_bits: int) -> None:
    rng = np.random.default_rng(weight_bits)
    n, layers, fan = 3_000, 6, 5
    size = n // layers
    layer = np.arange(n) // size
    fans = np.where(layer < layers - 1, fan, 0)
    source = np.repeat(np.arange(n), fans)
    child = (layer[source] + 1) * size + rng.integers(0, size, len(source))
    number = rng.permutation(size * layers).reshape(layers, size)
    number = (np.sort(number.ravel())[::-1].reshape(layers, size) + 1).ravel()
    weight = [int(w) << max(0, weight_bits - 62) for w in rng.integers(0, 2 ** min(62, weight_bits), len(source))]
    packed = np.zeros((n, 20), np.uint8)
    packed[:, 16:] = np.arange(1, n + 1, dtype=">u4").view(np.uint8).reshape(n, 4)
    shuffle = rng.permutation(n)
    starts = np.concatenate([[0], np.cumsum(fans[shuffle])])
    edges = np.concatenate([np.flatnonzero(source == i) for i in shuffle])
    graph = CascadeGraph.from_arrays(
        addresses=packed,
        node=shuffle,
        version=number[shuffle],
        keep_bps=np.where(fans[shuffle] > 0, 1_234, BPS),
        starts=starts,
        child=child[edges],
        child_version=number[child[edges]],
        weight=[weight[i] for i in edges.tolist()],
    )
    deposits = [
        Deposit(
            address(i), int(number[i]), int(rng.integers(1, 2**62)) << (money_bits - 62 - 9) if money_bits > 71 else 7
        )
        for i in range(size)
    ]
    flow = solve(graph, deposits, method=method)  # type: ignore[arg-type]
    # The definition, version by version.
    inflow = [0] * n
    for i, deposit in enumerate(deposits):
        inflow[i] = deposit.amount
    received, first = [0] * n, np.concatenate([[0], np.cumsum(fans)]).tolist()
    for i in range(n):
        keep = 1_234 if fans[i] else BPS
        received[i] = inflow[i] * keep // BPS
        pot, total = inflow[i] - received[i], sum(weight[first[i] : first[i + 1]])
        for edge in range(first[i], first[i + 1]):
            inflow[child[edge]] += pot * weight[edge] // total
    assert flow.inflow.ints() == [inflow[i] for i in shuffle]
    assert flow.receipts_array().ints() == received
    assert flow.pot.ints() == [inflow[i] - received[i] for i in shuffle]
    assert flow.share.ints() == [received[i] for i in shuffle]
    assert flow.released.sum() == 0
    assert sum(received) + flow.dust == flow.deposited
    assert flow.taken[0] == flow.settled(address(int(shuffle[0])), int(number[shuffle[0]])).taken[0]


def test_a_long_chain_settles_and_tells_its_progress() -> None:
    n = 2_000
    graph = CascadeGraph.from_announcements(
        Announcement(address(i), n - i, [Leaf(address(i + 1), n - i - 1, 1)], 100) for i in range(n)
    )
    told: list[tuple[int, int]] = []
    flow = solve(graph, [Deposit(address(0), n, 10**30)], progress=lambda *at: told.append(at))
    assert told[-1] == (n, n)
    assert flow.receipts() == solve(graph, flow.deposits, method="wide").receipts()
    assert flow.received(address(n)) > 0
    assert flow.dust == 0


def test_no_deposits_settle_to_nothing() -> None:
    graph = CascadeGraph.from_announcements([Announcement(A, 1, [Leaf(B, 0, 1)], 100)])
    assert solve(graph, []).receipts() == {}
    assert solve(CascadeGraph.from_announcements([]), [Deposit(A, 0, 3)]).receipts() == {ledger_name(A): 3}


def test_deposits_that_the_contract_cannot_hold_are_refused() -> None:
    graph = CascadeGraph.from_announcements([Announcement(A, 1, [Leaf(B, 0, 1)], 100)])
    top = 2**128 - 1
    assert solve(graph, [Deposit(A, 1, top)]).settled(A, 1).inflow == top
    for wrong, reason in (
        ([Deposit(A, 1, top), Deposit(B, 0, 1)], "at most"),
        ([Deposit(A, 1, -1)], "at least 0"),
        ([Deposit(A, -1, 1)], "version"),
        ([Deposit(A, 2**40, 1)], "version"),
        ([Deposit(A, 0, 1, "released")], "escrow"),
        ([Deposit(A, 1, 1, "gift")], "kind"),  # type: ignore[arg-type]
    ):
        with pytest.raises(FlowError, match=reason):
            solve(graph, wrong)
    with pytest.raises(FlowError, match="version 0"):
        solve(graph, []).settled(A, 0)
