"""Pieces of a page that opens offline.

Everything is inside: style, script, figures and plotly.js. A content security policy forbids the page every request, so
that this stays true whatever names on it say.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import lru_cache
from html import escape
from importlib.resources import files
from typing import Any

from plotly.offline import get_plotlyjs

from headwater.report.grids import Grid
from headwater.report.plots import Figure

POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; "
    "base-uri 'none'; form-action 'none'"
)
"""What the page may load: nothing that is not in it."""


def document(title: str, parts: Iterable[str]) -> str:
    """A whole page of these parts (about 5 MB, nearly all of it plotly.js)."""
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{escape(POLICY)}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="color-scheme" content="light dark">',
            f"<title>{escape(title)}</title><style>{_asset('page.css')}</style></head><body><main>",
            *parts,
            "</main>",
            f"<script>{get_plotlyjs()}</script>",
            f"<script>{_asset('page.js')}</script>",
            "</body></html>\n",
        ]
    )


def section(title: str, note: str, *content: str) -> str:
    """A titled part of the page; the note is plain text."""
    lead = f"<p class=note>{escape(note)}</p>" if note else ""
    return f"<section><h2>{escape(title)}</h2>{lead}{''.join(content)}</section>"


def empty(text: str) -> str:
    """Stands where there is nothing to show."""
    return f"<p class=empty>{escape(text)}</p>"


def tiles(rows: Iterable[tuple[str, str, str]]) -> str:
    """Large figures: name, figure, and what it is in."""
    cells = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(figure)}<small>{escape(unit)}</small></dd></div>"
        for name, figure, unit in rows
    )
    return f"<dl class=tiles>{cells}</dl>"


def plot(key: str, figure: Figure | None, label: str, nothing: str, *, wide: bool = False) -> str:
    """A figure by its key on the page, with a label for those who cannot see it; `nothing` is said if there is none."""
    if figure is None:
        return empty(nothing)
    # Inside a script element only "<" can end or open anything; the two separators are not allowed in older scripts.
    data = json.dumps(figure, separators=(",", ":"), allow_nan=False)
    for character in "<>&\u2028\u2029":
        data = data.replace(character, f"\\u{ord(character):04x}")
    height = figure["layout"]["height"]
    return (
        f'<div class="scroll{" wide" if wide else ""}"><div class=plot id="{key}" style="height:{height}px" role=img '
        f'aria-label="{escape(label)}"></div></div><script type="application/json" data-plot="{key}">{data}</script>'
    )


def table(grid: Grid) -> str:
    """A grid with its title and note."""

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


def facts(groups: Mapping[str, Mapping[str, Any]], opened: str = "") -> str:
    """Folded lists of names and values, by title; one of them open."""
    return "".join(
        f"<details{' open' if title == opened else ''}><summary>{escape(title)}</summary><dl class=facts>"
        + "".join(f"<dt>{escape(str(key))}</dt><dd>{escape(_text(value))}</dd>" for key, value in group.items())
        + "</dl></details>"
        for title, group in groups.items()
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


@lru_cache
def _asset(name: str) -> str:
    return files("headwater.report").joinpath("assets", name).read_text(encoding="utf-8")
