"""Which pictures a study gets, from its summary."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headwater_agents.values.evs import country_names
from headwater_agents.values.flow import Flow
from headwater_agents.values.pictures import Plane, flow_svg, map_svg, plane_svg


def drawings(record: Mapping[str, Any]) -> dict[str, str]:
    """SVG pictures by name: map (where agents are countries of Europe), plane, flow."""
    shown, society = record["shown"], record["society"]
    at = f"threshold {shown['threshold']:.3g}, {shown['graph']} graph"
    found: dict[str, str] = {}
    names, sizes, groups, counts = (shown[key] for key in ("names", "sizes", "groups_of", "counts"))
    if all(name in country_names() for name in names):
        found["map"] = map_svg(names, sizes, groups, counts, f"Countries by agreement, {at}")
    drawn = f"{shown['drawn']:,} of {society['agents']:,} agents drawn; " if shown["drawn"] < society["agents"] else ""
    title = f"Agents on the plane of values, {at}"
    plane = Plane(**shown["plane"])
    found["plane"] = plane_svg(plane, names, sizes, groups, counts, shown["alone"], title, f"{drawn}{at}")
    unit = record["settings"]["norm"]
    found["flow"] = flow_svg(
        Flow.from_dict(shown["flow"]),
        f"Groups over the threshold, {shown['graph']} graph",
        f"threshold ({unit})",
    )
    return found
