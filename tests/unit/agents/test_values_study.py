"""A study of value agreements: the same figures as the library's own, kept bounds, a page that needs nothing else."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from headwater.values import (
    Bounds,
    FormationConfig,
    Norm,
    Population,
    ValuesError,
    baseline,
    form,
    quantile_bounds,
    transition,
    utilities,
)
from headwater_agents.values.evs import load_evs
from headwater_agents.values.folder import claim_folder, write_folder
from headwater_agents.values.forming import LISTED, FormSettings, form_once
from headwater_agents.values.graphs import make_graph
from headwater_agents.values.society import Society, unbounded
from headwater_agents.values.study import StudySettings, quartile_cells, study, swept_cells
from headwater_agents.values.synthetic import make_synthetic
from headwater_agents.values.tables import markdown, study_grids


@pytest.fixture(scope="module")
def record() -> dict[str, Any]:
    settings = StudySettings(graphs=("nearest", "small-world"), thresholds=5, seeds=3)
    return study(load_evs(), settings)


def society_of(*rows: tuple[float, float], size: float = 1.0) -> Society:
    """Agents of one action, by weight on the first of two values and one judgement of both."""
    n = len(rows)
    population = Population(
        names=tuple(f"n{index}" for index in range(n)),
        values=("one", "two"),
        actions=("act",),
        weights=np.array([[w, 1 - w] for w, _ in rows]),
        judgements=np.array([[[j, j]] for _, j in rows]),
        sizes=np.full(n, size),
        bounds=unbounded(n),
    )
    return Society(name="few", title="a few", source="here", population=population)


def test_the_single_consensus_is_the_library_s(record: dict[str, Any]) -> None:
    population = load_evs().population
    for one in record["single"]["consensus"]:
        measured = baseline(population, math.inf if one["p"] == "inf" else one["p"])
        assert (one["mean"], one["worst"], one["gini"]) == (measured.mean, measured.worst, measured.gini)
    assert record["single"]["transition"]["p"] == transition(population).p


def test_agreements_at_a_quartile_are_those_that_form_there(record: dict[str, Any]) -> None:
    society = load_evs()
    bounds = quantile_bounds(society.population, Norm.L1, (0.5,))[0]
    cell = next(c for c in quartile_cells(record, "nearest") if c["quantile"] == 0.5)
    assert cell["bounds"] == {"weights": bounds.weights, "judgements": bounds.judgements}
    population = society.population.with_bounds(bounds)
    found = form(population, make_graph(society, "nearest"), FormationConfig())
    assert cell["fields"]["agreements"]["mean"] == len(found.agreements)
    worth = utilities(population, found.vectors[found.home])
    assert cell["fields"]["worst"]["mean"] == worth.min()


def test_the_sweep_runs_from_everybody_alone_to_one_agreement(record: dict[str, Any]) -> None:
    cells = swept_cells(record, "nearest")
    first, last = cells[0]["fields"], cells[-1]["fields"]
    assert (first["agreements"]["mean"], first["mean"]["mean"], first["worst"]["mean"]) == (34, 1.0, 1.0)
    assert (last["agreements"]["mean"], last["largest"]["mean"]) == (1, 34)
    middle = next(one for one in record["single"]["consensus"] if one["name"] == "2")
    assert last["mean"]["mean"] == pytest.approx(middle["mean"], abs=1e-9)


def test_overlap_never_makes_anybody_worse_off(record: dict[str, Any]) -> None:
    for cell in record["cells"]:
        fields = cell["fields"]
        for best, home in (("best_mean", "mean"), ("best_worst", "worst")):
            assert fields[best]["mean"] >= fields[home]["mean"] - 1e-12
        assert fields["still_alone"]["mean"] <= fields["alone"]["mean"]
        assert fields["signatures"]["mean"] >= 1


def test_random_graphs_have_intervals_and_the_others_have_none(record: dict[str, Any]) -> None:
    for cell in record["cells"]:
        one = cell["fields"]["mean"]
        assert one["low"] <= one["mean"] <= one["high"]
        assert cell["samples"] == (3 if cell["graph"] == "small-world" else 1)
        if cell["graph"] == "nearest":
            assert one["low"] == one["high"]
    assert any(c["fields"]["agreements"]["low"] < c["fields"]["agreements"]["high"] for c in record["cells"])


def test_a_study_is_the_same_by_its_seed() -> None:
    society = make_synthetic(40)
    settings = StudySettings(graphs=("small-world",), thresholds=3, seeds=2, seed=5)
    first, again = study(society, settings), study(society, settings)
    assert json.dumps(first) == json.dumps(again)
    other = study(society, StudySettings(graphs=("small-world",), thresholds=3, seeds=2, seed=6))
    assert json.dumps(first["cells"]) != json.dumps(other["cells"])


def test_the_page_and_the_pictures_need_nothing_from_elsewhere(record: dict[str, Any], tmp_path: Path) -> None:
    whole = {**record, "kind": "values study", "command": "headwater", "headwater": "0"}
    folder = claim_folder(tmp_path / "out", "evs", force=False)
    write_folder(folder, whole)
    assert sorted(path.name for path in folder.iterdir()) == [
        *("cells.csv", "flow.svg", "map.svg", "plane.svg", "report.html", "summary.json")
    ]
    page = (folder / "report.html").read_text()
    own = re.sub(r"<script>.*?</script>", "", page, flags=re.S)
    assert not re.search(r"""(src|href)\s*=\s*["']""", own)
    assert json.loads((folder / "summary.json").read_text()) == json.loads(json.dumps(whole))
    assert len((folder / "cells.csv").read_text().splitlines()) == 1 + len(record["cells"])
    with pytest.raises(ValuesError, match="--force"):
        claim_folder(folder, "evs", force=False)
    assert claim_folder(folder, "evs", force=True) == folder
    (folder / "summary.json").write_text("{}")
    with pytest.raises(ValuesError, match="not the folder of a study"):
        claim_folder(folder, "evs", force=True)


