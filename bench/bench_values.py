"""Agreements and the consensus at growing size, beside scipy and cvxpy used directly, in one run.

Formation: the peer plays the same rounds with scipy.sparse, measuring every edge and mixing every agent in every round;
both end with the same edges, or the run fails. Consensus: the peers solve the same objective over both parts, scipy
with its linear programs (p = 1 and ∞) or trust-constr, cvxpy with Clarabel; a difference above 0 in the objective is
how much worse the peer's solution is. Each contender runs in a process of its own; times are wall clock.

    python -m bench.bench_values [--quick] [--json]
"""

from __future__ import annotations

import argparse
import json
import math
import time
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bench.bench_flow import _apart, _measured
from headwater.values import (
    Bounds,
    FormationConfig,
    Norm,
    Population,
    PopulationBounds,
    SocialGraph,
    consensus,
    form,
    small_world,
)
from headwater.values.exchange import ESTIMATE_SLACK, Exchange, advance, relative_sizes
from headwater.values.graph import metropolis
from headwater.values.norms import distances

SEED: Final = 26
VALUES, ACTIONS, CAMPS, TIES = 4, 2, 6, 8
FORMATION_SIZES: Final = (1_000, 10_000, 100_000)
CONSENSUS_SIZES: Final = (100, 1_000, 10_000, 100_000)
ORDERS: Final = (1.0, 2.0, 3.0, math.inf)
PEERS_UP_TO, SCIPY_MEDIAN_UP_TO = 10_000, 1_000  # HiGHS takes minutes for a median of 10,000

Figures = dict[str, float]
Floats = NDArray[np.float64]


def scattered(n: int) -> Population:
    """n agents of different sizes around a few camps."""
    rng = np.random.default_rng(SEED)
    camp = rng.integers(0, CAMPS, n)
    weights = rng.gamma(rng.dirichlet(np.ones(VALUES), CAMPS)[camp] * 20 + 0.05)
    weights /= weights.sum(axis=1, keepdims=True)
    centres = rng.uniform(-0.7, 0.7, (CAMPS, ACTIONS, VALUES))
    return Population(
        names=tuple(str(i) for i in range(n)),
        values=tuple(f"v{i}" for i in range(VALUES)),
        actions=tuple(f"a{i}" for i in range(ACTIONS)),
        weights=weights,
        judgements=np.clip(centres[camp] + rng.normal(0, 0.15, (n, ACTIONS, VALUES)), -1, 1),
        sizes=rng.uniform(0.5, 2, n),
        bounds=PopulationBounds.uniform(n, Bounds(weights=1.0, judgements=3.5, norm=Norm.L1)),
    )


def _graph(n: int) -> SocialGraph:
    return small_world(n, TIES, 0.1, np.random.default_rng(SEED))


def formation_headwater(n: int) -> tuple[Figures, tuple[int, float]]:
    """Forms agreements, signing included; how many edges survived, and the sum of the estimates."""
    them, graph = scattered(n), _graph(n)

    def work() -> tuple[Figures, Any]:
        start = time.perf_counter()
        exchange = Exchange(them, graph.edges, FormationConfig(tolerance=0.0))
        exchange.run()
        exchanged = time.perf_counter()
        result = form(them, graph)
        done = time.perf_counter()
        tied = np.bincount(exchange.edges.ravel(), minlength=n) > 0
        figures = {
            "exchange_s": exchanged - start,
            "form_s": done - exchanged,
            "agreements": float(len(result.agreements)),
            "largest": float(result.group_sizes.max()),
        }
        return figures, (len(exchange.edges), float(exchange.estimates[tied].sum()))

    measured: tuple[Figures, tuple[int, float]] = _measured(work)
    return measured


def formation_scipy(n: int) -> tuple[Figures, tuple[int, float]]:
    """The same exchange played plainly: all edges measured and all agents mixed in every round."""
    from scipy import sparse

    them, graph, config = scattered(n), _graph(n), FormationConfig()

    def work() -> tuple[Figures, Any]:
        start = time.perf_counter()
        own, m, edges, size = them.vectors, them.m, graph.edges, relative_sizes(them)[:, None]
        x = own.copy()

        def accepted(judge: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.bool_]:
            near = distances(Norm.L1, own[judge, :m], x[other, :m]) <= them.bounds.weights[judge] + ESTIMATE_SLACK
            far = distances(Norm.L1, own[judge, m:], x[other, m:]) <= them.bounds.judgements[judge] + ESTIMATE_SLACK
            return np.asarray(near & far)

        for t in range(config.rounds):
            edges = edges[accepted(edges[:, 0], edges[:, 1]) & accepted(edges[:, 1], edges[:, 0])]
            weights = metropolis(n, edges)
            both = np.concatenate([edges, edges[:, ::-1]])
            mixing = sparse.csr_array((np.concatenate([weights, weights]), (both[:, 0], both[:, 1])), shape=(n, n))
            mixed = mixing @ x + (1 - mixing.sum(axis=1))[:, None] * x
            x = advance(mixed, x, own, size, config.alpha(t), m, config.utility)
        edges = edges[accepted(edges[:, 0], edges[:, 1]) & accepted(edges[:, 1], edges[:, 0])]
        tied = np.bincount(edges.ravel(), minlength=n) > 0
        return {"exchange_s": time.perf_counter() - start}, (len(edges), float(x[tied].sum()))

    measured: tuple[Figures, tuple[int, float]] = _measured(work)
    return measured


