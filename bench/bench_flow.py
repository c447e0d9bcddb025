"""The flow solver beside scipy.sparse and networkx, and Merkle-sum trees up to a million leaves.

All contenders settle the same random layered cascade. scipy propagates float64 through a sparse matrix, one product a
layer; networkx walks its graph in topological order in Python integers. Each contender runs in a process of its own, so
that its peak memory is its own; times are wall clock.

    python bench/bench_flow.py [--quick] [--json]
"""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from headwater.cascade import CascadeGraph, Deposit, MerkleSumTree, open_entry, solve
from headwater.units import BPS

LAYERS: Final = 10
FAN: Final = 8
SEED: Final = 20
FLOW_SIZES: Final = (10_000, 100_000, 1_000_000)
TREE_SIZES: Final = (1_000, 10_000, 100_000, 1_000_000)
NETWORKX_UP_TO: Final = 100_000


@dataclass(frozen=True)
class Cascade:
    """A layered cascade in columns: every version of one layer pays 1 to FAN neighbours in the next."""

    keep_bps: NDArray[np.int64]
    starts: NDArray[np.int64]
    child: NDArray[np.int64]
    weight: NDArray[np.uint64]
    deposits: list[int]

    @property
    def nodes(self) -> int:
        """Number of versions."""
        return len(self.keep_bps)

    @property
    def source(self) -> NDArray[np.int64]:
        """Which version each leaf belongs to."""
        return np.repeat(np.arange(self.nodes), np.diff(self.starts))


