"""What tests share: a small deployed world with people in their roles, and verbs that move it through a question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from headwater.cascade import Leaf
from headwater.chain import Contract, LocalControl
from headwater.chain.backend import Backend
from headwater.chain.genesis import CHAIN_ID
from headwater.chain.participant import Participant
from headwater.chain.revm import RevmBackend
from headwater.chain.system import Announcement, SeriesParams, System, Times
from headwater.chain.tester import EmbeddedBackend
from headwater.twin import Scale
from headwater.units import WAD
from headwater_deploy import DAY, HOUR, ProtocolConfig, deploy

TOKENS = WAD
SALT = bytes(range(32))
ZERO = "0x" + "00" * 20
CONFIG = ProtocolConfig(
    epoch=DAY, emission=10**6 * TOKENS, min_window=60, max_window=7 * DAY, cooldown=DAY, covenants=False, deals=False
)


LocalBackend = EmbeddedBackend | RevmBackend
CHAINS: Mapping[str, type[LocalBackend]] = {"tester": EmbeddedBackend, "revm": RevmBackend}
chosen = "tester"
"""Which of CHAINS the tests run on; pytest's `--chain` sets it."""


def new_backend(*, seed: int = 0, chain_id: int = CHAIN_ID) -> LocalBackend:
    """A fresh chain in this process, of the kind chosen."""
    return CHAINS[chosen](seed=seed, chain_id=chain_id)


def series_params(owner: str, **changes: object) -> SeriesParams:
    """A two-outcome governed series on frequencies, without warm-up; change what a test is about."""
    settings: dict[str, object] = {
        "outcomes": 2,
        "p_min": 10**16,
        "rent_bps": 25,
        "share_bps": 1_000,
        "min_wager": TOKENS,
        "epoch_cap": 10**26,
        "forgetting": 99 * 10**16,
        "smoothing": 10**12,
        "warm_up": 0,
        "opener": owner,
        "feed": ZERO,
        "oracle": owner,
        "governed": True,
        **changes,
    }
    return SeriesParams(**settings)  # type: ignore[arg-type]


@dataclass
class World:
    """A deployment with a governor (also guardian, slasher, opener, feed and oracle), stakers, and strangers."""

    backend: Backend
    system: System
    governor: Participant
    forecasters: list[Participant]
    stranger: Participant
    providers: list[Participant] = field(default_factory=list)

    @property
    def control(self) -> LocalControl:
        assert isinstance(self.backend, LocalControl)
        return self.backend

    @property
    def contracts(self) -> tuple[Contract, ...]:
        return self.system.contracts

    def travel(self, timestamp: int) -> None:
        """Let the next transaction see this time, if it is still ahead."""
        if timestamp > self.backend.now():
            self.control.time_travel(timestamp)

    def series(self, **changes: object) -> int:
        """Create a governed series (or a sponsored one with governed=False), with a bankroll if governed."""
        params = series_params(self.governor.address, **changes)
        series = self.governor.create_series(params)
        if params.governed:
            weights, _ = self.system.treasury.call("weights")
            ids = sorted([*weights, series])
            self.governor.set_weights(ids, [1] * len(ids))
            self.travel(self.backend.now() + DAY)
            self.governor.roll()
        return series

    def scale(self, series: int) -> Scale:
        return self.system.params(series).scale()

    def times(self, *, lead: int = 30, window: int = HOUR) -> Times:
        """Windows from now: commits open after `lead` seconds, every window lasts `window`."""
        start = self.backend.now() + lead
        return Times(
            commit_start=start,
            commit_end=start + window,
            reveal_end=start + 2 * window,
            event_start=start + 2 * window,
            resolve_after=start + 2 * window,
        )

    def open(self, series: int, odds: Sequence[int] | None = None, **times: int) -> int:
        """Open a question, post its odds if given, and go to commit_start."""
        question = self.governor.open_question(series, self.times(**times))
        if odds is not None:
            self.governor.post_odds(question, odds)
        self.travel(self.system.question(question).times.commit_start)
        return question

    def play(
        self,
        question: int,
        positions: Mapping[int, tuple[Sequence[int], int]],
        outcome: int,
        *,
        hide: Sequence[int] = (),
        settle: bool = True,
    ) -> dict[int, int]:
        """Commit, reveal (but for `hide`), resolve and settle in the given order: forecaster index -> (report, wager).

        Returns the nets by forecaster index (empty if not settled).
        """
        for who, (report, wager) in positions.items():
            self.forecasters[who].commit(question, report, wager, SALT)
        times = self.system.question(question).times
        self.travel(times.commit_end)
        for who, (report, _) in positions.items():
            if who not in hide:
                self.stranger.reveal(question, self.forecasters[who].address, report, SALT)
        self.travel(times.resolve_after)
        self.governor.resolve(question, outcome)
        return {who: self.settle(question, who) for who in positions} if settle else {}

    def settle(self, question: int, who: int) -> int:
        """Settle by a stranger; the net."""
        receipt = self.stranger.settle(question, self.forecasters[who].address)
        return int(receipt.event("Settled")["net"])

    def announce(
        self,
        who: Participant,
        leaves: Sequence[Leaf],
        keep_bps: int = 1_000,
        buffer: int = 0,
        *,
        domain: int | None = 0,
    ) -> Announcement:
        """Announce a list and, unless domain is None, open the announcer's escrow in that domain."""
        made = who.announce_list(leaves, keep_bps, buffer)
        if domain is not None:
            self.stranger.open_escrow(who.address, made.version, made.terms, domain)
        return made


def new_world(
    backend: Backend,
    *,
    forecasters: int = 3,
    providers: int = 4,
    stake: int = 10_000 * TOKENS,
    gift: int = 1_000_000 * TOKENS,
    config: ProtocolConfig = CONFIG,
) -> World:
    """Deploy and give everybody tokens (a gift each, wei), approvals and (forecasters) stake."""
    assert isinstance(backend, LocalControl)
    accounts = backend.dev_accounts(2 + forecasters + providers)
    system = deploy(backend, accounts[0], config).system
    people = [Participant(system, account) for account in accounts]
    governor, stranger = people[0], people[1]
    world = World(
        backend=backend,
        system=system,
        governor=governor,
        stranger=stranger,
        forecasters=people[2 : 2 + forecasters],
        providers=people[2 + forecasters :],
    )
    for person in people[1:]:
        governor.transfer(person.address, gift)
    for person in people:
        for spender in (system.addresses.vault, system.addresses.treasury, system.addresses.cascade):
            person.approve(spender)
    for person in world.forecasters:
        person.stake(stake)
    return world


def binary(first: float) -> tuple[int, int]:
    """A two-outcome report with this probability of outcome 0."""
    p = int(first * WAD)
    return p, WAD - p


def audit(world: World) -> None:
    """Every contract holds exactly what its ledger owes (nobody donates in these worlds); supply = sum of balances."""
    system = world.system
    people = [world.governor, world.stranger, *world.forecasters, *world.providers]
    holders = {*(contract.address for contract in system.contracts), *(person.address for person in people)}
    assert system.supply() == sum(system.balance(holder) for holder in holders)
    for contract in (system.treasury, system.vault):
        assert system.balance(contract.address) == contract.call("owed")
