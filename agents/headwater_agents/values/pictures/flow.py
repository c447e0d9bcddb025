"""Groups over the threshold as one diagram: how agreements merge and split while it moves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from headwater_agents.values.flow import Flow, Ribbon, Stratum
from headwater_agents.values.pictures.canvas import (
    COLOURS,
    INK,
    LINE,
    SOFT,
    WIDTH,
    closed,
    colour,
    letter,
    opened,
    text,
    text_colour,
    tint,
)

TOP, BAR = 60.0, 9.0
LEFT, RIGHT = 46.0, 40.0
TALL: Final = 470.0
"""Height of the strata without the room between them."""

ROOM: Final = 4.0
FILL_ALONE: Final = "#c6ced3"
MOST_LETTERS: Final = 12

Spans = list[tuple[float, float]]


def flow_svg(flow: Flow, title: str, threshold: str = "threshold", unit: str = "agents") -> str:
    """Columns of groups, one for each threshold, joined by ribbons of agents coloured by their group at one of them."""
    count = len(flow.thresholds)
    total = sum(stratum.weight for stratum in flow.columns[0])
    scale = TALL / total
    tallest = max(len(column) for column in flow.columns)
    height = TOP + TALL + ROOM * (tallest - 1) + 62
    step = (WIDTH - LEFT - RIGHT - BAR) / max(count - 1, 1)
    at = [LEFT + step * index for index in range(count)]
    spans = _places(flow, scale, height - TOP - 62)
    parts = opened(height, title)
    parts += _heads(flow, at, height, threshold)
    for index, gap in enumerate(flow.gaps):
        parts += _ribbons(gap, spans[index], spans[index + 1], at[index] + BAR, at[index + 1], scale)
    for index, (column, placed) in enumerate(zip(flow.columns, spans, strict=True)):
        for place, (stratum, (top, bottom)) in enumerate(zip(column, placed, strict=True)):
            alone = stratum.weight == stratum.groups
            fill = LINE if alone else SOFT
            told = f"<title>{_about(stratum, flow.thresholds[index], unit)}</title>"
            tall = max(bottom - top, 0.8)
            parts.append(
                f'<rect x="{at[index]:.1f}" y="{top:.1f}" width="{BAR:g}" height="{tall:.1f}" rx="1.5" fill="{fill}">'
                f"{told}</rect>"
            )
            if index == flow.reference and (group := flow.letters[place]) is not None and group < MOST_LETTERS:
                parts += _badge(at[index] + BAR / 2, (top + bottom) / 2, group)
            elif len(column) <= 12 and stratum.weight > stratum.groups and bottom - top > 15 and step > 40:
                x, y = at[index] + BAR + 4, (top + bottom) / 2 + 4
                if index < count - 1:
                    parts.append(text(x, y, f"{stratum.weight:,}", "start", INK, 10.5, _HALO))
                else:
                    parts.append(text(WIDTH - 4, y, f"{stratum.weight:,}", "end", INK, 10.5, _HALO))
    for name, (top, bottom) in zip(flow.labels, spans[0], strict=False):
        parts.append(text(LEFT - 6, (top + bottom) / 2 + 3.6, name, "end", INK, 10.5, ' font-weight="600"'))
    return closed(parts)


_HALO: Final = ' stroke="#f7f9fa" stroke-width="3" paint-order="stroke" pointer-events="none"'


def _about(stratum: Stratum, threshold: float, unit: str) -> str:
    many = f"{stratum.groups:,} agreements, " if stratum.groups > 1 else ""
    said = "alone" if stratum.words == "alone" else f"{many}{stratum.weight:,} {unit}"
    return f"threshold {threshold:g}: {said if stratum.words != 'alone' else f'{stratum.weight:,} alone'}"


def _badge(x: float, y: float, group: int) -> list[str]:
    fill = colour(group)
    dashed = ' stroke-dasharray="3 2"' if group >= len(COLOURS) else ""
    return [
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="8.5" fill="{fill}" stroke="{INK}" stroke-width="1.3"{dashed}/>',
        text(x, y + 3.8, letter(group), fill=text_colour(fill), size=10.5, more=' font-weight="700"'),
    ]


def _heads(flow: Flow, at: Sequence[float], height: float, threshold: str) -> list[str]:
    base = height - 40
    parts = [text(LEFT, 18, "agreements, those of one member included", "start")]
    gap = at[1] - at[0] if len(at) > 1 else 1e9
    every = max(1, -(-34 // int(gap))) if gap < 34 else 1
    x = at[flow.reference] + BAR / 2
    parts.append(f'<path d="M{x:.1f} 46V{base - 8:.1f}" stroke="{INK}" stroke-width="1" stroke-dasharray="2 3"/>')
    for index, (place, value) in enumerate(zip(at, flow.thresholds, strict=True)):
        bold = ' font-weight="700"' if index == flow.reference else ""
        shade = INK if index == flow.reference else SOFT
        if index % every == 0 or index == flow.reference:
            parts.append(text(place + BAR / 2, base + 6, f"{value:.3g}", fill=shade, size=11, more=bold))
            told = f"{flow.agreements[index]:,}"
            parts.append(text(place + BAR / 2, 40, told, fill=shade, size=11, more=bold))
    parts.append(text((at[0] + at[-1]) / 2, height - 14, threshold, fill=INK))
    return parts


def _places(flow: Flow, scale: float, tall: float) -> list[Spans]:
    """Top and bottom of every stratum: in order, as near as can be to where its ribbons come from."""
    spans: list[Spans] = []
    for index, column in enumerate(flow.columns):
        heights = [stratum.weight * scale for stratum in column]
        room = min(ROOM, (tall - sum(heights)) / max(len(column) - 1, 1))
        if index == 0:
            free = tall - sum(heights) - room * (len(column) - 1)
            wanted = _stacked(heights, room, TOP + free / 2)
        else:
            wanted = _drawn(flow.gaps[index - 1], spans[-1], heights, scale)
        spans.append(_pushed(wanted, heights, room, TOP, TOP + tall))
    return spans


def _stacked(heights: Sequence[float], room: float, y: float) -> list[float]:
    tops = []
    for each in heights:
        tops.append(y)
        y += each + room
    return tops


def _drawn(gap: Sequence[Ribbon], left: Spans, heights: Sequence[float], scale: float) -> list[float]:
    """The top that puts each stratum's middle at the mean of where its ribbons come from."""
    total, weight = [0.0] * len(heights), [0] * len(heights)
    used = [top for top, _ in left]
    for ribbon in sorted(gap, key=lambda each: (each.left, each.order[0])):
        middle = used[ribbon.left] + ribbon.weight * scale / 2
        used[ribbon.left] += ribbon.weight * scale
        total[ribbon.right] += middle * ribbon.weight
        weight[ribbon.right] += ribbon.weight
    return [sum_ / each - tall / 2 for sum_, each, tall in zip(total, weight, heights, strict=True)]


