"""What a deployment will do, computed before anything is sent: addresses follow from the deployer's nonce."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from headwater.chain import create_address
from headwater.chain.system import CONTRACTS, Addresses
from headwater.identity import REGISTRIES, RegistryAddresses
from headwater_deploy.config import ProtocolConfig

# The view that shows each constructor argument for ever; None where it goes into storage that may change.
_VIEWS: Final[dict[str, tuple[str | None, ...]]] = {
    "HeadwaterToken": ("minter", "cap", None, None),
    "Treasury": ("TOKEN", "VAULT", "ARENA", None, "EPOCH", "EMISSION", "DECAY"),
    "StakeVault": ("TOKEN", "TREASURY", "CASCADE", "ARENA", None, None, "COOLDOWN", "MAX_WINDOW", "IDLE_PERIOD"),
    "Cascade": ("TOKEN", "VAULT"),
    "ForecastArena": ("TREASURY", "VAULT", "CASCADE", "MIN_WINDOW", "MAX_WINDOW", "RESOLVE_TIMEOUT"),
    "IdentityRegistry": (),
    "ReputationRegistry": ("getIdentityRegistry",),
    "ValidationRegistry": ("getIdentityRegistry",),
    "FeedbackGrounds": ("TOKEN", "CASCADE", "IDENTITY", "REPUTATION"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One contract: its name, the nonce that creates it, where it will be, its constructor arguments."""

    name: str
    nonce: int
    address: str
    args: tuple[object, ...]

    @property
    def recorded_args(self) -> list[object]:
        """The arguments as a manifest keeps them: JSON, with integers as decimal strings."""
        return [str(arg) if isinstance(arg, int) else arg for arg in self.args]

    @property
    def immutables(self) -> dict[str, object]:
        """What the contract's views must show for ever, by name."""
        return {view: arg for view, arg in zip(_VIEWS[self.name], self.args, strict=True) if view is not None}


def plan(deployer: str, first_nonce: int, config: ProtocolConfig) -> tuple[Step, ...]:
    """Steps of a deployment, in order.

    The contracts name each other as immutables, so each address must be known before the first is sent: the
    creations take consecutive nonces of the deployer, from `first_nonce`; the registries come last.
    """
    names = expected(config)
    places = [create_address(deployer, first_nonce + i) for i in range(len(names))]
    token, treasury, vault, cascade, arena = places[: len(CONTRACTS)]

    def role(address: str | None) -> str:
        return deployer if address is None else address

    arguments: tuple[tuple[object, ...], ...] = (
        (treasury, config.cap, role(config.genesis_holder), config.genesis_supply),
        (token, vault, arena, role(config.governor), config.epoch, config.emission, config.decay),
        (
            token,
            treasury,
            cascade,
            arena,
            role(config.guardian),
            role(config.slasher),
            config.cooldown,
            config.max_window,
            config.idle_period,
        ),
        (token, vault),
        (treasury, vault, cascade, config.min_window, config.max_window, config.resolve_timeout),
    )
    if config.registries:
        identity, reputation, _, _ = places[len(CONTRACTS) :]
        arguments += ((), (identity,), (identity,), (token, cascade, identity, reputation))
    return tuple(
        Step(name=name, nonce=first_nonce + i, address=places[i], args=arguments[i]) for i, name in enumerate(names)
    )


def expected(config: ProtocolConfig) -> tuple[str, ...]:
    """Names of the contracts that a configuration deploys, in order."""
    return CONTRACTS + REGISTRIES if config.registries else CONTRACTS


def addresses(steps: tuple[Step, ...]) -> Addresses:
    """Where the five contracts of a plan are."""
    token, treasury, vault, cascade, arena = (step.address for step in steps[: len(CONTRACTS)])
    return Addresses(token=token, treasury=treasury, vault=vault, cascade=cascade, arena=arena)


def registries(steps: tuple[Step, ...]) -> RegistryAddresses | None:
    """Where the registries of a plan are; None if it has none."""
    if len(steps) == len(CONTRACTS):
        return None
    identity, reputation, validation, grounds = (step.address for step in steps[len(CONTRACTS) :])
    return RegistryAddresses(identity=identity, reputation=reputation, validation=validation, grounds=grounds)
