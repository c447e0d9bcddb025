"""Sets the stage of a swarm on a running node: contracts, series, money, registrations, and everybody's settings.

Every step looks first whether it was done, so that it can be begun again wherever it was cut off.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import astuple, dataclass
from typing import Final

from headwater.chain import Account, Contract, NotMined, Transaction, TxRequest, connect
from headwater.chain.participant import MAX_APPROVAL
from headwater.chain.rpc import RpcBackend
from headwater.chain.system import SeriesParams, System
from headwater.identity import Registries
from headwater.units import WAD
from headwater_agents.bots.membership import find_agent
from headwater_agents.swarm.folder import RunFolder
from headwater_agents.swarm.lessons import RULE, first_day, write_lessons
from headwater_agents.swarm.parts import BUYERS, FACILITATOR, RESOLVER, SELLERS, Part, cast
from headwater_agents.swarm.settings import SwarmError, SwarmSettings, SwarmUsageError
from headwater_deploy import Manifest, ProtocolConfig, deploy

SERIES: Final = 1
_GAS: Final = 5_000_000
_MINED_S: Final = 60.0
_LEAST_ETHER: Final = 10**17
_SUPPLY: Final = 10**7 * WAD

Tell = Callable[[str], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """What is on the chain: the deployment, and agent ids by name."""

    backend: RpcBackend
    system: System
    registries: Registries | None
    agents: dict[str, int]

    def close(self) -> None:
        """Let go of the node."""
        self.backend.close()


def open_stage(folder: RunFolder, url: str) -> Stage:
    """What `set_stage` made. Raises ManifestError, ConnectionFailed."""
    manifest = Manifest.read(folder.manifest)
    backend = _node(url, folder.settings, manifest.chain_id)
    registries = Registries(backend, manifest.registries()) if folder.settings.market else None
    return Stage(
        backend=backend,
        system=System(backend, manifest.addresses()),
        registries=registries,
        agents=dict(folder.notes.get("agents", {})),
    )


def set_stage(folder: RunFolder, url: str, tell: Tell) -> Stage:
    """Deploy, pay, register, and write everybody's lessons. Raises SwarmError, ChainError."""
    settings, parts = folder.settings, cast(folder.settings)
    backend = _node(url, settings)
    for part in parts:
        if backend.balance(part.account(settings.seed).address) < _LEAST_ETHER:
            raise SwarmUsageError(
                f"{part.account(settings.seed).address} has no ether on {backend.name}: a swarm plays with development "
                "keys, which anybody can work out; use its own node, or a development node such as anvil"
            )
    tell("deploying the contracts")
    deployment = deploy(backend, parts[0].account(settings.seed), _protocol(settings), manifest=folder.manifest)
    system = deployment.system
    registries = None if deployment.registries is None else Registries(backend, deployment.registries)
    tell("creating the series, handing out stakes and tokens")
    _endow(backend, system, settings, parts)
    agents: dict[str, int] = {}
    if registries is not None:
        tell("registering agents")
        agents = _register(backend, registries, settings, parts)
    tell("learning from the archive")
    histories, pasts = write_lessons(folder.path, settings, parts, agents)
    began = {part.name: _worth(system, part.account(settings.seed).address) for part in parts}
    folder.note(
        agents=agents,
        histories=histories,
        pasts=pasts,
        began=began,
        first_day=first_day(settings),
        first_block=backend.block_number(),
    )
    return Stage(backend=backend, system=system, registries=registries, agents=agents)


def _node(url: str, settings: SwarmSettings, chain_id: int | None = None) -> RpcBackend:
    backend = connect(url, seed=settings.seed, chain_id=chain_id)
    if not isinstance(backend, RpcBackend):
        raise SwarmUsageError(f"{url} is no URL of a node")
    accounts = getattr(backend, "dev_accounts", None)
    if accounts is not None:
        accounts(len(cast(settings)))  # which pays them some ether
    return backend


def _protocol(settings: SwarmSettings) -> ProtocolConfig:
    window = settings.lead + settings.commit + settings.reveal + settings.rest
    return ProtocolConfig(
        genesis_supply=_SUPPLY,
        emission=20_000 * WAD,
        epoch=3_600,
        min_window=1,
        # A replaced version closes max_window later: as soon as questions allow.
        max_window=max(60, window),
        idle_period=3_600,
        resolve_timeout=600,
        cooldown=60,
        registries=settings.market,
        covenants=False,
        deals=False,
    )


