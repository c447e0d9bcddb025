"""What a sweep's records amount to: intervals, verdicts and borders by cell, and the tables that keep them."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from headwater_agents.lab.campaign import CampaignError, Failure, Record, Sweep, Unit, write_csv, write_jsonl
from headwater_agents.lab.campaign.grid import Cell
from headwater_agents.lab.campaign.summary import summarise_sweep
from headwater_agents.lab.stats import paired, robust_interval

SHARES = (0.1, 0.2, 0.3, 0.4)
WORLDS = ("rain", "synthetic")


def _sweep(seeds: int = 30) -> Sweep:
    axes: tuple[tuple[Cell, ...], ...] = (
        tuple({"world": world} for world in WORLDS),
        tuple({"share": share} for share in SHARES),
    )
    return Sweep("case", "mine.py:f", {"rounds": 2}, axes, range(1, seeds + 1))


def _rows(sweep: Sweep, arms: bool = False) -> list[tuple[Unit, Record]]:
    """Skimming pays above a share of 0.25 in the rain, and nowhere else."""
    rows = []
    for unit in sweep.units():
        rng = np.random.default_rng([int(unit.args["seed"]), int(unit.args["share"] * 10)])
        gain = float((unit.args["share"] - 0.25) * (unit.args["world"] == "rain") + rng.normal() * 0.01)
        honest = 5 * 10**18 + 1
        fields: Record = {"attack": str(honest + int(gain * 1e18)), "honest": str(honest)} if arms else {"gain": gain}
        rows.append((unit, {**fields, "loss": rng.random(), "rounds": 2, "label": "a"}))
    return rows


def test_cells_carry_intervals_of_every_number_over_their_seeds() -> None:
    sweep = _sweep()
    rows = _rows(sweep)
    summary = summarise_sweep(sweep, rows)
    assert [cell["args"] for cell in summary["cells"]] == sweep.cells()
    assert (summary["units"], summary["done"], summary["seeds"]) == (240, 240, {"first": 1, "last": 30})
    cell = summary["cells"][5]
    records = [record for unit, record in rows if unit.args["world"] == "synthetic" and unit.args["share"] == 0.2]
    assert cell["seeds"] == len(records) == 30
    assert set(cell["fields"]) == {"gain", "loss", "rounds"}
    assert cell["fields"]["loss"] == robust_interval([record["loss"] for record in records]).to_dict()
    assert cell["fields"]["rounds"] == {"mean": 2.0, "low": 2.0, "high": 2.0}
    assert cell["gain"]["low"] == paired([record["gain"] for record in records]).low
    json.dumps(summary, allow_nan=False)


@pytest.mark.parametrize("arms", [False, True])
def test_verdicts_and_borders_are_those_of_the_gain(arms: bool) -> None:
    sweep = _sweep()
    summary = summarise_sweep(sweep, _rows(sweep, arms))
    told = [cell["gain"]["verdict"] for cell in summary["cells"]]
    assert told == ["deterred", "deterred", "profitable", "profitable"] + ["neutral"] * 4
    assert all(cell["gain"]["p_value"] <= cell["gain"]["adjusted_p_value"] for cell in summary["cells"])
    (border,) = summary["borders"]
    assert (border["along"], border["where"], border["rising"]) == ("share", {"world": "rain"}, True)
    assert 0.2 < border["low"] < 0.25 < border["high"] < 0.3


def test_wei_are_subtracted_before_anything_is_rounded() -> None:
    sweep = Sweep("case", "mine.py:f", {}, (), range(1, 9))
    rows = [(unit, {"attack": str(10**30 + 3), "honest": str(10**30)}) for unit in sweep.units()]
    assert summarise_sweep(sweep, rows)["cells"][0]["gain"]["mean"] == 3.0
    rows[0] = (rows[0][0], {"attack": "much", "honest": "1"})
    with pytest.raises(CampaignError, match="attack is 'much'"):
        summarise_sweep(sweep, rows)


def test_cells_that_failed_are_empty_and_told() -> None:
    sweep = _sweep(seeds=8)
    rows = [row for row in _rows(sweep) if row[0].args["share"] != 0.4]
    summary = summarise_sweep(sweep, rows, [Failure("world=rain share=0.4 seed=1", "ValueError: no")])
    empty = summary["cells"][3]
    assert (empty["seeds"], empty["fields"], "gain" in empty) == (0, {}, False)
    assert summary["done"] == 48
    assert summary["failures"] == [{"key": "world=rain share=0.4 seed=1", "error": "ValueError: no"}]
    assert "borders" not in summary


def test_without_gains_there_are_no_verdicts_and_without_seeds_no_interval() -> None:
    sweep = Sweep("case", "mine.py:f", {}, (({"x": 1}, {"x": 2}),), range(0))
    rows: list[tuple[Unit, Record]] = [(unit, {"loss": 0.5, "yes": True}) for unit in sweep.units()]
    summary = summarise_sweep(sweep, rows)
    assert summary["cells"][1] == {
        "args": {"x": 2},
        "seeds": 1,
        "fields": {"loss": {"mean": 0.5, "low": None, "high": None}},
    }
    assert "borders" not in summary


def test_tables_keep_every_digit_and_read_back(tmp_path: Path) -> None:
    rows: list[tuple[Unit, Record]] = [
        (Unit("one", "m:f", {"seed": 1, "key": "k"}), {"wei": str(10**27), "x": 0.1 + 0.2, "seed": 9, "yes": False}),
        (Unit("two", "m:f", {"seed": 2, "key": "k"}), {"note": 'a,"b"', "list": [1, {"z": None}]}),
    ]
    lines = write_jsonl(tmp_path / "new" / "r.jsonl", rows).read_text().splitlines()
    assert [json.loads(line) for line in lines] == [
        {"key": unit.key, "args": unit.args, "record": record} for unit, record in rows
    ]
    with write_csv(tmp_path / "r.csv", rows).open(newline="") as file:
        header, first, second = csv.reader(file)
    assert header == ["key", "arg.key", "seed", "list", "note", "record.seed", "wei", "x", "yes"]
    assert first == ["one", "k", "1", "", "", "9", str(10**27), "0.30000000000000004", "false"]
    assert second == ["two", "k", "2", '[1,{"z":null}]', 'a,"b"', "", "", "", ""]
