"""Pictures of docs/attacks.md: gains with intervals, and maps of gains over two parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from headwater_agents.report.scale import marks, place
from headwater_agents.report.words import cells_of, percent, verdict_of

COLOURS = {"profitable": "#a3130f", "undecided": "#a1801c", "neutral": "#5d6970", "deterred": "#14683f"}
INK, SOFT, LINE, GRID, PAPER = "#1c2226", "#55606a", "#9aa5ab", "#dde3e6", "#f7f9fa"
WIDTH = 860


def _open(height: float) -> list[str]:
    return [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" '
        'font-family="system-ui, sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{height:.0f}" rx="10" fill="{PAPER}"/>',
    ]


def _text(x: float, y: float, text: str, anchor: str = "middle", fill: str = SOFT, more: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{fill}"{more}>{escape(text)}</text>'


def forest(summary: Mapping[str, Any]) -> str:
    """Gains on the first mechanism: attacks down, filled in the first world, hollow in the second."""
    mechanism, worlds = summary["trial"]["mechanisms"][0], summary["trial"]["worlds"]
    columns = [cells_of(summary, mechanism, world) for world in worlds]
    rows = [row for row in zip(*columns, strict=True) if any(verdict_of(cell) for cell in row)]
    results = [cell["fields"]["gain"] for row in rows for cell in row if verdict_of(cell)]
    ends = [value for each in results for value in (each["low"], each["mean"], each["high"]) if value is not None]
    at, texts = marks(ends)
    low, high = min([*map(place, ends), *at]), max([*map(place, ends), *at])
    left = 30 + 6.4 * max(len(row[0]["label"]) for row in rows)
    top, step = 54, 20
    height = top + step * len(rows) + 34

    def x(value: float) -> float:
        return left + (WIDTH - left - 24) * (value - low) / ((high - low) or 1)

    parts = _open(height)
    spot = 200
    for name, colour in COLOURS.items():
        parts.append(f'<circle cx="{spot}" cy="18" r="4.5" fill="{colour}"/>')
        parts.append(_text(spot + 9, 22, name, "start"))
        spot += 100
    for world, hollow in zip(worlds, (False, True), strict=False):
        fill = PAPER if hollow else SOFT
        parts.append(f'<circle cx="{spot}" cy="18" r="4.5" fill="{fill}" stroke="{SOFT}" stroke-width="1.5"/>')
        parts.append(_text(spot + 9, 22, world, "start"))
        spot += 90
    for mark, text in zip(at, texts, strict=True):
        stroke = LINE if not mark else GRID
        parts.append(f'<path d="M{x(mark):.1f} {top - 10}V{height - 30}" stroke="{stroke}"/>')
        parts.append(_text(x(mark), height - 14, text))
    parts.append(_text(WIDTH - 24, top - 14, "gain in % of the coalition's stake", "end"))
    for index, row in enumerate(rows):
        y = top + step * (index + 0.5)
        parts.append(_text(left - 12, y + 4, row[0]["label"], "end", INK))
        for shift, cell, hollow in zip((-4, 4), row, (False, True), strict=False):
            if (said := verdict_of(cell)) is not None:
                parts += _mark(cell["fields"]["gain"], y + shift, COLOURS[said], hollow, x)
    return "\n".join([*parts, "</svg>", ""])


def _mark(result: Mapping[str, Any], y: float, colour: str, hollow: bool, x: Any) -> list[str]:
    low, high = (result["mean"] if result[end] is None else result[end] for end in ("low", "high"))
    return [
        f'<path d="M{x(place(low)):.1f} {y:.1f}H{x(place(high)):.1f}" stroke="{colour}" stroke-width="1.5"/>',
        f'<circle cx="{x(place(result["mean"])):.1f}" cy="{y:.1f}" r="3.5" fill="{PAPER if hollow else colour}" '
        f'stroke="{colour}" stroke-width="1.5"/>',
    ]


def maps(sweep: Mapping[str, Any], across: str, down: str, columns: str) -> str:
    """Gains of a sweep over two parameters, a panel for each value of the others: `columns` side by side."""
    cells = [cell for cell in sweep["cells"] if cell.get("gain")]
    rest = [name for name in sweep["cells"][0]["args"] if name not in (across, down, columns)]
    rows = list(dict.fromkeys(tuple(cell["args"][name] for name in rest) for cell in cells))
    panels = list(dict.fromkeys(cell["args"][columns] for cell in cells))
    xs, ys = (sorted({cell["args"][name] for cell in cells}) for name in (across, down))
    most = max(abs(place(cell["gain"]["mean"])) for cell in cells) or 1.0
    wide, tall = (WIDTH - 90) / len(panels), 40 * len(ys) + 62
    parts = _open(tall * len(rows) + 44)
    parts.append(_text(20, 22, "gain in % of the coalition's stake; in brackets: its 95% interval holds 0", "start"))
    for i, row in enumerate(rows):
        for j, panel in enumerate(panels):
            chosen = [
                cell
                for cell in cells
                if cell["args"][columns] == panel and tuple(cell["args"][name] for name in rest) == row
            ]
            named = zip((columns, *rest), (panel, *row), strict=True)
            title = ", ".join(f"{_plain(name)} {value}" for name, value in named)
            left, top = 70 + wide * j, 40 + tall * i
            parts.append(_text(left, top + 12, title, "start", INK))
            parts += _panel(chosen, (across, xs), (down, ys), (left, top + 20, wide - 24), most, labelled=j == 0)
    return "\n".join([*parts, "</svg>", ""])


def _panel(
    cells: Sequence[Mapping[str, Any]],
    across: tuple[str, list[float]],
    down: tuple[str, list[float]],
    box: tuple[float, float, float],
    most: float,
    *,
    labelled: bool,
) -> list[str]:
    (x_name, xs), (y_name, ys), (left, top, wide) = across, down, box
    by_place = {(cell["args"][x_name], cell["args"][y_name]): cell["gain"] for cell in cells}
    size, parts = wide / len(xs), []
    for r, y in enumerate(reversed(ys)):
        for c, x in enumerate(xs):
            if (found := by_place.get((x, y))) is None:
                continue
            known = found["low"] > 0 or found["high"] < 0
            text = percent(found["mean"]) if known else f"({percent(found['mean'])})"
            strength = abs(place(found["mean"])) / most
            colour = COLOURS["profitable" if found["mean"] > 0 else "deterred"]
            spot = f'x="{left + size * c + 1:.1f}" y="{top + 40 * r + 1:.1f}" width="{size - 2:.1f}" height="38"'
            parts.append(f'<rect {spot} fill="{colour}" fill-opacity="{0.04 + 0.6 * strength:.3f}"/>')
            parts.append(_text(left + size * (c + 0.5), top + 40 * r + 24, text, fill=INK))
        if labelled:
            parts.append(_text(left - 6, top + 40 * r + 24, f"{y:g}", "end"))
    bottom = top + 40 * len(ys)
    parts += [_text(left + size * (c + 0.5), bottom + 14, f"{x:g}") for c, x in enumerate(xs)]
    parts.append(_text(left + wide / 2, bottom + 28, _plain(x_name)))
    if labelled:
        middle = top + 20 * len(ys)
        parts.append(_text(22, middle, _plain(y_name), more=f' transform="rotate(-90 22 {middle:.1f})"'))
    return parts


def _plain(name: str) -> str:
    return name.rpartition(".")[2].replace("_", " ")
