"""Mechanisms by name, and from a researcher's own file."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Final

from headwater_agents.lab.mechanisms.base import LabError, Mechanism
from headwater_agents.lab.mechanisms.by_stake import ByStake
from headwater_agents.lab.mechanisms.equal_split import EqualSplit
from headwater_agents.lab.mechanisms.headwater import HeadwaterMechanism
from headwater_agents.lab.mechanisms.kelly_market import KellyMarket
from headwater_agents.lab.mechanisms.numerai import Numerai
from headwater_agents.lab.mechanisms.predictoor import Predictoor
from headwater_agents.lab.mechanisms.torus import Torus
from headwater_agents.lab.mechanisms.weighted_score import WeightedScore
from headwater_agents.lab.mechanisms.yuma import Yuma
from headwater_agents.lab.own_file import class_from_file
from headwater_agents.lab.values import check_arguments

Factory = Callable[..., Mechanism]
"""Makes a fresh mechanism; takes keyword arguments only, all of which have defaults."""

_MECHANISMS: Final[dict[str, Factory]] = {
    HeadwaterMechanism.name: HeadwaterMechanism,
    Torus.name: Torus,
    Yuma.name: Yuma,
    Predictoor.name: Predictoor,
    Numerai.name: Numerai,
    WeightedScore.name: WeightedScore,
    KellyMarket.name: KellyMarket,
    EqualSplit.name: EqualSplit,
    ByStake.name: ByStake,
}

_ATTRIBUTES: Final = ("name", "secret_reports", "binds_weights", "scored")
_METHODS: Final = tuple(
    name for name, member in vars(Mechanism).items() if inspect.isfunction(member) and not name.startswith("_")
)


def names() -> tuple[str, ...]:
    """Names that `make` knows, in the order of tables."""
    return tuple(_MECHANISMS)


def make(name: str, **settings: Any) -> Mechanism:
    """A fresh mechanism: one of `names()`, or "path.py:ClassName" for a class in a file of one's own.

    Raises:
        LabError: for an unknown name, a file or class that is missing or fails, settings that it does not take, or an
            object that is not a mechanism.
    """
    factory: Factory = class_from_file(name) if ":" in name else _known(name)
    try:
        inspect.signature(factory).bind(**settings)
    except TypeError as error:
        accepted = ", ".join(inspect.signature(factory).parameters) or "none"
        raise LabError(f"{name} cannot be made from these settings: {error}; it takes: {accepted}") from error
    check_arguments(name, factory, settings)
    mechanism = factory(**settings)
    missing = [each for each in _ATTRIBUTES if not hasattr(mechanism, each)]
    missing += [each for each in _METHODS if not callable(getattr(mechanism, each, None))]
    if missing:
        raise LabError(f"{name} is not a mechanism; it lacks: {', '.join(missing)}")
    return mechanism


def _known(name: str) -> Factory:
    try:
        return _MECHANISMS[name]
    except KeyError:
        known = ", ".join(names())
        raise LabError(f"there is no mechanism {name!r}; there are {known}, or path.py:ClassName") from None
