"""The documentation says what the commands beside it produce."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def run(*command: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("page", ["docs/gas.py", "docs/readme.py", "docs/coop.py"])
def test_generated_parts_are_up_to_date(page: str) -> None:
    done = run(page, "--check")
    assert done.returncode == 0, done.stderr


def test_the_readme_s_python_runs() -> None:
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), flags=re.DOTALL)
    assert blocks
    done = run("-c", "\n".join(blocks))
    assert done.returncode == 0, done.stderr
    assert "bonded=1000000000000000000000" in done.stdout


def test_the_bargaining_page_s_python_runs() -> None:
    (block,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs/coop.md").read_text(), flags=re.DOTALL)
    done = run("-c", block)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("[4.5, 4.5] 2\n")


def test_every_make_target_that_the_docs_name_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    for page in ("README.md", "CONTRIBUTING.md"):
        named = re.findall(r"(?:`|^    )make ([a-z]+)", (ROOT / page).read_text(), flags=re.MULTILINE)
        assert named
        assert set(named) <= targets


def test_every_file_that_the_spec_names_exists() -> None:
    text = (ROOT / "SPEC.md").read_text()
    for path in set(re.findall(r"`((?:contracts|tests|protocol|docs|agents|deploy)/[\w./-]+)`", text)):
        assert (ROOT / path).exists(), path
