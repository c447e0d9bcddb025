"""A play whose money is real: deals held by the DealEscrow, rewards out of a sponsor's pot, pay through the Cascade.

    sponsor ──pot──▶ DealEscrow ──rewards, deals──▶ Cascade ──withdraw──▶ players
    payers ──deposits──▶ DealEscrow ──refunds──▶ payers

The sponsor opens the task before anybody bargains, so every signed deal is one for that task; a deal is brought to the
escrow when both have signed it, before anybody acts on it. After the play the resolver reports what each player earned
and who kept its deals; from there on anybody can move the money, and here somebody does. A contract pays for gains:
what somebody spends by itself (effort), and a loss, are borne outside, and told beside the balance.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from headwater.chain import Backend, LocalControl, Receipt
from headwater.chain.participant import Participant
from headwater.deals import Negotiation, deals_domain
from headwater.deals.desk import DealDesk
from headwater.deals.escrow import DealEscrow, id_of
from headwater.deals.twin import Verdict
from headwater_agents.bargaining.arm import Arm
from headwater_agents.bargaining.engine import play
from headwater_agents.bargaining.errors import BargainError
from headwater_agents.bargaining.events import Observe
from headwater_agents.bargaining.played import Played
from headwater_agents.bargaining.setting import Setting
from headwater_agents.bargaining.settling import rewards_of
from headwater_agents.bargaining.table import Negotiator
from headwater_agents.games import Game
from headwater_deploy import DAY, ProtocolConfig, deploy

DEADLINE: Final = 30 * DAY
"""Seconds from the start of a task to the time when it lapses unless it was resolved."""

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What a player has on the chain after a play, wei.

    Attributes:
        player: its number.
        address: its address.
        rewarded: by the resolver, of the pot.
        deposited: into the escrow before, and `refunded` of that.
        collected: into the Cascade, and withdrawn from there.
        balance: of tokens at the end, less what it was given to deposit.
        borne: outside the chain, below zero: effort, and losses that nobody can be made to pay here.
        payoff: what the play's own books say: balance + borne.
    """

    player: int
    address: str
    rewarded: int
    deposited: int
    refunded: int
    collected: int
    balance: int
    borne: int
    payoff: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """How a play was settled on a chain.

    Attributes:
        chain: the backend's name.
        escrow: the DealEscrow's address.
        task: its number there.
        pot: wei the sponsor put up, and `returned` of it.
        deals: opened.
        accounts: one a player.
        record: hash of the record that the task was judged by, as the escrow keeps it.
        gas: by function, every transaction's.
        checks: what has to hold, and whether it does.
    """

    chain: str
    escrow: str
    task: int
    pot: int
    returned: int
    deals: int
    accounts: tuple[Account, ...]
    record: str
    gas: dict[str, list[int]]
    checks: tuple[tuple[str, bool], ...]

    @property
    def ok(self) -> bool:
        """Whether every check holds."""
        return all(held for _, held in self.checks)

    def as_dict(self) -> dict[str, Any]:
        """As JSON, wei as decimal strings."""
        return {
            "chain": self.chain,
            "escrow": self.escrow,
            "task": hex(self.task),
            "pot": str(self.pot),
            "returned": str(self.returned),
            "deals": self.deals,
            "accounts": [
                {
                    "player": each.player,
                    "address": each.address,
                    "rewarded": str(each.rewarded),
                    "deposited": str(each.deposited),
                    "refunded": str(each.refunded),
                    "collected": str(each.collected),
                    "balance": str(each.balance),
                    "borne": str(each.borne),
                    "payoff": str(each.payoff),
                }
                for each in self.accounts
            ],
            "record": self.record,
            "gas": {name: list(spent) for name, spent in self.gas.items()},
            "checks": [{"check": text, "ok": held} for text, held in self.checks],
            "ok": self.ok,
        }


