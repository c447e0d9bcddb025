"""What the lab asks of a mechanism: stakes, wagers on binary questions, pay, and pay passed on.

A round runs `open` (once for each question), `commit`, `seal`, `reveal`, `resolve`; `share` may be called at any time,
and what it means for questions that are already open is the mechanism's own: `binds_weights`. Names stand for accounts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from headwater.chain import HeadwaterError
from headwater.units import BPS, WAD

Odds = tuple[int, int]
"""Probabilities of outcomes 0 and 1, WAD, summing to 1 exactly."""

P_MIN: Final = WAD // 100
"""Least probability a report or the public odds may give an outcome, WAD."""


class LabError(HeadwaterError):
    """A lab that cannot be set up or played as asked; says why, and what is accepted."""


class Refused(LabError):  # noqa: N818 - says what happened, as Reverted does
    """A move the mechanism does not allow. Nothing has changed."""


@dataclass(frozen=True, slots=True)
class Offer:
    """An open question: its id, the public odds, how much effective wager it pays for (wei; 0: takes no wagers), the
    least wager (wei), and the rent (bps of the wager; 0 where there is none)."""

    question: int
    odds: Odds
    capacity: int
    min_wager: int
    rent_bps: int


@dataclass(frozen=True, slots=True)
class Commitment:
    """What everybody can see of a wager before questions resolve: the report is None while it is secret."""

    name: str
    wager: int
    report: Odds | None


@dataclass(frozen=True, slots=True)
class Split:
    """What a payer does with what it earns: it keeps `keep_bps` and passes the rest on by weight.

    Weights are positive integers of at most 2**96 - 1 in all. Without children it keeps everything.
    """

    keep_bps: int = BPS
    weights: tuple[tuple[str, int], ...] = ()

    def __post_init__(self) -> None:
        if not 100 <= self.keep_bps <= BPS:
            raise LabError(f"keep_bps is {self.keep_bps}; it must be 100 to {BPS}")
        if any(weight <= 0 for _, weight in self.weights):
            raise LabError(f"weights must be positive: {self.weights}")


@dataclass(frozen=True, slots=True)
class Settled:
    """A question's end.

    Attributes:
        question, outcome: which, and how it ended; None if it was voided.
        nets: wei won or lost by each account that wagered, before anything is passed on.
        flows: wei that each account gained or lost after all passing on, its own kept part included. Floats, for agents
            to learn from; accounts are kept in `wealth`.
        otherwise: the flows that the other outcome would have brought; None after a void, or if they cannot be told.
    """

    question: int
    outcome: int | None
    nets: Mapping[str, int]
    flows: Mapping[str, float] = field(default_factory=dict)
    otherwise: Mapping[str, float] | None = None


class Mechanism(Protocol):
    """A way to pay forecasters and those they learn from. Money is wei, all of it `int`.

    Attributes:
        name: for tables.
        secret_reports: nobody sees a report before wagers close.
        binds_weights: the split that stood when a question opened pays it, whatever is announced later.
        scored: pay depends on the outcome at all.
    """

    name: str
    secret_reports: bool
    binds_weights: bool
    scored: bool

    def enroll(self, name: str, stake: int, payer: str | None = None) -> None:
        """Open an account with this stake (0 for one that only receives).

        It comes out of the payer's wallet if one is named, else from outside (`brought_in` counts that). Raises Refused
        if the account exists or the payer's wallet is short.
        """

    def retire(self, name: str, amount: int | None = None) -> None:
        """Take the account's free stake, or no more than `amount` wei of it, out into its wallet, from where `enroll`
        may take it."""

    def stake(self, name: str) -> int:
        """Stake that the account's next wager may draw on, wei."""

    def share(self, name: str, split: Split) -> None:
        """Announce how the account passes on what it earns. Children must be enrolled. Raises Refused."""

    def open(self, series: int = 0, posted: Odds | None = None) -> Offer:
        """Open a question. Series 0 has its odds by outcomes' frequencies, others take posted ones. Raises Refused."""

    def commit(self, question: int, name: str, report: Odds, wager: int) -> None:
        """Wager on a report. Raises Refused without stake, question or capacity for it, or a report out of bounds."""

    def commitments(self, question: int) -> tuple[Commitment, ...]:
        """What has been committed so far, in order, as everybody sees it."""

    def seal(self) -> None:
        """End the wagers of all open questions."""

    def reveal(self, question: int, name: str) -> None:
        """Open a commitment; where reports are not secret this does nothing."""

    def resolve(self, question: int, outcome: int | None) -> Settled:
        """Pay by the outcome, 0 or 1; None voids the question."""

    def finish(self) -> None:
        """Let everything that is owed reach its owner. Nothing but `wealth`, `brought_in` and `emitted` follows."""

    def wealth(self, name: str) -> int:
        """All that is the account's own, wei; whole only after `finish`."""

    def brought_in(self, name: str) -> int:
        """What `enroll` brought in from outside for the account, wei."""

    def emitted(self) -> int:
        """What the mechanism has paid out of its own so far, less what it took back, wei."""
