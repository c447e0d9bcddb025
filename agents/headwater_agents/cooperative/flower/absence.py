"""Flower is an extra: what is refused without it, and what goes wrong with it."""

from __future__ import annotations

import importlib.util

from headwater_agents.cooperative.errors import CooperativeError


class FederationError(CooperativeError):
    """A federation that cannot be set up as asked, or that did not come to its end; says what was wrong."""


class FlowerAbsent(FederationError):  # noqa: N818 - the name says what is the matter
    """Flower, or the Ray that it simulates with, is not installed."""


def need_flower() -> None:
    """Raises FlowerAbsent, which says how to install them, unless Flower and Ray can be imported. Imports neither."""
    missing = [
        name for name, module in (("Flower", "flwr"), ("Ray", "ray")) if importlib.util.find_spec(module) is None
    ]
    if missing:
        verb = "are" if len(missing) > 1 else "is"
        raise FlowerAbsent(f"{' and '.join(missing)} {verb} not installed; `pip install 'headwater[flower]'` adds both")
