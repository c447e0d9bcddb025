"""The forecaster's process: stakes, buys signals, commits, reveals, announces whom it pays."""

from __future__ import annotations

from typing import Any, Final

from headwater.chain.participant import commitment
from headwater_agents.bots.buying import Buying
from headwater_agents.bots.kit import Kit
from headwater_agents.bots.pantry import Pantry
from headwater_agents.bots.source import Source
from headwater_agents.bots.watch import Asked
from headwater_agents.policies import ForecasterView, Phase, Position, Question, Reveal

_LAST_CALL_BPS: Final = 3_500


class ForecasterRole:
    """Runs a policy over ForecasterView that learns from BuyerLesson.

    A position is the chain's: the journal's entry with the same commitment says how to reveal it. `lost` counts
    positions on the chain that no entry opens, which only another process with the same key can have made.
    """

    def __init__(self, kit: Kit, policy: Any, source: Source, pantry: Pantry) -> None:
        self._kit, self._policy, self._source, self._pantry = kit, policy, source, pantry
        self._buying = Buying(kit, policy, pantry, source)
        self._domain = 0 if kit.params.governed else kit.watch.series
        self.lost: set[int] = set()

    def tick(self, now: int) -> None:
        """Reveal first, for that is what cannot wait; then commit; then stake and announce."""
        kit = self._kit
        self._buying.catch_up()
        live = kit.live(now)
        for asked, phase in live:
            if phase is Phase.REVEAL and kit.address in asked.committed and kit.address not in asked.revealed:
                self._reveal(asked)
        for asked, phase in live:
            if phase is Phase.COMMIT and kit.address not in asked.committed and asked.capacity and not kit.safe:
                self._commit(asked, now)
        if self._buying.due() and not kit.safe:
            self._between(now, any(kit.address in asked.committed for asked, _ in live))

    def _reveal(self, asked: Asked) -> None:
        # The policy is not asked: withholding never pays, and a policy that fails must not cost a wager.
        position = self._position(asked)
        if position is not None:
            reveal = Reveal(question=asked.id, forecast=position.forecast, salt=position.salt)
            self._kit.do([reveal], until=asked.times.reveal_end)

    def _commit(self, asked: Asked, now: int) -> None:
        kit = self._kit
        self._pantry.fill(asked, now)
        found = kit.system.checkpoint_before(kit.address, asked.opened)
        if found is None:
            return
        question = kit.question(asked, Phase.COMMIT, now, _LAST_CALL_BPS)
        actions = self._policy.act(self._view(question, asked, bonded=found[1]))
        kit.do(actions, until=asked.times.commit_end)

    def _between(self, now: int, staked: bool) -> None:
        kit = self._kit
        kit.allow(kit.system.vault, 2**128)
        # A policy sees any position as a reason not to deposit; which one does not matter.
        held = Position(forecast=(), wager=0, salt=b"", revealed=True) if staked else None
        kit.do(self._policy.act(self._view(None, None, held=held)))
        made = kit.standing()
        if made is not None and kit.system.escrow(kit.address, made.version, self._domain).keep_bps == 0:
            kit.me.open_escrow(kit.address, made.version, made.terms, self._domain)
            kit.log.info("open_escrow", version=made.version)
        self._buying.looked(now)

    def _position(self, asked: Asked) -> Position | None:
        kit = self._kit
        standing = asked.committed.get(kit.address)
        if standing is None:
            return None
        chain_id, arena = kit.system.backend.chain_id, kit.system.addresses.arena
        for kept in reversed(kit.journal.history(kit.address, asked.id)):
            known = kept.position
            if standing.commitment == commitment(chain_id, arena, asked.id, kit.address, known.forecast, known.salt):
                return Position(
                    forecast=known.forecast,
                    wager=standing.wager,
                    salt=known.salt,
                    revealed=kit.address in asked.revealed,
                )
        if asked.id not in self.lost:
            self.lost.add(asked.id)
            kit.log.error("lost", question=asked.id, why="the chain has a commitment that is not in this bot's file")
        return None

    def _view(
        self, question: Question | None, asked: Asked | None, *, bonded: int = 0, held: Position | None = None
    ) -> ForecasterView[Any]:
        kit = self._kit
        stake = kit.system.stake(kit.address)
        return ForecasterView(
            address=kit.address,
            question=question,
            suppliers=kit.suppliers(self._pantry.addresses),
            signals=() if question is None else self._pantry.signals(question.id),
            standing=kit.standing_action(),
            position=held if asked is None else self._position(asked),
            # What is for signals is not there to be staked.
            wallet=max(0, kit.system.balance(kit.address) - kit.config.market.purse),
            bonded=stake.bonded if question is None else bonded,
            free=stake.bonded - stake.locked,
            min_wager=kit.params.min_wager,
            memory=self._buying.memory,
            reading=None if asked is None else self._source.reading(asked.topic),
        )
