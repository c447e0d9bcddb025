"""What all simulated rivals share: accounts, questions and their odds. Each rival adds how it pays, and nothing else.

Common simplifications, so that mechanisms differ in their pay alone: wagers lock stake until the question ends; nobody
loses more than the wager; operators hold secret reports themselves, so there is nothing to withhold in `reveal`; a void
refunds everybody; there is neither rent nor capacity. Odds follow Headwater's rule, so that questions are the same.
Income is passed on because the payer wants to: by the split that stands when it is paid, and positive nets only.
"""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from headwater.units import MAX_WEI, WAD
from headwater_agents.lab.cast import OddsRule
from headwater_agents.lab.mechanisms.accounts import Accounts
from headwater_agents.lab.mechanisms.base import P_MIN, Commitment, LabError, Odds, Offer, Refused, Settled, Split

EMISSION: Final = 100 * WAD
"""Wei that an emission-paying rival has for each question, unless told otherwise."""


@dataclass(frozen=True, slots=True)
class Bet:
    """A wager (wei) on a report, as the mechanism itself sees it."""

    name: str
    wager: int
    report: Odds


@dataclass(slots=True)
class _Question:
    series: int
    odds: Odds
    takes_wagers: bool
    bets: dict[str, Bet] = field(default_factory=dict)
    sealed: bool = False


