"""The end of a play on the chain: everything that is due moves down the cascade and is withdrawn."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from headwater.chain.participant import Participant
from headwater.chain.system import System
from headwater_agents.durable.journal import Journal
from headwater_agents.policies import Keeper, KeeperConfig
from headwater_agents.runner.executor import Executor, Versions
from headwater_agents.runner.keeping import keeper_view


def drain(system: System, keeper: Participant, versions: Versions, nodes: Iterable[str]) -> None:
    """Let a keeper release, pull and withdraw until nothing is left to move.

    Args:
        system: the deployment.
        keeper: who sends the transactions.
        versions: every list version announced.
        nodes: whose balances are paid out.
    """
    everybody = list(nodes)
    policy = Keeper(KeeperConfig())
    with closing(Journal(Path(":memory:"))) as journal:
        executor = Executor(keeper, journal, versions)
        while True:
            view = keeper_view(system, versions.values(), everybody, nodes=everybody)
            actions = policy.act(view)
            if not actions:
                return
            executor.execute(actions)
