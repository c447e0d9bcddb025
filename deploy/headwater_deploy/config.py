"""What a deployment is made with. Rails are the contracts' own; they revert on anything outside."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final

from headwater.chain import ArgumentError, checksum
from headwater.units import WAD

DAY: Final = 86_400
HOUR: Final = 3_600
ZERO_ADDRESS: Final = "0x" + "00" * 20


class ConfigError(ValueError):
    """A deployment setting that the contracts would refuse; says which, and what is accepted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtocolConfig:
    """What is deployed: constructor settings of the five contracts, and whether the registries stand beside them.

    Attributes:
        cap: largest total supply, wei; below 2**96.
        genesis_supply: minted at deployment to `genesis_holder`, wei.
        genesis_holder: None for the deployer.
        epoch: length of an emission epoch, seconds; 60 s to 366 days.
        emission: most that epoch 0 mints, wei.
        decay: factor from epoch to epoch, WAD.
        cooldown: unbonding, seconds; 1 s to 90 days.
        min_window, max_window: bounds on a question's windows, seconds.
        idle_period: after which an escrow may be closed, seconds; max_window to 366 days.
        resolve_timeout: after which anybody may void, seconds; min_window to 90 days.
        governor, guardian, slasher: roles; None for the deployer, the zero address to leave one empty for ever.
        registries: deploy the ERC-8004 registries and FeedbackGrounds too, after the five.
    """

    cap: int = 10**9 * WAD
    genesis_supply: int = 10**8 * WAD
    genesis_holder: str | None = None
    epoch: int = 7 * DAY
    emission: int = 10**6 * WAD
    decay: int = 998 * 10**15
    cooldown: int = 7 * DAY
    min_window: int = HOUR
    max_window: int = 14 * DAY
    idle_period: int = 30 * DAY
    resolve_timeout: int = 7 * DAY
    governor: str | None = None
    guardian: str | None = None
    slasher: str | None = None
    registries: bool = True

    def __post_init__(self) -> None:
        self._within("cap", self.cap, 1, 2**96 - 1, "wei")
        self._within("genesis_supply", self.genesis_supply, 0, self.cap, "wei")
        self._within("epoch", self.epoch, 60, 366 * DAY, "seconds")
        self._within("emission", self.emission, 0, 2**96 - 1, "wei")
        self._within("decay", self.decay, 0, WAD, "WAD")
        self._within("cooldown", self.cooldown, 1, 90 * DAY, "seconds")
        self._within("max_window", self.max_window, 1, 90 * DAY, "seconds")
        self._within("min_window", self.min_window, 1, self.max_window, "seconds")
        self._within("idle_period", self.idle_period, self.max_window, 366 * DAY, "seconds")
        self._within("resolve_timeout", self.resolve_timeout, self.min_window, 90 * DAY, "seconds")
        if type(self.registries) is not bool:
            raise ConfigError(f"registries is {self.registries!r}; accepted: true or false")
        for name in ("genesis_holder", "governor", "guardian", "slasher"):
            self._address(name, getattr(self, name))

    @staticmethod
    def _within(name: str, value: int, low: int, high: int, unit: str) -> None:
        if type(value) is not int or not low <= value <= high:  # True is an int, but no number of anything
            raise ConfigError(f"{name} is {value!r}; accepted: {low} to {high} ({unit})")

    @staticmethod
    def _address(name: str, value: str | None) -> None:
        try:
            if value is not None:
                checksum(value)
        except ArgumentError as error:
            raise ConfigError(f"{name}: {error}; without it, the deployer") from error

    def as_dict(self) -> dict[str, Any]:
        """The settings by name."""
        return asdict(self)
