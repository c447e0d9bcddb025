"""The study: what clones gain under each rule of credit, and what each rule costs an honest newcomer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import numpy as np

from headwater.report.stats import Floats, Interval, mean_interval, wilson
from headwater_agents.lab.clones.pay import RULES, Span, Trial, pay, shares
from headwater_agents.lab.clones.world import (
    Pool,
    Season,
    averaging_chances,
    joined_by,
    knowing_chances,
    play,
    similar_suppliers,
)

BUYERS: Final[dict[str, Callable[[Pool, Season], Floats]]] = {
    "knowing": knowing_chances,
    "averaging": averaging_chances,
}
"""Who buys: one that weights signals as their covariances ask for, and one that averages whatever it is given."""

NEWCOMERS: Final = ("new", "overlapping", "exact clone", "noise")


TABLES: Final = ("clones", "newcomers")


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What the study is run on.

    Attributes:
        suppliers: established ones; supplier 0 is the one that clones itself.
        questions: a season's.
        noise: variance of the noise of a signal.
        clone_noise: what a noisy clone adds to it.
        copies: numbers of clones tried.
        trial: how newcomers are judged.
    """

    suppliers: int = 4
    questions: int = 2_000
    noise: float = 0.375
    clone_noise: float = 0.1
    copies: tuple[int, ...] = (1, 2, 3, 4, 5, 6)
    trial: Trial = field(default_factory=Trial)


@dataclass(frozen=True, slots=True, kw_only=True)
class CloneRow:
    """The attacker with this many clones under one rule: means over seeds with 95% intervals.

    honest, share: its share of all credit alone, and with its clones. gain: their paired difference. promoted: clones
    promoted a season. growth: change of the buyer's growth by the clones, nats a question.
    """

    buyer: str
    kind: str
    copies: int
    rule: str
    honest: Interval
    share: Interval
    gain: Interval
    promoted: float
    growth: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class NewcomerRow:
    """One newcomer beside the established, judged by precedence with promotion: means over seeds.

    promoted: share of the seeds that promote it within the season, with Wilson's 95% interval. wait: questions until
    then, over those seeds alone (None where there are fewer than two). fair: its Shapley credit, nats a question.
    lost_on_trial, lost_after, lost: part of the fair pay, in its mean over seeds, that precedence withholds before
    promotion, after it, and over the season; lost_leave_one_out: the same of leave-one-out over the season. None where
    the fair pay is not distinguishable from zero.
    """

    buyer: str
    kind: str
    names: int
    promoted: Interval
    wait: Interval | None
    fair: Interval
    lost_on_trial: Interval | None
    lost_after: Interval | None
    lost: Interval | None
    lost_leave_one_out: Interval | None


def clone_table(seeds: Sequence[int], setting: Setting | None = None) -> list[CloneRow]:
    """Supplier 0 clones itself, exactly and with noise, 1 to 6 times; each row is paired with the same seed's season.

    The clones are newcomers: under precedence they stand behind the established until their test promotes them.
    """
    chosen = Setting() if setting is None else setting
    rows = []
    for buyer, chances in BUYERS.items():
        alone = [_season(chances, _established(chosen), 0, seed, chosen) for seed in seeds]
        for kind, noise in (("exact", 0.0), ("noisy", chosen.clone_noise)):
            for copies in chosen.copies:
                pool = _established(chosen)
                pool = joined_by(pool, [pool.loadings[0]] * copies, noise=noise)
                cloned = [_season(chances, pool, copies, seed, chosen) for seed in seeds]
                rows += [_clone_row(buyer, kind, copies, rule, alone, cloned, chosen) for rule in RULES]
    return rows


def newcomer_table(seeds: Sequence[int], setting: Setting | None = None) -> list[NewcomerRow]:
    """A newcomer joins: one with information of its own (under one name and under three), one that sees what the
    established see with noise of its own, an exact clone of supplier 0, and one that claims to know and does not.
    """
    chosen = Setting() if setting is None else setting
    return [
        _newcomer_row(buyer, kind, names, [_season(chances, pool, names, seed, chosen) for seed in seeds], chosen)
        for buyer, chances in BUYERS.items()
        for kind, names in (*((kind, 1) for kind in NEWCOMERS), ("new", 3))
        for pool in (_with_newcomer(kind, names, chosen),)
    ]


def _established(setting: Setting) -> Pool:
    return similar_suppliers(setting.suppliers, noise=setting.noise)


