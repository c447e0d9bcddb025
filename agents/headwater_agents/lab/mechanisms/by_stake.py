"""Pay by stake: emission by wager, whatever the outcome. A control that must be found to pay large wagers."""

from __future__ import annotations

from collections.abc import Sequence

from headwater_agents.lab.mechanisms.amounts import apportion
from headwater_agents.lab.mechanisms.base import Odds
from headwater_agents.lab.mechanisms.rival import Bet, Rival


class ByStake(Rival):
    """net_i = floor(E · m_i / Σ m) for a wager of m_i; E is the emission.

    Source: the proportional rule of proof-of-stake rewards. Nothing is simplified. Whoever wagers more gets more at no
    risk, so that the largest wager is always the best one.
    """

    name = "by_stake"
    scored = False

    def pay(self, bets: Sequence[Bet], odds: Odds, outcome: int) -> dict[str, int]:
        """By wager."""
        return apportion(self.emission, {bet.name: bet.wager for bet in bets})
