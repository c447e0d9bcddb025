"""Rule 6: supply is the sum of balances, and every contract holds what its ledger owes, after every single step.

What a contract owes is added up here entry by entry: `owed()` of the contracts is itself under test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import pytest
from best_response import belief_of

from harness import SALT, TOKENS, World
from headwater.cascade import SHARE, Leaf
from headwater.chain import Contract, Reverted
from headwater.chain.system import Announcement
from headwater.units import GWEI
from randomised import EFFORT

DAY = 86_400


@dataclass
class Books:
    """Who may hold or be owed money, what was donated and not synced yet, and the check of it all."""

    world: World
    series: list[int] = field(default_factory=list)
    versions: list[Announcement] = field(default_factory=list)
    donated: dict[str, int] = field(default_factory=dict)
    steps: int = 0

    def treasury(self) -> int:
        system = self.world.system
        return int(system.treasury.call("unallocated")) + sum(sum(system.series_account(s)) for s in self.series)

    def vault(self) -> int:
        system, total = self.world.system, 0
        for who in self.people():
            stake = system.stake(who)
            assert stake.locked <= stake.bonded
            total += stake.bonded + stake.unbonding
        for made in self.versions:
            for domain in (0, *self.series):
                escrow = system.escrow(made.node, made.version, domain)
                total += escrow.held + escrow.due
        return total

    def cascade(self) -> int:
        system, total = self.world.system, 0
        for node in self.people():
            inflow, withdrawn = system.flows(node, 0)
            total += inflow - withdrawn
        for made in self.versions:
            assert made.leaves is not None
            taken = [
                int(system.cascade.call("taken", made.node, made.version, index))
                for index in (*range(len(made.leaves)), SHARE)
            ]
            total += sum(system.flows(made.node, made.version)) - sum(taken)
        return total

    def people(self) -> list[str]:
        world = self.world
        group = [world.governor, world.stranger, *world.forecasters, *world.providers]
        return [person.address for person in group]

    def check(self) -> None:
        self.steps += 1
        system = self.world.system
        holders = {*(contract.address for contract in system.contracts), *self.people()}
        assert system.supply() == sum(system.balance(holder) for holder in holders) <= system.token.call("cap")
        for contract, owed in (
            (system.treasury, self.treasury()),
            (system.vault, self.vault()),
            (system.cascade, self.cascade()),
        ):
            assert system.balance(contract.address) == owed + self.donated.get(contract.address, 0)
        assert system.treasury.call("owed") == self.treasury()
        assert system.vault.call("owed") == self.vault()
        assert system.balance(system.addresses.arena) == self.donated.get(system.addresses.arena, 0)


def _donate(books: Books, rng: np.random.Generator) -> None:
    contract = books.world.system.contracts[1 + rng.integers(4)]
    amount = 1 + int(10**21 * rng.random())
    books.world.stranger.transfer(contract.address, amount)
    books.donated[contract.address] = books.donated.get(contract.address, 0) + amount


def _sync(books: Books, rng: np.random.Generator) -> None:
    """The vault's surplus goes to the treasury; the treasury books its own."""
    system, by = books.world.system, books.world.stranger.account
    treasury, vault = system.treasury.address, system.vault.address
    if rng.integers(2):
        assert system.vault.send("sync", sender=by).event("Synced")["surplus"] == books.donated.get(vault, 0)
        books.donated[treasury] = books.donated.get(treasury, 0) + books.donated.pop(vault, 0)
    else:
        assert system.treasury.send("sync", sender=by).event("Synced")["surplus"] == books.donated.pop(treasury, 0)


def _stakes(books: Books, rng: np.random.Generator) -> None:
    world = books.world
    who = world.forecasters[rng.integers(len(world.forecasters))]
    amount = 1 + int(500 * TOKENS * rng.random())
    match int(rng.integers(4)):
        case 0:
            who.stake(amount)
        case 1:
            who.request_unbond(amount)
        case 2:
            who.withdraw_stake()
        case 3:
            taken = world.system.vault.send("slash", who.address, amount, bytes(32), sender=world.governor.account)
            event, treasury = taken.event("Slashed"), world.system.treasury.address
            slashed = event["from_bonded"] + event["from_unbonding"]
            books.donated[treasury] = books.donated.get(treasury, 0) + slashed


def _money(books: Books, rng: np.random.Generator) -> None:
    world = books.world
    series, amount = books.series[1], 1 + int(500 * TOKENS * rng.random())
    match int(rng.integers(3)):
        case 0:
            world.governor.fund(series, amount)
        case 1:
            world.system.treasury.send(
                "withdraw", series, amount, world.stranger.address, sender=world.governor.account
            )
        case 2:
            world.travel(world.backend.now() + int(rng.integers(1_000)))
            world.governor.roll()


