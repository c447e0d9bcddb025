"""The four arms: what agents may say to each other, what they know when they do, and how the team's earning is divided.

    arm          talk      what an agent prices by                          the team's earning
    no-talk      none      its own best reply                               in equal parts
    talk         haggling  its own payoffs only                             in equal parts
    short-term   deals     everybody's payoffs in counterfactual rollouts   in equal parts
    full         deals     everybody's payoffs in counterfactual rollouts   by the Shapley value of the replayed record

(The arms of arXiv 2506.07388.) Every arm knows the rules and can play on by itself; no arm knows a payoff table.
"""

from __future__ import annotations

from enum import StrEnum

from headwater_agents.bargaining.errors import BargainError


class Arm(StrEnum):
    """How agents bargain."""

    NO_TALK = "no-talk"
    TALK = "talk"
    SHORT_TERM = "short-term"
    FULL = "full"

    @property
    def talks(self) -> bool:
        """Whether there are negotiations."""
        return self is not Arm.NO_TALK

    @property
    def prices(self) -> bool:
        """Whether externalities are priced, which takes rollouts of what others get."""
        return self in (Arm.SHORT_TERM, Arm.FULL)

    @classmethod
    def of(cls, name: str) -> Arm:
        """The arm of that name. Raises BargainError."""
        try:
            return cls(name)
        except ValueError:
            raise BargainError(f"there is no arm {name[:40]!r}; the arms are {', '.join(cls)}") from None
