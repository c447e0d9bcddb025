"""What the outbox has to say that a chain does not."""

# ruff: noqa: N818 - the names say what happened; "ChainError" says that it is an error
from __future__ import annotations

from headwater.chain import ChainError


class DeadlinePassed(ChainError):
    """Too late for it: a transaction was not sent, or was cancelled before it was mined."""


class KeyInUse(ChainError):
    """Somebody else sends with this account's key: a second copy of the agent, or a person.

    What was asked for was not done. Make no new promises with this key (a second copy may undo them); keep those made.
    """


class Unsettled(ChainError):
    """An earlier transaction's end is not known, or was undone by the chain, so this one was not sent.

    Call `recover`, look at the chain again, and decide anew.
    """
