"""A run's figures, as plotly.js takes them: plain dictionaries of data and layout.

A value of a key that ends in "color" may be a colour of the page, written "@name" or "@name/alpha"; the page's script
looks it up in the style sheet, so figures follow its light and dark scheme. Text that came from a run is escaped:
plotly.js reads a few HTML tags in labels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Final

from headwater.report.amounts import as_float, tokens, wei
from headwater.report.stats import cumulative, reliability

Figure = dict[str, Any]
PALETTE: Final = 8
"""Colours @c1 to @c8 of the page."""

BINS: Final = 10
"""Bins of a calibration plot."""

_TREASURY: Final = "treasury"


def label(text: Any) -> str:
    """Text that came from a run, as a figure's label may hold it."""
    # Entities of quotes are not among those plotly.js decodes.
    return escape(str(text), quote=False)


def layout(**changes: Any) -> dict[str, Any]:
    """The layout of every figure, with changes."""
    common: dict[str, Any] = {
        "font": {"family": "inherit", "size": 13, "color": "@ink"},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "margin": {"l": 64, "r": 16, "t": 8, "b": 48},
        "hoverlabel": {"bgcolor": "@card", "bordercolor": "@line", "font": {"color": "@ink"}},
        "showlegend": False,
    }
    return {**common, **changes}


def axis(title: str, **changes: Any) -> dict[str, Any]:
    """An axis of every figure, with changes."""
    common: dict[str, Any] = {
        "title": {"text": title, "standoff": 8, "font": {"size": 13, "color": "@soft"}},
        "gridcolor": "@grid",
        "zerolinecolor": "@line",
        "linecolor": "@line",
        "tickfont": {"color": "@soft"},
        "automargin": True,
        "fixedrange": True,  # a page is scrolled on phones, not its plots zoomed
    }
    return {**common, **changes}


def forecaster_colors(summary: Mapping[str, Any]) -> dict[str, str]:
    """A colour of the page for every forecaster."""
    return {str(row["name"]): f"@c{index % PALETTE + 1}" for index, row in enumerate(summary["forecasters"])}


def emission_figure(summary: Mapping[str, Any]) -> Figure | None:
    """Cumulative net emission of every forecaster over the questions, in tokens; None if nothing was settled."""
    colors = forecaster_colors(summary)
    traces = []
    for row in summary["forecasters"]:
        name = str(row["name"])
        questions = [question for question in summary["questions"] if name in question["nets_wei"]]
        if not questions:
            continue
        totals = cumulative(wei(question["nets_wei"][name]) for question in questions)
        traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                "name": label(name),
                "x": [question["id"] for question in questions],
                "y": [as_float(total) for total in totals],
                "customdata": [
                    [label(name), label(question["day"]), tokens(total)]
                    for question, total in zip(questions, totals, strict=True)
                ],
                "hovertemplate": "%{customdata[0]}: %{customdata[2]}<extra></extra>",
                "line": {
                    "color": colors[name],
                    "width": 2.5 if row["kind"] == "pooled" else 1.75,
                    "dash": "solid" if row["kind"] == "pooled" else "dot",
                },
            }
        )
    if not traces:
        return None
    return {
        "data": traces,
        "layout": layout(
            height=420,
            showlegend=True,
            legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
            hovermode="x unified",
            xaxis=axis("question", showgrid=False),
            yaxis=axis("tokens", zeroline=True, zerolinewidth=1.5),
        ),
    }


def calibration_figures(summary: Mapping[str, Any]) -> list[tuple[str, Figure]]:
    """A reliability diagram for every forecaster with the public odds on the same questions beside it: (name, figure).

    With two outcomes the probability is that of the second one; with more, every outcome's probability counts beside
    whether it happened.
    """
    colors = forecaster_colors(summary)
    figures = []
    for row in summary["forecasters"]:
        name = str(row["name"])
        questions = [
            question
            for question in summary["questions"]
            if question["outcome"] is not None and question["forecasts"].get(name) is not None
        ]
        if questions:
            figures.append((name, _calibration(name, colors[name], questions)))
    return figures


def _pairs(questions: Sequence[Mapping[str, Any]], odds: Sequence[Sequence[float]]) -> tuple[list[float], list[bool]]:
    probabilities: list[float] = []
    happened: list[bool] = []
    for question, row in zip(questions, odds, strict=True):
        for outcome in range(len(row)) if len(row) > 2 else (1,):
            probabilities.append(float(row[outcome]))
            happened.append(question["outcome"] == outcome)
    return probabilities, happened


