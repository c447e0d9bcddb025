"""A large population of forecasters on the vectorised twin: what happens with ten thousand of them, and with attackers.

A round is a question with two outcomes. With z_t ~ N(0, σ²) the truth is Bernoulli(logistic(mean + z_t)); the public
odds are the series' own frequencies, by the exact twin. Owner i reads x_i = z_t + N(0, σ² / λ_i) and reports

    logistic((b + x_i · λ_i / (1 + λ_i)) / √(1 + π v_i / 8)),   v_i = σ² / (1 + λ_i),   b: the public log-odds before z

its posterior, within a few thousandths. Whoever expects more than the rent, at the last round's crowding, wagers a
fraction of its stake; nets split through escrows, κ to the stake and the rest to providers, who appear as one sum. Who
falls below a minimum takes its stake out and closes its escrow, and somebody new enters in its place.

Attackers are a fraction of the owners, hence of the stake at the start:

    "exaggerate"   report `strength` times their departure from the public odds, and always wager
    "copy"         report the public odds, and always wager
    "collude"      share all their signals and report the common posterior
    "sybil"        each splits its stake over `strength` names that report the same

Money is float64 wei here. It is conserved to within 1e-12 of what came in, and a stake stays within 1e-12 of itself of
what the exact twin makes of the same reports over some hundred rounds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt

from headwater.report.stats import Floats
from headwater.twin import (
    COUNT_GRAIN,
    EscrowBatch,
    Scale,
    batch_capacity,
    batch_growth,
    batch_lock,
    batch_net,
    count_outcome,
    frequency_odds,
)
from headwater.units import BPS, WAD

Attack: TypeAlias = Literal["none", "exaggerate", "copy", "collude", "sybil"]
Bools: TypeAlias = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class CrowdSetting:
    """What a crowd plays.

    Attributes:
        owners: forecasters; sybils make more names of some of them.
        spread: σ of the hidden log-odds; mean: their long-run mean.
        quality: median precision λ of a signal, relative to the hidden state's; inequality: standard deviation of ln λ.
        stake: what an owner enters with, wei; a name of a sybil enters with its part.
        wager_bps, keep_bps: of the stake that is wagered, of every net that is kept.
        buffer: of an owner's escrow, wei.
        leave_bps: of what a name entered with; below it, it leaves.
        p_min: WAD; rent_bps: of the series.
        bankroll: at the start, an owner, wei; emission: into it, an owner a round, wei; reserve_bps: of it a question.
        forgetting: WAD factor of the public frequencies; smoothing: pseudo-count of an outcome, 1e-12 observations.
        attack, attackers, strength: who the attackers are, their part of the owners (0 to 1), and the factor or names.
    """

    owners: int = 10_000
    spread: float = 1.0
    mean: float = -0.4
    quality: float = 0.5
    inequality: float = 0.5
    stake: int = 1_000 * WAD
    wager_bps: int = 500
    keep_bps: int = 4_000
    buffer: int = WAD
    leave_bps: int = 5_000
    p_min: int = WAD // 100
    rent_bps: int = 25
    bankroll: int = 50 * WAD
    emission: int = WAD // 10
    reserve_bps: int = 500
    forgetting: int = WAD * 995 // 1_000
    smoothing: int = COUNT_GRAIN
    attack: Attack = "none"
    attackers: float = 0.0
    strength: int = 2

    def __post_init__(self) -> None:
        if self.owners < 1 or self.strength < 1:
            raise ValueError(f"a crowd has owners, and a strength is at least 1; got {self.owners} and {self.strength}")
        if self.attack not in get_args(Attack) or not 0 <= self.attackers <= 1:
            raise ValueError(
                f"attack is one of {', '.join(get_args(Attack))}, and attackers a part from 0 to 1; "
                f"got {self.attack!r} and {self.attackers}"
            )
        if not (0 < self.wager_bps <= BPS // 2 and 0 <= self.keep_bps <= BPS and 0 <= self.leave_bps <= BPS):
            raise ValueError("wager_bps lies between 1 and 5,000, keep_bps and leave_bps between 0 and 10,000")
        if self.stake <= 0 or self.spread <= 0 or self.quality <= 0 or self.inequality < 0:
            raise ValueError("stake, spread and quality are positive, inequality not negative")


@dataclass(frozen=True, slots=True, eq=False)
class Round:
    """What a round was: public odds (WAD), the outcome, each name's probability for it (n,), who wagered and left."""

    odds: tuple[int, ...]
    outcome: int
    chances: Floats
    wagers: Floats
    capacity: float
    left: Bools


