"""Projection beside cvxpy and scipy, and credit beside scipy's least squares and softmax, in the same run.

Projection: an update on c half-spaces through or near zero and a ball, at d parameters. cvxpy gets the same problem
over Clarabel, built anew each time, as a filter has to; scipy's SLSQP gets gradients, and as its time grows with d³ it
goes to 64 parameters in a quick run and 256 in a full one. Times are the best of several runs. The excess is how far
each answer stands outside the worst constraint, and the difference is between the points.

Credit: n members in one slot with n updates of the last round known, softmax regression, 1,000 validation examples.
Beside it the same formula from scipy (`linalg.lstsq` for what is known, `special.log_softmax` for the losses) member by
member, and the plain Shapley value of the mean, 2**n losses, as far as 10 members in a quick run and 12 in a full one.

    python -m bench.bench_learning [--quick]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import cvxpy as cp
import numpy as np
from scipy import linalg, optimize, special

from headwater.learning import (
    Batch,
    HalfSpaces,
    Revealed,
    SoftmaxRegression,
    credit_round,
    local_update,
    plain_shapley,
    project,
)

SEED = 20_260_611
SIZES = ((16, 2), (64, 4), (256, 8), (1024, 16))
SCIPY_LIMIT, SCIPY_LIMIT_QUICK = 256, 64
MEMBERS = (4, 8, 16, 32)
SHAPLEY_LIMIT, SHAPLEY_LIMIT_QUICK = 12, 10
REPEATS = 5


def run(quick: bool) -> dict[str, Any]:
    """Measure; seconds, by size."""
    return {
        "seed": SEED,
        "quick": quick,
        "projection": [_projection(d, c, SCIPY_LIMIT_QUICK if quick else SCIPY_LIMIT) for d, c in SIZES],
        "credit": [_credit(n, SHAPLEY_LIMIT_QUICK if quick else SHAPLEY_LIMIT) for n in MEMBERS],
    }


def _projection(d: int, c: int, scipy_limit: int) -> dict[str, Any]:
    rng = np.random.default_rng(SEED + d)
    update = rng.normal(size=d)
    a = rng.normal(size=(c, d)) / np.sqrt(d)
    # Each half-space is broken by the update, so that all of them matter.
    a *= np.sign(a @ update)[:, None]
    b = rng.uniform(0, 0.01, size=c)
    ball = 0.8 * float(np.linalg.norm(update))
    spaces = HalfSpaces(
        a=a,
        b=b,
        names=tuple(f"row {i}" for i in range(c)),
        box=np.full(d, np.inf),
        box_names=("",) * d,
        ball=ball,
        ball_name="ball",
    )

    def by_cvxpy() -> Any:
        x = cp.Variable(d)
        cp.Problem(cp.Minimize(cp.sum_squares(x - update)), [a @ x <= b, cp.norm(x, 2) <= ball]).solve(cp.CLARABEL)
        return x.value

    def by_scipy() -> Any:
        return optimize.minimize(
            lambda x: 0.5 * float((x - update) @ (x - update)),
            np.zeros(d),
            jac=lambda x: x - update,
            method="SLSQP",
            constraints=[
                {"type": "ineq", "fun": lambda x: b - a @ x, "jac": lambda x: -a},
                {"type": "ineq", "fun": lambda x: ball**2 - x @ x, "jac": lambda x: -2 * x},
            ],
            options={"maxiter": 500, "ftol": 1e-12},
        ).x

    def excess(point: Any) -> float:
        return float(max((a @ point - b).max(), np.linalg.norm(point) - ball, 0.0))

    seconds, found = _best(lambda: project(update, spaces).point)
    row = {"parameters": d, "half_spaces": c, "seconds": seconds, "excess": excess(found)}
    peers: list[tuple[str, Callable[[], Any]]] = [("cvxpy", by_cvxpy)]
    peers += [("scipy", by_scipy)] if d <= scipy_limit else []
    for name, function in peers:
        took, point = _best(function)
        row |= {
            f"{name}_seconds": took,
            f"{name}_excess": excess(point),
            f"{name}_difference": float(np.abs(point - found).max()),
        }
    return row


def _credit(n: int, shapley_limit: int) -> dict[str, Any]:
    rng = np.random.default_rng(SEED + n)
    task = SoftmaxRegression(40, 4)
    law = rng.normal(size=(40, 4))

    def draw(count: int) -> Batch:
        table = rng.normal(size=(count, 40))
        return Batch(table, (table @ law + rng.gumbel(size=(count, 4))).argmax(axis=1))

    theta, validation = rng.normal(size=task.dimension) * 0.1, draw(1_000)
    updates = np.array([local_update(task, theta, draw(60), rate=0.5) for _ in range(n)])
    past = [Revealed(0, str(i), local_update(task, theta, draw(60), rate=0.5)) for i in range(n)]
    weights = np.full(n, 1 / n)

    def ours() -> Any:
        return credit_round(
            task,
            theta,
            updates,
            weights,
            [True] * n,
            validation,
            slots=[0] * n,
            agents=[str(i) for i in range(n)],
            past=past,
        ).values

    def direct() -> Any:
        still = np.kron(np.eye(41), np.ones(4))  # one number more for every class changes nothing
        known = np.array([*still, theta, *(item.update for item in past)]).T

        def loss(at: Any) -> float:
            scores = validation.features @ at[:160].reshape(40, 4) + at[160:]
            return -float(special.log_softmax(scores, axis=1)[np.arange(1_000), validation.labels].mean())

        new = np.array([update - known @ linalg.lstsq(known, update)[0] for update in updates])
        start = theta + weights @ (updates - new)
        moved = weights[:, None] * new
        end = start + moved.sum(axis=0)
        return np.array([0.5 * (loss(start) - loss(start + m) + loss(end - m) - loss(end)) for m in moved])

    seconds, values = _best(ours)
    took, same = _best(direct)
    row = {
        "members": n,
        "seconds": seconds,
        "direct_seconds": took,
        "difference": float(np.abs(values - same).max()),
        "largest": float(values.max()),
    }
    if n <= shapley_limit:
        row["shapley_seconds"] = _best(lambda: plain_shapley(task, theta, updates, np.ones(n), validation), 1)[0]
    return row


def _best(function: Callable[[], Any], repeats: int = REPEATS) -> tuple[float, Any]:
    best, result = float("inf"), None
    for _ in range(repeats):
        start = time.perf_counter()
        result = function()
        best = min(best, time.perf_counter() - start)
    return best, result


def table(results: dict[str, Any]) -> str:
    """The figures as text."""
    lines = [
        "projection on c half-spaces and a ball, d parameters",
        f"{'d':>5} {'c':>3} {'ours':>10} {'excess':>8} {'cvxpy':>10} {'excess':>8} {'diff':>8}"
        f" {'SLSQP':>10} {'excess':>8} {'diff':>8}",
    ]
    lines += [
        f"{row['parameters']:>5} {row['half_spaces']:>3} {_ms(row, 'seconds'):>10} {row['excess']:>8.1e}"
        + "".join(
            f" {_ms(row, f'{peer}_seconds'):>10} {_small(row, f'{peer}_excess'):>8}"
            f" {_small(row, f'{peer}_difference'):>8}"
            for peer in ("cvxpy", "scipy")
        )
        for row in results["projection"]
    ]
    lines += [
        "credit of n members in one slot, n past updates known, 164 parameters, 1,000 examples",
        f"{'n':>5} {'ours':>10} {'scipy':>10} {'diff':>8} {'plain Shapley':>14}",
    ]
    lines += [
        f"{row['members']:>5} {_ms(row, 'seconds'):>10} {_ms(row, 'direct_seconds'):>10} {row['difference']:>8.1e}"
        f" {_ms(row, 'shapley_seconds'):>14}"
        for row in results["credit"]
    ]
    return "\n".join(lines)


def _ms(row: dict[str, Any], name: str) -> str:
    return f"{row[name] * 1e3:.2f} ms" if name in row else "-"


def _small(row: dict[str, Any], name: str) -> str:
    return f"{row[name]:.1e}" if name in row else "-"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description="projection and credit beside cvxpy and scipy")
    parser.add_argument("--quick", action="store_true", help=f"SLSQP up to {SCIPY_LIMIT_QUICK} parameters only")
    print(table(run(parser.parse_args().quick)))


if __name__ == "__main__":
    main()
