"""Every bad message is refused with a reason of its own, and the negotiation stays what it was."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from deals_cases import (
    DOMAIN,
    ESCROW,
    EXPIRES,
    FIRST,
    LIMITS,
    NOW,
    OTHER,
    SECOND,
    agreed,
    fresh,
    offered,
    resigned,
    terms,
)

from headwater.deals import (
    Deal,
    DealError,
    Kind,
    Limits,
    Message,
    Negotiation,
    Reason,
    Refused,
    Status,
    deals_domain,
    dump,
    parse,
    text_of,
)
from headwater.units import WAD

LATER = NOW + 10
HALF = WAD // 2


def counter(negotiation: Negotiation, share: int = HALF) -> Message:
    """The second's answer to the offer on the table."""
    return negotiation.offer(SECOND, terms(share), EXPIRES)


def say_again(negotiation: Negotiation) -> Message:
    return negotiation.messages[-1]


def other_deal(negotiation: Negotiation, **changes: Any) -> Message:
    offer = counter(negotiation)
    assert offer.deal is not None
    return resigned(offer, SECOND, deal=replace(offer.deal, **changes))


ELSEWHERE = deals_domain(1, ESCROW.address)
OTHER_ESCROW = deals_domain(31337, OTHER.address)

BAD: dict[str, tuple[Reason, Callable[[Negotiation], Message]]] = {
    "unknown action": (
        Reason.ACTION,
        lambda n: n.offer(SECOND, replace(terms(), payee_action="window"), EXPIRES),
    ),
    "somebody else's deal": (
        Reason.PARTY,
        lambda n: n.offer(SECOND, replace(terms(), payee=OTHER.address), EXPIRES),
    ),
    "a third party speaks": (Reason.PARTY, lambda n: n.offer(OTHER, terms(HALF), EXPIRES)),
    "forged signature": (Reason.SIGNATURE, lambda n: replace(counter(n), signature=counter(n, 3).signature)),
    "signed by another": (Reason.SIGNATURE, lambda n: resigned(counter(n), OTHER)),
    "no signature": (Reason.SIGNATURE, lambda n: replace(counter(n), signature=b"")),
    "forged deal signature": (
        Reason.DEAL_SIGNATURE,
        lambda n: replace(n.agree(SECOND), deal_signature=Deal(terms(HALF), 7, 0, 0, EXPIRES).sign(SECOND, DOMAIN)),
    ),
    "deal signed for another chain": (
        Reason.DEAL_SIGNATURE,
        lambda n: replace(n.agree(SECOND), deal_signature=Deal(terms(), 7, 0, 0, EXPIRES).sign(SECOND, ELSEWHERE)),
    ),
    "deal signed by the other": (
        Reason.DEAL_SIGNATURE,
        lambda n: replace(n.agree(SECOND), deal_signature=Deal(terms(), 7, 0, 0, EXPIRES).sign(FIRST, DOMAIN)),
    ),
    "an agreement that does not sign the deal": (
        Reason.DEAL_SIGNATURE,
        lambda n: replace(n.agree(SECOND), deal_signature=b""),
    ),
    "an offer that signs its deal": (
        Reason.DEAL_SIGNATURE,
        lambda n: replace(counter(n), deal_signature=Deal(terms(HALF), 7, 0, 0, EXPIRES).sign(SECOND, DOMAIN)),
    ),
    "another chain": (Reason.DOMAIN, lambda n: resigned(counter(n), SECOND, domain=ELSEWHERE)),
    "another contract": (Reason.DOMAIN, lambda n: resigned(counter(n), SECOND, domain=OTHER_ESCROW)),
    "another chain's signature under this domain": (
        Reason.SIGNATURE,
        lambda n: replace(resigned(counter(n), SECOND, domain=ELSEWHERE), domain=DOMAIN),
    ),
    "replayed message": (Reason.REPLAYED_MESSAGE, say_again),
    "replayed message, signed otherwise": (
        Reason.REPLAYED_MESSAGE,
        lambda n: replace(say_again(n), signature=bytes(65)),
    ),
    "message of another negotiation": (
        Reason.NEGOTIATION,
        lambda n: fresh(nonce=1).offer(FIRST, terms(), EXPIRES),
    ),
    "deal of another task": (Reason.REPLAYED_DEAL, lambda n: other_deal(n, task=8)),
    "deal of another nonce": (Reason.REPLAYED_DEAL, lambda n: other_deal(n, nonce=1)),
    "deal of another revision": (Reason.REPLAYED_DEAL, lambda n: other_deal(n, revision=1)),
    "wrong sequence": (Reason.SEQUENCE, lambda n: resigned(counter(n), SECOND, sequence=2)),
    "wrong previous": (Reason.PREVIOUS, lambda n: resigned(counter(n), SECOND, previous=bytes(32))),
    "not your turn": (Reason.TURN, lambda n: n.offer(FIRST, terms(HALF), EXPIRES)),
    "a second proposal": (Reason.KIND, lambda n: resigned(counter(n), SECOND, kind=Kind.PROPOSE)),
    "a counter that is the offer": (Reason.KIND, lambda n: counter(n, 55 * WAD // 100)),
    "a halt with a deal": (Reason.KIND, lambda n: resigned(counter(n), SECOND, kind=Kind.HALT)),
    "an agreement without a deal": (Reason.KIND, lambda n: resigned(n.halt(SECOND), SECOND, kind=Kind.AGREE)),
    "a halt that signs something": (Reason.DEAL_SIGNATURE, lambda n: replace(n.halt(SECOND), deal_signature=bytes(65))),
    "an agreement to another deal": (Reason.OTHER_DEAL, lambda n: resigned(counter(n), SECOND, kind=Kind.AGREE)),
    "an offer that has expired": (Reason.EXPIRED, lambda n: n.offer(SECOND, terms(HALF), LATER - 1)),
}


def refuse(negotiation: Negotiation, message: Message, now: int = LATER) -> Refused:
    """What it is refused with; the negotiation is what it was, to the last byte of its transcript."""
    before = dump(negotiation)
    with pytest.raises(Refused) as refused:
        negotiation.receive(message, now)
    assert dump(negotiation) == before
    assert str(refused.value)
    return refused.value


@pytest.mark.parametrize("case", BAD)
def test_a_bad_message_is_refused_with_its_own_reason(case: str) -> None:
    reason, make = BAD[case]
    negotiation = offered()
    assert refuse(negotiation, make(negotiation)).reason is reason
    assert negotiation.receive(negotiation.agree(SECOND), LATER).status is Status.AGREED


def test_nothing_is_countered_or_agreed_to_before_an_offer() -> None:
    negotiation = fresh()
    for kind in (Kind.COUNTER, Kind.AGREE):
        message = resigned(negotiation.offer(FIRST, terms(), EXPIRES), FIRST, kind=kind)
        assert refuse(negotiation, message).reason is Reason.KIND
    with pytest.raises(Refused, match="no offer to agree to"):
        negotiation.agree(FIRST)


def test_an_offer_stands_until_it_expires_and_an_answer_has_its_time() -> None:
    negotiation = fresh()
    negotiation = negotiation.receive(negotiation.offer(FIRST, terms(), NOW + 20), NOW + 1)
    assert negotiation.receive(negotiation.agree(SECOND), NOW + 20).status is Status.AGREED
    assert refuse(negotiation, negotiation.agree(SECOND), NOW + 21).reason is Reason.EXPIRED
    assert negotiation.receive(negotiation.halt(SECOND), NOW + 61).status is Status.HALTED
    assert refuse(negotiation, negotiation.halt(SECOND), NOW + 62).reason is Reason.LATE


def test_after_the_end_nothing_is_said_and_the_deal_stays() -> None:
    done = agreed()
    deal, signatures = done.deal, done.signatures
    late = offered()
    for message in (counter(late), late.halt(SECOND), late.agree(SECOND)):
        expected = Reason.REPLAYED_MESSAGE if message.kind is Kind.AGREE else Reason.ENDED
        assert refuse(done, message).reason is expected
    assert refuse(done, resigned(done.halt(FIRST), FIRST)).reason is Reason.ENDED
    assert (done.deal, done.signatures) == (deal, signatures)


def test_endless_haggling_ends_with_an_offer_to_be_taken_or_left() -> None:
    negotiation, speakers = fresh(), (FIRST, SECOND)
    for step in range(LIMITS.rounds):
        offer = negotiation.offer(speakers[step % 2], terms(HALF + step), EXPIRES)
        negotiation = negotiation.receive(offer, LATER + step)
    again = negotiation.offer(SECOND, terms(HALF - 1), EXPIRES)
    assert refuse(negotiation, again, LATER + 3).reason is Reason.ROUNDS
    assert negotiation.receive(negotiation.agree(SECOND), LATER + 3).status is Status.AGREED
    assert negotiation.receive(negotiation.halt(SECOND), LATER + 3).status is Status.DEADLOCKED
    assert negotiation.silence(LATER + 2 + LIMITS.reply_window) is negotiation
    silent = negotiation.silence(LATER + 3 + LIMITS.reply_window)
    assert (silent.status, silent.turn, silent.deal) == (Status.SILENT, None, None)


def bad_texts() -> dict[str, tuple[Reason, str]]:
    """Texts that are no message."""
    entry = json.loads(text_of(counter(offered())))

    def changed(*path: str, to: Any) -> str:
        copy = json.loads(json.dumps(entry))
        at = copy
        for name in path[:-1]:
            at = at[name]
        at[path[-1]] = to
        return json.dumps(copy)

    without = {name: entry[name] for name in entry if name != "previous"}
    return {
        "140%": (Reason.SHARE, changed("deal", "price", to=[["0", str(14 * WAD // 10)]])),
        "a negative share": (Reason.SHARE, changed("deal", "price", to=[["0", "-1"]])),
        "a share that is no number": (Reason.MALFORMED, changed("deal", "price", to=[["0", "half"]])),
        "a price that is no list": (Reason.PRICE, changed("deal", "price", to="5")),
        "a step that is no pair": (Reason.PRICE, changed("deal", "price", to=[["0"]])),
        "a negative deposit": (Reason.AMOUNT, changed("deal", "deposit", to="-5")),
        "a number as a number": (Reason.MALFORMED, changed("deal", "deposit", to=5)),
        "a number with a zero before it": (Reason.MALFORMED, changed("sequence", to="01")),
        "a number without end": (Reason.MALFORMED, changed("sequence", to="9" * 5_000)),
        "a sequence too large": (Reason.MALFORMED, changed("sequence", to=str(2**64))),
        "a chain too large": (Reason.DOMAIN, changed("chain", to="9" * 78)),
        "an unknown kind": (Reason.MALFORMED, changed("kind", to="demand")),
        "a sender that is no address": (Reason.PARTY, changed("sender", to="nobody")),
        "a signature of another length": (Reason.MALFORMED, changed("signature", to="0x00")),
        "a signature that is no text": (Reason.MALFORMED, changed("signature", to=None)),
        "upper-case hex": (Reason.MALFORMED, changed("signature", to="0x" + "AB" * 65)),
        "a deal that is no object": (Reason.MALFORMED, changed("deal", to=[])),
        "an action that is no text": (Reason.ACTION, changed("deal", "payee_action", to=["lever"])),
        "a field missing": (Reason.MALFORMED, json.dumps(without)),
        "an unknown field": (Reason.MALFORMED, changed("urgent", to=True)),
        "a field twice": (Reason.MALFORMED, '{"kind":"halt","kind":"agree"}'),
        "no object": (Reason.MALFORMED, "[]"),
        "no JSON": (Reason.MALFORMED, "{"),
        "nothing": (Reason.MALFORMED, ""),
        "nested too deep": (Reason.MALFORMED, "[" * 8_000 + "]" * 8_000),
        "deep inside": (Reason.MALFORMED, changed("deal", to=json.loads("[" * 40 + "]" * 40))),
        "too long": (Reason.MALFORMED, '"' + "x" * 20_000 + '"'),
    }


TEXTS = bad_texts()


@pytest.mark.parametrize("case", TEXTS)
def test_a_text_that_is_no_message_is_refused_before_it_is_one(case: str) -> None:
    reason, text = TEXTS[case]
    with pytest.raises(Refused) as refused:
        parse(text)
    assert refused.value.reason is reason
    assert len(str(refused.value)) < 500


def test_every_message_survives_its_own_json() -> None:
    negotiation = offered()
    said = (negotiation.messages[0], counter(negotiation), negotiation.agree(SECOND), negotiation.halt(SECOND))
    for message in said:
        assert parse(text_of(message)) == message


def test_a_message_that_is_malformed_in_memory_is_refused() -> None:
    message = counter(offered())
    changes: tuple[dict[str, Any], ...] = (
        {"previous": b""},
        {"negotiation": "0x"},
        {"sequence": -1},
        {"sequence": True},
        {"kind": 3},
    )
    for change in changes:
        with pytest.raises(Refused) as refused:
            replace(message, **change)
        assert refused.value.reason is Reason.MALFORMED


@pytest.mark.parametrize(("rounds", "window"), [(0, 60), (1_001, 60), (3, 0), (True, 60)])
def test_limits_out_of_range_are_refused(rounds: int, window: int) -> None:
    with pytest.raises(DealError, match="accepted"):
        Limits(rounds=rounds, reply_window=window)


def test_a_negotiation_has_two_parties_and_choices_of_its_own() -> None:
    with pytest.raises(Refused, match="two"):
        Negotiation.between(FIRST.address, FIRST.address, DOMAIN, 7, 0, now=NOW)
    with pytest.raises(DealError, match="choices"):
        Negotiation.between(FIRST.address, SECOND.address, DOMAIN, 7, 0, now=NOW, choices={OTHER.address: ["x"]})
    with pytest.raises(Refused) as refused:
        Negotiation.between(FIRST.address, SECOND.address, DOMAIN, -7, 0, now=NOW)
    assert refused.value.reason is Reason.AMOUNT
    with pytest.raises(Refused) as refused:
        deals_domain(-1, ESCROW.address)
    assert refused.value.reason is Reason.DOMAIN
