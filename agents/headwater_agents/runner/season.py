"""A season: the rain world's questions played through the deployed contracts by the whole cast.

Nobody sees the future: what fell on a day is read only to resolve its question and, after that, to learn from it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from headwater.chain import Backend
from headwater.chain.system import Announcement, Times
from headwater.signals import SignalDomain
from headwater_agents.durable.journal import Journal
from headwater_agents.lab.cast import Cast, CastConfig
from headwater_agents.lab.players import make_players
from headwater_agents.lab.rain import RainDay, RainWorld
from headwater_agents.policies import (
    AggregatorView,
    Announce,
    Commit,
    Forecast,
    ForecasterView,
    Keeper,
    KeeperConfig,
    Phase,
    Position,
    Question,
    Supplier,
)
from headwater_agents.runner.exchange import Exchange
from headwater_agents.runner.executor import Executor, Versions
from headwater_agents.runner.keeping import keeper_view
from headwater_agents.runner.stage import SeasonConfig, Stage, set_stage
from headwater_deploy import DAY, HOUR

# A question takes three days, as the rain it asks about does: commits and reveals six hours each, then the event.
_LEAD: Final = 60
_WINDOW: Final = 6 * HOUR
_STEP: Final = 3 * DAY
# Versions of a node that the keeper looks at while the season runs; at its end it looks at all.
_RECENT: Final = 4

Progress = Callable[[int, int, str], None]


@dataclass(kw_only=True, slots=True)
class Round:
    """One question: what was offered, believed and staked, and what came of it. Probabilities WAD, money wei."""

    question: int
    day: RainDay
    odds: Forecast
    capacity: int
    beliefs: dict[str, Forecast]
    wagers: dict[str, int] = field(default_factory=dict)
    nets: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Season:
    """What a season leaves: the stage as it stands, who was who, and a record of every question."""

    config: SeasonConfig
    world: RainWorld
    stage: Stage
    cast: Cast
    kinds: dict[str, str]
    rounds: list[Round]
    versions: Versions
    signals: int

    @property
    def names(self) -> dict[str, str]:
        """Addresses by name."""
        return {name: person.address for name, person in self.stage.people.items()}


def play_season(
    backend: Backend,
    world: RainWorld,
    config: SeasonConfig,
    journal: Journal,
    progress: Progress = lambda done, total, text: None,
) -> Season:
    """Play every question of the world in order on a fresh deployment.

    Args:
        backend: a chain whose clock can be moved.
        world: questions and the archive before them.
        config: settings.
        journal: where salts and forecasts are kept before they are committed.
        progress: called with (questions done, all questions, what is being done).

    Raises SeasonError, ChainError.
    """
    director = _Director(backend, world, config, journal, progress)
    total = len(world.questions)
    for index, day in enumerate(world.questions):
        director.announce()
        director.play(day)
        director.close_escrows()
        if (index + 1) % config.keep_every == 0:
            director.keep(_RECENT)
        progress(index + 1, total, "playing")
    progress(total, total, "emptying the cascade")
    director.keep(None)
    return director.season()


class _Director:
    """Leads a season question by question."""

    def __init__(
        self, backend: Backend, world: RainWorld, config: SeasonConfig, journal: Journal, progress: Progress
    ) -> None:
        total = len(world.questions)
        self.world, self.config, self.journal = world, config, journal
        progress(0, total, "learning from the archive")
        self.cast = Cast(CastConfig(seed=config.seed, outcomes=world.k))
        self.cast.rehearse(world.archive, config.rule)
        self.players = make_players(self.cast, world.archive, baselines=config.baselines)
        network = self.cast.config.network
        self.stage = set_stage(
            backend,
            config,
            world.k,
            list(self.players),
            [*self.cast.aggregators, *network.members],
            lambda text: progress(0, total, text),
        )
        self.versions: Versions = {}
        self.latest: dict[str, Announcement] = {}
        self.executors = {name: Executor(person, journal, self.versions) for name, person in self.stage.people.items()}
        self.keeper = Executor(self.stage.keeper, journal, self.versions)
        self.keeper_policy = Keeper(KeeperConfig())
        self.exchange = Exchange(
            SignalDomain(chain_id=backend.chain_id, arena=self.stage.system.addresses.arena),
            {name: person.account for name, person in self.stage.people.items()},
        )
        self.rounds: list[Round] = []

    # ------------------------------------------------------------ announcements

    def announce(self) -> None:
        """Let every buyer announce the weights it believes in now, suppliers before buyers."""
        for node in self.cast.config.network.buyers:
            me = self.executors[node.name]
            made = self.latest.get(node.name)
            standing = (
                None
                if made is None
                else Announce(leaves=made.leaves or (), keep_bps=made.terms.keep_bps, buffer=made.terms.buffer)
            )
            suppliers = self._suppliers(node.suppliers)
            if node.name in self.cast.aggregators:
                view = AggregatorView(
                    question=None,
                    suppliers=suppliers,
                    signals=(),
                    standing=standing,
                    sold=False,
                    memory=self.cast.buyer_memories[node.name],
                )
                me.execute(self.cast.aggregators[node.name].act(view))
            else:
                me.execute(self.players[node.name].act(self._view(node.name, None, suppliers, standing=standing)))
            self._note_announcement(node.name)

    def _note_announcement(self, name: str) -> None:
        system, address = self.stage.system, self.stage.people[name].address
        version = max((v for node, v in self.versions if node == address), default=0)
        made = self.versions.get((address, version))
        if made is None or self.latest.get(name) is made:
            return
        self.latest[name] = made
        if name in self.players and system.escrow(address, version).keep_bps == 0:
            self.stage.keeper.open_escrow(address, version, made.terms)

    def _suppliers(self, names: tuple[str, ...]) -> tuple[Supplier, ...]:
        return tuple(
            Supplier(
                address=self.stage.people[name].address,
                version=self.latest[name].version if name in self.latest else 0,
            )
            for name in names
        )

    # ------------------------------------------------------------ one question

    def play(self, day: RainDay) -> None:
        """Open, forecast, commit, reveal, resolve, settle, learn."""
        stage, system = self.stage, self.stage.system
        if system.treasury.call("epoch_now") >= system.treasury.call("next_epoch"):
            stage.keeper.roll()
        start = stage.backend.now() + _LEAD
        times = Times(
            commit_start=start,
            commit_end=start + _WINDOW,
            reveal_end=start + 2 * _WINDOW,
            event_start=start + 2 * _WINDOW,
            resolve_after=start + _STEP - _LEAD,
        )
        number = stage.steward.open_question(stage.series, times)
        stage.travel(times.commit_start)

        opened = system.question(number)
        odds: Forecast = system.odds(number)
        question = Question(
            id=number,
            phase=Phase.COMMIT,
            odds=odds,
            p_min=stage.params.p_min,
            capacity=opened.capacity,
            rent_bps=stage.params.rent_bps,
        )
        sold = self.cast.signals(
            question,
            day,
            lambda seller, forecast: self.exchange.deliver(seller, number, forecast, times.commit_start),
        )
        record = Round(question=number, day=day, odds=odds, capacity=opened.capacity, beliefs=dict(sold))
        self.rounds.append(record)
        for name, player in self.players.items():
            signals = tuple(sold.get(supplier) for supplier in player.suppliers)
            record.beliefs[name] = player.belief(question, signals)
            self._commit(name, question, signals, opened.opened, record)
        stage.travel(times.commit_end)
        closed = Question(
            id=number,
            phase=Phase.REVEAL,
            odds=odds,
            p_min=question.p_min,
            capacity=question.capacity,
            rent_bps=question.rent_bps,
        )
        for name in record.wagers:
            kept = self.journal.find(stage.people[name].address, number)
            position = None if kept is None else kept.position
            view = self._view(name, closed, self._suppliers(self.players[name].suppliers), position=position)
            self.executors[name].execute(self.players[name].act(view))
        stage.travel(times.resolve_after)
        stage.steward.resolve(number, day.outcome)
        self._settle(record)
        self.cast.learn(odds, sold, day)
        for player in self.players.values():
            player.learn(odds, day)

    def _commit(
        self, name: str, question: Question, signals: tuple[Forecast | None, ...], opened: int, record: Round
    ) -> None:
        address = self.stage.people[name].address
        found = self.stage.system.checkpoint_before(address, opened)
        if found is None:
            return
        view = self._view(
            name, question, self._suppliers(self.players[name].suppliers), signals=signals, bonded=found[1]
        )
        actions = self.players[name].act(view)
        self.executors[name].execute(actions, checkpoints={question.id: found[0]})
        wagers = [action.wager for action in actions if isinstance(action, Commit)]
        if wagers:
            record.wagers[name] = wagers[0]

    def _settle(self, record: Round) -> None:
        if not record.wagers:
            return
        addresses = {self.stage.people[name].address: name for name in record.wagers}
        view = keeper_view(self.stage.system, [], [], unsettled=[(record.question, address) for address in addresses])
        first = self.stage.backend.block_number() + 1
        self.keeper.execute(self.keeper_policy.act(view))
        for event in self.stage.system.arena.events("Settled", from_block=first):
            record.nets[addresses[event["forecaster"]]] = event["net"]

    def _view(
        self,
        name: str,
        question: Question | None,
        suppliers: tuple[Supplier, ...],
        *,
        signals: tuple[Forecast | None, ...] = (),
        standing: Announce | None = None,
        position: Position | None = None,
        bonded: int = 0,
    ) -> ForecasterView[None]:
        address = self.stage.people[name].address
        stake = self.stage.system.stake(address)
        return ForecasterView(
            address=address,
            question=question,
            suppliers=suppliers,
            signals=signals,
            standing=standing,
            position=position,
            wallet=self.stage.system.balance(address),
            bonded=stake.bonded if question is None else bonded,
            free=stake.bonded - stake.locked,
            min_wager=self.stage.params.min_wager,
            memory=None,
        )

    # ------------------------------------------------------------ the keeper

    def close_escrows(self) -> None:
        """Let the keeper close replaced escrows as soon as it may: a debt then moves to where gains can repay it."""
        stakers = self._stakers()
        looked_at = [made for made in self._newest_versions(_RECENT) if made.node in stakers]
        view = keeper_view(self.stage.system, looked_at, stakers)
        if any(escrow.closable for escrow in view.escrows):
            self.keeper.execute(self.keeper_policy.act(view))

    def _stakers(self) -> list[str]:
        return [self.stage.people[name].address for name in self.players]

    def _newest_versions(self, count: int | None) -> list[Announcement]:
        by_node: dict[str, list[Announcement]] = {}
        for made in self.versions.values():
            by_node.setdefault(made.node, []).append(made)
        return [
            made
            for announced in by_node.values()
            for made in sorted(announced, key=lambda a: a.version)[-count if count else 0 :]
        ]

    def keep(self, recent: int | None) -> None:
        """Let the keeper move everything down the cascade: over each node's newest versions, or over all of them."""
        looked_at = self._newest_versions(recent)
        stakers = self._stakers()
        nodes = [person.address for person in self.stage.people.values()] if recent is None else []
        while True:
            view = keeper_view(self.stage.system, looked_at, stakers, nodes=nodes)
            actions = self.keeper_policy.act(view)
            if not actions:
                return
            self.keeper.execute(actions)

    def season(self) -> Season:
        """The record."""
        return Season(
            config=self.config,
            world=self.world,
            stage=self.stage,
            cast=self.cast,
            kinds={name: player.kind for name, player in self.players.items()},
            rounds=self.rounds,
            versions=self.versions,
            signals=len(self.exchange.evidence),
        )
