"""The past of the revm chain, replayed on an engine of its own when somebody asks for it."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from headwater.chain.revm_engine import Engine
from headwater.chain.revm_receipt import Sent


@dataclass(frozen=True, slots=True)
class Poke:
    """What was written from outside, after `after` transactions: a word of storage, or with slot None a balance.

    `checkpoint` is the state before it.
    """

    after: int
    checkpoint: Any
    address: str
    slot: int | None
    before: int
    value: int

    def write(self, engine: Engine, value: int) -> None:
        """Set what it is about on an engine."""
        if self.slot is None:
            engine.evm.set_balance(self.address, value)
        else:
            engine.evm.insert_account_storage(self.address, self.slot, value)


class History:
    """An engine that follows the chain at a distance: it moves forward, and begins again to go back."""

    def __init__(self, chain_id: int, balances: Mapping[str, int]) -> None:
        self._chain_id, self._balances = chain_id, balances
        self._engine: Engine | None = None
        self._sent = self._pokes = 0

    def at(self, sent: Sequence[Sent], pokes: Sequence[Poke], upto: int) -> Engine:
        """The engine as the first `upto` transactions left it."""
        if self._engine is None or self._sent > upto:
            self._engine, self._sent, self._pokes = Engine(self._chain_id, self._balances), 0, 0
        engine = self._engine
        for number in range(self._sent, upto):
            self._poke(engine, pokes, number)
            copy.copy(sent[number]).run(engine)
        self._sent = upto
        return engine

    def _poke(self, engine: Engine, pokes: Sequence[Poke], number: int) -> None:
        while self._pokes < len(pokes) and pokes[self._pokes].after <= number:
            poke = pokes[self._pokes]
            poke.write(engine, poke.value)
            self._pokes += 1

    def forget(self, sent: int, pokes: int) -> None:
        """The chain went back to so many transactions and pokes: what was replayed beyond them is void."""
        if self._sent > sent or self._pokes > pokes:
            self._engine, self._sent, self._pokes = None, 0, 0
