"""The weighted-score wager: forecasters redistribute their wagers by how their scores compare. Nobody subsidises."""

from __future__ import annotations

from collections.abc import Sequence

from headwater.units import WAD
from headwater_agents.lab.mechanisms.amounts import close_to_zero_sum
from headwater_agents.lab.mechanisms.base import Odds
from headwater_agents.lab.mechanisms.rival import Bet, SelfFinanced


def brier(report: Odds, outcome: int) -> int:
    """1 − (1 − p_o)², which is 0 to 1, in WAD squared (1e36 = 1, exact)."""
    return WAD * WAD - (WAD - report[outcome]) ** 2


def weighted_score(wagers: Sequence[int], scores: Sequence[int], one: int) -> list[int]:
    """Nets (wei) m_i · (s_i − Σ m_j s_j / Σ m_j), floored; zero-sum, the dust with the largest wager.

    Args:
        wagers: m, wei, positive.
        scores: s, integers of which `one` means 1; 0 to `one`, so that nobody loses more than the wager.
        one: the unit of scores.
    """
    total = sum(wagers)
    mean = sum(wager * score for wager, score in zip(wagers, scores, strict=True))
    exact = zip(wagers, scores, strict=True)
    return close_to_zero_sum([wager * (score * total - mean) // (total * one) for wager, score in exact], wagers)


class WeightedScore(SelfFinanced):
    """net_i = m_i · (s(p_i, o) − Σ m_j s(p_j, o) / Σ m_j), s(p, o) = 1 − (1 − p_o)².

    Source: N. Lambert, J. Langford, J. Wortman Vaughan, Y. Chen, D. Reeves, Y. Shoham, D. Pennock, "Self-Financed
    Wagering Mechanisms for Forecasting" (EC 2008), Definition 3, with the quadratic score of their Table 1; the Brier
    betting mechanism of their "An Axiomatic Characterization of Wagering Mechanisms" (2015). Truthful for risk-neutral
    players and sybil-proof, but open to riskless profit inside the range of others' reports (Chen et al., EC 2014).

    Simplified: nothing but the floors. Reports are given at once, so they are secret. Public odds play no part, so
    knowledge that everybody shares earns nothing, and nor does knowing alone.
    """

    name = "weighted_score"
    secret_reports = True

    def pay(self, bets: Sequence[Bet], odds: Odds, outcome: int) -> dict[str, int]:
        """By score against the wagers' mean score."""
        scores = [brier(bet.report, outcome) for bet in bets]
        nets = weighted_score([bet.wager for bet in bets], scores, WAD * WAD)
        return {bet.name: net for bet, net in zip(bets, nets, strict=True)}
