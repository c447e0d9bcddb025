"""The rain world played without a chain: policies, the exact twin of the score, and what everybody earns on average.

    python -m headwater_agents.lab.offline --questions 1500

Odds, capacity and nets are the twin's integers, so a question pays here what it pays on the chain; only stakes are
simpler: every forecaster stands at the same stake before each question, and the cascade is read as the linear split it
is.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from headwater.report import Interval, bootstrap_interval
from headwater.twin import Scale, capacity, growth, net
from headwater.units import BPS, WAD
from headwater_agents.lab.cast import Cast, CastConfig, OddsRule
from headwater_agents.lab.players import make_players
from headwater_agents.lab.rain import WET, WET_AND_VERY_WET, RainWorld, load_rain
from headwater_agents.policies import (
    Action,
    Commit,
    Forecast,
    ForecasterView,
    Phase,
    Question,
    Supplier,
)
from headwater_agents.policies.forecast import Floats, Ints, to_floats
from headwater_agents.policies.worth import TOTAL

CLIMATOLOGY = "climatology"
BLOCK = 20
"""Questions a bootstrap block: 60 days of rain, well past the reach of weather's memory."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OfflineConfig:
    """Settings of a play: the cast, the series' odds, rent (bps), warm-up questions without capacity, reserve a
    question and stake a forecaster (wei), least wager (wei)."""

    cast: CastConfig
    rule: OddsRule = field(default_factory=OddsRule)
    rent_bps: int = 25
    warm_up: int = 20
    reserve: int = 500 * WAD
    stake: int = 1_000 * WAD
    min_wager: int = WAD

    def __post_init__(self) -> None:
        if self.rule.p_min != self.cast.worth.p_min:
            raise ValueError(f"p_min is {self.rule.p_min} in the rule and {self.cast.worth.p_min} in the cast's worth")


@dataclass(frozen=True, kw_only=True, slots=True)
class Play:
    """A play's record; T questions, the warm-up included.

    odds (T, k) and climatology (T, k), the plain running frequencies (c_o + 1) / (t + k) over the questions played;
    outcomes (T,); scored (T,) where there was capacity; forecasts (T, k) by name, of everybody who has one; wagers and
    nets in wei by forecaster, one a question, 0 where it stayed out; paid: wei by name, each question's net split
    linearly at the shares that stood when it opened, kept parts included.
    """

    log_range: float
    odds: Floats
    climatology: Floats
    outcomes: Ints
    scored: Ints
    forecasts: dict[str, Floats]
    wagers: dict[str, list[int]]
    nets: dict[str, list[int]]
    paid: dict[str, float]
    shares: dict[str, tuple[int, ...]]

    def growths(self, name: str) -> Floats:
        """Log-growth over the public odds of each scored question, nats, as if wagered on every one."""
        return self._against(self.forecasts[name], self.odds)

    def edges(self, name: str) -> Floats:
        """Log-growth over the running climatology, nats."""
        return self._against(self.forecasts[name], self.climatology)

    def _against(self, forecasts: Floats, base: Floats) -> Floats:
        at = np.flatnonzero(self.scored)
        hit = self.outcomes[at]
        result: Floats = np.log(forecasts[at, hit]) - np.log(base[at, hit])
        return result


