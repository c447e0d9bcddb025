"""Which signals to buy: by measured value for money, within a budget, with something left for trying. Pure.

A seller's value per signal is taken to be

    (P · prior + Σ credit) / (P + n)

wei after n purchases, where the credit is what the buyer's own accounting gave the signals, and the prior counts as
much as P purchases. The prior of a stranger is its price: break-even. What a seller says of itself may lift that to at
most `trust` times the price, for claims cost nothing; what its record shows, which is signed and can be checked, is
the caller's to work out, and replaces it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from headwater_agents.policies import PolicyError


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """A seller as its buyer knows it: wei, and counts.

    Attributes:
        name: the seller's, whatever the caller uses.
        price: of a signal, wei.
        bought: signals bought and valued.
        credit: what they were worth in all, wei of emission; may be negative.
        claimed: what it says a signal is worth, wei; None if it says nothing.
        shown: what its checked record shows a signal to be worth, wei; None if it was not looked at.
        faults: times it took money for nothing, or for what was no signal.
    """

    name: str
    price: int
    bought: int = 0
    credit: int = 0
    claimed: int | None = None
    shown: int | None = None
    faults: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class ChoiceConfig:
    """Settings of the choice.

    Attributes:
        prior_weight: purchases that the prior counts as; above 0.
        trust: most that a claim lifts the prior to, times the price; at least 1.
        explore: share of the budget for sellers that are little known, 0 to 1.
        enough: purchases after which a seller is known.
        forgive: faults after which a seller is never bought from again.
    """

    prior_weight: float = 10.0
    trust: float = 1.5
    explore: float = 0.1
    enough: int = 20
    forgive: int = 1

    def __post_init__(self) -> None:
        if not (self.prior_weight > 0 and self.trust >= 1 and 0 <= self.explore <= 1 and self.enough >= 0):
            raise PolicyError(
                "prior_weight must be above 0, trust at least 1, explore between 0 and 1, enough not negative; "
                f"got {self.prior_weight}, {self.trust}, {self.explore}, {self.enough}"
            )


def value_of(config: ChoiceConfig, candidate: Candidate) -> float:
    """What a seller's next signal is taken to be worth, wei."""
    if candidate.shown is not None:
        prior = float(candidate.shown)
    elif candidate.claimed is not None:
        prior = min(float(candidate.claimed), config.trust * candidate.price)
    else:
        prior = float(candidate.price)
    return (config.prior_weight * prior + candidate.credit) / (config.prior_weight + candidate.bought)


def choose(
    config: ChoiceConfig, candidates: Sequence[Candidate], budget: int, rng: np.random.Generator
) -> tuple[str, ...]:
    """Names of the sellers to buy from now, in the order of the list; their prices sum to at most `budget` wei.

    Known sellers are bought in the order of value for money, as long as they are worth their price. Of the budget,
    `explore` is kept for sellers bought from less than `enough` times, the least known first, chance deciding between
    equals; what one part leaves the other may use. Sellers with more than `forgive` faults are left out.
    """
    fit = [each for each in candidates if each.faults <= config.forgive and each.price > 0]
    ranked = sorted(fit, key=lambda each: value_of(config, each) / each.price, reverse=True)
    worth = [each for each in ranked if value_of(config, each) >= each.price]
    order = rng.permutation(len(fit))
    strangers = sorted(
        (fit[int(place)] for place in order if fit[int(place)].bought < config.enough), key=lambda each: each.bought
    )
    kept = int(budget * config.explore)
    chosen: dict[str, int] = {}
    for row, purse in ((strangers, kept), (worth, budget), (strangers, budget)):
        for each in row:
            if each.name not in chosen and sum(chosen.values()) + each.price <= purse:
                chosen[each.name] = each.price
    return tuple(each.name for each in candidates if each.name in chosen)
