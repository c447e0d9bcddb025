"""What suppliers gain by copying themselves under each rule of credit, and what each rule costs honest newcomers."""

from headwater_agents.lab.clones.pay import RULES, Span, Trial, pay, shares
from headwater_agents.lab.clones.study import (
    BUYERS,
    NEWCOMERS,
    CloneRow,
    NewcomerRow,
    Setting,
    clone_table,
    newcomer_table,
    study,
)
from headwater_agents.lab.clones.world import (
    Pool,
    Season,
    averaging_chances,
    joined_by,
    knowing_chances,
    play,
    public_odds,
    similar_suppliers,
    supplier_reports,
)

__all__ = [
    "BUYERS",
    "NEWCOMERS",
    "RULES",
    "CloneRow",
    "NewcomerRow",
    "Pool",
    "Season",
    "Setting",
    "Span",
    "Trial",
    "averaging_chances",
    "clone_table",
    "joined_by",
    "knowing_chances",
    "newcomer_table",
    "pay",
    "play",
    "public_odds",
    "shares",
    "similar_suppliers",
    "study",
    "supplier_reports",
]
