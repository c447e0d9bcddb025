"""From a record back to its play, and to the plays that would have been without some of its players."""

from __future__ import annotations

from typing import Any

from headwater_agents.games.base import Game
from headwater_agents.games.errors import PlayError, RecordError
from headwater_agents.games.record import Record, parse


def replay(record: Record) -> Any:
    """The state a record ends in, from its actions and rolls alone.

    Raises:
        RecordError: no such game, a step against its rules, a decision that is not the player's turn, steps after the
            end, or other earnings than the play has.
    """
    return _replayed(record)[1]


def load(text: str, *, digest: bytes | None = None) -> Record:
    """A record from its JSON text, replayed; with a digest, that very record and no other.

    Raises:
        RecordError: what `parse` and `replay` refuse, or a record of another digest.
    """
    record = parse(text)
    if digest is not None and record.digest != digest:
        raise RecordError(f"this record has the digest 0x{record.digest.hex()}, not 0x{digest.hex()}: it was changed")
    replay(record)
    return record


def _replayed(record: Record) -> tuple[Game[Any], Any]:
    try:
        game = record.rules()
    except PlayError as error:
        raise RecordError(f"the record's game cannot be had: {error}") from None
    state = game.start()
    for number, step in enumerate(record.steps):
        acting = game.acting(state)
        slots = tuple(game.slot(state, player) for player in acting)
        if not acting:
            raise RecordError(f"step {number} comes after the end of the game")
        if slots != step.slots:
            raise RecordError(f"step {number} is decided by {', '.join(slots)[:200]}; the record has other keys")
        if len(step.actions) != len(acting):
            raise RecordError(f"step {number} has {len(acting)} actions; the record has {len(step.actions)}")
        try:
            state = game.step(state, dict(zip(acting, step.actions, strict=True)), step.rolls)
        except PlayError as error:
            raise RecordError(f"step {number} breaks the rules: {error}") from None
    if game.own(state) != record.own or game.team(state) != record.team:
        raise RecordError(
            f"the play earns {list(game.own(state))[:8]} and {game.team(state)} together, in wei; the record says"
            f" {list(record.own)[:8]} and {record.team}"
        )
    return game, state
