"""The whole protocol by its rules, without a chain: what every call must do, refuse and leave behind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from model_arena import ArenaModel
from model_base import Clock, Places, TokenModel
from model_cascade import CascadeModel
from model_treasury import TreasuryModel
from model_vault import VaultModel

from headwater.chain.system import System
from headwater.twin import Schedule
from headwater_deploy import ProtocolConfig


@dataclass(kw_only=True)
class Model:
    """Five contracts that share a clock. Attributes are named as in `System`."""

    clock: Clock
    places: Places
    token: TokenModel
    treasury: TreasuryModel
    vault: VaultModel
    cascade: CascadeModel
    arena: ArenaModel

    @staticmethod
    def of(system: System, config: ProtocolConfig, governor: str, balances: Mapping[str, int]) -> Model:
        """The model of a fresh deployment whose governor is also guardian and slasher; balances in wei.

        From the chain comes only when epoch 0 began: the time of the treasury's block.
        """
        clock = Clock()
        addresses = system.addresses
        places = Places(
            token=addresses.token,
            treasury=addresses.treasury,
            vault=addresses.vault,
            cascade=addresses.cascade,
            arena=addresses.arena,
            governor=governor,
        )
        token = TokenModel(places, config.cap, dict(balances))
        treasury = TreasuryModel(
            clock=clock,
            places=places,
            token=token,
            schedule=Schedule(
                start=int(system.treasury.call("START")),
                epoch=config.epoch,
                rate=config.emission,
                decay=config.decay,
            ),
        )
        cascade = CascadeModel(clock=clock, places=places, token=token)
        vault = VaultModel(
            clock=clock,
            places=places,
            token=token,
            cascade=cascade,
            cooldown=config.cooldown,
            max_window=config.max_window,
            idle_period=config.idle_period,
        )
        arena = ArenaModel(
            chain_id=system.backend.chain_id,
            clock=clock,
            places=places,
            treasury=treasury,
            vault=vault,
            cascade=cascade,
            min_window=config.min_window,
            max_window=config.max_window,
            resolve_timeout=config.resolve_timeout,
        )
        return Model(
            clock=clock, places=places, token=token, treasury=treasury, vault=vault, cascade=cascade, arena=arena
        )
