"""All benchmarks: gas beside the peers' figures, then speed and memory beside libraries, in one run."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from typing import Any, Final

from bench import (
    bench_chain,
    bench_flow,
    bench_lab,
    bench_learning,
    bench_market,
    bench_node,
    bench_sampled,
    bench_shapley,
    bench_values,
    gas,
)

PARTS: Final[dict[str, tuple[str, Callable[[bool], Any], Callable[[Any], str]]]] = {
    "gas": ("Gas, whole transactions on py-evm, beside what is aimed for", lambda quick: gas.measure(), gas.table),
    "chain": (
        "Chains in process beside eth-tester, and the client beside a bare pyrevm loop",
        bench_chain.run,
        bench_chain.table,
    ),
    "shapley": ("Exact Shapley beside shapiq", bench_shapley.run, bench_shapley.table),
    "sampled": (
        "Sampled Shapley beside all of shapiq's estimators, at equal budgets",
        bench_sampled.run,
        bench_sampled.table,
    ),
    "flow": ("Cascade flow beside scipy.sparse and networkx", bench_flow.run, bench_flow.table),
    "market": ("Paid signals beside the same app without payment, over loopback", bench_market.run, bench_market.table),
    "node": ("Our node beside anvil, over loopback", bench_node.run, bench_node.table),
    "values": ("Agreements and the consensus beside scipy and cvxpy", bench_values.run, bench_values.table),
    "learning": (
        "Projection and credit of updates beside cvxpy and scipy",
        bench_learning.run,
        bench_learning.table,
    ),
    "lab": ("The vectorised twin and a crowd of forecasters on it", bench_lab.run, bench_lab.table),
}


def main() -> None:
    """Run the parts asked for and print their tables, or everything as JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; all by default")
    parser.add_argument("--quick", action="store_true", help="smaller sizes: about a minute in all")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    unknown = sorted(set(options.parts) - set(PARTS))
    if unknown:
        parser.error(f"unknown part {unknown[0]}; accepted: {', '.join(PARTS)}")
    figures = {}
    for name in options.parts or PARTS:
        title, run, table = PARTS[name]
        print(f"measuring {name} …", file=sys.stderr, flush=True)
        figures[name] = run(options.quick)
        if not options.json:
            print(f"\n## {title}\n\n{table(figures[name])}", flush=True)
    if options.json:
        print(json.dumps(figures, indent=1, default=str))


if __name__ == "__main__":
    main()
