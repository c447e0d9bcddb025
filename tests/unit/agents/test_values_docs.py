"""docs/values.md says what the studies say: its cheap part is made again and compared with the committed page."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

import pytest

from headwater_agents.values.drawings import drawings
from headwater_agents.values.evs import load_evs
from headwater_agents.values.study import StudySettings, study
from headwater_agents.values.tables import group_grid, markdown, quartile_grid, single_grid, sweep_grid

DOCS = Path(__file__).resolve().parents[3] / "docs"


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(DOCS))
    monkeypatch.delitem(sys.modules, "values", raising=False)
    return importlib.import_module("values")


def test_the_countries_part_of_the_page_is_what_the_study_gives(script: ModuleType) -> None:
    page = (DOCS / "values.md").read_text()
    record = study(load_evs(), StudySettings(graphs=("nearest",)))
    tables = [grid(record) for grid in (single_grid, group_grid, quartile_grid)]
    for grid in (*tables, sweep_grid(record, "nearest")):
        rows = markdown(grid)[2:]
        assert rows
        for row in rows:
            assert row in page
    for command in script.STUDIES.values():
        assert command.startswith("headwater values study ")
    assert script.STUDIES["evs"] in page
    for name, picture in drawings(record).items():
        assert (DOCS / f"values-{name}.svg").read_text() == picture
        assert f"(values-{name}.svg)" in page
