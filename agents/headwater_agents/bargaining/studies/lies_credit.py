"""Lies about what one did: how each would be paid where claims, votes or lists of actions are all there is, and where
signed records are replayed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from headwater.credit import divide
from headwater_agents.bargaining.studies.lies_worlds import KINDS_OF_WORLD, Task, TaskWorld, by_replay
from headwater_agents.games import POINT, RecordError, load, replay
from headwater_agents.games.software.contribution import ContributionGame
from headwater_agents.games.software.earned import earned_value
from headwater_agents.games.software.team import SoftwareTeam

Payments = tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Somebody's lie in one world, beside the truth there, as parts of what is at stake.

    Attributes:
        liars: who lies.
        fair: each player's fair part.
        told: with nothing but words: (what each has if all tell the truth, what each has with the lie).
        shown: with evidence: the same.
    """

    liars: tuple[int, ...]
    fair: Payments
    told: tuple[Payments, Payments]
    shown: tuple[Payments, Payments]

    def gain(self, shown: bool) -> float:
        """Of all who lie together."""
        before, after = self.shown if shown else self.told
        return sum(after[one] - before[one] for one in self.liars)

    def others(self, shown: bool) -> float:
        """What all others gain by it; below 0 they lose."""
        before, after = self.shown if shown else self.told
        return sum(b - a for player, (a, b) in enumerate(zip(before, after, strict=True)) if player not in self.liars)

    def off(self, shown: bool, lied: bool = True) -> float:
        """Mean distance of a player from its fair part, with the lie or without it."""
        each = (self.shown if shown else self.told)[lied]
        return sum(abs(a - b) for a, b in zip(each, self.fair, strict=True)) / len(self.fair)


@dataclass(frozen=True, kw_only=True)
class Lie:
    """A lie about a finished task.

    Attributes:
        name: what a table calls it.
        told: by what the reward is divided where nothing is shown.
        shown: and where records are.
        play: a world to its outcome.
        prevented: whether what is shown is meant to stop it; False names what it does not.
        kinds: of the tasks in which it can be told.
    """

    name: str
    told: str
    shown: str
    play: Callable[[TaskWorld], Outcome]
    prevented: bool = True
    kinds: tuple[str, ...] = KINDS_OF_WORLD


def by_claims(reward: int, claims: Sequence[float]) -> list[int]:
    """Wei in proportion to what everybody says it is worth."""
    return divide(reward, claims)


def by_votes(reward: int, votes: Sequence[Sequence[float]]) -> list[int]:
    """Wei in proportion to the mean of what everybody says the others are worth; no vote counts for its voter."""
    weights = [0.0] * len(votes)
    for voter, vote in enumerate(votes):
        given = [0.0 if player == voter else max(one, 0.0) for player, one in enumerate(vote)]
        total = sum(given)
        for player, one in enumerate(given):
            weights[player] += one / total if total else 1 / len(votes)
    return divide(reward, weights)


def copied(values: Sequence[int], player: int, names: int, *, needed: bool = False) -> tuple[int, ...]:
    """The values of a task, by bitmask, had the player handed in its work under several names; the new ones come last.

    needed: False if each name hands in all of it (one is as good as many), True if each hands in a part without which
    the others are nothing.
    """
    n, more = len(values).bit_length() - 1, names - 1
    found = []
    for mask in range(1 << (n + more)):
        present = [mask >> player & 1, *(mask >> extra & 1 for extra in range(n, n + more))]
        there = all(present) if needed else any(present)
        found.append(values[mask & ((1 << n) - 1) & ~(1 << player) | there << player])
    return tuple(found)


def renamed(values: Sequence[int], player: int, names: int, *, needed: bool = False, ranked: bool = False) -> list[int]:
    """Wei of each player, the player's names taken together, when its work is handed in under so many (`copied`).

    ranked: by the orders that put the new names after everybody who was there before.
    """
    n = len(values).bit_length() - 1
    ranks = [0] * n + [1] * (names - 1) if ranked else None
    return merged(by_replay(copied(values, player, names, needed=needed), ranks), player, n)


def merged(payments: Sequence[int], player: int, n: int) -> list[int]:
    """Payments of n players, those of the names after them added to the player's."""
    return [wei + sum(payments[n:]) if one == player else wei for one, wei in enumerate(payments[:n])]


def _honest(task: Task) -> list[float]:
    """What an honest player claims: its fair part, if that is above 0. It is taken to know it, which no one would."""
    return [float(max(one, 0)) for one in task.fair]


def _outcome(
    task: Task,
    liars: tuple[int, ...],
    told: tuple[Sequence[int], Sequence[int]],
    shown: tuple[Sequence[int], Sequence[int]],
) -> Outcome:
    def parts(wei: Sequence[int]) -> Payments:
        return tuple(one / task.reward for one in wei)

    return Outcome(
        liars=liars,
        fair=parts(task.fair),
        told=(parts(told[0]), parts(told[1])),
        shown=(parts(shown[0]), parts(shown[1])),
    )


def overstate(factor: float) -> Callable[[TaskWorld], Outcome]:
    """The liar claims several times its part."""

    def play(world: TaskWorld) -> Outcome:
        task = world.honest
        claims = _honest(task)
        lied = [claim * factor if player == world.liar else claim for player, claim in enumerate(claims)]
        told = by_claims(task.reward, claims), by_claims(task.reward, lied)
        return _outcome(task, (world.liar,), told, (task.fair, task.fair))

    return play


def vouch(world: TaskWorld) -> Outcome:
    """Liar and partner give each other all their votes."""
    task = world.honest
    votes = [_honest(task) for _ in range(task.players)]
    lied = [list(vote) for vote in votes]
    for voter, friend in ((world.liar, world.partner), (world.partner, world.liar)):
        lied[voter] = [float(player == friend) for player in range(task.players)]
    told = by_votes(task.reward, votes), by_votes(task.reward, lied)
    return _outcome(task, (world.liar, world.partner), told, (task.fair, task.fair))