def consensus_headwater(n: int, p: float) -> tuple[Figures, Floats]:
    """The exact consensus as a vector."""
    them = scattered(n)

    def work() -> tuple[Figures, Any]:
        start = time.perf_counter()
        vector = consensus(them, p).system.vector
        return {"seconds": time.perf_counter() - start}, vector

    measured: tuple[Figures, Floats] = _measured(work)
    return measured


def consensus_cvxpy(n: int, p: float) -> tuple[Figures, Floats]:
    """The same through cvxpy and Clarabel."""
    import cvxpy

    them = scattered(n)

    def work() -> tuple[Figures, Any]:
        start = time.perf_counter()
        shares, x = them.sizes / them.sizes.sum(), cvxpy.Variable(them.vectors.shape[1])
        gaps = cvxpy.abs(np.ones((n, 1)) @ cvxpy.reshape(x, (1, x.size), order="C") - them.vectors)
        if p == math.inf:
            cost = cvxpy.max(gaps[:, :VALUES]) + cvxpy.max(gaps[:, VALUES:])
        else:
            cost = shares @ cvxpy.sum(gaps if p == 1 else cvxpy.power(gaps, p), axis=1)
        limits = [x[:VALUES] >= 0, cvxpy.sum(x[:VALUES]) == 1, x[VALUES:] >= -1, x[VALUES:] <= 1]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it says that powers become cones
            cvxpy.Problem(cvxpy.Minimize(cost), limits).solve(solver="CLARABEL")
        return {"seconds": time.perf_counter() - start}, np.asarray(x.value)

    measured: tuple[Figures, Floats] = _measured(work)
    return measured


def consensus_scipy(n: int, p: float) -> tuple[Figures, Floats]:
    """The same through scipy: HiGHS where it is a linear program, else trust-constr with exact derivatives."""
    them = scattered(n)
    linear = p in (1.0, math.inf)

    def work() -> tuple[Figures, Any]:
        start = time.perf_counter()
        vector = _linear(them, p) if linear else _smooth(them, p)
        return {"seconds": time.perf_counter() - start}, vector

    measured: tuple[Figures, Floats] = _measured(work)
    return measured


def _linear(them: Population, p: float) -> Floats:
    from scipy import sparse
    from scipy.optimize import linprog

    n, d = them.vectors.shape
    shares, own = them.sizes / them.sizes.sum(), them.vectors.ravel()
    # |x_c − b| ≤ a slack of its own (p = 1), or ≤ one slack a part (p = ∞).
    entry = sparse.kron(np.ones((n, 1)), sparse.eye_array(d))
    if p == 1:
        slack, cost = sparse.eye_array(n * d), np.repeat(shares, d)
    else:
        part = (np.tile(np.arange(d), n) >= VALUES).astype(int)
        slack, cost = sparse.coo_array((np.ones(n * d), (np.arange(n * d), part)), shape=(n * d, 2)), np.ones(2)
    above = sparse.block_array([[entry, -slack], [-entry, -slack]]).tocsr()
    total = np.concatenate([np.arange(d) < VALUES, np.zeros(slack.shape[1])]).astype(float)[None]
    limits = [(0, 1)] * VALUES + [(-1, 1)] * (d - VALUES) + [(0, None)] * slack.shape[1]
    objective = np.concatenate([np.zeros(d), cost])
    found = linprog(objective, above, np.concatenate([own, -own]), total, [1.0], limits, method="highs")
    return np.asarray(found.x[:d])


def _smooth(them: Population, p: float) -> Floats:
    from scipy.optimize import Bounds as Box
    from scipy.optimize import LinearConstraint, minimize

    own, shares = them.vectors, them.sizes / them.sizes.sum()
    d = own.shape[1]
    low = np.where(np.arange(d) < VALUES, 0.0, -1.0)

    def value(x: Floats) -> tuple[float, Floats]:
        gap = x - own
        return float(shares @ (np.abs(gap) ** p).sum(axis=1)), shares @ (p * np.sign(gap) * np.abs(gap) ** (p - 1))

    def curvature(x: Floats) -> Floats:
        return np.diag(shares @ (p * (p - 1) * np.abs(x - own) ** (p - 2)))

    found = minimize(
        value,
        np.where(np.arange(d) < VALUES, 1 / VALUES, 0.0),
        jac=True,
        hess=curvature,
        method="trust-constr",
        bounds=Box(low, np.ones(d), keep_feasible=True),
        constraints=LinearConstraint((np.arange(d) < VALUES).astype(float)[None], 1, 1),
        options={"gtol": 1e-10, "xtol": 1e-12},
    )
    return np.asarray(found.x)


