"""Sampled Shapley beside shapiq's estimators, at equal budgets of coalition values, in the same run.

Everybody gets the same games, budgets and number of seeds. The error is the root of the mean square, over players and
seeds, of what an estimate misses; the truth is a closed form, or every coalition visited. shapiq's estimators of the
Shapley value are all here, as they come and, where they have it, with their pairing trick: permutations, stratified,
Owen (10 anchors, and 2), SVARM, unbiased KernelSHAP, KernelSHAP, k-ADD-SHAP of orders 2 and 3, SPEX. ProxySPEX runs
only where lightgbm is installed; it and SPEX are left out of a quick run. An estimator that cannot run on a budget, or
asks more than the budget, has no figure there, and one that warns is let go on. A peer whose estimate takes above 20
seconds gets no further seed and no further game. Errors below a millionth of the values' size count as that millionth.

A row tells our four estimators' errors, the best of shapiq's and its name, and the ratio of that to our default's error
(above 1: ours is nearer; below: shapiq wins). Seconds are of one estimate, the game included. `covered` is how often
the truth was within 1.96 of our stated errors; shapiq's estimators state none.

    python -m bench.bench_sampled [--quick]
"""

from __future__ import annotations

import argparse
import importlib.util
import time
import warnings
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from shapiq import approximator

from headwater.credit import (
    AirportGame,
    Estimator,
    FunctionGame,
    Game,
    GloveGame,
    SamplingError,
    SolvedGame,
    TableGame,
    UnanimityGame,
    VotingGame,
    pooled_growth_game,
    sampled_shapley,
    shapley,
    tabulate,
)
from headwater.credit.coalitions import Bools, Floats
from headwater_agents.lab.rain import load_rain

SEED: Final = 20_250_607
OURS: Final[tuple[Estimator, ...]] = ("permutations", "paired", "leverage", "adjusted")
DEFAULT: Final = "adjusted"
PLAYERS, PLAYERS_QUICK = (12, 30, 100), (11,)
BUDGETS: Final = (12, 50)
"""Budgets, in coalition values a player."""
SEEDS, SEEDS_QUICK = 6, 3
PATIENCE: Final = 20.0
"""Seconds of one estimate after which a peer is not asked again."""

Truth = tuple[str, Game, Floats]
Peer = Callable[[Game, int, int], Floats]


def run(quick: bool) -> dict[str, Any]:
    """Errors, seconds and ratios, by game and budget."""
    seeds = SEEDS_QUICK if quick else SEEDS
    peers = _peers(quick)
    slow: set[str] = set()
    rows = []
    for n in PLAYERS_QUICK if quick else PLAYERS:
        for game in _games(n):
            for each in BUDGETS[-1:] if quick else BUDGETS:
                rows.append(_row(game, each * n, seeds, peers, slow))
    return {"seed": SEED, "seeds": seeds, "quick": quick, "default": DEFAULT, "rows": rows, "summary": _summary(rows)}


def _row(game: Truth, budget: int, seeds: int, peers: dict[str, Peer], slow: set[str]) -> dict[str, Any]:
    name, played, truth = game
    ours: dict[str, Any] = {}
    for method in OURS:
        found = _measure(lambda seed, method=method: _ours(played, budget, seed, method), truth, seeds)  # type: ignore[misc]
        if found is not None:
            ours[method] = found
    theirs: dict[str, Any] = {}
    for peer, ask in peers.items():
        if peer in slow:
            continue
        found = _measure(lambda seed, ask=ask: (ask(played, budget, seed), None), truth, seeds)  # type: ignore[misc]
        if found is not None:
            theirs[peer] = found
            if found["seconds"] > PATIENCE:
                slow.add(peer)
    best = min(theirs, key=lambda peer: theirs[peer]["error"])
    return {
        "game": name,
        "players": played.n_players,
        "budget": budget,
        "ours": ours,
        "shapiq": theirs,
        "best_of_shapiq": best,
        "ratios": {peer: _ratio(found["error"], ours[DEFAULT]["error"], truth) for peer, found in theirs.items()},
        "error_ratio": _ratio(theirs[best]["error"], ours[DEFAULT]["error"], truth),
        "time_ratio": theirs[best]["seconds"] / ours[DEFAULT]["seconds"],
    }


