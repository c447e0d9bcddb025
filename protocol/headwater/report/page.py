"""report.html: a run on one page that opens offline.

Everything is inside: style, script, figures and plotly.js. A content security policy forbids the page every request, so
that this stays true whatever a run's names say.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

from plotly.offline import get_plotlyjs

from headwater.report.amounts import tokens, wei
from headwater.report.grids import Grid, summary_grids, verdict
from headwater.report.plots import Figure, calibration_figures, emission_figure, provider_figure, sankey_figure

POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; "
    "base-uri 'none'; form-action 'none'"
)
"""What the page may load: nothing that is not in it."""


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
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{escape(POLICY)}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="color-scheme" content="light dark">',
        f"<title>{escape(title)}</title><style>{_asset('page.css')}</style></head><body><main>",
        _head(summary),
        _tiles(summary),
        _section(
            "Emission",
            "Cumulative net emission of every forecaster: what its forecasts earned over the public odds, less losses "
            "and rent, in tokens. Dotted: bots that know nothing of their own.",
            _plot("emission", emission, "Cumulative net emission per forecaster", "No question has been settled."),
            _table(grids["Forecasters"]),
            _table(grids["Where their nets went"]),
        ),
        _section(
            "Calibration",
            _calibration_note(world["outcomes"]),
            '<div class="panels">'
            + "".join(
                f"<div><h3>{escape(name)}</h3>"
                + _plot(f"calibration-{index}", figure, f"Calibration of {name}", "")
                + "</div>"
                for index, (name, figure) in enumerate(calibration)
            )
            + "</div>"
            if calibration
            else _empty("No revealed forecast has an outcome yet."),
        ),
        _section(
            "Cascade",
            "Emission from the treasury to forecasters, and what they and the aggregators passed on, in tokens. What a "
            "bar takes in and does not pass on, its owner keeps, or an escrow still holds.",
            _plot("cascade", sankey, "Sankey diagram of the cascade", "No money has moved yet.", wide=True),
        ),
        _section(
            "Providers",
            "What each was paid against what its own forecast knew beyond the public odds. Bars: 95% intervals.",
            _plot("providers", providers, "Paid against measured information", "There are no providers.", wide=True),
            _table(grids["Providers and aggregators"]),
        ),
        _section(
            "Books", "", *(_table(grids[name]) for name in ("Treasury", "Audit", "Gas", "Unclaimable") if name in grids)
        ),
        _section("This run", "", _parameters(summary)),
        "</main>",
        f"<script>{get_plotlyjs()}</script>",
        f"<script>{_asset('page.js')}</script>",
        "</body></html>\n",
    ]
    return "\n".join(parts)


def write_page(folder: Path, summary: Mapping[str, Any]) -> Path:
    """Writes RUN/report.html and returns its path."""
    path = Path(folder) / "report.html"
    path.write_text(render_page(summary), encoding="utf-8", newline="\n")
    return path


@lru_cache
def _asset(name: str) -> str:
    return files("headwater.report").joinpath("assets", name).read_text(encoding="utf-8")


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
    tiles = [
        ("Emitted to forecasters", tokens(wei(treasury["emitted_wei"]), 2), "tokens"),
        ("Recycled", tokens(wei(treasury["recycled_wei"]), 2), "tokens of losses and rent"),
        ("Paid to members", tokens(paid["member"], 2), "tokens"),
        ("Kept by aggregators", tokens(paid["aggregator"], 2), "tokens"),
    ]
    if best is not None:
        edge = {
            key: "–" if value is None else f"{100 * value:.2f}".replace("-", "−") for key, value in best["edge"].items()
        }
        tiles.append(("Best edge a question", f"{edge['mean']}%", f"{best['name']}, [{edge['low']}, {edge['high']}]"))
    cells = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(figure)}<small>{escape(unit)}</small></dd></div>"
        for name, figure, unit in tiles
    )
    return f"<dl class=tiles>{cells}</dl>"


def _calibration_note(outcomes: list[Any]) -> str:
    what = f"probability of “{outcomes[1]}”" if len(outcomes) == 2 else "probabilities of all outcomes"
    return (
        f"Forecast {what} against how often it happened, in tenths. Filled: the forecaster; open grey: the public odds "
        "on the same questions. Lines: Wilson's 95% intervals; bars: forecasts in each tenth."
    )


def _section(title: str, note: str, *content: str) -> str:
    lead = f"<p class=note>{escape(note)}</p>" if note else ""
    return f"<section><h2>{escape(title)}</h2>{lead}{''.join(content)}</section>"


def _empty(text: str) -> str:
    return f"<p class=empty>{escape(text)}</p>"


def _plot(key: str, figure: Figure | None, label: str, empty: str, *, wide: bool = False) -> str:
    if figure is None:
        return _empty(empty)
    # Inside a script element only "<" can end or open anything; the two separators are not allowed in older scripts.
    data = json.dumps(figure, separators=(",", ":"), allow_nan=False)
    for character in "<>&\u2028\u2029":
        data = data.replace(character, f"\\u{ord(character):04x}")
    height = figure["layout"]["height"]
    return (
        f'<div class="scroll{" wide" if wide else ""}"><div class=plot id="{key}" style="height:{height}px" role=img '
        f'aria-label="{escape(label)}"></div></div><script type="application/json" data-plot="{key}">{data}</script>'
    )


def _table(grid: Grid) -> str:
    def cell(tag: str, index: int, text: str) -> str:
        return f"<{tag}{' class=figure' if index >= grid.texts else ''}>{escape(text)}</{tag}>"

    head = "".join(cell("th", index, text) for index, text in enumerate(grid.columns))
    body = "".join(
        f"<tr{' class=failed' if number in grid.failed else ''}>"
        + "".join(cell("td", index, text) for index, text in enumerate(row))
        + "</tr>"
        for number, row in enumerate(grid.rows)
    )
    few = " class=few" if len(grid.columns) < 3 else ""
    return (
        f"<h3>{escape(grid.title)}</h3><p class=note>{escape(grid.note)}</p>"
        f"<div class=scroll><table{few}><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _parameters(summary: Mapping[str, Any]) -> str:
    groups = {
        "Command": {"command": summary.get("command", ""), "seed": summary.get("seed", "")},
        "World": {key: value for key, value in summary["world"].items() if value is not None},
        "Parameters": summary["parameters"],
        "Chain and versions": {**summary["chain"], "headwater": summary["headwater"], **summary.get("versions", {})},
    }
    return "".join(
        f"<details{' open' if title == 'Command' else ''}><summary>{escape(title)}</summary><dl class=facts>"
        + "".join(f"<dt>{escape(str(key))}</dt><dd>{escape(_text(value))}</dd>" for key, value in group.items())
        + "</dl></details>"
        for title, group in groups.items()
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
