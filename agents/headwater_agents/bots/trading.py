"""A bot's side of the market for signals: nothing at all, or buying, selling or both, as its settings say."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Final

from starlette.types import ASGIApp

from headwater.identity import Registries
from headwater.signals import SignalDomain
from headwater_agents.bots.config import BotConfigError
from headwater_agents.bots.kit import Kit
from headwater_agents.bots.membership import enrol, registration_file
from headwater_agents.bots.pantry import Pantry
from headwater_agents.bots.shop import ShelfShop, Shop
from headwater_agents.bots.watch import Asked, SeriesWatch
from headwater_agents.market.books import Books
from headwater_agents.market.buyer import Buyer
from headwater_agents.market.discovery import Discovery
from headwater_agents.market.fetch import Fetcher
from headwater_agents.market.gate import Price
from headwater_agents.market.payment import Currency
from headwater_agents.market.purchases import Limits
from headwater_agents.market.seller import Seller
from headwater_agents.market.shelf import Shelf
from headwater_agents.policies import Forecast
from headwater_deploy import Manifest

SELLERS: Final = ("provider", "aggregator")


@dataclass(frozen=True, kw_only=True, slots=True)
class Trading:
    """What a role buys from and sells through, and what is served to the market."""

    shop: Shop
    pantry: Pantry
    app: ASGIApp | None


class NoShop:
    """Sells nothing."""

    def has(self, question: int) -> bool:
        """True: there is nothing to do."""
        return True

    def expect(self, asked: Asked) -> None:
        """Nothing."""

    def publish(self, asked: Asked, forecast: Forecast, now: int) -> None:
        """Nothing."""

    def income(self, question: int) -> int:
        """0."""
        return 0

    def resolved(self, watch: SeriesWatch) -> None:
        """Nothing."""


@contextmanager
def open_trading(kit: Kit, url: str) -> Iterator[Trading]:
    """The market as the settings ask for it; `url` is where this bot is reached.

    A seller registers itself, once, and again says where it is when that has changed. Raises BotConfigError, and what
    sending a transaction raises.
    """
    config = kit.config
    market = config.market
    selling = config.role in SELLERS
    if not market.facilitator and (selling or market.suppliers):
        raise BotConfigError("[market] facilitator is missing: signals are paid through it")
    if not market.facilitator:
        yield Trading(shop=NoShop(), pantry=Pantry((), None, None, None, None, 0, kit.log, kit.vitals), app=None)
        return
    registries = Registries(kit.backend, Manifest.read(config.manifest).registries())
    currency = Currency(chain_id=kit.backend.chain_id, token=kit.system.addresses.token)
    domain = SignalDomain(chain_id=kit.backend.chain_id, arena=kit.system.addresses.arena)
    with ExitStack() as stack:
        shop: Shop = NoShop()
        app: ASGIApp | None = None
        if selling:
            seller = _seller(kit, registries, currency, domain, config.http.public or url)
            stack.callback(seller.close)
            for sale in seller.recover():
                kit.log.warning("undecided_sale", question=sale.question, payer=sale.payer)
            shop, app = ShelfShop(seller.shelf, market.price, kit.vitals, kit.log), seller.app()
        buyer = None
        fetcher = stack.enter_context(Fetcher(private=market.private))
        if market.suppliers:
            limits = Limits(per_payment=market.per_payment, per_question=market.per_question, per_day=market.per_day)
            now, born = kit.clock.now, kit.born
            buyer = Buyer(kit.database, kit.account, domain, currency, limits, config.rpc, fetcher, now=now, since=born)
            stack.callback(buyer.close)
        books = None if buyer is None else Books(kit.database, buyer.purchases, kit.address)
        discover = Discovery(registries, fetcher, currency, config.series)
        pantry = Pantry(market.suppliers, registries, discover, buyer, books, market.per_question, kit.log, kit.vitals)
        yield Trading(shop=shop, pantry=pantry, app=app)


def _seller(kit: Kit, registries: Registries, currency: Currency, domain: SignalDomain, endpoint: str) -> Seller:
    config = kit.config
    agent_id = enrol(kit, registries, endpoint)
    shelf = Shelf(kit.database, kit.account, domain, agent_id)
    file = registration_file(registries, agent_id)
    return Seller(
        shelf,
        Price(currency=currency, wei=config.market.price, payee=kit.address),
        config.market.facilitator,
        config.rpc,
        since=kit.born,
        now=kit.clock.now,
        registration=lambda: file,
    )
