"""Exact Shapley beside shapiq's exact computer, in the same run, on the same values.

Both read a table of 2**n normal values: ours by ranges of bitmasks, shapiq by the matrix of coalitions that it builds.
Times are the best of several runs for ours, and of as many as fit into a few seconds for shapiq, always with a fresh
computer, since it keeps its results. Peak memory is what tracemalloc sees in a run of its own, without the table.
shapiq's time grows about 2.2-fold a player; it goes as far as 14 players in a quick run and 20 in a full one, and its
memory is taken up to 12 and 16, because tracing slows it further. Ours goes to 20 in both.

    python -m bench.bench_shapley [--quick]
"""

from __future__ import annotations

import argparse
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
from shapiq.game_theory.exact import ExactComputer

from headwater.credit import Credit, Game, TableGame, pooled_growth_game, shapley

SEED = 20_240_611
SIZES = tuple(range(10, 21))
PEER_LIMIT, PEER_LIMIT_QUICK = 20, 14
PEER_MEMORY_LIMIT, PEER_MEMORY_LIMIT_QUICK = 16, 12
REPEATS = 5
PEER_SECONDS = 2.0


def run(quick: bool) -> dict[str, Any]:
    """Measure; seconds, bytes and ratios by number of players, then the game that buyers value signals with."""
    limit = PEER_LIMIT_QUICK if quick else PEER_LIMIT
    memory_limit = PEER_MEMORY_LIMIT_QUICK if quick else PEER_MEMORY_LIMIT
    return {
        "seed": SEED,
        "quick": quick,
        "shapiq_up_to": limit,
        "table": [_compare(n, limit, memory_limit) for n in SIZES],
        "pooled_growth": [_pooled(k, 11, 200) for k in (2, 3)],
    }


def _compare(n: int, limit: int, memory_limit: int) -> dict[str, Any]:
    game = TableGame(np.random.default_rng(SEED + n).normal(size=1 << n))
    ours, credit = _best(lambda: shapley(game), REPEATS)
    row: dict[str, Any] = {
        "players": n,
        "seconds": ours,
        "peak_bytes": _peak(lambda: shapley(game)),
        "efficiency_residual": credit.efficiency_residual,
    }
    if n > limit:
        return row
    theirs, values = _shapiq(game), np.empty(0)
    spent, best = 0.0, float("inf")
    while spent < PEER_SECONDS:
        seconds, values = _best(theirs, 1)
        spent, best = spent + seconds, min(best, seconds)
    row |= {
        "shapiq_seconds": best,
        "ratio": best / ours,
        "max_difference": float(np.abs(credit.values - values).max()),
    }
    if n <= memory_limit:
        row["shapiq_peak_bytes"] = _peak(theirs)
    return row


def _shapiq(game: Game) -> Callable[[], Any]:
    n = game.n_players

    def compute() -> Any:
        index = ExactComputer(n_players=n, game=game.values)("SV")
        return np.array([index[(player,)] for player in range(n)])

    return compute


def _pooled(k: int, n: int, questions: int) -> dict[str, Any]:
    rng = np.random.default_rng(SEED + k)
    odds = 0.01 + (1 - 0.01 * k) * rng.dirichlet(np.full(k, 4.0), size=questions)
    signals = 0.01 + (1 - 0.01 * k) * rng.dirichlet(np.full(k, 4.0), size=(questions, n))
    outcomes = rng.integers(0, k, size=questions)

    def value() -> Credit:
        return shapley(pooled_growth_game(signals, odds, outcomes))

    seconds, _ = _best(value, REPEATS)
    return {"players": n, "questions": questions, "outcomes": k, "seconds": seconds, "peak_bytes": _peak(value)}


def _best(function: Callable[[], Any], repeats: int) -> tuple[float, Any]:
    best, result = float("inf"), None
    for _ in range(repeats):
        start = time.perf_counter()
        result = function()
        best = min(best, time.perf_counter() - start)
    return best, result


def _peak(function: Callable[[], Any]) -> int:
    tracemalloc.start()
    try:
        function()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def table(results: dict[str, Any]) -> str:
    """The figures as text."""
    lines = [
        f"exact Shapley from a table of 2**n values; shapiq up to {results['shapiq_up_to']} players",
        f"{'n':>3} {'ours':>11} {'peak':>9} {'shapiq':>11} {'peak':>9} {'ratio':>8} {'max diff':>9}",
    ]
    lines += [
        f"{row['players']:>3} {row['seconds'] * 1e3:>8.2f} ms {_megabytes(row.get('peak_bytes')):>9}"
        f" {_milliseconds(row.get('shapiq_seconds')):>11} {_megabytes(row.get('shapiq_peak_bytes')):>9}"
        f" {'-' if 'ratio' not in row else format(row['ratio'], '.0f'):>8}"
        f" {'-' if 'max_difference' not in row else format(row['max_difference'], '.1e'):>9}"
        for row in results["table"]
    ]
    lines += [
        f"pooled growth, {row['players']} suppliers x {row['questions']} questions x {row['outcomes']} outcomes:"
        f" {row['seconds'] * 1e3:.1f} ms, peak {_megabytes(row['peak_bytes'])}"
        for row in results["pooled_growth"]
    ]
    return "\n".join(lines)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description="exact Shapley beside shapiq's exact computer")
    parser.add_argument("--quick", action="store_true", help=f"shapiq up to {PEER_LIMIT_QUICK} players only")
    print(table(run(parser.parse_args().quick)))


def _milliseconds(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds * 1e3:.1f} ms"


def _megabytes(count: int | None) -> str:
    return "-" if count is None else f"{count / 1e6:.1f} MB"


if __name__ == "__main__":
    main()