@dataclass(slots=True)
class Books:
    """Where money came from and went, wei, by group: 0 honest, 1 attackers."""

    entered: Floats = field(default_factory=lambda: np.zeros(2))
    withdrawn: Floats = field(default_factory=lambda: np.zeros(2))
    providers: float = 0.0
    minted: float = 0.0
    departures: int = 0


class Crowd:
    """The population and its series. `step` plays a round; everything random comes from the generator given."""

    def __init__(self, setting: CrowdSetting, rng: np.random.Generator) -> None:
        self.setting = setting
        self._world, self._signals, self._entrants = rng.spawn(3)
        self.scale = Scale.of(setting.p_min, setting.rent_bps)
        self.owner, self.attacking = _names(setting)
        parts = np.bincount(self.owner, minlength=setting.owners)[self.owner]
        self.entry = setting.stake / parts
        self.stake = self.entry.copy()
        self.escrows = EscrowBatch.of(setting.keep_bps, setting.buffer / parts, len(parts))
        self.precision = self._draw_precision(setting.owners)
        self.bankroll = float(setting.bankroll * setting.owners)
        self.counts = [0, 0]
        self.books = Books(minted=self.bankroll)
        self._count_groups(self.books.entered, self.entry)
        self._crowding = 1.0

    def step(self) -> Round:
        """Play one question to its settlement."""
        setting = self.setting
        odds = frequency_odds(self.counts, setting.smoothing, setting.p_min)
        public = odds[1] / WAD
        hidden = setting.spread * float(self._world.standard_normal())
        outcome = int(self._world.uniform() < _logistic(setting.mean + hidden))
        yes = self._reports(public, hidden)
        wagers = self._wagers(yes, public)
        chances = yes if outcome else 1.0 - yes
        most = float(batch_capacity([self.bankroll * setting.reserve_bps / BPS], [[1 - public, public]], self.scale)[0])
        self._settle(wagers, batch_growth(chances, odds[outcome] / WAD), most)
        self.counts = count_outcome(self.counts, outcome, setting.forgetting)
        self.bankroll += float(setting.emission * setting.owners)
        self.books.minted += float(setting.emission * setting.owners)
        return Round(tuple(odds), outcome, chances, wagers, most, self._replace_leavers())

    def _reports(self, public: float, hidden: float) -> Floats:
        """What each name gives the outcome 1, (n,)."""
        setting = self.setting
        variance = setting.spread**2
        noise = self._signals.standard_normal(setting.owners)
        precision = self.precision
        read = hidden + noise * (setting.spread / np.sqrt(precision))
        if setting.attack == "collude" and bool(self.attacking.any()):
            ring = self.attacking  # one name an owner
            common = float(precision[ring].sum())
            read = np.where(ring, float(read[ring] @ precision[ring]) / common, read)
            precision = np.where(ring, common, precision)
        # The public odds already average over z; before it they lie further from even.
        before = _logit(public) * np.sqrt(1 + np.pi * variance / 8)
        logits = before + read * precision / (1 + precision)
        logits /= np.sqrt(1 + np.pi / 8 * variance / (1 + precision))
        logits = logits[self.owner]
        if setting.attack in ("exaggerate", "copy"):
            factor = float(setting.strength) if setting.attack == "exaggerate" else 0.0
            base = _logit(public)
            logits = np.where(self.attacking, base + factor * (logits - base), logits)
        least = setting.p_min / WAD
        return np.clip(_logistic(logits), least, 1 - least)

    def _wagers(self, yes: Floats, public: float) -> Floats:
        """Wei, (n,): a fraction of the stake where the expected growth, at the last crowding, is worth the rent."""
        expected = yes * np.log(yes / public) + (1 - yes) * np.log((1 - yes) / (1 - public))
        worth = expected * self._crowding * WAD > self.scale.log_rent
        if self.setting.attack in ("exaggerate", "copy"):
            worth |= self.attacking
        return np.where(worth, self.stake * (self.setting.wager_bps / BPS), 0.0)

    def _settle(self, wagers: Floats, growths: Floats, most: float) -> None:
        wagered = float(wagers.sum())
        if wagered == 0.0:
            return
        self._crowding = min(most, wagered) / wagered
        locks = batch_lock(wagers, self.scale)
        self.escrows.commit(locks)
        nets = batch_net(wagers, growths, most, wagered, self.scale)
        changes, _ = self.escrows.settle(locks, nets)
        self.stake += changes
        self.bankroll -= float(nets.sum())
        self.books.providers += float(self.escrows.release().sum())

    def _replace_leavers(self) -> Bools:
        """Names below their minimum take out what they have; others enter in their place, with an empty escrow."""
        left = self.stake < self.entry * (self.setting.leave_bps / BPS)
        gone = np.flatnonzero(left)
        if gone.size:
            self._count_groups(self.books.withdrawn, np.where(left, self.stake, 0.0))
            self._count_groups(self.books.entered, np.where(left, self.entry, 0.0))
            self.books.departures += gone.size
            self.books.providers += float(self.escrows.held[gone].sum())
            self.escrows.held[gone] = self.escrows.debt[gone] = 0.0
            self.stake[gone] = self.entry[gone]
            # A new name of a sybil still reads its owner's signal.
            new = np.unique(self.owner[gone][~self.attacking[gone]])
            self.precision[new] = self._draw_precision(new.size)
        return left

    def _draw_precision(self, count: int) -> Floats:
        setting = self.setting
        return setting.quality * np.exp(setting.inequality * self._entrants.standard_normal(count))

    def _count_groups(self, totals: Floats, amounts: Floats) -> None:
        attackers = float(amounts[self.attacking].sum())
        totals += [float(amounts.sum()) - attackers, attackers]

    def unaccounted(self) -> float:
        """Wei that came in less those that are there or went out: rounding alone, of either sign."""
        there = float(self.stake.sum() + self.escrows.held.sum() + self.escrows.due.sum()) + self.bankroll
        gone = float(self.books.withdrawn.sum()) + self.books.providers
        return float(self.books.entered.sum()) + self.books.minted - there - gone

    def gains(self) -> Floats:
        """Honest owners' and attackers' gain per unit of stake they ever brought in, (2,); NaN for nobody."""
        stakes = np.zeros(2)
        self._count_groups(stakes, self.stake)
        with np.errstate(invalid="ignore"):
            return np.asarray((stakes + self.books.withdrawn) / self.books.entered - 1.0, dtype=np.float64)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CrowdResult:
    """A run's end and its path. Wei where not said otherwise.

    Attributes:
        names: identities, sybils' included; settlements: positions settled.
        honest_gain, attacker_gain: per unit of stake ever brought in; NaN for nobody.
        providers, departures, bankroll, staked: paid to providers, names that left, left in the bankroll, at stake.
        unaccounted: part of the money that rounding lost or made, of what came in.
        log_loss: (rounds, 2), mean over names and of the public odds, nats.
        wagered: (rounds,); filled: (rounds,), min(C, W) / W, NaN where nobody wagered.
    """

    names: int
    settlements: int
    honest_gain: float
    attacker_gain: float
    providers: float
    departures: int
    bankroll: float
    staked: float
    unaccounted: float
    log_loss: Floats
    wagered: Floats
    filled: Floats


