"""docs/attacks.md says what the results say, whatever they are."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from headwater_agents.lab.clones import Setting, study
from headwater_agents.report.words import interval

ROOT = Path(__file__).resolve().parents[2]
SWEEP = """
[sweep]
name = "small"
unit = "headwater_agents.trial.units:attack_cell"
seeds = 2

[fixed]
mechanism = "equal_split"
{fixed}

[grid]
{grid}
"""


def command(*words: object) -> None:
    start = [sys.executable, "-c", "from headwater_agents.cli import main; main()"]
    done = subprocess.run([*start, *map(str, words)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Small results of every kind that the page has a part for."""
    folder = tmp_path_factory.mktemp("results")
    size = ("--rounds", "5", "--seeds", "2", "--jobs", "1")
    command("attack", "nothing", "odds-copier", "--world", "both", *size, "--out", folder / "headwater")
    command("attack", "skim", "--no-variants", "--stake-share", "0.1,0.5", *size, "--out", folder / "borders")
    rivals = ("--mechanism", "headwater", "--mechanism", "by_stake")
    command("attack", "odds-copier", "spam", *rivals, *size, "--out", folder / "rivals")
    command("attack", "skim", "--mechanism", "headwater", *size, "--out", folder / "adaptive")
    results = {path.parent.name: json.loads(path.read_text()) for path in folder.glob("*/summary.json")}
    fixed = 'attack = "skim"'
    grid = (
        'fraction = [0.1, 0.9]\n"provider.elasticity" = [0.5]\n"provider.leave_rate" = [0.0, 0.2]\nquestions = [4, 8]'
    )
    results["skim"] = sweep(folder, "skim", fixed, grid)
    grid = 'stake_share = [0.1, 0.5]\n"world_settings.quality" = [0.5, 2.0]\nattack = ["skim"]'
    results["stake-and-quality"] = sweep(folder, "stake", "questions = 4", grid)
    results["clones"] = study(range(2), Setting(questions=100, copies=(1,)))
    return results


def sweep(folder: Path, name: str, fixed: str, grid: str) -> dict[str, Any]:
    (folder / f"{name}.toml").write_text(SWEEP.format(fixed=fixed, grid=grid))
    command("sweep", folder / f"{name}.toml", "--jobs", "1", "--out", folder / "sweeps" / name)
    summary: dict[str, Any] = json.loads((folder / "sweeps" / name / "summary.json").read_text())
    return summary


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch) -> tuple[ModuleType, ModuleType]:
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    return importlib.import_module("attacks_page"), importlib.import_module("attacks_svg")


def commands(found: dict[str, Any]) -> dict[str, str]:
    return {name: f"played for {name}" for name in found}


def test_every_part_shows_its_command_and_its_figures(found: dict[str, Any], pages: Any) -> None:
    text = pages[0].page(found, commands(found))
    assert all(f"    played for {name}\n" in text for name in found)
    for cell in found["headwater"]["cells"]:
        assert f"| {cell['label']} |" in text
        assert interval(cell["fields"]["gain"]) in text
    assert "An attack that does nothing changes nothing, to the last digit: **yes**" in text
    assert "Plays that failed" not in text


def test_nothing_is_called_open_unless_it_was_found_profitable(found: dict[str, Any], pages: Any) -> None:
    text = pages[0].page({**found, "borders": None}, commands(found))
    assert "No attack was found profitable." in text
    assert "These pay, and are open" in pages[0].page(found, commands(found))


@pytest.mark.parametrize(
    ("verdict", "said"),
    [
        (
            "profitable",
            "It does not hold everywhere: of 8 settings skimming loses in 0, where the claim holds, pays",
        ),
        ("deterred", "No setting was found in which it fails: of 8 settings skimming loses in 8"),
    ],
)
def test_the_paragraph_on_skimming_counts_verdicts(verdict: str, said: str, found: dict[str, Any], pages: Any) -> None:
    cells = [
        {**cell, "gain": {**cell["gain"], "verdict": verdict, "established": True}} for cell in found["skim"]["cells"]
    ]
    assert said in pages[0].claim({**found["skim"], "cells": cells})


def test_plays_that_failed_are_told(found: dict[str, Any], pages: Any) -> None:
    broken = {**found["rivals"], "failures": [{"key": "one", "error": "RuntimeError: as it must"}]}
    text = pages[0].page({**found, "rivals": broken}, commands(found))
    assert "* rivals: one: RuntimeError: as it must" in text


def test_pictures_are_whole_and_show_every_cell(found: dict[str, Any], pages: Any) -> None:
    forest = ET.fromstring(pages[1].forest(found["headwater"]))
    names = [element.text for element in forest.iter() if element.tag.endswith("text")]
    assert {"nothing", "odds-copier", "synthetic", "rain"} <= set(names)
    text = pages[1].maps(found["skim"], "fraction", "provider.elasticity", "provider.leave_rate")
    squares = [each for each in ET.fromstring(text).iter() if "fill-opacity" in each.attrib]
    assert len(squares) == len(found["skim"]["cells"]) == 8