def _calibration(name: str, color: str, questions: Sequence[Mapping[str, Any]]) -> Figure:
    series = (
        ("public odds", "@soft", "circle-open", [question["odds"] for question in questions]),
        (name, color, "circle", [question["forecasts"][name] for question in questions]),
    )
    traces: list[dict[str, Any]] = [
        {
            "type": "scatter",
            "mode": "lines",
            "x": [0, 1],
            "y": [0, 1],
            "line": {"color": "@line", "width": 1, "dash": "dash"},
            "hoverinfo": "skip",
        }
    ]
    for title, shade, symbol, odds in series:
        bins = reliability(*_pairs(questions, odds), bins=BINS)
        most = max(one.count for one in bins)
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "cliponaxis": False,
                "name": label(title),
                "x": [one.forecast for one in bins],
                "y": [one.frequency for one in bins],
                "error_y": {
                    "type": "data",
                    "symmetric": False,
                    "array": [one.frequency_high - one.frequency for one in bins],
                    "arrayminus": [one.frequency - one.frequency_low for one in bins],
                    "color": f"{shade}/0.55",
                    "thickness": 1.25,
                    "width": 0,
                },
                "marker": {
                    "color": shade,
                    "symbol": symbol,
                    "size": [6 + 8 * (one.count / most) ** 0.5 for one in bins],
                    "line": {"width": 1.5, "color": shade},
                },
                "customdata": [
                    [label(title), one.count, round(100 * one.frequency_low), round(100 * one.frequency_high)]
                    for one in bins
                ],
                "hovertemplate": "%{customdata[0]}: forecast %{x:.0%}, happened %{y:.0%}"
                " [%{customdata[2]}, %{customdata[3]}]%<br>%{customdata[1]} forecasts<extra></extra>",
            }
        )
        if symbol == "circle":
            traces.append(
                {
                    "type": "bar",
                    "x": [(one.low + one.high) / 2 for one in bins],
                    "y": [one.count for one in bins],
                    "width": 0.9 / BINS,
                    "yaxis": "y2",
                    "text": [one.count for one in bins],
                    "textposition": "outside",
                    "cliponaxis": False,
                    "textfont": {"size": 11, "color": "@soft"},
                    "marker": {"color": f"{shade}/0.45"},
                    "hoverinfo": "skip",
                }
            )
    unit = {"range": [-0.02, 1.02], "tickvals": [0, 0.25, 0.5, 0.75, 1], "tickformat": ".0%", "zeroline": False}
    return {
        "data": traces,
        "layout": layout(
            height=380,
            margin={"l": 56, "r": 24, "t": 12, "b": 44},
            xaxis=axis("forecast", anchor="y2", **unit),
            yaxis=axis("happened", domain=[0.3, 1], **unit),
            yaxis2=axis("", domain=[0, 0.18], showgrid=False, showticklabels=False, zeroline=False),
        ),
    }


def sankey_figure(summary: Mapping[str, Any]) -> Figure | None:
    """The cascade: treasury to forecasters to aggregators to members, in tokens; None if no money moved."""
    edges = [
        (str(edge["from"]), str(edge["to"]), amount)
        for edge in summary["edges"]
        if (amount := wei(edge["amount_wei"])) > 0 and edge["from"] != edge["to"]
    ]
    if not edges:
        return None
    colors = forecaster_colors(summary)
    received: dict[str, int] = {}
    sent: dict[str, int] = {}
    for source, target, amount in edges:
        sent[source] = sent.get(source, 0) + amount
        received[target] = received.get(target, 0) + amount
    nodes = list(dict.fromkeys(name for edge in edges for name in edge[:2]))

    def color(name: str) -> str:
        if name == _TREASURY:
            return "@ink"
        return colors.get(name, "@aggregator" if name in sent else "@member")

    def link(source: str, target: str) -> str:
        return f"{color(target if source == _TREASURY else source)}/0.35"

    index = {name: place for place, name in enumerate(nodes)}
    totals = {name: max(received.get(name, 0), sent.get(name, 0)) for name in nodes}
    return {
        "data": [
            {
                "type": "sankey",
                "arrangement": "snap",
                "node": {
                    "label": [f"{label(name)}  {tokens(totals[name], 2)}" for name in nodes],
                    "color": [color(name) for name in nodes],
                    "customdata": [
                        [label(name), tokens(received.get(name, 0)), tokens(sent.get(name, 0))] for name in nodes
                    ],
                    "hovertemplate": "%{customdata[0]}<br>in %{customdata[1]}<br>passed on %{customdata[2]}"
                    "<extra></extra>",
                    # By hops from the treasury: a forecaster without providers stays among the forecasters.
                    "align": "left",
                    "pad": 14,
                    "thickness": 14,
                    "line": {"width": 0},
                },
                "link": {
                    "source": [index[source] for source, _, _ in edges],
                    "target": [index[target] for _, target, _ in edges],
                    "value": [as_float(amount) for _, _, amount in edges],
                    "color": [link(source, target) for source, target, _ in edges],
                    "customdata": [[label(source), label(target), tokens(amount)] for source, target, amount in edges],
                    "hovertemplate": "%{customdata[0]} → %{customdata[1]}<br>%{customdata[2]} tokens<extra></extra>",
                },
                "textfont": {"color": "@ink", "size": 12},
            }
        ],
        "layout": layout(height=max(420, 34 * len(nodes)), margin={"l": 8, "r": 8, "t": 12, "b": 12}),
    }


