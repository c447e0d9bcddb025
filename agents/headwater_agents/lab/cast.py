"""The cast of the rain world: every agent's policy with its memory, played through one question off-chain."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from headwater.twin import COUNT_GRAIN, count_outcome, frequency_odds
from headwater.units import WAD
from headwater_agents.lab.network import RAIN_NETWORK, Network
from headwater_agents.lab.rain import RainDay
from headwater_agents.policies import (
    Aggregator,
    AggregatorView,
    BuyerConfig,
    BuyerLesson,
    BuyerMemory,
    Forecast,
    Forecaster,
    ForecasterConfig,
    Phase,
    PoolConfig,
    Provider,
    ProviderConfig,
    ProviderLesson,
    ProviderMemory,
    ProviderView,
    Question,
    Signal,
    Supplier,
    WagerConfig,
    WorthConfig,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class OddsRule:
    """How a series makes its public odds from past outcomes: p_min and forgetting in WAD, smoothing in 1e-12 counts."""

    p_min: int = WAD // 100
    forgetting: int = 99 * WAD // 100
    smoothing: int = COUNT_GRAIN

    def odds(self, counts: list[int]) -> Forecast:
        """Public odds (WAD) after these counts."""
        return tuple(frequency_odds(counts, self.smoothing, self.p_min))

    def count(self, counts: list[int], outcome: int) -> list[int]:
        """Counts after one more outcome."""
        return count_outcome(counts, outcome, self.forgetting)


@dataclass(frozen=True, kw_only=True, slots=True)
class CastConfig:
    """Settings of a whole cast: who buys from whom, shares kept, and the parts' own settings.

    seed: forecaster number i derives its salts from `seed` and i.
    """

    seed: int
    outcomes: int = 2
    network: Network = RAIN_NETWORK
    provider_refit_every: int = 5
    worth: WorthConfig = field(default_factory=WorthConfig)
    wager: WagerConfig = field(default_factory=WagerConfig)
    aggregator_keep_bps: int = 2_000
    forecaster_keep_bps: int = 4_000
    forecaster_buffer: int = 0
    target_stake: int = 0


class Cast:
    """Everybody's policies and current memories. Policies are shared values; only `memories` changes, in `learn`."""

    def __init__(self, config: CastConfig) -> None:
        self.config = config
        network = config.network
        k = config.outcomes
        self.providers = {
            name: Provider(ProviderConfig(outcomes=k, refit_every=config.provider_refit_every))
            for name in network.members
        }
        self.aggregators = {
            node.name: Aggregator(self._buying(len(node.suppliers), config.aggregator_keep_bps, 0))
            for node in network.aggregators
        }
        self.forecasters = {
            node.name: Forecaster(
                ForecasterConfig(
                    seed=config.seed * 2**16 + index,
                    buying=self._buying(len(node.suppliers), config.forecaster_keep_bps, config.forecaster_buffer),
                    wager=config.wager,
                    target_stake=config.target_stake,
                )
            )
            for index, node in enumerate(network.forecasters)
        }
        self.provider_memories: dict[str, ProviderMemory] = {
            name: policy.start() for name, policy in self.providers.items()
        }
        self.buyer_memories: dict[str, BuyerMemory] = {
            node.name: self.buyer(node.name).start() for node in network.buyers
        }

    def _buying(self, suppliers: int, keep_bps: int, buffer: int) -> BuyerConfig:
        return BuyerConfig(
            pool=PoolConfig(outcomes=self.config.outcomes, suppliers=suppliers),
            worth=self.config.worth,
            keep_bps=keep_bps,
            buffer=buffer,
        )

    def buyer(self, name: str) -> Aggregator | Forecaster:
        """The policy of a buyer."""
        return self.aggregators[name] if name in self.aggregators else self.forecasters[name]

    def signals(
        self,
        question: Question,
        day: RainDay,
        deliver: Callable[[str, Forecast], Forecast] = lambda _, forecast: forecast,
    ) -> dict[str, Forecast]:
        """What every member, then every aggregator sells for the question; reads of the day the ensemble alone.

        `deliver` takes each signal from its seller (name, forecast) to the buyers, and returns what arrives.
        """
        sold: dict[str, Forecast] = {}
        for index, name in enumerate(self.config.network.members):
            provider_view = ProviderView(
                question=question,
                reading=day.ensemble[index],
                sold=False,
                memory=self.provider_memories[name],
            )
            _add(sold, name, self.providers[name].act(provider_view), deliver)
        for node in self.config.network.aggregators:
            view = AggregatorView(
                question=question,
                suppliers=tuple(Supplier(address=each, version=0) for each in node.suppliers),
                signals=tuple(sold.get(each) for each in node.suppliers),
                standing=None,
                sold=False,
                memory=self.buyer_memories[node.name],
            )
            _add(sold, node.name, self.aggregators[node.name].act(view), deliver)
        return sold

    def learn(self, odds: Forecast, sold: Mapping[str, Forecast], day: RainDay) -> None:
        """Let everybody learn from the resolved question."""
        for index, name in enumerate(self.config.network.members):
            lesson = ProviderLesson(odds=odds, reading=day.ensemble[index], outcome=day.outcome)
            self.provider_memories[name] = self.providers[name].learn(self.provider_memories[name], lesson)
        for node in self.config.network.buyers:
            bought = BuyerLesson(
                odds=odds,
                signals=tuple(sold.get(each) for each in node.suppliers),
                outcome=day.outcome,
            )
            memory = self.buyer_memories[node.name]
            self.buyer_memories[node.name] = self.buyer(node.name).learn(memory, bought)

    def rehearse(self, archive: Iterable[RainDay], rule: OddsRule) -> None:
        """Play and learn the archive in order, on odds that the series' rule would have shown; nobody stakes."""
        counts = [0] * self.config.outcomes
        for index, day in enumerate(archive):
            odds = rule.odds(counts)
            question = Question(id=index, phase=Phase.COMMIT, odds=odds, p_min=rule.p_min, capacity=0, rent_bps=0)
            self.learn(odds, self.signals(question, day), day)
            counts = rule.count(counts, day.outcome)


def _add(
    sold: dict[str, Forecast], name: str, actions: Iterable[object], deliver: Callable[[str, Forecast], Forecast]
) -> None:
    for action in actions:
        if isinstance(action, Signal):
            sold[name] = deliver(name, action.forecast)
