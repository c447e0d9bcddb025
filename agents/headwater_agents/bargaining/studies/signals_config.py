"""Settings of a season of signal prices, and the ways to pay that it compares."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

from headwater.units import MAX_WEI, WAD
from headwater_agents.bargaining.errors import BargainError
from headwater_agents.cooperative.payroll import PayrollConfig
from headwater_agents.runner.stage import SeasonConfig

EQUAL, CREDIT, TALKS, ADVANCE, CAREFUL, SKIMS = "equal", "credit", "negotiated", "advance", "careful", "skims"
ARMS: Final = (EQUAL, CREDIT, TALKS, ADVANCE, CAREFUL, SKIMS)
"""Ways to pay: alike; by Shapley value; as negotiated; the same, half of it up front; as negotiated by one that counts
values a standard error lower; as negotiated by one that then announces nine tenths of it."""


def _season() -> SeasonConfig:
    usual = SeasonConfig(warm_up=2)
    return replace(usual, protocol=replace(usual.protocol, deals=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalsConfig:
    """Settings of a season.

    Attributes:
        every: questions from one checkpoint to the next.
        members: ensemble members that sell; a guesser and an echo sell beside them.
        least_cost, most_cost: wei that a signal costs a member, drawn evenly from there.
        member_ask: the share (WAD) that members ask for first.
        noise_ask, noise_floor: the guesser's first and last demand, WAD; its signals cost nothing.
        echo_ask, echo_floor: likewise of the one who repeats the odds.
        steps: offers of each side, 2 to 500.
        payroll: how the season is played; its protocol has the DealEscrow.
    """

    every: int = 15
    members: int = 4
    least_cost: int = 3 * WAD
    most_cost: int = 25 * WAD
    member_ask: int = 60 * WAD // 100
    noise_ask: int = 50 * WAD // 100
    noise_floor: int = 20 * WAD // 100
    echo_ask: int = 30 * WAD // 100
    echo_floor: int = 5 * WAD // 100
    steps: int = 5
    payroll: PayrollConfig = field(default_factory=lambda: PayrollConfig(season=_season()))

    def __post_init__(self) -> None:
        if self.every < 1 or not 2 <= self.steps <= 500:
            raise BargainError(f"every {self.every}, steps {self.steps}; accepted: 1 or more, and 2 to 500")
        if not 0 <= self.least_cost <= self.most_cost <= MAX_WEI:
            raise BargainError(f"costs from {self.least_cost} to {self.most_cost} wei; accepted: 0 or more, in order")
        shares = (self.member_ask, self.noise_floor, self.noise_ask, self.echo_floor, self.echo_ask)
        if not all(0 <= share <= WAD for share in shares):
            raise BargainError(f"shares are from 0 to {WAD} (WAD)")
        if not self.payroll.season.protocol.deals:
            raise BargainError("signals are negotiated for a DealEscrow: the season's protocol needs deals = True")