def _objective(them: Population, vector: Floats, p: float) -> float:
    gaps = np.abs(them.vectors - vector)
    if p == math.inf:
        return float(gaps[:, :VALUES].max() + gaps[:, VALUES:].max())
    return float(them.sizes / them.sizes.sum() @ (gaps**p).sum(axis=1))


def run(quick: bool = False) -> dict[str, Any]:
    """Measure; seconds, MB, and ratios: how many times longer the peer took in this run.

    Args:
        quick: small sizes only, well under a minute.

    Raises:
        AssertionError: the plain exchange ends with other edges or other estimates.
    """
    formation = []
    for n in FORMATION_SIZES[:2] if quick else FORMATION_SIZES:
        ours, ended = _apart(formation_headwater, n)
        plain, peers = _apart(formation_scipy, n)
        if ended[0] != peers[0] or abs(ended[1] - peers[1]) > 1e-6 * n:
            raise AssertionError(f"the exchange ended with {ended}, played plainly with {peers}")
        ratio = plain["exchange_s"] / ours["exchange_s"]
        formation.append(
            {"agents": n, "edges": len(_graph(n).edges), "kept": ended[0]} | ours | {"scipy": plain, "ratio": ratio}
        )
    rows = []
    for n in CONSENSUS_SIZES[:2] if quick else CONSENSUS_SIZES:
        them = scattered(n)
        for p in ORDERS:
            ours, vector = _apart(partial(consensus_headwater, p=p), n)
            row: dict[str, Any] = {"agents": n, "p": p} | ours
            peer: Callable[..., tuple[Figures, Floats]]
            for name, limit, peer in (
                ("scipy", SCIPY_MEDIAN_UP_TO if p == 1 else PEERS_UP_TO, consensus_scipy),
                ("cvxpy", PEERS_UP_TO, consensus_cvxpy),
            ):
                if n <= limit:
                    figures, other = _apart(partial(peer, p=p), n)
                    worse = _objective(them, other, p) - _objective(them, vector, p)
                    row[name] = figures | {"ratio": figures["seconds"] / ours["seconds"], "worse": worse}
            rows.append(row)
    return {"seed": SEED, "quick": quick, "formation": formation, "consensus": rows}


def table(results: dict[str, Any]) -> str:
    """The figures as text. A ratio above 1 says how many times longer the peer took than Headwater."""
    lines = [
        f"{'agents':>8} {'edges':>9} {'kept':>8} {'agreements':>11} {'largest':>8} {'form s':>8} "
        f"{'exchange s':>11} {'scipy s':>8} {'ratio':>6} {'MB':>6} {'scipy MB':>9}"
    ]
    lines += [
        f"{row['agents']:>8,} {row['edges']:>9,} {row['kept']:>8,} {row['agreements']:>11,.0f} {row['largest']:>8,.0f} "
        f"{row['form_s']:>8.2f} {row['exchange_s']:>11.2f} {row['scipy']['exchange_s']:>8.2f} {row['ratio']:>6.1f} "
        f"{row['peak_mb']:>6.0f} {row['scipy']['peak_mb']:>9.0f}"
        for row in results["formation"]
    ]
    lines += [
        "",
        f"{'agents':>8} {'p':>4} {'ms':>8} {'MB':>6}   {'peer':<6} {'ms':>9} {'MB':>6} {'ratio':>8} "
        f"{'objective worse by':>19}",
    ]
    for row in results["consensus"]:
        start = f"{row['agents']:>8,} {row['p']:>4.0f} {row['seconds'] * 1e3:>8.1f} {row['peak_mb']:>6.0f}"
        peers = [(name, row[name]) for name in ("scipy", "cvxpy") if name in row]
        lines += [
            f"{start}   {name:<6} {peer['seconds'] * 1e3:>9.1f} {peer['peak_mb']:>6.0f} {peer['ratio']:>8.1f} "
            f"{peer['worse']:>19.1e}"
            for name, peer in peers
        ] or [start]
    return "\n".join(lines)


def main() -> None:
    """Print the tables, or the figures as JSON."""
    parser = argparse.ArgumentParser(description="agreements and the consensus beside scipy and cvxpy")
    parser.add_argument("--quick", action="store_true", help="small sizes only")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    results = run(options.quick)
    print(json.dumps(results, indent=1) if options.json else table(results))


if __name__ == "__main__":
    main()
