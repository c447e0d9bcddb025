"""docs/learning.md says what its studies found, and the code still finds it."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

DOCS = Path(__file__).resolve().parents[3] / "docs"


@pytest.fixture(scope="module")
def learning() -> ModuleType:
    spec = importlib.util.spec_from_file_location("learning_page", DOCS / "learning.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def figures() -> dict[str, Any]:
    return json.loads((DOCS / "learning.json").read_text(encoding="utf-8"))


def test_page_and_pictures_are_written_from_the_kept_figures(learning: ModuleType, figures: dict[str, Any]) -> None:
    for path, text in learning.written(figures):
        assert path.read_text(encoding="utf-8") == text, f"{path.name}: run python docs/learning.py --render"


def test_the_page_is_of_the_whole_studies_not_of_a_trial(learning: ModuleType, figures: dict[str, Any]) -> None:
    assert not figures["quick"]
    for name, words in learning.commands(quick=False).items():
        said = figures["studies"][name]["command"].removeprefix("headwater learn ")
        for option, value in zip(words.split()[1::2], words.split()[2::2], strict=False):
            assert f"{option} {value}" in said, name


def test_a_short_play_gives_what_it_gave_when_the_page_was_written(
    learning: ModuleType, figures: dict[str, Any]
) -> None:
    for arm, then in figures["probe"].items():
        now = learning.probe()[arm]
        assert now["quality"] == pytest.approx(then["quality"], rel=1e-4, abs=1e-6), arm
        assert now["shares"] == pytest.approx(then["shares"], rel=1e-3, abs=1e-4), arm


def test_every_command_of_the_page_is_one_that_the_command_line_knows(learning: ModuleType) -> None:
    page = (DOCS / "learning.md").read_text(encoding="utf-8")
    named = [line.split()[2] for line in page.splitlines() if line.startswith("    headwater learn ")]
    assert named
    assert set(named) <= set(learning.learn_group.commands)
