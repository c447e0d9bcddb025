"""From a record back to its play, and to the plays that would have been without some of its players."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, Self

from headwater.credit import Game as CoalitionGame
from headwater.credit import divide, shapley
from headwater.credit.coalitions import Bools, Floats
from headwater_agents.games.base import Die, Game
from headwater_agents.games.errors import PlayError, RecordError
from headwater_agents.games.record import MAX_STEPS, Record, parse


def replay(record: Record) -> Any:
    """The state a record ends in, from its actions and rolls alone.

    Raises:
        RecordError: no such game, a step against its rules, a decision that is not the player's turn, steps after the
            end, or other earnings than the play has.
    """
    return _replayed(record).state


def load(text: str, *, digest: bytes | None = None) -> Record:
    """A record from its JSON text, replayed; with a digest, that very record and no other.

    A changed record whose play is legal and whose earnings are right is another record of the same game: only the
    digest, given or put on the chain by who saw the play, tells them apart.

    Raises:
        RecordError: what `parse` and `replay` refuse, or a record of another digest.
    """
    record = parse(text)
    if digest is not None and record.digest != digest:
        raise RecordError(f"this record has the digest 0x{record.digest.hex()}, not 0x{digest.hex()}: it was changed")
    replay(record)
    return record


def counterfactual(record: Record, removed: Collection[int]) -> Any:
    """The final state of the play as it would have been had the removed players idled.

    The others do at each of their decisions what they are recorded to have done, on the recorded rolls; an action that
    is not open any more is idled. A decision that the record does not have, as when the play goes on beyond the
    record's end, is the game's `default`, on mean rolls (rounded down); but who idled at every recorded decision idles
    on, so that it makes no difference. Rolls are found by the decisions of their step: where one step's players roll
    together and one of them is removed, mean rolls stand in for all.

    Raises:
        RecordError: a record that does not replay, or an unfinished one; players that are not in the game.
    """
    return _Past.of(record).without(_checked(record, removed))


class ReplayGame(CoalitionGame):
    """The finished task as a cooperative game: v(S) is what it earns, in wei, with only S contributing.

    v(S) is the team's earning (with `own`, everybody's own earnings too) of `counterfactual`, everybody outside of S
    removed; v(N) is the record's own. v(∅) is 0: without contributors there is no task, and the values sum to the
    reward. So everybody who takes part answers for an equal part of b, what is earned if all idle (−100 points in a
    raid): with v(∅) = b everybody's value would be less by b/n, and their sum by b.

    Raises:
        RecordError: a record that does not replay, or an unfinished one.
        CreditError: more players than a cooperative game may have.
    """

    def __init__(self, record: Record, *, own: bool = False) -> None:
        self._past = _Past.of(record)
        self._own = own
        self._known: dict[bytes, int] = {}
        super().__init__(self._past.game.players)

    def wei(self, members: Iterable[int]) -> int:
        """v of these players, exactly. Raises RecordError: players that are not in the game."""
        present = frozenset(members)
        everybody = frozenset(range(self.n_players))
        if not present <= everybody:
            raise RecordError(f"players are numbered 0 to {self.n_players - 1}; got {sorted(present - everybody)[:8]}")
        return self._worth(bytes(player in present for player in range(self.n_players)))

    def _evaluate(self, members: Bools) -> Floats:
        values: Floats = members.any(axis=1).astype(float)
        for row, present in enumerate(members):
            values[row] = self._worth(present.tobytes())
        return values

    def _worth(self, present: bytes) -> int:
        known = self._known.get(present)
        if known is None:
            known = self._known[present] = self._played(present)
        return known

    def _played(self, present: bytes) -> int:
        if not any(present):
            return 0
        state = self._past.without(frozenset(player for player, there in enumerate(present) if not there))
        game = self._past.game
        return game.team(state) + (sum(game.own(state)) if self._own else 0)


def shares(record: Record) -> tuple[int, ...]:
    """The team's earning divided by the exact Shapley value of the replayed record: wei, their sum exactly the earning.

    A share is negative where somebody cost the team more than it brought.

    Raises:
        RecordError: what `ReplayGame` refuses.
        CreditError: more than 24 players, or shares beyond what can be divided: see `headwater.credit.divide`.
    """
    return tuple(divide(record.team, shapley(ReplayGame(record)), signed=True))


@dataclass(frozen=True)
class _Replayed:
    """A record's play: its last state, and who idled at every decision it had."""

    game: Game[Any]
    state: Any
    idlers: frozenset[int]


