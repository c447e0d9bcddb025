"""Carries one agent's actions out as transactions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import assert_never

from headwater.cascade import list_terms
from headwater.chain import ArgumentError, Reverted
from headwater.chain.participant import Participant
from headwater.chain.system import Announcement
from headwater.units import BPS
from headwater_agents.durable.journal import Journal
from headwater_agents.policies import (
    Action,
    Announce,
    Close,
    Commit,
    Deposit,
    Pull,
    PullShare,
    Release,
    Reveal,
    Settle,
    Signal,
    Withdraw,
)

Versions = dict[tuple[str, int], Announcement]
"""Announcements by (node, version): what pulls need to know of a version."""

_BATCH = 32
# Of a version that nobody announced: the cascade does not look at them.
_NO_TERMS = list_terms((), BPS, 0)


class Executor:
    """One account that acts. Raises ChainError where the chain refuses; what was sent before stands."""

    def __init__(self, participant: Participant, journal: Journal, versions: Versions) -> None:
        self.participant = participant
        self._journal = journal
        self._versions = versions

    @property
    def address(self) -> str:
        """The account's address."""
        return self.participant.address

    def execute(self, actions: Iterable[Action], *, checkpoints: Mapping[int, int] | None = None) -> None:
        """Carry actions out in order. Settlements of one question in a row go in one transaction.

        `checkpoints` may name, by question, the stake checkpoint to commit against, to save looking it up.
        """
        for kind, group in groupby(actions, key=lambda a: (type(a), a.question if isinstance(a, Settle) else None)):
            if kind[0] is Settle:
                forecasters = [action.forecaster for action in group if isinstance(action, Settle)]
                for first in range(0, len(forecasters), _BATCH):
                    self.participant.settle_many(kind[1] or 0, forecasters[first : first + _BATCH])
                continue
            for action in group:
                self._one(action, checkpoints or {})

    def _one(self, action: Action, checkpoints: Mapping[int, int]) -> None:
        me = self.participant
        match action:
            case Commit():
                self._commit(action, checkpoints.get(action.question))
            case Reveal():
                me.reveal(action.question, self.address, action.forecast, action.salt)
                self._journal.mark(self.address, action.question, "revealed")
            case Announce():
                made = me.announce_list(action.leaves, action.keep_bps, action.buffer)
                self._versions[made.node, made.version] = made
            case Deposit():
                me.stake(action.amount)
            case Settle():
                me.settle(action.question, action.forecaster)
            case Close():
                me.close(action.forecaster, action.version, action.domain)
            case Release():
                me.release(action.forecaster, action.version, action.domain)
            case Pull():
                self._pull(action)
            case PullShare():
                announced = self._versions.get((action.node, action.version))
                me.pull_share(action.node, action.version, announced.terms if announced else _NO_TERMS)
            case Withdraw():
                me.withdraw(action.node)
            case Signal():
                raise TypeError("a signal is no transaction: hand it to the exchange")
            case _:
                assert_never(action)

    def _commit(self, action: Commit, checkpoint: int | None) -> None:
        self._journal.plan(self.address, action)
        try:
            self.participant.commit(action.question, action.forecast, action.wager, action.salt, checkpoint=checkpoint)
        except (ArgumentError, Reverted):
            # Surely not on the chain. After any other error it may be, so it stays planned.
            self._journal.mark(self.address, action.question, "refused")
            raise
        self._journal.mark(self.address, action.question, "committed")

    def _pull(self, action: Pull) -> None:
        announced = self._versions.get((action.node, action.version))
        if announced is None or announced.leaves is None:
            raise ValueError(f"the leaves of version {action.version} of {action.node} are not at hand")
        leaves = announced.leaves
        # Runs of consecutive indices, each in one call.
        for _, run in groupby(enumerate(action.indices), key=lambda pair: pair[1] - pair[0]):
            indices = [index for _, index in run]
            self.participant.pull_list(
                action.node, action.version, announced.terms, leaves, first=indices[0], count=len(indices)
            )
