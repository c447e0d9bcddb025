"""Traces: exact in wei, true to linear mixing, and clear about what they do not know."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from report_sample import SELF, WAD, PaperCascade, address, sample_run
from rich.console import Console

from headwater.report import TraceError, read_events, summary_names, trace, trace_view, write_events
from headwater.report.attribution import apportion

F, G, A, B, M, N = (address(number) for number in range(1, 7))


def amounts(result) -> dict:
    return {(path.question or path.payer, path.hops): path.amount for path in result.paths}


def test_a_gain_is_followed_through_two_hops_to_the_wei():
    world = PaperCascade()
    a1 = world.announce(A, [(M, 0, 3), (N, 0, 1)], keep_bps=2_000)
    f1 = world.announce(F, [(A, a1, 1), (M, 0, 1)], keep_bps=4_000)
    world.settle(7, F, f1, 10 * WAD, WAD)
    world.release(F, f1)
    world.pull_all(F, f1)
    world.pull_all(A, a1)
    # Of one token the forecaster keeps 0.4; half of 0.6 goes to the aggregator, which keeps a fifth of it.
    assert amounts(trace(world.events, M)) == {(7, (F, M)): 30 * WAD // 100, (7, (F, A, M)): 18 * WAD // 100}
    assert amounts(trace(world.events, N)) == {(7, (F, A, N)): 6 * WAD // 100}
    assert amounts(trace(world.events, A)) == {(7, (F, A)): 6 * WAD // 100}
    assert trace(world.events, F).paths == ()


def test_losses_draw_on_all_that_is_held_and_debt_is_repaid_first():
    world = PaperCascade()
    version = world.announce(F, [(M, 0, 1)], keep_bps=5_000, buffer=10**9 * 10**9)
    world.settle(1, F, version, 1, -200)  # own −100; the stake carries a debt of 100
    world.settle(2, F, version, 1, 300)  # own 150; 100 repay the debt, 50 are held
    world.settle(3, F, version, 1, 300)  # 150 held: 200 = 50 of question 2, 150 of question 3
    world.settle(4, F, version, 1, -200)  # draws 100 of them, in proportion
    world.settle(5, F, version, 1, 100)
    world.close(F, version)
    world.pull_all(F, version)
    assert trace(world.events, M).by_question() == {2: 25, 3: 75, 5: 50}
    stake = trace(world.events, F).stake
    assert [(row.question, row.own, row.repaid, row.stake_change, row.escrow_change) for row in stake] == [
        (1, -100, -100, -200, 0),
        (2, 150, 100, 250, 50),
        (3, 150, 0, 150, 150),
        (4, -100, 0, -100, -100),
        (5, 50, 0, 50, 50),
    ]


def test_a_late_pull_and_an_early_one_attribute_alike():
    world = PaperCascade()
    version = world.announce(F, [(M, 0, 1), (N, 0, 1)], keep_bps=5_000)
    for question, net in ((1, 400), (2, 1_200)):
        world.settle(question, F, version, 1, net)
        world.release(F, version)
        world.pull(F, version, 0)
    world.pull(F, version, 1)
    assert trace(world.events, M).by_question() == trace(world.events, N).by_question() == {1: 100, 2: 300}


def test_a_deposit_is_its_own_source_and_a_leaf_that_pays_nobody_pays_its_author():
    world = PaperCascade()
    a1 = world.announce(A, [(M, 0, 1), (N, 99, 1)], keep_bps=1_000)
    world.deposit(G, A, a1, 1_000)
    world.deposit(G, M, 0, 5)
    world.pull_all(A, a1)
    assert amounts(trace(world.events, M)) == {(G, (A, M)): 450, (G, (M,)): 5}
    own = trace(world.events, A)
    assert amounts(own) == {(G, (A,)): 550}
    assert (own.by_payer(), own.by_question(), own.by_forecaster()) == ({G: 550}, {}, {})


def test_what_came_in_but_was_not_pulled_is_waiting():
    world = PaperCascade()
    a1 = world.announce(A, [(M, 0, 1)], keep_bps=1_000)
    world.deposit(G, A, a1, 1_000)
    world.pull(A, a1, SELF)
    world.withdraw(A)
    result = trace(world.events, A)
    assert (result.received, result.withdrawn, result.waiting) == (100, 100, 900)


NODES = st.sampled_from([F, G, A, B, M, N])
STEPS = st.one_of(
    st.tuples(
        st.just("announce"),
        NODES,
        st.lists(st.tuples(NODES, st.integers(0, 12), st.integers(1, 10**18)), min_size=1, max_size=4),
        st.integers(100, 10_000),
        st.sampled_from([0, 10**9, 10**15]),
    ),
    # Forecasters twice: what losses and gains do to an escrow takes several settlements to show.
    st.tuples(st.just("settle"), st.sampled_from([F, G]), st.integers(-(10**18), 2 * 10**18), st.integers(0, 10**18)),
    st.tuples(st.just("settle"), st.sampled_from([F, G]), st.integers(-3, 3), st.integers(0, 3)),
    st.tuples(st.just("release"), st.sampled_from([F, G])),
    st.tuples(st.just("close"), st.sampled_from([F, G])),
    st.tuples(st.just("pull"), st.integers(1, 12), st.sampled_from([0, 1, 2, SELF])),
    st.tuples(st.just("deposit"), NODES, st.integers(0, 12), st.integers(1, 10**18)),
    st.tuples(st.just("withdraw"), NODES),
)


def play(steps: list) -> PaperCascade:
    """A cascade of three levels in which a forecaster is also another's child, then steps; at last all is pulled."""
    world = PaperCascade()
    world.announce(A, [(M, 0, 2), (N, 0, 1)], 3_333, 0)
    world.announce(G, [(A, 1, 1), (M, 0, 1)], 2_500, 10**17)
    world.announce(F, [(A, 1, 3), (G, 2, 2), (N, 0, 1)], 4_000, 10**17)
    for question, (kind, *rest) in enumerate(steps, start=1):
        if kind == "announce":
            world.announce(*rest)
        elif kind == "settle":
            forecaster, net, lock = rest
            world.settle(question, forecaster, world.latest[forecaster], 10**18, net, lock)
        elif kind in ("release", "close"):
            for version in [version for node, version in world.versions if node == rest[0]]:
                getattr(world, kind)(rest[0], version)
        elif kind == "pull":
            version, index = rest
            for node, leaves in [
                (node, leaves) for (node, v), (leaves, _, _) in world.versions.items() if v == version
            ]:
                world.pull(node, version, index if index < len(leaves) else SELF)
        elif kind == "deposit":
            node, version, amount = rest
            world.deposit(B, node, min(version, world.count), amount)
        elif kind == "withdraw":
            world.withdraw(*rest)
    for node, version in sorted({*world.versions, *world.inflow}, key=lambda key: -key[1]):
        if version:
            world.release(node, version)
            world.pull_all(node, version)
    return world


