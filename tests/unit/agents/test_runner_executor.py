"""The executor: every action becomes its transaction, in order, and what can go together goes together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from harness import SALT, TOKENS, World, binary
from headwater.cascade import Leaf
from headwater.chain import Receipt, Reverted
from headwater.chain.participant import Participant
from headwater_agents.durable.journal import Journal
from headwater_agents.policies import (
    Action,
    Announce,
    Close,
    Commit,
    Deposit,
    Pull,
    PullShare,
    Release,
    Reveal,
    Settle,
    Signal,
    Withdraw,
)
from headwater_agents.runner.executor import Executor, Versions


class Acting:
    """An executor for one of the world's people that notes what is sent."""

    def __init__(self, world: World, who: Participant, journal: Journal, versions: Versions) -> None:
        self.sent: list[str] = []
        self.receipts: list[Receipt] = []
        self.executor = Executor(Participant(world.system, who.account, self._note), journal, versions)

    def _note(self, operation: str, receipt: Receipt) -> None:
        self.sent.append(operation)
        self.receipts.append(receipt)

    def does(self, *actions: Action, **options: object) -> list[str]:
        self.sent, self.receipts = [], []
        self.executor.execute(list(actions), **options)  # type: ignore[arg-type]
        return self.sent


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with closing(Journal(tmp_path / "journal.sqlite")) as journal:
        yield journal


@pytest.fixture
def versions() -> Versions:
    return {}


@pytest.fixture
def forecaster(world: World, journal: Journal, versions: Versions) -> Acting:
    return Acting(world, world.forecasters[0], journal, versions)


@pytest.fixture
def keeper(world: World, journal: Journal, versions: Versions) -> Acting:
    return Acting(world, world.stranger, journal, versions)


def _leaves(world: World, count: int) -> tuple[Leaf, ...]:
    return tuple(
        Leaf(child=world.providers[index % 4].address, child_version=0, weight=index + 1) for index in range(count)
    )


def test_a_question_from_announcement_to_withdrawal(
    world: World, forecaster: Acting, keeper: Acting, versions: Versions
) -> None:
    system, me, child = world.system, forecaster.executor.address, world.providers[0].address
    announce = Announce(leaves=_leaves(world, 1), keep_bps=4_000, buffer=10 * TOKENS)
    assert forecaster.does(announce) == ["Cascade.announce_list"]
    ((node, version),) = versions
    made = versions[node, version]
    assert (node, version) == (me, system.latest(me))
    assert (made.leaves, made.terms.keep_bps, made.terms.buffer) == (announce.leaves, 4_000, 10 * TOKENS)
    world.stranger.open_escrow(me, version, made.terms)

    staked = system.stake(me).bonded
    assert forecaster.does(Deposit(amount=7 * TOKENS)) == ["StakeVault.deposit"]
    assert system.stake(me).bonded == staked + 7 * TOKENS

    question = world.open(world.series())
    report = binary(0.9)
    commit = Commit(question=question, forecast=report, wager=500 * TOKENS, salt=SALT)
    assert forecaster.does(commit) == ["ForecastArena.commit"]
    assert system.position(question, me).wager == 500 * TOKENS
    times = system.question(question).times
    world.travel(times.commit_end)
    assert forecaster.does(Reveal(question=question, forecast=report, salt=SALT)) == ["ForecastArena.reveal"]
    assert system.position(question, me).revealed
    world.travel(times.resolve_after)
    world.governor.resolve(question, 0)

    assert keeper.does(Settle(question=question, forecaster=me)) == ["ForecastArena.settle_many"]
    due = system.escrow(me, version).due
    assert due > 0
    assert keeper.does(Release(forecaster=me, version=version)) == ["StakeVault.release"]
    assert system.flows(me, version) == (0, due)
    assert keeper.does(Pull(node=me, version=version, indices=(0,))) == ["Cascade.pull_list"]
    assert system.flows(child, 0) == (due, 0)
    before = system.balance(child)
    assert keeper.does(Withdraw(node=child)) == ["Cascade.withdraw"]
    assert system.balance(child) == before + due

    world.providers[1].deposit(me, version, 1_000)
    assert keeper.does(PullShare(node=me, version=version)) == ["Cascade.pull_share"]
    assert system.flows(me, 0) == (400, 0)

    assert system.escrow(me, version).held == 10 * TOKENS
    forecaster.does(Announce(leaves=_leaves(world, 1), keep_bps=5_000))
    world.travel(world.backend.now() + int(system.vault.call("MAX_WINDOW")) + 60)  # it is kept in whole minutes
    assert keeper.does(Close(forecaster=me, version=version)) == ["StakeVault.close"]
    assert system.escrow(me, version).held == 0


def test_a_share_of_a_version_that_its_node_never_announced_can_be_pulled(world: World, keeper: Acting) -> None:
    node = world.providers[0].address
    version = world.providers[1].announce_list(_leaves(world, 1), 100).version  # somebody else's
    world.providers[1].deposit(node, version, 1_000)
    assert keeper.does(PullShare(node=node, version=version)) == ["Cascade.pull_share"]
    assert world.system.flows(node, 0) == (1_000, 0)


