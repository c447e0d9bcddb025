"""From a bot's settings to the policy that decides: one of the stock ones, or a class of the author's own."""

from __future__ import annotations

from typing import Any

from eth_hash.auto import keccak

from headwater.chain import Account
from headwater_agents.bots.config import BotConfig, BotConfigError, PolicyConfig
from headwater_agents.policies import (
    Aggregator,
    BuyerConfig,
    Forecaster,
    ForecasterConfig,
    Keeper,
    KeeperConfig,
    LastOutcome,
    LastOutcomeConfig,
    ModelForecaster,
    ModelProvider,
    OddsCopier,
    OddsCopierConfig,
    PolicyError,
    PoolConfig,
    Provider,
    ProviderConfig,
    WorthConfig,
)


def salt_seed(account: Account, chain_id: int, arena: str) -> int:
    """The secret a bot's salts derive from: a signature that only its key can make, and makes again after any loss.

    keccak(sign(keccak("headwater salts" ‖ chain id ‖ arena))); signatures are deterministic (RFC 6979). What is signed
    is the hash of a text that begins neither like a transaction nor like EIP-191 or EIP-712 data.
    """
    text = b"headwater salts" + chain_id.to_bytes(32, "big") + bytes.fromhex(arena[2:])
    return int.from_bytes(keccak(account.sign_digest(keccak(text))), "big")


def make_policy(config: BotConfig, *, outcomes: int, seed: int) -> Any:
    """The policy of a bot on a series with this many outcomes. Raises BotConfigError."""
    try:
        return _make(config, outcomes, seed)
    except PolicyError as error:
        raise BotConfigError(f"[policy] {error}") from error


def _make(config: BotConfig, outcomes: int, seed: int) -> Any:
    settings, role, suppliers = config.policy, config.role, len(config.market.suppliers)
    if role == "keeper":
        return Keeper(KeeperConfig())
    if ":" in settings.use:
        return _own(config, outcomes, seed)
    choices: dict[tuple[str, str], Any] = {
        ("provider", "calibrated"): lambda: Provider(ProviderConfig(outcomes=outcomes)),
        ("aggregator", "pooled"): lambda: Aggregator(_buying(settings, outcomes, suppliers)),
        ("forecaster", "pooled"): lambda: Forecaster(_staking(settings, outcomes, suppliers, seed)),
        ("forecaster", "odds-copier"): lambda: OddsCopier(OddsCopierConfig(seed=seed)),
        ("forecaster", "last-outcome"): lambda: LastOutcome(
            LastOutcomeConfig(seed=seed, outcomes=outcomes, min_resolved=settings.min_resolved)
        ),
    }
    accepted = [use for kind, use in choices if kind == role]
    use = settings.use or (accepted[0] if accepted else "")
    if (role, use) not in choices:
        raise BotConfigError(
            f"[policy] use is {settings.use!r}; a {role} accepts {', '.join(accepted) or 'nothing'}, or file.py:Class"
        )
    if use == "pooled" and not suppliers:
        raise BotConfigError("[market] suppliers is empty: a pool needs at least one; list their agent ids")
    return choices[role, use]()


def _buying(settings: PolicyConfig, outcomes: int, suppliers: int) -> BuyerConfig:
    return BuyerConfig(
        pool=PoolConfig(outcomes=outcomes, suppliers=max(1, suppliers)),
        worth=WorthConfig(reweigh_every=settings.reweigh_every),
        keep_bps=settings.keep_bps,
        buffer=settings.buffer,
    )


def _staking(settings: PolicyConfig, outcomes: int, suppliers: int, seed: int) -> ForecasterConfig:
    return ForecasterConfig(
        seed=seed,
        buying=_buying(settings, outcomes, suppliers),
        min_resolved=settings.min_resolved,
        target_stake=settings.target_stake,
    )


def _own(config: BotConfig, outcomes: int, seed: int) -> Any:
    from headwater_agents.lab.mechanisms.base import LabError
    from headwater_agents.lab.own_file import class_from_file

    settings = config.policy
    place, _, name = settings.use.rpartition(":")
    try:
        made = class_from_file(f"{config.folder / place}:{name}")(**settings.settings)
    except LabError as error:
        raise BotConfigError(f"[policy] use: {error}") from error
    except TypeError as error:
        raise BotConfigError(f"[policy] settings do not fit {settings.use}: {error}") from error
    if not callable(getattr(made, "forecast", None)):
        if callable(getattr(made, "act", None)):
            return made
        raise BotConfigError(f"[policy] {settings.use} has neither forecast(memory, case) nor act(view)")
    if config.role == "provider":
        return ModelProvider(made)
    if config.role == "forecaster":
        suppliers = len(config.market.suppliers)
        return ModelForecaster(made, _staking(settings, outcomes, suppliers, seed), suppliers)
    raise BotConfigError(f"[policy] a model is for a forecaster or a provider; a {config.role} needs act(view)")
