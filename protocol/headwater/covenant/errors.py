"""What can be wrong with a declaration, an agreement, or a word about one."""

from __future__ import annotations

from headwater.chain.errors import HeadwaterError
from headwater.errors import InputError


class CovenantError(HeadwaterError, InputError):
    """Something that the contracts about values would refuse, or that cannot be read; says what is accepted."""
