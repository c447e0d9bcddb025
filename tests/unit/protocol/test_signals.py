"""EIP-712 signals: what one signs is what another verifies, and nothing else."""

import json
from dataclasses import replace

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.signals import (
    MAX_SIGNAL_BYTES,
    UNREGISTERED,
    Signal,
    SignalDomain,
    SignalError,
    SignedSignal,
    from_typed_data,
    recover,
    sign_signal,
    signal_from_json,
    signal_to_json,
    signing_hash,
    typed_data,
    verify_signal,
)
from headwater.units import WAD

KEY = (7).to_bytes(32, "big")
OTHER_KEY = (8).to_bytes(32, "big")
PROVIDER = Account.from_key(KEY).address
OTHER = Account.from_key(OTHER_KEY).address
DOMAIN = SignalDomain(chain_id=131_277_322_940_537, arena="0x" + "ab" * 20)
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


@st.composite
def forecasts(draw):
    k = draw(st.integers(2, 8))
    cuts = sorted(draw(st.sets(st.integers(1, WAD - 1), min_size=k - 1, max_size=k - 1)))
    return tuple(high - low for low, high in zip([0, *cuts], [*cuts, WAD], strict=True))


signals = st.builds(
    Signal,
    question=st.integers(0, 2**256 - 1),
    provider=st.just(PROVIDER),
    agent_id=st.integers(0, 2**256 - 1),
    forecast=forecasts(),
    time=st.integers(0, 2**64 - 1),
)
SIGNAL = Signal(question=3, provider=PROVIDER, forecast=(WAD // 4, WAD - WAD // 4), time=2_000_000_000)
SIGNED = sign_signal(SIGNAL, DOMAIN, KEY)


@given(signals)
@settings(max_examples=50, deadline=None)
def test_signature_recovers_to_its_provider(signal):
    signed = sign_signal(signal, DOMAIN, KEY)
    assert recover(signed, DOMAIN) == PROVIDER
    verify_signal(signed, DOMAIN)


@given(signals)
@settings(max_examples=25, deadline=None)
def test_hash_and_signature_are_those_of_an_independent_eip712_library(signal):
    theirs = Account.sign_message(encode_typed_data(full_message=typed_data(signal, DOMAIN)), KEY)
    assert bytes(theirs.message_hash) == signing_hash(signal, DOMAIN)
    assert bytes(theirs.signature) == sign_signal(signal, DOMAIN, KEY).signature


def test_signing_is_deterministic():
    assert sign_signal(SIGNAL, DOMAIN, KEY) == SIGNED


@pytest.mark.parametrize(
    "change",
    [
        {"question": 4},
        {"time": SIGNAL.time + 1},
        {"agent_id": 0},
        {"provider": OTHER},
        {"forecast": (WAD // 4 + 1, WAD - WAD // 4 - 1)},
        {"forecast": tuple(reversed(SIGNAL.forecast))},
        {"forecast": (WAD // 4, WAD // 4, WAD - WAD // 2)},
    ],
)
def test_any_change_of_content_voids_the_signature(change):
    with pytest.raises(SignalError, match="not what was signed"):
        verify_signal(replace(SIGNED, signal=replace(SIGNAL, **change)), DOMAIN)


@pytest.mark.parametrize("change", [{"chain_id": 1}, {"arena": "0x" + "ac" * 20}])
def test_signature_counts_on_no_other_chain_or_arena(change):
    with pytest.raises(SignalError, match="not what was signed"):
        verify_signal(SIGNED, replace(DOMAIN, **change))


@given(st.integers(0, 64 * 8 - 1))
@settings(max_examples=50, deadline=None)
def test_flipping_any_bit_of_r_or_s_voids_the_signature(bit):
    broken = bytearray(SIGNED.signature)
    broken[bit // 8] ^= 1 << bit % 8
    with pytest.raises(SignalError):
        verify_signal(SignedSignal(signal=SIGNAL, signature=bytes(broken)), DOMAIN)


def test_the_malleable_twin_of_a_signature_is_refused():
    s = int.from_bytes(SIGNED.signature[32:64], "big")
    twin = SIGNED.signature[:32] + (ORDER - s).to_bytes(32, "big") + bytes([55 - SIGNED.signature[64]])
    assert Account._recover_hash(signing_hash(SIGNAL, DOMAIN), signature=twin) == PROVIDER
    with pytest.raises(SignalError, match="EIP-2"):
        recover(SignedSignal(signal=SIGNAL, signature=twin), DOMAIN)


@pytest.mark.parametrize("signature", [b"", SIGNED.signature[:64], SIGNED.signature + b"\0"])
def test_signature_of_a_wrong_length_is_refused(signature):
    with pytest.raises(SignalError, match="must be 65"):
        recover(SignedSignal(signal=SIGNAL, signature=signature), DOMAIN)


@pytest.mark.parametrize("v", [0, 1, 26, 29, 255])
def test_v_other_than_27_and_28_is_refused(v):
    with pytest.raises(SignalError, match="27 or 28"):
        recover(SignedSignal(signal=SIGNAL, signature=SIGNED.signature[:64] + bytes([v])), DOMAIN)


def test_zero_signature_is_refused():
    with pytest.raises(SignalError, match="no public key"):
        recover(SignedSignal(signal=SIGNAL, signature=bytes(64) + b"\x1b"), DOMAIN)


def test_nobody_signs_for_another():
    with pytest.raises(SignalError, match=f"belongs to {OTHER}"):
        sign_signal(SIGNAL, DOMAIN, OTHER_KEY)


@pytest.mark.parametrize("key", [b"", bytes(32), b"\xff" * 32, bytes(33)])
def test_malformed_key_is_refused_without_showing_it(key):
    with pytest.raises(SignalError, match="private key") as caught:
        sign_signal(SIGNAL, DOMAIN, key)
    assert key.hex() == "" or key.hex() not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"question": -1}, "question"),
        ({"question": 2**256}, "question"),
        ({"time": 2**64}, "time"),
        ({"provider": "0x12"}, "provider"),
        ({"provider": "0x" + PROVIDER[2:].swapcase()}, "provider"),
        ({"forecast": (WAD,)}, "2 to 8"),
        ({"forecast": (WAD // 9,) * 9}, "2 to 8"),
        ({"forecast": (WAD // 2, WAD // 2 - 1)}, "sum"),
        ({"forecast": (0, WAD)}, "positive"),
    ],
)
def test_malformed_signal_says_what_is_wrong(change, reason):
    with pytest.raises(SignalError, match=reason):
        replace(SIGNAL, **change)


@pytest.mark.parametrize("change", [{"chain_id": 0}, {"chain_id": 2**256}, {"arena": "arena"}])
def test_malformed_domain_is_refused(change):
    with pytest.raises(SignalError):
        replace(DOMAIN, **change)


def test_signal_comes_back_from_its_typed_message():
    assert from_typed_data(typed_data(SIGNAL, DOMAIN)["message"]) == SIGNAL


@pytest.mark.parametrize("change", [{"time": "7"}, {"question": True}, {"forecast": ["1", "2"]}, {"forecast": 5}])
def test_typed_message_with_malformed_fields_is_refused(change):
    message = typed_data(SIGNAL, DOMAIN)["message"] | change
    with pytest.raises(SignalError):
        from_typed_data(message)
    del message["time"]
    with pytest.raises(SignalError, match="lacks time"):
        from_typed_data(message)


@given(signals)
@settings(max_examples=50, deadline=None)
def test_a_signed_signal_survives_the_wire_and_is_short_enough_for_it(signal):
    signed = sign_signal(signal, DOMAIN, KEY)
    raw = signal_to_json(signed)
    assert signal_from_json(raw) == signed
    assert len(raw) < MAX_SIGNAL_BYTES


def test_a_provider_without_a_registration_signs_with_the_largest_id():
    assert SIGNAL.agent_id == UNREGISTERED == 2**256 - 1


@given(st.binary(max_size=400))
def test_bytes_that_are_no_signal_are_refused_by_name(raw):
    with pytest.raises(SignalError):
        signal_from_json(raw)


WIRE = json.loads(signal_to_json(SIGNED))
NESTED = b"[" * 1_500 + b"]" * 400


@pytest.mark.parametrize(
    "raw",
    [
        b"x" * (MAX_SIGNAL_BYTES + 1),
        NESTED,
        b"\xff\xfe",
        b"[]",
        b"null",
        *(
            json.dumps({**WIRE, **change}).encode()
            for change in (
                {"extra": "1"},
                {"question": 3},
                {"question": "03"},
                {"question": "+3"},
                {"question": " 3"},
                {"question": "\u0663"},
                {"question": "-1"},
                {"question": "1" * 79},
                {"question": str(2**256)},
                {"agentId": None},
                {"time": str(2**64)},
                {"provider": 5},
                {"provider": "0x12"},
                {"forecast": "12"},
                {"forecast": ["1"] * 9},
                {"forecast": [str(WAD)]},
                {"forecast": [str(WAD), "0"]},
                {"forecast": [True, str(WAD)]},
                {"signature": "0x"},
                {"signature": WIRE["signature"] + "00"},
                {"signature": WIRE["signature"].upper()},
                {"signature": 7},
            )
        ),
        json.dumps({name: value for name, value in WIRE.items() if name != "time"}).encode(),
    ],
)
def test_what_a_signal_does_not_admit_is_refused_from_the_wire(raw):
    with pytest.raises(SignalError):
        signal_from_json(raw)
