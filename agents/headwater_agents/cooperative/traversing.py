"""FedAvg and Traversal Learning on the same members' data: what each reaches, and what it sends.

Three models begin alike and see every member's rows equally often. FedAvg: members train on their own rows for a pass,
and the model moves by the weighted mean of what they send. Traversal: an orchestrator draws virtual batches over all
members' rows and visits whoever holds some. Central: the same virtual batches with all rows in one place, which
traversal has to equal. No profile filters here: aggregation alone is compared.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from headwater.learning import Batch, Perceptron, fedavg, fedavg_bytes, join, local_update
from headwater.learning.traversal import traversal_gradient, virtual_batches
from headwater.report.grids import Grid, number
from headwater_agents.cooperative.errors import CooperativeError
from headwater_agents.cooperative.measure import measure
from headwater_agents.cooperative.problem import SplitConfig, make_problem

SIZE: Final = 64
"""Rows of a batch."""

RATE: Final = 0.1


def compare(
    data: str = "hmda", *, members: int = 6, passes: int = 10, hidden: int = 8, skew: float = 0.3, seed: int = 1
) -> dict[str, Any]:
    """Train all three; JSON values.

    Args:
        data: "hmda", "arrests" or "rain".
        members: with data.
        passes: over all rows; a pass is one round of FedAvg.
        hidden: width of the hidden layer, 0 for softmax regression.
        skew: evenness of the deal of rows; small is uneven, which FedAvg suffers from.
        seed: of the deal, the start and the batches.

    Raises:
        CooperativeError: passes outside 1 to 1,000, or a hidden layer outside 0 to 256.
    """
    if not 1 <= passes <= 1_000 or not 0 <= hidden <= 256:
        raise CooperativeError(f"{passes} passes, {hidden} hidden units; accepted: 1 to 1000, and 0 to 256")
    problem = make_problem(data, SplitConfig(members=members, skew=skew), np.random.default_rng([seed, 0]))
    nodes = [part.batch for part in problem.data.values()]
    layers = (len(problem.features), *([hidden] if hidden else []), problem.classes)
    task = Perceptron(layers)
    start = task.start(np.random.default_rng([seed, 1]))
    sizes = [len(node) for node in nodes]
    averaged, federated = _fedavg(task, start, nodes, passes, seed), fedavg_bytes(len(nodes), task.dimension)
    traversed, central, apart, down, up, visits = _traverse(task, start, nodes, passes, seed)
    rows = {
        "fedavg": (averaged, federated[0] * passes, federated[1] * passes),
        "traversal": (traversed, down, up),
        "central": (central, 0, 0),
    }
    return {
        "data": problem.name,
        "members": len(nodes),
        "rows": sizes,
        "parameters": task.dimension,
        "passes": passes,
        "batch": SIZE,
        "seed": seed,
        "skew": skew,
        "hidden": hidden,
        "visits": visits,
        "largest_gradient_difference": apart,
        "models": {
            name: {
                "quality": measure(task, theta, problem.test, problem.protected).to_dict(),
                "bytes_down": sent_down,
                "bytes_up": sent_up,
            }
            for name, (theta, sent_down, sent_up) in rows.items()
        },
    }


def traversal_grid(found: dict[str, Any]) -> Grid:
    """The comparison as a table."""
    return Grid(
        title="Two ways to aggregate",
        note=(
            f"{found['data']}: {found['members']} members, {found['parameters']} parameters, {found['passes']} passes "
            f"in batches of {found['batch']}; largest difference of a traversed gradient to the central one "
            f"{found['largest_gradient_difference']:.0e}."
        ),
        columns=("model", "accuracy", "loss", "MB down", "MB up"),
        rows=tuple(
            (
                name,
                number(each["quality"]["accuracy"], 3),
                number(each["quality"]["loss"], 4),
                number(each["bytes_down"] / 1e6, 3),
                number(each["bytes_up"] / 1e6, 3),
            )
            for name, each in found["models"].items()
        ),
    )


def _fedavg(task: Perceptron, start: Any, nodes: list[Batch], passes: int, seed: int) -> Any:
    theta = start
    for number_ in range(passes):
        updates = [
            local_update(
                task,
                theta,
                node,
                rate=RATE,
                steps=-(-len(node) // SIZE),
                size=min(SIZE, len(node)),
                rng=np.random.default_rng([seed, 2, number_, index]),
            )
            for index, node in enumerate(nodes)
        ]
        theta = theta + fedavg(updates, [len(node) for node in nodes])
    return theta


def _traverse(
    task: Perceptron, start: Any, nodes: list[Batch], passes: int, seed: int
) -> tuple[Any, Any, float, int, int, int]:
    whole, sizes = join(nodes), [len(node) for node in nodes]
    theta, central = start, start
    apart, down, up, visits = 0.0, 0, 0, 0
    for number_ in range(passes):
        for indices in virtual_batches(sizes, SIZE, np.random.default_rng([seed, 3, number_])):
            found = traversal_gradient(task, theta, nodes, indices)
            apart = max(apart, float(np.abs(found.gradient - task.gradient(theta, whole.take(indices))).max()))
            theta = theta - RATE * found.gradient
            central = central - RATE * task.gradient(central, whole.take(indices))
            down, up, visits = down + found.bytes_down, up + found.bytes_up, visits + len(found.visits)
    return theta, central, apart, down, up, visits
