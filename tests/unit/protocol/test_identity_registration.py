"""Registration files: what is built can be read back, and what strangers write is bounded and refused with a reason."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.identity import (
    MAX_FILE,
    REGISTRATION_TYPE,
    AgentRef,
    Registration,
    RegistrationError,
    Service,
    SignalService,
    parse_data_uri,
    parse_registration,
)

TOKEN = "0x5FbDB2315678afecb367f032d93F642f64180aa3"
REGISTRY = "0xe7f1725E7734CE288F8367e1Bb143E90bb3F0512"
SIGNALS = SignalService(
    endpoint="http://127.0.0.1:8000",
    price_wei=5 * 10**18,
    asset=TOKEN,
    chain_id=31337,
    series=1,
    past={"questions": 40, "log_score": -0.61, "members": "4"},
)
FULL = Registration(
    name="Rain provider 3",
    description="Sells member 3 of an ensemble.",
    image="https://example.org/rain.png",
    services=(SIGNALS, Service(name="web", endpoint="https://example.org/"), Service(name="DID", endpoint="did:x:1")),
    x402_support=True,
    registrations=(AgentRef(7, 31337, REGISTRY),),
    supported_trust=("reputation",),
)


def _file(**changes: Any) -> bytes:
    document = FULL.as_dict()
    document.update(changes)
    return json.dumps(document).encode()


def _service(**changes: Any) -> bytes:
    entry = {**SIGNALS.as_dict(), **changes}
    return _file(services=[{key: value for key, value in entry.items() if value is not ...}])


def test_what_is_built_is_read_back() -> None:
    assert parse_registration(FULL.to_json()) == FULL
    assert parse_registration(parse_data_uri(FULL.to_data_uri())) == FULL
    assert FULL.signals == (SIGNALS,)
    assert FULL.agent_in(31337, REGISTRY) == 7
    assert FULL.agent_in(1, REGISTRY) is None


def test_the_file_says_what_the_standard_asks_for() -> None:
    document = json.loads(FULL.to_json())
    assert document["type"] == REGISTRATION_TYPE
    assert document["registrations"] == [{"agentId": 7, "agentRegistry": f"eip155:31337:{REGISTRY}"}]
    assert document["x402Support"] is True
    assert document["services"][0] == {
        "name": "headwater-signals",
        "endpoint": "http://127.0.0.1:8000",
        "version": "1",
        "price_wei": "5000000000000000000",
        "asset": TOKEN,
        "network": "eip155:31337",
        "series": 1,
        "past": {"questions": 40, "log_score": -0.61, "members": "4"},
    }


def test_unknown_members_are_left_out_and_absent_ones_have_defaults() -> None:
    raw = json.dumps({"type": REGISTRATION_TYPE, "name": "x", "updatedAt": 5, "image": None, "extra": [[]]}).encode()
    assert parse_registration(raw) == Registration(name="x")


def test_older_files_call_services_endpoints() -> None:
    raw = json.dumps({"type": REGISTRATION_TYPE, "name": "x", "endpoints": [{"name": "a", "endpoint": "b"}]}).encode()
    assert parse_registration(raw).services == (Service(name="a", endpoint="b"),)


def test_the_file_must_name_the_agent_it_is_read_for() -> None:
    agent = AgentRef(7, 31337, REGISTRY)
    assert parse_registration(FULL.to_json(), agent) == FULL
    for other in (AgentRef(8, 31337, REGISTRY), AgentRef(7, 1, REGISTRY), AgentRef(7, 31337, TOKEN)):
        with pytest.raises(RegistrationError, match="must name it, and no other"):
            parse_registration(FULL.to_json(), other)
    both = _file(registrations=[{"agentId": i, "agentRegistry": f"eip155:31337:{REGISTRY}"} for i in (7, 8)])
    with pytest.raises(RegistrationError, match="must name it, and no other"):
        parse_registration(both, agent)


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"\xff", "no UTF-8"),
        (b"{", "no JSON"),
        (b"[]", "expected an object"),
        (b" " * (MAX_FILE + 1), "accepted: at most 65536"),
        (b"[" * 5_000, "deeper than 16"),
        (b'{"name": "a", "name": "b"}', "stands there twice"),
        (b'{"n": NaN}', "no JSON number"),
        (b'{"n": ' + b"9" * 5_000 + b"}", "number of 5000 digits"),
        (_file(type="other"), "type is 'other'; accepted"),
        (_file(name=""), "name has 0 characters; accepted: 1 to 200"),
        (_file(name=5), "name is 5; expected a text"),
        (_file(name="a\x00"), "control characters"),
        (_file(name="\ud800"), "control characters"),
        (_file(description="d" * 4_001), "description has 4001"),
        (_file(active="yes"), "active is 'yes'; expected true or false"),
        (_file(services={}), "services is {}; expected a list"),
        (_file(services=[3]), "a service is 3; expected an object"),
        (_file(services=[{"name": "a", "endpoint": "b"}] * 65), "services has 65 entries"),
        (_file(services=[{"name": "a", "endpoint": "b"}] * 2), "services names"),
        (_file(services=[{"name": "a", "endpoint": "b" * 2_049}]), "has 2049 characters"),
        (_file(registrations=[1]), "an entry of registrations is 1"),
        (_file(registrations=[{"agentId": "7", "agentRegistry": f"eip155:1:{REGISTRY}"}]), "agentId is '7'"),
        (_file(registrations=[{"agentId": True, "agentRegistry": f"eip155:1:{REGISTRY}"}]), "agentId is True"),
        (_file(registrations=[{"agentId": -1, "agentRegistry": f"eip155:1:{REGISTRY}"}]), "out of range"),
        (_file(registrations=[{"agentId": 7, "agentRegistry": REGISTRY}]), "agentRegistry is"),
        (_file(registrations=[{"agentId": 7, "agentRegistry": f"eip155:0:{REGISTRY}"}]), "agentRegistry is"),
        (_file(registrations=[{"agentId": 7, "agentRegistry": f"eip155:1:{REGISTRY[:-1]}"}]), "agentRegistry is"),
        (
            _file(registrations=[{"agentId": 7, "agentRegistry": f"eip155:1:{REGISTRY.replace('e7F', 'E7f', 1)}"}] * 2),
            "twice",
        ),
        (_file(registrations=[{"agentId": 7, "agentRegistry": f"eip155:1:0xE{REGISTRY[3:]}"}]), "wrong checksum"),
        (_file(supportedTrust=["a", "a"]), "supportedTrust names 'a' twice"),
        (_file(supportedTrust=["t"] * 17), "supportedTrust has 17 entries"),
        (_service(price_wei=5), "price_wei is 5; accepted: a decimal text"),
        (_service(price_wei="-1"), "price_wei is '-1'"),
        (_service(price_wei=str(2**96)), "price_wei is out of range"),
        (_service(price_wei="٣"), "price_wei is"),
        (_service(price_wei=...), "lacks price_wei"),
        (_service(endpoint="ftp://x/"), "accepted: http://HOST... or https://HOST..."),
        (_service(endpoint="http://"), "accepted: http://HOST... or https://HOST..."),
        (_service(endpoint="http://a:b@x/"), "a user, a password"),
        (_service(endpoint="http://x/#f"), "a fragment"),
        (_service(endpoint="http://x:99999/"), "is no URL"),
        (_service(endpoint="http://x:0/"), "no port"),
        (_service(endpoint="http://x/ y"), "characters that no URL has"),
        (_service(asset="0x12"), "asset is '0x12'"),
        (_service(network="eip155"), "network is 'eip155'; accepted"),
        (_service(series=1.0), "series is 1.0; expected a whole number"),
        (_service(past=[]), "past is []; expected an object"),
        (_service(past={"a": None}), "past.a is None"),
        (_service(past={"a": {}}), "past.a is {}"),
        (_service(past={str(i): i for i in range(33)}), "past has 33 entries"),
        (_service(past={"a": 2**128}), "past.a is"),
        (_service().replace(b'"questions": 40', b'"questions": 1e999'), "past.questions is inf"),
    ],
)
def test_a_bad_file_is_refused_with_what_is_wrong(raw: bytes, said: str) -> None:
    with pytest.raises(RegistrationError) as refusal:
        parse_registration(raw)
    assert said in str(refusal.value)
    assert len(str(refusal.value)) < 400


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("http://x/", "no data: URI"),
        ("data:text/html;base64,e30=", "accepted: application/json"),
        ("data:application/json;base64,%%%", "no base64"),
        ("data:application/json;base64,A", "no base64"),
        ("data:application/json," + "a" * 300_000, "accepted: files of at most"),
    ],
)
def test_a_bad_data_uri_is_refused(uri: str, said: str) -> None:
    with pytest.raises(RegistrationError) as refusal:
        parse_data_uri(uri)
    assert said in str(refusal.value)


def test_data_uris_come_in_base64_base64url_unpadded_and_percent_encoded() -> None:
    raw = '{"ü": "~~~???"}'.encode()
    plain, web = base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode().rstrip("=")
    for uri in (
        f"data:application/json;base64,{plain}",
        f"data:application/json;charset=utf-8;base64,{web}",
        "data:application/json,%7B%22%C3%BC%22: %22~~~???%22%7D",
    ):
        assert parse_data_uri(uri) == raw


def test_a_hostile_file_takes_no_time() -> None:
    started = time.perf_counter()
    for raw in (b'"' + b'\\"' * 32_000, b"{" + b'"a":1,' * 9_000 + b'"a":1}', b"[" * 60_000, b"9" * 60_000):
        with pytest.raises(RegistrationError):
            parse_registration(raw)
    assert time.perf_counter() - started < 5


def test_what_could_not_be_read_back_is_not_built() -> None:
    with pytest.raises(RegistrationError, match="would have"):
        Registration(name="x", services=tuple(Service(name=str(i), endpoint="é" * 1_000) for i in range(64))).to_json()
    with pytest.raises(RegistrationError, match="services names"):
        Registration(name="x", services=(SIGNALS, SIGNALS))


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
_MEMBERS = st.sampled_from([*FULL.as_dict()])


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300) | st.builds(lambda name, value: _file(**{name: value}), _MEMBERS, _JSON))
def test_any_bytes_make_a_registration_that_survives_a_round_trip_or_a_refusal(raw: bytes) -> None:
    try:
        read = parse_registration(raw)
    except RegistrationError:
        return
    assert parse_registration(read.to_json()) == read


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([*SIGNALS.as_dict()]), _JSON)
def test_any_service_entry_makes_an_offer_or_a_refusal(name: str, value: Any) -> None:
    try:
        read = parse_registration(_service(**{name: value}))
    except RegistrationError:
        return
    assert parse_registration(read.to_json()) == read
