"""The vectorised twin and a crowd on it: settlements a second, memory, and how both grow with agents and rounds.

A settlement is a net and its escrow's update. The exact twin settles a part of the same positions in the same run, one
at a time in Python integers, which gives the ratio and the largest difference. Both use one core. Times are the best of
several runs. A crowd's memory is what tracemalloc sees in a shorter run of its own (arrays are the same size in every
round); the process's largest resident size stands beside it.

    python -m bench.bench_lab [--quick]
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np

from headwater.twin import Escrow, EscrowBatch, Scale, batch_growth, batch_lock, batch_net, growth, lock, net
from headwater.units import WAD
from headwater_agents.lab.crowd import CrowdSetting, play_crowd

SEED = 20_251_121
SIZES = (10_000, 100_000, 1_000_000)
EXACT = 20_000
REPEATS = 5
AGENTS = (1_000, 10_000, 100_000)
ROUNDS = (100, 300, 1_000)
AIM = (10_000, 1_000)
MEMORY_ROUNDS = 20


def run(quick: bool) -> dict[str, Any]:
    """Measure; settlements a second, ratios, seconds and bytes."""
    return {
        "seed": SEED,
        "settlements": [_settlements(count) for count in SIZES],
        "agents": [_crowd(agents, 100 if quick else 300) for agents in AGENTS],
        "rounds": [_crowd(AIM[0], rounds) for rounds in ROUNDS],
        "peak_resident_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        * (1 if sys.platform == "darwin" else 1_024),
    }


def _settlements(count: int) -> dict[str, Any]:
    """Settle one position of each of `count` escrows, in wei up to a thousand tokens, on one question."""
    rng = np.random.default_rng(SEED)
    scale = Scale.of(WAD // 100, 25)
    wagers = np.floor(rng.uniform(1e18, 1e21, size=count))
    chances = np.floor(rng.uniform(0.01, 0.99, size=count) * 1e6) / 1e6
    wagered = float(wagers.sum())
    most = float(int(wagered) // 3)
    locks = batch_lock(wagers, scale)
    keep, buffer, odds = 4_000, 10**18, 0.4

    def batch() -> tuple[float, Any]:
        escrows = EscrowBatch.of(keep, buffer, count)
        escrows.commit(locks)
        start = time.perf_counter()
        nets = batch_net(wagers, batch_growth(chances, odds), most, wagered, scale)
        changes, _ = escrows.settle(locks, nets)
        return time.perf_counter() - start, changes

    some = min(count, EXACT)
    whole, reports = [int(m) for m in wagers[:some]], [round(p * 1e6) * (WAD // 10**6) for p in chances[:some]]
    total, capacity, public = int(wagered), int(most), int(odds * 10) * (WAD // 10)

    def exact() -> tuple[float, Any]:
        held = [lock(m, scale) for m in whole]
        escrows = [Escrow(keep_bps=keep, buffer=buffer, lock=locked) for locked in held]
        start = time.perf_counter()
        changes = [
            escrow.settle(locked, net(m, growth(p, public), capacity, total, scale))[1]
            for escrow, locked, m, p in zip(escrows, held, whole, reports, strict=True)
        ]
        return time.perf_counter() - start, changes

    ours, found = _best(batch)
    theirs, wanted = _best(exact)
    return {
        "positions": count,
        "per_second": count / ours,
        "exact_per_second": some / theirs,
        "ratio": (count / ours) / (some / theirs),
        "largest_difference_wei": max(abs(int(f) - w) for f, w in zip(found[:some], wanted, strict=True)),
    }


def _crowd(agents: int, rounds: int) -> dict[str, Any]:
    setting = CrowdSetting(owners=agents)
    start = time.perf_counter()
    result = play_crowd(setting, rounds, np.random.default_rng(SEED))
    seconds = time.perf_counter() - start
    tracemalloc.start()
    try:
        play_crowd(setting, MEMORY_ROUNDS, np.random.default_rng(SEED))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    return {
        "agents": agents,
        "rounds": rounds,
        "seconds": seconds,
        "settlements_per_second": result.settlements / seconds,
        "peak_bytes": peak,
        "unaccounted": result.unaccounted,
    }


def _best(function: Callable[[], tuple[float, Any]]) -> tuple[float, Any]:
    return min((function() for _ in range(REPEATS)), key=lambda timed: timed[0])


def table(results: dict[str, Any]) -> str:
    """The figures as text."""
    lines = [
        "settlements (net and escrow) on one core: vectorised twin beside the integer-exact one",
        f"{'positions':>10} {'a second':>13} {'exact':>10} {'ratio':>6} {'off by at most':>16}",
    ]
    lines += [
        f"{row['positions']:>10,} {row['per_second']:>13,.0f} {row['exact_per_second']:>10,.0f} {row['ratio']:>6.0f}"
        f" {row['largest_difference_wei']:>12,} wei"
        for row in results["settlements"]
    ]
    lines += [
        f"crowd on one core (aim: {AIM[0]:,} agents for {AIM[1]:,} rounds in under a minute)",
        f"{'agents':>10} {'rounds':>7} {'seconds':>8} {'settled a second':>17} {'peak':>9} {'unaccounted':>12}",
    ]
    lines += [
        f"{row['agents']:>10,} {row['rounds']:>7,} {row['seconds']:>8.2f} {row['settlements_per_second']:>17,.0f}"
        f" {row['peak_bytes'] / 1e6:>6.1f} MB {row['unaccounted']:>12.0e}"
        for row in (*results["agents"], *results["rounds"])
    ]
    lines.append(f"largest resident size of the process: {results['peak_resident_bytes'] / 1e6:.0f} MB")
    return "\n".join(lines)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description="the vectorised twin and a crowd on it")
    parser.add_argument("--quick", action="store_true", help="fewer rounds for the largest crowds")
    print(table(run(parser.parse_args().quick)))


if __name__ == "__main__":
    main()
