"""Agents on the plane of their values, coloured by agreement, sized by population, with what each agreement says."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from headwater_agents.values.pictures.canvas import (
    COLOURS,
    GRID,
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

HEIGHT: Final = 560
LEFT, TOP, RIGHT, BOTTOM = 62.0, 22.0, 24.0, 52.0
LABELLED: Final = 60
"""Most agents that get labels and circles by size; more are dots."""

LARGEST: Final = 18.0


@dataclass(frozen=True, kw_only=True)
class Plane:
    """Where agents and agreements stand on a plane.

    Attributes:
        x_name, y_name: what the axes are.
        x, y: shape (n,), of agents.
        agreements: (x, y) of the agreements of two or more members, in the order of sizes.
    """

    x_name: str
    y_name: str
    x: Sequence[float]
    y: Sequence[float]
    agreements: Sequence[tuple[float, float]]


def plane_svg(
    plane: Plane,
    names: Sequence[str],
    sizes: Sequence[float],
    groups: Sequence[int | None],
    counts: Sequence[int],
    alone: int,
    title: str,
    note: str = "",
) -> str:
    """Agents as circles, each tied to the square of the agreement it has signed; who is alone has none.

    Args:
        plane: places.
        names: shown beside circles where there are at most LABELLED agents.
        sizes: areas of circles, by the same measure.
        groups: (n,), the place of each one's agreement in the order of sizes; None for those alone.
        counts: members of each agreement, in that order, and how many are `alone`.
        title: what is shown, for those who cannot see it.
        note: a line below.
    """
    few = len(names) <= LABELLED
    across = _axis([*plane.x, *(x for x, _ in plane.agreements)])
    down = _axis([*plane.y, *(y for _, y in plane.agreements)])
    parts = opened(HEIGHT + 88, title)
    parts += _frame(plane, across, down)

    def at(x: float, y: float) -> tuple[float, float]:
        return across.at(x, LEFT, WIDTH - RIGHT), down.at(y, HEIGHT - BOTTOM, TOP)

    chosen = range(len(names))
    spots = {index: at(plane.x[index], plane.y[index]) for index in chosen}
    squares = {group: at(*place) for group, place in enumerate(plane.agreements)}
    largest = max(sizes)
    radius = {i: max(4.0, LARGEST * math.sqrt(sizes[i] / largest)) if few else 2.2 for i in chosen}
    if few:
        for index in chosen:
            group = groups[index]
            if group in squares:
                (x, y), (x1, y1) = spots[index], squares[group]
                parts.append(f'<path d="M{x:.1f} {y:.1f}L{x1:.1f} {y1:.1f}" stroke="{tint(colour(group), 0.75)}"/>')
    for index in sorted(chosen, key=lambda i: -radius[i]):
        group, (x, y) = groups[index], spots[index]
        if few:
            said = f"agreement {letter(group)}" if group is not None else "alone"
            about = f"{names[index]}: {said}; {plane.x_name} {plane.x[index]:.2f}, {plane.y_name} {plane.y[index]:.2f}"
            parts.append(disc(x, y, radius[index], colour(group), group, about))
        else:
            fill = colour(group) if group is not None and group < len(COLOURS) else tint(SOFT, 0.5)
            parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.2" fill="{fill}" fill-opacity="0.55"/>')
    big = sorted(squares)[: len(COLOURS) if not few else None]
    for group in big:
        x, y = squares[group]
        fill = colour(group)
        parts.append(
            f'<rect x="{x - 8:.1f}" y="{y - 8:.1f}" width="16" height="16" rx="3" fill="{fill}" stroke="{INK}" '
            'stroke-width="1.4"/>'
        )
        parts.append(text(x, y + 4, letter(group), fill=text_colour(fill), size=11, more=' font-weight="700"'))
    if few:
        taken = [(x - 9, y - 9, x + 9, y + 9) for x, y in squares.values()]
        parts += _labels(
            [names[i] for i in chosen], [spots[i] for i in chosen], [radius[i] for i in chosen], taken, groups
        )
    lonely = [name for name, group in zip(names, groups, strict=True) if group is None]
    told, below = legend(counts, alone, HEIGHT + 18, lonely)
    parts += told
    parts.append(text(WIDTH - 16, below + 12, note, "end", SOFT, 10.5))
    return closed(parts)


@dataclass(frozen=True)
class _Axis:
    low: float
    high: float
    marks: tuple[float, ...]

    def at(self, value: float, start: float, end: float) -> float:
        return start + (end - start) * (value - self.low) / (self.high - self.low)


def _axis(values: Sequence[float]) -> _Axis:
    low, high = min(values), max(values)
    room = 0.06 * (high - low) or 0.05
    low, high = low - room, high + room
    raw = (high - low) / 10
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= raw)
    first, last = math.ceil(low / step), math.floor(high / step)
    return _Axis(low, high, tuple(step * index for index in range(first, last + 1)))


def _frame(plane: Plane, across: _Axis, down: _Axis) -> list[str]:
    parts = []
    for mark in across.marks:
        x = across.at(mark, LEFT, WIDTH - RIGHT)
        parts.append(f'<path d="M{x:.1f} {TOP}V{HEIGHT - BOTTOM}" stroke="{GRID}"/>')
        parts.append(text(x, HEIGHT - BOTTOM + 17, _figure(mark)))
    for mark in down.marks:
        y = down.at(mark, HEIGHT - BOTTOM, TOP)
        stroke = LINE if abs(mark) < 1e-12 else GRID
        parts.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="{stroke}"/>')
        parts.append(text(LEFT - 8, y + 4, _figure(mark), "end"))
    parts.append(text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 16, plane.x_name, fill=INK))
    middle = (TOP + HEIGHT - BOTTOM) / 2
    parts.append(text(18, middle, plane.y_name, fill=INK, more=f' transform="rotate(-90 18 {middle:.0f})"'))
    return parts


def _figure(value: float) -> str:
    told = f"{value:.6g}" if abs(value) > 1e-12 else "0"
    return told.replace("-", "−")


def _labels(
    names: Sequence[str],
    spots: Sequence[tuple[float, float]],
    radii: Sequence[float],
    taken: Sequence[tuple[float, float, float, float]],
    groups: Sequence[int | None],
) -> list[str]:
    """A label in each circle that holds it, and beside the others where least is covered, tied to them if far."""
    boxes = list(taken)
    parts, outside = [], []
    for index, ((x, y), r) in enumerate(zip(spots, radii, strict=True)):
        wide = 7.2 * len(names[index])
        box = (x - wide / 2, y - 6, x + wide / 2, y + 6)
        if wide + 2 <= 2 * r and not any(_overlap(box, other) for other in boxes):
            boxes.append(box)
            fill, halo = (INK, _HALO) if groups[index] is None else ("#ffffff", _HALO_DARK)
            parts.append(text(x, y + 4, names[index], fill=fill, size=11, more=halo))
        else:
            outside.append(index)
    boxes += [(x - r, y - r, x + r, y + r) for (x, y), r in zip(spots, radii, strict=True)]
    for index in sorted(outside, key=lambda i: (spots[i][1], spots[i][0])):
        (x, y), r, wide = spots[index], radii[index], 7.2 * len(names[index])
        best: tuple[float, float, float] | None = None
        for distance, penalty in ((r + 3, 0.0), (r + 12, 14.0), (r + 22, 30.0)):
            for turn in range(12):
                angle = 2 * math.pi * turn / 12
                cx = x + (distance + wide / 2) * math.cos(angle)
                cy = y + (distance + 5) * math.sin(angle)
                box = (cx - wide / 2, cy - 6, cx + wide / 2, cy + 6)
                cost = penalty + sum(_overlap(box, other) for other in boxes)
                if box[0] < LEFT or box[2] > WIDTH - 4 or box[1] < 2 or box[3] > HEIGHT - BOTTOM:
                    cost += 1_000
                if best is None or cost < best[0]:
                    best = (cost, cx, cy)
        if best is None:
            continue
        _, cx, cy = best
        boxes.append((cx - wide / 2, cy - 6, cx + wide / 2, cy + 6))
        if math.dist((cx, cy), (x, y)) > r + wide / 2 + 8:
            parts.append(f'<path d="M{x:.1f} {y:.1f}L{cx:.1f} {cy:.1f}" stroke="{LINE}" stroke-width="0.8"/>')
        parts.append(text(cx, cy + 4, names[index], fill=INK, size=11, more=_HALO))
    return parts


_HALO: Final = ' stroke="#f7f9fa" stroke-width="2.5" paint-order="stroke" font-weight="600" pointer-events="none"'
_HALO_DARK: Final = ' stroke="#1c2226" stroke-width="1.8" paint-order="stroke" font-weight="700" pointer-events="none"'


def _overlap(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> float:
    return max(0.0, min(a[2], b[2]) - max(a[0], b[0])) * max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