def test_every_table_has_as_many_cells_as_heads(record: dict[str, Any]) -> None:
    for grid in study_grids(record):
        assert grid.rows
        assert all(len(row) == len(grid.columns) for row in grid.rows)
        assert len(markdown(grid)) == len(grid.rows) + 2


@pytest.mark.parametrize(
    ("society", "agreements"),
    [
        (society_of((0.5, 0.0)), 1),
        (society_of((0.5, 0.0), (0.5, 0.0), (0.5, 0.0)), 1),
        (society_of((0.0, -1.0), (1.0, 1.0)), 2),
    ],
    ids=["one agent", "identical agents", "two opposites"],
)
def test_degenerate_societies_have_results(society: Society, agreements: int) -> None:
    found = study(society, StudySettings(thresholds=2))
    cell = next(c for c in quartile_cells(found) if c["quantile"] == 0.25)
    bounded = society.n == 2  # of two agents the only distance is every quartile
    assert cell["fields"]["agreements"]["mean"] == (1 if bounded else agreements)
    if not bounded:
        assert cell["fields"]["worst"]["mean"] == 1.0
    assert "nan" not in json.dumps(found, allow_nan=False)


def test_a_society_of_hundreds_is_thinned_in_pictures_and_not_in_figures() -> None:
    found = study(make_synthetic(3_100), StudySettings(graphs=("geographic",), thresholds=2))
    assert found["shown"]["drawn"] < 3_100
    total = sum(found["shown"]["counts"]) + found["shown"]["alone"]
    assert total == 3_100
    assert len(json.dumps(found)) < 2_000_000


def test_every_member_of_a_formation_keeps_its_bounds() -> None:
    record, grid = form_once(make_synthetic(200), FormSettings(graph="geographic"))
    members = [member for one in record["agreements"] for member in one["members"]]
    assert len(members) == 200
    for member in members:
        assert all(far <= bound for far, bound in zip(member["distances"], member["bounds"], strict=True))
    assert len(grid.rows) == min(LISTED, sum(len(one["members"]) > 1 for one in record["agreements"]))


def test_a_table_lists_the_largest_agreements_and_counts_the_rest() -> None:
    record, grid = form_once(make_synthetic(600), FormSettings(threshold=0.5))
    sizes = [len(one["members"]) for one in record["agreements"]]
    shared = sum(size > 1 for size in sizes)
    assert shared > LISTED
    assert [int(row[1]) for row in grid.rows] == sorted(sizes, reverse=True)[:LISTED]
    assert f"The largest {LISTED}; {shared - LISTED} more" in grid.note
    few = form_once(load_evs(), FormSettings())[1]
    assert "not shown" not in few.note


def test_bounds_of_one_s_own_are_taken_as_they_are() -> None:
    society = society_of((0.2, 0.0), (0.25, 0.1), (0.9, 0.5))
    bounds = Bounds(weights=0.2, judgements=0.2, norm=Norm.LINF)
    own = Society(
        name="own", title="own", source="own", population=society.population.with_bounds(bounds), bounded=True
    )
    record, _ = form_once(own, FormSettings(graph="complete"))
    assert record["norm"] == "linf"
    assert [[m["name"] for m in one["members"]] for one in record["agreements"]] == [["n0", "n1"], ["n2"]]
    assert record["agreements"][0]["members"][0]["bounds"] == [0.2, 0.2]
    with pytest.raises(ValuesError, match="declares bounds of its own"):
        form_once(own, FormSettings(quantile=0.5))
    found = study(own, StudySettings(graphs=("complete",), thresholds=2))
    assert found["cells"][0]["fields"]["agreements"]["mean"] == 2


@pytest.mark.parametrize("wrong", [{"thresholds": 1}, {"seeds": 0}, {"threshold": -1.0}, {"threshold": math.inf}])
def test_settings_out_of_range_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValuesError, match="expected"):
        StudySettings(**wrong)
