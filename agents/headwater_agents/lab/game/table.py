"""The table: what stands on it while a play is under way, and what a coalition may look at and do there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from headwater_agents.lab.game.ledger import Ledger
from headwater_agents.lab.game.record import Record
from headwater_agents.lab.game.seats import seat
from headwater_agents.lab.game.setting import Setting
from headwater_agents.lab.mechanisms.base import Commitment, Mechanism, Offer, Refused, Split
from headwater_agents.lab.mechanisms.registry import make
from headwater_agents.lab.population import log_odds

MAIN: Final = 0
SIDE: Final = 1


class Table:
    """A play under way, and what an attack may look at. Log-odds are of outcome 1; money wei.

    Attributes:
        setting, mechanism, seats: as they stand; `coalition` names the accounts that act together.
        index: of the question, warm-up included.
        offers: open questions by series.
        signals: log-odds added that were sold for this question, by seller.
        splits: what each buyer has announced last.
        filled: by series, the part of a wager that lately took effect, as honest forecasters expect it to.
        outcome: of the main question, once it is known; `side_outcome` likewise.
        rng: the coalition's own dice.
        chances: (T, sellers), uniform draws by which honest sellers leave.
        moved: wei of stake that coalition accounts have moved elsewhere, as far as providers noticed.
    """

    def __init__(self, setting: Setting, seed: int, extra: Mapping[str, tuple[str, ...]]) -> None:
        """`extra` are suppliers that the coalition adds to buyers' lists."""
        self.setting = setting
        self.total = setting.warm_up + setting.questions
        sources = setting.providers + setting.endowment.providers
        # Three streams, so that neither arm's choices move the other's draws.
        world, choices, self.rng = (np.random.default_rng([seed, stream]) for stream in range(3))
        self.script = setting.make_world().script(self.total, sources, world)
        sellers = sources + setting.aggregators + setting.endowment.aggregators
        self.chances = choices.uniform(size=(self.total, sellers))
        self.mechanism = self._mechanism()
        self.index = 0
        self.offers: dict[int, Offer] = {}
        self.signals: dict[str, float] = {}
        self.splits: dict[str, Split] = {}
        self.filled: dict[int, float] = {MAIN: 1.0, SIDE: 1.0}
        self.outcome: int | None = None
        self.side_outcome: int | None = None
        self.record = Record()
        self.extra = tuple(dict.fromkeys(name for names in extra.values() for name in names))
        self.seats = seat(setting, extra)
        self.coalition = self.seats.coalition
        self.coalition.update(self.extra)
        self.moved: dict[str, int] = {}
        self.ledger = Ledger(self.mechanism)

    def _mechanism(self) -> Mechanism:
        settings = dict(self.setting.mechanism_settings)
        if self.setting.mechanism == "headwater":
            settings.setdefault("warm_up", self.setting.warm_up)
            settings["sides"] = int(bool(self.setting.side))
        return make(self.setting.mechanism, **settings)

    # ------------------------------------------------------------ what attacks use

    @property
    def scored(self) -> bool:
        """Whether the warm-up is over."""
        return self.index >= self.setting.warm_up

    def base(self, series: int = MAIN) -> float:
        """Public log-odds."""
        return log_odds(self.offers[series].odds)

    def commitments(self, series: int = MAIN) -> tuple[Commitment, ...]:
        """Wagers so far, as everybody sees them."""
        return self.mechanism.commitments(self.offers[series].question)

    def heard(self, buyer: str) -> dict[str, float]:
        """Signals that a buyer got, by seller."""
        sellers = self.seats.buyers[buyer].agent.sellers
        return {name: self.signals[name] for name in sellers if name in self.signals and not self._left(name, buyer)}

    def _left(self, seller: str, buyer: str) -> bool:
        seat = self.seats.seller(seller)
        return seat is not None and buyer in seat.left

    def belief(self, name: str) -> float:
        """Log-odds that a forecaster honestly holds: the public odds with all it has heard."""
        return self.seats.forecasters[name].agent.forecast(self.base(), self.heard(name))

    def enroll(self, name: str, stake: int = 0, payer: str | None = None) -> None:
        """Let the coalition open another account. Raises Refused."""
        self.mechanism.enroll(name, stake, payer)
        self.coalition.add(name)
        self.ledger.enrolled.append(name)

    def move_stake(self, name: str, to: str, amount: int, noticed: float = 1.0) -> None:
        """Move stake (wei) of a coalition account to one that it opens. Raises Refused.

        Providers that notice (a share, 0 to 1, of the move) go on expecting wagers as if the stake had stayed.
        """
        self.mechanism.retire(name, amount)
        self.enroll(to, amount, payer=name)
        if seen := int(amount * noticed):
            self.moved[name] = self.moved.get(name, 0) + seen

    def announce(self, name: str, split: Split) -> bool:
        """Let a coalition account announce a split; False if the mechanism refuses it."""
        try:
            self.mechanism.share(name, split)
        except Refused as refusal:
            self.record.refuse(refusal)
            return False
        self.splits[name] = split
        return True
