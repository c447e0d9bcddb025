"""The worked example of docs/your-own-attack.md does what the page says, run as the page says."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).resolve().parents[2] / "docs" / "your-own-attack.md"


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """A folder with the page's file in it, after the page's command."""
    folder = tmp_path_factory.mktemp("own")
    text = PAGE.read_text(encoding="utf-8")
    (block,) = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    (command,) = re.findall(r"^    (headwater attack .*)$", text, flags=re.MULTILINE)
    (folder / "own.py").write_text(block, encoding="utf-8")
    return folder, run(command, folder)


def run(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    program, *words = shlex.split(command)
    assert program == "headwater"
    start = [sys.executable, "-c", "from headwater_agents.cli import main; main()"]
    environment = {**os.environ, "COLUMNS": "120"}
    return subprocess.run([*start, *words], cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_the_page_s_command_finds_what_the_page_says(
    played: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    folder, done = played
    assert done.returncode == 0, done.stderr
    cells = json.loads((folder / "own/summary.json").read_text())["cells"]
    said = {(cell["label"], cell["mechanism"].rpartition(":")[2]): cell["verdict"] for cell in cells}
    assert said["shout", "LoudestWins"] == "profitable"
    assert said["shout", "headwater"] == "deterred"
    assert said["nothing", "LoudestWins"] == said["nothing", "headwater"] == "neutral"
    assert ("shout/a little", "headwater") in said
    assert "<h3>shout</h3>" in (folder / "own/report.html").read_text()


def test_the_page_s_other_options_work_on_the_file_too(
    played: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    folder, _ = played
    small = "--mechanism own.py:LoudestWins --seeds 2 --rounds 5 --json"
    louder = run(f"headwater attack 'own.py:Shout/a little' {small} --set loudness=0.5 --out louder", folder)
    assert json.loads(louder.stdout)["cells"][0]["parameters"]["loudness"] == 0.5
    shares = run(f"headwater attack own.py:Shout {small} --no-variants --stake-share 0.05,0.2,0.5 --out shares", folder)
    assert [cell["stake_share"] for cell in json.loads(shares.stdout)["cells"]] == [0.05, 0.2, 0.5]
    adapted = run(f"headwater attack 'own.py:Shout/a little' {small} --adapt 8 --jobs 1 --out adapted", folder)
    assert [cell["label"] for cell in json.loads(adapted.stdout)["cells"]] == ["shout/a little", "shout/adapted"]


def test_a_change_to_the_file_plays_its_attack_anew_and_nothing_else(
    played: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    folder, _ = played
    small = "--mechanism torus --seeds 2 --rounds 5 --jobs 1 --out changed"
    first = run(f"headwater attack own.py:Shout --no-variants nothing {small}", folder)
    assert "known already" not in first.stderr
    own = folder / "own.py"
    own.write_text(own.read_text().replace("loudness: float = 1.0", "loudness: float = 0.9"))
    again = run(f"headwater attack own.py:Shout --no-variants nothing {small}", folder)
    assert "4 of 6 plays were known already" in again.stderr
