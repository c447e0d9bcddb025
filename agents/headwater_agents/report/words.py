"""Figures and verdicts of a trial as text. Everything here takes cells of a trial's summary."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import Any, Final

from headwater.report.grids import NOTHING

Cell = Mapping[str, Any]

VERDICTS: Final = ("profitable", "undecided", "neutral", "deterred")
"""In the order of worry."""

MEANING: Final = {
    "profitable": "the coalition gains by it",
    "undecided": "the seeds are too few to say",
    "neutral": "it changes the coalition's gain by less than matters",
    "deterred": "the coalition loses by it",
}


def verdict_of(cell: Cell) -> str | None:
    """One of VERDICTS; None where nothing was played."""
    if cell["verdict"] is None:
        return None
    return str(cell["verdict"]) if cell["established"] else "undecided"


def percent(value: float | None, signed: bool = True) -> str:
    """A share in percent, at about three digits, with a true minus sign; ∞ has none."""
    if value is None:
        return "∞"
    scaled = 100 * value
    digits = 0 if abs(scaled) >= 99.95 else 1 if abs(scaled) >= 9.995 else 2
    text = f"{scaled:+,.{digits}f}" if signed else f"{scaled:,.{digits}f}"
    return "0" if not float(text.replace(",", "")) else text.replace("-", "−")


def figure(value: float | None) -> str:
    """A signed number at three decimals."""
    text = "∞" if value is None else f"{value:+.3f}"
    return "0" if text in ("+0.000", "-0.000") else text.replace("-", "−")


def units(value: float) -> str:
    """A signed whole number, thousands apart."""
    text = f"{value:+,.0f}"
    return "0" if text in ("+0", "-0") else text.replace("-", "−")


def gas(cell: Cell) -> tuple[str, str]:
    """Of a cell that was played: how much more gas others and the coalition use, on the mean of its plays."""
    others, own = (units(cell["fields"][name]["mean"]) for name in ("honest_gas", "coalition_gas"))
    return others, own


def resolves(cell: Cell) -> str:
    """The gain that a played cell's seeds find nine times in ten, in percent."""
    return percent(cell["resolves"], signed=False)


def resolution(cells: Iterable[Cell], margin: float) -> str:
    """What gain the seeds played find, and how many cells resolve the margin: a sentence."""
    found = sorted(math.inf if cell["resolves"] is None else cell["resolves"] for cell in cells if verdict_of(cell))
    if not found:
        return "Nothing was played."
    few, middle, most = (
        percent(value if math.isfinite(value) else None, signed=False) for value in (found[0], median(found), found[-1])
    )
    enough = sum(value <= margin for value in found)
    return (
        f"The seeds played find, nine times in ten, a gain of {middle}% of stake in the median attack (from {few}% to "
        f"{most}%, by how much its plays differ); {enough} of {len(found)} resolve {100 * margin:g}%. That is each by "
        "itself: Holm's correction for all of them together asks for more."
    )


def titled(text: str) -> str:
    """With its first letter in upper case, and the rest as it is."""
    return text[:1].upper() + text[1:]


def interval(result: Mapping[str, Any] | None, words: Any = percent) -> str:
    """Mean and bounds: "+1.20 [0.80, 1.60]"."""
    if result is None:
        return NOTHING
    if result["low"] is None and result["high"] is None:
        return f"{words(result['mean'])} [?]"
    if result["low"] == result["high"]:
        return str(words(result["mean"]))
    return f"{words(result['mean'])} [{words(result['low'])}, {words(result['high'])}]"


def gain(cell: Cell) -> Mapping[str, Any] | None:
    """The gain of a cell that was played."""
    return cell["fields"]["gain"] if cell["verdict"] is not None else None


def row_label(cell: Cell, shares: bool) -> str:
    """The attack, and the coalition's stake where that varies."""
    return f"{cell['label']} at {100 * cell['stake_share']:g}%" if shares else str(cell["label"])


def has_shares(summary: Mapping[str, Any]) -> bool:
    """Whether the coalition's stake varies for one and the same attack."""
    return len(summary["trial"]["stake_shares"]) > 1


def cells_of(summary: Mapping[str, Any], mechanism: str, world: str) -> list[Cell]:
    """Cells of a mechanism in a world, in the order of the trial."""
    return [cell for cell in summary["cells"] if (cell["mechanism"], cell["world"]) == (mechanism, world)]


def parameters(cell: Cell) -> str:
    """Parameters with their values."""
    return ", ".join(f"{name} {_value(value)}" for name, value in cell["parameters"].items())


def _value(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    return str(value) if value != "" else "none"


def short(mechanism: str) -> str:
    """A mechanism's name in words; of one from a file, the class."""
    return mechanism.rpartition(":")[2] if ":" in mechanism else mechanism.replace("_", " ")


def counted(values: Iterable[str | None], order: Sequence[str] = VERDICTS) -> list[tuple[str, int]]:
    """How many there are of each verdict."""
    listed = list(values)
    return [(name, listed.count(name)) for name in order]
