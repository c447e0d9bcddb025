"""Who sits at the table: accounts, who buys from whom, and the honest agent behind each seat."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from headwater_agents.lab.game.setting import Setting
from headwater_agents.lab.population import Buyer, Provider


@dataclass(slots=True)
class ProviderSeat:
    """A provider: its source in the script, the share of that source's information it has, and who it sells to."""

    name: str
    source: int
    quality: float
    agent: Provider
    left: set[str] = field(default_factory=set)


@dataclass(slots=True)
class BuyerSeat:
    """An aggregator (no stake) or a forecaster (stake in wei, from the question `enters`). `left`: buyers that an
    aggregator does not sell to any more."""

    name: str
    agent: Buyer
    stake: int = 0
    enters: int = 0
    left: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Seats:
    """Everybody, in the order in which they act. `coalition` names the accounts that act together."""

    providers: dict[str, ProviderSeat]
    aggregators: dict[str, BuyerSeat]
    forecasters: dict[str, BuyerSeat]
    coalition: set[str]

    def seller(self, name: str) -> ProviderSeat | BuyerSeat | None:
        """Who sells under this name; None for an account that an attack has added."""
        return self.providers.get(name) or self.aggregators.get(name)

    @property
    def buyers(self) -> dict[str, BuyerSeat]:
        """Aggregators, then forecasters: suppliers before those who buy from them."""
        return {**self.aggregators, **self.forecasters}


def names(kind: str, count: int) -> tuple[str, ...]:
    """kind-1 to kind-count."""
    return tuple(f"{kind}-{number}" for number in range(1, count + 1))


def _round_robin(pool: tuple[str, ...], start: int, count: int) -> tuple[str, ...]:
    return tuple(pool[(start + step) % len(pool)] for step in range(min(count, len(pool))))


def supplier_lists(setting: Setting) -> dict[str, tuple[str, ...]]:
    """Who each buyer buys from. Aggregators take four providers, forecasters three and an aggregator, in turn, so that
    everybody's suppliers overlap with somebody's. The coalition's providers and aggregators are sold to honest buyers
    in turn, and to all its own forecasters."""
    held = setting.endowment
    providers = names("provider", setting.providers)
    aggregators = names("aggregator", setting.aggregators)
    own = names("coalition-provider", held.providers)
    own_aggregators = names("coalition-aggregator", held.aggregators)
    lists: dict[str, list[str]] = {}
    for index, name in enumerate((*aggregators, *own_aggregators)):
        lists[name] = list(_round_robin(providers, 4 * index, 4))
    for index, name in enumerate(names("forecaster", setting.forecasters)):
        lists[name] = [*_round_robin(providers, 3 * index, 3), *_round_robin(aggregators, index, 1)]
    honest = (*names("forecaster", setting.forecasters), *aggregators)
    for index, name in enumerate(own):
        for buyer in _round_robin(honest, 2 * index, 3):
            lists[buyer].append(name)
    for index, name in enumerate(own_aggregators):
        for buyer in _round_robin(names("forecaster", setting.forecasters), 2 * index, 2):
            lists[buyer].append(name)
    for index, name in enumerate(names("coalition-forecaster", held.forecasters)):
        lists[name] = [*_round_robin(providers, 3 * index + 1, 3), *_round_robin(aggregators, index, 1), *own]
    return {name: tuple(dict.fromkeys(suppliers)) for name, suppliers in lists.items()}


def seat(setting: Setting, extra: Mapping[str, Iterable[str]]) -> Seats:
    """Seat everybody; `extra` are suppliers that an attack adds to buyers' lists."""
    held = setting.endowment
    lists = supplier_lists(setting)
    providers: dict[str, ProviderSeat] = {}
    selling = (*names("provider", setting.providers), *names("coalition-provider", held.providers))
    for source, name in enumerate(selling):
        quality = 1.0 if source < setting.providers else held.quality
        providers[name] = ProviderSeat(name, source, quality, Provider(setting.provider))

    def buyer_of(name: str, keep: int) -> Buyer:
        return Buyer(lists[name], setting.buyer(keep), tuple(extra.get(name, ())))

    aggregators = {
        name: BuyerSeat(name, buyer_of(name, setting.aggregator_keep))
        for name in (
            *names("aggregator", setting.aggregators),
            *names("coalition-aggregator", held.aggregators),
        )
    }
    forecasters: dict[str, BuyerSeat] = {}
    for index, name in enumerate(names("forecaster", setting.forecasters)):
        last = index == setting.forecasters - 1 and index > 0
        enters = setting.warm_up + setting.questions // 3 if last else 0
        forecasters[name] = BuyerSeat(name, buyer_of(name, setting.forecaster_keep), setting.stake, enters)
    for name in names("coalition-forecaster", held.forecasters):
        forecasters[name] = BuyerSeat(name, buyer_of(name, setting.forecaster_keep), setting.coalition_stake())
    coalition = {name for name in (*providers, *aggregators, *forecasters) if name.startswith("coalition-")}
    return Seats(providers, aggregators, forecasters, coalition)
