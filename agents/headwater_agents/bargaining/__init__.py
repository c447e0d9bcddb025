"""Bargaining: agents that price each other's help before they act, and share what they earn together afterwards."""

from headwater_agents.bargaining.arm import Arm
from headwater_agents.bargaining.arms import arms, arms_grids
from headwater_agents.bargaining.crediting import Division, by_contribution
from headwater_agents.bargaining.engine import play, play_and_learn
from headwater_agents.bargaining.errors import BargainError, PlayedError, TooManyError
from headwater_agents.bargaining.events import Event, EventKind, Observe
from headwater_agents.bargaining.externality import Externality, Stance, externality
from headwater_agents.bargaining.kinds import KINDS, agent_from
from headwater_agents.bargaining.learning import Learning
from headwater_agents.bargaining.matrices import matrices, matrices_grids
from headwater_agents.bargaining.negotiators import Greedy, Rational, Scripted, Stubborn
from headwater_agents.bargaining.pairings import pairings, pairings_grids
from headwater_agents.bargaining.plan import Leg, Plan, make_plan
from headwater_agents.bargaining.played import Played, Talk, read
from headwater_agents.bargaining.rollouts import Base, Profile, Prospect, Rollouts, by_default, selfish
from headwater_agents.bargaining.setting import NOWHERE, Meter, Setting
from headwater_agents.bargaining.settling import Settled
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
from headwater_agents.bargaining.talks import Said

__all__ = [
    "KINDS",
    "NOWHERE",
    "Agree",
    "Arm",
    "BargainError",
    "Base",
    "Choice",
    "Desk",
    "Division",
    "Event",
    "EventKind",
    "Externality",
    "Greedy",
    "Halt",
    "Learning",
    "Leg",
    "Lesson",
    "Meter",
    "Move",
    "Negotiator",
    "Observe",
    "Offer",
    "Plan",
    "Played",
    "PlayedError",
    "Profile",
    "Prospect",
    "Rational",
    "Rollouts",
    "Said",
    "Scripted",
    "Setting",
    "Settled",
    "Silence",
    "StageGame",
    "Stance",
    "Stubborn",
    "Table",
    "Talk",
    "TooManyError",
    "View",
    "agent_from",
    "arms",
    "arms_grids",
    "by_contribution",
    "by_default",
    "externality",
    "fair_shares",
    "make_plan",
    "matrices",
    "matrices_grids",
    "no_deal_profile",
    "pairings",
    "pairings_grids",
    "play",
    "play_and_learn",
    "read",
    "selfish",
    "stage_game",
]
