"""Whoever signs a deal signs this one, here, in this task, once: no signature counts elsewhere, and none is made up.

Re-entering is no way in: of what the escrow calls, the token calls nobody, the Cascade calls only the token, and a
wallet that is asked for its signature is called statically, so whatever it calls cannot write.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from checks import refused
from deal_cases import BOTH_KEPT, HALF, Hall, id_of, new_hall, send_as, words
from harness import ZERO
from headwater.chain import Contract, create_address, deploy, load
from headwater.chain.revm import RevmBackend
from headwater.deals import Deal, Price, Terms, deals_domain
from headwater.deals.desk import DealDesk
from headwater.units import WAD

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
YES, NO = bytes.fromhex("1626ba7e"), bytes.fromhex("ffffffff")
UNIT = Path(__file__).parents[1] / "unit" / "contracts"
INVALID = "deals: invalid signature of the payer"


@pytest.fixture(scope="module")
def _deployed() -> Hall:
    return new_hall(RevmBackend(seed=6))


@pytest.fixture
def hall(_deployed: Hall) -> Iterator[Hall]:
    snapshot = _deployed.backend.snapshot()
    yield _deployed
    _deployed.backend.revert(snapshot)
    _deployed.tasks.clear()


def _bring(hall: Hall, deal: Deal, payer: bytes, payee: bytes) -> None:
    """By the stranger, whatever it is."""
    args = words(deal), deal.terms.price.packed, payer, payee
    send_as(hall.stranger.account, hall.escrow.contract, "amend" if deal.revision else "open_deal", *args)


@pytest.mark.parametrize(
    "change",
    [
        {"task": 1},
        {"nonce": 1},
        {"revision": 1},
        {"expires": 2**40 - 1},
        {"deposit": 0},
        {"price": Price.fixed(HALF + 1)},
        {"price": Price(((0, HALF), (1, HALF)))},
        {"payer_action": "lever"},
        {"payee_action": "door"},
        {"payee": "third"},
        {"payer": "third"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_signature_counts_for_exactly_what_it_says(hall: Hall, change: dict[str, Any]) -> None:
    """The payer signed something a little different from what is brought."""
    task = hall.task(100)
    hall.payer.deposit(10)
    deal = hall.deal(task, deposit=5)
    spoken = {name: hall.third.address if value == "third" else value for name, value in change.items()}
    if spoken.keys() <= {"task", "nonce", "revision", "expires"}:
        other = replace(deal, **spoken)
    else:
        other = replace(deal, terms=replace(deal.terms, **spoken))
    with refused(hall, INVALID):
        _bring(hall, deal, hall.payer.sign(other), hall.payee.sign(deal))
    _bring(hall, deal, *hall.signatures(deal))


def test_a_deal_is_not_replayed_in_a_task_of_the_same_terms(hall: Hall) -> None:
    """The sponsor opens the task again; and a deal settled in the one is not opened a second time in either."""
    one, again = hall.task(100), hall.task(100, salt=bytes(31) + b"\1")
    deal = hall.deal(one)
    signed = hall.signatures(deal)
    name = hall.stranger.open_deal(deal, signed)
    with refused(hall, INVALID):
        _bring(hall, replace(deal, task=again), *signed)
    with refused(hall, "deals: deal was opened before"):
        _bring(hall, deal, *signed)
    hall.judge(one, {hall.payer.address: 10}, {name: BOTH_KEPT})
    hall.stranger.wind_up(one)
    with refused(hall, "deals: task is not open"):
        _bring(hall, deal, *signed)


@pytest.mark.parametrize("where", ["chain", "escrow", "name"])
def test_a_deal_is_not_replayed_on_another_chain_or_escrow(hall: Hall, where: str) -> None:
    deal = hall.deal(hall.task(100))
    chain, place = hall.backend.chain_id, hall.escrow.address
    domain = deals_domain(chain + (where == "chain"), hall.treasury if where == "escrow" else place)
    if where == "name":
        domain = replace(domain, version="2")
    with refused(hall, INVALID):
        _bring(hall, deal, deal.sign(hall.payer.account, domain), hall.payee.sign(deal))


def test_nobody_signs_for_another(hall: Hall) -> None:
    deal = hall.deal(hall.task(100))
    good, theirs = hall.signatures(deal)
    r, s, v = good[:32], int.from_bytes(good[32:64], "big"), good[64:]
    for signature in (
        hall.third.sign(deal),
        b"",
        bytes(65),
        bytes(1024),
        good[:64],
        good + b"\0",
        good[:64] + bytes((0,)),
        good[:64] + bytes((55 - good[64],)),
        r + (ORDER - s).to_bytes(32, "big") + bytes((55 - v[0],)),
    ):
        with refused(hall, INVALID):
            _bring(hall, deal, signature, theirs)
    nobody = (words(deal)[0], ZERO, *words(deal)[2:])
    with refused(hall, INVALID):  # what recovers to nobody is nobody's
        send_as(
            hall.payee.account, hall.escrow.contract, "open_deal", nobody, deal.terms.price.packed, bytes(65), theirs
        )
    _bring(hall, deal, good, theirs)


def test_one_side_alone_changes_nothing_of_a_deal(hall: Hall) -> None:
    """A payer that would rather pay less, with every signature it can get hold of."""
    task = hall.task(100)
    deal = hall.deal(task)
    signed = hall.signatures(deal)
    name = hall.stranger.open_deal(deal, signed)
    cheap = hall.deal(task, 1, revision=1)
    mine = hall.payer.sign(cheap)
    for theirs in (mine, signed[1], b"", hall.third.sign(cheap)):
        with refused(hall, "deals: invalid signature of the payee"):
            _bring(hall, cheap, mine, theirs)
    assert hall.escrow.deal(task, name).price == Price.fixed(HALF)


def _house(hall: Hall) -> Contract:
    """A wallet with a free balance of 100; it accepts the digest its accept() was told (ERC-1271)."""
    house, _ = deploy(hall.backend, load("Wallet", UNIT / "registry_contracts"), True, sender=hall.third.account)
    hall.token.send("transfer", house, 100, sender=hall.third.account)
    for target, name, args in (
        (hall.token, "approve", (hall.escrow.address, 100)),
        (hall.escrow.contract, "deposit", (100,)),
    ):
        send_as(hall.third.account, house, "run", target, target.encode(name, *args))
    return house


def test_a_contract_wallet_signs_by_its_own_rule_and_only_for_itself(hall: Hall) -> None:
    house, twin = _house(hall), _house(hall)
    task = hall.task(100)

    def deal_of(wallet: Contract) -> Deal:
        terms = Terms(
            payer=wallet.address,
            payee=hall.payee.address,
            payer_action="door",
            payee_action="lever",
            price=Price.fixed(WAD),
            deposit=60,
        )
        return Deal(terms, task, 0, 0, 2**40)

    deal, other = deal_of(house), deal_of(twin)
    owner = hall.third.account
    with refused(hall, INVALID):
        _bring(hall, deal, b"any", hall.payee.sign(deal))
    with refused(hall, INVALID):  # the owner's key is not the wallet
        _bring(hall, deal, hall.third.sign(deal), hall.payee.sign(deal))
    for each in (house, twin):
        send_as(owner, each, "accept", deal.digest(hall.escrow.domain), YES)
    with refused(hall, INVALID):  # both say yes to the words of the one
        _bring(hall, other, b"any", hall.payee.sign(other))
    send_as(owner, house, "accept", deal.digest(hall.escrow.domain), NO)
    with refused(hall, INVALID):
        _bring(hall, deal, b"any", hall.payee.sign(deal))
    send_as(owner, house, "accept", deal.digest(hall.escrow.domain), YES)
    _bring(hall, deal, b"any", hall.payee.sign(deal))
    # Taking it back afterwards is too late.
    send_as(owner, house, "accept", deal.digest(hall.escrow.domain), NO)
    hall.judge(task, {}, {id_of(deal): BOTH_KEPT})
    assert hall.stranger.settle(task, id_of(deal)).paid == 60
    assert hall.escrow.balance(house.address).free == 40


def test_a_wallet_that_is_asked_for_its_signature_cannot_write_meanwhile(hall: Hall) -> None:
    """It tries to withdraw the balance that is about to be locked."""
    place = create_address(hall.third.address, hall.backend.nonce(hall.third.address))
    sly, _ = deploy(hall.backend, load("Sly", UNIT / "deal_escrow"), sender=hall.third.account)
    assert sly.address == place
    hall.token.send("transfer", sly, 100, sender=hall.third.account)
    escrow = hall.escrow.contract
    for target, name, args in ((hall.token, "approve", (escrow, 100)), (escrow, "deposit", (100,))):
        send_as(hall.third.account, sly, "run", target, target.encode(name, *args))
    terms = Terms(
        payer=sly.address,
        payee=hall.payee.address,
        payer_action="door",
        payee_action="lever",
        price=Price.fixed(WAD),
        deposit=100,
    )
    deal = Deal(terms, hall.task(100), 0, 0, 2**40)
    send_as(hall.third.account, sly, "prepare", escrow, escrow.encode("withdraw", 100))
    with refused(hall, INVALID):
        _bring(hall, deal, b"any", hall.payee.sign(deal))
    # The same wallet with something harmless to call says yes: it was the static call that stopped it.
    send_as(hall.third.account, sly, "prepare", escrow, escrow.encode("owed"))
    _bring(hall, deal, b"any", hall.payee.sign(deal))
    with refused(hall, "deals: free balance too small"):
        send_as(hall.third.account, sly, "run", escrow, escrow.encode("withdraw", 1))


def test_nobody_binds_empties_or_bars_anybody_who_signed_nothing(hall: Hall) -> None:
    """Everything the attacker may call, with the victim's name wherever one fits."""
    hall.payer.deposit(100)
    task = hall.task(100)
    attacker: DealDesk = hall.third
    mine = hall.deal(task, WAD, deposit=100, payee=attacker)
    with refused(hall, INVALID):
        attacker.open_deal(mine, (attacker.sign(mine), attacker.sign(mine)))
    with refused(hall, "deals: caller is no side of the deal"):
        attacker.bar(hall.deal(task))
    with refused(hall, "deals: free balance too small"):
        attacker.withdraw(1)
    with refused(hall, "deals: caller is not the resolver"):
        attacker.report(task, {attacker.address: 100}, {})
    # A task of one's own, judged by oneself, moves nobody else's money.
    own = attacker.open_task(0, attacker.address, hall.backend.now() + 100)
    hall.tasks.append(own)
    with refused(hall, "deals: rewards above the pot"):
        attacker.report(own, {attacker.address: 1}, {})
    attacker.finish(own, bytes(31) + b"\1")
    assert attacker.collect(own, hall.payer.address) == 0
    attacker._send("sync")
    assert hall.free(hall.payer) == 100
    hall.payer.withdraw(100)
    hall.audit()
