"""Pictures of agreements: everybody is on them, in the colour of the agreement, and flows keep everybody."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from itertools import combinations, pairwise

import numpy as np
import pytest

from headwater_agents.values.evs import country_names, load_evs
from headwater_agents.values.flow import FEW, Flow, make_flow
from headwater_agents.values.pictures import Plane, flow_svg, map_svg, plane_svg
from headwater_agents.values.pictures.canvas import COLOURS, colour, letter, ranked, text_colour
from headwater_agents.values.pictures.map import project

SVG = "{http://www.w3.org/2000/svg}"
COUNTRIES = load_evs().population
TITLED = re.compile(r"(.*): (agreement \w+|alone), ([\d.]+) million")


def luminance(fill: str) -> float:
    parts = [int(fill[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return float(np.dot([0.2126, 0.7152, 0.0722], linear))


def test_groups_are_ranked_by_members_and_who_is_alone_has_none() -> None:
    assert ranked([7, 3, 3, 9, 9, 9, 4, 4], [1, 1, 1, 1, 1, 1, 5, 5]) == [None, 2, 2, 0, 0, 0, 1, 1]


def test_letters_go_on_after_z() -> None:
    assert [letter(place) for place in (0, 25, 26, 53)] == ["A", "Z", "A2", "B3"]


@pytest.mark.parametrize("fill", COLOURS)
def test_text_on_every_colour_has_contrast(fill: str) -> None:
    one, other = sorted([luminance(fill), luminance(text_colour(fill))], reverse=True)
    assert (one + 0.05) / (other + 0.05) >= 3.5


@pytest.mark.parametrize("crowd", [1, 6])
def test_the_map_shows_every_country_once_in_its_colour_and_no_circles_overlap(crowd: int) -> None:
    home = [index % 6 for index in range(33)] + [99]
    groups = ranked(home, COUNTRIES.sizes.tolist())
    counts = np.bincount([group for group in groups if group is not None]).tolist()
    root = ET.fromstring(map_svg(COUNTRIES.names, (crowd * COUNTRIES.sizes).tolist(), groups, counts, "here"))
    circles = {}
    for circle in root.iter(f"{SVG}circle"):
        titles = circle.findall(f"{SVG}title")
        if titles:
            found = TITLED.fullmatch(titles[0].text or "")
            assert found is not None
            circles[found[1]] = (circle, found[2])
    assert set(circles) == set(country_names().values())
    for code, group in zip(COUNTRIES.names, groups, strict=True):
        circle, said = circles[country_names()[code]]
        assert circle.get("fill") == colour(group)
        assert said == ("alone" if group is None else f"agreement {letter(group)}")
    places = [tuple(float(circle.get(key, "")) for key in ("cx", "cy", "r")) for circle, _ in circles.values()]
    for (x, y, r), (x2, y2, r2) in combinations(places, 2):
        assert np.hypot(x - x2, y - y2) >= r + r2
    if crowd == 1:
        assert all(r <= x <= 860 - r and r <= y <= 665 - r for x, y, r in places)
    labels = [text.text for text in root.iter(f"{SVG}text")]
    assert all(labels.count(code) == 1 for code in COUNTRIES.names)


def test_the_projection_keeps_areas_and_its_centre() -> None:
    assert project(52, 14) == pytest.approx((0, 0), abs=1e-9)
    for north, east in ((40, 0), (65, 40), (52, 14)):
        x, y = np.array(project(north, east)), np.array(project(north + 1e-3, east))
        z = np.array(project(north, east + 1e-3))
        (a, b), (c, d) = y - x, z - x
        area = abs(a * d - b * c)
        expected = (6371 * np.radians(1e-3)) ** 2 * np.cos(np.radians(north))
        assert area == pytest.approx(expected, rel=1e-4)


def test_the_plane_names_everybody_and_escapes_names() -> None:
    names = ("<b>", "A&B", "plain")
    plane = Plane(x_name="x", y_name="y", x=[0, 1, 1], y=[0, 1, 1], agreements=[(1, 1)])
    picture = plane_svg(plane, names, [1, 1, 1], [None, 0, 0], [2], 1, "a < b")
    texts = [text.text for text in ET.fromstring(picture).iter(f"{SVG}text")]
    assert all(name in texts for name in names)


def test_a_plane_of_one_agent_is_drawn() -> None:
    plane = Plane(x_name="x", y_name="y", x=[0.5], y=[0.0], agreements=[])
    assert "nan" not in plane_svg(plane, ("me",), [1], [None], [], 1, "one")


def flow_of(n: int) -> Flow:
    rng = np.random.default_rng(n)
    homes = [np.arange(n), rng.integers(0, 12, n), rng.integers(0, 4, n), np.zeros(n, dtype=np.int64)]
    names = [f"n{index}" for index in range(n)]
    groups = ranked(homes[1].tolist())
    return make_flow([0.0, 0.1, 0.2, 0.3], homes, groups, 1, names, rng.random(n))


@pytest.mark.parametrize("n", [1, 30, FEW + 1, 2_000])
def test_a_flow_keeps_everybody_at_every_threshold(n: int) -> None:
    flow = flow_of(n)
    for index, column in enumerate(flow.columns):
        assert sum(stratum.weight for stratum in column) == n
        for side, gap in (("left", index), ("right", index - 1)):
            if 0 <= gap < len(flow.gaps):
                got = np.zeros(len(column), dtype=int)
                for ribbon in flow.gaps[gap]:
                    got[getattr(ribbon, side)] += ribbon.weight
                assert got.tolist() == [stratum.weight for stratum in column]
    assert flow.agreements[0] == n
    assert flow.agreements[-1] == 1
    assert Flow.from_dict(flow.to_dict()) == flow


def test_few_agents_are_named_and_strata_do_not_overlap() -> None:
    flow = flow_of(30)
    root = ET.fromstring(flow_svg(flow, "groups"))
    texts = [text.text for text in root.iter(f"{SVG}text")]
    assert all(f"n{index}" in texts for index in range(30))
    bars: dict[str, list[tuple[float, float]]] = {}
    for bar in root.iter(f"{SVG}rect"):
        if bar.get("width") == "9":
            top = float(bar.get("y", ""))
            bars.setdefault(bar.get("x", ""), []).append((top, top + float(bar.get("height", ""))))
    assert len(bars) == 4
    for column in bars.values():
        column.sort()
        assert all(above[1] <= below[0] + 0.11 for above, below in pairwise(column))


def test_groups_that_nest_do_not_cross() -> None:
    homes = [np.arange(8), np.array([0, 1, 0, 1, 2, 3, 2, 3]), np.array([0, 0, 0, 0, 1, 1, 1, 1])]
    flow = make_flow([0.0, 1.0, 2.0], homes, ranked(homes[1].tolist()), 1, list("abcdefgh"), np.arange(8.0))
    for gap in flow.gaps:
        pairs = [(ribbon.left, ribbon.right) for ribbon in gap]
        assert not any((a - c) * (b - d) < 0 for (a, b), (c, d) in combinations(pairs, 2))
