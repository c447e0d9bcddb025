"""`headwater agent new` writes a bot that runs, or nothing."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from cli_cases import refused, run, tree
from headwater.units import WAD
from headwater_agents.bots.brain import make_policy
from headwater_agents.bots.config import read_config
from headwater_agents.policies import Case, ModelForecaster, ModelProvider
from headwater_agents.policies.model import believed
from headwater_agents.scaffold import Placement, ScaffoldError, write_bot

FILES = ["bot.py", "bot.toml", "test_bot.py", "README.md"]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("role", ["forecaster", "provider"])
def test_a_new_bot_passes_its_own_test_and_is_clean(role: str, here: Path) -> None:
    write_bot("mine", here, role)
    folder = here / "mine"
    tested = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error", "test_bot.py"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert tested.returncode == 0, tested.stdout
    assert "3 passed" in tested.stdout
    linted = subprocess.run(
        [
            sys.executable,
            "-m",
            "ruff",
            "check",
            "--no-cache",
            "--isolated",
            "--select=E,F,W,B",
            "--line-length=120",
            ".",
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert linted.returncode == 0, linted.stdout


@pytest.mark.parametrize(("role", "kind"), [("forecaster", ModelForecaster), ("provider", ModelProvider)])
def test_a_new_bot_s_settings_are_read_and_name_its_model(role: str, kind: type, here: Path) -> None:
    write_bot("mine", here, role, Placement(series=7, manifest="/else/where.json", port=9_100))
    config = read_config(here / "mine" / "bot.toml", role)
    assert (config.role, config.name, config.series) == (role, "mine", 7)
    assert config.manifest == Path("/else/where.json")
    assert config.http.port == 9_100
    assert config.http.host == "127.0.0.1"
    policy = make_policy(config, outcomes=2, seed=5)
    assert isinstance(policy, kind)
    forecast = believed(policy.model, policy.model.start(), Case(odds=np.array([0.5, 0.5]), reading=9.0), WAD // 100)
    assert forecast[1] > forecast[0]


def test_the_model_moves_the_odds_of_any_number_of_outcomes(here: Path) -> None:
    write_bot("mine", here)
    spec = importlib.util.spec_from_file_location("scaffolded_model", here / "mine" / "bot.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    model = module.Model(outcomes=3)
    case = Case(odds=np.array([0.2, 0.3, 0.5]), reading=4.0)
    memory = model.start()
    for _ in range(200):
        memory = model.learn(memory, case, 0)
    first, then = model.forecast(model.start(), case), model.forecast(memory, case)
    assert then[0] > 0.5 > first[0]
    assert np.isclose(then.sum(), 1.0)


def test_what_was_written_is_listed(here: Path) -> None:
    told = run("agent", "new", "mine", "--json")
    assert told.code == 0
    assert told.json == {"name": "mine", "role": "forecaster", "files": [f"mine/{name}" for name in FILES]}
    assert sorted(path.name for path in (here / "mine").iterdir()) == sorted(FILES)
    said = run("agent", "new", "other", "--role", "provider")
    assert said.out.splitlines()[:4] == [f"other/{name}" for name in FILES]


def test_nothing_is_overwritten(here: Path) -> None:
    (here / "mine").mkdir()
    (here / "mine" / "bot.py").write_text("precious")
    (here / "gone").symlink_to(here / "nowhere")
    before = tree(here)
    refused(run("agent", "new", "mine"), 2, "mine is there already, and nothing is overwritten")
    refused(run("agent", "new", "gone"), 2, "gone is there already")
    assert tree(here) == before


@pytest.mark.parametrize("name", ["", "../mine", "a/b", "7up", "-x", "with space", "dot.ted", "a" * 42, 'quo"te', "ü"])
def test_a_bad_name_is_told_and_leaves_nothing(name: str, here: Path) -> None:
    refused(run("agent", "new", "--", name), 2, "is no name for a bot; accepted: ")
    assert tree(here) == {}


@pytest.mark.parametrize(
    ("placement", "said"),
    [
        (Placement(rpc="ftp://x"), "rpc is 'ftp://x'; it must be the http"),
        (Placement(rpc='http://x"\nname = "y'), "rpc is "),
        (Placement(manifest='a"b'), "manifest is "),
        (Placement(facilitator="a\\b"), "facilitator is "),
        (Placement(port=70_000), "[http] port is 70000"),
        (Placement(series=0), "series is 0"),
    ],
)
def test_a_place_that_cannot_be_is_told_and_leaves_nothing(placement: Placement, said: str, here: Path) -> None:
    with pytest.raises(ScaffoldError) as error:
        write_bot("mine", here, placement=placement)
    assert said in str(error.value)
    assert tree(here) == {}


def test_a_role_that_has_no_template_is_told(here: Path) -> None:
    with pytest.raises(ScaffoldError, match="role is 'keeper'; accepted: forecaster, provider"):
        write_bot("mine", here, "keeper")
    assert tree(here) == {}
