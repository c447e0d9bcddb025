"""The Kelly market: each wager grows by the report over the market's price. Nobody subsidises."""

from __future__ import annotations

from collections.abc import Sequence

from headwater_agents.lab.mechanisms.amounts import close_to_zero_sum
from headwater_agents.lab.mechanisms.base import Odds
from headwater_agents.lab.mechanisms.rival import Bet, SelfFinanced


def kelly_market(wagers: Sequence[int], chances: Sequence[int]) -> list[int]:
    """Nets (wei) m_i · (p_i / P − 1) with the price P = Σ m_j p_j / Σ m_j; zero-sum, the dust with the largest wager.

    Args:
        wagers: m, wei, positive: what each puts into the market.
        chances: p, what each gave the outcome that came; integers of any one unit, positive.
    """
    total = sum(wagers)
    backed = sum(wager * chance for wager, chance in zip(wagers, chances, strict=True))
    pairs = zip(wagers, chances, strict=True)
    return close_to_zero_sum([wager * chance * total // backed - wager for wager, chance in pairs], wagers)


class KellyMarket(SelfFinanced):
    """net_i = m_i · (p_io / P_o − 1), where P_o = Σ m_j p_jo / Σ m_j is the market's price of the outcome that came.

    Source: A. Beygelzimer, J. Langford, D. Pennock, "Learning Performance of Prediction Markets with Kelly Bettors"
    (AAMAS 2012, arXiv:1201.6655): a market of Kelly bettors clears at the wealth-weighted mean of their beliefs, and
    each one's wealth is multiplied by belief over price, which is Bayes' rule on wealth.

    Simplified: one clearing instead of continuous trade, and the wager (not all wealth) is what Kelly bets are a
    fraction of. Prices are public, so reports are too. The public odds play no part.
    """

    name = "kelly_market"

    def pay(self, bets: Sequence[Bet], odds: Odds, outcome: int) -> dict[str, int]:
        """By report over price."""
        nets = kelly_market([bet.wager for bet in bets], [bet.report[outcome] for bet in bets])
        return {bet.name: net for bet, net in zip(bets, nets, strict=True)}
