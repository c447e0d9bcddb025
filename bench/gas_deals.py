"""Gas of tasks and deals, for the snapshot; `bench.gas` calls it."""

from __future__ import annotations

from typing import Final

from eth_hash.auto import keccak

from headwater.cascade import Leaf
from headwater.chain import Account, Receipt
from headwater.chain.participant import Participant
from headwater.chain.tester import EmbeddedBackend
from headwater.deals import Deal, Price, Terms
from headwater.deals.desk import DealDesk
from headwater.deals.escrow import DealEscrow
from headwater.deals.twin import Verdict
from headwater.units import WAD
from headwater_deploy import DAY, ProtocolConfig, deploy

_FIXED: Final = Price.fixed(WAD * 45 // 100)
_RULE: Final = Price(tuple((state, WAD // 10 + state) for state in range(16)))
_SIDES: Final = (("backed by the reward", _FIXED, 0), ("backed by a deposit", _FIXED, WAD), ("16 steps", _RULE, 0))
_KEPT: Final = Verdict(payer_kept=True, payee_kept=True, observed=15)
_SALTS: Final = tuple(bytes(31) + bytes((number,)) for number in range(3))
_BATCH: Final = 32


class _Notes:
    """The gas of each function's last call."""

    def __init__(self) -> None:
        self.gas: dict[str, int] = {}

    def __call__(self, name: str, receipt: Receipt) -> None:
        self.gas[name.partition(".")[2]] = receipt.gas_used


def tasks_and_deals() -> dict[str, int]:
    """Two tasks of the same people, who have weights in the Cascade: the second finds its balances in use.

    Gas by operation; exact and repeatable.
    """
    chain = EmbeddedBackend(seed=7)
    accounts = chain.dev_accounts(4)
    made = deploy(chain, accounts[0], ProtocolConfig(registries=False, covenants=False))
    assert made.deals is not None
    escrow, notes, found = DealEscrow(chain, made.deals.escrow), _Notes(), dict[str, int]()
    governor, *people = [Participant(made.system, account) for account in accounts]
    for person in people:
        governor.transfer(person.address, 1_000 * WAD)
        person.announce_list([Leaf(governor.address, 0, 1)], 1_000)
    sponsor, payer, payee = [DealDesk(escrow, person.account, notes) for person in people]
    for desk in (sponsor, payer):
        desk.approve()
    payer.deposit(10 * WAD)
    for salt, step in zip(_SALTS, ("first", "steady"), strict=False):
        task = sponsor.open_task(100 * WAD, sponsor.address, chain.now() + DAY, salt)
        found["deals: open a task"] = notes.gas["open_task"]
        names = {}
        for nonce, (what, price, deposit) in enumerate(_SIDES):
            deal = _deal(payer, payee, task, nonce, price, deposit)
            names[what] = payee.open_deal(deal, (payer.sign(deal), payee.sign(deal)))
            stage = "first of its sides" if nonce == 0 else "steady"
            found[f"deals: open a deal, {what} ({stage})"] = notes.gas["open_deal"]
        deal = _deal(payer, payee, task, 2, _FIXED, 0, revision=1)
        payee.open_deal(deal, (payer.sign(deal), payee.sign(deal)))
        found["deals: amend a deal"] = notes.gas["amend"]
        back = _deal(payer, payee, task, 2, _RULE, 0, revision=2)
        payee.open_deal(back, (payer.sign(back), payee.sign(back)))
        verdicts = dict.fromkeys(names.values(), _KEPT)
        verdicts[names["16 steps"]] = Verdict(payer_kept=True, payee_kept=True, observed=15, revision=2)
        sponsor.report(task, {payer.address: 10 * WAD}, verdicts)
        found["deals: report 1 reward and 3 verdicts"] = notes.gas["report"]
        sponsor.finish(task, keccak(b"record"))
        found[f"deals: finish a task ({step})"] = notes.gas["finish"]
        for what, name in names.items():
            payee.settle(task, name)
            found[f"deals: settle, {what}"] = notes.gas["settle"]
        payee.collect(task, payee.address)
        found[f"deals: collect into the Cascade ({step})"] = notes.gas["collect"]
    payer.deposit(WAD)
    payer.withdraw(WAD)
    found |= {"deals: deposit (steady)": notes.gas["deposit"], "deals: withdraw (steady)": notes.gas["withdraw"]}
    return found | _crowd(chain, sponsor, payer, notes)


def _crowd(chain: EmbeddedBackend, sponsor: DealDesk, payer: DealDesk, notes: _Notes) -> dict[str, int]:
    """A full report: 32 rewards of strangers, 32 verdicts."""
    task = sponsor.open_task(100 * WAD, sponsor.address, chain.now() + DAY, _SALTS[2])
    strangers = [Account.derive(70, number) for number in range(_BATCH)]
    names = []
    for stranger in strangers:
        desk = DealDesk(sponsor.escrow, stranger)
        deal = _deal(payer, desk, task, 0, Price.fixed(1), 0)
        names.append(sponsor.open_deal(deal, (payer.sign(deal), desk.sign(deal))))
    rewarded = {Account.derive(80, number).address: WAD for number in range(_BATCH)}
    sponsor.report(task, rewarded, dict.fromkeys(names, _KEPT))
    return {"deals: report 32 rewards and 32 verdicts": notes.gas["report"]}


def _deal(
    payer: DealDesk, payee: DealDesk, task: int, nonce: int, price: Price, deposit: int, revision: int = 0
) -> Deal:
    terms = Terms(
        payer=payer.address,
        payee=payee.address,
        payer_action="door",
        payee_action="lever",
        price=price,
        deposit=deposit,
    )
    return Deal(terms, task, nonce, revision, 2**40)
