"""From an agent id to an offer, through whatever a stranger has written there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from harness import World, new_backend, new_world
from headwater.chain import HeadwaterError
from headwater.identity import MAX_FILE, Registration, RegistrationError, SignalService
from headwater_agents.market.discovery import Discovery, NotOffered
from headwater_agents.market.fetch import Fetcher, FetchError, ForbiddenAddress
from headwater_agents.market.payment import Currency
from headwater_agents.market.serving import Server
from identity_cases import Town, new_town

PRICE = 3 * 10**18
SERIES = 1


@pytest.fixture(scope="module")
def town() -> Town:
    world: World = new_world(new_backend(seed=0))
    return new_town(world)


@pytest.fixture(scope="module")
def currency(town: Town) -> Currency:
    return Currency(chain_id=town.backend.chain_id, token=town.world.system.addresses.token)


@pytest.fixture(scope="module")
def discover(town: Town, currency: Currency) -> Iterator[Discovery]:
    with Fetcher(private=True, seconds=5) as fetcher:
        yield Discovery(town.registries, fetcher, currency, SERIES)


def service(currency: Currency, **changes: Any) -> SignalService:
    plain = SignalService(
        endpoint="http://127.0.0.1:9/",
        price_wei=PRICE,
        asset=currency.token,
        chain_id=currency.chain_id,
        series=SERIES,
        past={"signals": 12},
    )
    return replace(plain, **changes)


def file(town: Town, *services: SignalService, **changes: Any) -> Registration:
    return Registration(
        **{
            "name": "seller",
            "x402_support": True,
            "services": services,
            "registrations": (town.registries.ref(town.agent),),
            **changes,
        }
    )


def publish(town: Town, uri: str) -> None:
    town.owner.set_uri(town.agent, uri)


def test_an_offer_is_found_in_the_registration_itself(town: Town, currency: Currency, discover: Discovery) -> None:
    publish(town, file(town, service(currency)).to_data_uri())
    offer = discover(town.agent)
    agent = town.registries.agent(town.agent)
    assert (offer.agent_id, offer.wallet, offer.wei) == (town.agent, agent.wallet, PRICE)
    assert (offer.endpoint, dict(offer.past)) == ("http://127.0.0.1:9/", {"signals": 12})


def test_of_several_offers_the_cheapest_that_fits_is_taken(town: Town, currency: Currency, discover: Discovery) -> None:
    rows = [
        service(currency),
        service(currency, endpoint="http://127.0.0.1:10/", price_wei=PRICE - 1),
        service(currency, endpoint="http://127.0.0.1:11/", price_wei=1, series=2),
        service(currency, endpoint="http://127.0.0.1:12/", price_wei=1, chain_id=1),
        service(currency, endpoint="http://127.0.0.1:13/", price_wei=1, asset="0x" + "11" * 20),
        service(currency, endpoint="http://127.0.0.1:14/", price_wei=0),
    ]
    publish(town, file(town, *rows).to_data_uri())
    assert discover(town.agent).wei == PRICE - 1


def test_what_is_not_offered_here_is_said(town: Town, currency: Currency, discover: Discovery) -> None:
    for wrong in (
        file(town),
        file(town, service(currency, series=2)),
        file(town, service(currency), active=False),
    ):
        publish(town, wrong.to_data_uri())
        with pytest.raises(NotOffered, match="offers no signals on series 1"):
            discover(town.agent)


def test_a_file_of_another_agent_is_not_believed(town: Town, currency: Currency, discover: Discovery) -> None:
    publish(town, file(town, service(currency), registrations=(town.registries.ref(town.agent + 1),)).to_data_uri())
    with pytest.raises(RegistrationError, match="must name it"):
        discover(town.agent)


def test_an_agent_that_is_not_registered_is_said(discover: Discovery) -> None:
    with pytest.raises(RegistrationError, match="there is no agent 999"):
        discover(999)


@pytest.mark.parametrize("uri", ["", "ipfs://bafy", "file:///etc/passwd", "javascript:1", "ftp://x/y"])
def test_only_files_that_can_be_fetched_are(town: Town, discover: Discovery, uri: str) -> None:
    publish(town, uri)
    with pytest.raises(NotOffered, match="accepted: data:, http: and https:"):
        discover(town.agent)


@pytest.mark.parametrize(
    ("answer", "error", "why"),
    [
        (lambda good: Response(good, media_type="application/json"), None, ""),
        (lambda good: Response(good, media_type="text/html"), NotOffered, "text/html"),
        (lambda good: Response(good), NotOffered, "no content type"),
        (lambda good: Response(good, 404, media_type="application/json"), NotOffered, "answered 404"),
        (lambda good: RedirectResponse("/other"), NotOffered, "answered 307"),
        (lambda good: Response(b"x" * (MAX_FILE + 1), media_type="application/json"), FetchError, "too long"),
        (lambda good: Response(b"[" * 60_000, media_type="application/json"), RegistrationError, "JSON|levels"),
        (lambda good: Response(b"{}", media_type="application/json"), RegistrationError, "type is"),
    ],
)
def test_a_file_is_fetched_within_bounds(
    town: Town, currency: Currency, discover: Discovery, answer: Any, error: Any, why: str
) -> None:
    good = file(town, service(currency)).to_json()

    async def serve(_: Request) -> Response:
        made: Response = answer(good)
        return made

    with Server(Starlette(routes=[Route("/file", serve)])) as server:
        publish(town, server.url + "/file")
        if error is None:
            assert discover(town.agent).wei == PRICE
        else:
            with pytest.raises(error, match=why):
                discover(town.agent)


def test_a_file_on_the_readers_own_machine_is_fetched_only_when_allowed(town: Town, currency: Currency) -> None:
    publish(town, "http://127.0.0.1:9/file")
    with Fetcher() as careful, pytest.raises(ForbiddenAddress):
        Discovery(town.registries, careful, currency, SERIES)(town.agent)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=20,
)


class _Fixed(Discovery):
    """Reads these bytes, wherever the agent's URI leads."""

    raw = b""

    def _read(self, uri: str) -> bytes:
        return self.raw


@given(st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_a_file_says_the_worst_is_an_error_of_ours(
    town: Town, currency: Currency, data: st.DataObject
) -> None:
    """A good file, with any of its members replaced by anything, or taken away, or any bytes at all."""
    document = json.loads(file(town, service(currency)).to_json())
    with Fetcher() as fetcher:
        found = _Fixed(town.registries, fetcher, currency, SERIES)
        match data.draw(st.sampled_from(["bytes", "member", "service", "cut"])):
            case "bytes":
                found.raw = data.draw(st.binary(max_size=300))
            case "member":
                document[data.draw(st.sampled_from(sorted(document)))] = data.draw(_json)
                found.raw = json.dumps(document).encode()
            case "service":
                entry = document["services"][0]
                entry[data.draw(st.sampled_from(sorted(entry)))] = data.draw(_json)
                found.raw = json.dumps(document).encode()
            case "cut":
                whole = json.dumps(document).encode()
                found.raw = whole[: data.draw(st.integers(0, len(whole)))]
        try:
            offer = found(town.agent)
        except HeadwaterError:
            return
        assert offer.wei > 0
        assert offer.endpoint.startswith(("http://", "https://"))
