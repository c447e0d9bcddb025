"""Forms the agreements of 34 countries by simulated messages at several lags and writes docs/accord.md: no number typed in.

python docs/accord.py
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from headwater.values import FormationConfig, Norm, quantile_bounds
from headwater_agents.accord import Faults, Rules, Simulation, briefs_of, compare
from headwater_agents.values.evs import load_evs
from headwater_agents.values.graphs import make_graph

PAGE = Path(__file__).with_name("accord.md")
LAGS = (0, 1, 2, 4, 8)
QUANTILES = (0.25, 0.5, 0.75)
FAULTS = Faults(loss=0.1, delay=0.005, duplicate=0.05, seed=1)

HEAD = """# Agreements by messages alone

`headwater values accord` forms agreements by a process an agent. Each has a socket on the loopback and a key, knows its own
system, bounds and neighbours, and exchanges packets with these only ([SPEC](../SPEC.md) has the rules). The run is then
held against the same in memory.

    headwater values accord                                     # 34 countries, everybody in step
    headwater values accord --loss 0.2 --delay 5 --lag 2        # a bad network
    headwater values accord --leave 2 --kill 2                  # some leave, some are killed

With `--lag 0` estimates are the floats of memory, whatever is lost: an agent waits for what it lacks and asks again. With
a lag L an agent may be up to L rounds ahead of a neighbour (one round of lag for every twenty rounds run, at most L) and uses
its last word. That is faster, and leaves estimates a little apart. What is signed is worked out from declared systems, so
it is the same to the last digit wherever the same edges survive. Only an edge whose estimate comes nearer to a bound than
the difference of estimates may fall in one run and stand in the other; then agreements may differ, too, and every agent
still signs only what its own bounds accept. The command says how near the nearest came, and ends with 4 if agreements
differ.

The table is of 34 countries on the nearest graph, bounds at quantiles of pairwise distance (l1), {rounds} rounds, {loss:.0%} of
packets lost, {duplicate:.0%} doubled and a mean delay of {delay:.0f} ms, in simulated time (a packet takes 1 ms more; computing takes
none). `python docs/accord.py` writes it again.

| bounds at | lag | seconds | packets | largest difference of estimates | nearest to a bound | same edges | same agreements | agreements |
|---|---|---|---|---|---|---|---|---|
"""


def main() -> None:
    """Write the page."""
    society = load_evs()
    graph = make_graph(society, "nearest")
    config = FormationConfig(tolerance=0.0)
    rows = []
    for quantile, bounds in zip(QUANTILES, quantile_bounds(society.population, Norm.L1, QUANTILES), strict=True):
        population = society.population.with_bounds(bounds)
        for lag in LAGS:
            rules = Rules(formation=config, lag=lag, faults=replace(FAULTS))
            run = Simulation(briefs_of(population, graph, rules, seed=1))
            reports = run.run()
            held = compare(population, graph, rules, reports)
            sent = sum(report.counts.sent for report in reports.values())
            rows.append(
                f"| {quantile:.0%} | {lag} | {run.ended:.1f} | {sent:,} | {held.estimates:.1e} | {held.margin:.1e} "
                f"| {'yes' if held.edges else 'no'} | {'yes' if held.same else 'no'} "
                f"| {len({report.members for report in reports.values()})} |"
            )
            print(rows[-1], flush=True)
    head = HEAD.format(rounds=config.rounds, loss=FAULTS.loss, duplicate=FAULTS.duplicate, delay=1_000 * FAULTS.delay)
    PAGE.write_text(head + "\n".join(rows) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
