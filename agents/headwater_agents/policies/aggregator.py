"""The aggregator: buys signals, sells one pooled signal, passes on what it earns by what each signal was worth."""

from __future__ import annotations

from headwater_agents.policies.actions import Action, Signal
from headwater_agents.policies.buyer import Buyer, BuyerMemory
from headwater_agents.policies.views import AggregatorView, Phase


class Aggregator(Buyer):
    """Pools its suppliers' signals into one. Learner of BuyerLesson, policy over AggregatorView."""

    def act(self, view: AggregatorView[BuyerMemory], /) -> list[Action]:
        """Between questions announce, while commits are open signal once.

        It waits for missing signals until the question's last call, then counts them as the public odds.
        """
        question = view.question
        if question is None:
            return [*self.announcement(view.memory, view.suppliers, view.standing)]
        if question.phase is not Phase.COMMIT or view.sold:
            return []
        if None in view.signals and not question.last_call:
            return []
        pooled = self.belief(view.memory, question, view.signals)
        return [Signal(question=question.id, forecast=pooled)]