def _with_newcomer(kind: str, names: int, setting: Setting) -> Pool:
    pool = _established(setting)
    own = np.zeros(len(pool.latent))
    if kind == "exact clone":
        return joined_by(pool, [pool.loadings[0]] * names, noise=0.0)
    if kind == "noise":
        # As wide as an honest signal, so that nothing but its worth gives it away.
        return joined_by(pool, [own] * names, noise=float(pool.loadings[0] @ pool.loadings[0]), blind=True)
    own[0 if kind == "overlapping" else 1] = pool.latent[0 if kind == "overlapping" else 1]
    pool = joined_by(pool, [own], noise=setting.noise)
    # Further names of one newcomer say exactly what the first says.
    return joined_by(pool, [pool.loadings[-1]] * (names - 1), noise=0.0) if names > 1 else pool


def _season(
    chances: Callable[[Pool, Season], Floats], pool: Pool, newcomers: int, seed: int, setting: Setting
) -> list[Span]:
    season = play(pool, setting.questions, np.random.default_rng(seed))
    return pay(chances(pool, season), tuple(range(pool.size - newcomers, pool.size)), setting.trial)


def _clone_row(
    buyer: str, kind: str, copies: int, rule: str, alone: list[list[Span]], cloned: list[list[Span]], setting: Setting
) -> CloneRow:
    names = [0, *range(setting.suppliers, setting.suppliers + copies)]
    honest = np.array([shares(spans, rule)[0] for spans in alone])
    share = np.array([shares(spans, rule)[names].sum() for spans in cloned])
    growth = [
        (_growth(after) - _growth(before)) / setting.questions for before, after in zip(alone, cloned, strict=True)
    ]
    return CloneRow(
        buyer=buyer,
        kind=kind,
        copies=copies,
        rule=rule,
        honest=mean_interval(honest),
        share=mean_interval(share),
        gain=mean_interval(share - honest),
        promoted=float(np.mean([len(spans[-1].ranks) - sum(spans[-1].ranks) - setting.suppliers for spans in cloned])),
        growth=mean_interval(growth),
    )


def _growth(spans: list[Span]) -> float:
    """v(N), nats over the season: Shapley divides all of it."""
    return float(sum(span.credits["shapley"].sum() for span in spans))


def _newcomer_row(buyer: str, kind: str, names: int, seasons: list[list[Span]], setting: Setting) -> NewcomerRow:
    own = slice(setting.suppliers, setting.suppliers + names)
    # The first promotion of any of its names: from then on the newcomer stands among the established.
    waits = [spans[0].stop for spans in seasons if 0 in spans[-1].ranks[own]]
    fair, lost = _sums(seasons, own, "precedence", None)
    before, lost_before = _sums(seasons, own, "precedence", False)
    after, lost_after = _sums(seasons, own, "precedence", True)
    _, lost_leave = _sums(seasons, own, "leave-one-out", None)
    chance = wilson(len(waits), len(seasons))
    return NewcomerRow(
        buyer=buyer,
        kind=kind,
        names=names,
        promoted=Interval(len(waits) / len(seasons), *chance),
        wait=mean_interval(waits) if len(waits) > 1 else None,
        fair=mean_interval(fair / setting.questions),
        lost_on_trial=_part(lost_before, before),
        lost_after=_part(lost_after, after),
        lost=_part(lost, fair),
        lost_leave_one_out=_part(lost_leave, fair),
    )


def _sums(seasons: list[list[Span]], own: slice, rule: str, promoted: bool | None) -> tuple[Floats, Floats]:
    """For each season, fair pay and what `rule` withholds of it, over spans on trial, after promotion, or all."""
    fair = np.zeros(len(seasons))
    lost = np.zeros(len(seasons))
    for index, spans in enumerate(seasons):
        for span in spans:
            if promoted is None or promoted == (0 in span.ranks[own]):
                worth = float(span.credits["shapley"][own].sum())
                fair[index] += worth
                lost[index] += worth - float(span.credits[rule][own].sum())
    return fair, lost


def _part(lost: Floats, fair: Floats) -> Interval | None:
    """Mean loss as a part of the mean fair pay, which is taken as known; None where that may be zero or less."""
    whole = mean_interval(fair)
    return mean_interval(lost).scaled(1.0 / whole.mean) if np.isfinite(whole.low) and whole.low > 0 else None


def study(seeds: Sequence[int], setting: Setting | None = None, tables: Sequence[str] = TABLES) -> dict[str, Any]:
    """The tables asked for as plain data, with the setting: what `--json` prints."""
    chosen = Setting() if setting is None else setting
    told: dict[str, Any] = {"seeds": list(seeds), "setting": asdict(chosen)}
    if "clones" in tables:
        told["clones"] = [asdict(row) for row in clone_table(seeds, chosen)]
    if "newcomers" in tables:
        told["newcomers"] = [asdict(row) for row in newcomer_table(seeds, chosen)]
    return told
