"""Laws of the negotiation: legal steps only, an end within the bound, and deals that nothing changes."""

from __future__ import annotations

import re
from dataclasses import FrozenInstanceError, replace

import pytest
from deals_cases import (
    DOMAIN,
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
    taken,
    terms,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.chain.accounts import Account
from headwater.deals import (
    Deal,
    DealError,
    Kind,
    Message,
    Negotiation,
    Reason,
    Refused,
    Status,
    dump,
    load,
    parse,
    signed_by,
    text_of,
)
from headwater.units import WAD

ENDS = {
    Kind.AGREE: (Status.AGREED,),
    Kind.HALT: (Status.HALTED, Status.DEADLOCKED),
    Kind.PROPOSE: (Status.OPEN,),
    Kind.COUNTER: (Status.OPEN,),
}


def test_the_second_takes_the_first_offer_and_both_have_signed_the_deal() -> None:
    done = agreed()
    assert (done.status, done.turn, done.table, done.ended) == (Status.AGREED, None, None, NOW + 2)
    assert done.deal is not None
    assert done.signatures is not None
    assert done.deal.terms == terms()
    for account, signature in zip((FIRST, SECOND), done.signatures, strict=True):
        done.deal.check(account.address, signature, DOMAIN)


def test_signatures_are_the_payers_and_the_payees_whoever_spoke_last() -> None:
    negotiation = offered()
    negotiation = negotiation.receive(negotiation.offer(SECOND, terms(WAD // 2), EXPIRES), NOW + 2)
    negotiation = negotiation.receive(negotiation.agree(FIRST), NOW + 3).countersigned(SECOND)
    assert negotiation.deal is not None
    assert negotiation.signatures is not None
    negotiation.deal.check(FIRST.address, negotiation.signatures[0], DOMAIN)
    negotiation.deal.check(SECOND.address, negotiation.signatures[1], DOMAIN)


def test_a_party_that_never_speaks_ends_it_in_silence() -> None:
    negotiation = fresh()
    assert negotiation.silence(NOW + LIMITS.reply_window) is negotiation
    silent = negotiation.silence(NOW + LIMITS.reply_window + 1)
    assert (silent.status, silent.messages, silent.deal) == (Status.SILENT, (), None)
    assert silent.silence(10**9) is silent
    done = agreed()
    assert done.silence(10**9) is done


def test_a_clock_that_is_set_back_undoes_nothing() -> None:
    negotiation = offered()
    after = negotiation.receive(negotiation.agree(SECOND), NOW - 500)
    assert after.heard == (NOW + 1, NOW + 1)


def test_nothing_of_it_can_be_assigned() -> None:
    with pytest.raises(FrozenInstanceError):
        agreed().status = Status.OPEN  # type: ignore[misc]


def test_a_deal_in_force_is_renegotiated_by_both_and_stays_until_they_agree() -> None:
    done = agreed()
    again = done.renewed(SECOND.address, NOW + 100)
    assert (again.revision, again.turn, again.deal, again.sequence) == (1, SECOND.address, done.deal, 2)
    halted = again.receive(again.halt(SECOND), NOW + 101)
    assert (halted.status, halted.deal, halted.signatures) == (Status.HALTED, done.deal, done.signatures)
    again = halted.renewed(FIRST.address, NOW + 200)
    again = again.receive(again.offer(FIRST, terms(WAD // 4), EXPIRES), NOW + 201)
    assert again.deal == done.deal
    again = again.receive(again.agree(SECOND), NOW + 202)
    assert again.signatures is None
    again = again.countersigned(FIRST)
    assert again.deal is not None
    assert again.signatures is not None
    again.deal.check(FIRST.address, again.signatures[0], DOMAIN)
    assert (again.deal.revision, again.deal.terms.price.most, again.id) == (1, WAD // 4, done.id)
    assert load(dump(again)) == again


def test_what_was_said_of_one_revision_is_not_said_of_the_next() -> None:
    negotiation = fresh()
    halt, proposal = negotiation.halt(FIRST), negotiation.offer(FIRST, terms(), EXPIRES)
    again = agreed().renewed(FIRST.address, NOW + 10)
    for message, reason in ((halt, Reason.SEQUENCE), (proposal, Reason.REPLAYED_MESSAGE)):
        with pytest.raises(Refused) as refused:
            again.receive(message, NOW + 11)
        assert refused.value.reason is reason
    old_deal = resigned(again.offer(FIRST, terms(), EXPIRES), FIRST, deal=agreed().deal)
    with pytest.raises(Refused) as refused:
        again.receive(old_deal, NOW + 11)
    assert refused.value.reason is Reason.REPLAYED_DEAL


def test_a_renewal_keeps_payer_and_payee() -> None:
    again = agreed().renewed(FIRST.address, NOW + 10)
    turned = replace(terms(), payer=SECOND.address, payee=FIRST.address)
    with pytest.raises(Refused, match="keeps payer and payee") as refused:
        again.receive(again.offer(FIRST, turned, EXPIRES), NOW + 11)
    assert refused.value.reason is Reason.PARTY
    fresh().receive(fresh().offer(FIRST, turned, EXPIRES), NOW + 1)


def signatures_on(deals: list[Deal], account: Account, *negotiations: Negotiation) -> list[Deal]:
    """The deals of which any 65 bytes in these transcripts are the account's signature."""
    held = [bytes.fromhex(found) for each in negotiations for found in re.findall(r"0x([0-9a-f]{130})\"", dump(each))]
    return [deal for deal in deals if any(signed_by(deal.digest(DOMAIN), one) == account.address for one in held)]


def test_an_older_offer_cannot_be_opened_for_nobody_but_its_author_ever_could_sign_it() -> None:
    negotiation = offered(WAD // 4)
    for account, share in ((SECOND, WAD // 2), (FIRST, WAD // 3)):
        negotiation = negotiation.receive(negotiation.offer(account, terms(share), EXPIRES), NOW + 2)
    bargained = negotiation
    assert all(message.deal_signature == b"" for message in bargained.messages)
    negotiation = negotiation.receive(negotiation.agree(SECOND), NOW + 3)
    done = negotiation.countersigned(FIRST)
    deals = [message.deal for message in done.messages[:3] if message.deal is not None]
    assert deals[-1] == done.deal
    assert [signatures_on(deals, one, bargained) for one in (FIRST, SECOND)] == [[], []]
    assert [signatures_on(deals, one, negotiation) for one in (FIRST, SECOND)] == [[], deals[-1:]]
    assert [signatures_on(deals, one, done) for one in (FIRST, SECOND)] == [deals[-1:], deals[-1:]]


def test_a_deal_has_both_signatures_only_when_its_author_countersigned_and_nobody_else_can() -> None:
    assert (offered().author, taken().author, agreed().author) == (None, FIRST.address, FIRST.address)
    deal = taken().deal
    assert deal is not None
    assert (taken().status, taken().signatures) == (Status.AGREED, None)
    good = deal.sign(FIRST, DOMAIN)
    other = replace(deal, terms=terms(WAD)).sign(FIRST, DOMAIN)
    for by in (
        SECOND,
        OTHER,
        taken().messages[-1].deal_signature,
        taken().messages[0].signature,
        other,
        good[:64],
        b"",
    ):
        for negotiation in (taken(), agreed()):
            before = dump(negotiation)
            with pytest.raises(Refused) as refused:
                negotiation.countersigned(by)
            assert refused.value.reason is Reason.DEAL_SIGNATURE
            assert dump(negotiation) == before
    assert taken().countersigned(good) == taken().countersigned(FIRST) == agreed()
    done = agreed()
    assert done.countersigned(FIRST) is done.countersigned(good) is done


def test_what_is_not_agreed_is_not_countersigned() -> None:
    halted = offered().receive(offered().halt(SECOND), NOW + 2)
    for negotiation in (fresh(), offered(), halted, fresh().silence(10**6), agreed().renewed(FIRST.address, NOW + 9)):
        with pytest.raises(Refused, match="no agreed deal") as refused:
            negotiation.countersigned(FIRST)
        assert refused.value.reason is Reason.KIND


def test_offers_whose_time_is_not_over_are_listed_whatever_was_said_since() -> None:
    negotiation = fresh()
    negotiation = negotiation.receive(negotiation.offer(FIRST, terms(WAD // 4), NOW + 20), NOW + 1)
    negotiation = negotiation.receive(negotiation.offer(SECOND, terms(WAD // 2), NOW + 30), NOW + 2)
    negotiation = negotiation.receive(negotiation.agree(FIRST), NOW + 3)
    shares = [[deal.terms.price.most for deal in negotiation.firm(now)] for now in (NOW + 20, NOW + 21, NOW + 31)]
    assert shares == [[WAD // 4, WAD // 2], [WAD // 2], []]


def test_only_a_deal_in_force_is_renegotiated() -> None:
    for negotiation in (fresh(), offered(), taken(), fresh().silence(10**6), agreed().renewed(FIRST.address, NOW + 9)):
        with pytest.raises(DealError, match="deal in force"):
            negotiation.renewed(FIRST.address, NOW + 10)
    with pytest.raises(Refused, match="two parties"):
        agreed().renewed(OTHER.address, NOW + 10)


Move = tuple[str, int, int, int]
moves = st.tuples(
    st.sampled_from(["offer", "agree", "halt", "replay", "forge", "wait", "old", "text"]),
    st.integers(0, 2),  # whose
    st.integers(0, WAD),  # share
    st.integers(0, 25),  # seconds until then
)


def _message(negotiation: Negotiation, past: list[Message], move: Move) -> Message:
    verb, who, share, _ = move
    account = (FIRST, SECOND, OTHER)[who]
    if verb == "agree" and negotiation.table is not None:
        return negotiation.agree(account)
    if verb == "halt" and share % 4 == 0:
        return negotiation.halt(account)
    if verb in ("replay", "old") and past:
        return past[share % len(past)]
    offer = negotiation.offer(account, terms(share), EXPIRES)
    if verb == "forge":
        return resigned(offer, (OTHER, FIRST, SECOND)[who])
    return parse(text_of(offer)) if verb == "text" else offer


@given(st.lists(moves, max_size=12))
@settings(max_examples=40, deadline=None)
def test_any_sequence_of_messages_takes_legal_steps_to_an_end_within_the_bound(script: list[Move]) -> None:
    negotiation, now, past = fresh(), NOW, list[Message]()
    for move in script:
        now += move[3]
        if move[0] == "wait":
            after = negotiation.silence(now)
            legal = negotiation.status is Status.OPEN and now > negotiation.deadline
            assert (after.status is Status.SILENT and after.ended == now) if legal else after is negotiation
        else:
            message = _message(negotiation, past, move)
            past.append(message)
            before = dump(negotiation)
            try:
                after = negotiation.receive(message, now)
            except Refused:
                assert dump(negotiation) == before
                continue
            assert negotiation.status is Status.OPEN
            assert negotiation.turn == message.sender
            assert after.status in ENDS[message.kind]
            assert after.messages == (*negotiation.messages, message)
        if negotiation.status is not Status.OPEN:
            assert (after.status, after.deal) == (negotiation.status, negotiation.deal)
        negotiation = after
    assert len(negotiation.messages) <= LIMITS.rounds + 1
    assert negotiation.rounds <= LIMITS.rounds
    if negotiation.status is Status.OPEN:
        bound = NOW + (LIMITS.rounds + 1) * LIMITS.reply_window
        assert negotiation.deadline <= bound
        negotiation = negotiation.silence(bound + 1)
    assert negotiation.status is not Status.OPEN
    assert (negotiation.deal is not None) == (negotiation.status is Status.AGREED)
    assert negotiation.signatures is None
    assert load(dump(negotiation)) == negotiation
    if negotiation.author is not None:
        done = negotiation.countersigned(FIRST if negotiation.author == FIRST.address else SECOND)
        assert (done.status, done.deal) == (negotiation.status, negotiation.deal)
        assert done.signatures is not None
        assert load(dump(done)) == done
