"""The short-term reasoning of an agent: what does my action bring others, or cost them, and what do theirs bring me?

    given_i    = Σ_{j ≠ i} ( payoff_j(a) − payoff_j(d_i, a_−i) )      my externality: beside my no-deal action
    received_i = payoff_i(a) − payoff_i(a_i, d_−i)                     what the others' leaving their no-deal brings me

for a joint action a and the no-deal profile d. Whoever gives more than it receives asks for compensation; whoever
receives more, or harms others (given below zero), offers it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from headwater_agents.bargaining.rollouts import Profile, Rollouts


class Stance(StrEnum):
    """What follows from an externality."""

    ASK = "ask"
    OFFER = "offer"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Externality:
    """What a player's action does, beside its no-deal action, the others' actions being the same; in wei.

    Attributes:
        player: whose.
        action: what it would do.
        instead: what it would do without a deal.
        given: what all others of the stage gain by it together; below zero they lose.
        received: what it gains by the others' doing something else than without a deal.
        own: what it gains itself by its action.
    """

    player: int
    action: str
    instead: str
    given: int
    received: int
    own: int

    @property
    def stance(self) -> Stance:
        """Ask for compensation, or offer it."""
        if self.given == self.received:
            return Stance.NOTHING
        return Stance.ASK if self.given > self.received else Stance.OFFER


def externality(rollouts: Rollouts, profile: Profile, no_deal: Profile, player: int) -> Externality:
    """The externality of a player's action in a joint action of the stage. Raises BargainError: no joint actions."""
    place = rollouts.players.index(player)
    planned = rollouts.prospect(profile).payoffs
    without = rollouts.prospect((*profile[:place], no_deal[place], *profile[place + 1 :])).payoffs
    alone = rollouts.prospect((*no_deal[:place], profile[place], *no_deal[place + 1 :])).payoffs
    return Externality(
        player=player,
        action=profile[place],
        instead=no_deal[place],
        given=sum(planned[other] - without[other] for other in rollouts.players if other != player),
        received=planned[player] - alone[player],
        own=planned[player] - without[player],
    )