def pad(world: TaskWorld) -> Outcome:
    """The idler fills its idle moments with what looks like work; actions are counted, or replayed."""
    before, after = world.honest, world.padded
    told = by_claims(before.reward, before.counts), by_claims(after.reward, after.counts)
    return _outcome(before, (world.idler,), told, (before.fair, after.fair))


def pad_earned(world: TaskWorld) -> Outcome:
    """The same where the reward of a software task is divided by weighted earned value: as planned for what is done."""

    def earned(task: Task) -> list[int]:
        game = SoftwareTeam.from_settings(task.record.settings)
        log = game.log(replay(task.record))
        return [row.share for row in earned_value(ContributionGame(log, game.pot * POINT))]

    before, after = world.honest, world.padded
    return _outcome(before, (world.idler,), (earned(before), earned(after)), (before.fair, after.fair))


def pad_ranked(world: TaskWorld) -> Outcome:
    """The same against replay that puts the idler, who came late, after those who were there."""
    before, after = world.honest, world.padded
    ranks = [int(player == world.idler) for player in range(before.players)]
    told = by_claims(before.reward, before.counts), by_claims(after.reward, after.counts)
    return _outcome(before, (world.idler,), told, (by_replay(before.values, ranks), by_replay(after.values, ranks)))


def identities(
    count: int, *, needed: bool = False, ranked: bool = False, spare: bool = False
) -> Callable[[TaskWorld], Outcome]:
    """Somebody hands in its work under several names: all of it under each, or a part that is needed under each.

    ranked: replay puts the new names after everybody who was there before. spare: it is the idler's padding, which
    others' work can stand in for, and not the liar's work.
    """

    def play(world: TaskWorld) -> Outcome:
        task = world.padded if spare else world.honest
        liar, n = world.idler if spare else world.liar, task.players
        claims = _honest(task)
        lied = by_claims(task.reward, [*claims, *[claims[liar]] * (count - 1)])
        told = by_claims(task.reward, claims), merged(lied, liar, n)
        shown = renamed(task.values, liar, count, needed=needed, ranked=ranked)
        return _outcome(task, (liar,), told, (task.fair, shown))

    return play


def arson(world: TaskWorld) -> Outcome:
    """The liar breaks what a quarter of the reward hangs on, the partner repairs it: both did one thing more."""
    task = world.honest
    more = [count + (player in (world.liar, world.partner)) for player, count in enumerate(task.counts)]
    broken = [
        value - task.reward // 4 * (mask >> world.liar & 1 and not mask >> world.partner & 1)
        for mask, value in enumerate(task.values)
    ]
    told = by_claims(task.reward, task.counts), by_claims(task.reward, more)
    return _outcome(task, (world.liar, world.partner), told, (task.fair, by_replay(broken)))


def forge(world: TaskWorld) -> Outcome:
    """The idler hands over a record in which it worked; with evidence, everybody has the digest of the true one."""
    task = world.honest
    told = task.fair, divide(task.reward, [float(one) for one in world.forged.fair], signed=True)
    return _outcome(task, (world.idler,), told, (task.fair, told[1] if accepted(world) else task.fair))


def accepted(world: TaskWorld) -> bool:
    """Whether the forged record passes where the digest of the true one is known."""
    try:
        load(world.forged.record.text(), digest=world.honest.record.digest)
    except RecordError:
        return False
    return True


def bribe(world: TaskWorld) -> Outcome:
    """Who reports the rewards gives all of it to the liar; a replay shows it, after it is paid."""
    task = world.honest
    taken = [task.reward if player == world.liar else 0 for player in range(task.players)]
    return _outcome(task, (world.liar,), (task.fair, taken), (task.fair, taken))


CREDIT_LIES: Final = (
    Lie(name="claims twice its part", told="claims", shown="replay", play=overstate(2)),
    Lie(name="claims ten times its part", told="claims", shown="replay", play=overstate(10)),
    Lie(name="two vouch for each other", told="peer votes", shown="replay", play=vouch),
    Lie(name="one breaks it, the other repairs", told="actions counted", shown="replay", play=arson),
    Lie(name="writes work into the record", told="unsigned record", shown="signed record", play=forge),
    Lie(name="pads its idle moments", told="actions counted", shown="replay", play=pad, prevented=False),
    Lie(name="pads its idle moments", told="actions counted", shown="replay, latecomers last", play=pad_ranked),
    Lie(name="pads with notes", told="earned value", shown="replay", play=pad_earned, kinds=("software",)),
    Lie(name="copies its work, 3 names", told="claims", shown="replay", play=identities(3), prevented=False),
    Lie(
        name="copies its work, 3 names", told="claims", shown="replay, new names last", play=identities(3, ranked=True)
    ),
    Lie(
        name="copies spare work, 3 names",
        told="claims",
        shown="replay",
        play=identities(3, spare=True),
        prevented=False,
    ),
    Lie(
        name="copies spare work, 3 names",
        told="claims",
        shown="replay, new names last",
        play=identities(3, ranked=True, spare=True),
    ),
    Lie(
        name="cuts its work in 3, each needed",
        told="claims",
        shown="replay",
        play=identities(3, needed=True),
        prevented=False,
    ),
    Lie(
        name="cuts its work in 3, each needed",
        told="claims",
        shown="replay, new names last",
        play=identities(3, needed=True, ranked=True),
        prevented=False,
    ),
    Lie(name="bribes who reports", told="resolver's word", shown="resolver's word", play=bribe, prevented=False),
)
