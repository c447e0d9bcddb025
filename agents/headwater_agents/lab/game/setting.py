"""What a play is made of: a world, a mechanism, honest agents, and what the coalition brings to the table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Final, get_args

from headwater.credit.logit import CreditRule
from headwater.units import BPS, WAD
from headwater_agents.lab.mechanisms.base import LabError
from headwater_agents.lab.population import BuyerTraits, ProviderTraits, WagerTraits
from headwater_agents.lab.values import check_fields
from headwater_agents.lab.worlds import RainyWorld, SyntheticWorld, World

_WORLDS: Final = {"synthetic": SyntheticWorld, "rain": RainyWorld}
_SIDES: Final = ("", "copy", "noisy", "even", "coin")
_LEAST_KEEP: Final = 100  # bps, as the contracts have it

STAKE_SHARES: Final = (0.0001, 0.95)
"""Least and largest share of all stake that a coalition may hold: a basis point, and what leaves a game to attack."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Endowment:
    """What a coalition holds, whether it plays honestly or not.

    Attributes:
        stake_share: of all stake at the start, 0 or as `STAKE_SHARES` says.
        forecasters, aggregators, providers: accounts of each kind. Forecasters share the stake equally, buy like honest
            ones, and buy the coalition's providers too; aggregators and providers sell to honest buyers as well.
        quality: of its providers' information, 0 to 1 of an honest provider's.
        idle: the honest thing for its forecasters is to stay out: they have nothing of their own to say.
    """

    stake_share: float = 0.2
    forecasters: int = 1
    aggregators: int = 0
    providers: int = 0
    quality: float = 1.0
    idle: bool = False

    def __post_init__(self) -> None:
        low, high = STAKE_SHARES
        if self.stake_share != 0 and not low <= self.stake_share <= high:
            raise LabError(f"stake_share is {self.stake_share!r}; it must be 0, or {low} to {high}")
        if not 0 <= self.quality <= 1:
            raise LabError(f"quality is {self.quality!r}; it must be 0 to 1")
        if min(self.forecasters, self.aggregators, self.providers) < 0:
            raise LabError(f"numbers of accounts must not be negative: {self}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """Everything about a play but the attack and the seed. Money wei, shares bps.

    Attributes:
        world, world_settings: "synthetic" or "rain", and its settings.
        mechanism, mechanism_settings: a name or "path.py:ClassName", and its settings.
        questions: that are scored; `warm_up` more come first, without wagers, to learn on.
        forecasters, aggregators, providers: honest ones. The last forecaster enters a third of the way in.
        stake: of an honest forecaster.
        forecaster_keep, aggregator_keep: shares kept, 100 to 10,000 bps.
        credit: rule by which buyers divide what they pass on; see BuyerTraits.
        reweigh_every: questions between announcements of weights.
        provider, wager: traits of honest providers and forecasters.
        side: a second series whose odds a feed posts, asked beside every main question: "" for none; "copy", "noisy"
            and "even" ask the same and post the main odds, those with an error of half a log-odd, or even odds; "coin"
            asks about a fair coin and posts even odds.
        endowment: the coalition's.
    """

    world: str = "synthetic"
    world_settings: Mapping[str, Any] = field(default_factory=dict)
    mechanism: str = "headwater"
    mechanism_settings: Mapping[str, Any] = field(default_factory=dict)
    questions: int = 150
    warm_up: int = 20
    forecasters: int = 4
    aggregators: int = 2
    providers: int = 8
    stake: int = 10_000 * WAD
    forecaster_keep: int = 4_000
    aggregator_keep: int = 2_000
    credit: CreditRule = "shapley"
    reweigh_every: int = 20
    provider: ProviderTraits = field(default_factory=ProviderTraits)
    wager: WagerTraits = field(default_factory=WagerTraits)
    side: str = ""
    endowment: Endowment = field(default_factory=Endowment)

    def __post_init__(self) -> None:
        if self.world not in _WORLDS:
            raise LabError(f"unknown world {self.world!r}; accepted: {', '.join(_WORLDS)}")
        if self.questions < 1 or self.warm_up < 0 or self.reweigh_every < 1:
            raise LabError("questions and reweigh_every must be at least 1, warm_up not negative")
        if self.forecasters < 1 or self.aggregators < 0 or self.providers < 4:
            raise LabError("there must be at least 1 honest forecaster and 4 honest providers")
        if self.side not in _SIDES or self.stake <= 0:
            raise LabError(f"side must be one of {', '.join(repr(side) for side in _SIDES)}, stake positive")
        if self.credit not in get_args(CreditRule):
            raise LabError(f"credit is {self.credit!r}; accepted: {', '.join(get_args(CreditRule))}")
        for name, keep in (("forecaster_keep", self.forecaster_keep), ("aggregator_keep", self.aggregator_keep)):
            if not _LEAST_KEEP <= keep <= BPS:
                raise LabError(f"{name} is {keep}; it must be {_LEAST_KEEP} to {BPS} bps")

    def make_world(self) -> World:
        """The world. Raises LabError for settings it does not take."""
        kind = _WORLDS[self.world]
        unknown = set(self.world_settings) - {each.name for each in fields(kind)}
        if unknown:
            accepted = ", ".join(each.name for each in fields(kind))
            raise LabError(f"world {self.world} has no {', '.join(sorted(unknown))}; it takes: {accepted}")
        check_fields(f"world {self.world}", kind, self.world_settings)
        if self.world_settings.get("stride", 1) < 1:
            raise LabError(f"stride is {self.world_settings['stride']}; it must be at least 1 day")
        world: World = kind(**self.world_settings)
        return world

    def buyer(self, keep_bps: int) -> BuyerTraits:
        """Traits of a buyer that keeps this much."""
        return BuyerTraits(keep_bps=keep_bps, credit=self.credit)

    def coalition_stake(self) -> int:
        """Stake of each of the coalition's forecasters, wei."""
        endowment = self.endowment
        if endowment.forecasters == 0:
            return 0
        share = int(endowment.stake_share * BPS)
        return self.forecasters * self.stake * share // (BPS - share) // endowment.forecasters

    def with_(self, **changes: Any) -> Setting:
        """A copy with some attributes changed; mappings given for `world_settings` and the like are merged."""
        for name in ("world_settings", "mechanism_settings"):
            if name in changes:
                changes[name] = {**getattr(self, name), **changes[name]}
        return replace(self, **changes)

    def to_json(self) -> dict[str, Any]:
        """Plain values only; `from_json` reads them back."""
        plain = asdict(self)
        plain["world_settings"], plain["mechanism_settings"] = dict(self.world_settings), dict(self.mechanism_settings)
        return plain

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Setting:
        """From plain values; parts may be left out.

        Raises:
            LabError: an attribute it does not know, or a value that is none for it.
        """
        parts: dict[str, Any] = {"provider": ProviderTraits, "wager": WagerTraits, "endowment": Endowment}
        values = dict(plain)
        for name, kind in parts.items():
            if isinstance(values.get(name), Mapping):
                values[name] = _built(kind, values[name], name)
        built = _built(cls, values, "setting")
        assert isinstance(built, Setting)  # noqa: S101 - what `cls` is
        return built


def _built(kind: Any, values: Mapping[str, Any], what: str) -> Any:
    unknown = set(values) - {each.name for each in fields(kind)}
    if unknown:
        accepted = ", ".join(each.name for each in fields(kind))
        raise LabError(f"{what} has no {', '.join(sorted(unknown))}; it takes: {accepted}")
    check_fields(what, kind, values)
    try:
        return kind(**values)
    except TypeError as error:
        raise LabError(f"{what}: {error}") from error
