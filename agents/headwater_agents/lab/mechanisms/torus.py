"""Torus: streams of emission that stake allocates, linearly."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from headwater.units import BPS, WAD
from headwater_agents.lab.cast import OddsRule
from headwater_agents.lab.mechanisms.allocation import Allocating
from headwater_agents.lab.mechanisms.amounts import apportion
from headwater_agents.lab.mechanisms.base import LabError, Odds
from headwater_agents.lab.mechanisms.rival import EMISSION, Bet


def linear_emission(
    stakes: Mapping[str, int], rows: Mapping[str, Mapping[str, int]], emission: int, incentives_bps: int = BPS // 2
) -> dict[str, int]:
    """Incentives to those allocated to, dividends to those who allocate (wei by name, both together, floored).

    Args:
        stakes: wei of every stakeholder.
        rows: weights of those who allocate, positive, of any one unit in a row.
        emission: wei.
        incentives_bps: of the emission to those allocated to; the rest goes by stake to those who allocate. Where
            nobody allocates, all goes by stake.
    """
    ranks: dict[str, int] = defaultdict(int)
    for name, row in rows.items():
        total = sum(row.values())
        for agent, weight in row.items():
            ranks[agent] += stakes[name] * weight * WAD // total
    if not any(ranks.values()):
        return apportion(emission, stakes)
    incentives = emission * incentives_bps // BPS
    paid: dict[str, int] = defaultdict(int, apportion(incentives, ranks))
    for name, dividend in apportion(emission - incentives, {name: stakes[name] for name in rows}).items():
        paid[name] += dividend
    return dict(paid)


class Torus(Allocating):
    """Agent j's incentive is E/2 · r_j / Σ r, r_j = Σ_i S_i w_ij / Σ_k w_ik; allocator i's dividend E/2 · S_i / Σ S.

    S are stakes, w the allocators' weights, E the emission; sums run over those who allocate.

    Source: `linear_rewards` in pallets/emission0/src/distribute.rs of the Torus chain (renlabs-dev/torus-substrate):
    ranks are the product of normalised weights and stakes; dividends are each allocator's part of the ranks that it
    made, which adds up to its stake's share; half goes to either side by default (IncentivesRatio).

    Simplified: one emission a question instead of one every hundred blocks; no treasury fee, no delegation of stake, no
    minimum to allocate. The stream of a question is paid on the weights that stood before its outcome was known, and
    the outcome matters only through what honest allocators learn from it: so an agent earns on questions that it sits
    out too, and nothing is ever lost. Recursive streams, which delegate a share of one's own, are the split that a
    payer announces. Signals pass in the open.

    Args:
        incentives_bps: share of emission to those allocated to.
        alpha_bps, emission, min_wager, warm_up, rule: as `Allocating`.
    """

    name = "torus"

    def __init__(
        self,
        *,
        incentives_bps: int = BPS // 2,
        alpha_bps: int = 1_000,
        emission: int = EMISSION,
        min_wager: int = WAD,
        warm_up: int = 0,
        rule: OddsRule | None = None,
    ) -> None:
        super().__init__(alpha_bps=alpha_bps, emission=emission, min_wager=min_wager, warm_up=warm_up, rule=rule)
        if not 0 <= incentives_bps <= BPS:
            raise LabError(f"incentives_bps is {incentives_bps}; it must be 0 to {BPS}")
        self._incentives_bps = incentives_bps

    def pay(self, bets: Sequence[Bet], odds: Odds, outcome: int) -> dict[str, int]:
        """By the allocation that stands; then allocators learn."""
        paid = linear_emission(self.accounts.stakes(), self._rows(bets), self.emission, self._incentives_bps)
        self._learn(bets, odds, outcome)
        return paid
