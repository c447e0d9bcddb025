"""A bot from its settings to its end: opened, listening, working, stopped by a signal."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType

from headwater.chain import Account, ConnectionFailed
from headwater.chain.rpc import RpcBackend
from headwater_agents.bots.aggregator import AggregatorRole
from headwater_agents.bots.brain import make_policy, salt_seed
from headwater_agents.bots.config import BotConfig, read_config
from headwater_agents.bots.desk import Desk
from headwater_agents.bots.forecaster import ForecasterRole
from headwater_agents.bots.keeper import KeeperRole
from headwater_agents.bots.kit import Kit, Role
from headwater_agents.bots.logs import Log
from headwater_agents.bots.opening import Stopped, node, open_kit
from headwater_agents.bots.process import Process
from headwater_agents.bots.provider import ProviderRole
from headwater_agents.bots.resolver import ResolverRole
from headwater_agents.bots.source import make_source
from headwater_agents.bots.trading import Trading, open_trading
from headwater_agents.market.serving import Server


def run_bot(path: Path, role: str, *, style: str = "text", level: str = "info", check: bool = False) -> None:
    """Run one bot until SIGTERM or SIGINT. SIGUSR1 lets a resolver open no more questions.

    Args:
        path: of its settings.
        role: that the settings must be for.
        style, level: of its log.
        check: open everything, say so, and end.

    Raises:
        BotConfigError, KeyUnavailable, StateError, ManifestError, WrongChain, ServerError: it cannot work as set up.
    """
    config = read_config(path, role)
    account = config.account()
    log = Log(config.name, style=style, level=level)
    stop = threading.Event()
    with ExitStack() as stack:
        on_drain: list[Callable[[], None]] = []
        stack.enter_context(_signals(stop, on_drain))
        try:
            backend = node(config, log, stop, wait=not check)
            stack.callback(backend.close)
            kit = _opened(config, account, backend, log, stop, stack)
            on_drain.append(lambda: setattr(kit, "draining", True))
            desk = Desk(kit.vitals)
            server = stack.enter_context(Server(desk, host=config.http.host, port=config.http.port))

            def set_up() -> Role:
                trading = stack.enter_context(open_trading(kit, server.url))
                role_ = make_role(kit, trading)
                desk.inner, desk.ready = trading.app, True
                log.info("ready", role=role, account=account.address, url=server.url, series=config.series)
                return role_

            process = Process(kit, set_up, stop)
            if check:
                process.check()
            else:
                process.run()
        except Stopped:
            pass
        log.info("stopped")


def make_role(kit: Kit, trading: Trading) -> Role:
    """The role that the bot's settings name. Raises BotConfigError."""
    config = kit.config
    seed = salt_seed(kit.account, kit.backend.chain_id, kit.system.addresses.arena)
    if config.role == "resolver":
        return ResolverRole(kit, make_source(config))
    policy = make_policy(config, outcomes=kit.params.outcomes, seed=seed)
    if config.role == "keeper":
        return KeeperRole(kit, policy)
    if config.role == "provider":
        return ProviderRole(kit, policy, make_source(config), trading.shop)
    if config.role == "aggregator":
        return AggregatorRole(kit, policy, trading.pantry, trading.shop)
    return ForecasterRole(kit, policy, make_source(config), trading.pantry)


def _opened(
    config: BotConfig, account: Account, backend: RpcBackend, log: Log, stop: threading.Event, stack: ExitStack
) -> Kit:
    while True:
        try:
            kit = open_kit(config, account, backend, log, stop)
        except ConnectionFailed as error:
            log.warning("waiting_for_node", why=str(error))
            if stop.wait(2.0):
                raise Stopped from None
            continue
        stack.callback(kit.database.close)
        return kit


@contextmanager
def _signals(stop: threading.Event, on_drain: list[Callable[[], None]]) -> Iterator[None]:
    def end(_: int, __: FrameType | None) -> None:
        stop.set()

    def drain(_: int, __: FrameType | None) -> None:
        for each in on_drain:
            each()

    before = {
        each: signal.signal(each, handler)
        for each, handler in ((signal.SIGTERM, end), (signal.SIGINT, end), (signal.SIGUSR1, drain))
    }
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