def provider_figure(summary: Mapping[str, Any]) -> Figure | None:
    """What providers were paid (tokens) against the measured information of their forecasts (nats a question, with
    95% intervals); None where no provider's information was measured: nobody's is before a question is scored."""
    rows = [row for row in summary["providers"] if row["information_nats"]["mean"] is not None]
    if not rows:
        return None
    points = [(row["information_nats"]["mean"], as_float(wei(row["paid_wei"]))) for row in rows]
    ends = [
        one[key]
        for row in rows
        for one in (row["information_nats"],)
        for key in ("mean", "low", "high")
        if one[key] is not None
    ]
    places = label_places(
        [str(row["name"]) for row in rows], points, (min(ends), max(ends)), (0.0, max(paid for _, paid in points))
    )
    traces = []
    for kind, shade, symbol in (("member", "@member", "circle"), ("aggregator", "@aggregator", "diamond")):
        chosen = [index for index, row in enumerate(rows) if row["kind"] == kind]
        if not chosen:
            continue
        information = [rows[index]["information_nats"] for index in chosen]
        traces.append(
            {
                "type": "scatter",
                "mode": "markers+text",
                "name": f"{kind}s",
                "x": [points[index][0] for index in chosen],
                "y": [points[index][1] for index in chosen],
                "text": [label(rows[index]["name"]) for index in chosen],
                "textposition": [places[index] for index in chosen],
                "textfont": {"size": 12, "color": "@ink"},
                "cliponaxis": False,
                "error_x": {
                    "type": "data",
                    "symmetric": False,
                    "array": [_gap(one["mean"], one["high"]) for one in information],
                    "arrayminus": [_gap(one["low"], one["mean"]) for one in information],
                    "color": f"{shade}/0.3",
                    "thickness": 1.25,
                    "width": 0,
                },
                "marker": {"color": shade, "symbol": symbol, "size": 10},
                "customdata": [[label(rows[index]["name"]), tokens(wei(rows[index]["paid_wei"]))] for index in chosen],
                "hovertemplate": "%{customdata[0]}<br>paid %{customdata[1]} tokens"
                "<br>information %{x:.4f} nats<extra></extra>",
            }
        )
    return {
        "data": traces,
        "layout": layout(
            height=460,
            showlegend=True,
            legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
            hovermode="closest",
            xaxis=axis("measured information, nats a question", zeroline=True),
            yaxis=axis("paid, tokens", rangemode="tozero"),
        ),
    }


def _gap(low: float | None, high: float | None) -> float:
    # A single question gives no interval: no bar is drawn.
    return 0.0 if low is None or high is None else high - low


def label_places(
    texts: Sequence[str],
    points: Sequence[tuple[float, float]],
    x_range: tuple[float, float],
    y_range: tuple[float, float],
    width: int = 760,
    height: int = 360,
) -> list[str]:
    """Where to put each point's label so that labels keep off each other and off other points, where that is possible.

    Greedy from the top: of eight places around the point, the one that covers least. The ranges are those of a plot of
    so many pixels.
    """
    glyph, line, gap = 8, 15, 7

    def scaled(values: Sequence[float], ends: tuple[float, float], size: int) -> list[float]:
        return [(value - ends[0]) / ((ends[1] - ends[0]) or 1.0) * size for value in values]

    xs = scaled([x for x, _ in points], x_range, width)
    ys = scaled([y for _, y in points], y_range, height)
    taken = [(x - gap, y - gap, x + gap, y + gap) for x, y in zip(xs, ys, strict=True)]
    result = [""] * len(points)
    for index in sorted(range(len(points)), key=lambda i: (-ys[i], xs[i])):
        wide = glyph * len(texts[index])
        best: tuple[float, str, tuple[float, float, float, float]] | None = None
        for vertical, dy in (("top", 1), ("bottom", -1), ("middle", 0)):
            for horizontal, dx in (("center", 0), ("right", 1), ("left", -1)):
                if dx == dy == 0:
                    continue
                shift = gap if dy == 0 else 0
                x0 = xs[index] + {0: -wide / 2, 1: shift, -1: -wide - shift}[dx]
                y0 = ys[index] + {1: gap, -1: -gap - line, 0: -line / 2}[dy]
                box = (x0, y0, x0 + wide, y0 + line)
                cost = sum(_overlap(box, other) for place, other in enumerate(taken) if place != index)
                if best is None or cost < best[0]:
                    best = (cost, f"{vertical} {horizontal}", box)
        assert best is not None  # noqa: S101 - eight places were tried
        result[index] = best[1]
        taken.append(best[2])
    return result


def _overlap(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> float:
    return max(0.0, min(a[2], b[2]) - max(a[0], b[0])) * max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