def _endow(backend: RpcBackend, system: System, settings: SwarmSettings, parts: Sequence[Part]) -> None:
    governor = parts[0].account(settings.seed)
    batch = Batch(backend)
    if system.params(SERIES).outcomes == 0:
        params = SeriesParams(
            outcomes=2,
            p_min=RULE.p_min,
            rent_bps=25,
            share_bps=1_000,
            min_wager=WAD,
            epoch_cap=_SUPPLY,
            forgetting=0,
            smoothing=0,
            warm_up=0,
            opener=governor.address,
            feed=governor.address,
            oracle=governor.address,
            governed=True,
        )
        batch.add(governor, system.arena, "create_series", astuple(params))
    if system.series_account(SERIES) == (0, 0):
        batch.add(governor, system.treasury, "set_weights", [SERIES], [1])
        batch.add(governor, system.treasury, "roll")
    for part in parts:
        address, due = part.account(settings.seed).address, purse_of(settings, part)
        stake = settings.stake if part.role == "forecaster" else 0
        short = due + stake - system.balance(address) - system.stake(address).bonded
        if part.name != RESOLVER and short > 0:
            batch.add(governor, system.token, "transfer", address, short)
    batch.wait()
    for part in parts:
        account = part.account(settings.seed)
        short = settings.stake - system.stake(account.address).bonded
        if part.role == "forecaster" and short > 0:
            batch.add(account, system.token, "approve", system.vault.address, MAX_APPROVAL)
            batch.add(account, system.vault, "deposit", short)
    batch.wait()


def purse_of(settings: SwarmSettings, part: Part) -> int:
    """Tokens (wei) that a part is given to buy signals."""
    return settings.purse if part.role in BUYERS and part.suppliers else 0


def _register(
    backend: RpcBackend, registries: Registries, settings: SwarmSettings, parts: Iterable[Part]
) -> dict[str, int]:
    sellers = [part for part in parts if part.role in SELLERS]
    batch = Batch(backend)
    for part in sellers:
        if find_agent(registries, part.account(settings.seed).address) is None:
            batch.add(part.account(settings.seed), registries.identity, "register", "")
    batch.wait()
    found = {part.name: find_agent(registries, part.account(settings.seed).address) for part in sellers}
    return {name: agent for name, agent in found.items() if agent is not None}


def _worth(system: System, address: str) -> int:
    stake = system.stake(address)
    return system.balance(address) + stake.bonded + stake.unbonding


class Batch:
    """Transactions of several accounts that need not wait for each other: sent at once, then waited for together."""

    def __init__(self, backend: RpcBackend) -> None:
        self._backend = backend
        self._sent: list[tuple[str, str]] = []
        self._nonces: dict[str, int] = {}

    def add(self, account: Account, contract: Contract, name: str, *args: object) -> None:
        """Send a call."""
        backend = self._backend
        request: TxRequest = contract.request(name, *args, gas=_GAS)
        nonce = self._nonces.setdefault(account.address, backend.nonce(account.address))
        base, tip = backend.fees()
        signed = account.sign_transaction(
            Transaction(
                chain_id=backend.chain_id,
                nonce=nonce,
                max_priority_fee=tip,
                max_fee=4 * base + tip,
                gas=_GAS,
                to=request.to,
                value=0,
                data=request.data,
            )
        )
        backend.broadcast(signed.raw, request.to)
        self._nonces[account.address] = nonce + 1
        self._sent.append((signed.tx_hash, f"{contract.name}.{name}"))

    def wait(self) -> None:
        """Wait until all are mined. Raises SwarmError if one failed, NotMined."""
        until = time.monotonic() + _MINED_S
        for tx_hash, what in self._sent:
            while (receipt := self._backend.receipt(tx_hash)) is None:
                if time.monotonic() > until:
                    raise NotMined(f"{what} was not mined in {_MINED_S:g} s", tx_hash)
                time.sleep(0.05)
            if receipt.status == 0:
                raise SwarmError(f"{what} failed on {self._backend.name} ({tx_hash})")
        self._sent.clear()
        self._nonces.clear()


__all__ = ["FACILITATOR", "SERIES", "Batch", "Stage", "open_stage", "purse_of", "set_stage"]
