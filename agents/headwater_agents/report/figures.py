"""Figures of a trial and of sweeps, as plotly.js takes them; see headwater.report.plots for their colours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from headwater.report.plots import Figure, axis, label, layout
from headwater_agents.report.scale import marks, place
from headwater_agents.report.words import (
    VERDICTS,
    Cell,
    cells_of,
    gain,
    has_shares,
    interval,
    percent,
    row_label,
    verdict_of,
)

COLOURS: Final = {"profitable": "@bad", "undecided": "@c7", "neutral": "@soft", "deterred": "@good"}

_SYMBOLS: Final = ("circle", "diamond-open")
_APART: Final = 0.36
_SCALE: Final = [[0, "rgba(20,120,70,0.85)"], [0.5, "rgba(128,128,128,0.06)"], [1, "rgba(190,30,25,0.85)"]]


def forest_figure(summary: Mapping[str, Any], mechanism: str) -> Figure | None:
    """Gains on a mechanism with their intervals, attacks down, worlds as shapes; None if nothing was played."""
    shares = has_shares(summary)
    worlds = summary["trial"]["worlds"]
    rows = list(dict.fromkeys(row_label(cell, shares) for cell in cells_of(summary, mechanism, worlds[0])))
    traces = [
        trace
        for index in range(len(worlds))
        for said in VERDICTS
        if (trace := _forest_trace(summary, mechanism, index, said, rows)) is not None
    ]
    if not traces:
        return None
    ends = [end for trace in traces for end in trace.pop("ends")]
    at, texts = marks(ends)
    return {
        "data": traces,
        "layout": layout(
            height=120 + (18 + 6 * len(worlds)) * len(rows),
            showlegend=True,
            legend={"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom"},
            hovermode="closest",
            xaxis=axis("gain per unit staked", tickvals=at, ticktext=texts, zeroline=True, zerolinewidth=2),
            yaxis=axis(
                "",
                tickvals=list(range(len(rows))),
                ticktext=[label(row) for row in rows],
                range=[len(rows) - 0.3, -0.7],
                zeroline=False,
            ),
            margin={"l": 8, "r": 16, "t": 8, "b": 48},
        ),
    }


def _forest_trace(
    summary: Mapping[str, Any], mechanism: str, index: int, said: str, rows: Sequence[str]
) -> dict[str, Any] | None:
    """Gains of one verdict in one world; worlds of a row stand a little apart."""
    worlds = summary["trial"]["worlds"]
    world, shift = worlds[index], _APART * (index - (len(worlds) - 1) / 2)
    cells = [cell for cell in cells_of(summary, mechanism, world) if verdict_of(cell) == said]
    if not cells:
        return None
    found = [gain(cell) or {} for cell in cells]
    bounds = [[each["mean"] if each[end] is None else each[end] for each in found] for end in ("low", "mean", "high")]
    low, mean, high = ([place(value) for value in values] for values in bounds)
    shares = has_shares(summary)
    return {
        "type": "scatter",
        "mode": "markers",
        "name": f"{said}, {world}" if len(worlds) > 1 else said,
        "x": mean,
        "y": [rows.index(row_label(cell, shares)) + shift for cell in cells],
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [top - middle for top, middle in zip(high, mean, strict=True)],
            "arrayminus": [middle - bottom for bottom, middle in zip(low, mean, strict=True)],
            "color": COLOURS[said],
            "thickness": 1.5,
            "width": 3,
        },
        "marker": {
            "color": COLOURS[said],
            "symbol": _SYMBOLS[index % 2],
            "size": 9,
            "line": {"width": 1.5, "color": COLOURS[said]},
        },
        "customdata": [
            [label(row_label(cell, shares)), interval(each), said, world]
            for cell, each in zip(cells, found, strict=True)
        ],
        "hovertemplate": "%{customdata[0]}, %{customdata[3]}: %{customdata[1]} % of stake, "
        "%{customdata[2]}<extra></extra>",
        "ends": [value for values in bounds for value in values],
    }


def map_figures(sweep: Mapping[str, Any]) -> list[tuple[str, Figure]]:
    """A sweep's gains as maps over its first two axes of numbers, one for every point of the others: (title, figure).

    With a single such axis it is a line. Empty if the sweep has no gains or no such axis.
    """
    cells = [cell for cell in sweep["cells"] if cell.get("gain")]
    names = list(sweep["cells"][0]["args"]) if sweep["cells"] else []
    axes = [name for name in names if _varies(cells, name)]
    if not cells or not axes:
        return []
    across, down = axes[0], axes[1] if len(axes) > 1 else None
    panels: dict[str, list[Cell]] = {}
    for cell in cells:
        rest = [name for name in names if name not in (across, down)]
        panels.setdefault(", ".join(f"{name} {cell['args'][name]}" for name in rest), []).append(cell)
    most = max(abs(place(cell["gain"]["mean"])) for cell in cells) or 1.0
    if down is None:
        return [(title, _line(across, panel)) for title, panel in panels.items()]
    return [(title, _heatmap(across, down, panel, most)) for title, panel in panels.items()]


def _varies(cells: Sequence[Cell], name: str) -> bool:
    values = [cell["args"][name] for cell in cells]
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
    return numbers and len(set(values)) > 1


def _heatmap(across: str, down: str, cells: Sequence[Cell], most: float) -> Figure:
    xs, ys = (sorted({cell["args"][name] for cell in cells}) for name in (across, down))
    by_place = {(cell["args"][across], cell["args"][down]): cell["gain"] for cell in cells}
    grid = [[by_place.get((x, y)) for x in xs] for y in ys]
    return {
        "data": [
            {
                "type": "heatmap",
                "x": [f"{x:g}" for x in xs],
                "y": [f"{y:g}" for y in ys],
                "z": [[None if found is None else place(found["mean"]) for found in row] for row in grid],
                "zmin": -most,
                "zmax": most,
                "colorscale": _SCALE,
                "showscale": False,
                "xgap": 2,
                "ygap": 2,
                "text": [[_map_text(found) for found in row] for row in grid],
                "texttemplate": "%{text}",
                "textfont": {"color": "@ink", "size": 12},
                "customdata": [["" if found is None else interval(found) for found in row] for row in grid],
                "hovertemplate": f"{label(across)} %{{x}}, {label(down)} %{{y}}: "
                "%{customdata} % of stake<extra></extra>",
            }
        ],
        "layout": layout(
            height=110 + 44 * len(ys),
            xaxis=axis(label(across), type="category", showgrid=False),
            yaxis=axis(label(down), type="category", showgrid=False),
        ),
    }


def _map_text(found: Mapping[str, Any] | None) -> str:
    """The mean in percent; in brackets where its sign is not established."""
    if found is None:
        return ""
    known = found["established"] and found["verdict"] != "neutral"
    return percent(found["mean"]) if known else f"({percent(found['mean'])})"


def _line(across: str, cells: Sequence[Cell]) -> Figure:
    ordered = sorted(cells, key=lambda cell: float(cell["args"][across]))
    found = [cell["gain"] for cell in ordered]
    bounds = [[each["mean"] if each[end] is None else each[end] for each in found] for end in ("low", "mean", "high")]
    low, mean, high = ([place(value) for value in values] for values in bounds)
    at, texts = marks(value for values in bounds for value in values)
    return {
        "data": [
            {
                "type": "scatter",
                "mode": "lines+markers",
                "x": [cell["args"][across] for cell in ordered],
                "y": mean,
                "error_y": {
                    "type": "data",
                    "symmetric": False,
                    "array": [top - middle for top, middle in zip(high, mean, strict=True)],
                    "arrayminus": [middle - bottom for bottom, middle in zip(low, mean, strict=True)],
                    "color": "@c1/0.6",
                    "width": 3,
                },
                "line": {"color": "@c1", "width": 2},
                "customdata": [interval(each) for each in found],
                "hovertemplate": f"{label(across)} %{{x}}: %{{customdata}} % of stake<extra></extra>",
            }
        ],
        "layout": layout(
            height=320,
            xaxis=axis(label(across)),
            yaxis=axis("gain per unit staked", tickvals=at, ticktext=texts, zeroline=True, zerolinewidth=2),
        ),
    }
