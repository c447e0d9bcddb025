"""What the games refuse, and why."""

from __future__ import annotations

from headwater.errors import InputError


class PlayError(InputError):
    """Something a game cannot take: the text says what was wrong and what is accepted. The state is unchanged."""


class IllegalActionError(PlayError):
    """An action that is not open to its player now, a player who does not act now, or one who is missing."""


class IllegalRollError(PlayError):
    """Rolls that do not fit the dice of the step: too few, too many, out of bounds, or not integers."""


class SettingsError(PlayError):
    """A game that does not exist, or settings that describe none."""


class RecordError(PlayError):
    """A record that is not one, that breaks the rules of its game, or that says another result than its play has."""
