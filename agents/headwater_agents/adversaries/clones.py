"""A provider that sells its signal under several names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, get_args

from headwater.credit.logit import CreditRule
from headwater_agents.adversaries.bounds import one_of, within
from headwater_agents.lab.game.attack import Attack
from headwater_agents.lab.game.seats import supplier_lists
from headwater_agents.lab.game.setting import Endowment, Setting
from headwater_agents.lab.game.table import Table

_ORIGINAL = "coalition-provider-1"


@dataclass(kw_only=True)
class Clones(Attack):
    """Whoever buys from it buys from its copies too. It has no stake: gains are per honest stake.

    Attributes:
        copies: besides the original.
        noise: standard deviation of what each copy adds to the signal, log-odds; 0 for exact clones.
        enters: question from which the copies sell, warm-up included.
        credit: rule by which all buyers divide; "" for the setting's own.
    """

    name: ClassVar[str] = "clones"
    goal: ClassVar[str] = "a larger share of the credit for the same information"
    seen: ClassVar[str] = "copied features in data markets paid by Shapley values (Agarwal, Dahleh, Sarkar, 2019)"
    ranges: ClassVar[Mapping[str, tuple[float, float]]] = {"copies": (1, 6), "noise": (0, 1)}
    variants: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "noisy": {"noise": 0.3},
        "late": {"enters": 60},
        "late-precedence": {"enters": 60, "credit": "precedence"},
        "leave-one-out": {"credit": "leave-one-out"},
    }
    copies: int = 3
    noise: float = 0.0
    enters: int = 0
    credit: str = ""

    def __post_init__(self) -> None:
        within(self, copies=(1, 10), noise=(0, 10), enters=(0, 10**6))
        one_of(self, credit=("", *get_args(CreditRule)))

    def endowment(self) -> Endowment:
        """One honest provider, and no stake."""
        return Endowment(stake_share=self.stake_share, forecasters=0, providers=1)

    def setting(self, setting: Setting) -> Setting:
        """Everybody divides by the rule asked for."""
        return setting.with_(credit=self.credit) if self.credit else setting

    def suppliers(self, setting: Setting) -> Mapping[str, tuple[str, ...]]:
        """The copies, for whoever buys the original."""
        return clones_of(_ORIGINAL, self.copies, setting)

    def signal(self, table: Table, name: str, honest: float | None) -> float | None:
        """A copy's is the original's, give or take the noise."""
        if not is_clone(name):
            return honest
        original = table.signals.get(_ORIGINAL)
        if original is None or table.index < self.enters:
            return None
        return original + self.noise * float(table.rng.standard_normal()) if self.noise else original


def clones_of(original: str, copies: int, setting: Setting) -> dict[str, tuple[str, ...]]:
    """Names of copies by the buyers of the original."""
    named = tuple(f"coalition-clone-{number}" for number in range(1, copies + 1))
    return {buyer: named for buyer, suppliers in supplier_lists(setting).items() if named and original in suppliers}


def is_clone(name: str) -> bool:
    """Whether the account is one of `clones_of`."""
    return name.startswith("coalition-clone-")
