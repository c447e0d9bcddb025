"""A bot's side of the market for signals: nothing at all, or buying, selling or both, as its settings say."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from starlette.routing import BaseRoute

from headwater_agents.bots.config import BotConfigError
from headwater_agents.bots.kit import Kit
from headwater_agents.bots.pantry import Pantry
from headwater_agents.bots.shop import Shop
from headwater_agents.bots.watch import Asked
from headwater_agents.policies import Forecast


@dataclass(frozen=True, kw_only=True, slots=True)
class Trading:
    """What a role buys from and sells through; routes to serve; whom to tell where they are served."""

    shop: Shop
    pantry: Pantry
    routes: Sequence[BaseRoute]
    listening: Callable[[str], None]


class NoPantry:
    """Buys from nobody."""

    suppliers: tuple[int, ...] = ()
    addresses: tuple[str, ...] = ()

    def signals(self, question: int) -> tuple[Forecast | None, ...]:
        """None."""
        return ()

    def shop(self, asked: Asked, now: int) -> None:
        """Nothing."""

    def settle(self, question: int, worth: Mapping[int, float]) -> None:
        """Nothing."""


class NoShop:
    """Sells nothing."""

    def has(self, question: int) -> bool:
        """True: there is nothing to do."""
        return True

    def publish(self, asked: Asked, forecast: Forecast, now: int) -> None:
        """Nothing."""


@contextmanager
def open_trading(kit: Kit) -> Iterator[Trading]:
    """The market as the settings ask for it. Raises BotConfigError."""
    config = kit.config
    if not config.market.facilitator:
        if config.role in ("provider", "aggregator"):
            raise BotConfigError(f"[market] facilitator is missing: a {config.role} sells signals, and is paid by it")
        if config.market.suppliers:
            raise BotConfigError("[market] facilitator is missing: signals are paid by it; or leave suppliers empty")
        yield Trading(shop=NoShop(), pantry=NoPantry(), routes=(), listening=lambda url: None)
        return
    raise BotConfigError("not yet")
