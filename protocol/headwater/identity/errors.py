"""What can be wrong with a registration file."""

from __future__ import annotations

from headwater.chain.errors import HeadwaterError


class RegistrationError(HeadwaterError, ValueError):
    """A registration file, or a part of one, that is not what it must be; says which part, and what is accepted."""
