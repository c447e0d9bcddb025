"""What aggregators and forecasters share: they pool what they buy, and pay suppliers by what the signals were worth.

Every `reweigh_every` resolved questions a buyer values its suppliers anew and, between questions, announces the weights
for the questions to come. It also announces again when a supplier has a newer version: naming a version freezes the
tree below it, so agreeing to a supplier's change takes an announcement.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from headwater.units import BPS, GWEI
from headwater_agents.policies.actions import Announce, Leaf
from headwater_agents.policies.base import PolicyError
from headwater_agents.policies.forecast import Forecast
from headwater_agents.policies.pool import Pool, PoolConfig, PoolMemory
from headwater_agents.policies.views import BuyerLesson, Question, Supplier
from headwater_agents.policies.worth import WorthConfig, equal_shares, shares


@dataclass(frozen=True, kw_only=True, slots=True)
class BuyerConfig:
    """Settings of a buyer: how it pools, how it values suppliers, the share it keeps (bps) and, for a forecaster,
    the buffer of its escrow (wei, a multiple of 1e9)."""

    pool: PoolConfig = field(default_factory=PoolConfig)
    worth: WorthConfig = field(default_factory=WorthConfig)
    keep_bps: int = 3_000
    buffer: int = 0

    def __post_init__(self) -> None:
        if not 100 <= self.keep_bps <= BPS:
            raise PolicyError(f"keep_bps is {self.keep_bps}; a node with children keeps 100 to {BPS}")
        if self.buffer < 0 or self.buffer % GWEI:
            raise PolicyError(f"buffer is {self.buffer} wei; it must be a multiple of {GWEI}, 0 or more")


@dataclass(frozen=True, kw_only=True, slots=True)
class BuyerMemory:
    """What a buyer knows: its pool, and each supplier's share of what is passed on, in parts of 10,000,000."""

    pool: PoolMemory
    shares: tuple[int, ...]

    @property
    def resolved(self) -> int:
        """Questions learnt from."""
        return self.pool.resolved


class Buyer:
    """The half of a policy that buys. Learner of BuyerLesson."""

    def __init__(self, config: BuyerConfig) -> None:
        self.buying = config
        self.pool = Pool(config.pool)

    def start(self) -> BuyerMemory:
        """No question resolved: every supplier has the same share."""
        return BuyerMemory(pool=self.pool.start(), shares=equal_shares(self.buying.pool.suppliers))

    def learn(self, memory: BuyerMemory, lesson: BuyerLesson, /) -> BuyerMemory:
        """Remember the question; value the suppliers anew when it is time."""
        pool = self.pool.learn(memory.pool, lesson)
        due = pool.resolved % self.buying.worth.reweigh_every == 0
        return BuyerMemory(pool=pool, shares=shares(self.buying.worth, pool) if due else memory.shares)

    def belief(
        self,
        memory: BuyerMemory,
        question: Question,
        signals: Sequence[Forecast | None],
        reading: float | None = None,
    ) -> Forecast:
        """The pool of these signals (None: not received, counts as the public odds), WAD; a reading does not count."""
        return self.pool.forecast(memory.pool, question, signals)

    def announcement(
        self, memory: BuyerMemory, suppliers: tuple[Supplier, ...], standing: Announce | None
    ) -> list[Announce]:
        """The announcement this memory asks for, unless it is the one that stands."""
        if len(suppliers) != len(memory.shares):
            raise PolicyError(f"{len(suppliers)} suppliers for {len(memory.shares)} shares")
        wished = Announce(
            leaves=tuple(
                Leaf(child=supplier.address, child_version=supplier.version, weight=share)
                for supplier, share in zip(suppliers, memory.shares, strict=True)
                if share > 0
            ),
            keep_bps=self.buying.keep_bps,
            buffer=self.buying.buffer,
        )
        return [] if wished == standing else [wished]