def _measure(ask: Callable[[int], tuple[Floats, Floats | None]], truth: Floats, seeds: int) -> dict[str, Any] | None:
    misses, stated, seconds = list[Floats](), list[Floats](), float("inf")
    for seed in range(seeds):
        start = time.perf_counter()
        try:
            values, errors = ask(seed)
        except (SamplingError, ValueError, IndexError, ZeroDivisionError, np.linalg.LinAlgError):
            return None
        took = time.perf_counter() - start
        seconds = min(seconds, took)
        if values.shape != truth.shape or not bool(np.isfinite(values).all()):
            return None
        misses.append(values - truth)
        if errors is not None:
            stated.append(errors)
        if took > PATIENCE:
            break
    error = float(np.sqrt(np.mean(np.square(misses))))
    covered = float((np.abs(misses) <= 1.96 * np.array(stated)).mean()) if stated else None
    return {"error": error, "seconds": seconds, "covered": covered}


def _ours(game: Game, budget: int, seed: int, method: Estimator) -> tuple[Floats, Floats]:
    credit = sampled_shapley(game, np.random.default_rng([SEED, seed]), budget=budget, method=method)
    return credit.values, credit.standard_error


def _peers(quick: bool) -> dict[str, Peer]:
    """shapiq's estimators of the Shapley value, by name; the slow sparse ones not in a quick run."""
    made: dict[str, tuple[Any, dict[str, Any]]] = {
        "Permutation": (approximator.PermutationSamplingSV, {}),
        "Stratified": (approximator.StratifiedSamplingSV, {}),
        "Owen": (approximator.OwenSamplingSV, {}),
        "Owen, 2 anchors": (approximator.OwenSamplingSV, {"n_anchor_points": 2}),
    }
    for name, kind, settings in (
        ("SVARM", approximator.SVARM, {}),
        ("UnbiasedKernelSHAP", approximator.UnbiasedKernelSHAP, {}),
        ("KernelSHAP", approximator.KernelSHAP, {}),
        ("kADDSHAP 2", approximator.kADDSHAP, {"max_order": 2}),
        ("kADDSHAP 3", approximator.kADDSHAP, {"max_order": 3}),
    ):
        made[name] = (kind, settings)
        made[f"{name}, paired"] = (kind, {**settings, "pairing_trick": True})
    if not quick:
        made["SPEX"] = (approximator.SPEX, {"index": "SV", "max_order": 1})
    if not quick and importlib.util.find_spec("lightgbm"):
        made["ProxySPEX"] = (approximator.ProxySPEX, {"index": "SV", "max_order": 1})
    return {name: _peer(kind, settings) for name, (kind, settings) in made.items()}


def _peer(kind: Any, settings: dict[str, Any]) -> Peer:
    def ask(game: Game, budget: int, seed: int) -> Floats:
        n, asked = game.n_players, 0
        # Beyond order 1 the regressions hold every interaction in a column: not for many players.
        if settings.get("max_order", 1) > 1 and n ** settings["max_order"] > 30_000:
            raise SamplingError("too many interactions")

        def values(coalitions: Bools) -> Floats:
            nonlocal asked
            rows = np.atleast_2d(coalitions)
            asked += len(rows)
            return game.values(rows)

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = kind(n=n, random_state=seed, **settings).approximate(budget, values)
        if asked > budget:
            raise SamplingError("asks more than its budget")
        return np.array([found[(player,)] for player in range(n)])

    return ask