class Rival(ABC):
    """A mechanism in memory. Subclasses name themselves and implement `pay`.

    Args:
        emission: wei that it may emit on each question; a self-financed one has no such setting.
        min_wager: wei.
        warm_up: questions of series 0 without wagers at the start, while its odds settle.
        rule: how series 0 makes its odds; its p_min bounds all odds and reports.

    Raises:
        LabError: for settings that cannot be.
    """

    name: str
    secret_reports: bool = False
    binds_weights: bool = False
    scored: bool = True

    def __init__(
        self, *, emission: int = EMISSION, min_wager: int = WAD, warm_up: int = 0, rule: OddsRule | None = None
    ) -> None:
        if not 0 <= emission <= MAX_WEI:
            raise LabError(f"emission is {emission}; it must be 0 to {MAX_WEI} wei a question")
        if not 0 < min_wager <= MAX_WEI:
            raise LabError(f"min_wager is {min_wager}; it must be 1 to {MAX_WEI} wei")
        if warm_up < 0:
            raise LabError(f"warm_up is {warm_up}; it must be 0 or more questions")
        self.emission = emission
        self.accounts = Accounts()
        self._min_wager = min_wager
        self._warm_up = warm_up
        self._rule = OddsRule(p_min=P_MIN) if rule is None else rule
        self._counts = [0, 0]
        self._opened = 0
        self._questions: dict[int, _Question] = {}
        self._next = 0
        self._finished = False

    @abstractmethod
    def pay(self, bets: Sequence[Bet], odds: Odds, outcome: int) -> Mapping[str, int]:
        """Nets (wei) by name: no less than minus the wager, and no more in all than wagers lost and `emission`.

        `bets` stand in the order of commitment, one or more: a question that nobody wagered on pays nobody.
        """

    def enroll(self, name: str, stake: int, payer: str | None = None) -> None:
        """As `Mechanism.enroll`."""
        self._not_finished()
        self.accounts.enroll(name, stake, payer)

    def retire(self, name: str, amount: int | None = None) -> None:
        """As `Mechanism.retire`."""
        self._not_finished()
        self.accounts.retire(name, amount)

    def stake(self, name: str) -> int:
        """Stake that no open wager holds, wei."""
        return self.accounts[name].free

    def share(self, name: str, split: Split) -> None:
        """As `Mechanism.share`; it counts from the next payment on, whatever was open before."""
        self._not_finished()
        self.accounts.set_split(name, split)

    def open(self, series: int = 0, posted: Odds | None = None) -> Offer:
        """As `Mechanism.open`. Series 0 opens a question only when the one before has ended."""
        self._not_finished()
        if series == 0:
            odds = self._counted(posted)
        elif posted is None:
            raise Refused(f"series {series} needs posted odds; only series 0 makes its own")
        else:
            odds = self._checked(posted, "posted odds")
        takes_wagers = series != 0 or self._opened >= self._warm_up
        self._opened += series == 0
        question, self._next = self._next, self._next + 1
        self._questions[question] = _Question(series, odds, takes_wagers)
        return Offer(question, odds, MAX_WEI if takes_wagers else 0, self._min_wager, rent_bps=0)

    def commit(self, question: int, name: str, report: Odds, wager: int) -> None:
        """As `Mechanism.commit`. Again on the same question it replaces the report; the wager may only grow."""
        self._not_finished()
        asked = self._asked(question)
        account = self.accounts[name]
        if asked.sealed or not asked.takes_wagers:
            raise Refused(f"question {question} takes no wagers" + (" any more" if asked.sealed else ""))
        report = self._checked(report, "a report")
        before = asked.bets[name].wager if name in asked.bets else 0
        if wager < max(before, self._min_wager):
            raise Refused(f"a wager of {wager} wei is too small; it must be {max(before, self._min_wager)} or more")
        if wager - before > account.free:
            raise Refused(f"{name!r} has {account.free} wei of free stake, the wager needs {wager - before}")
        account.locked += wager - before
        asked.bets[name] = Bet(name, wager, report)

    def commitments(self, question: int) -> tuple[Commitment, ...]:
        """As `Mechanism.commitments`."""
        bets = self._asked(question).bets.values()
        return tuple(Commitment(bet.name, bet.wager, None if self.secret_reports else bet.report) for bet in bets)

    def seal(self) -> None:
        """End the wagers of all open questions."""
        self._not_finished()
        for asked in self._questions.values():
            asked.sealed = True

    def reveal(self, question: int, name: str) -> None:
        """Nothing to do: the mechanism's operator holds all reports. Raises Refused if there is no such commitment."""
        if name not in self._asked(question).bets:
            raise Refused(f"{name!r} has not committed to question {question}")

    def resolve(self, question: int, outcome: int | None) -> Settled:
        """Pay by `pay`, pass on, unlock. Raises Refused unless the question is sealed and the outcome 0, 1 or None."""
        self._not_finished()
        asked = self._asked(question)
        if not asked.sealed:
            raise Refused(f"question {question} still takes wagers; seal it first")
        if outcome not in (0, 1, None):
            raise Refused(f"an outcome is 0, 1 or None, got {outcome!r}")
        bets = tuple(asked.bets.values())
        nets = {bet.name: 0 for bet in bets}
        otherwise: dict[str, float] | None = None
        if outcome is not None and bets:
            otherwise = self._otherwise(bets, asked.odds, 1 - outcome)
            nets |= self.pay(bets, asked.odds, outcome)
            self._check_bounds(bets, nets)
        flows = self.accounts.settle(nets)
        for bet in bets:
            self.accounts[bet.name].locked -= bet.wager
        if asked.series == 0 and outcome is not None:
            self._counts = self._rule.count(self._counts, outcome)
        del self._questions[question]
        return Settled(question, outcome, nets, {name: float(flow) for name, flow in flows.items()}, otherwise)

    def _otherwise(self, bets: Sequence[Bet], odds: Odds, outcome: int) -> dict[str, float]:
        """Flows under the outcome that did not come, worked out on a copy, for `pay` may learn."""
        shadow = copy.deepcopy(self)
        flows = shadow.accounts.settle({**{bet.name: 0 for bet in bets}, **shadow.pay(bets, odds, outcome)})
        return {name: float(flow) for name, flow in flows.items()}

    def finish(self) -> None:
        """Nothing is owed here: everybody has been paid at resolution. No move is possible afterwards."""
        self._finished = True

    def wealth(self, name: str) -> int:
        """Stake and wallet, wei."""
        return self.accounts.wealth(name)

    def brought_in(self, name: str) -> int:
        """As `Mechanism.brought_in`."""
        return self.accounts[name].brought_in

    def emitted(self) -> int:
        """Sum of all nets so far, wei."""
        return self.accounts.emitted

    def _asked(self, question: int) -> _Question:
        try:
            return self._questions[question]
        except KeyError:
            raise Refused(f"there is no open question {question}") from None

    def _counted(self, posted: Odds | None) -> Odds:
        if posted is not None:
            raise Refused("series 0 makes its own odds; post odds on another series")
        if any(asked.series == 0 for asked in self._questions.values()):
            raise Refused("series 0 opens its next question when the one before has ended")
        first, second = self._rule.odds(self._counts)
        return first, second

    def _checked(self, odds: Odds, what: str) -> Odds:
        if len(odds) != 2 or not all(isinstance(each, int) for each in odds):
            raise Refused(f"{what} must be two integers (WAD), got {odds!r}")
        if sum(odds) != WAD or min(odds) < self._rule.p_min:
            raise Refused(f"{what} must sum to {WAD} and be {self._rule.p_min} or more each, got {odds}")
        return odds[0], odds[1]

    def _check_bounds(self, bets: Sequence[Bet], nets: Mapping[str, int]) -> None:
        """A rule of pay that breaks its word would be found as an attack that pays; better to say so."""
        wagers = {bet.name: bet.wager for bet in bets}
        for name, net in nets.items():
            if net < -wagers.get(name, 0):
                raise LabError(f"{self.name} takes {-net} wei from {name!r}, who wagered {wagers.get(name, 0)}")
        if sum(nets.values()) > self.emission:
            raise LabError(f"{self.name} emits {sum(nets.values())} wei; it may emit {self.emission} a question")

    def _not_finished(self) -> None:
        if self._finished:
            raise Refused("the mechanism has finished; only wealth, brought_in and emitted can be read")


class SelfFinanced(Rival):
    """A rival whose payers are its losers: on every question the nets sum to zero exactly, and nothing is emitted."""

    def __init__(self, *, min_wager: int = WAD, warm_up: int = 0, rule: OddsRule | None = None) -> None:
        super().__init__(emission=0, min_wager=min_wager, warm_up=warm_up, rule=rule)
