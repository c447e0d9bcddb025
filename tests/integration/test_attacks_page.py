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
    command(
        "attack",
        "skim",
        "--no-variants",
        "--world",
        "both",
        "--stake-share",
        "0.1,0.5",
        *size,
        "--out",
        folder / "borders",
    )
    rivals = ("--mechanism", "headwater", "--mechanism", "by_stake")
    command("attack", "odds-copier", "spam", *rivals, *size, "--out", folder / "rivals")
    command("attack", "skim", "--adapt", "8", "--no-variants", *size, "--out", folder / "adaptive")
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
    calm = {name: judged(found[name], "deterred") for name in ("headwater", "adaptive")}
    text = pages[0].page({**found, **calm, "borders": None}, commands(found))
    assert "No attack was found profitable." in text
    assert "These pay, and are open" not in text
    assert "These pay, and are open" in pages[0].page({**found, **open_ones(found)}, commands(found))


def test_what_pays_is_listed_with_its_border_in_its_own_world(found: dict[str, Any], pages: Any) -> None:
    changed = {**found, **open_ones(found)}
    lines = pages[0].open_list(changed)
    gains = {world: interval(cell["fields"]["gain"]) for world, cell in skims(changed["headwater"]).items()}
    assert f"* skim (synthetic): {gains['synthetic']} % of stake; pays above 20.0% [10.0, 50.0] of all stake." in lines
    assert f"* skim (rain): {gains['rain']} % of stake; no border found between 10% and 50% of all stake." in lines
    assert lines == pages[0].in_short(changed)[-len(lines) :]
    text = pages[0].page(changed, commands(found))
    assert "| above 20.0% [10.0, 50.0] |" in next(row for row in text.splitlines() if row.startswith("| skim | synth"))
    assert "| no border found |" in next(row for row in text.splitlines() if row.startswith("| skim | rain"))


def test_what_a_search_found_to_pay_is_open_too(found: dict[str, Any], pages: Any) -> None:
    label = "skim/adapted"
    (cell,) = (cell for cell in found["adaptive"]["cells"] if cell["label"] == label)
    told = f"* {label} (synthetic): {interval(cell['fields']['gain'])} % of stake, as a search found it: fraction "
    for verdict, listed in (("profitable", 1), ("deterred", 0)):
        lines = pages[0].open_list({**found, "adaptive": judged(found["adaptive"], verdict)})
        assert sum(line.startswith(told) for line in lines) == listed


def test_a_row_tells_gas_and_what_its_seeds_resolve(found: dict[str, Any], pages: Any) -> None:
    cells = [
        {
            **cell,
            "resolves": 0.004 if cell["attack"] == "nothing" else 0.02,
            "fields": {**cell["fields"], "honest_gas": {"mean": -1234.4}, "coalition_gas": {"mean": 5678901.0}},
        }
        for cell in found["headwater"]["cells"]
        if cell["world"] == "rain"
    ]
    main = {**found["headwater"], "cells": cells}
    rows = {row.split(" | ")[0]: row for row in pages[0].attack_table(main, "rain")}
    assert rows["| odds-copier"].endswith("| −1,234 / +5,678,901 |")
    assert "| 2.00 |" in rows["| odds-copier"]
    some = sum(cell["attack"] == "nothing" for cell in cells)
    assert f"(from 0.40% to 2.00%, by how much its plays differ); {some} of {len(cells)} resolve 0.5%" in pages[
        0
    ].resolved(main, "rain")


def judged(summary: dict[str, Any], verdict: str) -> dict[str, Any]:
    """The same results with another verdict on all that was played."""
    cells = [{**cell, "verdict": cell["verdict"] and verdict, "established": True} for cell in summary["cells"]]
    return {**summary, "cells": cells}


def skims(summary: dict[str, Any]) -> dict[str, Any]:
    return {cell["world"]: cell for cell in summary["cells"] if cell["label"] == "skim"}


def open_ones(found: dict[str, Any]) -> dict[str, Any]:
    """Results in which skimming pays in both worlds, with a border in one of them."""
    paying = [cell for cell in found["borders"]["cells"] if cell["stake_share"] == 0.1]
    where = {"mechanism": "headwater", "world": "synthetic", "label": "skim", "along": "stake_share"}
    line = {**where, "at": 0.2, "low": 0.1, "high": 0.5, "rising": True}
    main = {**found["headwater"], "cells": [*found["headwater"]["cells"], *paying]}
    return {"headwater": judged(main, "profitable"), "borders": {**found["borders"], "borders": [line]}}


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (
            0.1,
            0.3,
            "It does not hold everywhere: of 8 settings, each by its own 95% interval, skimming loses in 0, where",
        ),
        (
            -0.3,
            -0.1,
            "No setting was found in which it fails: of 8 settings, each by its own 95% interval, skimming loses",
        ),
        (-0.1, 0.1, "The seeds are too few to say: of 8 settings"),
    ],
)
def test_the_paragraph_on_skimming_counts_intervals(
    low: float, high: float, said: str, found: dict[str, Any], pages: Any
) -> None:
    cells = [{**cell, "gain": {**cell["gain"], "low": low, "high": high}} for cell in found["skim"]["cells"]]
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
