"""The ForecastArena by its rules: series, questions, positions, on the twins of `headwater.twin`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from model_base import Clock, Places, Refused, require
from model_cascade import CascadeModel
from model_treasury import TreasuryModel
from model_vault import Key, VaultModel

from headwater.chain.participant import commitment
from headwater.chain.system import SeriesParams, Times
from headwater.twin import (
    Scale,
    capacity,
    check_simplex,
    count_outcome,
    frequency_odds,
    growth,
    kept_reserve,
    lock,
    net,
    reserve_slice,
)
from headwater.units import BPS, MAX_WEI, WAD

NOBODY = "0x" + "00" * 20
AWAITING_ODDS, OPEN, RESOLVED, VOID_EARLY, VOID_LATE, VOID_TIMEOUT = range(1, 7)
MAX_GAP = 90 * 86_400


@dataclass(slots=True)
class Series:
    """A series, its counters (1e-12 observations), how many questions it resolved, and its newest question."""

    id: int
    params: SeriesParams
    scale: Scale
    counts: list[int]
    resolved: int = 0
    newest: int = 0

    @property
    def domain(self) -> int:
        return 0 if self.params.governed else self.id

    @property
    def has_feed(self) -> bool:
        return self.params.feed != NOBODY

    def next_odds(self) -> list[int]:
        return frequency_odds(self.counts, self.params.smoothing, self.params.p_min)


@dataclass(slots=True)
class Position:
    """A position; `report` is None until it is revealed."""

    wager: int
    version: int
    commitment: bytes
    report: tuple[int, ...] | None = None


@dataclass(slots=True, kw_only=True)
class Question:
    """A question; `reserve` is what is still set aside, `unsettled` the wagers not settled (0 while it is open)."""

    id: int
    series: Series
    times: Times
    opened: int
    count: int
    reserve: int
    status: int = AWAITING_ODDS
    outcome: int = 0
    odds: tuple[int, ...] = ()
    capacity: int = 0
    wagered: int = 0
    unsettled: int = 0
    positions: dict[str, Position] = field(default_factory=dict)

    def key(self, forecaster: str) -> Key:
        return forecaster, self.positions[forecaster].version, self.series.domain


@dataclass(kw_only=True)
class ArenaModel:
    """Functions take the caller first, then what the contract's take, and raise Refused where it must revert."""

    chain_id: int
    clock: Clock
    places: Places
    treasury: TreasuryModel
    vault: VaultModel
    cascade: CascadeModel
    min_window: int
    max_window: int
    resolve_timeout: int
    series: dict[int, Series] = field(default_factory=dict)
    questions: dict[int, Question] = field(default_factory=dict)

    # Series and questions

    def create_series(self, sender: str, raw: tuple[object, ...]) -> None:
        params = SeriesParams(
            **dict(zip(SeriesParams.__dataclass_fields__, raw, strict=True))  # type: ignore[arg-type]
        )
        require(2 <= params.outcomes <= 8, "outcomes")
        require(params.p_min >= 10**15 and 2 * params.outcomes * params.p_min <= WAD, "p_min")
        require(params.rent_bps <= 1_000 and 1 <= params.share_bps <= BPS, "rent or share")
        require(1 <= params.min_wager <= MAX_WEI and params.warm_up <= 65_535, "min wager or warm-up")
        require(NOBODY not in (params.opener, params.oracle), "zero address")
        if params.feed == NOBODY:
            require(98 * 10**16 <= params.forgetting <= WAD and 10**9 <= params.smoothing <= 10**15, "frequencies")
        else:
            require(params.forgetting == params.smoothing == 0, "a feed needs no frequencies")
        require(not params.governed or sender == self.places.governor, "not the governor")
        number = len(self.series) + 1
        self.treasury.register(number, None if params.governed else sender, params.epoch_cap)
        scale = Scale.of(params.p_min, params.rent_bps)
        self.series[number] = Series(number, params, scale, [0] * params.outcomes)

    def open_question(self, sender: str, series: int, raw: tuple[int, int, int, int, int], topic: bytes) -> None:
        require(series in self.series, "no such series")
        of, t, now = self.series[series], Times(**dict(zip(Times.__slots__, raw, strict=True))), self.clock.now
        require(sender == of.params.opener, "not the opener")
        require(now <= t.commit_start and t.commit_start + self.min_window <= t.commit_end, "commit window")
        require(t.commit_end <= now + self.max_window, "commit window ends too late")
        require(self.min_window <= t.reveal_end - t.commit_end <= self.max_window, "reveal window")
        require(0 <= t.event_start - t.reveal_end <= self.max_window, "event")
        require(0 <= t.resolve_after - t.event_start <= self.max_window, "resolution")
        pending = not of.has_feed and of.newest and self.questions[of.newest].status <= OPEN
        require(not pending, "the question before is not resolved")
        warm = of.resolved >= of.params.warm_up
        question = Question(
            id=len(self.questions) + 1,
            series=of,
            times=t,
            opened=self.clock.block,
            count=self.cascade.ledger.count,
            reserve=self.treasury.set_aside(series, of.params.share_bps) if warm else 0,
        )
        self.questions[question.id], of.newest = question, question.id
        if not of.has_feed:
            self._set_odds(question, of.next_odds())

    def post_odds(self, sender: str, number: int, odds: Sequence[int]) -> None:
        question = self._question(number)
        require(question.status == AWAITING_ODDS, "does not await odds")
        require(sender == question.series.params.feed, "not the feed")
        require(self.clock.now < question.times.commit_start, "commits have opened")
        self._check(question, odds)
        self._set_odds(question, odds)

    def _set_odds(self, question: Question, odds: Sequence[int]) -> None:
        question.odds, question.status = tuple(odds), OPEN
        question.capacity = capacity(question.reserve, odds, question.series.scale)

    @staticmethod
    def _check(question: Question, probabilities: Sequence[int]) -> None:
        params = question.series.params
        try:
            check_simplex(list(probabilities), params.outcomes, params.p_min)
        except ValueError as error:
            raise Refused(str(error)) from error

    def _question(self, number: int) -> Question:
        if number not in self.questions:
            raise Refused("no such question")
        return self.questions[number]

    # Forecasts

    def commit(self, sender: str, number: int, sealed: bytes, wager: int, version: int, checkpoint: int) -> None:
        question = self._question(number)
        of, position = question.series, question.positions.get(sender)
        require(question.status == OPEN, "not open")
        require(question.times.commit_start <= self.clock.now < question.times.commit_end, "not the time to commit")
        require(question.capacity > 0 and sealed != bytes(32), "no capacity or empty commitment")
        before = position.wager if position else 0
        require(max(of.params.min_wager, before) <= wager <= MAX_WEI, "wager too small, or shrinking")
        if position is None:
            require(self.cascade.binds(sender, version, question.count), "another version is bound")
        else:
            require(version == position.version, "the position has another version")
        locked = lock(wager, of.scale) - (lock(before, of.scale) if before else 0)
        key = (sender, version, of.domain)
        self.vault.check_lock(sender, key, wager, locked, checkpoint, question.opened)
        self.vault.lock(sender, key, locked)
        question.positions[sender] = Position(wager, version, sealed)
        question.wagered += wager - before

    def reveal(self, sender: str, number: int, forecaster: str, forecast: Sequence[int], salt: bytes) -> None:
        question = self._question(number)
        require(question.status in (OPEN, VOID_LATE), "not open")
        require(question.times.commit_end <= self.clock.now < question.times.reveal_end, "not the time to reveal")
        position = question.positions.get(forecaster)
        if position is None or position.report is not None:
            raise Refused("no sealed position")
        sealed = commitment(self.chain_id, self.places.arena, number, forecaster, forecast, salt)
        require(position.commitment == sealed, "not the committed forecast")
        self._check(question, forecast)
        position.report = tuple(forecast)

    # Outcomes

    def resolve(self, sender: str, number: int, outcome: int) -> None:
        question = self._question(number)
        of = question.series
        require(question.status == OPEN and sender == of.params.oracle, "not open, or not the oracle")
        require(self.clock.now >= question.times.resolve_after, "too early")
        require(outcome < of.params.outcomes, "no such outcome")
        question.status, question.outcome = RESOLVED, outcome
        if not of.has_feed:
            of.counts = count_outcome(of.counts, outcome, of.params.forgetting)
        of.resolved += 1
        self._close_book(question, kept_reserve(question.reserve, question.capacity, question.wagered))

    def void(self, sender: str, number: int) -> None:
        question = self._question(number)
        require(question.status in (AWAITING_ODDS, OPEN), "not open")
        require(sender == question.series.params.oracle, "not the oracle")
        self._void(question, VOID_EARLY if self.clock.now < question.times.commit_end else VOID_LATE)

    def expire(self, sender: str, number: int) -> None:
        question = self._question(number)
        if question.status == AWAITING_ODDS:
            require(self.clock.now >= question.times.commit_start, "odds may still be posted")
            self._void(question, VOID_EARLY)
        else:
            require(question.status == OPEN, "not open")
            require(self.clock.now >= question.times.resolve_after + self.resolve_timeout, "may still be resolved")
            self._void(question, VOID_TIMEOUT)

    def _void(self, question: Question, status: int) -> None:
        question.status = status
        self._close_book(question, 0)

    def _close_book(self, question: Question, kept: int) -> None:
        self.treasury.free(question.series.id, question.reserve - kept)
        question.reserve, question.unsettled = kept, question.wagered

    # Settlement

    def settle(self, sender: str, number: int, forecaster: str) -> None:
        question = self._question(number)
        require(forecaster in question.positions, "no position")
        self._check_settles(question)
        self._settle(question, forecaster)

    def settle_many(self, sender: str, number: int, forecasters: Sequence[str]) -> None:
        require(len(forecasters) <= 32, "too many")
        question = self.questions.get(number)
        if question is None or not any(forecaster in question.positions for forecaster in forecasters):
            return
        self._check_settles(question)
        for forecaster in forecasters:
            if forecaster in question.positions:
                self._settle(question, forecaster)

    def _check_settles(self, question: Question) -> None:
        require(question.status >= RESOLVED, "not resolved")
        late = question.status == VOID_LATE and self.clock.now < question.times.reveal_end
        require(not late, "reveals have not ended")

    def outcome_net(self, question: Question, forecaster: str, outcome: int) -> int:
        """Net of a position if the question resolves with this outcome, wei."""
        position, scale = question.positions[forecaster], question.series.scale
        grown = (
            -scale.log_range if position.report is None else growth(position.report[outcome], question.odds[outcome])
        )
        return net(position.wager, grown, question.capacity, question.wagered, scale)

    def _net(self, question: Question, forecaster: str) -> int:
        position, scale = question.positions[forecaster], question.series.scale
        match question.status:
            case 3:
                return self.outcome_net(question, forecaster, question.outcome)
            case 4:
                return 0
            case 5 if position.report is None:
                return net(position.wager, -scale.log_range, question.capacity, question.wagered, scale)
        return net(position.wager, 0, question.capacity, question.wagered, scale)

    def _settle(self, question: Question, forecaster: str) -> None:
        of, position = question.series, question.positions[forecaster]
        gained, key = self._net(question, forecaster), question.key(forecaster)
        portion = reserve_slice(question.reserve, position.wager, question.unsettled)
        question.reserve -= portion
        question.unsettled -= position.wager
        del question.positions[forecaster]
        self.vault.settle(forecaster, key, lock(position.wager, of.scale), gained)
        self.treasury.settle(of.id, portion, gained)
