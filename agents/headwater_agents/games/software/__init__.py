"""The software team: six roles turn a specification into a small program, and its hidden tests decide the reward."""

from headwater_agents.games.software.artefacts import KINDS, ROLES, Artefact, Patch
from headwater_agents.games.software.build import Built, build
from headwater_agents.games.software.compare import Assessment, Row, assess
from headwater_agents.games.software.contribution import ContributionGame
from headwater_agents.games.software.earned import EarnedValue, earned_value
from headwater_agents.games.software.errors import SoftwareError
from headwater_agents.games.software.judge import Judge, Score, judge_of
from headwater_agents.games.software.log import Log
from headwater_agents.games.software.sandbox import Answer, Call, Limits, Outcome, run
from headwater_agents.games.software.specification import (
    POINT,
    HiddenTest,
    Question,
    Specification,
    WorkPackage,
    bundled,
    names,
    parse,
)
from headwater_agents.games.software.submission import FORMS, submitted
from headwater_agents.games.software.team import ABSENT, NOTHING, SoftwareState, SoftwareTeam

__all__ = [
    "ABSENT",
    "FORMS",
    "KINDS",
    "NOTHING",
    "POINT",
    "ROLES",
    "Answer",
    "Artefact",
    "Assessment",
    "Built",
    "Call",
    "ContributionGame",
    "EarnedValue",
    "HiddenTest",
    "Judge",
    "Limits",
    "Log",
    "Outcome",
    "Patch",
    "Question",
    "Row",
    "Score",
    "SoftwareError",
    "SoftwareState",
    "SoftwareTeam",
    "Specification",
    "WorkPackage",
    "assess",
    "build",
    "bundled",
    "earned_value",
    "judge_of",
    "names",
    "parse",
    "run",
    "submitted",
]
