"""The keeper: does what anybody may do, so that money reaches the bottom of the cascade without anybody's leave."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from headwater.units import BPS
from headwater_agents.policies.actions import Action, Close, Pull, PullShare, Release, Settle, Withdraw
from headwater_agents.policies.base import PolicyError
from headwater_agents.policies.views import KeeperView, Ledger

ZERO_ADDRESS = "0x" + "00" * 20


@dataclass(frozen=True, kw_only=True, slots=True)
class KeeperConfig:
    """Settings of a keeper, in wei: the least worth a pull, the least worth a withdrawal; leaves a pull; whether it
    withdraws for others at all."""

    min_pull: int = 1
    min_withdraw: int = 1
    batch: int = 32
    withdraw: bool = True

    def __post_init__(self) -> None:
        if self.min_pull < 1 or self.min_withdraw < 1 or self.batch < 1:
            raise PolicyError("min_pull, min_withdraw and batch must be at least 1")


class Keeper:
    """Settles, closes, releases, pulls, withdraws. Policy over KeeperView; it has no memory.

    Call it until it asks for nothing. Settlements come alone, then closings, for both change what is due; the rest is
    planned to the end in one go: every payment goes to a smaller version number, so one pass from the highest version
    down moves everything to the bottom.
    """

    def __init__(self, config: KeeperConfig) -> None:
        self.config = config

    def act(self, view: KeeperView, /) -> list[Action]:
        """The next stage that has something to do."""
        if view.unsettled:
            return [Settle(question=question, forecaster=who) for question, who in sorted(view.unsettled)]
        closable = [escrow for escrow in view.escrows if escrow.closable]
        if closable:
            return [
                Close(forecaster=escrow.forecaster, version=escrow.version, domain=escrow.domain) for escrow in closable
            ]
        return [*self._drain(view)]

    def _drain(self, view: KeeperView) -> Iterator[Action]:
        ledgers = {(ledger.node, ledger.version): ledger for ledger in view.ledgers}
        balance = dict(view.withdrawable)

        def pay(node: str, version: int, amount: int) -> None:
            if version == 0:
                balance[node] = balance.get(node, 0) + amount
                return
            ledger = ledgers.get((node, version)) or _unannounced(node, version)
            ledgers[node, version] = replace(ledger, inflow=ledger.inflow + amount)

        for escrow in sorted(view.escrows, key=lambda each: (-each.version, each.forecaster)):
            if escrow.due > 0:
                yield Release(forecaster=escrow.forecaster, version=escrow.version, domain=escrow.domain)
                key = (escrow.forecaster, escrow.version)
                ledger = ledgers.get(key) or _unannounced(*key)
                ledgers[key] = replace(ledger, released=ledger.released + escrow.due)

        done: set[tuple[str, int]] = set()
        while todo := ledgers.keys() - done:
            key = max(todo, key=lambda each: (each[1], each[0]))
            done.add(key)
            ledger = ledgers[key]
            share, dues = entitlements(ledger)
            ready = [index for index, due in enumerate(dues) if due >= self.config.min_pull]
            for first in range(0, len(ready), self.config.batch):
                chunk = tuple(ready[first : first + self.config.batch])
                yield Pull(node=ledger.node, version=ledger.version, indices=chunk)
                for index in chunk:
                    leaf = ledger.leaves[index]
                    valid = leaf.child != ZERO_ADDRESS and leaf.child_version < ledger.version
                    pay(*((leaf.child, leaf.child_version) if valid else (ledger.node, 0)), dues[index])
            if share >= self.config.min_pull:
                yield PullShare(node=ledger.node, version=ledger.version)
                pay(ledger.node, 0, share)

        if self.config.withdraw:
            for node in sorted(balance):
                if balance[node] >= self.config.min_withdraw:
                    yield Withdraw(node=node)


def entitlements(ledger: Ledger) -> tuple[int, list[int]]:
    """What a ledger owes now, in wei: the node's share, and each leaf's entitlement less what it took.

    pot = inflow − ⌊inflow · keep / 10,000⌋ + released; leaf = ⌊pot · weight / total⌋, as the Cascade computes them.
    Leaves that nobody published get nothing here: they cannot be pulled.
    """
    share = ledger.inflow * ledger.keep_bps // BPS
    pot = ledger.inflow - share + ledger.released
    total = sum(leaf.weight for leaf in ledger.leaves)
    dues = [pot * leaf.weight // total - taken for leaf, taken in zip(ledger.leaves, ledger.taken, strict=True)]
    return share - ledger.share_taken, dues


def _unannounced(node: str, version: int) -> Ledger:
    """A version nobody announced keeps all that parents bring for its node; only announced versions have an escrow."""
    return Ledger(node=node, version=version, leaves=(), keep_bps=BPS, inflow=0, released=0, taken=(), share_taken=0)