def play_crowd(setting: CrowdSetting, rounds: int, rng: np.random.Generator) -> CrowdResult:
    """Play this many rounds. Memory is that of the names, about 200 bytes each, and 32 bytes a round.

    Raises:
        ValueError: fewer than one round.
    """
    if rounds < 1:
        raise ValueError(f"a run has at least one round; got {rounds}")
    crowd = Crowd(setting, rng)
    log_loss, wagered, filled = np.empty((rounds, 2)), np.empty(rounds), np.full(rounds, np.nan)
    settlements = 0
    for index in range(rounds):
        played = crowd.step()
        log_loss[index] = -np.log(played.chances).mean(), -np.log(played.odds[played.outcome] / WAD)
        wagered[index] = played.wagers.sum()
        settlements += int(np.count_nonzero(played.wagers))
        if wagered[index] > 0:
            filled[index] = min(played.capacity, wagered[index]) / wagered[index]
    honest, attackers = (float(gain) for gain in crowd.gains())
    return CrowdResult(
        names=len(crowd.stake),
        settlements=settlements,
        honest_gain=honest,
        attacker_gain=attackers,
        providers=crowd.books.providers,
        departures=crowd.books.departures,
        bankroll=crowd.bankroll,
        staked=float(crowd.stake.sum()),
        unaccounted=crowd.unaccounted() / (float(crowd.books.entered.sum()) + crowd.books.minted),
        log_loss=log_loss,
        wagered=wagered,
        filled=filled,
    )


def _names(setting: CrowdSetting) -> tuple[npt.NDArray[np.intp], Bools]:
    """The owner of each name, and whether it attacks; attackers are the first owners."""
    attackers = round(setting.attackers * setting.owners) if setting.attack != "none" else 0
    names = np.ones(setting.owners, dtype=np.intp)
    if setting.attack == "sybil":
        names[:attackers] = setting.strength
    owner = np.repeat(np.arange(setting.owners), names)
    return owner, owner < attackers


def _logit(p: float) -> float:
    return float(np.log(p) - np.log1p(-p))


def _logistic(logits: npt.ArrayLike) -> Floats:
    return np.asarray(0.5 * (1 + np.tanh(np.asarray(logits) / 2)), dtype=np.float64)
