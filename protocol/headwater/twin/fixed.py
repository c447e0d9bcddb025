"""Fixed-point arithmetic exactly as the contracts do it. Pure integers; no float is used."""

from __future__ import annotations

from typing import Final

from headwater.units import WAD

_SIGN: Final = 1 << 255
_WORD: Final = 1 << 256


def _signed(value: int) -> int:
    """Wrap to a signed 256-bit word, as the EVM's unchecked arithmetic does."""
    value %= _WORD
    return value - _WORD if value >= _SIGN else value


def floor_div(numerator: int, denominator: int) -> int:
    """Quotient rounded toward minus infinity, for a positive denominator."""
    if denominator <= 0:
        raise ValueError(f"denominator must be positive, got {denominator}")
    return numerator // denominator


def ceil_div(numerator: int, denominator: int) -> int:
    """Quotient of non-negative integers rounded up."""
    if denominator <= 0 or numerator < 0:
        raise ValueError(f"need numerator >= 0 and denominator > 0, got {numerator} and {denominator}")
    return -(-numerator // denominator)


def wad_ln(x: int) -> int:
    """Natural logarithm, WAD in and WAD out, equal to snekmate 0.1.2 ``math._wad_ln`` to the last bit.

    The error against the true logarithm is below 2 wei (tested against mpmath at 50 digits). As in the contract,
    0 gives 0.

    Source: the (8, 8)-term rational approximation by Remco Bloemen, "Approximating exp and ln for WAD fixed point".

    Raises:
        ValueError: x is negative or does not fit a signed 256-bit word.
    """
    if not 0 <= x < _SIGN:
        raise ValueError(f"wad_ln takes a WAD from 0 to 2**255 - 1, got {x}")
    if x == 0:
        return 0
    k = x.bit_length() - 1 - 96
    x = ((x << (159 - k)) % _WORD) >> 159
    p = _signed(
        (((x + 3_273_285_459_638_523_848_632_254_066_296) * x) >> 96) + 24_828_157_081_833_163_892_658_089_445_524
    )
    p = _signed((_signed(p * x) >> 96) + 43_456_485_725_739_037_958_740_375_743_393)
    p = _signed((_signed(p * x) >> 96) - 11_111_509_109_440_967_052_023_855_526_967)
    p = _signed((_signed(p * x) >> 96) - 45_023_709_667_254_063_763_336_534_515_857)
    p = _signed((_signed(p * x) >> 96) - 14_706_773_417_378_608_786_704_636_184_526)
    p = _signed(_signed(p * x) - (795_164_235_651_350_426_258_249_787_498 << 96))
    q = _signed(
        (((x + 5_573_035_233_440_673_466_300_451_813_936) * x) >> 96) + 71_694_874_799_317_883_764_090_561_454_958
    )
    q = _signed((_signed(q * x) >> 96) + 283_447_036_172_924_575_727_196_451_306_956)
    q = _signed((_signed(q * x) >> 96) + 401_686_690_394_027_663_651_624_208_769_553)
    q = _signed((_signed(q * x) >> 96) + 204_048_457_590_392_012_362_485_061_816_622)
    q = _signed((_signed(q * x) >> 96) + 31_853_899_698_501_571_402_653_359_427_138)
    q = _signed((_signed(q * x) >> 96) + 909_429_971_244_387_300_277_376_558_375)
    r = abs(p) // abs(q)
    if (p < 0) != (q < 0):
        r = -r  # the EVM's sdiv truncates toward zero
    return (
        _signed(
            r * 1_677_202_110_996_718_588_342_820_967_067_443_963_516_166
            + k * 16_597_577_552_685_614_221_487_285_958_193_947_469_193_820_559_219_878_177_908_093_499_208_371
            + 600_920_179_829_731_861_736_702_779_321_621_459_595_472_258_049_074_101_567_377_883_020_018_308
        )
        >> 174
    )


def check_simplex(probabilities: list[int] | tuple[int, ...], outcomes: int, p_min: int) -> None:
    """Check a forecast or posted odds as the arena does.

    Args:
        probabilities: WAD, one per outcome.
        outcomes: k.
        p_min: WAD; smallest probability allowed.

    Raises:
        ValueError: wrong length, a probability outside [p_min, 1], or a sum other than 1 (to the wei).
    """
    if len(probabilities) != outcomes:
        raise ValueError(f"expected {outcomes} probabilities, one per outcome, got {len(probabilities)}")
    for index, p in enumerate(probabilities):
        if not p_min <= p <= WAD:
            raise ValueError(f"probability {index} is {p}; accepted are {p_min} to {WAD} (WAD)")
    if sum(probabilities) != WAD:
        raise ValueError(f"probabilities sum to {sum(probabilities)}; they must sum to {WAD} exactly")
