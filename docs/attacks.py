"""Plays every attack and writes docs/attacks.md and its pictures from the results: no figure in that page is typed in.

python docs/attacks.py [--quick] [--jobs N] [--results FOLDER] [--pages FOLDER]

What is done is kept in the results' folder, so that it may be broken off and begun anew. --quick plays a few short
games to see that everything works; its page goes to the results' folder.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from attacks_page import in_short, open_list, page
from attacks_svg import forest, maps

from headwater_agents.lab.campaign import code_version
from headwater_agents.report.words import verdict_of

DOCS = Path(__file__).parent
SWEEPS = ("skim", "stake-and-quality")
OPEN, CLOSE = "<!-- attacks: written by docs/attacks.py -->\n", "\n<!-- /attacks -->"


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """What is played. Seeds are plays of each attack in each world, rounds questions a play."""

    seeds: int = 12
    rounds: int = 150
    rival_seeds: int = 8
    rival_rounds: int = 60
    border_shares: tuple[float, ...] = (0.01, 0.1, 0.3, 0.6)
    border_seeds: int = 6
    most_borders: int = 40
    adaptive: tuple[str, ...] = ("skim", "evasion", "kickback", "ring")
    adaptive_sets: int = 12
    adaptive_seeds: int = 8
    clone_seeds: int = 12
    sweep_seeds: int | None = None


QUICK = Parameters(
    seeds=2,
    rounds=10,
    rival_seeds=2,
    rival_rounds=5,
    border_seeds=2,
    adaptive=("skim",),
    adaptive_sets=8,
    adaptive_seeds=2,
    clone_seeds=2,
    sweep_seeds=1,
)


@dataclass(frozen=True)
class Study:
    """Commands that are run, and the results they left."""

    parameters: Parameters
    results: Path
    jobs: int | None
    commands: dict[str, str] = field(default_factory=dict)

    def attack(self, name: str, *words: str) -> dict[str, Any]:
        """`headwater attack` into a folder of that name; its summary."""
        self._run(name, "attack", *words, "--out", str(self.results / name))
        return json.loads((self.results / name / "summary.json").read_text())

    def sweep(self, name: str) -> dict[str, Any]:
        """`headwater sweep` of a file, into the folder whose report shows it as a map; its summary."""
        file = DOCS / "sweeps" / f"{name}.toml"
        if self.parameters.sweep_seeds is not None:
            text = re.sub(r"^seeds = \d+", f"seeds = {self.parameters.sweep_seeds}", file.read_text(), flags=re.M)
            file = self.results / f"{name}.toml"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(re.sub(r"^questions = .*", "questions = [5, 10]", text, flags=re.M))
        out = self.results / "headwater" / "sweeps" / name
        shown = file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file
        self._run(name, "sweep", str(shown), "--out", str(out))
        return json.loads((out / "summary.json").read_text())

    def clones(self) -> dict[str, Any]:
        """The study of clones; played again only if our code is another."""
        words = ["-m", "headwater_agents.lab.clones", "--seeds", str(self.parameters.clone_seeds), "--json"]
        self.commands["clones"] = shlex.join(["python", *words])
        path = self.results / f"clones-{self.parameters.clone_seeds}-{code_version()}.json"
        if not path.is_file():
            print("clones", file=sys.stderr)
            path.write_text(subprocess.run([sys.executable, *words], check=True, capture_output=True, text=True).stdout)
        return json.loads(path.read_text())

    def _run(self, name: str, *words: str) -> None:
        self.commands[name] = shlex.join(["headwater", *words])
        print(self.commands[name], file=sys.stderr)
        jobs = ["--jobs", str(self.jobs)] if self.jobs else []
        binary = Path(sys.executable).with_name("headwater")
        # Tables are for people; plays that failed (exit code 1) are told on the page.
        code = subprocess.run([binary, *words, *jobs], stdout=subprocess.DEVNULL).returncode
        if code not in (0, 1):
            raise SystemExit(code)


def run(study: Study) -> dict[str, Any]:
    """Play everything; all results by name."""
    chosen = study.parameters
    found: dict[str, Any] = {name: study.sweep(name) for name in SWEEPS}
    size = ["--seeds", str(chosen.seeds), "--rounds", str(chosen.rounds)]
    found["headwater"] = study.attack("headwater", "--all", "--world", "both", *size)
    size = ["--seeds", str(chosen.rival_seeds), "--rounds", str(chosen.rival_rounds)]
    found["rivals"] = study.attack("rivals", "--all", "--no-variants", "--rivals", *size)
    found["borders"] = borders(study, found["headwater"])
    size = ["--seeds", str(chosen.adaptive_seeds), "--rounds", str(chosen.rounds)]
    found["adaptive"] = study.attack(
        "adaptive", *chosen.adaptive, "--no-variants", "--adapt", str(chosen.adaptive_sets), *size
    )
    found["clones"] = study.clones()
    return found


def borders(study: Study, summary: dict[str, Any]) -> dict[str, Any] | None:
    """The profitable attacks again, over the coalition's share of all stake; the most profitable first, if many."""
    gains: dict[str, float] = {}
    for cell in summary["cells"]:
        if verdict_of(cell) == "profitable":
            gains[cell["label"]] = max(gains.get(cell["label"], 0.0), cell["fields"]["gain"]["mean"])
    labels = sorted(sorted(gains, key=lambda label: -gains[label])[: study.parameters.most_borders])
    if not labels:
        return None
    chosen = study.parameters
    folder = f"borders-{hashlib.sha256(repr(labels).encode()).hexdigest()[:6]}"
    shares = ",".join(f"{share:g}" for share in chosen.border_shares)
    size = ["--seeds", str(chosen.border_seeds), "--rounds", str(chosen.rounds)]
    found = study.attack(folder, *labels, "--no-variants", "--world", "both", "--stake-share", shares, *size)
    study.commands["borders"] = study.commands.pop(folder)
    return found


def main() -> None:
    """Play what is not known yet, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few and short games, to see that everything works")
    parser.add_argument("--jobs", type=int, default=None, help="processes; default: one for each core")
    parser.add_argument("--results", type=Path, default=None, help="default: runs/attacks, or runs/attacks-quick")
    parser.add_argument("--pages", type=Path, default=None, help="default: docs, or the results' folder if --quick")
    options = parser.parse_args()
    results = options.results or Path("runs") / ("attacks-quick" if options.quick else "attacks")
    pages = options.pages or (results if options.quick else DOCS)
    study = Study(QUICK if options.quick else Parameters(), results, options.jobs)
    found = run(study)
    pages.mkdir(parents=True, exist_ok=True)
    (pages / "attacks.svg").write_text(forest(found["headwater"]))
    (pages / "skim.svg").write_text(maps(found["skim"], "fraction", "provider.elasticity", "provider.leave_rate"))
    (pages / "stake.svg").write_text(
        maps(found["stake-and-quality"], "stake_share", "world_settings.quality", "attack")
    )
    (pages / "attacks.md").write_text(page(found, study.commands))
    print(f"wrote {pages / 'attacks.md'}")
    if pages == DOCS:
        for name, lines in (("README.md", in_short(found)), ("SPEC.md", open_list(found))):
            put(DOCS.parent / name, lines)
            print(f"wrote the block in {name}")


def put(path: Path, lines: list[str]) -> None:
    """Replace what stands between a page's markers."""
    before, rest = path.read_text().split(OPEN)
    _, after = rest.split(CLOSE)
    path.write_text("\n".join([before + OPEN, *lines, CLOSE + after]))


if __name__ == "__main__":
    main()
