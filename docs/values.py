"""Runs the studies of value agreements and writes docs/values.md and its pictures from their summaries.

python docs/values.py [--results FOLDER]

Nothing in that page is typed in. Takes some minutes; a finished study of the same command is used again.
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import shlex
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

from headwater_agents.values.drawings import drawings
from headwater_agents.values.study import swept_cells
from headwater_agents.values.tables import (
    group_grid,
    markdown,
    overlap_grid,
    quartile_grid,
    single_grid,
    sweep_grid,
)

DOCS = Path(__file__).parent
STUDIES = {
    "evs": "headwater values study evs",
    "wvs": "headwater values study wvs --graph nearest --graph geographic --graph small-world --threshold 1 --thresholds 10 --seeds 3",
    "wvs-40": "headwater values study wvs --graph nearest --threshold 1 --thresholds 4 --reliability 0.4",
    "wvs-80": "headwater values study wvs --graph nearest --threshold 1 --thresholds 4 --reliability 0.8",
    "synthetic": "headwater values study synthetic --threshold 1.5 --thresholds 10 --seeds 3",
}
LARGE = "headwater values form synthetic --agents {agents} --graph {graph} --quantile 0.25 --json"
AGENTS = (1_000, 10_000, 100_000)
GRAPHS = ("geographic", "small-world")

Record = dict[str, Any]


def processor() -> float:
    """Seconds of a processor that ended commands have used: a busy machine does not change them much."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run(results: Path) -> tuple[dict[str, Record], list[Record]]:
    """All studies by name, and the large formations with the processor's seconds they took."""
    binary = Path(sys.executable).with_name("headwater")
    results.mkdir(parents=True, exist_ok=True)
    found: dict[str, Record] = {}
    for name, command in STUDIES.items():
        folder = results / name
        kept = folder / "summary.json"
        if not kept.is_file():
            print(command, file=sys.stderr)
            subprocess.run(
                [binary, *shlex.split(command)[1:], "--out", str(folder)], check=True, stdout=subprocess.DEVNULL
            )
        found[name] = json.loads(kept.read_text())
    large = []
    for graph in GRAPHS:
        for agents in AGENTS:
            kept = results / f"large-{graph}-{agents}.json"
            command = LARGE.format(agents=agents, graph=graph)
            if not kept.is_file():
                print(command, file=sys.stderr)
                start = processor()
                out = subprocess.run([binary, *shlex.split(command)[1:]], check=True, capture_output=True, text=True)
                record = json.loads(out.stdout)
                sizes = [len(each["members"]) for each in record.pop("agreements")]
                record |= {"seconds": processor() - start, "groups": len(sizes), "largest": max(sizes)}
                kept.write_text(json.dumps(record))
            large.append({"agents": agents, "graph": graph, "command": command, **json.loads(kept.read_text())})
    return found, large


def table(grid: Any) -> list[str]:
    """A table with its note."""
    return ["", *markdown(grid), "", grid.note, ""]


def evs_lines(record: Record) -> list[str]:
    """The European part."""
    middle = next(one for one in record["single"]["consensus"] if one["name"] == "2")
    shown = record["shown"]
    here = next(c for c in swept_cells(record, shown["graph"]) if c["threshold"] == shown["threshold"])["fields"]
    counts = [int(c["fields"]["agreements"]["mean"]) for c in swept_cells(record, shown["graph"])]
    back = any(later > earlier for earlier, later in pairwise(counts))
    return [
        "## Thirty-four countries",
        "",
        f"    {STUDIES['evs']}",
        "",
        f"At threshold {shown['threshold']:.3g} ({record['settings']['norm']}; the first decile of pairwise distance) "
        f"{here['agreements']['mean']:.0f} agreements form on the {shown['graph']} graph, {here['alone']['mean']:.0f} of them of one "
        f"member. People's mean utility is {here['mean']['mean']:.3f} ({here['joined']['mean']:.3f} of those who are not alone); under the one consensus at p = 2 it is {middle['mean']:.3f}. "
        f"The worst-off country has {here['worst']['mean']:.3f} instead of {middle['worst']:.3f} ({middle['worst_agent']}).",
        "",
        "![Countries on a map, coloured by agreement](values-map.svg)",
        "",
        "![Countries on the plane of their values](values-plane.svg)",
        *table(group_grid(record)),
        "### One consensus beside",
        *table(single_grid(record)),
        "### Bounds and graphs",
        *table(quartile_grid(record)),
        "### Over the threshold",
        "",
        "![How groups merge and split over the threshold](values-flow.svg)",
        *table(sweep_grid(record, shown["graph"])),
        "A higher threshold "
        + ("does not always mean fewer agreements" if back else "means fewer agreements here")
        + ": more ties survive the exchange, so larger groups are put one proposal, some members refuse it, and what is left "
        "proposes anew. Read the sweep as a whole, not one row of it.",
        "",
        "### Overlap",
        *table(overlap_grid(record)),
    ]


