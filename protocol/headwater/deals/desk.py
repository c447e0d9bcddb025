"""The typed client that writes to the DealEscrow: one account's calls. Each returns a receipt, or what came of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from headwater.chain.accounts import Account
from headwater.chain.artifacts import load
from headwater.chain.backend import Receipt
from headwater.chain.client import Contract
from headwater.chain.participant import MAX_APPROVAL
from headwater.deals.deal import Deal
from headwater.deals.escrow import DealEscrow, DealStatus, Payout, TaskStatus
from headwater.deals.terms import action_hash
from headwater.deals.twin import Paid, Verdict

MAX_BATCH: Final = 32
"""Rewards, and verdicts, of one report."""


class DealDesk:
    """An account's verbs on the escrow. Money is wei, times seconds.

    Every verb may raise Reverted (with the contract's reason), ArgumentError, TransactionRejected, NotMined and
    ConnectionFailed; then what it would have sent has changed nothing on the chain.
    """

    def __init__(
        self, escrow: DealEscrow, account: Account, observe: Callable[[str, Receipt], None] = lambda _, receipt: None
    ) -> None:
        """`observe` is called with the function's name and the receipt of everything sent."""
        self.escrow = escrow
        self.account = account
        self._observe = observe

    @property
    def address(self) -> str:
        """The account's address."""
        return self.account.address

    def _send(self, name: str, *args: Any) -> Receipt:
        receipt = self.escrow.contract.send(name, *args, sender=self.account)
        self._observe(f"DealEscrow.{name}", receipt)
        return receipt

    # free balance

    def approve(self, amount: int = MAX_APPROVAL) -> Receipt:
        """Let the escrow take tokens, for deposits and pots."""
        token = Contract(
            self.escrow.backend, self.escrow.contract.call("TOKEN"), load("HeadwaterToken").abi, name="HeadwaterToken"
        )
        receipt = token.send("approve", self.escrow.address, amount, sender=self.account)
        self._observe("HeadwaterToken.approve", receipt)
        return receipt

    def deposit(self, amount: int) -> Receipt:
        """Add to the free balance; needs an approval."""
        return self._send("deposit", amount)

    def withdraw(self, amount: int) -> Receipt:
        """Take out of the free balance."""
        return self._send("withdraw", amount)

    def set_payout(self, payout: Payout, version: int = 0) -> Receipt:
        """Choose where money from tasks goes that this account enters from now on; `version` for NAMED only."""
        return self._send("set_payout", int(payout), version)

    # tasks and deals

    def open_task(self, pot: int, resolver: str, deadline: int, salt: bytes = bytes(32)) -> int:
        """Open a task with a pot; needs an approval. Its number, as `DealEscrow.task_id` gives it beforehand."""
        return int(self._send("open_task", pot, resolver, deadline, salt).event("TaskOpened")["task"])

    def sign(self, deal: Deal) -> bytes:
        """This account's signature on a deal, 65 bytes; nothing is sent."""
        return deal.sign(self.account, self.escrow.domain)

    def open_deal(self, deal: Deal, signatures: tuple[bytes, bytes]) -> bytes:
        """Bring a deal, or its next revision, to the chain with the payer's and the payee's signatures; its id."""
        terms = deal.terms
        words = (
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
        receipt = self._send("amend" if deal.revision else "open_deal", words, terms.price.packed, *signatures)
        return bytes(receipt.event("DealOpened")["deal"])

    def bar(self, deal: Deal) -> Receipt:
        """Void what this account signed for a deal and is not on the chain yet: its opening, or any amendment."""
        return self._send("bar", deal.task, deal.terms.payer, deal.terms.payee, deal.nonce)

    # the resolver

    def report(self, task: int, rewards: Mapping[str, int], verdicts: Mapping[bytes, Verdict]) -> tuple[bytes, ...]:
        """Reward accounts (address → wei) and judge deals (id → verdict), in as many transactions as it takes.

        The first closes the task to deals and amendments; without rewards and verdicts that is all it does. Returns ids
        of deals that were amended before it, and so still wait for a verdict on the revision in force. What was sent
        before one of the transactions fails stays.
        """
        shares, words = list(rewards.items()), [(deal, verdict.word) for deal, verdict in verdicts.items()]
        outdated: list[bytes] = []
        parts = max(len(shares), len(words), 1)
        for start in range(0, parts, MAX_BATCH):
            paid, judged = shares[start : start + MAX_BATCH], words[start : start + MAX_BATCH]
            receipt = self._send(
                "report",
                task,
                [account for account, _ in paid],
                [reward for _, reward in paid],
                [deal for deal, _ in judged],
                [word for _, word in judged],
            )
            outdated += [event.args["deal"] for event in receipt.events if event.name == "Outdated"]
        return tuple(outdated)

    def finish(self, task: int, record: bytes) -> Receipt:
        """End a task under the hash (32 bytes, not zero) of the record that it was judged by."""
        return self._send("finish", task, record)

    # anybody

    def lapse(self, task: int) -> Receipt:
        """Return the pot of a task that was not finished in time."""
        return self._send("lapse", task)

    def settle(self, task: int, deal: bytes) -> Paid:
        """Settle a deal of a finished or lapsed task. Raises DealError if there is none."""
        event = self._send("settle", *self.escrow.deal(task, deal).words).event("Settled")
        return Paid(share=event["share"], paid=event["paid"], refunded=event["refunded"])

    def collect(self, task: int, account: str) -> int:
        """Move what an account netted to where it chose; wei, 0 if nothing was there."""
        receipt = self._send("collect", task, account)
        return sum(int(event.args["amount"]) for event in receipt.events if event.name == "Collected")

    def wind_up(self, task: int, accounts: Sequence[str] = ()) -> dict[str, int]:
        """Settle what is left of a finished task's deals, then collect for their parties and these accounts; wei.

        Of a lapsed task the deals are settled and the pot is returned; nobody collects.
        """
        found = self.escrow.deals(task)
        for deal in found:
            if self.escrow.state(task, deal).status is DealStatus.OPEN:
                self.settle(task, deal)
        state = self.escrow.task(task)
        if state.status is TaskStatus.LAPSED:
            if not state.returned:
                self.lapse(task)
            return {}
        parties = [party for opened in found.values() for party in (opened.payer, opened.payee)]
        return {account: self.collect(task, account) for account in dict.fromkeys((*parties, *accounts))}
