"""Pictures of agreements as SVG: countries on a map, agents on the plane of their values, groups over the threshold."""

from headwater_agents.values.pictures.flow import flow_svg
from headwater_agents.values.pictures.map import map_svg
from headwater_agents.values.pictures.plane import Plane, plane_svg

__all__ = ["Plane", "flow_svg", "map_svg", "plane_svg"]