@settings(deadline=None)
@given(st.lists(STEPS, min_size=20, max_size=60))
def test_paths_sum_to_the_ledger_and_follow_exact_mixing(steps: list):
    world = play(steps)
    for node in (F, G, A, M, N):
        result = trace(world.events, node, {M: "M", N: "N"})
        assert sum(path.amount for path in result.paths) == result.received == world.inflow[node, 0]
        assert all(path.amount > 0 and path.hops[-1] == node for path in result.paths)
        assert result.withdrawn == world.withdrawn[node]
        exact, found = world.shares_in[node, 0], amounts(result)
        for source in exact.keys() | found.keys():
            assert abs(found.get(source, 0) - exact.get(source, 0)) <= 2 * len(world.events)


@given(st.integers(0, 10**30), st.lists(st.integers(0, 10**30), min_size=1, max_size=20).filter(any))
def test_largest_remainder_sums_and_stays_within_a_wei(amount: int, weights: list[int]):
    parts = apportion(amount, weights)
    assert sum(parts) == amount
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part * sum(weights) - amount * weight) < sum(weights)


# ---------------------------------------------------------------- a whole run


@pytest.fixture(scope="module")
def run():
    return sample_run(1, 40)


def test_all_that_left_the_escrows_is_attributed_once(run):
    summary, events = run
    by_question: dict[int, int] = {}
    total = 0
    for row in summary["providers"]:
        result = trace(events, row["address"], summary_names(summary))
        assert result.received == row["paid_wei"] == sum(result.by_forecaster().values())
        total += result.received
        for question, amount in result.by_question().items():
            by_question[question] = by_question.get(question, 0) + amount
    released = sum(event.args["amount"] for event in events if event.name == "ReleaseReceived")
    assert 0 <= released - total <= len(events)  # floors stay in the ledgers
    gains: dict[int, int] = {}
    for event in events:
        if event.name == "Settled":
            gain = max(event.args["net"] - event.args["stake_change"], 0)
            gains[event.args["question"]] = gains.get(event.args["question"], 0) + gain
    assert all(amount <= gains[question] + len(events) for question, amount in by_question.items())


