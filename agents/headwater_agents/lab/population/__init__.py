"""Honest agents of the lab: providers who work for pay, buyers who learn whom to trust, wagers sized by Kelly."""

from headwater_agents.lab.population.buyer import Buyer, BuyerTraits
from headwater_agents.lab.population.pool import Pool, sigmoid
from headwater_agents.lab.population.provider import Provider, ProviderTraits, leaves
from headwater_agents.lab.population.wager import WagerTraits, kelly, log_odds, report, returns, size

__all__ = [
    "Buyer",
    "BuyerTraits",
    "Pool",
    "Provider",
    "ProviderTraits",
    "WagerTraits",
    "kelly",
    "leaves",
    "log_odds",
    "report",
    "returns",
    "sigmoid",
    "size",
]
