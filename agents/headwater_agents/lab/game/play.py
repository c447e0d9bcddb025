"""One play of a setting by honest agents and, in the attack arm, a coalition."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Final

from headwater.units import WAD
from headwater_agents.lab.game.attack import Attack
from headwater_agents.lab.game.moves import Bid
from headwater_agents.lab.game.record import Record, tokens
from headwater_agents.lab.game.seats import ProviderSeat
from headwater_agents.lab.game.setting import Setting
from headwater_agents.lab.game.table import MAIN, SIDE, Table
from headwater_agents.lab.game.watch import Watch
from headwater_agents.lab.mechanisms.base import Odds, Refused, Settled
from headwater_agents.lab.population import report, sigmoid, size

_EVEN: Final = (WAD // 2, WAD // 2)
_SIDE_ERROR: Final = 0.5
_MEMORY: Final = 0.1


class Play(Table):
    """A table with everybody at it, played once from beginning to end: `Play(setting, attack, seed).run()`."""

    def __init__(self, setting: Setting, attack: Attack | None, seed: int) -> None:
        super().__init__(setting, seed, attack.suppliers(setting) if attack else {})
        self.attack = attack or Attack()
        self.attacked = attack is not None
        self._watch = Watch((*self.seats.providers, *self.seats.aggregators))

    def run(self, progress: Callable[[int, int], None] = lambda done, of: None) -> Record:
        """Play all questions, pay everybody out, and return the record."""
        self._sit_down()
        while self.index < self.total:
            self._question()
            self.index += 1
            progress(self.index, self.total)
        self.mechanism.finish()
        self.ledger.close(self.record, self.coalition, self.seats)
        return self.record

    def _sit_down(self) -> None:
        for name in (*self.seats.providers, *self.seats.aggregators, *self.extra):
            self.ledger.enroll(name, 0)
        for name, each in self.seats.forecasters.items():
            if each.enters == 0:
                self.ledger.enroll(name, each.stake)
        if self.attacked:
            self.attack.begin(self)

    def _question(self) -> None:
        self.outcome = self.side_outcome = None
        for name, each in self.seats.forecasters.items():
            if each.enters == self.index and self.index > 0:
                self.ledger.enroll(name, each.stake)
                self._announce((name,))
        if self.attacked:
            self.attack.turn(self)
        if self.scored and (self.index - self.setting.warm_up) % self.setting.reweigh_every == 0:
            self._announce(self.seats.buyers)
        self._open()
        self._sell()
        bids = self._bid() if self.scored else []
        self.mechanism.seal()
        self._learn_filled()
        self._resolve(bids, [bid for bid in bids if self._reveal(bid)])

    def _reveal(self, bid: Bid) -> bool:
        if self.attacked and bid.name in self.coalition and not self.attack.reveals(self, bid):
            return False
        return self._try(lambda: self.mechanism.reveal(self.offers[bid.series].question, bid.name))

    def _announce(self, names: Iterable[str]) -> None:
        present = frozenset(self.ledger.enrolled)
        for name in names:
            if name not in present:
                continue
            each = self.seats.buyers[name]
            honest = each.agent.split(present)
            self._watch.fair[name] = honest
            mine = self.attacked and name in self.coalition
            split = self.attack.split(self, name, honest) if mine else honest
            if split is None:
                continue
            if mine:
                self.announce(name, split)
            else:
                self.mechanism.share(name, split)
                self.splits[name] = split

    def _open(self) -> None:
        self.offers = {MAIN: self.mechanism.open()}
        self._watch.bound = dict(self.splits)
        if self.setting.side and self.scored:
            posted = self._side_odds()
            if self.attacked:
                posted = self.attack.posted(self, posted)
            self.offers[SIDE] = self.mechanism.open(SIDE, posted)

    def _side_odds(self) -> Odds:
        if self.setting.side in ("even", "coin"):
            return _EVEN
        error = _SIDE_ERROR * float(self.script.side[self.index]) if self.setting.side == "noisy" else 0.0
        return report(self.base() + error)

    # ------------------------------------------------------------ signals

    def _sell(self) -> None:
        """Providers sell what they find, then aggregators what they make of it, then accounts an attack has added."""
        self.signals = {}
        for name, each in self.seats.providers.items():
            self._offer(name, self._finding(each))
        for name in self.extra:
            self._offer(name, None)
        for name, buyer in self.seats.aggregators.items():
            base = self.base()
            self._offer(name, buyer.agent.forecast(base, self.heard(name)) - base)

    def _finding(self, each: ProviderSeat) -> float | None:
        if self.index < self.script.arrives[each.source]:
            return None
        effort = each.agent.effort
        if self.attacked and each.name in self.coalition:
            effort = self.attack.effort(self, each.name, effort)
        if self.scored:
            each.agent.spent += self.setting.provider.cost * effort
        return self.script.signal(self.index, each.source, effort * each.quality, self.setting.provider.elasticity)

    def _offer(self, name: str, honest: float | None) -> None:
        value = self.attack.signal(self, name, honest) if self.attacked and name in self.coalition else honest
        if value is not None:
            self.signals[name] = value

    # ------------------------------------------------------------ wagers

    def _bid(self) -> list[Bid]:
        honest = {name: self._honest_bid(name) for name in self.seats.forecasters if name in self.ledger.enrolled}
        self._watch.wagers = {name: bid.wager for name, bid in honest.items() if bid is not None}
        for name, moved in self.moved.items():
            expected = self._honest_bid(name, moved)
            self._watch.wagers[name] = expected.wager if expected else 0
        everything = [bid for bid in (*honest.values(), *self._side_bids()) if bid is not None]
        done = [bid for bid in everything if bid.name not in self.coalition and self._commit(bid)]
        idle = self.setting.endowment.idle and not self.attacked
        mine = [bid for bid in everything if bid.name in self.coalition and not idle]
        if self.attacked:
            mine = self.attack.bids(self, mine)
        return done + [bid for bid in mine if self._commit(bid)]

    def _side_bids(self) -> list[Bid | None]:
        """Honest forecasters wager on the side series too where it asks what they know about."""
        if SIDE not in self.offers or self.setting.side == "coin":
            return []
        return [self._honest_bid(name, series=SIDE) for name in self.seats.forecasters if name in self.ledger.enrolled]

    def _honest_bid(self, name: str, more: int = 0, series: int = MAIN) -> Bid | None:
        belief = report(self.belief(name))
        stake = self.mechanism.stake(name) + more
        wager = size(belief, self.offers[series], stake, self.setting.wager, self.filled[series])
        return Bid(name, belief, wager, series) if wager else None

    def _learn_filled(self) -> None:
        """Take in, of wagers that everybody can see, how far they shared capacity."""
        for series, offer in self.offers.items():
            wagered = sum(each.wager for each in self.commitments(series))
            if wagered:
                self.filled[series] += _MEMORY * (min(1.0, offer.capacity / wagered) - self.filled[series])

    def _commit(self, bid: Bid) -> bool:
        question = self.offers[bid.series].question
        return self._try(lambda: self.mechanism.commit(question, bid.name, bid.report, bid.wager))

    def _try(self, move: Callable[[], None]) -> bool:
        try:
            move()
        except Refused as refusal:
            self.record.refuse(refusal)
            return False
        return True

    # ------------------------------------------------------------ pay and lessons

    def _resolve(self, bids: list[Bid], revealed: list[Bid]) -> None:
        self.outcome = outcome = int(self.script.outcomes[self.index])
        self.side_outcome = int(self.script.coin[self.index]) if self.setting.side == "coin" else outcome
        void = False
        if self.attacked and self.scored:
            self.attack.known(self)
            void = self.attack.voids(self)
        settled = [
            self.mechanism.resolve(offer.question, None if void else (outcome, self.side_outcome)[series])
            for series, offer in self.offers.items()
        ]
        if self.scored:
            truth = float(self.script.truth[self.index])
            self.record.score(self.offers[MAIN].odds, [bid for bid in revealed if bid.series == MAIN], outcome, truth)
            self._earn(settled)
            self._luck(settled)
            self._watch.look(self, bids)
        base = self.base()
        for name, each in self.seats.buyers.items():
            each.agent.learn(base, self.heard(name), outcome)
        if self.attacked and self.scored:
            self.attack.after(self)

    def _earn(self, settled: list[Settled]) -> None:
        for name, each in self.seats.providers.items():
            if name in self.signals:
                each.agent.earn(sum(one.flows.get(name, 0.0) for one in settled))

    def _luck(self, settled: list[Settled]) -> None:
        """Note how far the outcome's payments lie from their expectation under the true odds."""
        truth = float(self.script.truth[self.index])
        for series, one in enumerate(settled):
            if one.outcome is None or one.otherwise is None or math.isnan(truth):
                continue
            chance = 0.5 if series == SIDE and self.setting.side == "coin" else sigmoid(truth)
            missed = 1 - chance if one.outcome == 1 else chance
            for name in (*one.flows, *(each for each in one.otherwise if each not in one.flows)):
                value = tokens(missed * (one.flows.get(name, 0.0) - one.otherwise.get(name, 0.0)))
                for party in (self._party(name), "treasury"):
                    self.record.luck[party] = self.record.luck.get(party, 0.0) + value

    def _party(self, name: str) -> str:
        if name in self.coalition:
            return "coalition"
        return "forecasters" if name in self.seats.forecasters else "providers"
