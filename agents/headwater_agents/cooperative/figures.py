"""Figures of cooperatives, as plotly.js takes them: dots and lines with intervals, and grouped bars."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from headwater.report.plots import PALETTE, Figure, axis, label, layout

Bounds = Mapping[str, float | None]
"""{"mean", "low", "high"}, as `Interval.to_dict` gives; bounds may be None or infinite."""


def colour(index: int) -> str:
    """A colour of the page."""
    return f"@c{index % PALETTE + 1}"


def dots(rows: Mapping[str, Bounds], title: str, *, zero: bool = False) -> Figure | None:
    """One dot a row with its interval, rows down; None without rows."""
    if not rows:
        return None
    names = list(rows)
    found = list(rows.values())
    return {
        "data": [
            {
                "type": "scatter",
                "mode": "markers",
                "x": [each["mean"] for each in found],
                "y": list(range(len(names))),
                "error_x": _bars(found, "@c1"),
                "marker": {"color": "@c1", "size": 9},
                "customdata": [[label(name), _text(each)] for name, each in rows.items()],
                "hovertemplate": "%{customdata[0]}: %{customdata[1]}<extra></extra>",
            }
        ],
        "layout": layout(
            height=90 + 30 * len(names),
            xaxis=axis(title, zeroline=zero, zerolinewidth=2),
            yaxis=axis(
                "",
                tickvals=list(range(len(names))),
                ticktext=[label(name) for name in names],
                range=[len(names) - 0.5, -0.5],
                zeroline=False,
            ),
            margin={"l": 8, "r": 16, "t": 8, "b": 48},
        ),
    }


def lines(xs: Sequence[float], series: Mapping[str, Sequence[Bounds]], across: str, up: str) -> Figure | None:
    """One line a series over the same xs, with intervals; None without a series or a point."""
    if not series or not xs:
        return None
    return {
        "data": [
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": label(name),
                "x": list(xs),
                "y": [each["mean"] for each in points],
                "error_y": _bars(points, f"{colour(index)}/0.5"),
                "line": {"color": colour(index), "width": 2},
                "customdata": [[label(name), _text(each)] for each in points],
                "hovertemplate": "%{customdata[0]} at %{x}: %{customdata[1]}<extra></extra>",
            }
            for index, (name, points) in enumerate(series.items())
        ],
        "layout": layout(
            height=380,
            showlegend=len(series) > 1,
            legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
            xaxis=axis(across),
            yaxis=axis(up, zeroline=True, zerolinewidth=1.5),
        ),
    }


def bars(names: Sequence[str], series: Mapping[str, Sequence[Bounds]], up: str) -> Figure | None:
    """Bars for every name, side by side one a series, with intervals; None without a name or a series."""
    if not series or not names:
        return None
    return {
        "data": [
            {
                "type": "bar",
                "name": label(name),
                "x": [label(each) for each in names],
                "y": [each["mean"] for each in values],
                "error_y": _bars(values, "@ink/0.5"),
                "marker": {"color": colour(index)},
                "customdata": [[label(name), _text(each)] for each in values],
                "hovertemplate": "%{x}, %{customdata[0]}: %{customdata[1]}<extra></extra>",
            }
            for index, (name, values) in enumerate(series.items())
        ],
        "layout": layout(
            height=400,
            barmode="group",
            showlegend=len(series) > 1,
            legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
            xaxis=axis("", type="category", showgrid=False),
            yaxis=axis(up, zeroline=True, zerolinewidth=1.5),
        ),
    }


def _bars(found: Sequence[Bounds], shade: str) -> dict[str, Any]:
    return {
        "type": "data",
        "symmetric": False,
        "array": [_gap(each["mean"], each["high"]) for each in found],
        "arrayminus": [_gap(each["low"], each["mean"]) for each in found],
        "color": shade,
        "thickness": 1.5,
        "width": 3,
    }


def _gap(low: float | None, high: float | None) -> float:
    # A single seed gives no interval: no bar is drawn.
    return 0.0 if low is None or high is None or not math.isfinite(high - low) else high - low


def _text(each: Bounds) -> str:
    mean, low, high = each["mean"], each["low"], each["high"]
    if mean is None:
        return "–"
    if low is None or high is None or not math.isfinite(high - low):
        return f"{mean:.4g}"
    return f"{mean:.4g} [{low:.4g}, {high:.4g}]"
