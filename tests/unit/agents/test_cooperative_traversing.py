"""FedAvg beside Traversal Learning on members' rows: gradients equal the central ones, and bytes are counted."""

import json

import pytest

from cli_cases import run
from headwater_agents.cooperative.errors import CooperativeError
from headwater_agents.cooperative.traversing import compare, traversal_grid


@pytest.mark.parametrize("hidden", [0, 5])
def test_traversal_ends_where_the_central_model_does(hidden: int) -> None:
    found = compare("arrests", members=3, passes=1, hidden=hidden)
    assert found["largest_gradient_difference"] < 1e-13
    models = found["models"]
    assert models["traversal"]["quality"]["loss"] == pytest.approx(models["central"]["quality"]["loss"], abs=1e-12)
    assert models["fedavg"]["quality"] != models["central"]["quality"]


def test_bytes_are_those_of_models_updates_row_numbers_and_answers() -> None:
    found = compare("hmda", members=4, passes=2, hidden=3)
    d, rows, visits = found["parameters"], sum(found["rows"]), found["visits"]
    first = d - (3 * 2 + 2)  # parameters of the layer that reads features
    federated, traversed = found["models"]["fedavg"], found["models"]["traversal"]
    assert federated["bytes_down"] == federated["bytes_up"] == 2 * 4 * d * 8
    assert traversed["bytes_down"] == 8 * (visits * d + 2 * rows)
    assert traversed["bytes_up"] == 8 * (2 * rows * (3 + 2) + visits * (first + 1))


def test_the_table_has_a_row_a_model() -> None:
    grid = traversal_grid(compare("hmda", members=2, passes=1))
    assert [row[0] for row in grid.rows] == ["fedavg", "traversal", "central"]


def test_what_cannot_be_is_refused() -> None:
    for wrong in ({"passes": 0}, {"hidden": -1}, {"hidden": 257}):
        with pytest.raises(CooperativeError, match="accepted"):
            compare(**wrong)


def test_the_command_prints_the_comparison() -> None:
    outcome = run("learn", "traverse", "--passes", "1", "--members", "2", "--json")
    assert outcome.code == 0, outcome.err
    assert json.loads(outcome.out)["members"] == 2
