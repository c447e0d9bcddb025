"""Plays the studies of bargaining and writes docs/coop.json, docs/coop.md and docs/coop-prices.svg.

python docs/coop.py [--quick] [--part NAME ...]    play the parts (all unless named), keep them, write the page
python docs/coop.py --render                       write the page from docs/coop.json alone
python docs/coop.py --check                        fail if the page is not that of the record
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from learning_svg import lines

from headwater.report.grids import Grid
from headwater_agents.bargaining import Rational, play
from headwater_agents.bargaining.arms import arms, arms_grids
from headwater_agents.bargaining.pairings import pairings, pairings_grids
from headwater_agents.bargaining.studies.lies_study import coop_lies_grids, coop_lies_study
from headwater_agents.bargaining.studies.moving_study import moving_grids, moving_study
from headwater_agents.bargaining.studies.scale import scale_grids, scale_study
from headwater_agents.bargaining.studies.signals import signals_grids, signals_study
from headwater_agents.games import game_from
from headwater_agents.values.tables import markdown

DOCS = Path(__file__).parent
PAGE, FIGURES, PICTURE = DOCS / "coop.md", DOCS / "coop.json", DOCS / "coop-prices.svg"
ROOMS: tuple[tuple[str, dict[str, Any], int], ...] = (
    ("escape-room", {}, 2),
    ("escape-room", {"players": 5, "levers": 2}, 2),
    ("raid", {"boss": 2000}, 12),
    ("raid", {"boss": 2500}, 12),
    ("raid", {"boss": 3000}, 12),
    ("software", {"specification": "intervals"}, 2),
    ("software", {"specification": "rational"}, 2),
)
"""Games of the table of arms, with settings and seeds."""

Part = dict[str, Any]


def _progress(done: int, total: int, text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r{done} of {total}: {text:60.60}", end="", file=sys.stderr)


def part_arms(quick: bool) -> Part:
    """The arms in every game."""
    sections = []
    for name, settings, seeds in ROOMS:
        game = game_from(name, settings)
        many = 2 if quick else seeds
        record = arms(game, [Rational()] * game.players, range(1, 1 + many), progress=_progress)
        given = "".join(f" --set {key}={value}" for key, value in settings.items())
        sections.append({"command": f"headwater coop play {name}{given} --seeds {many}", "grids": arms_grids(record)})
    return {"sections": sections}


def part_talk(_quick: bool) -> Part:
    """The escape room, message by message."""
    told: list[str] = []
    game = game_from("escape-room", {})
    played = play(game, [Rational()] * 2, "full", 1, observe=lambda event: told.append(event.text))
    return {
        "sections": [{"command": "headwater coop play escape-room", "lines": told}],
        "payoffs": [str(wei) for wei in played.payoffs],
    }


def _study(command: str, grids: Callable[[Any], Sequence[Grid]], record: Mapping[str, Any]) -> Part:
    return {"sections": [{"command": command, "grids": list(grids(record))}]}


def part_pairings(quick: bool) -> Part:
    """Who meets whom."""
    tasks, counted = (20, 5) if quick else (200, 40)
    command = f"headwater coop pairings --tasks {tasks} --counted {counted}"
    return _study(command, pairings_grids, pairings(tasks=tasks, counted=counted, seed=1))


def part_prices(quick: bool) -> Part:
    """Prices that move."""
    seeds = 4 if quick else 48
    record = moving_study(seeds=seeds, progress=_progress)
    found = _study(f"headwater coop prices --seeds {seeds}", moving_grids, record)
    rows = record["tables"]["seen"]
    found["seen"] = {
        name: sorted([row["seen"], 100 * row["efficiency"]] for row in rows if row["arm"] == name)
        for name in dict.fromkeys(row["arm"] for row in rows)
    }
    return found


def part_lies(quick: bool) -> Part:
    """Lies, with words alone and with evidence."""
    seeds = 4 if quick else 48
    record = coop_lies_study(seeds=seeds, progress=_progress)
    return _study(f"headwater coop lies --seeds {seeds}", coop_lies_grids, record)


def part_scale(quick: bool) -> Part:
    """20, 100 and 1,000 agents."""
    sizes = (20, 100) if quick else (20, 100, 1_000)
    command = f"headwater coop scale --agents {','.join(map(str, sizes))}"
    return _study(command, scale_grids, scale_study(sizes, progress=_progress))


def part_signals(quick: bool) -> Part:
    """Prices of signals in the cascade."""
    windows, questions = (2, 20) if quick else (8, 60)
    record = signals_study(windows=windows, questions=questions, chain="revm", progress=_progress)
    command = f"headwater coop signals --windows {windows} --questions {questions} --chain revm"
    return _study(command, signals_grids, record)


PARTS: dict[str, Callable[[bool], Part]] = {
    "talk": part_talk,
    "arms": part_arms,
    "pairings": part_pairings,
    "prices": part_prices,
    "lies": part_lies,
    "scale": part_scale,
    "signals": part_signals,
}


def _plain(part: Part) -> Part:
    for section in part["sections"]:
        if "grids" in section:
            section["grids"] = [{**asdict(grid), "failed": sorted(grid.failed)} for grid in section["grids"]]
    return part


def _tables(section: Mapping[str, Any]) -> list[str]:
    found = [f"    {section['command']}", ""]
    if "lines" in section:
        found += [f"    {line}" for line in section["lines"]] + [""]
    for grid in section.get("grids", ()):
        shown = Grid(
            title=grid["title"],
            note=grid["note"],
            columns=tuple(grid["columns"]),
            rows=tuple(map(tuple, grid["rows"])),
            texts=grid["texts"],
        )
        found += [f"**{shown.title}.** {shown.note}", "", *markdown(shown), ""]
    return found


def page(record: Mapping[str, Part]) -> str:
    """The page of a record."""
    text = (DOCS / "coop.in.md").read_text()
    for name, part in record.items():
        block = "\n".join(line for section in part["sections"] for line in _tables(section)).rstrip()
        mark = f"<!-- {name} -->"
        if mark not in text:
            raise SystemExit(f"docs/coop.in.md has no place for the part {name}: {mark}")
        text = text.replace(mark, block)
    return text


def picture(record: Mapping[str, Part]) -> str:
    """What each kind of price keeps of the best, by how much the index says."""
    series = record["prices"]["seen"]
    xs = [float(at) for at, _ in next(iter(series.values()))]
    return lines(
        xs,
        {name: [{"mean": each, "low": None, "high": None} for _, each in values] for name, values in series.items()},
        "Part of the best that both could have had, in percent, by how much of what moves the index shows",
        "percent of what moves that the index shows",
    )


def main() -> None:
    """Play, render or check."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few seeds: to try the script, not to publish")
    parser.add_argument("--part", choices=sorted(PARTS), action="append", help="play this part only; repeatable")
    parser.add_argument("--render", action="store_true", help="play nothing")
    parser.add_argument("--check", action="store_true", help="fail if the page is not that of the record")
    options = parser.parse_args()
    record: dict[str, Part] = json.loads(FIGURES.read_text()) if FIGURES.exists() else {}
    if not options.render and not options.check:
        for name in options.part or PARTS:
            began = time.monotonic()
            record[name] = _plain(PARTS[name](options.quick))
            FIGURES.write_text(json.dumps(record, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
            print(f"{name}: {time.monotonic() - began:.0f} s", file=sys.stderr)
    text, drawn = page(record), picture(record)
    if not options.check:
        PAGE.write_text(text)
        PICTURE.write_text(drawn)
    elif PAGE.read_text() != text or PICTURE.read_text() != drawn:
        sys.exit("docs/coop.md or docs/coop-prices.svg is not what docs/coop.json says: python docs/coop.py --render")


if __name__ == "__main__":
    main()
