"""Cooperatives that learn through Flower, which takes them past one process and one machine; an optional extra.

Flower starts a process for each message to a member, and that imports this: so only what a member needs is here.
`engine` runs a federation, `alone` the same without Flower, `machines` prepares several machines. Of all modules only
`coordinator_app`, `member_app`, `roll` and `strategy` need Flower; its programs import them, and nothing of ours does.
"""

from headwater_agents.cooperative.flower.absence import FederationError, FlowerAbsent, need_flower
from headwater_agents.cooperative.flower.federation import (
    Federation,
    load,
    load_batch,
    member_generator,
    save,
    save_batch,
    train,
)
from headwater_agents.cooperative.flower.folder import Outcome, Traffic, outcome_of, write_app

__all__ = [
    "Federation",
    "FederationError",
    "FlowerAbsent",
    "Outcome",
    "Traffic",
    "load",
    "load_batch",
    "member_generator",
    "need_flower",
    "outcome_of",
    "save",
    "save_batch",
    "train",
    "write_app",
]