def _games(n: int) -> list[Truth]:
    rng = np.random.default_rng([SEED, n])
    votes = rng.choice([1, 3, 9], n).tolist()
    games: list[tuple[str, SolvedGame]] = [
        ("unanimity of 3", UnanimityGame(n, range(3))),
        ("unanimity of 6", UnanimityGame(n, range(6))),
        ("airport", AirportGame(rng.uniform(1, 10, n))),
        ("voting, half", VotingGame(votes, sum(votes) // 2 + 1)),
        ("voting, two thirds", VotingGame(votes, sum(votes) * 2 // 3 + 1)),
        ("glove", GloveGame(n // 3, n - n // 3)),
    ]
    found: list[Truth] = [(name, game, game.solution()) for name, game in games]
    amounts, twos = rng.normal(size=n), np.triu(rng.normal(size=(n, n)), 1) / np.sqrt(n)
    found.append(
        (
            "additive and pairs",
            FunctionGame(n, lambda members: members @ amounts + ((members @ twos) * members).sum(axis=1)),
            amounts + (twos.sum(axis=0) + twos.sum(axis=1)) / 2,
        )
    )
    if n > 12:
        return found
    known: list[tuple[str, Game]] = [
        ("random table", TableGame(rng.normal(size=1 << n))),
        ("root of a sum", FunctionGame(n, lambda members: np.sqrt(members @ np.abs(amounts)))),
    ]
    known += [(f"pooled rain, {pool}", _rain(pool)) for pool in ("log", "linear")]
    return found + [(name, game, shapley(game).values) for name, game in known]


def _rain(pool: Any) -> Game:
    """The eleven members' growth over the archive's frequencies on 200 questions; valued from its table."""
    world = load_rain().window(200)
    wet = float(np.mean([day.outcome for day in world.archive]))
    odds = np.tile([1 - wet, wet], (200, 1))
    dry_below = np.array([day.ensemble for day in world.questions])
    # A member's forecast: more or less sure by how much rain it sees (mm against the threshold, on a log scale).
    sure = 1 / (1 + np.exp(-1.2 * np.log((dry_below + 0.3) / (world.thresholds[0] + 0.3))))
    p = 0.02 + 0.96 * sure
    signals = np.stack([1 - p, p], axis=2)
    return tabulate(pooled_growth_game(signals, odds, [day.outcome for day in world.questions], pool=pool))


def _ratio(theirs: float, ours: float, truth: Floats) -> float:
    # Nobody needs the value nearer than a millionth of its size: both count as exact there.
    exact = 1e-6 * float(np.sqrt(np.mean(truth**2)))
    return max(theirs, exact) / max(ours, exact)


def _summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Over all rows: how often the default is nearer than the best of shapiq's, and than each on its own."""
    ratios = np.array([row["error_ratio"] for row in rows])
    names = sorted({peer for row in rows for peer in row["shapiq"]})
    return {
        "rows": len(rows),
        "nearer": int((ratios > 1).sum()),
        "median_ratio": float(np.median(ratios)),
        "peers": {
            peer: float(np.median([row["ratios"][peer] for row in rows if peer in row["ratios"]])) for peer in names
        },
    }


def table(results: dict[str, Any]) -> str:
    """The figures as text."""
    head = f"{'game':<20} {'n':>4} {'budget':>6}  " + " ".join(f"{name:>12}" for name in OURS)
    lines = [
        f"root mean square error over players and {results['seeds']} seeds; ratio = best of shapiq / {DEFAULT}, above 1"
        " ours is nearer",
        f"{head} {'covered':>7}  {'best of shapiq':<26} {'error':>9} {'ratio':>8} {'ms':>8} {'its ms':>8}",
    ]
    for row in results["rows"]:
        ours, best = row["ours"], row["best_of_shapiq"]
        lines.append(
            f"{row['game']:<20} {row['players']:>4} {row['budget']:>6}  "
            + " ".join(f"{ours[name]['error']:>12.3e}" if name in ours else f"{'-':>12}" for name in OURS)
            + f" {ours[DEFAULT]['covered']:>7.0%}  {best:<26} {row['shapiq'][best]['error']:>9.2e}"
            f" {row['error_ratio']:>8.2f} {ours[DEFAULT]['seconds'] * 1e3:>8.1f}"
            f" {row['shapiq'][best]['seconds'] * 1e3:>8.1f}"
        )
    summary = results["summary"]
    lines.append(
        f"{DEFAULT} is nearer than the best of shapiq's in {summary['nearer']} of {summary['rows']} rows; median ratio"
        f" {summary['median_ratio']:.2f}. Median ratio to each alone:"
    )
    lines += [f"  {peer:<28} {ratio:>8.2f}" for peer, ratio in summary["peers"].items()]
    lost = [row for row in results["rows"] if row["error_ratio"] < 1]
    lines += [
        f"shapiq wins: {row['game']}, n = {row['players']}, budget {row['budget']}: {row['best_of_shapiq']}"
        f" ({row['error_ratio']:.2f})"
        for row in lost
    ]
    return "\n".join(lines)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="sampled Shapley beside shapiq's estimators at equal budgets")
    parser.add_argument("--quick", action="store_true", help="11 players, one budget, 3 seeds")
    print(table(run(parser.parse_args().quick)))


if __name__ == "__main__":
    main()
