"""What the agents a bot buys from offer on its series, as their registration files say."""

from __future__ import annotations

from headwater.chain import checksum
from headwater.identity import (
    MAX_FILE,
    RegistrationError,
    Registries,
    SignalService,
    parse_data_uri,
    parse_registration,
)
from headwater_agents.market.buyer import Offer
from headwater_agents.market.fetch import Fetcher


class Offers:
    """Looks agents up in the registry. Raises RegistrationError, FetchError, ConnectionFailed."""

    def __init__(self, registries: Registries, fetcher: Fetcher, token: str, series: int) -> None:
        self._registries, self._fetcher = registries, fetcher
        self._token, self._series = checksum(token), series

    def __call__(self, agent_id: int) -> Offer:
        """What an agent offers."""
        agent = self._registries.agent(agent_id)
        if agent.wallet is None:
            raise RegistrationError(f"agent {agent_id} has no wallet, so it cannot be paid")
        for service in parse_registration(self._file(agent.uri)).services:
            if isinstance(service, SignalService) and (service.asset, service.series) == (self._token, self._series):
                return Offer(agent_id=agent_id, wallet=agent.wallet, endpoint=service.endpoint, wei=service.price_wei)
        raise RegistrationError(f"agent {agent_id} sells no signals on series {self._series} for {self._token}")

    def _file(self, uri: str) -> bytes:
        if uri.startswith("data:"):
            return parse_data_uri(uri)
        answer = self._fetcher.get(uri, limit=MAX_FILE)
        if answer.status != 200:
            raise RegistrationError(f"{uri[:200]} answered {answer.status}; a registration file was expected")
        return answer.body