def test_settlements_of_a_question_go_together_and_questions_apart(world: World, keeper: Acting) -> None:
    all_series = [world.series(), world.series()]
    first, second = (world.governor.open_question(series, world.times()) for series in all_series)
    world.travel(world.system.question(second).times.commit_start)
    for question in (first, second):
        for who in world.forecasters:
            who.commit(question, binary(0.6), 20 * TOKENS, SALT)
    world.travel(world.system.question(second).times.resolve_after)
    for question in (first, second):
        world.governor.resolve(question, 1)
    settles = [
        Settle(question=question, forecaster=who.address) for question in (first, second) for who in world.forecasters
    ]
    assert keeper.does(*settles) == ["ForecastArena.settle_many"] * 2
    for question, receipt in zip((first, second), keeper.receipts, strict=True):
        settled = [event for event in receipt.events if event.name == "Settled"]
        assert [(event["question"], event["forecaster"]) for event in settled] == [
            (question, who.address) for who in world.forecasters
        ]


@pytest.mark.parametrize(("count", "batches"), [(32, [32]), (33, [32, 1]), (70, [32, 32, 6])])
def test_at_most_32_settlements_go_in_one_transaction(
    world: World, keeper: Acting, monkeypatch: pytest.MonkeyPatch, count: int, batches: list[int]
) -> None:
    sizes: list[int] = []
    settle_many = Participant.settle_many

    def counted(self: Participant, question: int, forecasters: list[str]) -> Receipt:
        sizes.append(len(forecasters))
        return settle_many(self, question, forecasters)

    monkeypatch.setattr(Participant, "settle_many", counted)
    question = world.open(world.series())
    world.play(question, {0: (binary(0.6), 20 * TOKENS)}, outcome=1, settle=False)
    nobody = [Settle(question=question, forecaster=f"0x{index:040x}") for index in range(1, count)]
    mine = Settle(question=question, forecaster=world.forecasters[0].address)
    keeper.does(*nobody, mine)
    assert sizes == batches
    assert world.system.question(question).unsettled == 0


@pytest.mark.parametrize(
    ("indices", "runs"),
    [
        ((0, 1, 2, 3, 4), [(0, 5)]),
        ((2,), [(2, 1)]),
        ((0, 2, 4), [(0, 1), (2, 1), (4, 1)]),
        ((0, 1, 3, 4, 6), [(0, 2), (3, 2), (6, 1)]),
    ],
)
def test_runs_of_indices_are_pulled_together_and_no_other_leaf(
    world: World, forecaster: Acting, keeper: Acting, indices: tuple[int, ...], runs: list[tuple[int, int]]
) -> None:
    forecaster.does(Announce(leaves=_leaves(world, 7), keep_bps=100))
    me, version = forecaster.executor.address, world.system.latest(forecaster.executor.address)
    world.providers[1].deposit(me, version, 28_000)
    assert keeper.does(Pull(node=me, version=version, indices=indices)) == ["Cascade.pull_list"] * len(runs)
    pulled = [[event["index"] for event in receipt.events if event.name == "Pulled"] for receipt in keeper.receipts]
    assert pulled == [list(range(first, first + count)) for first, count in runs]
    taken = [world.system.cascade.call("taken", me, version, index) for index in range(7)]
    assert taken == [990 * (index + 1) if index in indices else 0 for index in range(7)]


def test_actions_keep_their_order(world: World, forecaster: Acting) -> None:
    forecaster.does(Announce(leaves=_leaves(world, 2), keep_bps=100))
    me, version = forecaster.executor.address, world.system.latest(forecaster.executor.address)
    world.providers[1].deposit(me, version, 3_000)
    actions = [
        Pull(node=me, version=version, indices=(1,)),
        Deposit(amount=TOKENS),
        PullShare(node=me, version=version),
    ]
    assert forecaster.does(*actions) == ["Cascade.pull_list", "StakeVault.deposit", "Cascade.pull_share"]


def test_what_the_chain_refuses_stops_there_and_what_was_sent_stands(world: World, forecaster: Acting) -> None:
    me = forecaster.executor.address
    staked = world.system.stake(me).bonded
    with pytest.raises(Reverted):
        forecaster.does(Deposit(amount=TOKENS), Deposit(amount=0), Deposit(amount=TOKENS))
    assert forecaster.sent == ["StakeVault.deposit"]
    assert world.system.stake(me).bonded == staked + TOKENS


def test_a_given_checkpoint_is_the_one_committed_against(world: World, forecaster: Acting) -> None:
    forecaster.does(Deposit(amount=TOKENS))  # a second checkpoint
    question = world.open(world.series())
    commit = Commit(question=question, forecast=binary(0.6), wager=20 * TOKENS, salt=SALT)
    with pytest.raises(Reverted, match="checkpoint"):
        forecaster.does(commit, checkpoints={question: 0})
    assert forecaster.does(commit, checkpoints={question: 1}) == ["ForecastArena.commit"]


def test_a_signal_is_no_transaction(forecaster: Acting) -> None:
    with pytest.raises(TypeError, match="exchange"):
        forecaster.does(Signal(question=1, forecast=binary(0.5)))
    assert forecaster.sent == []


def test_leaves_that_are_not_at_hand_are_not_pulled(world: World, keeper: Acting) -> None:
    with pytest.raises(ValueError, match="are not at hand"):
        keeper.does(Pull(node=world.providers[0].address, version=5, indices=(0,)))
    assert keeper.sent == []
