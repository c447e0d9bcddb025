"""Finding a seller: from its agent id in the registry to what it offers, through a file that a stranger wrote."""

from __future__ import annotations

from typing import Final

from headwater.chain import HeadwaterError
from headwater.identity import (
    MAX_FILE,
    Registration,
    Registries,
    SignalService,
    parse_data_uri,
    parse_registration,
)
from headwater_agents.market.buyer import Offer
from headwater_agents.market.fetch import Fetcher
from headwater_agents.market.payment import Currency

_JSON: Final = frozenset({"application/json", "application/ld+json"})
_SHOWN: Final = 80


class NotOffered(HeadwaterError):  # noqa: N818 - says what it is
    """An agent that offers no signals that can be bought; says why."""


class Discovery:
    """Looks offers up: signals on a series, paid in a currency.

    Args:
        registries: who is who.
        fetcher: gets registration files; what it forbids is not fetched.
        currency: the only one that is paid in.
        series: number of the series.
    """

    def __init__(self, registries: Registries, fetcher: Fetcher, currency: Currency, series: int) -> None:
        self._registries = registries
        self._fetcher = fetcher
        self._currency = currency
        self._series = series

    def __call__(self, agent_id: int) -> Offer:
        """What an agent offers; the cheapest, if it offers several.

        Raises RegistrationError (no such agent, a malformed file, or one that names another agent), FetchError,
        NotOffered, and what reading a chain raises.
        """
        agent = self._registries.agent(agent_id)
        if agent.wallet is None:
            raise NotOffered(f"agent {agent_id} has no wallet, so it cannot be paid")
        file = parse_registration(self._read(agent.uri), self._registries.ref(agent_id))
        offers = [
            Offer(
                agent_id=agent_id, wallet=agent.wallet, endpoint=each.endpoint, wei=each.price_wei, past=dict(each.past)
            )
            for each in self._fitting(file)
        ]
        if not file.active or not offers:
            currency = self._currency
            wanted = f"series {self._series} for {currency.token} on {currency.network}"
            raise NotOffered(f"agent {agent_id} offers no signals on {wanted}, or is not active")
        return min(offers, key=lambda offer: offer.wei)

    def _fitting(self, file: Registration) -> list[SignalService]:
        return [
            each
            for each in file.signals
            if (each.chain_id, each.asset, each.series) == (self._currency.chain_id, self._currency.token, self._series)
            and each.price_wei > 0
        ]

    def _read(self, uri: str) -> bytes:
        """The bytes of a registration file. Raises RegistrationError, FetchError, NotOffered."""
        if uri[:5].lower() == "data:":
            return parse_data_uri(uri)
        if not uri.lower().startswith(("http://", "https://")):
            raise NotOffered(f"a registration file at {uri[:_SHOWN]!r}; accepted: data:, http: and https: URIs")
        answer = self._fetcher.get(uri, limit=MAX_FILE)
        kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        if answer.status != 200 or kind not in _JSON:
            raise NotOffered(
                f"the registration file's address answered {answer.status}, {kind[:_SHOWN] or 'no content type'}; "
                "expected 200, application/json (redirects are not followed)"
            )
        return answer.body
