"""What a deployment will do, computed before anything is sent: addresses follow from the deployer's nonce."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from headwater.chain import create_address
from headwater.chain.system import CONTRACTS, Addresses
from headwater.covenant import COVENANTS, CovenantAddresses
from headwater.deals.addresses import DEALS, DealAddresses
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
    "ValueRegistry": (
        "TOKEN",
        "TREASURY",
        "VOTE",
        "COURT",
        "MIN_BOND",
        "UNBONDING",
        "REVEAL_WINDOW",
        "JOIN_WINDOW",
        "PROVER_BPS",
    ),
    "HomophilyVote": (
        "VAULT",
        "LOW",
        "HIGH",
        "TICKS",
        None,
        "COMMIT_PERIOD",
        "REVEAL_PERIOD",
        "DELAY",
        "REST",
        "QUORUM_BPS",
    ),
    "UpdateCourt": ("REGISTRY", "SLASH_BPS", "CLAIM_BLOCKS"),
    "DealEscrow": ("TOKEN", "TREASURY", "CASCADE"),
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
    creations take consecutive nonces of the deployer, from `first_nonce`; the registries come after the five, then the
    contracts about values, then the deals, so that none moves what stands before it.
    """
    names = expected(config)
    places = [create_address(deployer, first_nonce + i) for i in range(len(names))]
    at = dict(zip(names, places, strict=True))
    token, treasury, vault, cascade, arena = (at[name] for name in CONTRACTS)

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
        identity, reputation, _, _ = (at[name] for name in REGISTRIES)
        arguments += ((), (identity,), (identity,), (token, cascade, identity, reputation))
    if config.covenants:
        arguments += _covenants(config, token, treasury, vault, *(at[name] for name in COVENANTS))
    if config.deals:
        arguments += ((token, treasury, cascade),)
    return tuple(
        Step(name=name, nonce=first_nonce + i, address=places[i], args=arguments[i]) for i, name in enumerate(names)
    )


def _covenants(
    config: ProtocolConfig, token: str, treasury: str, vault: str, registry: str, vote: str, court: str
) -> tuple[tuple[object, ...], ...]:
    """Constructor arguments of the contracts about values, in order."""
    return (
        (
            token,
            treasury,
            vote,
            court,
            config.min_bond,
            config.unbonding,
            config.declare_window,
            config.join_window,
            config.prover_bps,
        ),
        (
            vault,
            config.vote_low,
            config.vote_high,
            config.vote_ticks,
            config.vote_initial_tick,
            config.vote_commit,
            config.vote_reveal,
            config.vote_delay,
            config.vote_rest,
            config.vote_quorum_bps,
        ),
        (registry, config.slash_bps, config.claim_blocks),
    )


def expected(config: ProtocolConfig) -> tuple[str, ...]:
    """Names of the contracts that a configuration deploys, in order."""
    asked = ((config.registries, REGISTRIES), (config.covenants, COVENANTS), (config.deals, DEALS))
    return CONTRACTS + tuple(name for wanted, names in asked if wanted for name in names)


def addresses(steps: tuple[Step, ...]) -> Addresses:
    """Where the five contracts of a plan are."""
    token, treasury, vault, cascade, arena = (step.address for step in steps[: len(CONTRACTS)])
    return Addresses(token=token, treasury=treasury, vault=vault, cascade=cascade, arena=arena)


def registries(steps: tuple[Step, ...]) -> RegistryAddresses | None:
    """Where the registries of a plan are; None if it has none."""
    at = {step.name: step.address for step in steps}
    if REGISTRIES[0] not in at:
        return None
    identity, reputation, validation, grounds = (at[name] for name in REGISTRIES)
    return RegistryAddresses(identity=identity, reputation=reputation, validation=validation, grounds=grounds)


def covenants(steps: tuple[Step, ...]) -> CovenantAddresses | None:
    """Where the contracts about values of a plan are; None if it has none."""
    at = {step.name: step.address for step in steps}
    if COVENANTS[0] not in at:
        return None
    registry, vote, court = (at[name] for name in COVENANTS)
    return CovenantAddresses(registry=registry, vote=vote, court=court)


def deals(steps: tuple[Step, ...]) -> DealAddresses | None:
    """Where the escrow of deals of a plan is; None if it has none."""
    at = {step.name: step.address for step in steps}
    return DealAddresses(escrow=at[DEALS[0]]) if DEALS[0] in at else None
