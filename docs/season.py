"""Plays a long season and writes docs/season.md and its pictures from the summary: nothing in that page is typed in.

python docs/season.py [--questions 1500] [--run FOLDER]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path
from typing import Any

from headwater.report import read_summary

PAGE = Path(__file__).with_name("season.md")
COMMAND = "headwater run --questions {questions} --baselines --seed 1 --out {folder}"


def tokens(wei: str | int) -> str:
    """Whole tokens."""
    return f"{int(wei) / 10**18:,.0f}"


def bracket(low: float | None, high: float | None, places: int) -> str:
    """An interval, or a dash."""
    return "–" if low is None or high is None else f"[{low:.{places}f}, {high:.{places}f}]"


def forecasters(summary: dict[str, Any]) -> list[str]:
    """Table of everybody who stakes."""
    rows = [
        "| forecaster | staked on | log loss | public odds' | edge, % of a unit wager | 95% | wagered | net | net's 95% | rent | to stake | released | debt |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for one in summary["forecasters"]:
        edge = one["edge"]
        low, high = (int(bound) / 10**18 for bound in one["net_interval_wei"])
        rows.append(
            f"| {one['name']} | {one['questions']:,} | {one['log_loss']:.4f} | {one['climatology_log_loss']:.4f} "
            f"| {100 * edge['mean']:.2f} | {bracket(100 * edge['low'], 100 * edge['high'], 2)} "
            f"| {tokens(one['wagered_wei'])} | {tokens(one['net_wei'])} | [{low:,.0f}, {high:,.0f}] | {tokens(one['rent_wei'])} "
            f"| {tokens(one['stake_change_wei'])} | {tokens(one['released_wei'])} | {tokens(one['debt_wei'])} |"
        )
    return rows


def providers(summary: dict[str, Any]) -> list[str]:
    """Table of members and aggregators."""
    rows = ["| provider | kind | paid | share | information, nats | 95% |", "|---|---|---|---|---|---|"]
    for one in summary["providers"]:
        told = one["information_nats"]
        rows.append(
            f"| {one['name']} | {one['kind']} | {tokens(one['paid_wei'])} | {100 * one['share']:.1f}% "
            f"| {told['mean']:.4f} | {bracket(told['low'], told['high'], 4)} |"
        )
    return rows


def claims(summary: dict[str, Any]) -> list[str]:
    """What the run shows, each line true or false by its own figures."""
    by_name = {one["name"]: one for one in summary["forecasters"]}
    pooled = [one for one in by_name.values() if one["kind"] == "pooled"]
    copier, last = by_name["odds-copier"], by_name["last-outcome"]
    above = all(one["edge"]["low"] > 0 for one in pooled)
    beaten = all(one["edge"]["mean"] > last["edge"]["mean"] for one in pooled)
    apart = all(one["edge"]["low"] > last["edge"]["high"] for one in pooled)
    exact = int(copier["net_wei"]) == -int(copier["rent_wei"])
    return [
        f"* Every pooled forecaster's 95% interval lies above zero: **{'yes' if above else 'no'}**.",
        f"* Every pooled forecaster beats the last-outcome bot: **{'yes' if beaten else 'no'}**"
        f" (intervals apart: {'yes' if apart else 'no'}).",
        f"* The odds copier ends at minus its rents, to the wei: **{'yes' if exact else 'no'}** "
        f"({copier['net_wei']} wei against −{copier['rent_wei']}).",
        f"* The audit holds to the wei: **{'yes' if summary['audit_ok'] else 'no'}** ({len(summary['audit'])} checks).",
    ]


COLOURS = ("#1f6f8b", "#c8641b", "#2e8b57", "#777777", "#a8324a")


def picture(summary: dict[str, Any]) -> str:
    """Cumulative net of every forecaster over the questions, in thousand tokens, as an SVG."""
    lines: dict[str, list[float]] = {one["name"]: [0.0] for one in summary["forecasters"]}
    for question in summary["questions"]:
        for name, line in lines.items():
            line.append(line[-1] + int(question["nets_wei"].get(name, 0)) / 1e21)
    low, high = min(map(min, lines.values())), max(map(max, lines.values()))
    width, height, left, top = 860, 380, 64, 20
    count = len(summary["questions"])

    def x(index: float) -> float:
        return left + (width - left - 130) * index / count

    def y(value: float) -> float:
        return top + (height - top - 40) * (high - value) / (high - low)

    step = 10 ** len(str(int(high))) / 20
    marks = [step * i for i in range(int(low // step), int(high // step) + 1)]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="system-ui, sans-serif" font-size="12">',
        f'<rect width="{width}" height="{height}" rx="10" fill="#f7f9fa"/>',
    ]
    for mark in marks:
        parts.append(f'<path d="M{left} {y(mark):.1f}H{x(count):.1f}" stroke="#dde3e6"/>')
        parts.append(f'<text x="{left - 6}" y="{y(mark) + 4:.1f}" text-anchor="end" fill="#55606a">{mark:,.0f}</text>')
    for index in range(0, count + 1, max(1, count // 5)):
        parts.append(f'<text x="{x(index):.1f}" y="{height - 20}" text-anchor="middle" fill="#55606a">{index:,}</text>')
    parts.append(f'<text x="{x(count / 2):.1f}" y="{height - 5}" text-anchor="middle" fill="#55606a">question</text>')
    parts.append(f'<text x="{left - 54}" y="14" fill="#55606a">cumulative net, thousand tokens</text>')
    taken: list[float] = []
    coloured = zip(lines.items(), COLOURS, strict=False)
    # From the bottom up, so that names make way for each other without leaving the plot.
    for (name, line), colour in sorted(coloured, key=lambda each: each[0][1][-1]):
        points = " ".join(f"{x(i):.1f},{y(value):.1f}" for i, value in enumerate(line) if i % 5 == 0 or i == count)
        label = y(line[-1]) + 4
        while any(abs(label - other) < 14 for other in taken):
            label -= 14
        taken.append(label)
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.8"/>')
        parts.append(f'<text x="{x(count) + 8:.1f}" y="{label:.1f}" fill="{colour}">{name}</text>')
    return "\n".join([*parts, "</svg>", ""])


def page(summary: dict[str, Any], command: str) -> str:
    """The whole page."""
    world, treasury = summary["world"], summary["treasury"]
    return "\n".join(
        [
            "# A season of 1,500 questions"
            if world["questions"] == 1500
            else f"# A season of {world['questions']:,} questions",
            "",
            "<!-- Written by docs/season.py from the run's summary; do not edit. -->",
            "",
            f"    {command}",
            "",
            f"{world['event'][:1].upper()}{world['event'][1:]}, {world['first']} to {world['last']}: {world['questions']:,} questions, "
            f"{world['scored']:,} with capacity (the others warm the public odds up). Everything went through the "
            "contracts' bytecode on the embedded chain. Source of the data: " + world["source"] + ".",
            "",
            *claims(summary),
            "",
            "![Cumulative net of every forecaster](season.svg)",
            "",
            "Edge is the mean log-growth over the public odds divided by L: what a unit of effective wager earns a question, "
            "before rent. Intervals are block bootstraps. Amounts are tokens; debt is what a stake carries for its escrow at the end.",
            "",
            *forecasters(summary),
            "",
            "What flowed down the cascade, beside what each provider's own forecast was worth over the public odds:",
            "",
            *providers(summary),
            "",
            f"Treasury: {tokens(treasury['minted_wei'])} minted, {tokens(treasury['emitted_wei'])} emitted, "
            f"{tokens(treasury['recycled_wei'])} recycled from losses and rent.",
            "",
        ]
    )


def main() -> None:
    """Play (unless a finished run is named) and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=int, default=1_500)
    parser.add_argument("--run", type=Path, default=None, help="use this finished run of the same command")
    options = parser.parse_args()
    folder = options.run or Path("runs") / f"season-{options.questions}"
    command = COMMAND.format(questions=options.questions, folder=Path("runs") / f"season-{options.questions}")
    if options.run is None:
        binary = Path(sys.executable).with_name("headwater")
        subprocess.run([binary, *command.split()[1:], "--force"], check=True)
    summary = read_summary(folder)
    if summary["world"]["questions"] != options.questions or not summary["parameters"]["baselines"]:
        raise SystemExit(f"{folder} is not a run of: {command}")
    PAGE.write_text(page(summary, command))
    PAGE.with_suffix(".svg").write_text(picture(summary))
    print(f"wrote {PAGE}")


if __name__ == "__main__":
    main()
