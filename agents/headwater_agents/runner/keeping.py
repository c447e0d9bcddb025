"""What a keeper sees of the chain: positions to settle, escrows, ledgers of the cascade, balances."""

from __future__ import annotations

from collections.abc import Iterable

from headwater.cascade import SHARE
from headwater.chain.system import Announcement, System
from headwater_agents.policies import Escrow, KeeperView, Ledger


def keeper_view(
    system: System,
    announcements: Iterable[Announcement],
    forecasters: Iterable[str],
    *,
    unsettled: Iterable[tuple[int, str]] = (),
    nodes: Iterable[str] = (),
    domain: int = 0,
) -> KeeperView:
    """Read the chain for a keeper.

    Args:
        system: the deployment.
        announcements: the list versions to look at.
        forecasters: whose versions have escrows in `domain`.
        unsettled: (question, forecaster) pairs that can be settled now.
        nodes: whose balances to look at.
        domain: of the escrows; 0 for governed series.
    """
    listed = [made for made in announcements if made.leaves]
    stakers = set(forecasters)
    now = system.backend.now()
    window = int(system.vault.call("MAX_WINDOW"))
    escrows = [_escrow(system, made, domain, now, window) for made in listed if made.node in stakers]
    return KeeperView(
        unsettled=tuple(unsettled),
        escrows=tuple(escrows),
        ledgers=tuple(_ledger(system, made) for made in listed),
        withdrawable=tuple((node, int(system.cascade.call("withdrawable", node))) for node in nodes),
    )


def _escrow(system: System, made: Announcement, domain: int, now: int, window: int) -> Escrow:
    state = system.escrow(made.node, made.version, domain)
    closable = False
    if state.lock == 0 and state.held + state.debt > 0:
        _, successor, replaced = system.cascade.call("version_state", made.node, made.version)
        closable = successor != 0 and now >= replaced + window
    return Escrow(
        forecaster=made.node,
        version=made.version,
        due=state.due,
        held=state.held,
        closable=closable,
        domain=domain,
    )


def _ledger(system: System, made: Announcement) -> Ledger:
    inflow, released = system.flows(made.node, made.version)
    leaves = made.leaves or ()
    idle = inflow + released == 0

    def taken(index: int) -> int:
        return 0 if idle else int(system.cascade.call("taken", made.node, made.version, index))

    return Ledger(
        node=made.node,
        version=made.version,
        leaves=leaves,
        keep_bps=made.terms.keep_bps,
        inflow=inflow,
        released=released,
        taken=tuple(taken(index) for index in range(len(leaves))),
        share_taken=taken(SHARE),
    )
