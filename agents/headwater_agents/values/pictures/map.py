"""Countries on a map of Europe, coloured by agreement, circles sized by population.

Projection: Lambert azimuthal equal-area around 52° N, 14° E on a sphere of 6,371 km, so that areas compare.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files
from itertools import combinations
from typing import Any, Final

from headwater_agents.values.evs import country_names, country_points
from headwater_agents.values.pictures.canvas import (
    INK,
    LINE,
    SOFT,
    WIDTH,
    closed,
    colour,
    disc,
    legend,
    letter,
    opened,
    text,
    text_colour,
    tint,
)

RADIUS: Final = 6371.0
CENTRE: Final = (52.0, 14.0)
LEFT, RIGHT, BOTTOM, TOP = -2130.0, 3080.0, -1760.0, 2240.0
"""What the map shows, in km."""

SCALE: Final = WIDTH / (RIGHT - LEFT)
SMALLEST: Final = 8.6
"""Radius of the smallest circle, in pixels: it must hold its country's code."""

PER_ROOT_MILLION: Final = 2.35
SEA, LAND, BORDER = "#e9f0f4", "#dfe3e5", "#ffffff"


def project(north: float, east: float) -> tuple[float, float]:
    """A place in degrees as kilometres (east, north) of the map's centre.

        x = R k cos φ sin λ'                k² = 2 / (1 + sin φ0 sin φ + cos φ0 cos φ cos λ')
        y = R k (cos φ0 sin φ − sin φ0 cos φ cos λ')

    (J. P. Snyder, Map Projections: A Working Manual, 1987, equations 24-2 to 24-14).
    """
    f, f0, turn = math.radians(north), math.radians(CENTRE[0]), math.radians(east - CENTRE[1])
    k = math.sqrt(2 / (1 + math.sin(f0) * math.sin(f) + math.cos(f0) * math.cos(f) * math.cos(turn)))
    return (
        RADIUS * k * math.cos(f) * math.sin(turn),
        RADIUS * k * (math.cos(f0) * math.sin(f) - math.sin(f0) * math.cos(f) * math.cos(turn)),
    )


def map_svg(
    names: Sequence[str], sizes: Sequence[float], groups: Sequence[int | None], counts: Sequence[int], title: str
) -> str:
    """A map of countries by ISO code, coloured by the agreement each has signed.

    Args:
        names: ISO codes; those without an outline are left out.
        sizes: populations.
        groups: (n,), the place of each one's agreement in the order of sizes; None for those alone.
        counts: members of each agreement, in that order.
        title: what is shown, for those who cannot see it.
    """
    outlines, points = _outlines(), country_points()
    height = (TOP - BOTTOM) * SCALE
    clip = f'<clipPath id="view"><rect width="{WIDTH}" height="{height:.0f}" rx="10"/></clipPath>'
    parts = opened(height + 98, title, clip)
    parts += [f'<g clip-path="url(#view)"><rect width="{WIDTH}" height="{height:.0f}" fill="{SEA}"/>']
    parts.append(_path(outlines["other"], LAND, BORDER))
    for code, rings in outlines["shapes"].items():
        if code not in names:
            parts.append(_path(rings, LAND, BORDER))
    shown = [index for index, name in enumerate(names) if name in outlines["shapes"]]
    for index in shown:
        group = groups[index]
        fill = colour(group)
        parts.append(_path(outlines["shapes"][names[index]], tint(fill, 0.42), LINE))
    parts.append("</g>")
    anchors = [_pixel(*project(*points[names[index]])) for index in shown]
    radii = [max(SMALLEST, PER_ROOT_MILLION * math.sqrt(sizes[index] / 1e6)) for index in shown]
    places = _apart(anchors, radii)
    order = sorted(range(len(shown)), key=lambda i: -radii[i])
    for i in order:
        if math.dist(anchors[i], places[i]) > radii[i]:
            parts.append(f'<path d="M{_at(anchors[i])}L{_at(places[i])}" stroke="{INK}" stroke-width="1"/>')
    for i in order:
        index, (x, y) = shown[i], places[i]
        group = groups[index]
        fill = colour(group)
        said = f"agreement {letter(group)}" if group is not None else "alone"
        about = f"{country_names()[names[index]]}: {said}, {sizes[index] / 1e6:.1f} million"
        parts.append(disc(x, y, radii[i], fill, group, title=about))
        size = 9.5 if radii[i] < 12 else 12
        bold = ' font-weight="700" pointer-events="none"'
        parts.append(text(x, y + size * 0.36, names[index], fill=text_colour(fill), size=size, more=bold))
    alone = [name for name, group in zip(names, groups, strict=True) if group is None]
    told, below = legend(counts, len(alone), height + 22, alone)
    parts += told
    parts.append(
        text(
            WIDTH - 16,
            below + 16,
            "Circles grow with population, from a smallest one on. Grey: no data. Outlines: Natural Earth.",
            "end",
            SOFT,
            10.5,
        )
    )
    return closed(parts)


@lru_cache(maxsize=1)
def _outlines() -> dict[str, Any]:
    raw = files("headwater_agents.values").joinpath("data", "europe.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(raw)
    return found


def _pixel(x: float, y: float) -> tuple[float, float]:
    return (x - LEFT) * SCALE, (TOP - y) * SCALE


def _at(place: tuple[float, float]) -> str:
    return f"{place[0]:.1f} {place[1]:.1f}"


def _path(rings: Sequence[str], fill: str, stroke: str) -> str:
    drawn = []
    for ring in rings:
        corners = [_pixel(*map(float, corner.split(","))) for corner in ring.split()]
        drawn.append("M" + "L".join(_at(corner) for corner in corners) + "Z")
    return f'<path d="{"".join(drawn)}" fill="{fill}" stroke="{stroke}" stroke-width="0.7"/>'


def _apart(anchors: Sequence[tuple[float, float]], radii: Sequence[float]) -> list[tuple[float, float]]:
    """Places near the anchors at which no two circles overlap: overlapping pairs push each other, anchors pull."""
    places = [list(anchor) for anchor in anchors]
    for _ in range(300):
        moved = False
        for i, j in combinations(range(len(places)), 2):
            dx, dy = places[j][0] - places[i][0], places[j][1] - places[i][1]
            gap = math.hypot(dx, dy) or 1e-6
            need = radii[i] + radii[j] + 1.5 - gap
            if need > 0:
                moved = True
                # The smaller one makes way.
                share = radii[j] / (radii[i] + radii[j])
                for k, sign, part in ((i, -1, share), (j, 1, 1 - share)):
                    places[k][0] += sign * part * need * dx / gap
                    places[k][1] += sign * part * need * dy / gap
        if not moved:
            break
    return [(x, y) for x, y in places]
