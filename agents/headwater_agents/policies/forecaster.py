"""The forecaster: buys signals, stakes on the pooled forecast, reveals it, shares what it earns with suppliers."""

from __future__ import annotations

from dataclasses import dataclass, field

from headwater_agents.policies.actions import Action, Commit, Deposit, Reveal
from headwater_agents.policies.base import PolicyError, derive_salt
from headwater_agents.policies.buyer import Buyer, BuyerConfig, BuyerMemory
from headwater_agents.policies.forecast import Forecast
from headwater_agents.policies.views import ForecasterView, MemoryT, Phase
from headwater_agents.policies.wager import WagerConfig, size_wager


@dataclass(frozen=True, kw_only=True, slots=True)
class ForecasterConfig:
    """Settings of a forecaster.

    seed: the secret its salts derive from (below 2**256). min_resolved: resolved questions before it wagers at all.
    target_stake: wei it brings its stake up to from its wallet, 0 to deposit nothing by itself.
    """

    seed: int
    buying: BuyerConfig = field(default_factory=BuyerConfig)
    wager: WagerConfig = field(default_factory=WagerConfig)
    min_resolved: int = 20
    target_stake: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.seed < 2**256:
            raise PolicyError(f"seed is {self.seed}; it must be 0 or more and below 2**256")
        if self.min_resolved < 0 or self.target_stake < 0:
            raise PolicyError("min_resolved and target_stake must be 0 or more")


def reveal(view: ForecasterView[MemoryT]) -> list[Action]:
    """Reveal what stands unrevealed. It pays whatever one now believes: no reveal costs the worst case."""
    if view.question is None or view.position is None or view.position.revealed:
        return []
    return [Reveal(question=view.question.id, forecast=view.position.forecast, salt=view.position.salt)]


def commit(view: ForecasterView[MemoryT], seed: int, forecast: Forecast, wager: int) -> list[Action]:
    """Commit a forecast with a wager, or nothing where the wager is 0."""
    if view.question is None or wager == 0:
        return []
    salt = derive_salt(seed, view.address, view.question.id, forecast)
    return [Commit(question=view.question.id, forecast=forecast, wager=wager, salt=salt)]


class Forecaster(Buyer):
    """Stakes on what it pools. Learner of BuyerLesson, policy over ForecasterView."""

    def __init__(self, config: ForecasterConfig) -> None:
        super().__init__(config.buying)
        self.config = config

    def act(self, view: ForecasterView[BuyerMemory], /) -> list[Action]:
        """Between questions deposit and announce; while commits are open commit once; then reveal.

        It waits for missing signals until the question's last call, then counts them as the public odds.
        """
        question = view.question
        if question is None:
            short = min(self.config.target_stake - view.bonded, view.wallet) if view.position is None else 0
            deposit: list[Action] = [Deposit(amount=short)] if short > 0 else []
            return [*deposit, *self.announcement(view.memory, view.suppliers, view.standing)]
        if question.phase is Phase.REVEAL:
            return reveal(view)
        if question.phase is not Phase.COMMIT or view.position is not None:
            return []
        if view.memory.resolved < self.config.min_resolved:
            return []
        if None in view.signals and not question.last_call:
            return []
        belief = self.belief(view.memory, question, view.signals)
        wager = size_wager(
            self.config.wager,
            belief,
            question,
            bonded=view.bonded,
            free=view.free,
            min_wager=view.min_wager,
        )
        return commit(view, self.config.seed, belief, wager)