@dataclass(frozen=True)
class _Past:
    """What was done and rolled, by decision."""

    game: Game[Any]
    idlers: frozenset[int]
    actions: dict[str, str]
    rolls: dict[tuple[str, ...], tuple[int, ...]]

    @classmethod
    def of(cls, record: Record) -> Self:
        played = _replayed(record)
        if not played.game.finished(played.state):
            raise RecordError("what would have been is asked of finished plays; this record's is not finished")
        actions: dict[str, str] = {}
        for step in record.steps:
            actions.update(zip(step.slots, step.actions, strict=True))
        return cls(played.game, played.idlers, actions, {step.slots: step.rolls for step in record.steps})

    def without(self, removed: frozenset[int]) -> Any:
        game = self.game
        state = game.start()
        for _ in range(MAX_STEPS):
            acting = game.acting(state)
            if not acting:
                return state
            slots = tuple(game.slot(state, player) for player in acting)
            actions = {}
            for player, slot in zip(acting, slots, strict=True):
                action = game.idle(state, player) if player in removed else self.actions.get(slot)
                if action is None:
                    action = (game.idle if player in self.idlers else game.default)(state, player)
                elif action not in game.choices(state, player):
                    action = game.idle(state, player)
                actions[player] = action
            state = game.step(state, actions, self._rolls(slots, game.dice(state, actions)))
        raise RecordError(f"without the players {sorted(removed)} the game does not end within {MAX_STEPS} steps")

    def _rolls(self, slots: tuple[str, ...], dice: tuple[Die, ...]) -> tuple[int, ...]:
        rolls = self.rolls.get(slots, ())
        if len(rolls) == len(dice) and all(die.fits(roll) for die, roll in zip(dice, rolls, strict=True)):
            return rolls
        return tuple(die.mean for die in dice)


def _checked(record: Record, removed: Collection[int]) -> frozenset[int]:
    players = record.rules().players
    gone = frozenset(removed)
    if any(type(player) is not int or not 0 <= player < players for player in gone):
        raise RecordError(f"players are numbered 0 to {players - 1}; got {list(removed)[:8]!r}")
    return gone


def _replayed(record: Record) -> _Replayed:
    try:
        game = record.rules()
    except PlayError as error:
        raise RecordError(f"the record's game cannot be had: {error}") from None
    state = game.start()
    idle: set[int] = set()
    busy: set[int] = set()
    for number, step in enumerate(record.steps):
        acting = game.acting(state)
        if not acting:
            raise RecordError(f"step {number} comes after the end of the game")
        slots = tuple(game.slot(state, player) for player in acting)
        if slots != step.slots or len(step.actions) != len(slots):
            raise RecordError(
                f"step {number} has {len(slots)} actions, by {', '.join(slots)[:200]}; the record has others"
            )
        actions = dict(zip(acting, step.actions, strict=True))
        try:
            after = game.step(state, actions, step.rolls)
        except PlayError as error:
            raise RecordError(f"step {number} breaks the rules: {error}") from None
        for player, action in actions.items():
            (idle if action == game.idle(state, player) else busy).add(player)
        state = after
    if game.own(state) != record.own or game.team(state) != record.team:
        raise RecordError(
            f"the play earns {list(game.own(state))[:8]} and {game.team(state)} together, in wei; the record says"
            f" {list(record.own)[:8]} and {record.team}"
        )
    return _Replayed(game, state, frozenset(idle - busy))
