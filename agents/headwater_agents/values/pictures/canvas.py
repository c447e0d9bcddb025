"""What the pictures share: colours of agreements, text, and a page to draw on.

Colours are those of M. Okabe and K. Ito's "Color Universal Design" (2008), which people with the common kinds of colour
blindness tell apart, then three of P. Tol's "muted" scheme (2021); every agreement has a letter, too, so that nothing
hangs on colour alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from string import ascii_uppercase
from typing import Final

WIDTH: Final = 860
INK, SOFT, LINE, GRID, PAPER = "#1c2226", "#55606a", "#9aa5ab", "#dde3e6", "#f7f9fa"
ALONE: Final = "#ffffff"
"""Fill of whoever signs nobody's agreement but its own."""

COLOURS: Final = (
    *("#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9", "#f0e442"),
    *("#332288", "#882255", "#999933"),
)
DARK: Final = frozenset({"#0072b2", "#d55e00", "#332288", "#882255"})
"""Colours that take white text."""


def colour(group: int | None) -> str:
    """Of the agreement at this place in the order of sizes; None for whoever is alone."""
    return ALONE if group is None else COLOURS[group % len(COLOURS)]


def letter(group: int) -> str:
    """A, B, … Z, A2, B2, … of the agreement at this place in the order of sizes."""
    turn, index = divmod(group, len(ascii_uppercase))
    return ascii_uppercase[index] + (str(turn + 1) if turn else "")


def text_colour(fill: str) -> str:
    """That is read on this fill."""
    return "#ffffff" if fill in DARK else INK


def ranked(home: Sequence[int], weight: Sequence[float] | None = None) -> list[int | None]:
    """Each agent's agreement by its place in the order of sizes (0 the largest), None for whoever is alone.

    Larger means more members, then more weight, then the lowest member.
    """
    members: dict[int, list[int]] = {}
    for agent, group in enumerate(home):
        members.setdefault(group, []).append(agent)
    together = [each for each in members.values() if len(each) > 1]
    together.sort(key=lambda each: (-len(each), -sum(weight[i] for i in each) if weight else 0.0, each[0]))
    place: list[int | None] = [None] * len(home)
    for index, each in enumerate(together):
        for agent in each:
            place[agent] = index
    return place


def opened(height: float, title: str, style: str = "") -> list[str]:
    """The head of a picture with its title for those who cannot see it."""
    return [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" role="img" '
        'font-family="system-ui, sans-serif" font-size="12">',
        f"<title>{escape(title)}</title>",
        *([f"<defs>{style}</defs>"] if style else []),
        f'<rect width="{WIDTH}" height="{height:.0f}" rx="10" fill="{PAPER}"/>',
    ]


def closed(parts: Iterable[str]) -> str:
    """The whole picture."""
    return "\n".join([*parts, "</svg>", ""])


def text(
    x: float, y: float, words: str, anchor: str = "middle", fill: str = SOFT, size: float = 12, more: str = ""
) -> str:
    """Text at a baseline; `more` holds further attributes."""
    sized = "" if size == 12 else f' font-size="{size:g}"'
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{fill}"{sized}{more}>{escape(words)}</text>'


def tint(fill: str, strength: float) -> str:
    """A colour thinned with white: strength 1 leaves it, 0 is white."""
    parts = (int(fill[at : at + 2], 16) for at in (1, 3, 5))
    return "#" + "".join(f"{round(255 + (part - 255) * strength):02x}" for part in parts)


def disc(x: float, y: float, r: float, fill: str, group: int | None, title: str = "") -> str:
    """A filled circle; hollow of somebody alone, dashed where the colours have come round again.

    The title is shown while pointing at it.
    """
    told = f"<title>{escape(title)}</title>" if title else ""
    edge = 'stroke="#ffffff" stroke-width="1"'
    if group is None:
        edge = f'stroke="{SOFT}" stroke-width="1.4"'
    elif group >= len(COLOURS):
        edge = f'stroke="{INK}" stroke-width="1.6" stroke-dasharray="3 2"'
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{r:.1f}" fill="{fill}" {edge}>{told}</circle>'


def legend(
    counts: Sequence[int], alone: int, y: float, names: Sequence[str] = (), left: float = 24, most: int = 9
) -> tuple[list[str], float]:
    """Lines that tell colours, letters and how many members each agreement has; and where the next thing may stand.

    Args:
        counts: members of the agreements of two or more, in the order of sizes.
        alone: how many have nobody's agreement but their own; `names` names them if they are few.
        y: of the first line.
        left: where lines begin.
        most: agreements that get an entry.
    """
    entries: list[tuple[int | None, str, str, str]] = [
        (group, colour(group), letter(group), f"{count:,} members") for group, count in enumerate(counts[:most])
    ]
    if len(counts) > most:
        entries.append((0, GRID, "…", f"{len(counts) - most:,} smaller agreements"))
    if alone:
        told = ", ".join(names) if len(names) == alone <= 12 else ""
        entries.append((None, ALONE, "", f"alone: {told}" if told else f"{alone:,} alone"))
    parts, x = [], left
    for group, fill, sign, words in entries:
        wide = 34 + 6.6 * len(words)
        if x + wide > WIDTH - 12:
            x, y = left, y + 24
        parts.append(disc(x + 8, y, 8.5, fill, group))
        if sign:
            parts.append(text(x + 8, y + 4, sign, fill=text_colour(fill), size=10.5, more=' font-weight="700"'))
        parts.append(text(x + 22, y + 4, words, "start"))
        x += wide + 12
    return parts, y + 24
