"""The aggregator's process: buys signals, sells the pool of them, announces whom it pays."""

from __future__ import annotations

from typing import Any, Final

from headwater_agents.bots.buying import Buying
from headwater_agents.bots.kit import Kit
from headwater_agents.bots.pantry import Pantry
from headwater_agents.bots.shop import Shop
from headwater_agents.bots.source import NoSource
from headwater_agents.policies import AggregatorView, Phase, Question, Signal

_LAST_CALL_BPS: Final = 6_000  # its buyers want time too


class AggregatorRole:
    """Runs a policy over AggregatorView that learns from BuyerLesson."""

    def __init__(self, kit: Kit, policy: Any, pantry: Pantry, shop: Shop) -> None:
        self._kit, self._policy, self._pantry, self._shop = kit, policy, pantry, shop
        self._buying = Buying(kit, policy, pantry, NoSource(), shop.income)

    def tick(self, now: int) -> None:
        """Learn; buy and sell while commits are open; announce."""
        kit = self._kit
        self._buying.catch_up()
        self._shop.resolved(kit.watch)
        for asked, phase in kit.live(now):
            if phase is not Phase.COMMIT or self._shop.has(asked.id):
                continue
            self._shop.expect(asked)
            self._pantry.fill(asked, now)
            question = kit.question(asked, phase, now, _LAST_CALL_BPS)
            for action in self._policy.act(self._view(question)):
                if isinstance(action, Signal):
                    self._shop.publish(asked, action.forecast, now)
        if self._buying.due():
            kit.do(self._policy.act(self._view(None)))
            self._buying.looked(now)

    def _view(self, question: Question | None) -> AggregatorView[Any]:
        return AggregatorView(
            question=question,
            suppliers=self._kit.suppliers(self._pantry.addresses),
            signals=() if question is None else self._pantry.signals(question.id),
            standing=self._kit.standing_action(),
            sold=False,
            memory=self._buying.memory,
        )
