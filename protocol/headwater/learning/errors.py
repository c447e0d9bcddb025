"""What learning under values refuses, as subclasses of ValueError."""

from __future__ import annotations

from headwater.errors import InputError


class LearningError(InputError):
    """Base of every refusal in `headwater.learning`."""


class TaskError(LearningError):
    """A task, a batch or a vector of parameters that is not well formed."""


class ProfileError(LearningError):
    """A profile or a profile file that is not well formed."""


class UpdateError(LearningError):
    """An update, or what is needed to judge it, that is not well formed."""


class SolverError(LearningError):
    """The solver gave no answer that can be relied on: the update is not judged, rather than judged wrongly."""


class RoundError(LearningError):
    """A round whose members, updates and weights do not fit together."""


class RecordError(LearningError):
    """A round's record that is not well formed, or not of the round asked for."""
