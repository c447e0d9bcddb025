"""How a game is played: what has a say in a play beside the rules, the agents, the arm and the seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from headwater.deals import Limits, Negotiation, deals_domain
from headwater_agents.bargaining.errors import BargainError
from headwater_agents.bargaining.rollouts import Base, by_default, selfish
from headwater_agents.games import Game

START: Final = 2_000_000_000
"""The engine's clock at the start, seconds."""

NOWHERE: Final = deals_domain(31_337, "0x" + "11" * 20)
"""The escrow of plays that are settled nowhere but in their own books."""

BASES: Final[dict[str, Base]] = {"default": by_default, "selfish": selfish}
"""How everybody is expected to go on after a stage."""

MOST_FORESEEN: Final = 1 << 16
"""Most replays of a stage, joint actions times coalitions, by which agents foresee the division."""

FORESIGHTS: Final = ("certain", "contribution", "equal")

Meter = Callable[[Game[Any], Any], int]
"""The state that prices are read at, from the rules and the final state: 0 or more."""


Relay = Callable[[Negotiation], None]
"""Takes a negotiation that ended in a deal to where the deal is held."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """How a game is played; everything that has a say in a play, with the agents, the arm and the seed.

    Attributes:
        samples: rollouts of each joint action where dice are rolled, at least 1.
        rounds: offers in one negotiation, 1 to 1,000.
        reply_window: seconds for a message.
        dust: wei up to which payments are not worth a deal.
        alone: how agents who never talk expect everybody to go on: selfish or default.
        together: how agents who talk do.
        foresight: how agents in the full arm expect the team's earning to be divided when they price what they do:
            `certain`, by contribution, as it will be, where nothing is rolled, and in equal parts otherwise;
            `contribution`, so in any case, by a single rollout; or `equal`. By contribution takes 2^players replays of
            every joint action; where that is more than 65,536 they expect equal parts.
        counts: whether agents count on their part of what is earned together where no arm prices it: all, or own, for
            what each earns by itself alone.
    """

    samples: int = 16
    rounds: int = 8
    reply_window: int = 600
    dust: int = 0
    alone: str = "selfish"
    together: str = "default"
    foresight: str = "certain"
    counts: str = "all"

    def __post_init__(self) -> None:
        for name in (self.alone, self.together):
            if name not in BASES:
                raise BargainError(f"everybody goes on as {' or '.join(BASES)}; got {name!r}")
        if self.foresight not in FORESIGHTS:
            raise BargainError(f"foresight is {', '.join(FORESIGHTS)}; got {self.foresight!r}")
        if self.counts not in ("all", "own"):
            raise BargainError(f"agents count all or own; got {self.counts!r}")
        if self.samples < 1 or self.dust < 0:
            raise BargainError(f"samples are at least 1 and dust at least 0; got {self.samples} and {self.dust}")
        Limits(rounds=self.rounds, reply_window=self.reply_window)

    def as_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "samples": self.samples,
            "rounds": self.rounds,
            "reply_window": self.reply_window,
            "dust": str(self.dust),
            "alone": self.alone,
            "together": self.together,
            "foresight": self.foresight,
            "counts": self.counts,
        }