def play_onchain(
    backend: Backend,
    game: Game[Any],
    agents: Sequence[Negotiator],
    arm: Arm | str,
    seed: int = 0,
    *,
    setting: Setting | None = None,
    observe: Observe | None = None,
    progress: Progress = lambda text: None,
) -> tuple[Played, Settlement]:
    """Deploy, play, bring every deal to the escrow, resolve, settle, collect and withdraw; then compare to the wei.

    Args:
        backend: a chain whose clock stands where deals signed now count: the embedded ones, or a development node.
        game, agents, arm, seed, setting, observe: as `play` takes them.
        progress: called with what is being done on the chain.

    Raises:
        BargainError and others: as `play` does.
        ChainError: the chain refused or could not be reached.
    """
    if len(agents) != game.players:
        raise BargainError(f"the game {game.name} takes {game.players} agents; got {len(agents)}")
    if not isinstance(backend, LocalControl):
        raise BargainError(f"{backend.name} has no development accounts; accepted: an embedded chain or a dev node")
    progress("deploying the contracts")
    sponsor, resolver, *players = backend.dev_accounts(2 + game.players)
    deployed = deploy(backend, sponsor, ProtocolConfig(registries=False, covenants=False))
    assert deployed.deals is not None  # noqa: S101 - the configuration asks for it
    escrow, system = DealEscrow(backend, deployed.deals.escrow), deployed.system
    gas: dict[str, list[int]] = {}

    def spend(name: str, receipt: Receipt) -> None:
        gas.setdefault(name, []).append(receipt.gas_used)

    bank = Participant(system, sponsor, spend)
    desks = [DealDesk(escrow, account, spend) for account in players]
    host, judge = DealDesk(escrow, sponsor, spend), DealDesk(escrow, resolver, spend)
    start = backend.now()
    pot, deadline = game.purse, start + DEADLINE
    supply = system.supply()
    task = escrow.task_id(sponsor.address, pot, resolver.address, deadline)
    addresses = [account.address for account in players]
    given = [0] * game.players
    host.approve()
    if host.open_task(pot, resolver.address, deadline) != task:
        raise BargainError("the escrow opened another task than the one that was to be bargained over")

    def bring(talk: Negotiation) -> None:
        deal, signatures = talk.deal, talk.signatures
        if deal is None or signatures is None:
            raise BargainError("a negotiation without a deal was to be brought to the escrow")
        if deal.terms.deposit:
            payer = addresses.index(deal.terms.payer)
            if not given[payer]:
                desks[payer].approve()
            bank.transfer(deal.terms.payer, deal.terms.deposit)
            desks[payer].deposit(deal.terms.deposit)
            given[payer] += deal.terms.deposit
        judge.open_deal(deal, signatures)

    progress("playing")
    played = play(
        game,
        agents,
        arm,
        seed,
        setting=setting,
        domain=deals_domain(backend.chain_id, escrow.address),
        task=task,
        accounts=players,
        observe=observe,
        clock=start,
        relay=bring,
    )
    deals = played.deals()

    progress("resolving and settling")
    rewards = rewards_of(played.own, played.division.shares)
    verdicts = {
        id_of(deal): Verdict(payer_kept=one.payer_kept, payee_kept=one.payee_kept, observed=one.observed)
        for (_, _, deal), one in zip(deals, played.settled, strict=True)
    }
    judge.report(task, dict(zip(played.accounts, rewards, strict=True)), verdicts)
    judge.finish(task, played.record.digest)
    paid = {id_of(deal): judge.settle(task, id_of(deal)) for _, _, deal in deals}

    progress("paying through the cascade")
    accounts = []
    for player, desk in enumerate(desks):
        collected = judge.collect(task, desk.address)
        if collected:
            bank.withdraw(desk.address)
        refunded = escrow.balance(desk.address).free
        if refunded:
            desk.withdraw(refunded)
        earned = played.own[player] + played.division.shares[player]
        accounts.append(
            Account(
                player=player,
                address=desk.address,
                rewarded=rewards[player],
                deposited=given[player],
                refunded=refunded,
                collected=collected,
                balance=system.balance(desk.address) - given[player],
                borne=earned - rewards[player],
                payoff=played.payoffs[player],
            )
        )
    left = escrow.balance(sponsor.address).free
    if left:
        host.withdraw(left)
    checks = (
        (
            "every player's balance, and what it bore outside, is its payoff, to the wei",
            all(each.balance + each.borne == each.payoff for each in accounts),
        ),
        (
            "every deal paid what its terms and the record say",
            [one.paid for one in paid.values()] == [one.paid for one in played.settled],
        ),
        ("what the pot did not award went back to the sponsor", left == pot - sum(rewards)),
        ("the escrow owes nobody anything, and holds nothing", escrow.owed() == system.balance(escrow.address) == 0),
        ("the cascade holds nothing", system.balance(system.addresses.cascade) == 0),
        ("no token was made or lost", system.supply() == supply),
    )
    settlement = Settlement(
        chain=backend.name,
        escrow=escrow.address,
        task=task,
        pot=pot,
        returned=left,
        deals=len(deals),
        accounts=tuple(accounts),
        record="0x" + escrow.task(task).record.hex(),
        gas=gas,
        checks=checks,
    )
    return played, settlement
