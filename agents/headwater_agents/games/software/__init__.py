"""The software team: six roles turn a specification into a small program, and its hidden tests decide the reward."""

from headwater_agents.games.software.artefacts import KINDS, ROLES, Artefact, Patch
from headwater_agents.games.software.build import Built, build
from headwater_agents.games.software.errors import SoftwareError
from headwater_agents.games.software.log import Log
from headwater_agents.games.software.specification import (
    POINT,
    HiddenTest,
    Question,
    Specification,
    WorkPackage,
    bundled,
    names,
)
from headwater_agents.games.software.team import ABSENT, NOTHING, SoftwareState, SoftwareTeam

__all__ = [
    "ABSENT",
    "KINDS",
    "NOTHING",
    "POINT",
    "ROLES",
    "Artefact",
    "Built",
    "HiddenTest",
    "Log",
    "Patch",
    "Question",
    "SoftwareError",
    "SoftwareState",
    "SoftwareTeam",
    "Specification",
    "WorkPackage",
    "build",
    "bundled",
    "names",
]