def play(
    world: RainWorld, config: OfflineConfig, *, progress: Callable[[int, int], None] = lambda done, of: None
) -> Play:
    """Play every question of the world in order, after a rehearsal on its archive. Deterministic."""
    k = world.k
    rule = config.rule
    scale = Scale.of(rule.p_min, config.rent_bps)
    cast = Cast(config.cast)
    cast.rehearse(world.archive, rule)
    players = make_players(cast, world.archive, baselines=True)

    total = len(world.questions)
    names = [*config.cast.network.members, *cast.aggregators, *players, CLIMATOLOGY]
    forecasts = {name: np.empty((total, k)) for name in names}
    odds_seen, climate = np.empty((total, k)), np.empty((total, k))
    wagers: dict[str, list[int]] = {name: [] for name in players}
    nets: dict[str, list[int]] = {name: [] for name in players}
    paid = dict.fromkeys(names, 0.0)
    counts = [0] * k
    plain = np.zeros(k)

    for index, day in enumerate(world.questions):
        odds = rule.odds(counts)
        room = 0 if index < config.warm_up else capacity(config.reserve, odds, scale)
        question = Question(
            id=index,
            phase=Phase.COMMIT,
            odds=odds,
            p_min=rule.p_min,
            capacity=room,
            rent_bps=config.rent_bps,
        )
        sold = cast.signals(question, day)
        beliefs: dict[str, Forecast] = dict(sold)
        placed: dict[str, int] = {}
        for name, player in players.items():
            bought = tuple(sold.get(each) for each in player.suppliers)
            beliefs[name] = player.belief(question, bought)
            placed[name] = _wager(player.act(_view(name, question, config, player.suppliers, bought)))
        everything = sum(placed.values())
        for name in players:
            result = 0
            if placed[name]:
                gained = growth(beliefs[name][day.outcome], odds[day.outcome])
                result = net(placed[name], gained, room, everything, scale)
            wagers[name].append(placed[name])
            nets[name].append(result)
            _split(cast, name, float(result), paid)

        odds_seen[index] = to_floats(odds)
        climate[index] = (plain + 1) / (index + k)
        forecasts[CLIMATOLOGY][index] = climate[index]
        for name, belief in beliefs.items():
            forecasts[name][index] = to_floats(belief)
        cast.learn(odds, sold, day)
        for player in players.values():
            player.learn(odds, day)
        counts = rule.count(counts, day.outcome)
        plain[day.outcome] += 1
        progress(index + 1, total)

    return Play(
        log_range=-math.log(rule.p_min / WAD),
        odds=odds_seen,
        climatology=climate,
        outcomes=np.array([day.outcome for day in world.questions], dtype=np.int64),
        scored=(np.arange(total) >= config.warm_up).astype(np.int64),
        forecasts=forecasts,
        wagers=wagers,
        nets=nets,
        paid=paid,
        shares={node.name: cast.buyer_memories[node.name].shares for node in config.cast.network.buyers},
    )


def _view(
    address: str,
    question: Question,
    config: OfflineConfig,
    suppliers: Sequence[str],
    signals: tuple[Forecast | None, ...],
) -> ForecasterView[None]:
    return ForecasterView(
        address=address,
        question=question,
        suppliers=tuple(Supplier(address=each, version=0) for each in suppliers),
        signals=signals,
        standing=None,
        position=None,
        wallet=0,
        bonded=config.stake,
        free=config.stake,
        min_wager=config.min_wager,
        memory=None,
    )


def _wager(actions: Iterable[Action]) -> int:
    return sum(action.wager for action in actions if isinstance(action, Commit))


def _split(cast: Cast, name: str, amount: float, paid: dict[str, float]) -> None:
    """Credit `amount` to a node and down its suppliers: it keeps its share, the rest goes by the weights that stand."""
    if name not in cast.aggregators and name not in cast.forecasters:
        paid[name] += amount
        return
    kept = cast.buyer(name).buying.keep_bps / BPS
    paid[name] += amount * kept
    node = next(each for each in cast.config.network.buyers if each.name == name)
    for supplier, share in zip(node.suppliers, cast.buyer_memories[name].shares, strict=True):
        _split(cast, supplier, amount * (1 - kept) * share / TOTAL, paid)


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """A line of the result.

    growth: mean over the public odds, nats a question. edge, low, high: that growth per unit of effective wager
    (divided by L) with its 95% interval. over_climatology: the same mean edge over the running climatology. log_loss:
    nats. wagered, net: tokens, None for those who do not stake. paid: tokens that reached the name.
    """

    name: str
    growth: float
    edge: float
    low: float
    high: float
    over_climatology: float
    log_loss: float
    wagered: float | None
    net: float | None
    paid: float


def block_interval(values: Floats, rng: np.random.Generator) -> Interval:
    """Mean of a series of questions with its 95% block-bootstrap interval."""
    return bootstrap_interval(values, rng, block=min(BLOCK, len(values)))


