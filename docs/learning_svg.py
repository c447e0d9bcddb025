"""Pictures of docs/learning.md: credit by arm, and what values cost over strictness, as plain SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

COLOURS = ("#1f6fb4", "#d1661f", "#7a7a7a", "#a2539c", "#2f8f5b", "#b3932b")
WIDTH, HEIGHT = 860, 300
STYLE = (
    "<style>text{font:12px sans-serif;fill:#444}.axis{stroke:#999}.grid{stroke:#ddd}"
    "@media(prefers-color-scheme:dark){text{fill:#ccc}.grid{stroke:#444}}</style>"
)


def credit(names: Sequence[str], series: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """Bars of shares by member, one colour an arm."""
    left, right, top, bottom = 50, 10, 34, 30
    most = max(each["mean"] for values in series.values() for each in values) or 1.0
    wide, tall = WIDTH - left - right, HEIGHT - top - bottom
    parts = [_head("Shares of credit by member and arm")]
    for tick in range(0, int(100 * most) + 10, 10):
        y = top + tall * (1 - tick / 100 / (most * 1.05))
        if y >= top:
            parts.append(f'<line class="grid" x1="{left}" x2="{WIDTH - right}" y1="{y:.1f}" y2="{y:.1f}"/>')
            parts.append(f'<text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{tick}%</text>')
    slot = wide / len(names)
    bar = slot * 0.8 / len(series)
    for which, (arm, values) in enumerate(series.items()):
        colour = COLOURS[which % len(COLOURS)]
        for index, each in enumerate(values):
            height = max(0.0, each["mean"]) / (most * 1.05) * tall
            x = left + slot * index + slot * 0.1 + bar * which
            parts.append(
                f'<rect x="{x:.1f}" y="{top + tall - height:.1f}" width="{bar * 0.9:.1f}" height="{height:.1f}" '
                f'fill="{colour}"/>'
            )
        parts.append(_key(left + 150 * which, arm, colour))
    for index, name in enumerate(names):
        parts.append(
            f'<text x="{left + slot * (index + 0.5):.1f}" y="{HEIGHT - 8}" text-anchor="middle">{escape(name)}</text>'
        )
    return "\n".join([*parts, "</svg>", ""])


def lines(xs: Sequence[float], series: Mapping[str, Sequence[Mapping[str, Any]]], title: str, across: str) -> str:
    """Lines with 95% intervals over xs."""
    left, right, top, bottom = 70, 16, 34, 40
    ends = [
        each[key] if each[key] is not None else each["mean"]
        for values in series.values()
        for each in values
        for key in ("low", "high")
    ]
    low, high = min(0.0, *ends), max(0.0, *ends)
    room = (high - low or 1.0) * 0.06
    low, high = low - room, high + room
    wide, tall = WIDTH - left - right, HEIGHT - top - bottom

    def x(value: float) -> float:
        return left + wide * (value - xs[0]) / ((xs[-1] - xs[0]) or 1.0)

    def y(value: float) -> float:
        return top + tall * (1 - (value - low) / (high - low))

    parts = [_head(title)]
    for step in range(6):
        value = low + (high - low) * step / 5
        parts.append(f'<line class="grid" x1="{left}" x2="{WIDTH - right}" y1="{y(value):.1f}" y2="{y(value):.1f}"/>')
        parts.append(
            f'<text x="{left - 6}" y="{y(value) + 4:.1f}" text-anchor="end">{value:.3g}</text>'.replace(">-", ">−")
        )
    parts.append(f'<line class="axis" x1="{left}" x2="{WIDTH - right}" y1="{y(0):.1f}" y2="{y(0):.1f}"/>')
    for which, (name, values) in enumerate(series.items()):
        colour = COLOURS[which % len(COLOURS)]
        points = " ".join(f"{x(at):.1f},{y(each['mean']):.1f}" for at, each in zip(xs, values, strict=True))
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        for at, each in zip(xs, values, strict=True):
            if each["low"] is not None:
                parts.append(
                    f'<line x1="{x(at):.1f}" x2="{x(at):.1f}" y1="{y(each["low"]):.1f}" y2="{y(each["high"]):.1f}" '
                    f'stroke="{colour}" opacity="0.6"/>'
                )
        parts.append(_key(left + 190 * which, name, colour))
    for at in xs:
        parts.append(f'<text x="{x(at):.1f}" y="{HEIGHT - 22}" text-anchor="middle">{at:g}</text>')
    parts.append(f'<text x="{left + wide / 2:.1f}" y="{HEIGHT - 6}" text-anchor="middle">{escape(across)}</text>')
    return "\n".join([*parts, "</svg>", ""])


def _head(title: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{escape(title)}"><title>{escape(title)}</title>{STYLE}'
    )


def _key(x: float, name: str, colour: str) -> str:
    return f'<rect x="{x:.0f}" y="10" width="12" height="12" fill="{colour}"/><text x="{x + 17:.0f}" y="20">{escape(name)}</text>'
