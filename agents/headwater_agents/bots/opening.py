"""Opens what a bot works with: node, deployment, its own file, its key; every one checked against the others."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from headwater.chain import Account, ConnectionFailed, connect
from headwater.chain.participant import Participant
from headwater.chain.rpc import RpcBackend
from headwater.chain.system import System
from headwater_agents.bots.clock import ChainClock
from headwater_agents.bots.config import BotConfig, BotConfigError
from headwater_agents.bots.kit import Kit
from headwater_agents.bots.logs import Log
from headwater_agents.bots.vitals import Vitals
from headwater_agents.bots.watch import SeriesWatch
from headwater_agents.durable.database import Database
from headwater_agents.durable.journal import Journal
from headwater_agents.durable.outbox import OutboxBackend, OutboxConfig
from headwater_agents.durable.settings import Clock
from headwater_agents.runner.executor import Executor, Versions
from headwater_deploy import Manifest

_RETRY_S = 2.0
_ONE_WAIT_S = 20.0  # for one transaction; then the bot looks at the chain again before it goes on with it


class Stopped(BaseException):
    """The bot was told to stop while it waited. Not an error, so that nothing takes it for one and goes on."""


def node(config: BotConfig, log: Log, stop: threading.Event, *, wait: bool = True) -> RpcBackend:
    """The node, waited for until it answers. Raises Stopped, WrongChain, ArgumentError, ManifestError.

    Without `wait`, ConnectionFailed if it does not answer.
    """
    chain_id = Manifest.read(config.manifest).chain_id
    told = False
    while not stop.is_set():
        try:
            backend = connect(config.rpc, chain_id=chain_id)
        except ConnectionFailed as error:
            if not wait:
                raise
            if not told:
                log.warning("waiting_for_node", why=str(error))
            told = True
            stop.wait(_RETRY_S)
            continue
        if not isinstance(backend, RpcBackend):
            raise BotConfigError(f"rpc is {config.rpc!r}; it must be the URL of a node")
        return backend
    raise Stopped


def open_kit(config: BotConfig, account: Account, backend: RpcBackend, log: Log, stop: threading.Event) -> Kit:
    """Everything a role needs.

    Raises:
        StateError: the bot's file is held by another process, or is another bot's.
        ManifestError, BotConfigError: no such deployment, or no such series on it.
        ConnectionFailed: the node went away meanwhile.
    """
    manifest = Manifest.read(config.manifest)
    system = System(backend, manifest.addresses())
    genesis = backend.block_hash(0)
    database = Database(
        config.state,
        {
            "chain": str(backend.chain_id),
            "genesis": str(genesis),
            "arena": system.addresses.arena,
            "account": account.address,
        },
    )
    try:
        return _assemble(config, account, backend, system, database, log, stop)
    except BaseException:
        database.close()
        raise


def _assemble(
    config: BotConfig,
    account: Account,
    backend: RpcBackend,
    system: System,
    database: Database,
    log: Log,
    stop: threading.Event,
) -> Kit:
    born = Manifest.read(config.manifest).contracts["HeadwaterToken"].block
    if not backend.code_at(system.addresses.arena):
        raise BotConfigError(f"manifest: there is no contract at {system.addresses.arena} on {backend.name}")
    params = system.params(config.series)
    if params.outcomes == 0:
        raise BotConfigError(
            f"series is {config.series}; the arena at {system.addresses.arena} has none of that number"
        )
    vitals = Vitals(config.name, config.role)

    def tell(event: str, about: Mapping[str, Any]) -> None:
        log.debug(f"outbox_{event.replace(' ', '_')}", **about)

    def sleep(seconds: float) -> None:
        # What was begun is on disk: a bot that is told to stop does not wait for blocks.
        if stop.wait(seconds):
            raise Stopped

    outbox = OutboxBackend(
        backend,
        account,
        database,
        OutboxConfig(
            patience=config.chain.patience,
            timeout=_ONE_WAIT_S,
            confirmations=config.chain.confirmations,
            max_fee_cap=config.chain.max_fee,
        ),
        Clock(sleep=sleep),
        tell,
    )
    mine = System(outbox, system.addresses)
    journal = Journal(database)
    versions: Versions = {}
    me = Participant(mine, account)
    return Kit(
        config=config,
        account=account,
        database=database,
        backend=outbox,
        system=mine,
        me=me,
        journal=journal,
        versions=versions,
        executor=Executor(me, journal, versions),
        watch=SeriesWatch(mine, config.series, from_block=born),
        clock=ChainClock(),
        params=params,
        log=log,
        vitals=vitals,
        born=born,
    )
