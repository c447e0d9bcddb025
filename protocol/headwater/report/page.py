"""report.html: a run on one page that opens offline.

See headwater.report.html for what keeps it so, whatever a run's names say.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

from headwater.report.amounts import tokens, wei
from headwater.report.grids import summary_grids, verdict
from headwater.report.html import document, empty, facts, plot, section, table, tiles
from headwater.report.plots import calibration_figures, emission_figure, provider_figure, sankey_figure


def render_page(summary: Mapping[str, Any]) -> str:
    """The page of a summary (about 5 MB, nearly all of it plotly.js)."""
    world = summary["world"]
    grids = {grid.title: grid for grid in summary_grids(summary)}
    emission = emission_figure(summary)
    calibration = calibration_figures(summary)
    sankey = sankey_figure(summary)
    providers = provider_figure(summary)
    title = f"Headwater: {world['name']}"
    parts = [
        _head(summary),
        _tiles(summary),
        section(
            "Emission",
            "Cumulative net emission of every forecaster: what its forecasts earned over the public odds, less losses "
            "and rent, in tokens. Dotted: bots that know nothing of their own.",
            plot("emission", emission, "Cumulative net emission per forecaster", "No question has been settled."),
            table(grids["Forecasters"]),
            table(grids["Where their nets went"]),
        ),
        section(
            "Calibration",
            _calibration_note(world["outcomes"]),
            '<div class="panels">'
            + "".join(
                f"<div><h3>{escape(name)}</h3>"
                + plot(f"calibration-{index}", figure, f"Calibration of {name}", "")
                + "</div>"
                for index, (name, figure) in enumerate(calibration)
            )
            + "</div>"
            if calibration
            else empty("No revealed forecast has an outcome yet."),
        ),
        section(
            "Cascade",
            "Emission from the treasury to forecasters, and what they and the aggregators passed on, in tokens. What a "
            "bar takes in and does not pass on, its owner keeps, or an escrow still holds.",
            plot("cascade", sankey, "Sankey diagram of the cascade", "No money has moved yet.", wide=True),
        ),
        section(
            "Providers",
            "What each was paid against what its own forecast knew beyond the public odds. Bars: 95% intervals.",
            plot("providers", providers, "Paid against measured information", "There are no providers.", wide=True),
            table(grids["Providers and aggregators"]),
        ),
        section(
            "Books", "", *(table(grids[name]) for name in ("Treasury", "Audit", "Gas", "Unclaimable") if name in grids)
        ),
        section("This run", "", _parameters(summary)),
    ]
    return document(title, parts)


def write_page(folder: Path, summary: Mapping[str, Any]) -> Path:
    """Writes RUN/report.html and returns its path."""
    path = Path(folder) / "report.html"
    path.write_text(render_page(summary), encoding="utf-8", newline="\n")
    return path


def _head(summary: Mapping[str, Any]) -> str:
    world = summary["world"]
    passed, sentence = verdict(summary)
    days = f", {world['first']} to {world['last']}" if world["first"] else ""
    return (
        f"<header><p class=brand>Headwater</p><h1>{escape(_sentence(world['event']))}</h1>"
        f"<p class=lead>{world['questions']:,} questions on {escape(str(world['name']))}{escape(days)}</p>"
        f'<p class="verdict {"passed" if passed else "failed"}" role="status">{escape(sentence)}</p></header>'
    )


def _sentence(text: Any) -> str:
    return str(text)[:1].upper() + str(text)[1:]


def _tiles(summary: Mapping[str, Any]) -> str:
    treasury = summary["treasury"]
    paid = {
        kind: sum(wei(row["paid_wei"]) for row in summary["providers"] if row["kind"] == kind)
        for kind in ("aggregator", "member")
    }
    best = max(
        (row for row in summary["forecasters"] if row["edge"]["mean"] is not None),
        key=lambda row: row["edge"]["mean"],
        default=None,
    )
    rows = [
        ("Emitted to forecasters", tokens(wei(treasury["emitted_wei"]), 2), "tokens"),
        ("Recycled", tokens(wei(treasury["recycled_wei"]), 2), "tokens of losses and rent"),
        ("Paid to members", tokens(paid["member"], 2), "tokens"),
        ("Kept by aggregators", tokens(paid["aggregator"], 2), "tokens"),
    ]
    if best is not None:
        edge = {
            key: "–" if value is None else f"{100 * value:.2f}".replace("-", "−") for key, value in best["edge"].items()
        }
        rows.append(("Best edge a question", f"{edge['mean']}%", f"{best['name']}, [{edge['low']}, {edge['high']}]"))
    return tiles(rows)


def _calibration_note(outcomes: list[Any]) -> str:
    what = f"probability of “{outcomes[1]}”" if len(outcomes) == 2 else "probabilities of all outcomes"
    return (
        f"Forecast {what} against how often it happened, in tenths. Filled: the forecaster; open grey: the public odds "
        "on the same questions. Lines: Wilson's 95% intervals; bars: forecasts in each tenth."
    )


def _parameters(summary: Mapping[str, Any]) -> str:
    groups = {
        "Command": {"command": summary.get("command", ""), "seed": summary.get("seed", "")},
        "World": {key: value for key, value in summary["world"].items() if value is not None},
        "Parameters": summary["parameters"],
        "Chain and versions": {**summary["chain"], "headwater": summary["headwater"], **summary.get("versions", {})},
    }
    return facts(groups, "Command")
