"""Cooperatives as members of the cascade: each forecasts rain with what its members trained; its emission is theirs.

A cooperative stakes in ForecastArena like any forecaster. Its version's leaves are its members, their weights its
value-constrained credit at that time; what it wins flows to them and is withdrawn. Nobody is paid before there is
credit: without a version that names its members a cooperative does not stake.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from headwater.cascade import Leaf
from headwater.chain import Backend
from headwater.chain.system import Announcement, Times
from headwater.units import MAX_WEI
from headwater_agents.cooperative.errors import CooperativeError
from headwater_agents.cooperative.payroll import Collective, Payroll, PayrollConfig, Play, check_cooperatives
from headwater_agents.durable.journal import Journal
from headwater_agents.lab.rain import RainDay, RainWorld
from headwater_agents.policies import Announce, Commit, Keeper, KeeperConfig, Phase, Question, Reveal
from headwater_agents.policies.base import derive_salt
from headwater_agents.policies.forecast import to_wad
from headwater_agents.policies.wager import size_wager
from headwater_agents.runner.executor import Executor, Versions
from headwater_agents.runner.keeping import keeper_view
from headwater_agents.runner.stage import set_stage
from headwater_deploy import DAY, HOUR

Progress = Callable[[int, int, str], None]

# As a season's questions: commits and reveals six hours each, then three days of rain.
_LEAD: Final = 60
_WINDOW: Final = 6 * HOUR
_STEP: Final = 3 * DAY
_RECENT: Final = 4


def play_payroll(
    backend: Backend,
    world: RainWorld,
    cooperatives: Sequence[Collective],
    config: PayrollConfig,
    journal: Journal,
    progress: Progress = lambda done, total, text: None,
) -> Payroll:
    """Play every question of the world in order on a fresh deployment, then empty the cascade.

    Args:
        backend: a chain whose clock can be moved.
        world: the questions; its archive is the cooperatives' business.
        cooperatives: one to 200; with names and members that nobody shares, at most 32 members each.
        config: settings.
        journal: where salts and forecasts are kept before they are committed.
        progress: called with (questions done, all questions, what is being done).

    Raises CooperativeError, SeasonError, ChainError.
    """
    director = _Director(backend, world, cooperatives, config, journal, progress)
    total = len(world.questions)
    for index, day in enumerate(world.questions):
        director.announce()
        director.play(day)
        director.close_escrows()
        if (index + 1) % config.season.keep_every == 0:
            director.keep(_RECENT)
        progress(index + 1, total, "forecasting")
    progress(total, total, "paying the members")
    director.keep(None)
    return director.payroll()


class _Director:
    """Leads the season question by question."""

    def __init__(
        self,
        backend: Backend,
        world: RainWorld,
        cooperatives: Sequence[Collective],
        config: PayrollConfig,
        journal: Journal,
        progress: Progress,
    ) -> None:
        check_cooperatives(cooperatives)
        self.world, self.config, self.journal = world, config, journal
        self.cooperatives = {each.name: each for each in cooperatives}
        total = len(world.questions)
        members = [name for each in cooperatives for name in each.members]
        self.stage = set_stage(
            backend,
            config.season,
            world.k,
            list(self.cooperatives),
            members,
            lambda text: progress(0, total, text),
        )
        self.versions: Versions = {}
        self.weights: dict[int, tuple[int, ...]] = {}
        self.standing: dict[str, int] = {}
        self.executors = {name: Executor(person, journal, self.versions) for name, person in self.stage.people.items()}
        self.keeper = Executor(self.stage.keeper, journal, self.versions)
        self.policy = Keeper(KeeperConfig())
        self.plays: list[Play] = []

    def announce(self) -> None:
        """Let every cooperative whose credit has changed announce its members' weights, and open the escrow."""
        for name, each in self.cooperatives.items():
            weights = each.weights()
            if weights is None or self.weights.get(self.standing.get(name, 0)) == weights:
                continue
            self._check(name, each.members, weights)
            people = self.stage.people
            leaves = tuple(
                Leaf(people[member].address, 0, weight) for member, weight in zip(each.members, weights, strict=True)
            )
            action = Announce(leaves=leaves, keep_bps=self.config.keep_bps, buffer=self.config.buffer)
            self.executors[name].execute([action])
            version = self.stage.system.latest(people[name].address)
            self.weights[version] = weights
            self.standing[name] = version
            made = self.versions[people[name].address, version]
            self.stage.keeper.open_escrow(people[name].address, version, made.terms)

    @staticmethod
    def _check(name: str, members: tuple[str, ...], weights: tuple[int, ...]) -> None:
        if len(weights) != len(members) or min(weights) < 0 or not 1 <= sum(weights) <= MAX_WEI:
            raise CooperativeError(
                f"{name} credits {weights} to {len(members)} members; expected a weight of 0 or more for each, "
                "with a sum of 1 to 2**96 - 1"
            )

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
        record = Play(question=number, day=day, odds=system.odds(number), capacity=opened.capacity)
        self.plays.append(record)
        question = Question(
            id=number,
            phase=Phase.COMMIT,
            odds=record.odds,
            p_min=stage.params.p_min,
            capacity=opened.capacity,
            rent_bps=stage.params.rent_bps,
        )
        for name, each in self.cooperatives.items():
            record.beliefs[name] = to_wad(each.forecast(day), question.p_min)
            if name in self.standing:
                self._commit(name, question, opened.opened, record)
        stage.travel(times.commit_end)
        for name in record.wagers:
            kept = self.journal.find(stage.people[name].address, number)
            if kept is not None:
                position = kept.position
                self.executors[name].execute([Reveal(question=number, forecast=position.forecast, salt=position.salt)])
        stage.travel(times.resolve_after)
        stage.steward.resolve(number, day.outcome)
        self._settle(record)
        for each in self.cooperatives.values():
            each.learn(day)

    def _commit(self, name: str, question: Question, opened: int, record: Play) -> None:
        person, system = self.stage.people[name], self.stage.system
        found = system.checkpoint_before(person.address, opened)
        if found is None:
            return
        stake = system.stake(person.address)
        belief = record.beliefs[name]
        wager = size_wager(
            self.config.wager,
            belief,
            question,
            bonded=found[1],
            free=stake.bonded - stake.locked,
            min_wager=self.stage.params.min_wager,
        )
        if wager == 0:
            return
        secret = self.config.season.seed * 2**16 + list(self.cooperatives).index(name)
        salt = derive_salt(secret, person.address, question.id, belief)
        action = Commit(question=question.id, forecast=belief, wager=wager, salt=salt)
        self.executors[name].execute([action], checkpoints={question.id: found[0]})
        record.wagers[name] = wager
        record.bound[name] = system.position(question.id, person.address).version

    def _settle(self, record: Play) -> None:
        if not record.wagers:
            return
        names = {self.stage.people[name].address: name for name in record.wagers}
        view = keeper_view(self.stage.system, [], [], unsettled=[(record.question, address) for address in names])
        first = self.stage.backend.block_number() + 1
        self.keeper.execute(self.policy.act(view))
        for event in self.stage.system.arena.events("Settled", from_block=first):
            record.nets[names[event["forecaster"]]] = event["net"]

    # ------------------------------------------------------------ the keeper

    def _nodes(self) -> list[str]:
        return [self.stage.people[name].address for name in self.cooperatives]

    def _newest(self, count: int | None) -> list[Announcement]:
        found: list[Announcement] = []
        for node in self._nodes():
            mine = sorted((made for made in self.versions.values() if made.node == node), key=lambda made: made.version)
            found += mine if count is None else mine[-count:]
        return found

    def close_escrows(self) -> None:
        """Close replaced escrows as soon as that is possible: a debt then moves to where gains can repay it."""
        view = keeper_view(self.stage.system, self._newest(_RECENT), self._nodes())
        if any(escrow.closable for escrow in view.escrows):
            self.keeper.execute(self.policy.act(view))

    def keep(self, recent: int | None) -> None:
        """Release and pull over the newest versions of each; over all of them, and withdraw, with None."""
        looked_at, nodes = self._newest(recent), self._nodes()
        payees = [person.address for person in self.stage.people.values()] if recent is None else []
        while True:
            view = keeper_view(self.stage.system, looked_at, nodes, nodes=payees)
            actions = self.policy.act(view)
            if not actions:
                return
            self.keeper.execute(actions)

    def payroll(self) -> Payroll:
        """The record."""
        return Payroll(
            config=self.config,
            world=self.world,
            stage=self.stage,
            members={name: tuple(each.members) for name, each in self.cooperatives.items()},
            plays=self.plays,
            versions=self.versions,
            weights=self.weights,
        )