def standings(record: Play, rng: np.random.Generator) -> list[Standing]:
    """One line a name, in the order of the record. Raises ValueError when no question was scored."""
    names = list(record.forecasts)
    growths = np.stack([record.growths(name) for name in names], axis=1) / record.log_range
    at = np.flatnonzero(record.scored)
    lines = []
    for column, name in enumerate(names):
        edge = block_interval(growths[:, column], rng)
        stakes = name in record.wagers
        hit = record.forecasts[name][at, record.outcomes[at]]
        lines.append(
            Standing(
                name=name,
                growth=float(growths[:, column].mean()) * record.log_range,
                edge=edge.mean,
                low=edge.low,
                high=edge.high,
                over_climatology=float(record.edges(name).mean()) / record.log_range,
                log_loss=float(-np.log(hit).mean()),
                wagered=sum(record.wagers[name]) / WAD if stakes else None,
                net=sum(record.nets[name]) / WAD if stakes else None,
                paid=record.paid[name] / WAD,
            )
        )
    return lines


def table(lines: Iterable[Standing]) -> str:
    """The standings as text."""
    head = (
        f"{'':14} {'log loss':>8} {'growth':>8} {'edge':>8} {'95% interval':>19} {'vs clim.':>8} "
        f"{'wagered':>10} {'net':>9} {'paid':>9}"
    )
    rows = [head]
    for line in lines:
        wagered = "-" if line.wagered is None else f"{line.wagered:,.0f}"
        won = "-" if line.net is None else f"{line.net:,.1f}"
        rows.append(
            f"{line.name:14} {line.log_loss:8.4f} {line.growth:8.4f} {line.edge:8.4f} "
            f"[{line.low:8.4f},{line.high:8.4f}] {line.over_climatology:8.4f} {wagered:>10} {won:>9} {line.paid:9,.1f}"
        )
    return "\n".join(rows)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command `python -m headwater_agents.lab.offline`."""
    parser = argparse.ArgumentParser(prog="python -m headwater_agents.lab.offline", description=__doc__)
    parser.add_argument("--questions", type=int, default=1_500, help="questions to play (default 1500)")
    parser.add_argument("--outcomes", type=int, choices=(2, 3), default=2, help="classes of rain (default 2)")
    parser.add_argument("--forgetting", type=float, default=0.99, help="of the public odds, 0.98 to 1")
    parser.add_argument("--burn-in", type=int, default=None, help="archive before the first question")
    parser.add_argument("--seed", type=int, default=0, help="of the bootstrap and the salts (default 0)")
    options = parser.parse_args(arguments)
    if not 0.98 <= options.forgetting <= 1:
        parser.error(f"--forgetting is {options.forgetting}; it must be 0.98 to 1")
    if options.seed < 0:
        parser.error(f"--seed is {options.seed}; it must be 0 or more")
    record_of_rain = load_rain(thresholds=WET if options.outcomes == 2 else WET_AND_VERY_WET)
    extra = {} if options.burn_in is None else {"burn_in": options.burn_in}
    try:
        world = record_of_rain.window(options.questions, **extra)
    except ValueError as error:
        parser.error(str(error))
    config = OfflineConfig(
        cast=CastConfig(seed=options.seed, outcomes=world.k),
        rule=OddsRule(forgetting=round(options.forgetting * 10**6) * 10**12),
    )

    def progress(done: int, of: int) -> None:
        if sys.stderr.isatty() and (done % 25 == 0 or done == of):
            print(f"\r{done}/{of} questions", end="\n" if done == of else "", file=sys.stderr, flush=True)

    record = play(world, config, progress=progress)
    if not record.scored.any():
        parser.error(f"--questions {options.questions} does not outlast the warm-up of {config.warm_up}")
    first, final = world.questions[0].date, world.questions[-1].date
    print(f"{len(world.questions)} questions, {first} to {final}, after {world.burn_in} in the archive;")
    print(f"{record.scored.sum()} scored. Growth: nats over the public odds; edge = growth / L, per unit of wager.")
    print(table(standings(record, np.random.default_rng(options.seed))))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
