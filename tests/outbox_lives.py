"""One life of an agent from `crash_scenarios`, as a crash server runs it."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

from crash_scenarios import SCENARIOS
from headwater.chain import Account, TxRequest, connect
from headwater.chain.rpc import RpcBackend
from headwater_agents.durable.database import Database
from headwater_agents.durable.outbox import OutboxBackend
from outbox_rig import GIFT, new_rig


def live(about: dict[str, Any]) -> None:
    """Play a scenario on a node, with the agent's file in a folder."""
    with new_rig(about["url"], Path(about["folder"]), ready=True) as rig:
        SCENARIOS[about["scenario"]].life(rig)


def give(about: dict[str, Any]) -> None:
    """Two transfers on any node, by the real clock."""
    account = Account.derive(0, 1)
    file = Database(Path(about["folder"]) / "bot.sqlite", {"address": account.address})
    with closing(connect(about["url"])) as node, closing(file) as database:
        assert isinstance(node, RpcBackend)
        outbox = OutboxBackend(node, account, database)
        for index in (50, 51):
            outbox.recover()
            to = Account.derive(99, index).address
            if node.balance(to) == 0:
                with outbox.until(node.now() + 60):
                    outbox.send(TxRequest(to, value=GIFT), account)
