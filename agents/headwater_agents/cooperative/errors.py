"""What a cooperative refuses."""

from __future__ import annotations

from headwater.chain import HeadwaterError
from headwater.errors import InputError


class CooperativeError(HeadwaterError, InputError):
    """A cooperative, a data set or a run that cannot be as asked; says what was wrong and what is accepted."""