def wvs_lines(found: dict[str, Record]) -> list[str]:
    """The people's part."""
    record = found["wvs"]
    rows = [
        "| reliability | bounds | agreements | alone | mean utility | worst | Gini |",
        "|---|---|---:|---:|---:|---:|---:|",
    ]
    for name, reliability in (("wvs-40", "0.4"), ("wvs", "0.6"), ("wvs-80", "0.8")):
        for cell in found[name]["cells"]:
            if cell["quantile"] is not None and cell["graph"] == "nearest":
                f = {key: value["mean"] for key, value in cell["fields"].items()}
                rows.append(
                    f"| {reliability} | {100 * cell['quantile']:.0f}% | {f['agreements']:.0f} | {f['alone']:.0f} | {f['mean']:.3f} "
                    f"| {f['worst']:.3f} | {f['gini']:.3f} |"
                )
    return [
        "## 5,381 people",
        "",
        f"    {STUDIES['wvs']}",
        "",
        "![People on the plane of their values](values-wvs-plane.svg)",
        *table(group_grid(record)),
        "![How groups of people merge and split](values-wvs-flow.svg)",
        *table(single_grid(record)),
        *table(quartile_grid(record)),
        *table(overlap_grid(record)),
        "### How much the encoding decides",
        "",
        "The same on the nearest graph with other reliabilities of an answer (`--reliability`):",
        "",
        *rows,
        "",
    ]


def large_lines(found: dict[str, Record], large: list[Record]) -> list[str]:
    """The made-up part."""
    rows = [
        "| agents | graph | agreements | alone | largest | mean utility | worst | seconds |",
        "|---:|---|---:|---:|---:|---:|---:|---:|",
    ]
    for one in large:
        rows.append(
            f"| {one['agents']:,} | {one['graph']} | {one['groups']:,} | {one['alone']:,} | {one['largest']:,} "
            f"| {one['mean']:.3f} | {one['worst']:.3f} | {one['seconds']:.1f} |"
        )
    return [
        "## Made-up populations",
        "",
        f"    {STUDIES['synthetic']}",
        "",
        "Six clusters of values with shares 1, 1/2, 1/3, …, heavy-tailed sizes, three values, three actions; "
        "`agents/headwater_agents/values/synthetic.py` has the formulas.",
        *table(quartile_grid(found["synthetic"])),
        "Larger ones, once each, with bounds at the first quartile; seconds are the processor's for the whole command, start and JSON included:",
        "",
        f"    {LARGE.format(agents='N', graph='GRAPH')}",
        "",
        *rows,
        "",
    ]


