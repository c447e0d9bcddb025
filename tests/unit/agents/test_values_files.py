"""A population of one's own: what a file may say, what it may not, and that it comes back as it was written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from headwater.values import ValuesError
from headwater_agents.values.evs import load_evs
from headwater_agents.values.export import write_society
from headwater_agents.values.files import read_society
from headwater_agents.values.synthetic import make_synthetic

GOOD = """name,size,weight:care,weight:thrift,build/care,build/thrift,bound:weights,bound:judgements,x,y
ann,2,0.333,0.667,1,-0.5,0.2,0.4,0,0
ben,1,0.5,0.5,0,0.25,inf,0.4,1,2
"""


def written(tmp_path: Path, text: str, name: str = "own.csv") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("ending", [".csv", ".json"])
def test_what_is_written_is_read_back_exactly(ending: str, tmp_path: Path) -> None:
    for society in (load_evs(), make_synthetic(20)):
        path = tmp_path / f"{society.name}{ending}"
        write_society(path, society)
        read = read_society(path)
        assert read.population.names == society.population.names
        assert np.allclose(read.population.vectors, society.population.vectors, rtol=0, atol=1e-15)
        assert np.array_equal(read.population.sizes, society.population.sizes)
        assert read.places is not None
        assert society.places is not None
        assert np.array_equal(read.places, society.places)
        assert (read.sphere, read.kinds, read.bounded) == (society.sphere, society.kinds, False)


def test_a_file_may_round_its_weights_and_declare_bounds(tmp_path: Path) -> None:
    society = read_society(written(tmp_path, GOOD))
    assert society.population.values == ("care", "thrift")
    assert society.population.actions == ("build",)
    assert society.population.weights[0] == pytest.approx([0.333, 0.667], abs=1e-3)
    assert society.population.weights.sum(axis=1) == pytest.approx([1, 1], abs=1e-12)
    assert society.bounded
    assert society.population.bounds.weights.tolist() == [0.2, np.inf]
    assert not society.sphere


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("0.333", "0.4", "agent ann: weights .* sum to 1.067"),
        ("0.333,0.667", "-0.1,1.1", "none below 0"),
        ("0.5,0.5", "nan,1", "agent ben: weight of care is 'nan'; expected a number"),
        ("1,-0.5", "1.5,-0.5", "agent ann: build/care is 1.5; expected −1 to 1"),
        ("ann,2", "ann,0", "sizes"),
        ("ann,2", "ann,x", "agent ann: size is 'x'"),
        ("ben", "ann", "comes twice"),
        ("ben,1", "ben", "row 3 has 9 cells; the head has 10"),
        ("weight:thrift", "weight:care", "column 'weight:care' comes twice"),
        ("build/thrift", "build/ease", "column 'build/thrift' is missing"),
        ("name,", "who,", "column 'name' is missing"),
        ("x,y", "x,kind", "columns x and y go together"),
        ("size,", "height,", "column 'height' is unknown"),
        ("0.2,0.4", "-1,0.4", "bound"),
    ],
)
def test_a_wrong_table_is_refused_by_what_is_wrong(old: str, new: str, said: str, tmp_path: Path) -> None:
    path = written(tmp_path, GOOD.replace(old, new, 1))
    with pytest.raises(ValuesError, match=said) as refused:
        read_society(path)
    assert str(refused.value).startswith(str(path))


def test_a_table_without_agents_or_weights_is_refused(tmp_path: Path) -> None:
    for text, said in (("", "empty"), (GOOD.splitlines()[0], "no agents"), ("name,size\nann,1\n", "no weights")):
        with pytest.raises(ValuesError, match=said):
            read_society(written(tmp_path, text))


def good_record() -> dict[str, Any]:
    agent = {"name": "ann", "weights": [0.5, 0.5], "judgements": {"build": {"care": 0.1, "thrift": -0.1}}}
    return {"values": ["care", "thrift"], "actions": ["build"], "agents": [agent, {**agent, "name": "ben"}]}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"agents": 3}, '"agents" is missing or no list'),
        ({"values": [1, 2]}, '"values" is a list of names'),
        ({"norm": "l7"}, "norm"),
        ({"agents": [1]}, "is an object"),
        ({"agents": [{"weights": [1, 0]}]}, "agent 1 has no name"),
        ({"size": 5}, "the file has an unknown key 'size'; accepted: values, actions, agents, norm, title"),
        ({"plane": "no"}, "\"plane\" is 'no'; expected true or false"),
    ],
)
def test_a_wrong_object_is_refused_by_what_is_wrong(change: dict[str, Any], said: str, tmp_path: Path) -> None:
    path = written(tmp_path, json.dumps(good_record() | change), "own.json")
    with pytest.raises(ValuesError, match=said):
        read_society(path)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"weights": {"care": 1}}, "weights are of"),
        ({"weights": [1]}, "weights missing, or not 2"),
        ({"judgements": [[0.1]]}, "judgements of build"),
        ({"size": True}, "size is True"),
        ({"size": 10**400}, "agent ann: size is too large for a number"),
        ({"sizes": 5}, "agent ann has an unknown key 'sizes'; accepted: name, weights, judgements, size, bounds"),
        ({"bounds": {"weights": 1, "judgements": 1}}, "agent ben has no bounds, but others do"),
        ({"place": [91, 0]}, "agent ben has no place"),
    ],
)
def test_a_wrong_agent_is_named(change: dict[str, Any], said: str, tmp_path: Path) -> None:
    record = good_record()
    record["agents"][0] = {**record["agents"][0], **change}
    with pytest.raises(ValuesError, match=said):
        read_society(written(tmp_path, json.dumps(record), "own.json"))


def test_a_key_twice_is_refused(tmp_path: Path) -> None:
    text = json.dumps(good_record()).replace('"name": "ann"', '"name": "ann", "size": 1, "size": 2')
    with pytest.raises(ValuesError, match=r"own\.json: cannot be read as JSON: the key 'size' stands twice"):
        read_society(written(tmp_path, text, "own.json"))


def test_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValuesError, match=r"a \.csv or a \.json file"):
        read_society(written(tmp_path, GOOD, "own.txt"))
    with pytest.raises(ValuesError, match="cannot be read as JSON"):
        read_society(written(tmp_path, "{", "own.json"))
    (tmp_path / "odd.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValuesError, match="UTF-8"):
        read_society(tmp_path / "odd.csv")
    with pytest.raises(OSError, match="No such file"):
        read_society(tmp_path / "none.csv")
