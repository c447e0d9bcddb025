"""The page and the tables of a trial: a banner that claims no more than is known, and every mechanism in full."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from headwater_agents.lab.campaign import Store, run_units
from headwater_agents.lab.stats import detectable_gain
from headwater_agents.report import render_report, trial_tables
from headwater_agents.report.words import resolution, titled, units
from headwater_agents.trial import Trial, plan
from headwater_agents.trial.summary import played, summarise

OWN = """
from headwater_agents.lab.mechanisms.equal_split import EqualSplit


class LoudestWins(EqualSplit):
    pass
"""


def summary_of(trial: Trial, folder: Path) -> dict[str, Any]:
    planned = plan(trial)
    with Store(folder / "results.sqlite") as store:
        report = run_units(planned.units(), store, 1)
        return summarise(planned, played(planned, store), report.failures)


@pytest.fixture(scope="module")
def summary(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    mechanisms = ("headwater", "by_stake")
    trial = Trial(attacks=("odds-copier", "nothing"), mechanisms=mechanisms, seeds=7, rounds=6)
    return summary_of(trial, tmp_path_factory.mktemp("trial"))


def judged(summary: dict[str, Any], *found: tuple[str | None, bool]) -> dict[str, Any]:
    """The same trial with other verdicts on the first mechanism's cells, in turn."""
    mine = [cell for cell in summary["cells"] if cell["mechanism"] == summary["trial"]["mechanisms"][0]]
    cells = [
        {**cell, "verdict": verdict, "established": sure}
        for index, cell in enumerate(mine)
        for verdict, sure in [found[index % len(found)]]
    ]
    return {**summary, "cells": [*cells, *(cell for cell in summary["cells"] if cell not in mine)]}


@pytest.mark.parametrize(
    ("found", "state", "said"),
    [
        ([("profitable", True), ("neutral", False)], "failed", " are profitable on headwater; "),
        ([("deterred", True), ("neutral", False)], "neutral", "Not settled on headwater: "),
        ([("neutral", False)], "neutral", " undecided, of the others none is profitable"),
        ([("deterred", True), ("neutral", True)], "passed", " is profitable on headwater"),
        ([(None, False)], "neutral", "Nothing was played on headwater"),
    ],
)
def test_the_banner_is_good_only_if_nothing_is_undecided(
    found: list[tuple[str | None, bool]], state: str, said: str, summary: dict[str, Any]
) -> None:
    banner = re.search(r'<p class="verdict (\w+)" role="status">(.*?)</p>', render_report(judged(summary, *found)))
    assert banner is not None
    assert banner[1] == state
    assert said in banner[2]


def test_every_mechanism_s_losses_are_told(summary: dict[str, Any]) -> None:
    page = render_report(summary)
    assert page.count("<th class=figure>Treasury&#x27;s loss</th>") + page.count("Treasury's loss</th>") == 2
    assert "<h2>Headwater, synthetic world</h2>" in page
    assert "<h2>By stake, synthetic world</h2>" in page
    terminal = Console(file=io.StringIO(), width=160)
    for table in trial_tables(summary):
        terminal.print(table)
    shown = terminal.file.getvalue()  # type: ignore[attr-defined]
    assert "headwater, synthetic world: 7 seeds of 6 questions" in shown
    assert "by stake, synthetic world: 7 seeds of 6 questions" in shown


def test_the_gas_of_others_and_its_own_stand_side_by_side(summary: dict[str, Any]) -> None:
    cell = next(cell for cell in summary["cells"] if cell["attack"] == "odds-copier")
    others, own = (units(cell["fields"][name]["mean"]) for name in ("honest_gas", "coalition_gas"))
    assert own != "0"
    assert f"<td class=figure>{others}</td><td class=figure>{own}</td>" in render_report(summary)


def test_a_cell_resolves_what_its_spread_and_seeds_allow(summary: dict[str, Any]) -> None:
    for cell in summary["cells"]:
        spread = cell["fields"]["gain"]["standard_error"] * 7**0.5
        assert cell["resolves"] == pytest.approx(detectable_gain(spread, 7), rel=1e-12)
    assert all(cell["resolves"] == 0 for cell in summary["cells"] if cell["attack"] == "nothing")


def test_seeds_too_few_for_any_verdict_resolve_nothing(tmp_path: Path) -> None:
    trial = Trial(attacks=("skim", "nothing"), mechanisms=("equal_split",), seeds=5, rounds=4)
    few = summary_of(trial, tmp_path)
    assert [cell["resolves"] for cell in few["cells"]] == [None] * len(few["cells"])
    assert "a gain of ∞% of stake" in resolution(few["cells"], few["margin"])
    assert f"0 of {len(few['cells'])} resolve 0.5%" in render_report(few)


def test_a_class_keeps_its_capitals(tmp_path: Path) -> None:
    path = tmp_path / "own.py"
    path.write_text(OWN)
    trial = Trial(attacks=("skim",), mechanisms=(f"{path}:LoudestWins",), seeds=1, rounds=4)
    assert "<h2>LoudestWins, synthetic world</h2>" in render_report(summary_of(trial, tmp_path))
    assert titled("") == ""
