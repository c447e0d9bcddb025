"""What credit refuses, as subclasses of ValueError."""

from __future__ import annotations


class CreditError(ValueError):
    """Base of every refusal in `headwater.credit`."""


class GameError(CreditError):
    """A game, a coalition or a coalition's value that is not well formed."""


class PlayerLimitError(CreditError):
    """More players than a method that visits every coalition can take."""


class WeightsError(CreditError):
    """Credits or a total from which no weights can be made."""


class NoCreditError(WeightsError):
    """Nobody earned a credit above zero, so there is nothing to divide by."""


class SamplingError(CreditError):
    """An estimator, a budget or a target that sampling cannot work with."""
