"""What tests of the DealEscrow share: the contract beside a token and a Cascade, people in their roles, deals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from eth_hash.auto import keccak

from harness import LocalBackend
from headwater.cascade import Leaf, pack_list
from headwater.chain import Account, Contract, Receipt, deploy, load
from headwater.deals import Deal, Price, Terms, action_hash
from headwater.deals.desk import DealDesk
from headwater.deals.escrow import DealEscrow, DealStatus, TaskStatus, id_of
from headwater.deals.twin import Verdict
from headwater.units import WAD

DAY = 86_400
GIFT = 10_000 * WAD
POT = 1_000 * WAD
FAR = 2**40
"""An expiry that no test comes near."""
RECORD = keccak(b"record")
HALF = WAD // 2
BOTH_KEPT = Verdict(payer_kept=True, payee_kept=True)


@dataclass
class Hall:
    """The escrow and who meets there; `tasks` are those opened through it, for the audit."""

    backend: LocalBackend
    token: Contract
    cascade: Contract
    escrow: DealEscrow
    treasury: str
    people: list[DealDesk]
    tasks: list[int] = field(default_factory=list)

    @property
    def contracts(self) -> Sequence[Contract]:
        return self.token, self.cascade, self.escrow.contract

    @property
    def sponsor(self) -> DealDesk:
        return self.people[0]

    @property
    def resolver(self) -> DealDesk:
        return self.people[1]

    @property
    def payer(self) -> DealDesk:
        return self.people[2]

    @property
    def payee(self) -> DealDesk:
        return self.people[3]

    @property
    def third(self) -> DealDesk:
        return self.people[4]

    @property
    def stranger(self) -> DealDesk:
        """Who relays, settles and collects, and has no part in anything."""
        return self.people[5]

    def balance(self, address: str) -> int:
        return int(self.token.call("balanceOf", address))

    def free(self, who: DealDesk) -> int:
        return self.escrow.balance(who.address).free

    def inflow(self, who: DealDesk, version: int = 0) -> int:
        """What ever came in for somebody at the Cascade under a version."""
        return int(self.cascade.call("flows", who.address, version)[0])

    def announce(self, who: DealDesk, *leaves: Leaf) -> int:
        """A version in the Cascade: `who` keeps a tenth of it, or all without leaves."""
        keep = 1_000 if leaves else 10_000
        receipt = self.cascade.send("announce_list", pack_list(leaves), keep, 0, sender=who.account)
        return int(receipt.event("ListAnnounced")["version"])

    def pass_deadline(self, task: int) -> None:
        """Let the next transaction be the first that is too late."""
        self.backend.time_travel(self.escrow.task(task).deadline)

    def task(self, pot: int = POT, seconds: int = DAY, salt: bytes = bytes(32)) -> int:
        found = self.sponsor.open_task(pot, self.resolver.address, self.backend.now() + seconds, salt)
        self.tasks.append(found)
        return found

    def deal(
        self,
        task: int,
        price: int | Price = HALF,
        *,
        deposit: int = 0,
        nonce: int = 0,
        revision: int = 0,
        expires: int = FAR,
        payer: DealDesk | None = None,
        payee: DealDesk | None = None,
        actions: tuple[str, str] = ("door", "lever"),
    ) -> Deal:
        """A deal between the payer and the payee, or others; a share (WAD) is a fixed price."""
        terms = Terms(
            payer=(payer or self.payer).address,
            payee=(payee or self.payee).address,
            payer_action=actions[0],
            payee_action=actions[1],
            price=price if isinstance(price, Price) else Price.fixed(price),
            deposit=deposit,
        )
        return Deal(terms, task, nonce, revision, expires)

    def desk(self, address: str) -> DealDesk:
        return next(desk for desk in self.people if desk.address == address)

    def signatures(self, deal: Deal) -> tuple[bytes, bytes]:
        return self.desk(deal.terms.payer).sign(deal), self.desk(deal.terms.payee).sign(deal)

    def open(self, deal: Deal) -> bytes:
        """Signed by both, relayed by the stranger; the deal's id."""
        return self.stranger.open_deal(deal, self.signatures(deal))

    def judge(
        self, task: int, rewards: Mapping[str, int] | None = None, verdicts: Mapping[bytes, Verdict] | None = None
    ) -> None:
        """Report and finish."""
        assert self.resolver.report(task, rewards or {}, verdicts or {}) == ()
        self.resolver.finish(task, RECORD)

    def audit(self) -> None:
        """The contract holds what it owes, which is what the people have free, in deals, in pots and not collected."""
        owed = sum(self.free(desk) for desk in self.people)
        for task in self.tasks:
            state = self.escrow.task(task)
            for deal in self.escrow.deals(task):
                known = self.escrow.state(task, deal)
                owed += known.deposit
                assert (known.deposit == 0) or known.status is DealStatus.OPEN
            if not state.returned:
                owed += state.pot
            if state.status is TaskStatus.FINISHED:
                owed += sum(self.escrow.entry(task, desk.address).net for desk in self.people)
        assert self.escrow.owed() == owed == self.balance(self.escrow.address)
        holders = {desk.address for desk in self.people} | {self.escrow.address, self.cascade.address, self.treasury}
        assert sum(self.balance(holder) for holder in holders) == self.token.call("totalSupply")


def new_hall(backend: LocalBackend, people: int = 6, seed: int = 0) -> Hall:
    """Deploy, and give everybody tokens and the escrow their approvals."""
    vault, treasury, *accounts = [Account.derive(2_000 + seed, i) for i in range(2 + people)]
    deployer = backend.dev_accounts(1)[0]
    token, _ = deploy(
        backend, load("HeadwaterToken"), deployer.address, 10**9 * WAD, deployer.address, people * GIFT, sender=deployer
    )
    cascade, _ = deploy(backend, load("Cascade"), token, vault.address, sender=deployer)
    contract, _ = deploy(backend, load("DealEscrow"), token, treasury.address, cascade, sender=deployer)
    escrow = DealEscrow(backend, contract.address)
    desks = [DealDesk(escrow, account) for account in accounts]
    for desk in desks:
        backend.fund(desk.address, 10**20)
        token.send("transfer", desk.address, GIFT, sender=deployer)
        desk.approve()
    return Hall(backend=backend, token=token, cascade=cascade, escrow=escrow, treasury=treasury.address, people=desks)


def send_as(account: Account, contract: Contract, name: str, *args: Any) -> Receipt:
    """Any function, with any arguments: also those that the typed client would not send."""
    return contract.send(name, *args, sender=account)


def words(deal: Deal) -> tuple[Any, ...]:
    """A deal's struct as the contract takes it; change a place to send what no Deal can be."""
    terms = deal.terms
    return (
        deal.task,
        terms.payer,
        terms.payee,
        action_hash(terms.payer_action),
        action_hash(terms.payee_action),
        terms.deposit,
        deal.nonce,
        deal.revision,
        deal.expires,
    )


def settle_args(deal: Deal) -> tuple[Any, ...]:
    """As settle and preview take it."""
    return deal.task, deal.terms.payer, deal.terms.payee, deal.nonce, deal.terms.price.packed


__all__ = [
    "BOTH_KEPT",
    "DAY",
    "FAR",
    "GIFT",
    "HALF",
    "POT",
    "RECORD",
    "Hall",
    "id_of",
    "new_hall",
    "send_as",
    "settle_args",
    "words",
]
