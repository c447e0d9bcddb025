"""Headwater itself: the lab's verbs as transactions to the deployed contracts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from headwater.cascade import Leaf
from headwater.chain import ChainError, LocalControl, Receipt, connect
from headwater.chain.participant import Participant
from headwater.chain.system import Announcement, SeriesParams, Stake, Times
from headwater.twin import COUNT_GRAIN
from headwater.units import BPS, WAD
from headwater_agents.lab.mechanisms.base import (
    P_MIN,
    Commitment,
    LabError,
    Odds,
    Offer,
    Refused,
    Settled,
    Split,
)
from headwater_agents.lab.mechanisms.payout import drain
from headwater_agents.runner.executor import Versions
from headwater_deploy import HOUR, ProtocolConfig, deploy

_MINUTE: Final = 60
_BATCH: Final = 32
_GRAIN: Final = 10**9
_SALT: Final = bytes(32)  # nobody in the lab guesses salts: what is secret here is enforced by the order of moves
_BANK: Final = 10**8 * WAD
_MINTED: Final = 10**8 * WAD

PROTOCOL: Final = ProtocolConfig(
    registries=False,
    covenants=False,
    deals=False,
    genesis_supply=_BANK,
    emission=_MINTED,
    epoch=_MINUTE,  # every question falls into an epoch of its own, so that a series' cap is a cap per question
    min_window=_MINUTE,
    max_window=HOUR,
    cooldown=_MINUTE,
    idle_period=HOUR,
    resolve_timeout=HOUR,
)
"""A deployment whose clocks are as short as the contracts allow: a round takes half an hour of chain time."""


@dataclass(slots=True)
class _Open:
    """A question under way: its times, and what bound everybody when it opened."""

    offer: Offer
    times: Times
    versions: dict[str, int]
    stakes: dict[str, Stake]
    commitments: dict[str, Commitment] = field(default_factory=dict)
    expired: bool = False


class HeadwaterMechanism:
    """Headwater's contracts, freshly deployed. Implements `Mechanism`.

    `system`, `control`, `person`, `version`, `adopt`, `commit_hash`, `revealed` and `expire` give attacks what the
    verbs do not cover; what stands in `at_end` is done once all escrows are closed. `gas` counts what each account has
    spent, "keeper" the keeper.

    Args:
        chain: "revm", "tester" or the URL of a development node.
        rent_bps: of every series.
        reserve: set aside for each question of every series, wei.
        sides: series 1, 2, … whose odds are posted.
        buffer: what a forecaster's escrow holds back, wei, a multiple of 1e9.
        warm_up: questions of series 0 without capacity.
        min_wager: of every series, wei.
        forgetting: WAD factor a question of series 0's frequencies.
    """

    name = "headwater"
    secret_reports = True
    binds_weights = True
    scored = True

    def __init__(
        self,
        *,
        chain: str = "revm",
        rent_bps: int = 25,
        reserve: int = 2_000 * WAD,
        sides: int = 0,
        buffer: int = 500 * WAD,
        warm_up: int = 20,
        min_wager: int = WAD,
        forgetting: int = 99 * WAD // 100,
    ) -> None:
        if not 0 <= buffer < _GRAIN << 64 or buffer % _GRAIN:
            raise LabError(f"buffer is {buffer}; it must be a multiple of {_GRAIN} wei, 0 to below 2**64 times that")
        self.rent_bps, self.min_wager, self.buffer = rent_bps, min_wager, buffer
        backend = connect(chain)
        if not isinstance(backend, LocalControl):
            raise LabError(
                f"the lab moves the clock, which {backend.name} does not allow; accepted: a development chain"
            )
        self.backend, self.control = backend, backend
        self.gas: dict[str, int] = {}
        owner, keeper = backend.dev_accounts(2)
        self.system = deploy(backend, owner, PROTOCOL).system
        self.steward = Participant(self.system, owner)
        self.keeper = Participant(self.system, keeper, self._meter("keeper"))
        self.steward.approve(self.system.addresses.vault)
        self._people: dict[str, Participant] = {}
        self._brought_in: dict[str, int] = {}
        self._stakes: dict[str, Stake] = {}
        self._latest: dict[str, Announcement] = {}
        self._splits: dict[tuple[str, int], tuple[Split, tuple[tuple[str, int, int], ...]]] = {}
        self.versions: Versions = {}
        self._replaced: list[tuple[str, int, int]] = []
        self._escrows: list[tuple[str, int]] = []
        self._questions: dict[int, _Open] = {}
        self.at_end: list[Callable[[], None]] = []
        frequencies = {"forgetting": forgetting, "smoothing": COUNT_GRAIN, "warm_up": warm_up}
        posted = {"forgetting": 0, "smoothing": 0, "warm_up": 0, "feed": owner.address}
        self._series = [self._create_series(reserve, frequencies)]
        self._series += [self._create_series(reserve, posted) for _ in range(sides)]
        self.steward.set_weights(self._series, [1] * len(self._series))
        self._travel(backend.now() + 2 * _MINUTE)
        self.steward.roll()
        self._bankroll = self._treasury()

    def _create_series(self, reserve: int, odds: Mapping[str, Any]) -> int:
        me = self.steward.address
        return self.steward.create_series(
            SeriesParams(
                outcomes=2,
                p_min=P_MIN,
                rent_bps=self.rent_bps,
                share_bps=BPS,
                min_wager=self.min_wager,
                epoch_cap=reserve,
                opener=me,
                oracle=me,
                governed=True,
                **odds,
            )
        )

    # ------------------------------------------------------------ accounts

    def person(self, name: str) -> Participant:
        """An account's client. Raises Refused if there is no such account."""
        if name not in self._people:
            raise Refused(f"{name} is not enrolled")
        return self._people[name]

    def enroll(self, name: str, stake: int, payer: str | None = None) -> None:
        """Give the account its tokens, and bond them."""
        if name in self._people:
            raise Refused(f"{name} is enrolled already")
        source = self.steward if payer is None else self.person(payer)
        account = self.backend.dev_accounts(3 + len(self._people))[-1]
        person = Participant(self.system, account, self._meter(name))
        with _refusals():
            if stake:
                source.transfer(person.address, stake)
                person.approve(self.system.addresses.vault)
                person.stake(stake)
        self._people[name] = person
        self._brought_in[name] = stake if payer is None else 0
        self._read_stake(name)

    def _meter(self, name: str) -> Callable[[str, Receipt], None]:
        def observe(_: str, receipt: Receipt) -> None:
            self.gas[name] = self.gas.get(name, 0) + receipt.gas_used

        return observe

    def retire(self, name: str, amount: int | None = None) -> None:
        """Unbond free stake and wait for it."""
        person = self.person(name)
        free = self.stake(name) if amount is None else min(amount, self.stake(name))
        if free:
            with _refusals():
                person.request_unbond(free)
                self._travel(self.backend.now() + _MINUTE)
                person.withdraw_stake()
            self._read_stake(name)

    def _read_stake(self, name: str) -> None:
        self._stakes[name] = self.system.stake(self._people[name].address)

    def stake(self, name: str) -> int:
        """Bonded and not locked."""
        stake = self._stakes.get(name)
        return 0 if stake is None else stake.bonded - stake.locked

    # ------------------------------------------------------------ announcements

    def share(self, name: str, split: Split) -> None:
        """Announce a list of children, each under its own newest version."""
        person = self.person(name)
        leaves = tuple(
            (child, self.version(child), weight, self.person(child).address) for child, weight in split.weights
        )
        records = [Leaf(address, version, weight) for _, version, weight, address in leaves]
        with _refusals():
            made = person.announce_list(records, split.keep_bps if leaves else BPS, self.buffer)
        self.adopt(name, made, split)

    def adopt(self, name: str, made: Announcement, split: Split) -> None:
        """Take note of an announcement however it was made, and open its escrow.

        Args:
            name: who announced.
            made: what the chain said.
            split: what its leaves do, each under the newest version of its child. Known to the announcer, if to nobody
                else.
        """
        person = self.person(name)
        leaves = tuple((child, self.version(child), weight) for child, weight in split.weights)
        staker = self._stakes[name].checkpoints > 0
        if staker:
            with _refusals():
                person.open_escrow(person.address, made.version, made.terms)
            self._escrows.append((name, made.version))
        if name in self._latest:
            self._replaced.append((name, self._latest[name].version, self.backend.now()))
        self._latest[name] = made
        self.versions[made.node, made.version] = made
        self._splits[name, made.version] = (split, leaves)

    def version(self, name: str) -> int:
        """The account's newest version; 0 if it never announced."""
        made = self._latest.get(name)
        return 0 if made is None else made.version

    # ------------------------------------------------------------ questions

    def open(self, series: int = 0, posted: Odds | None = None) -> Offer:
        """Open, and post the odds where the series has a feed."""
        self._close_replaced()
        start = self.backend.now() + _MINUTE
        times = Times(
            commit_start=start,
            commit_end=start + 5 * _MINUTE,
            reveal_end=start + 10 * _MINUTE,
            event_start=start + 10 * _MINUTE,
            resolve_after=start + 15 * _MINUTE,
        )
        if not 0 <= series < len(self._series):
            raise Refused(f"there is no series {series}; there are 0 to {len(self._series) - 1}")
        if (posted is None) == (series > 0):
            raise Refused("series 0 keeps its odds itself; every other series needs posted odds")
        with _refusals():
            number = self.steward.open_question(self._series[series], times)
            if posted is not None:
                self.steward.post_odds(number, posted)
        state = self.system.question(number)
        low, high = self.system.odds(number)
        offer = Offer(number, (low, high), state.capacity, self.min_wager, self.rent_bps)
        bound = {name: made.version for name, made in self._latest.items()}
        self._questions[number] = _Open(offer, times, bound, dict(self._stakes))
        return offer

    def commit(self, question: int, name: str, report: Odds, wager: int) -> None:
        """Commit under the version and the checkpoint that stood when the question opened."""
        asked = self._asked(question)
        version, checkpoint = self._standing(asked, name)
        with _refusals():
            self.person(name).commit(question, report, wager, _SALT, version=version, checkpoint=checkpoint)
        asked.commitments[name] = Commitment(name, wager, report)
        self._read_stake(name)

    def _standing(self, asked: _Open, name: str) -> tuple[int, int]:
        """(version, checkpoint) under which the account may commit, commits having begun."""
        if name not in asked.stakes or asked.stakes[name].checkpoints == 0:
            raise Refused(f"{name} had no stake when question {asked.offer.question} opened")
        self._travel(asked.times.commit_start)
        return asked.versions.get(name, 0), asked.stakes[name].checkpoints - 1

    def commit_hash(self, question: int, name: str, victim: str, wager: int) -> None:
        """Commit, under one's own name, the hash that a victim has committed. Raises Refused.

        Every commit transaction shows its hash; here the view that makes it stands in for the victim's.
        """
        asked, person = self._asked(question), self.person(name)
        copied = asked.commitments.get(victim)
        if copied is None or copied.report is None:
            raise Refused(f"{victim} has no commitment of its own on question {question}")
        version, checkpoint = self._standing(asked, name)
        with _refusals():
            arena, owner = self.system.arena, self.person(victim).address
            sealed = arena.call("commitment_of", question, owner, list(copied.report), _SALT)
            arena.send("commit", question, sealed, wager, version, checkpoint, sender=person.account)
        asked.commitments[name] = Commitment(name, wager, None)
        self._read_stake(name)

    def commitments(self, question: int) -> tuple[Commitment, ...]:
        """Who wagered how much; never on what."""
        return tuple(Commitment(each.name, each.wager, None) for each in self._asked(question).commitments.values())

    def seal(self) -> None:
        """Wait for the end of commits."""
        self._travel(max((asked.times.commit_end for asked in self._questions.values()), default=0))

    def reveal(self, question: int, name: str) -> None:
        """Open the account's commitment."""
        asked = self._asked(question)
        if name not in asked.commitments:
            raise Refused(f"{name} has nothing to reveal on question {question}")
        report = asked.commitments[name].report
        if report is None:
            raise Refused(f"{name} does not know what it committed on question {question}")
        person = self.person(name)
        with _refusals():
            person.reveal(question, person.address, report, _SALT)

    def expire(self, question: int, name: str) -> None:
        """Let an account void a question that the oracle has left open past its time. Raises Refused."""
        asked = self._asked(question)
        self._travel(asked.times.resolve_after + PROTOCOL.resolve_timeout)
        with _refusals():
            self.person(name).expire(question)
        asked.expired = True

    def revealed(self, question: int, name: str) -> tuple[Odds, bytes] | None:
        """What a reveal told everybody: report and salt, as they stand in its transaction; None before there is one."""
        made = self._asked(question).commitments.get(name)
        if made is None or made.report is None:
            return None
        shown = self.system.position(question, self.person(name).address).revealed
        return (made.report, _SALT) if shown else None

    def resolve(self, question: int, outcome: int | None) -> Settled:
        """Resolve or void, then settle everybody. One that has expired is void already, whatever the outcome."""
        asked = self._asked(question)
        with _refusals():
            if asked.expired:
                outcome = None
            elif outcome is None:
                self._travel(asked.times.reveal_end)
                self.steward.void(question)
            else:
                self._travel(asked.times.resolve_after)
                self.steward.resolve(question, outcome)
        unlike = {} if outcome is None else self._preview(question, list(asked.commitments), 1 - outcome)
        nets = self._settle(question, list(asked.commitments))
        del self._questions[question]
        for name in nets:
            self._read_stake(name)
        otherwise = None if outcome is None else self._flows(asked, unlike)
        return Settled(question, outcome, nets, self._flows(asked, nets), otherwise)

    def _preview(self, question: int, names: list[str], outcome: int) -> dict[str, int]:
        """What the arena says it would pay on an outcome."""
        arena = self.system.arena
        return {name: int(arena.call("preview", question, self._people[name].address, outcome)) for name in names}

    def _flows(self, asked: _Open, nets: Mapping[str, int]) -> dict[str, float]:
        flows: dict[str, float] = {}
        for name, net in nets.items():
            self._flow(name, asked.versions.get(name, 0), float(net), flows)
        return flows

    def _settle(self, question: int, names: list[str]) -> dict[str, int]:
        by_address = {self._people[name].address: name for name in names}
        nets: dict[str, int] = {}
        addresses = list(by_address)
        for first in range(0, len(addresses), _BATCH):
            receipt = self.keeper.settle_many(question, addresses[first : first + _BATCH])
            for event in receipt.events:
                if event.name == "Settled":
                    nets[by_address[event["forecaster"]]] = event["net"]
        return nets

    def _flow(self, name: str, version: int, amount: float, flows: dict[str, float]) -> None:
        """Split an amount linearly down the versions that bind it."""
        split, leaves = self._splits.get((name, version), (Split(), ()))
        kept = amount * split.keep_bps / BPS if leaves else amount
        flows[name] = flows.get(name, 0.0) + kept
        total = sum(weight for _, _, weight in leaves)
        for child, child_version, weight in leaves:
            self._flow(child, child_version, (amount - kept) * weight / total, flows)

    def _asked(self, question: int) -> _Open:
        if question not in self._questions:
            raise Refused(f"question {question} is not open")
        return self._questions[question]

    # ------------------------------------------------------------ the end

    def _close_replaced(self) -> None:
        """Close replaced escrows as soon as the contracts allow, as everybody's keeper should."""
        waiting = []
        for name, version, when in self._replaced:
            # The contract keeps the minute in which a version was replaced, rounded up.
            if self.backend.now() < when + PROTOCOL.max_window + 2 * _MINUTE or not self._close(name, version):
                waiting.append((name, version, when))
        self._replaced = waiting

    def _close(self, name: str, version: int) -> bool:
        """Close an escrow if there is anything in it; False if it has to wait."""
        address = self.person(name).address
        state = self.system.escrow(address, version)
        # The debt of a newest version stays where it is.
        if state.held + (state.debt if version != self.version(name) else 0) == 0:
            return True
        if state.lock:
            return False
        self.keeper.close(address, version)
        return True

    def finish(self) -> None:
        """Close every escrow, then let the keeper move everything down and pay it out."""
        self._travel(self.backend.now() + PROTOCOL.idle_period + PROTOCOL.max_window + 2 * _MINUTE)
        for name, version in sorted(self._escrows, key=lambda each: each[1]):
            self._close(name, version)
        for last in self.at_end:
            last()
        drain(self.system, self.keeper, self.versions, [person.address for person in self._people.values()])

    def wealth(self, name: str) -> int:
        """Wallet and stake, unbonding included."""
        address = self.person(name).address
        stake = self.system.stake(address)
        return self.system.balance(address) + stake.bonded + stake.unbonding

    def brought_in(self, name: str) -> int:
        """Tokens handed to the account from outside."""
        self.person(name)
        return self._brought_in[name]

    def emitted(self) -> int:
        """What left the series' bankrolls and reserves."""
        return self._bankroll - self._treasury()

    def _treasury(self) -> int:
        return sum(sum(self.system.treasury.call("account", series)) for series in self._series)

    def names(self) -> Mapping[str, str]:
        """Addresses by name."""
        return {name: person.address for name, person in self._people.items()}

    def _travel(self, timestamp: int) -> None:
        if timestamp > self.backend.now():
            self.control.time_travel(timestamp)


@contextmanager
def _refusals() -> Iterator[None]:
    """What the chain refuses, the mechanism refuses."""
    try:
        yield
    except ChainError as error:
        raise Refused(str(error)) from error
