"""A season of real forecasts is the same on both chains in process, to the wei; only gas and hashes are their own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cli_cases import run

QUESTIONS = 24  # four after the warm-up


def _played(chain: str, folder: Path) -> tuple[dict[str, Any], dict[str, list[list[str]]]]:
    """(summary, every row of every event table without its transaction's hash)."""
    outcome = run("run", "--questions", QUESTIONS, "--seed", 3, "--chain", chain, "--out", folder, "--json")
    assert outcome.code == 0
    tables = {}
    for path in sorted((folder / "events").glob("*.csv")):
        head, *rows = [line.split(",") for line in path.read_text().splitlines()]
        place = head.index("tx_hash")
        tables[path.name] = [[word for index, word in enumerate(row) if index != place] for row in rows]
    return outcome.json, tables


@pytest.fixture(scope="module")
def seasons(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[dict[str, Any], dict[str, list[list[str]]]]]:
    root = tmp_path_factory.mktemp("seasons")
    return {chain: _played(chain, root / chain) for chain in ("tester", "revm")}


def test_summaries_differ_in_the_chains_name_and_in_gas_alone(seasons: dict[str, Any]) -> None:
    slow, fast = seasons["tester"][0], seasons["revm"][0]
    assert slow.keys() == fast.keys()
    assert {key for key in slow if slow[key] != fast[key]} == {"chain", "gas"}
    assert (slow["chain"].pop("backend"), fast["chain"].pop("backend")) == ("tester", "revm")
    assert slow["chain"] == fast["chain"]
    assert [(row["operation"], row["count"]) for row in slow["gas"]] == [
        (row["operation"], row["count"]) for row in fast["gas"]
    ]
    assert slow["audit_ok"]


def test_every_event_of_a_season_is_the_same_in_the_same_block_at_the_same_time(seasons: dict[str, Any]) -> None:
    slow, fast = seasons["tester"][1], seasons["revm"][1]
    assert slow == fast
    assert slow["ForecastArena.Settled.csv"]
