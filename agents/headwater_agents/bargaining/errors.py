"""What bargaining refuses, and why."""

from __future__ import annotations

from headwater.errors import InputError


class BargainError(InputError):
    """Something that cannot be bargained with: the text says what was wrong and what is accepted."""


class TooManyError(BargainError):
    """A stage with more joint actions or players than are priced here. Nothing is estimated in its place."""


class PlayedError(BargainError):
    """A play that is not one, or whose deals, record or payoffs do not follow from its own messages and rolls."""
