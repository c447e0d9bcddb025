"""Puts what `make run` prints into README.md, between its markers.

python docs/readme.py [--check] [--run FOLDER]
"""

from __future__ import annotations

import argparse
import io
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from rich.console import Console

from headwater.report import read_summary, summary_tables

README = Path(__file__).parents[1] / "README.md"
OPEN, CLOSE = "<!-- run: written by docs/readme.py -->\n", "<!-- /run -->\n"
SHOWN = ("Forecasters", "Providers and aggregators")


def excerpt(summary: dict[str, Any]) -> str:
    """The tables that README shows, and the audit's verdict, as an indented block."""
    out = io.StringIO()
    console = Console(file=out, width=110, color_system=None)
    for table in summary_tables(summary):
        if str(table.title) in SHOWN:
            console.print(table)
        if str(table.title) == "Audit":
            console.print(str(table.caption))
    lines = [f"    {line.rstrip()}".rstrip() for line in out.getvalue().splitlines()]
    return "\n" + "\n".join(lines).strip("\n") + "\n\n"


def replaced(text: str, block: str) -> str:
    """The README with the block between its markers."""
    before, rest = text.split(OPEN)
    _, after = rest.split(CLOSE)
    return before + OPEN + block + CLOSE + after


def main() -> None:
    """Write, or with --check compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail if README shows something else")
    parser.add_argument("--run", type=Path, default=None, help="use this finished run")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.run or Path(scratch) / "run"
        if options.run is None:
            binary = Path(sys.executable).with_name("headwater")
            command = [binary, "run", "--questions", "120", "--seed", "1", "--out", folder, "--json"]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        text = README.read_text()
        wanted = replaced(text, excerpt(read_summary(folder)))
    if options.check:
        if wanted != text:
            raise SystemExit("README.md does not show what `make run` prints; run python docs/readme.py")
        return
    README.write_text(wanted)


if __name__ == "__main__":
    main()
