"""Ocean Predictoor: whoever was right shares everybody's stake and the feed's revenue, by stake."""

from __future__ import annotations

from collections.abc import Sequence

from headwater_agents.lab.mechanisms.base import Odds
from headwater_agents.lab.mechanisms.rival import Bet, Rival


def payouts(stakes: Sequence[int], right: Sequence[bool], revenue: int) -> list[int]:
    """What each gets back (wei): floor(stake · (Σ stakes + revenue) / Σ stakes of the right); 0 for the wrong.

    If nobody was right, nobody gets anything: the stakes go to the fee collector, and the revenue stays with it.
    """
    winning = sum(stake for stake, won in zip(stakes, right, strict=True) if won)
    pot = sum(stakes) + revenue
    return [stake * pot // winning if won else 0 for stake, won in zip(stakes, right, strict=True)]


class Predictoor(Rival):
    """net_i = floor(m_i · (Σ m + E) / Σ m of the right) − m_i if i was right, else −m_i; E is the emission.

    Source: `payout` in Ocean Protocol's contract ERC20Template3.sol (oceanprotocol/contracts); docs.predictoor.ai,
    "Earn as a Predictoor": feed sales and slashed stake go to the right ones pro rata to stake.

    Simplified: E stands for an epoch's feed revenue. A prediction there is up or down; here it is the side that the
    report thinks likelier (1 at even odds), so that a report's strength plays no part, nor do the public odds: where
    they are uneven, naming the favourite earns. Predictions are private until the epoch (the contract runs on Oasis
    Sapphire).
    """

    name = "predictoor"
    secret_reports = True

    def pay(self, bets: Sequence[Bet], odds: Odds, outcome: int) -> dict[str, int]:
        """By stake among those on the right side."""
        right = [(bet.report[1] >= bet.report[0]) == (outcome == 1) for bet in bets]
        paid = payouts([bet.wager for bet in bets], right, self.emission)
        return {bet.name: payout - bet.wager for bet, payout in zip(bets, paid, strict=True)}
