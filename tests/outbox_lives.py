"""One life of an agent from `crash_scenarios`, as a crash server runs it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from crash_scenarios import SCENARIOS
from outbox_rig import new_rig


def live(about: dict[str, Any]) -> None:
    """Play a scenario on a node, with the agent's file in a folder."""
    with new_rig(about["url"], Path(about["folder"]), ready=True) as rig:
        SCENARIOS[about["scenario"]].life(rig)
