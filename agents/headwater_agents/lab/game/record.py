"""What a play leaves: money by party, quality of the forecast, and what was refused. Floats, for statistics only."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from headwater.units import WAD
from headwater_agents.lab.game.moves import Bid
from headwater_agents.lab.mechanisms.base import Odds
from headwater_agents.lab.population import log_odds, sigmoid


@dataclass(kw_only=True, slots=True)
class Record:
    """Tokens where not said otherwise.

    Attributes:
        coalition: gain of all its accounts, costs of effort taken off.
        coalition_stake: what they brought in.
        forecasters, providers: gain of honest ones (aggregators count as providers), costs of effort taken off.
        emitted: by the mechanism, net of what it took back.
        unclaimed: emitted, and never anybody's: dust, and what no leaf leads to.
        luck: of "coalition", "forecasters", "providers", "treasury": what outcomes brought beyond their expectation
            under the true odds, given what everybody did; 0 where the true odds are not known. Its own expectation is 0
            as long as nobody acts on an outcome, so taking it off takes off noise alone.
        losses: log loss of the wager-weighted forecast, one a scored question, nats.
        gas: by "coalition", "honest", "keeper" (who settles, pulls and closes for everybody) and, where known, per
            transaction kind; units of gas.
        departures: times an honest provider left a buyer.
        refusals: moves the mechanism refused, by reason.
    """

    coalition: float = 0.0
    coalition_stake: float = 0.0
    forecasters: float = 0.0
    providers: float = 0.0
    emitted: float = 0.0
    unclaimed: float = 0.0
    luck: dict[str, float] = field(default_factory=dict)
    losses: list[float] = field(default_factory=list)
    gas: dict[str, int] = field(default_factory=dict)
    departures: int = 0
    refusals: Counter[str] = field(default_factory=Counter)

    @property
    def log_loss(self) -> float:
        """Mean log loss of the forecast, nats."""
        return sum(self.losses) / max(1, len(self.losses))

    def refuse(self, refusal: Exception) -> None:
        """Note a refused move."""
        self.refusals[str(refusal).splitlines()[0][:120]] += 1

    def score(self, odds: Odds, bids: list[Bid], outcome: int, truth: float) -> None:
        """Score the public forecast: reports' log-odds weighted by wager; the public odds where nobody wagered.

        Where the true log-odds are known the loss is its expectation under them: the outcome's luck is taken out.
        """
        wagered = sum(bid.wager for bid in bids)
        view = sum(log_odds(bid.report) * bid.wager for bid in bids) / wagered if wagered else log_odds(odds)
        chance = float(outcome) if math.isnan(truth) else sigmoid(truth)
        self.losses.append(-chance * math.log(sigmoid(view)) - (1 - chance) * math.log(sigmoid(-view)))

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "coalition": self.coalition,
            "coalition_stake": self.coalition_stake,
            "forecasters": self.forecasters,
            "providers": self.providers,
            "emitted": self.emitted,
            "unclaimed": self.unclaimed,
            "luck": dict(sorted(self.luck.items())),
            "log_loss": self.log_loss,
            "gas": dict(sorted(self.gas.items())),
            "departures": self.departures,
            "refusals": dict(sorted(self.refusals.items())),
        }


def tokens(wei: int | float) -> float:
    """Wei as tokens."""
    return wei / WAD
