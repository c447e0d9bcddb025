"""Wagers far above one's own needs, which leave less of the capacity to everybody else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from headwater_agents.adversaries.bounds import one_of, within
from headwater_agents.adversaries.sizing import affordable, best_response, edge, wagered_by_others
from headwater_agents.lab.game.attack import Attack
from headwater_agents.lab.game.moves import Bid
from headwater_agents.lab.game.setting import Setting
from headwater_agents.lab.game.table import MAIN, Table
from headwater_agents.lab.mechanisms.headwater import HeadwaterMechanism

HOG = "coalition-forecaster-1"


@dataclass(kw_only=True)
class CapacityHog(Attack):
    """Believes what an honest forecaster would, and wagers what earns most beside the others' wagers.

    Attributes:
        rent_bps: of the wager; Headwater's only.
        greed: factor on the wager that would be best for itself.
        when: "last" to see everybody's wagers just before commits end; "first" to expect what there was on average.
        threat: 1 to wager all it can on the public odds: it costs the rent, and others their capacity. What others
            lose for each unit that the hog does says how cheap such a threat is.
    """

    name: ClassVar[str] = "capacity-hog"
    goal: ClassVar[str] = "take others' share of what a question pays, or make them pay to be spared"
    seen: ClassVar[str] = "stakes raised to throttle Numerai's payout factor; all slots of a Bittensor subnet bought up"
    only: ClassVar[frozenset[str]] = frozenset({"headwater", "numerai", "predictoor", "by_stake"})
    ranges: ClassVar[Mapping[str, tuple[float, float]]] = {"greed": (0.1, 5.0)}
    variants: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "first": {"when": "first"},
        "no rent": {"rent_bps": 0},
        "rent 100": {"rent_bps": 100},
        "rent 400": {"rent_bps": 400},
        "threat": {"threat": 1},
        "threat, rent 100": {"threat": 1, "rent_bps": 100},
    }
    rent_bps: int = 25
    greed: float = 1.0
    when: str = "last"
    threat: int = 0

    def __post_init__(self) -> None:
        within(self, rent_bps=(0, 1_000), greed=(0, 1_000), threat=(0, 1))
        one_of(self, when=("last", "first"))
        self._others: list[int] = []

    def setting(self, setting: Setting) -> Setting:
        """A series with this rent."""
        if setting.mechanism != HeadwaterMechanism.name:
            return setting
        return setting.with_(mechanism_settings={"rent_bps": self.rent_bps})

    def bids(self, table: Table, honest: list[Bid]) -> list[Bid]:
        """One wager, as large as suits."""
        offer, stake = table.offers[MAIN], table.mechanism.stake(HOG)
        seen = wagered_by_others(table)
        expected = seen if self.when == "last" else sum(self._others) // max(1, len(self._others))
        self._others.append(seen)
        most = affordable(offer, stake)
        if self.threat:
            return [Bid(HOG, offer.odds, most)] if most >= offer.min_wager else []
        found = []
        for bid in honest:
            best = best_response(offer, expected, edge(bid.report, bid.report, offer.odds), stake)
            wager = min(most, int(best * self.greed))
            if wager >= offer.min_wager:
                found.append(replace(bid, wager=wager))
        return found
