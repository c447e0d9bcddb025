"""`headwater learn profile`: what it says of a profile file, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from eth_utils.crypto import keccak

from headwater.learning import load_profile, profile_hash
from headwater_agents.cli.command import headwater

TOML = """
name = "careful"

[[constraints]]
kind = "protected-loss"
group = "women"
tolerance = 0.0123

[[constraints]]
kind = "reference-accuracy"
reference = "public"
tolerance = -0.5

[[constraints]]
kind = "frozen-features"
features = ["colour", 3]

[[constraints]]
kind = "norm"
order = "linf"
bound = 0.123456789
"""
SAME = {
    "constraints": [
        {"bound": 0.123456789, "order": "linf", "kind": "norm"},
        {"kind": "frozen-features", "features": [3, "colour"], "tolerance": 0},
        {"kind": "reference-accuracy", "tolerance": -0.5, "reference": "public"},
        {"kind": "protected-loss", "group": "women", "tolerance": 0.0123},
    ],
    "name": "careful",
}


def run(*args: object) -> Result:
    return CliRunner().invoke(headwater, ["learn", "profile", *(str(each) for each in args)])


@pytest.fixture
def toml(tmp_path: Path) -> Path:
    path = tmp_path / "careful.toml"
    path.write_text(TOML)
    return path


def test_a_profile_is_said_in_words_with_its_hash(toml: Path) -> None:
    done = run(toml)
    assert done.exit_code == 0, done.output
    assert "The mean loss of group 'women' may rise by at most 0.0123 nats." in done.stdout
    assert "Accuracy on reference task 'public' must rise by at least 0.5, a share." in done.stdout
    assert "No parameter that reads feature 'colour', number 3 may change." in done.stdout
    assert "The update's largest entry is at most 0.123456789." in done.stdout
    assert "0x" + profile_hash(load_profile(toml)).hex() in done.stdout


def test_files_that_say_the_same_have_one_canonical_form_and_its_hash_is_shown(toml: Path, tmp_path: Path) -> None:
    (tmp_path / "same.json").write_text(json.dumps(SAME))
    done = run(toml, tmp_path / "same.json", "--json")
    assert done.exit_code == 0, done.output
    first, second = json.loads(done.stdout)
    assert first["canonical"] == second["canonical"]
    assert first["hash"] == second["hash"] == "0x" + keccak(first["canonical"].encode()).hex()
    assert first["file"] == str(toml)


def test_an_empty_profile_is_said_to_ask_nothing(tmp_path: Path) -> None:
    (tmp_path / "open.json").write_text('{"name": "[bold]open", "constraints": []}')
    done = run(tmp_path / "open.json")
    assert done.exit_code == 0, done.output
    assert "asks nothing" in done.stdout
    assert "[bold]open" in done.stdout, "names are shown as they are"


def test_the_schema_is_printed_and_takes_the_profile() -> None:
    import jsonschema

    done = run("--schema")
    assert done.exit_code == 0
    jsonschema.Draft202012Validator(json.loads(done.stdout)).validate(SAME)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.toml", "name = ", "not TOML"),
        ("a.json", "{", "not JSON"),
        ("a.json", "[" * 100_000 + "]" * 100_000, "nested deeper"),
        ("a.yaml", "name: x", ".toml or .json"),
        ("a.json", '{"name": "x"}', "constraints"),
        ("a.json", '{"name": "x", "constraints": [], "more": 1}', "more"),
        ("a.json", '{"name": "x", "constraints": [{"kind": "kindness"}]}', "kindness"),
        ("a.json", '{"name": "x", "constraints": [{"kind": "norm", "bound": 0}]}', "bound"),
        ("a.json", '{"name": "x", "constraints": [{"kind": "norm", "bound": NaN}]}', "finite"),
        ("a.json", '{"name": "x", "constraints": [{"kind": "norm", "bound": 0.0000000001}]}', "nine decimals"),
    ],
)
def test_what_is_no_profile_is_refused_in_one_line(name: str, text: str, said: str, toml: Path, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    done = run(toml, tmp_path / name)
    assert done.exit_code == 2
    assert done.stderr.count("\n") == 1
    assert said in done.stderr
    assert done.stdout == "", "of the good file before it nothing is said"


def test_no_file_and_a_missing_one_are_refused(toml: Path, tmp_path: Path) -> None:
    assert "no profile" in run().stderr
    assert run().exit_code == 2
    assert "cannot be read" in run(tmp_path / "none.toml").stderr
    assert run(tmp_path / "none.toml").exit_code == 2
    assert run("--schema", toml).exit_code == 2
