"""Another report, copied before it counts: the hash where reports are secret, the report itself where they are not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from headwater.chain import ChainError
from headwater.units import BPS
from headwater_agents.adversaries.bounds import within
from headwater_agents.adversaries.public_bot import BOT, Ignorant
from headwater_agents.lab.game.moves import Bid
from headwater_agents.lab.game.table import MAIN, Table
from headwater_agents.lab.mechanisms.base import Commitment, Refused
from headwater_agents.lab.mechanisms.headwater import HeadwaterMechanism
from headwater_agents.lab.population import log_odds, report


@dataclass(kw_only=True)
class CopiedCommitment(Ignorant):
    """Knows nothing; waits until others have committed, and commits what they did.

    On Headwater it copies the hash of the largest wager, waits until that one is revealed, and then tries to open its
    own with the same report and salt before the window ends; after some refusals it gives up copying. Where reports are
    open it copies all of them: their mean log-odds by wager, which no single forecaster knew.

    Attributes:
        wager_bps: of its stake, on every question.
        patience: copies that cannot be opened before it gives up.
    """

    name: ClassVar[str] = "copied-commitment"
    goal: ClassVar[str] = "be paid for what others have found out"
    seen: ClassVar[str] = (
        "same-block copiers of miners' submissions and validators that copy weights, both on Bittensor"
    )
    only: ClassVar[frozenset[str]] = frozenset({"headwater", "torus", "yuma", "kelly_market"})
    ranges: ClassVar[Mapping[str, tuple[float, float]]] = {"wager_bps": (100, 9_000)}
    wager_bps: int = 1_000
    patience: int = 5

    def __post_init__(self) -> None:
        within(self, wager_bps=(1, 9_000), patience=(0, 10**6))
        self.refused = 0
        self._victim = ""

    def bids(self, table: Table, honest: list[Bid]) -> list[Bid]:
        """A copy of what stands on the table."""
        self._victim = ""
        seen = [each for each in table.commitments() if each.name not in table.coalition]
        wager = table.mechanism.stake(BOT) * self.wager_bps // BPS
        if not seen or wager < table.offers[MAIN].min_wager:
            return []
        if isinstance(table.mechanism, HeadwaterMechanism):
            self._copy_hash(table, table.mechanism, max(seen, key=lambda each: each.wager).name, wager)
            return []
        return [Bid(BOT, report(_mean(seen, table.base())), wager)]

    def _copy_hash(self, table: Table, mechanism: HeadwaterMechanism, victim: str, wager: int) -> None:
        if self.refused >= self.patience:
            return
        try:
            mechanism.commit_hash(table.offers[MAIN].question, BOT, victim, wager)
            self._victim = victim
        except Refused as refusal:
            table.record.refuse(refusal)

    def known(self, table: Table) -> None:
        """The victim's report and salt are public by now, and the window for reveals is still open."""
        if not self._victim or not isinstance(table.mechanism, HeadwaterMechanism):
            return
        mechanism, question = table.mechanism, table.offers[MAIN].question
        opened = mechanism.revealed(question, self._victim)
        if opened is None:
            return
        told, salt = opened
        person = mechanism.person(BOT)
        try:
            person.reveal(question, person.address, told, salt)
        except ChainError as refusal:
            self.refused += 1
            table.record.refuse(refusal)


def _mean(seen: list[Commitment], base: float) -> float:
    """Log-odds of open reports, weighted by wager; the public odds if none is open."""
    opened = [(each.wager, log_odds(each.report)) for each in seen if each.report is not None]
    total = sum(wager for wager, _ in opened)
    return sum(wager * view for wager, view in opened) / total if total else base
