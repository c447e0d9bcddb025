"""Agents on a simulated bad network: the same as in memory, whatever is lost, late, repeated or in the wrong order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accord_cases import one_story, some_graph, some_population, some_rules
from headwater.values import Bounds, FormationConfig, Norm, Population, SocialGraph, Utility, form
from headwater.values.formation import poles
from headwater_agents.accord import AccordError, Agent, Brief, Faults, Rules, Simulation, briefs_of, compare, replay
from headwater_agents.accord.agent import number_of
from headwater_agents.accord.exchange import AgentExchange
from headwater_agents.accord.identity import Identity
from headwater_agents.accord.network import Network
from headwater_agents.accord.packet import DEGREE, MAGIC, Packet, seal
from headwater_agents.accord.record import Declaration
from headwater_agents.accord.reference import drops_of
from headwater_agents.accord.terms import Proposal, propose, sides

worlds = st.fixed_dictionaries(
    {
        "n": st.integers(1, 7),
        "seed": st.integers(0, 10_000),
        "chords": st.integers(0, 5),
        "bound": st.sampled_from([0.1, 0.3, 0.5, 0.8]),
        "norm": st.sampled_from(list(Norm)),
    }
)
faults = st.fixed_dictionaries(
    {
        "loss": st.sampled_from([0.0, 0.1, 0.4]),
        "delay": st.sampled_from([0.0, 0.002, 0.02]),
        "duplicate": st.sampled_from([0.0, 0.3]),
    }
)


def make(n: int, seed: int, chords: int, bound: float, norm: Norm = Norm.LINF) -> tuple[Population, SocialGraph]:
    return some_population(n, seed, bound, norm), some_graph(n, seed, chords) if n > 1 else SocialGraph(1, [])


@settings(max_examples=25, deadline=None)
@given(worlds, faults)
def test_in_step_estimates_edges_and_agreements_are_those_in_memory(world: Any, bad: dict[str, float]) -> None:
    population, graph = make(**world)
    rules = some_rules(8, patience=30.0, seed=world["seed"], **bad)
    reports = Simulation(briefs_of(population, graph, rules)).run()
    held = compare(population, graph, rules, reports)
    assert np.array_equal(
        [reports[i].estimate for i in range(population.n)], replay(population, graph, rules.formation).estimates
    )
    assert held.estimates < 1e-12
    assert held.edges
    assert held.same
    assert held.broken == ()
    assert {tuple(each.members.tolist()) for each in form(population, graph, rules.formation).agreements} == {
        report.members for report in reports.values()
    }


@settings(max_examples=15, deadline=None)
@given(worlds, faults, st.integers(1, 8))
def test_out_of_step_all_tell_one_story_and_no_bound_is_broken(world: Any, bad: dict[str, float], lag: int) -> None:
    population, graph = make(**world)
    rules = some_rules(30, lag, patience=30.0, seed=world["seed"], **bad)
    reports = Simulation(briefs_of(population, graph, rules)).run()
    one_story(reports)
    held = compare(population, graph, rules, reports)
    assert held.broken == ()
    assert all(report.status in ("signed", "alone") for report in reports.values())
    for number, report in reports.items():
        assert all(number in reports[other].drops for other in report.drops), "an edge goes on both sides"
    if held.edges:
        assert held.same


@settings(max_examples=15, deadline=None)
@given(worlds, faults, st.dictionaries(st.integers(0, 6), st.integers(0, 7), max_size=2))
def test_who_leaves_is_left_out_by_all_from_that_round_on(
    world: Any, bad: dict[str, float], leaves: dict[int, int]
) -> None:
    population, graph = make(**world)
    leaves = {who: at for who, at in leaves.items() if who < population.n}
    rules = some_rules(8, patience=30.0, seed=world["seed"], **bad)
    reports = Simulation(briefs_of(population, graph, rules, leaves=leaves)).run()
    held = compare(population, graph, rules, reports)
    assert {number for number, report in reports.items() if report.status == "left"} == set(leaves)
    assert held.estimates == 0.0 or not leaves
    assert held.edges
    assert held.same


@settings(max_examples=25, deadline=None)
@given(
    worlds, faults, st.dictionaries(st.integers(0, 6), st.floats(0.0, 1.0), min_size=1, max_size=3), st.integers(0, 2)
)
def test_whenever_agents_die_the_others_end_and_tell_one_story(
    world: Any, bad: dict[str, float], kills: dict[int, float], lag: int
) -> None:
    population, graph = make(**world)
    rules = some_rules(8, lag, patience=3.0, seed=world["seed"], **bad)
    briefs = briefs_of(population, graph, rules)
    whole = Simulation(briefs)
    whole.run()
    run = Simulation(briefs, kills={who: share * whole.ended for who, share in kills.items()})
    reports = run.run()
    one_story(reports)
    assert all(report.status in ("signed", "alone") for report in reports.values())
    assert compare(population, graph, rules, reports, set(kills) - set(reports)).broken == ()


@settings(max_examples=25, deadline=None)
@given(worlds, faults, st.dictionaries(st.integers(0, 6), st.floats(0.0, 1.0), min_size=1, max_size=3))
def test_in_step_the_living_have_the_floats_of_memory_where_the_same_edges_went(
    world: Any, bad: dict[str, float], kills: dict[int, float]
) -> None:
    population, graph = make(**world)
    rules = some_rules(8, patience=1.0, seed=world["seed"], **bad)
    briefs = briefs_of(population, graph, rules)
    whole = Simulation(briefs)
    whole.run()
    run = Simulation(briefs, kills={who: share * whole.ended for who, share in kills.items()})
    reports = run.run()
    held = compare(population, graph, rules, reports, run.killed, drops_of(run.killed.values()))
    assert held.estimates == 0.0 or not held.replayed
    assert held.edges


def test_an_impatient_agent_breaks_no_bound_though_it_takes_the_living_for_gone() -> None:
    population, graph = make(6, 3, 4, 0.8)
    rules = some_rules(8, patience=0.05, loss=0.4, delay=0.05, seed=5)
    reports = Simulation(briefs_of(population, graph, rules)).run()
    assert any(drop.reason.name == "SILENT" for report in reports.values() for drop in report.drops.values())
    assert compare(population, graph, rules, reports).broken == ()


def test_junk_forgeries_and_replays_change_nothing() -> None:
    population, graph = make(5, 1, 3, 0.8)
    rules = some_rules(8)
    briefs = briefs_of(population, graph, rules)
    honest = Simulation(briefs).run()
    stranger = Identity(b"\7" * 32)
    rng = np.random.default_rng(1)
    heard: list[tuple[int, int, bytes]] = []

    def tamper(sender: int, to: int, data: bytes) -> Sequence[bytes]:
        heard.append((sender, to, data))
        code, _ = stranger.codes(briefs[to].run, Identity(briefs[to].secret).public)
        forged = seal(Packet(end=1, ack=3), briefs[to].run, code)
        old = [each for of, at, each in heard if (of, at) == (sender, to)]
        flipped = bytearray(data)
        flipped[int(rng.integers(len(data)))] ^= 4
        return [forged, bytes(flipped), MAGIC + bytes(rng.bytes(60)), old[int(rng.integers(len(old)))], data]

    reports = Simulation(briefs, tamper=tamper).run()
    assert all(reports[i].counts.junk >= 3 for i in range(5))
    for i, report in reports.items():
        assert (report.estimate, report.members, report.system) == (
            honest[i].estimate,
            honest[i].members,
            honest[i].system,
        )


def friendly(n: int) -> tuple[Population, SocialGraph]:
    """Agents who accept each other, on a ring with chords."""
    return some_population(n, 2, 0.9).with_bounds(Bounds(weights=2.0, judgements=2.0, norm=Norm.LINF)), some_graph(
        n, 2, n
    )


def test_one_that_dies_between_its_word_on_edges_and_its_degree_counts_but_is_not_mixed_over() -> None:
    population, graph = friendly(5)
    briefs = briefs_of(population, graph, some_rules(8, patience=1.0))
    spoken: set[int] = set()

    def tamper(sender: int, to: int, data: bytes) -> Sequence[bytes]:
        dying = run.agents.get(2)
        if sender == 2 and dying is not None and (dying.exchange.round, dying.exchange.phase) >= (3, DEGREE):
            spoken.add(to)
        return () if sender == 2 and to in spoken else (data,)

    run = Simulation(briefs, kills={2: 0.5}, tamper=tamper)
    reports = run.run()
    drops = [report.drops[2] for report in reports.values() if 2 in report.drops]
    assert {(drop.mix, drop.degree) for drop in drops} == {(3, 4)}
    rules = briefs[0].rules
    held = compare(population, graph, rules, reports, run.killed, drops_of(run.killed.values()))
    assert (held.estimates, held.edges, held.same) == (0.0, True, True)


def test_one_that_never_declares_is_dropped_and_the_others_sign() -> None:
    population, graph = friendly(6)
    rules = some_rules(5)
    run = Simulation(briefs_of(population, graph, rules))
    run.agents[4].signing.begin = lambda neighbours, now: None  # type: ignore[method-assign]
    with pytest.raises(AccordError, match="still wait"):  # it waits itself, for good
        run.run(limit=60.0)
    assert {report.members for report in run.reports.values()} == {(0, 1, 2, 3, 5)}


def test_one_that_never_answers_a_view_is_dropped_and_the_others_sign() -> None:
    population, graph = friendly(6)
    run = Simulation(briefs_of(population, graph, some_rules(5)))
    run.agents[0].signing._walk = lambda now: False  # type: ignore[method-assign]
    with pytest.raises(AccordError, match="still wait"):
        run.run(limit=60.0)
    assert {report.members for report in run.reports.values()} == {(1, 2, 3, 4, 5)}


def test_one_that_stalls_though_it_goes_on_answering_is_dropped_by_its_neighbours_only() -> None:
    population, graph = friendly(6)
    run = Simulation(briefs_of(population, graph, some_rules(5, patience=1.0)))
    staller = run.agents[3]
    advance = staller.exchange.advance
    staller.exchange.advance = lambda: staller.exchange.round < 2 and advance()  # type: ignore[method-assign]
    with pytest.raises(AccordError, match="still wait"):
        run.run(limit=60.0)
    assert {report.members for report in run.reports.values()} == {(0, 1, 2, 4, 5)}
    for number, report in run.reports.items():
        assert set(report.drops) <= {3}, f"{number} dropped an honest neighbour"


def test_one_that_declares_different_neighbours_to_different_members_is_left_out() -> None:
    population, graph = friendly(6)
    run = Simulation(briefs_of(population, graph, some_rules(5)))
    liar = run.agents[2].signing
    begin = liar.begin

    def twice(neighbours: Sequence[bytes], now: float) -> None:
        begin(neighbours, now)
        own = liar._own
        liar._declare(neighbours[1:])  # version 2, which it tells under the number of version 1
        for receipt, raw in list(liar.records.items()):
            if raw[:1] == b"D" and raw[13] == 2 and own.author == liar.me:
                del liar.records[receipt]
        forged = type(own)(
            author=own.author,
            number=own.number,
            version=1,
            size=own.size,
            m=own.m,
            vector=own.vector,
            neighbours=tuple(sorted(neighbours[1:])),
        )
        liar._publish(forged)

    liar.begin = twice  # type: ignore[method-assign]
    with suppress(AccordError):  # it may wait for ever, for what it does to itself
        run.run(limit=60.0)
    assert {report.members for number, report in run.reports.items() if number != 2} == {(0, 1, 3, 4, 5)}


def test_an_estimate_off_the_simplex_is_junk_and_its_author_gone_after_a_patience() -> None:
    population, graph = friendly(5)
    run = Simulation(briefs_of(population, graph, some_rules(5, patience=1.0)))
    run.agents[1].exchange.estimate[:] = 5.0  # which is what it then says
    with suppress(AccordError):  # it may wait for ever, for what it does to itself
        run.run(limit=60.0)
    assert {report.members for number, report in run.reports.items() if number != 1} == {(0, 2, 3, 4)}
    assert sum(report.counts.junk for number, report in run.reports.items() if number != 1) > 0


def test_acceptances_are_the_signers_and_every_member_ends_with_all_of_them() -> None:
    population, graph = friendly(4)
    proposed: list[Proposal] = []

    def signer_of(brief: Brief) -> Callable[[Proposal], bytes]:
        def sign(proposal: Proposal) -> bytes:
            proposed.append(proposal)
            return f"{brief.number} of {len(proposal.members)}".encode()

        return sign

    reports = Simulation(briefs_of(population, graph, some_rules(4)), signers=signer_of).run()
    assert len(proposed) == 4
    for report in reports.values():
        assert report.acceptances == {number: f"{number} of 4".encode().hex() for number in range(4)}


def heard_until(exchange: AgentExchange, position: int) -> None:
    """Let the exchange hear its neighbour 1 up to a position: estimates that stay where they are."""
    at = exchange.edges[1].heard.position
    said: list[Any] = [(exchange.own.copy(), None, 1)[each % 3] for each in range(at, position)]
    exchange.hear(1, Packet(first=at, elements=tuple(said)))
    exchange.advance()


def test_an_agent_waits_for_the_lags_round_and_in_the_last_round_for_that_round_itself() -> None:
    own = np.array([0.5, 0.5, 0.0, 0.0])
    bounds = Bounds(weights=1.0, judgements=1.0, norm=Norm.LINF)
    rules = some_rules(40, 3).formation
    exchange = AgentExchange(own, 2, bounds, 1.0, [1], rules, lag=3)
    for t in range(39):
        heard_until(exchange, 3 * t + 3)
        assert exchange.round == min(40, t + 1 + min(3, exchange.round // 20))
    assert (exchange.round, exchange.settled, exchange.waits_for()) == (40, False, [1])
    heard_until(exchange, 3 * 40 + 1)
    assert not exchange.settled, "the neighbour may still refuse its last estimate"
    heard_until(exchange, 3 * 40 + 2)
    assert exchange.settled


def test_who_says_that_another_holds_it_up_is_given_a_patience_more_for_each_in_between() -> None:
    population, graph = friendly(3)
    briefs = briefs_of(population, SocialGraph(3, graph.edges[:1]), some_rules(5, patience=1.0))
    agent, other = Agent(briefs[0]), Identity(briefs[1].secret)
    code, _ = other.codes(briefs[0].run, agent.identity.public)
    held_up = seal(Packet(depth=2, want=True), briefs[0].run, code)
    stood = {}
    for tenth in range(40):
        agent.receive(1, held_up, tenth / 10)
        agent.poll(tenth / 10)
        stood[tenth] = bool(agent.exchange.standing)
    assert stood[28]
    assert not stood[33]


def declared(number: int, *neighbours: int) -> Declaration:
    addresses = [bytes([each] * 20) for each in range(9)]
    return Declaration(
        author=addresses[number],
        number=number,
        version=1,
        size=1.0,
        m=2,
        vector=np.array([0.5, 0.5, number / 10, 0.0]),
        neighbours=tuple(addresses[each] for each in neighbours),
    )


def test_only_edges_that_both_ends_declare_join_a_component() -> None:
    network = Network()
    for each in (declared(0, 1, 2), declared(1, 0, 3), declared(2, 4), declared(3, 1)):
        network.take(each)
    component, missing = network.component(declared(0).author)
    assert component == {declared(each).author for each in (0, 1, 3)}
    assert missing == set(), "4 is named by 2 only, which does not name 0"
    assert network.ways(declared(0).author)[declared(4).author] == (2, {declared(2).author})


def test_a_group_parts_as_in_memory() -> None:
    members = [declared(each) for each in (0, 1, 5, 6)]
    proposal = propose(members, Utility.SQUARED)
    accepting = sides(proposal, [True, False, True, False])
    assert accepting == ({members[0].author, members[2].author}, {members[1].author, members[3].author})
    nobody = sides(proposal, [False] * 4)
    near = poles(np.array([each.vector for each in members]), proposal.vector)
    assert sorted(map(len, nobody)) == [2, 2]
    assert nobody[0] == {each.author for each, side in zip(members, near, strict=True) if side}


def test_a_slow_neighbour_costs_less_time_with_a_lag() -> None:
    population, graph = friendly(6)
    seconds = []
    for lag in (0, 4):
        rules = some_rules(50, lag, loss=0.2, delay=0.005, seed=1)
        run = Simulation(briefs_of(population, graph, rules, pauses={0: 0.02}))
        run.run()
        seconds.append(run.ended)
    assert seconds[1] < 0.7 * seconds[0]


def test_identical_agents_and_a_lone_one_sign_exactly_what_they_declared() -> None:
    alone = some_population(1, 0)
    (report,) = Simulation(briefs_of(alone, SocialGraph(1, []), some_rules(3))).run().values()
    assert (report.status, report.members, report.system) == ("alone", (0,), tuple(alone.vectors[0].tolist()))
    one = some_population(4, 0).take([2])
    same = Population.of([one.system(0)] * 4, Bounds(weights=0.0, judgements=0.0, norm=Norm.L1))
    for report in Simulation(briefs_of(same, some_graph(4, 0), some_rules(3))).run().values():
        assert (report.members, report.system) == ((0, 1, 2, 3), tuple(one.vectors[0].tolist()))


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (lambda: Faults(loss=1.0), "loss"),
        (lambda: Faults(delay=float("nan")), "delay"),
        (lambda: Faults(seed=-1), "seed"),
        (lambda: Rules(lag=9), "lag"),
        (lambda: Rules(patience=0.0), "patience"),
        (lambda: briefs_of(some_population(3, 0), some_graph(4, 0), Rules()), "3 agents but a graph of 4"),
        (lambda: briefs_of(some_population(3, 0), some_graph(3, 0), Rules(), leaves={3: 1}), "from 0 to 2"),
    ],
)
def test_settings_that_cannot_be_are_refused_with_what_is_accepted(wrong: Any, says: str) -> None:
    with pytest.raises(AccordError, match=says):
        wrong()


def test_a_run_has_a_number_of_its_own() -> None:
    assert number_of("one") != number_of("two")
    assert FormationConfig().rounds == Rules().formation.rounds
