"""One side of the market as a process of its own, for tests that kill it: `python tests/market_process.py ROLE JSON`.

It says "ready" and the URL when it serves, and ends when its input does; a buyer says what it got instead.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from headwater.chain import Account, HeadwaterError
from headwater.signals import SignalDomain, signal_to_json
from headwater.units import WAD
from headwater_agents.durable.database import Database
from headwater_agents.market.buyer import Buyer, Offer
from headwater_agents.market.facilitator import Facilitator
from headwater_agents.market.fetch import Fetcher
from headwater_agents.market.gate import Price
from headwater_agents.market.payment import Currency
from headwater_agents.market.purchases import Limits
from headwater_agents.market.seller import Seller
from headwater_agents.market.serving import Server
from headwater_agents.market.shelf import Shelf

FORECAST = (3 * WAD // 10, 7 * WAD // 10)


def main(role: str, settings: dict[str, Any]) -> None:
    """Play a role."""
    account = Account.derive(*settings["account"])
    currency = Currency(chain_id=settings["chain_id"], token=settings["token"])
    domain = SignalDomain(chain_id=settings["chain_id"], arena=settings["arena"])
    database = Database(Path(settings["folder"]) / f"{role}.sqlite", {"role": role})
    if role == "facilitator":
        facilitator = Facilitator(database, settings["node"], currency.chain_id, account, [currency.token], patience=5)
        serve(Server(facilitator.app(), port=settings["port"]))
        facilitator.close()
    elif role == "seller":
        shelf = Shelf(database, account, domain, settings["agent"])
        for question in settings["questions"]:
            shelf.expect(question, outcomes=2, closes=2**40)
            shelf.put(question, FORECAST, int(time.time()))
        price = Price(currency=currency, wei=settings["price"], payee=account.address)
        seller = Seller(shelf, price, settings["facilitator"], settings["node"])
        seller.recover()
        serve(Server(seller.app(), port=settings["port"]))
        seller.close()
    else:
        buy(settings, Buyer(database, account, domain, currency, limits(settings), settings["node"], fetcher()))
    database.close()


def fetcher() -> Fetcher:
    """For a market on one machine."""
    return Fetcher(private=True, seconds=20)


def limits(settings: dict[str, Any]) -> Limits:
    """Room for one payment a question: a second one would be refused."""
    return Limits(per_payment=settings["price"], per_question=settings["price"], per_day=2**80)


def buy(settings: dict[str, Any], buyer: Buyer) -> None:
    """Buy every question's signal, and say what came."""
    offer = Offer(
        agent_id=settings["agent"], wallet=settings["wallet"], endpoint=settings["seller"], wei=settings["price"]
    )
    for question in settings["questions"]:
        try:
            print(signal_to_json(buyer.buy(offer, question, deadline=25)).decode(), flush=True)
        except HeadwaterError as error:
            print(json.dumps({"error": str(error)}), flush=True)
    buyer.close()


def serve(server: Server) -> None:
    """Serve until the input ends."""
    with server:
        print("ready", server.url, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]))
