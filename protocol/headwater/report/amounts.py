"""Amounts of wei, as a summary keeps them and as people read them. Integers only: nothing is lost before rounding."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from headwater.report.errors import SummaryError
from headwater.units import WAD

_DECIMAL = re.compile(r"-?[0-9]+")
_TOKEN_DIGITS = 18


def wei(value: Any) -> int:
    """The integer that a summary keeps as a decimal string (an int passes).

    Raises:
        SummaryError: anything else.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        return int(value)
    raise SummaryError(f"{value!r} is no amount of wei; expected a decimal string such as '1500000000000000000'")


def decimals_for(amounts: Iterable[int], significant: int = 6, least: int = 2) -> int:
    """Decimals with which a column of amounts (wei) shows its largest, in tokens, with so many digits; least to 18."""
    largest = max((abs(amount) for amount in amounts), default=0)
    if largest == 0:
        return least
    return min(max(significant - (len(str(largest)) - _TOKEN_DIGITS), least), _TOKEN_DIGITS)


def tokens(amount: int, decimals: int | None = None, *, sign: bool = False) -> str:
    """An amount of wei in tokens of 18 decimals, with thousands separators, rounded half to even.

    Args:
        amount: wei.
        decimals: digits after the point, 0 to 18; by default six significant digits, at least two after the point.
        sign: show a plus as well.
    """
    places = decimals_for([amount]) if decimals is None else decimals
    grain = 10 ** (_TOKEN_DIGITS - places)
    whole, rest = divmod(abs(amount), grain)
    whole += (2 * rest > grain) or (2 * rest == grain and whole % 2 == 1)
    integer, fraction = divmod(whole, 10**places)
    mark = "−" if amount < 0 else "+" if sign and amount > 0 else ""
    return f"{mark}{integer:,}" + (f".{fraction:0{places}d}" if places else "")


def as_float(amount: int) -> float:
    """An amount of wei in tokens, for a plot's axis."""
    return amount / WAD