def layered(nodes: int) -> Cascade:
    """A random cascade; the first layer is paid up to 2**80 wei a node, about a million tokens."""
    rng = np.random.default_rng(SEED)
    size = nodes // LAYERS
    fans = rng.integers(1, FAN + 1, nodes)
    fans[nodes - size :] = 0
    starts = np.concatenate([[0], np.cumsum(fans)])
    source = np.repeat(np.arange(nodes), fans)
    step = np.arange(len(source)) - starts[source]
    child = (source // size + 1) * size + (rng.integers(0, size, nodes)[source] + step) % size
    keep = np.where(fans > 0, rng.integers(100, 5_000, nodes), BPS)
    weight = rng.integers(1, 2**60, len(source), dtype=np.uint64)
    deposits = [int(amount) << 20 for amount in rng.integers(1, 2**60, size)]
    return Cascade(keep, starts, child, weight, deposits)


def _memory(field: str) -> float:
    """A field of the process's memory status, in MB; nan where the system keeps none."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return math.nan
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith(field))


def _measured(work: Callable[[], tuple[dict[str, float], Any]]) -> tuple[dict[str, float], Any]:
    # getrusage would not do: its peak is inherited from the parent process. Writing 5 resets the peak to what is held.
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    before = _memory("VmRSS")
    figures, result = work()
    figures["peak_mb"] = _memory("VmHWM") - before
    return figures, result


def flow_headwater(nodes: int) -> tuple[dict[str, float], list[int]]:
    """Builds and solves the cascade; returns figures and what every node received, in wei."""
    cascade = layered(nodes)
    addresses = np.zeros((nodes, 20), np.uint8)
    addresses[:, 12:] = np.arange(1, nodes + 1, dtype=">u8").view(np.uint8).reshape(nodes, 8)
    version = nodes - np.arange(nodes)

    def work() -> tuple[dict[str, float], list[int]]:
        start = time.perf_counter()
        graph = CascadeGraph.from_arrays(
            addresses=addresses,
            node=np.arange(nodes),
            version=version,
            keep_bps=cascade.keep_bps,
            starts=cascade.starts,
            child=cascade.child,
            child_version=version[cascade.child],
            weight=cascade.weight,
        )
        built = time.perf_counter()
        deposits = [
            Deposit("0x" + addresses[i].tobytes().hex(), nodes - i, amount) for i, amount in enumerate(cascade.deposits)
        ]
        paid = time.perf_counter()
        solve(graph, deposits)
        first = time.perf_counter()
        flow = solve(graph, deposits)
        again = time.perf_counter()
        figures = {"build_s": built - start, "first_solve_s": first - paid, "solve_s": again - first}
        return figures, flow.receipts_array().ints()

    return _measured(work)


def flow_scipy(nodes: int) -> tuple[dict[str, float], list[float]]:
    """The same in float64: a sparse matrix of the shares, multiplied once a layer."""
    from scipy import sparse

    cascade = layered(nodes)

    def work() -> tuple[dict[str, float], list[float]]:
        start = time.perf_counter()
        source, weight = cascade.source, cascade.weight.astype(np.float64)
        keep = cascade.keep_bps / BPS
        total = np.bincount(source, weight, minlength=nodes)
        part = (1 - keep[source]) * weight / total[source]
        matrix = sparse.csr_array((part, (cascade.child, source)), shape=(nodes, nodes))
        built = time.perf_counter()
        inflow = np.zeros(nodes)
        inflow[: len(cascade.deposits)] = [float(amount) for amount in cascade.deposits]
        wave = inflow.copy()
        solving = time.perf_counter()
        for _ in range(LAYERS - 1):
            wave = matrix @ wave
            inflow += wave
        received = inflow * keep
        done = time.perf_counter()
        return {"build_s": built - start, "solve_s": done - solving}, received.tolist()

    return _measured(work)


def flow_networkx(nodes: int) -> tuple[dict[str, float], list[int]]:
    """The same in Python integers over a networkx graph, in topological order."""
    import networkx

    cascade = layered(nodes)

    def work() -> tuple[dict[str, float], list[int]]:
        start = time.perf_counter()
        graph = networkx.DiGraph()
        graph.add_nodes_from(range(nodes))
        graph.add_weighted_edges_from(
            zip(cascade.source.tolist(), cascade.child.tolist(), cascade.weight.tolist(), strict=True)
        )
        built = time.perf_counter()
        keep = cascade.keep_bps.tolist()
        inflow, received = [0] * nodes, [0] * nodes
        inflow[: len(cascade.deposits)] = cascade.deposits
        for node in networkx.topological_sort(graph):
            received[node] = inflow[node] * keep[node] // BPS
            pot = inflow[node] - received[node]
            children = graph[node]
            total = sum(edge["weight"] for edge in children.values())
            for child, edge in children.items():
                inflow[child] += pot * edge["weight"] // total
        done = time.perf_counter()
        return {"build_s": built - start, "solve_s": done - built}, received

    return _measured(work)


def tree(leaves: int) -> tuple[dict[str, float], None]:
    """Builds a tree, then makes and checks up to a thousand entries of it."""
    rng = np.random.default_rng(SEED)
    children = rng.integers(0, 256, (leaves, 20), dtype=np.uint8)
    weights = rng.integers(1, 2**60, leaves, dtype=np.uint64)
    some = rng.integers(0, leaves, 1_000).tolist()

    def work() -> tuple[dict[str, float], None]:
        start = time.perf_counter()
        built = MerkleSumTree.from_arrays(children, np.zeros(leaves, np.int64), weights)
        standing = time.perf_counter()
        entries = [built.entry(index) for index in some]
        proved = time.perf_counter()
        terms = built.terms(100)
        for entry in entries:
            open_entry(terms, entry)
        checked = time.perf_counter()
        return {
            "build_s": standing - start,
            "entry_us": (proved - standing) * 1e6 / len(some),
            "verify_us": (checked - proved) * 1e6 / len(some),
        }, None

    return _measured(work)


def _apart(work: Callable[[int], tuple[dict[str, float], Any]], size: int) -> tuple[dict[str, float], Any]:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(work, size).result()


def run(quick: bool = False, progress: Callable[[str], None] | None = None) -> dict[str, Any]:
    """Measures everything.

    Args:
        quick: small sizes only, a few seconds.
        progress: told what is about to be measured.

    Returns:
        {"flow": [one entry a size], "trees": [one entry a size]}; times in seconds or µs, memory in MB, errors in wei.
    """
    tell = progress or (lambda _: None)
    flows = []
    for nodes in FLOW_SIZES[:1] if quick else FLOW_SIZES:
        tell(f"flow of {nodes:,} nodes")
        ours, exact = _apart(flow_headwater, nodes)
        entry: dict[str, Any] = {"nodes": nodes, "leaves": len(layered(nodes).child), "headwater": ours}
        contenders: list[tuple[str, Callable[[int], tuple[dict[str, float], Any]]]] = [("scipy", flow_scipy)]
        if nodes <= NETWORKX_UP_TO:
            contenders.append(("networkx", flow_networkx))
        for name, contender in contenders:
            figures, result = _apart(contender, nodes)
            entry[name] = figures | {
                "solve_ratio": figures["solve_s"] / ours["solve_s"],
                "whole_ratio": (figures["build_s"] + figures["solve_s"]) / (ours["build_s"] + ours["first_solve_s"]),
                "max_error_wei": max(abs(int(a) - b) for a, b in zip(result, exact, strict=True)),
            }
        flows.append(entry)
    trees = []
    for leaves in TREE_SIZES[:2] if quick else TREE_SIZES:
        tell(f"tree of {leaves:,} leaves")
        trees.append({"leaves": leaves} | _apart(tree, leaves)[0])
    return {"flow": flows, "trees": trees}


def table(figures: dict[str, Any]) -> str:
    """The figures as text. A ratio above 1 says how many times longer the contender took than Headwater."""
    lines = [
        f"{'nodes':>9} {'leaves':>9}  {'solver':<10} {'build s':>9} {'solve s':>9} {'peak MB':>9} "
        f"{'solve ×':>8} {'whole ×':>8} {'max error wei':>14}"
    ]
    for entry in figures["flow"]:
        for name in ("headwater", "scipy", "networkx"):
            if name not in entry:
                continue
            row = entry[name]
            lines.append(
                f"{entry['nodes']:>9,} {entry['leaves']:>9,}  {name:<10} {row['build_s']:>9.3f} {row['solve_s']:>9.4f} "
                f"{row['peak_mb']:>9.0f} {row.get('solve_ratio', 1):>8.2f} {row.get('whole_ratio', 1):>8.2f} "
                f"{row.get('max_error_wei', 0):>14,}"
            )
        lines.append(
            f"{'':>20}  headwater's first solve of a graph, reciprocals included: "
            f"{entry['headwater']['first_solve_s']:.3f} s"
        )
    lines += ["", f"{'leaves':>9} {'build s':>9} {'entry µs':>9} {'verify µs':>10} {'peak MB':>9}"]
    lines += [
        f"{row['leaves']:>9,} {row['build_s']:>9.3f} {row['entry_us']:>9.1f} {row['verify_us']:>10.1f} "
        f"{row['peak_mb']:>9.0f}"
        for row in figures["trees"]
    ]
    return "\n".join(lines)


def main(argv: list[str] | None = None) -> None:
    """Prints the table, or the figures as JSON."""
    given = sys.argv[1:] if argv is None else argv
    unknown = set(given) - {"--quick", "--json"}
    if unknown:
        raise SystemExit(f"unknown option {sorted(unknown)[0]}; known are --quick and --json")
    figures = run("--quick" in given, progress=lambda what: print(f"measuring {what} …", file=sys.stderr))
    print(json.dumps(figures, indent=2) if "--json" in given else table(figures))


if __name__ == "__main__":
    main()