def test_order_of_records_and_a_trip_over_disk_change_nothing(run, tmp_path):
    _, events = run
    expected = trace(events, address(12)).to_dict()
    assert trace(events[::-1], address(12)).to_dict() == expected
    write_events(tmp_path, events)
    assert trace(read_events(tmp_path), address(12)).to_dict() == expected


def test_names_and_addresses_in_any_case_find_the_same_trace(run):
    summary, events = run
    names = summary_names(summary)
    expected = trace(events, "member-5", names)
    assert expected.name == "member-5"
    assert trace(events, "MEMBER-5", names) == expected
    assert trace(events, expected.address.upper().replace("X", "x"), names) == expected


def test_the_json_form_sums_in_every_grouping(run):
    summary, events = run
    form = json.loads(json.dumps(trace(events, "member-5", summary_names(summary)).to_dict()))
    for group in ("paths", "by_question", "by_forecaster"):
        assert sum(int(row["amount_wei"]) for row in form[group]) == int(form["received_wei"]) > 0
    assert form["paths"][0]["names"][-1] == "member-5"


def test_an_unknown_address_is_answered_with_everybody_known(run):
    summary, events = run
    with pytest.raises(TraceError, match="nobody in this run is 'member-12'") as refusal:
        trace(events, "member-12", summary_names(summary))
    for name, place in (("aggregator-a", address(1)), ("member-11", address(18))):
        assert f"{place}  {name}" in str(refusal.value)
    with pytest.raises(TraceError, match="nobody in this run"):
        trace([], address(1))


def test_somebody_named_whom_nobody_paid_received_nothing(run):
    _, events = run
    result = trace(events, "member-99", {address(99): "member-99"})
    assert (result.address, result.received, result.paths) == (address(99), 0, ())


def test_a_name_that_two_addresses_share_is_refused(run):
    _, events = run
    with pytest.raises(TraceError, match="names several addresses"):
        trace(events, "twin", {address(1): "twin", address(2): "twin"})


def test_missing_events_are_noticed(run):
    _, events = run
    first = next(index for index, event in enumerate(events) if event.name == "ReleaseReceived")
    with pytest.raises(TraceError, match="are all events of the run there"):
        trace(events[:first] + events[first + 1 :], address(12))
    with pytest.raises(TraceError, match="no event opened its escrow"):
        trace([event for event in events if event.name != "EscrowOpened"], address(3))


def test_the_view_shows_routes_questions_and_a_forecasters_stake(run):
    summary, events = run
    console = Console(width=100, record=True, file=io.StringIO())
    console.print(trace_view(trace(events, "member-9", summary_names(summary))))
    console.print(trace_view(trace(events, "forecaster-1", summary_names(summary))))
    text = console.export_text()
    assert "questions → forecaster-3 → aggregator-b → member-9" in text
    assert "other questions" in text
    assert "received nothing through the cascade" in text
    assert "last 20 of 40 settlements" in text
    assert max(len(line) for line in text.splitlines()) <= 100