def _pushed(wanted: Sequence[float], heights: Sequence[float], room: float, low: float, high: float) -> Spans:
    """Tops as near to those wanted as the order and the room between allow (pool adjacent violators), within bounds."""
    shift, offsets = 0.0, []
    for each in heights:
        offsets.append(shift)
        shift += each + room
    # With the stack above taken off, tops need only be non-decreasing.
    pools: list[list[float]] = []
    for want, offset in zip(wanted, offsets, strict=True):
        pools.append([want - offset, 1.0])
        while len(pools) > 1 and pools[-2][0] >= pools[-1][0]:
            value, count = pools.pop()
            first = pools[-1]
            pools[-1] = [(first[0] * first[1] + value * count) / (first[1] + count), first[1] + count]
    slack = high - (shift - room)
    level = [min(max(value, low), max(slack, low)) for value, count in pools for _ in range(int(count))]
    return [(y + o, y + o + tall) for y, o, tall in zip(level, offsets, heights, strict=True)]


def _ribbons(gap: Sequence[Ribbon], left: Spans, right: Spans, x0: float, x1: float, scale: float) -> list[str]:
    starts, ends = _offsets(gap, left, 0, scale), _offsets(gap, right, 1, scale)
    middle, parts = (x0 + x1) / 2, []
    order = sorted(range(len(gap)), key=lambda i: (gap[i].colour is not None, -gap[i].weight))
    for index in order:
        ribbon = gap[index]
        tall, a, b = ribbon.weight * scale, starts[index], ends[index]
        if tall < 0.15:
            continue
        fill = FILL_ALONE if ribbon.colour is None else tint(colour(ribbon.colour), 0.72)
        parts.append(
            f'<path d="M{x0:.1f} {a:.1f}C{middle:.1f} {a:.1f} {middle:.1f} {b:.1f} {x1:.1f} {b:.1f}v{tall:.1f}'
            f'C{middle:.1f} {b + tall:.1f} {middle:.1f} {a + tall:.1f} {x0:.1f} {a + tall:.1f}Z" fill="{fill}"/>'
        )
    return parts


def _offsets(gap: Sequence[Ribbon], spans: Spans, side: int, scale: float) -> list[float]:
    used, found = [top for top, _ in spans], [0.0] * len(gap)
    stratum = [each.right if side else each.left for each in gap]
    for index in sorted(range(len(gap)), key=lambda i: (stratum[i], gap[i].order[side])):
        found[index] = used[stratum[index]]
        used[stratum[index]] += gap[index].weight * scale
    return found
