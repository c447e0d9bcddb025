"""The keeper's process: settles, closes, releases, pulls and withdraws, for everybody."""

from __future__ import annotations

from typing import Final

from headwater_agents.bots.kit import Kit
from headwater_agents.policies import Keeper, Settle
from headwater_agents.runner.keeping import keeper_view

_AT_ONCE: Final = 8
"""Actions between two looks, so that settlements never wait long behind the cascade."""


class KeeperRole:
    """Runs the keeper's policy: settlements at every look, the cascade whenever something was settled."""

    def __init__(self, kit: Kit, policy: Keeper) -> None:
        self._kit, self._policy = kit, policy
        self._drained = False

    def tick(self, now: int) -> None:
        """Roll the treasury when an epoch has begun, settle, then move the cascade on."""
        kit = self._kit
        treasury = kit.system.treasury
        if treasury.call("epoch_now") >= treasury.call("next_epoch"):
            kit.me.roll()
            kit.log.info("roll")
        for asked in kit.watch.questions.values():
            if waiting := asked.unsettled(now):
                kit.executor.execute([Settle(question=asked.id, forecaster=who) for who in waiting])
                kit.vitals.actions.labels("settle").inc(len(waiting))
                kit.log.info("settle", question=asked.id, positions=len(waiting))
                self._drained = False
        if not self._drained:
            self._drain()

    def _drain(self) -> None:
        kit = self._kit
        made = kit.system.announcements(kit.born)
        kit.versions.update({(each.node, each.version): each for each in made})
        stakers = {who for asked in kit.watch.questions.values() for who in asked.committed}
        nodes = {each.node for each in made} | {
            leaf.child for each in made for leaf in each.leaves or () if leaf.child_version == 0
        }
        view = keeper_view(
            kit.system, made, stakers, nodes=sorted(nodes), domain=0 if kit.params.governed else kit.watch.series
        )
        actions = self._policy.act(view)
        kit.do(actions[:_AT_ONCE])
        self._drained = not actions
