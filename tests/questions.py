"""Whole questions at random: drawn, played on the chain up to their end, and foretold by the twins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import strategies as st

from harness import SALT, World
from headwater.chain.system import Times
from headwater.twin import Scale, capacity, growth, net
from headwater.units import BPS, MAX_WEI
from randomised import p_mins, rents, simplex

ENDINGS = ("resolved", "void early", "void late", "void by timeout")
TIMEOUT = 8 * 86_400
"""Longer than RESOLVE_TIMEOUT of the tests' deployment, in seconds."""


@dataclass(frozen=True)
class Bet:
    """One forecaster's position: report (WAD), wager (wei), and whether it is never revealed."""

    report: tuple[int, ...]
    wager: int
    hidden: bool = False


@dataclass(frozen=True)
class Case:
    """A question on a sponsored series of its own: parameters, odds (WAD), bets by forecaster, how it ends.

    `order` permutes the settlements; `outcome` matters only if it resolves.
    """

    p_min: int
    rent_bps: int
    share_bps: int
    bankroll: int
    odds: tuple[int, ...]
    bets: tuple[Bet, ...]
    order: tuple[int, ...]
    outcome: int = 0
    ending: str = "resolved"

    @property
    def outcomes(self) -> int:
        return len(self.odds)

    @property
    def scale(self) -> Scale:
        return Scale.of(self.p_min, self.rent_bps)

    @property
    def reserve(self) -> int:
        return self.bankroll * self.share_bps // BPS

    @property
    def capacity(self) -> int:
        return capacity(self.reserve, self.odds, self.scale)

    @property
    def wagered(self) -> int:
        return sum(bet.wager for bet in self.bets)

    def growth(self, bet: Bet, outcome: int | None = None, ending: str | None = None) -> int | None:
        """Growth a bet settles at; None if it is refunded in full."""
        ending, outcome = ending or self.ending, self.outcome if outcome is None else outcome
        if ending == "void early":
            return None
        if ending == "void by timeout":
            return 0
        if bet.hidden:
            return -self.scale.log_range
        return growth(bet.report[outcome], self.odds[outcome]) if ending == "resolved" else 0

    def net(self, bet: Bet, outcome: int | None = None, ending: str | None = None) -> int:
        """What the twin says a bet nets, wei."""
        g = self.growth(bet, outcome, ending)
        return 0 if g is None else net(bet.wager, g, self.capacity, self.wagered, self.scale)


def wagers(stake: int, rent_bps: int) -> st.SearchStrategy[int]:
    """From one wei to all that the stake can lock."""
    most = stake * BPS // (BPS + rent_bps) - 2
    return st.one_of(
        st.sampled_from([1, most]),
        st.integers(1, most.bit_length() - 1).flatmap(lambda bits: st.integers(1, 2**bits)),
        st.integers(1, most),
    )


@st.composite
def cases(draw: st.DrawFn, *, stake: int, funds: int, people: int, endings: Sequence[str] = ENDINGS) -> Case:
    """Cases for forecasters with this stake (wei each) and a bankroll of at most `funds` wei."""
    outcomes = draw(st.integers(2, 8))
    p_min, rent_bps = draw(p_mins(outcomes)), draw(rents)
    count = draw(st.integers(1, people))
    bets = st.builds(
        Bet, simplex(outcomes, p_min), wagers(stake, rent_bps), st.integers(0, 3).map(lambda roll: roll == 0)
    )
    bankroll = st.integers(1, funds.bit_length() - 1).flatmap(lambda bits: st.integers(1, 2**bits))
    return Case(
        p_min=p_min,
        rent_bps=rent_bps,
        share_bps=draw(st.one_of(st.sampled_from([1, BPS]), st.integers(1, BPS))),
        bankroll=draw(st.one_of(bankroll, st.just(funds))),
        odds=draw(simplex(outcomes, p_min)),
        bets=tuple(draw(st.lists(bets, min_size=count, max_size=count))),
        order=tuple(draw(st.permutations(range(count)))),
        outcome=draw(st.integers(0, outcomes - 1)),
        ending=draw(st.sampled_from([*endings, *(["resolved"] if "resolved" in endings else [])])),
    )


@dataclass(frozen=True)
class Staged:
    """A question on the chain: bets are in, revealed but for the hidden ones; the clock is past the reveals."""

    series: int
    question: int
    times: Times


def open_case(world: World, case: Case) -> Staged:
    """Sponsor a series by the governor, fund it, open the question, post its odds, go to commit_start."""
    sponsor = world.governor
    series = world.series(
        outcomes=case.outcomes,
        p_min=case.p_min,
        rent_bps=case.rent_bps,
        share_bps=case.share_bps,
        min_wager=1,
        epoch_cap=MAX_WEI,
        forgetting=0,
        smoothing=0,
        feed=sponsor.address,
        governed=False,
    )
    sponsor.fund(series, case.bankroll)
    times = world.times()
    question = sponsor.open_question(series, times)
    sponsor.post_odds(question, case.odds)
    world.travel(times.commit_start)
    return Staged(series, question, times)


def commit_all(world: World, staged: Staged, case: Case, *, version: int = 0) -> None:
    """Commit every bet; the forecasters' one checkpoint is that of their first deposit."""
    for who, bet in zip(world.forecasters, case.bets, strict=False):
        who.commit(staged.question, bet.report, bet.wager, SALT, version=version, checkpoint=0)


def stage(world: World, case: Case) -> Staged:
    """Open, commit, reveal what is not hidden, and go past the reveals."""
    staged = open_case(world, case)
    commit_all(world, staged, case)
    world.travel(staged.times.commit_end)
    reveal_all(world, staged, case)
    world.travel(staged.times.resolve_after)
    return staged


def reveal_all(world: World, staged: Staged, case: Case) -> None:
    """Reveal every bet that is not hidden, by a stranger."""
    for who, bet in zip(world.forecasters, case.bets, strict=False):
        if not bet.hidden:
            world.stranger.reveal(staged.question, who.address, bet.report, SALT)


def play_case(world: World, case: Case) -> Staged:
    """Play a case to its end, unsettled."""
    if case.ending in ("resolved", "void by timeout"):
        staged = stage(world, case)
        if case.ending == "resolved":
            world.governor.resolve(staged.question, case.outcome)
        else:
            world.travel(staged.times.resolve_after + TIMEOUT)
            world.stranger.expire(staged.question)
        return staged
    staged = open_case(world, case)
    commit_all(world, staged, case)
    if case.ending == "void late":
        world.travel(staged.times.commit_end)
    world.governor.void(staged.question)
    if case.ending == "void late":
        reveal_all(world, staged, case)
        world.travel(staged.times.reveal_end)
    return staged