def _cascade(books: Books, rng: np.random.Generator) -> None:
    world = books.world
    made = books.versions[rng.integers(len(books.versions))]
    domain = [0, *books.series][rng.integers(1 + len(books.series))]
    assert made.leaves is not None
    match int(rng.integers(6)):
        case 0:
            world.stranger.deposit(made.node, made.version, 1 + int(10**20 * rng.random()))
        case 1 | 2:
            world.stranger.release(made.node, made.version, domain)
        case 3:
            world.stranger.pull_list(made.node, made.version, made.terms, made.leaves)
        case 4:
            world.stranger.pull_share(made.node, made.version, made.terms)
        case 5:
            world.stranger.withdraw(books.people()[rng.integers(len(books.people()))])


def _question(books: Books, rng: np.random.Generator) -> Iterator[Callable[[], object]]:
    """One question as single steps: to commit, reveal or hide, end in any way, settle in any order."""
    world, system = books.world, books.world.system
    series = books.series[rng.integers(2)]
    k = system.params(series).outcomes
    opened: list[int] = []
    yield lambda: opened.append(world.open(series, belief_of(rng, k, 10**16), window=DAY))
    question = opened[0]
    times = system.question(question).times
    bets = {
        who: (
            belief_of(rng, k, 10**16),
            1 + int(system.stake(world.forecasters[who].address).bonded * rng.random() / 4),
        )
        for who in range(len(world.forecasters))
    }
    for who, (report, wager) in bets.items():
        yield lambda who=who, report=report, wager=wager: world.forecasters[who].commit(question, report, wager, SALT)
    ending = int(rng.integers(6))
    if ending == 0:
        yield lambda: world.governor.void(question)
    else:
        world.travel(times.commit_end)
        if ending == 1:
            yield lambda: world.governor.void(question)
        for who, (report, _) in bets.items():
            if rng.random() < 0.8:
                yield lambda who=who, report=report: world.stranger.reveal(
                    question, world.forecasters[who].address, report, SALT
                )
        world.travel(times.resolve_after)
        if ending == 2:
            world.travel(times.resolve_after + 8 * DAY)
            yield lambda: world.stranger.expire(question)
        elif ending > 2:
            yield lambda: world.governor.resolve(question, int(rng.integers(k)))
    for who in rng.permutation(len(bets)):
        yield lambda who=who: world.stranger.settle(question, world.forecasters[who].address)


@pytest.mark.parametrize("seed", range(3 * EFFORT))
def test_every_wei_is_accounted_for_after_every_step(world: World, seed: int) -> None:
    rng = np.random.default_rng([6, seed])
    books, me = Books(world), world.governor.address
    feed = {"outcomes": 2 + 3 * (seed % 2), "min_wager": 1, "forgetting": 0, "smoothing": 0, "feed": me}
    books.series = [world.series(**feed), world.series(**feed, governed=False)]
    world.governor.fund(books.series[1], 10_000 * TOKENS)
    middle, *members = world.providers
    leaves = [Leaf(person.address, 0, int(weight)) for person, weight in zip(members, (3, 2, 1), strict=True)]
    books.versions.append(world.announce(middle, leaves, 2_500, domain=None))
    for who, keep in zip(world.forecasters[:2], (1_000, 6_000), strict=True):
        leaves = [Leaf(middle.address, 1, 7), Leaf(members[0].address, 0, 3)]
        buffer = int(rng.integers(2)) * 20 * TOKENS // GWEI * GWEI
        made = world.announce(who, leaves, keep, buffer)
        world.stranger.open_escrow(who.address, made.version, made.terms, books.series[1])
        books.versions.append(made)
    books.check()
    aside = (_donate, _sync, _stakes, _money, _cascade, _cascade)
    done: set[str] = set()
    for _ in range(5):
        for step in _question(books, rng):
            step()
            books.check()
            act = aside[rng.integers(len(aside))]
            try:
                act(books, rng)
                done.add(act.__name__)
            except Reverted:
                pass  # not everything is allowed at any time; a refused call must change nothing
            books.check()
    assert len(done) == len(set(aside))
    assert books.steps > 60


def test_a_donation_is_surplus_until_synced_and_then_shared(world: World) -> None:
    system, by = world.system, world.stranger.account
    series = world.series()
    held: dict[Contract, int] = {contract: int(contract.call("owed")) for contract in (system.treasury, system.vault)}
    for contract in held:
        world.stranger.transfer(contract.address, 777)
        assert system.balance(contract.address) == contract.call("owed") + 777 == held[contract] + 777
    system.vault.send("sync", sender=by)
    assert (system.balance(system.vault.address), system.balance(system.treasury.address)) == (
        held[system.vault],
        held[system.treasury] + 2 * 777,
    )
    system.treasury.send("sync", sender=by)
    assert system.treasury.call("unallocated") == 2 * 777
    bankroll = system.series_account(series)[0]
    world.governor.roll()
    assert system.series_account(series)[0] == bankroll + 2 * 777
    for contract in held:
        assert system.balance(contract.address) == contract.call("owed")
