"""A society by the name of a data set or the path of a file."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from headwater.values import Norm
from headwater_agents.values.evs import load_evs
from headwater_agents.values.files import read_society
from headwater_agents.values.society import Society, SocietyError
from headwater_agents.values.synthetic import make_synthetic
from headwater_agents.values.wvs import RELIABILITY, load_wvs

DATA: Final = {
    "evs": "34 countries of the European Values Study 2017",
    "wvs": "5,381 people of the World Values Survey 1995-1997",
    "synthetic": "made-up agents of several value clusters",
}
MADE: Final = 1_000
"""Agents of a synthetic society unless told otherwise."""


def load_society(
    data: str,
    *,
    agents: int | None = None,
    seed: int = 1,
    norm: Norm = Norm.L1,
    reliability: float = RELIABILITY,
) -> Society:
    """A society.

    Args:
        data: evs, wvs, synthetic, or the path of a .csv or .json file.
        agents: how many to make up (synthetic) or to draw (wvs); None for 1,000 and all.
        seed: of what is drawn.
        norm: of a file's bounds where it does not say.
        reliability: of one answer in the World Values Survey.

    Raises:
        SocietyError: none of these, or a number that the data set cannot give.
        OSError: a file that cannot be read.
    """
    if data == "synthetic":
        return make_synthetic(MADE if agents is None else agents, seed=seed)
    if data == "wvs":
        return load_wvs(reliability, agents, seed)
    if agents is not None:
        raise SocietyError(f"agents: only synthetic and wvs can be of another number; {data} is as it is")
    if data == "evs":
        return load_evs()
    path = Path(data)
    if path.suffix.lower() not in (".csv", ".json"):
        raise SocietyError(f"data {data!r}; accepted: {', '.join(DATA)}, or the path of a .csv or .json file")
    return read_society(path, norm)
