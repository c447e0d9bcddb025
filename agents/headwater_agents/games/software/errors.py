"""What this room refuses."""

from __future__ import annotations

from headwater.errors import InputError


class SoftwareError(InputError):
    """A specification, an artefact or a log that cannot be used. The text says what was wrong and what is accepted."""