def page(found: dict[str, Record], large: list[Record]) -> str:
    """The whole page."""
    lines = [
        "# Values: one consensus, or several agreements",
        "",
        "<!-- Written by docs/values.py from the studies' summaries; do not edit. -->",
        "",
        "Agents declare how much they weigh values and how far they think actions promote them. One consensus for everybody "
        "leaves some far from what they hold. Agreements that form among those who accept each other leave nobody beyond "
        "the bounds it declared, at the price of being several. This page measures both.",
        "",
        "## Method",
        "",
        "A value system is a vector of weights w on the simplex over m values and a matrix M of judgements in [−1, 1], actions by "
        "values. The baseline is the system at the least l_p distance from all, weighted by population (Lera-Leri et al., AAMAS "
        "2022; Knowledge-Based Systems 2024), for p = 1, 2 and ∞ and the transition p, where it is equally far from both ends. "
        "Agreements form after *Decentralized Value Systems Agreements* (arXiv 2603.25811): agents exchange estimates on a social "
        "graph, x_i ← Proj[Σ_j w_ij x_j + α_t ∇u_i(x_i)], with Metropolis weights; a tie lasts while both ends accept each "
        "other's estimate; then each group's optimum is put to its members, and whoever's bound it breaks leaves. "
        "So everybody's own bounds hold for what it signs. SPEC.md states the rules; `headwater.values` is the code.",
        "",
        "* **Bounds** say how far an agreement may be from an agent's own weights, and from its own judgements. They stand at the "
        "quartiles of pairwise distance, or are capped by a threshold that is swept. Distances are l1 sums (`--norm` has others).",
        "* **Utility** of a system to an agent is 1 − ½ (d_w / max d_w + d_M / max d_M), in l1, where max d is the farthest two "
        "systems can be apart: 1 under one's own, 0 under the opposite.",
        "* **Graphs**: everybody knows everybody (complete); the six nearest in values (nearest); the six nearest in place, or in "
        "country, age, degree and gender for people (geographic); a ring in random order with a fifth of its ties thrown anywhere (small-world).",
        "* **Overlap**: an agent signs every agreement that it accepts, and its utility is that of the best of them.",
        "",
        "Where nothing is random there is one figure; on small worlds the mean of several seeds ± half its 95% normal interval.",
        "",
        *evs_lines(found["evs"]),
        *wvs_lines(found),
        *large_lines(found, large),
        "## Data",
        "",
        f"* {found['evs']['society']['source']}. Weights over (religiosity, permissiveness) are the shares of respondents who hold "
        "religion important and not; a judgement is the mean attitude of those who hold the value. The table is in the package, "
        "`agents/headwater_agents/values/data/`, with its columns.",
        f"* {found['wvs']['society']['source']}. `agents/headwater_agents/values/wvs.py` gives the formulas and the reasons.",
        "* Map: Natural Earth, public domain; for orientation only.",
        "* A population of your own: `headwater values data evs --out mine.csv` writes the format; `headwater values study mine.csv` reads it.",
        "",
        "## Without a centre",
        "",
        "`headwater values accord` forms agreements by a process an agent, which exchange packets with their neighbours only, over a "
        "network as bad as you like, with agents that leave, are slow or are killed. In step they end in memory's agreements; what a lag "
        "costs and buys is measured in [accord.md](accord.md).",
        "",
        "## Limits",
        "",
        "* Utility counts distance only. Somebody alone has utility 1 and nobody to act with: read utility beside the number of "
        "agreements, and that of the joined, never by itself.",
        "* Declared values are taken as they are; who gains by declaring others is measured in [lies.md](lies.md).",
        "* 34 countries are aggregates of respondents. A country that signs says nothing about its minorities.",
        "* The survey of people holds one answer, one membership and four facts each. Its systems are three answers by two "
        "memberships with small differences, and the groups largely find these again: it tests the method at size more than "
        "it describes four countries. The data are of 1995 to 1997 and unweighted.",
        "* Results depend on the graph: on sparse ones, groups that would agree may never meet. Intervals are over random graphs, not over respondents.",
        "* The exchange is run for 200 rounds; what is signed is each group's exact optimum, so its rest shows in which ties broke, not in what is signed.",
        "",
        "## Reproduce",
        "",
        "    python docs/values.py",
        "",
        "runs the commands above and writes this page. Every study's folder holds summary.json, cells.csv with all figures, "
        "report.html and the pictures.",
        "",
    ]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines))


def main() -> None:
    """Run what is not known yet, and write the page and its pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, default=Path("runs") / "values")
    options = parser.parse_args()
    found, large = run(options.results)
    for name, svg in drawings(found["evs"]).items():
        (DOCS / f"values-{name}.svg").write_text(svg)
    for name, svg in drawings(found["wvs"]).items():
        (DOCS / f"values-wvs-{name}.svg").write_text(svg)
    (DOCS / "values.md").write_text(page(found, large))
    print(f"wrote {DOCS / 'values.md'}")


if __name__ == "__main__":
    main()
