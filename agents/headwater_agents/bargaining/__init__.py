"""Bargaining: agents that price each other's help before they act, and share what they earn together afterwards."""

from headwater_agents.bargaining.arm import Arm
from headwater_agents.bargaining.errors import BargainError, PlayedError, TooManyError
from headwater_agents.bargaining.events import Event, EventKind, Observe
from headwater_agents.bargaining.externality import Externality, Stance, externality
from headwater_agents.bargaining.plan import Leg, Plan, make_plan
from headwater_agents.bargaining.rollouts import Base, Profile, Prospect, Rollouts, by_default, selfish
from headwater_agents.bargaining.stage import StageGame, fair_shares, no_deal_profile, stage_game
from headwater_agents.bargaining.table import (
    Agree,
    Choice,
    Desk,
    Halt,
    Lesson,
    Move,
    Negotiator,
    Offer,
    Silence,
    Table,
    View,
)

__all__ = [
    "Agree",
    "Arm",
    "BargainError",
    "Base",
    "Choice",
    "Desk",
    "Event",
    "EventKind",
    "Externality",
    "Halt",
    "Leg",
    "Lesson",
    "Move",
    "Negotiator",
    "Observe",
    "Offer",
    "Plan",
    "PlayedError",
    "Profile",
    "Prospect",
    "Rollouts",
    "Silence",
    "StageGame",
    "Stance",
    "Table",
    "TooManyError",
    "View",
    "by_default",
    "externality",
    "fair_shares",
    "make_plan",
    "no_deal_profile",
    "selfish",
    "stage_game",
]
