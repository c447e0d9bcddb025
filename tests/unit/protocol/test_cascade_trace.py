import pytest
from cascade_cases import Case, address, cases
from hypothesis import given, settings

from headwater.cascade import SHARE, Deposit, Leaf, Ledger, Path, solve, trace
from headwater.cascade.errors import RecordError

A, B, C, D = address(0), address(1), address(2), address(3)


@given(cases(max_versions=6))
@settings(max_examples=80, deadline=None)
def test_sources_and_paths_both_sum_to_what_was_received(case: Case) -> None:
    ledger = case.settled()
    flow = solve(ledger.graph(), ledger.deposits)
    for node in case.people:
        found = trace(flow, node)
        assert found.received == flow.received(node)
        close = pytest.approx(found.received, rel=1e-9)
        assert sum(source.attributed for source in found.sources) == close
        paths = list(found.paths())
        assert sum(path.attributed for path in paths) == close
        assert [p.attributed for p in paths] == sorted((p.attributed for p in paths), reverse=True)
        for path in paths:
            assert_connected(path, found.node)
        for hop in found.hops:
            assert 0 <= hop.attributed <= hop.payment.amount * (1 + 1e-9)


def assert_connected(path: Path, node: str) -> None:
    place = (Leaf(path.deposit.node, 0, 0).child, path.deposit.version)
    for payment in path.payments:
        assert (payment.node, payment.version) == place
        place = (payment.child, payment.child_version)
    assert place == (node, 0)


@given(cases(max_versions=6))
@settings(max_examples=40, deadline=None)
def test_attributions_of_a_deposit_to_everybody_sum_to_no_more_than_the_deposit(case: Case) -> None:
    ledger = case.settled()
    labelled = [Deposit(d.node, d.version, d.amount, d.kind, str(i)) for i, d in enumerate(ledger.deposits)]
    flow = solve(ledger.graph(), labelled)
    spread = [0.0] * len(labelled)
    for node in case.people:
        for source in trace(flow, node).sources:
            spread[int(source.deposit.label)] += source.attributed
    rounding = 1e-9 * sum(deposit.amount for deposit in labelled)
    for deposit, out in zip(labelled, spread, strict=True):
        # Roundings stay in the pots, so a little may be missing but nothing is added. Floats round by the pot, in which
        # one wei may lie beside millions.
        assert out <= deposit.amount + rounding


def small() -> tuple[Ledger, int, int]:
    ledger = Ledger()
    below = ledger.announce_list(B, [Leaf(C, 0, 1)], 5_000)
    above = ledger.announce_list(A, [Leaf(B, below, 3), Leaf(C, 0, 1)], 2_000)
    return ledger, above, below


def test_money_is_traced_hop_by_hop_to_labelled_deposits() -> None:
    ledger, above, _ = small()
    deposits = [
        Deposit(A, above, 600, label="first"),
        Deposit(A, above, 200, label="second"),
        Deposit(A, above, 640, "released", label="third"),
        Deposit(C, 0, 45, label="direct"),
    ]
    # pot 640 + 640: B gets 960, keeps 480, C gets 480 by B, 320 from A and 45 itself.
    found = trace(solve(ledger.graph(), deposits), C)
    assert found.received == 845
    assert {s.deposit.label: s.attributed for s in found.sources} == pytest.approx(
        {"first": 300, "second": 100, "third": 400, "direct": 45}
    )
    assert [s.deposit.label for s in found.sources] == ["third", "first", "second", "direct"]
    hops = [(h.payment.version, h.payment.index, h.payment.amount, round(h.attributed)) for h in found.hops]
    assert sorted(hops) == [(1, 0, 480, 480), (2, 0, 960, 480), (2, 1, 320, 320)]
    assert hops.index((2, 0, 960, 480)) < hops.index((1, 0, 480, 480))
    paths = list(found.paths())
    assert [(p.deposit.label, len(p.payments), round(p.attributed)) for p in paths][:2] == [
        ("third", 2, 240),
        ("first", 2, 180),
    ]
    assert list(found.paths(limit=2)) == paths[:2]
    assert next(p for p in paths if p.deposit.label == "direct").payments == ()


def test_a_share_comes_from_inflow_alone() -> None:
    ledger, above, _ = small()
    deposits = [Deposit(A, above, 100, label="inflow"), Deposit(A, above, 900, "released", label="released")]
    found = trace(solve(ledger.graph(), deposits), A)
    assert found.received == 20
    assert [(s.deposit.label, s.attributed) for s in found.sources] == [("inflow", 20.0)]
    assert [h.payment.index for h in found.hops] == [SHARE]


def test_a_deposit_under_a_version_nobody_announced_is_traced() -> None:
    ledger, _, _ = small()
    stranger = address(50)
    flow = solve(ledger.graph(), [Deposit(stranger, 1, 8, label="x"), Deposit(D, 0, 1), Deposit(C, 1, 6, label="y")])
    assert [(p.deposit.label, p.attributed) for p in trace(flow, stranger).paths()] == [("x", 8.0)]
    assert trace(flow, C).sources[0].deposit.label == "y"


def test_an_address_that_received_nothing_has_an_empty_trace() -> None:
    ledger, _, _ = small()
    found = trace(solve(ledger.graph(), []), D)
    assert (found.received, found.sources, found.hops, list(found.paths())) == (0, [], [], [])
    with pytest.raises(RecordError):
        trace(solve(ledger.graph(), []), "nobody")
