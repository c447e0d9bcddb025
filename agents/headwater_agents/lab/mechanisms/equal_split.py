"""Equal split: every identity that takes part gets the same. A control that must be found to pay sybils."""

from __future__ import annotations

from collections.abc import Sequence

from headwater_agents.lab.mechanisms.amounts import apportion
from headwater_agents.lab.mechanisms.base import Odds
from headwater_agents.lab.mechanisms.rival import Bet, Rival


class EqualSplit(Rival):
    """net_i = floor(E / n) for each of the n identities that wagered on the question; E is the emission.

    Source: per-head rewards, the baseline against which J. R. Douceur, "The Sybil Attack" (IPTPS 2002), shows that one
    actor counts as many as it has identities. Nothing is simplified; the least wager is the only cost of an identity.
    """

    name = "equal_split"
    scored = False

    def pay(self, bets: Sequence[Bet], odds: Odds, outcome: int) -> dict[str, int]:
        """The same for every name."""
        return apportion(self.emission, {bet.name: 1 for bet in bets})
