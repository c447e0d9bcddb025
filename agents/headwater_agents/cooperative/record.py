"""Rounds on disk, so that anybody can check a decision of credit: one file of lines a cooperative."""

from __future__ import annotations

from pathlib import Path

from headwater_agents.cooperative.trial import Setting
from headwater_agents.cooperative.whole import Whole


def keep_run(folder: Path, setting: Setting, seed: int) -> None:
    """Train the project's arm of a seed once more and keep its rounds."""


def keep_season(folder: Path, whole: Whole) -> None:
    """Keep every cooperative's rounds."""
