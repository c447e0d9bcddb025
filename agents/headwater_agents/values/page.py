"""report.html of a study: pictures, curves and tables on one page that opens offline."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any, Final

from headwater.report.html import document, facts, plot, section, table, tiles
from headwater.report.plots import Figure, axis, label, layout
from headwater_agents.values.drawings import drawings
from headwater_agents.values.study import swept_cells
from headwater_agents.values.tables import group_grid, overlap_grid, quartile_grid, single_grid, sweep_grid

Record = Mapping[str, Any]

_DASH: Final = {"nearest": "solid", "complete": "dash", "geographic": "dot", "small-world": "dashdot"}
_NOTES: Final = {
    "map": "Land and circle in the colour of the agreement that the country has signed; circles grow with population.",
    "plane": "Each agent at its own value system, in the colour of the agreement it has signed; squares: agreements.",
    "flow": "Each column is a threshold, each bar a group; ribbons are agents, in the colour of their agreement at the "
    "threshold that is set in bold.",
}
_HEADS: Final = {"map": "The map", "plane": "The plane of values", "flow": "How groups merge and split"}


def render_study(record: Record) -> str:
    """The page of a study's summary."""
    society, shown, settings = record["society"], record["shown"], record["settings"]
    drawn = drawings(record)
    pictures = [section(_HEADS[name], _NOTES[name], f"<div class=scroll>{svg}</div>") for name, svg in drawn.items()]
    lead = f"{society['agents']:,} agents, {len(society['values'])} values, {len(society['actions'])} actions"
    parts = [
        f"<header><p class=brand>Headwater: values</p><h1>{escape(society['title'])}</h1>"
        f"<p class=lead>{escape(lead)}. {escape(society['source'])}</p></header>",
        tiles(_tiles(record)),
        *pictures,
        section(
            f"At threshold {shown['threshold']:.3g}",
            f"Everybody's bounds are capped there; agents meet on the {shown['graph']} graph.",
            table(group_grid(record)),
        ),
        section(
            "Utility and groups over the threshold",
            "Lines: social graphs; bands: 95% intervals over seeds where the graph is random. Grey: what the single "
            "consensus at p = 2 is worth. With one's bounds at 0 everybody is alone and content: utility alone says "
            "nothing for few agreements.",
            plot("agreements", _curves(record, "agreements", "agreements", log=True), "Agreements over threshold", ""),
            plot("mean", _curves(record, "mean", "mean utility"), "Mean utility over the threshold", ""),
            plot("worst", _curves(record, "worst", "worst utility"), "Worst utility over the threshold", ""),
            plot("gini", _curves(record, "gini", "Gini of utility"), "Gini over the threshold", ""),
            *(table(sweep_grid(record, graph)) for graph in settings["graphs"]),
        ),
        section("One consensus beside", "The baseline: the least l_p distance to all.", table(single_grid(record))),
        section("Bounds and graphs", "", table(quartile_grid(record)), table(overlap_grid(record))),
        section("This study", "", facts(_facts(record), "Command")),
    ]
    return document(f"Headwater values: {society['title']}", parts)


def write_study(folder: Path, record: Record) -> list[Path]:
    """Writes report.html and the pictures as SVG into a folder; their paths."""
    written = [folder / "report.html"]
    written[0].write_text(render_study(record), encoding="utf-8", newline="\n")
    for name, svg in drawings(record).items():
        path = folder / f"{name}.svg"
        path.write_text(svg, encoding="utf-8", newline="\n")
        written.append(path)
    return written


def _tiles(record: Record) -> list[tuple[str, str, str]]:
    shown = record["shown"]
    here = next(c for c in swept_cells(record, shown["graph"]) if c["threshold"] == shown["threshold"])["fields"]
    middle = next(one for one in record["single"]["consensus"] if one["name"] == "2")
    crossing = record["single"]["transition"]
    p = crossing["p"] if crossing else None
    rows = [
        ("Agreements", f"{here['agreements']['mean']:,.0f}", f"of which {here['alone']['mean']:,.0f} of one member"),
        ("Mean utility", f"{here['mean']['mean']:.3f}", f"{middle['mean']:.3f} under one consensus, p = 2"),
        ("Worst off", f"{here['worst']['mean']:.3f}", f"{middle['worst']:.3f} under one consensus, p = 2"),
        ("Gini of utility", f"{here['gini']['mean']:.4f}", f"{middle['gini']:.4f} under one consensus, p = 2"),
    ]
    if crossing is not None:
        told = "none" if p is None else "∞" if p == "inf" else f"{p:.3f}"
        rows.append(("Transition p", told, "consensus equally far from both ends"))
    return rows


def _curves(record: Record, key: str, name: str, *, log: bool = False) -> Figure:
    traces: list[dict[str, Any]] = []
    for index, graph in enumerate(record["settings"]["graphs"]):
        cells = swept_cells(record, graph)
        x = [cell["threshold"] for cell in cells]
        found = [cell["fields"][key] for cell in cells]
        shade = f"@c{index % 8 + 1}"
        if any(one["low"] != one["high"] for one in found):
            traces.append(
                {
                    "type": "scatter",
                    "mode": "lines",
                    "x": [*x, *reversed(x)],
                    "y": [*(one["high"] for one in found), *reversed([one["low"] for one in found])],
                    "fill": "toself",
                    "fillcolor": f"{shade}/0.18",
                    "line": {"width": 0},
                    "hoverinfo": "skip",
                    "showlegend": False,
                }
            )
        traces.append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": label(graph),
                "x": x,
                "y": [one["mean"] for one in found],
                "line": {"color": shade, "width": 2, "dash": _DASH.get(graph, "solid")},
                "marker": {"size": 5, "color": shade},
                "hovertemplate": f"{label(graph)}: %{{y:.4g}}<extra></extra>",
            }
        )
    middle = next(one for one in record["single"]["consensus"] if one["name"] == "2")
    if key in middle:
        ends = [cell["threshold"] for cell in swept_cells(record, record["settings"]["graphs"][0])]
        traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                "name": "one consensus",
                "x": [ends[0], ends[-1]],
                "y": [middle[key], middle[key]],
                "line": {"color": "@soft", "width": 1.5},
                "hoverinfo": "skip",
            }
        )
    return {
        "data": traces,
        "layout": layout(
            height=320,
            showlegend=True,
            legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
            hovermode="x unified",
            xaxis=axis(f"threshold ({record['settings']['norm']})", showgrid=False),
            yaxis=axis(name, **({"type": "log"} if log else {})),
        ),
    }


def _facts(record: Record) -> dict[str, dict[str, Any]]:
    settings = dict(record["settings"])
    settings["thresholds"] = ", ".join(f"{each:.4g}" for each in settings["thresholds"])
    apart = record["distances"]
    return {
        "Command": {"command": record.get("command", "")},
        "Settings": settings,
        "Pairwise distance": {
            "pairs": f"{apart['pairs']:,}" + ("" if apart["all"] else ", drawn at random"),
            **{part: ", ".join(f"{k} {v:.4g}" for k, v in apart[part].items()) for part in ("weights", "judgements")},
        },
        "Data": {"source": record["society"]["source"], "people": f"{record['society']['people']:,.0f}"},
        "Versions": {"headwater": record.get("headwater", "")},
    }
