"""Data sets of value systems: the European Values Study as given, the World Values Survey as encoded, mixtures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from headwater.values import ValuesError
from headwater_agents.values.evs import country_names, country_points, load_evs, table
from headwater_agents.values.graphs import GRAPHS, make_graph, offered
from headwater_agents.values.synthetic import make_synthetic
from headwater_agents.values.wvs import encode, load_wvs, respondents


def test_a_country_weighs_values_by_who_holds_them_and_judges_as_they_do() -> None:
    society = load_evs()
    row = next(row for row in table("evs2017_value_systems.csv") if row["country"] == "FR")
    system = society.population.system(society.population.names.index("FR"))
    share = int(row["rel"]) / (int(row["rel"]) + int(row["nonrel"]))
    assert system.weights == pytest.approx([share, 1 - share])
    expected = [[float(row[f"a_{action}_{group}"]) for group in ("rel", "nonrel")] for action in ("adp", "div")]
    assert np.array_equal(system.judgements, expected)
    assert society.population.sizes[society.population.names.index("FR")] == int(row["population"])


def test_every_country_has_a_name_and_a_place() -> None:
    names = load_evs().population.names
    assert len(names) == 34
    assert set(names) == set(country_names()) == set(country_points())


def test_people_are_those_of_the_survey() -> None:
    people = respondents()
    assert people.answer.size == 5_381
    assert np.bincount(people.answer).tolist() == [2_708, 1_862, 811]
    assert int(people.member.sum()) == 4_595
    assert people.countries == ("Australia", "Norway", "Sweden", "USA")


def test_a_perfectly_reliable_answer_stands_for_itself() -> None:
    people = respondents()
    weights, judgements = encode(people, reliability=1.0)
    assert np.array_equal(weights[:, 0], people.member)
    held = np.where(people.member[:, None], judgements[:, :, 0], judgements[:, :, 1])
    assert np.array_equal(held, 1.0 - np.abs(np.arange(3) - people.answer[:, None]))


def test_the_value_that_one_does_not_hold_is_judged_as_its_holders_around_one_do() -> None:
    people = respondents()
    _, judgements = encode(people, reliability=0.9)
    cells = people.alike
    for cell in np.unique(cells)[::7]:
        members = judgements[(cells == cell) & people.member]
        assert np.ptp(members[:, :, 0], axis=0).max() > 0.5
        assert np.ptp(members[:, :, 1], axis=0).max() < 1e-12


def test_an_answer_that_measures_nothing_leaves_what_people_alike_say() -> None:
    people = respondents()
    weights, judgements = encode(people, reliability=0.0, prior=0.0)
    cells = people.alike
    for cell in np.unique(cells)[::9]:
        inside = cells == cell
        assert np.allclose(weights[inside, 0], people.member[inside].mean())
        scores = 1.0 - np.abs(np.arange(3) - people.answer[inside & people.member][:, None])
        assert np.allclose(judgements[inside, :, 0], scores.mean(axis=0))


def test_a_prior_of_a_million_makes_everybody_alike_in_a_country() -> None:
    people = respondents()
    weights, _ = encode(people, reliability=0.0, prior=1e9)
    for country in range(4):
        inside = people.country == country
        assert np.allclose(weights[inside, 0], people.member[inside].mean(), atol=1e-6)


@pytest.mark.parametrize("reliability", [-0.1, 1.1, float("nan")])
def test_a_reliability_is_a_share(reliability: float) -> None:
    with pytest.raises(ValuesError, match="reliability"):
        load_wvs(reliability)


def test_a_sample_is_drawn_by_its_seed_without_repeats() -> None:
    first, again, other = (load_wvs(sample=50, seed=seed).population.names for seed in (3, 3, 4))
    assert first == again != other
    assert len(set(first)) == 50
    with pytest.raises(ValuesError, match="5,381"):
        load_wvs(sample=6_000)


def test_a_made_up_population_is_named_by_its_seed() -> None:
    first, again, other = (make_synthetic(300, seed=seed).population for seed in (1, 1, 2))
    assert np.array_equal(first.vectors, again.vectors)
    assert np.array_equal(first.sizes, again.sizes)
    assert not np.array_equal(first.vectors, other.vectors)


def test_made_up_sizes_have_a_heavy_tail_and_clusters_hold_together() -> None:
    society = make_synthetic(20_000, spread=0.05)
    sizes = np.sort(society.population.sizes)
    assert sizes[0] >= 1
    # Pareto with exponent 1.5: one in a thousand is above 100, one in ten thousand above 464.
    assert 60 < sizes[-20] < 160
    vectors, kinds = society.population.vectors, np.array(society.kinds)
    inside = np.mean([vectors[kinds == kind].std(axis=0).mean() for kind in np.unique(kinds)])
    assert inside < vectors.std(axis=0).mean() / 3


@pytest.mark.parametrize(
    ("wrong", "said"),
    [({"n": 0}, "agents"), ({"n": 5, "values": 17}, "values"), ({"n": 5, "spread": 0.0}, "spread")],
)
def test_a_population_that_cannot_be_made_is_refused(wrong: dict[str, float], said: str) -> None:
    with pytest.raises(ValuesError, match=said):
        make_synthetic(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", list(GRAPHS))
@pytest.mark.parametrize("agents", [1, 2, 40])
def test_every_graph_of_a_study_is_connected(name: str, agents: int) -> None:
    graph = make_graph(make_synthetic(agents), name, 4, 7)
    assert graph.n == agents
    assert graph.is_connected


def test_random_graphs_are_named_by_their_seed_and_the_others_have_none() -> None:
    society = make_synthetic(60)
    for name in GRAPHS:
        first, again, other = (make_graph(society, name, 4, seed).edges for seed in (1, 1, 2))
        assert np.array_equal(first, again)
        assert np.array_equal(first, other) == (name != "small-world")


def test_countries_meet_their_neighbours_on_the_geographic_graph() -> None:
    society = load_evs()
    names = society.population.names
    graph = make_graph(society, "geographic", 3)
    met = {names[index] for index in graph.neighbours(names.index("PT")).tolist()}
    assert "ES" in met
    assert "AZ" not in met


def test_a_graph_that_makes_no_sense_is_refused_with_what_does() -> None:
    society = make_synthetic(301)
    assert "complete" not in offered(society)
    with pytest.raises(ValuesError, match="up to 300 agents"):
        make_graph(society, "complete")
    with pytest.raises(ValuesError, match="accepted: complete, nearest"):
        make_graph(society, "star")


TIES = {"own.csv": "from,to\na1,a2\na2,a1\n\n a3 ,a2\n", "own.json": '[["a1", "a2"], ["a2", "a1"], ["a3", "a2"]]'}


@pytest.mark.parametrize("name", list(TIES))
def test_a_graph_of_one_s_own_has_the_ties_of_its_file(name: str, tmp_path: Path) -> None:
    society = make_synthetic(5)
    assert society.population.names[:3] == ("a1", "a2", "a3")
    (tmp_path / name).write_text(TIES[name])
    graph = make_graph(society, str(tmp_path / name))
    assert graph.edges.tolist() == [[0, 1], [1, 2]]
    assert graph.components.tolist() == [0, 0, 0, 1, 2]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("own.csv", "", "the first row of a graph names its columns, from and to"),
        ("own.csv", "a1,a2\n", "from and to"),
        ("own.csv", "from,to\na1,a2,a3\n", "row 2 has 3 cells"),
        ("own.csv", "from,to\na1,a2\na1,zoe\n", "row 3: there is no agent 'zoe'; agents are a1, a2"),
        ("own.csv", "from,to\na2,a2\n", "row 2: a2 is tied to itself"),
        ("own.json", "{", "cannot be read as JSON"),
        ("own.json", "[" * 100_000, "nested deeper than 32 levels"),
        ("own.json", '{"edges": []}', "a list of pairs"),
        ("own.json", '[["a1"]]', "tie 1 is no pair"),
        ("own.json", '[["a1", 1]]', "tie 1: there is no agent '1'"),
    ],
)
def test_a_file_that_is_no_graph_is_refused_by_what_is_wrong(name: str, text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(ValuesError, match=said) as refused:
        make_graph(make_synthetic(5), str(tmp_path / name))
    assert str(refused.value).startswith(str(tmp_path / name))


def test_a_graph_without_ties_leaves_everybody_alone(tmp_path: Path) -> None:
    (tmp_path / "none.json").write_text("[]")
    assert len(make_graph(make_synthetic(5), str(tmp_path / "none.json")).edges) == 0
