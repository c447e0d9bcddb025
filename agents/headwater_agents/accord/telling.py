"""What a run is told as: a summary for JSON, and tables."""

from __future__ import annotations

import math
from typing import Any

from rich.table import Table

from headwater.values import Population, SocialGraph
from headwater_agents.accord.brief import Rules
from headwater_agents.accord.compare import Comparison
from headwater_agents.accord.launch import State
from headwater_agents.accord.report import Report


def summarise(
    population: Population, graph: SocialGraph, rules: Rules, state: State, comparison: Comparison
) -> dict[str, Any]:
    """Plain values: settings, agreements by their first member, who left, the comparison, packets, seconds."""
    names = population.names
    reports = [state.reports[number] for number in sorted(state.reports)]
    counts = [report.counts for report in reports]
    return {
        "agents": population.n,
        "edges": len(graph.edges),
        "rules": rules.to_json(),
        "agreements": [_agreement(population, each) for each in _founders(reports)],
        "left": [names[report.number] for report in reports if report.status == "left"],
        "killed": [names[number] for number in sorted(state.killed)],
        "same_as_in_memory": comparison.same,
        "comparison": {
            "largest_difference_of_estimates": comparison.estimates,
            "largest_difference_of_agreements": comparison.systems,
            "same_edges": comparison.edges,
            "displaced": [names[number] for number in comparison.displaced],
            "over_bound": [names[number] for number in comparison.broken],
            "nearest_to_a_bound": comparison.margin if math.isfinite(comparison.margin) else None,
            "memory_was_told_who_left_when": comparison.replayed,
        },
        "packets": {
            "sent": sum(each.sent for each in counts),
            "sent_again": sum(each.again for each in counts),
            "lost": sum(each.lost for each in counts),
            "received": sum(each.received for each in counts),
            "junk": sum(each.junk for each in counts),
            "bytes": sum(each.bytes for each in counts),
        },
        "seconds": {"until_decided": round(state.decided_seconds, 3), "until_ended": round(state.seconds, 3)},
        "bytes_of_memory_per_agent": state.memory,
    }


def tables(summary: dict[str, Any]) -> list[Table]:
    """The agreements, and the run beside memory."""
    agreements = Table(title="Agreements")
    agreements.add_column("members", justify="right")
    agreements.add_column("who", overflow="fold")
    alone = [each["members"][0] for each in summary["agreements"] if len(each["members"]) == 1]
    for each in summary["agreements"]:
        if len(each["members"]) > 1:
            agreements.add_row(str(len(each["members"])), ", ".join(each["members"]))
    if alone:
        agreements.add_row(f"{len(alone)} × 1", ", ".join(alone))
    compared, held = Table(title="Processes beside memory", show_header=False), summary["comparison"]
    packets, seconds = summary["packets"], summary["seconds"]
    rows = {
        "same agreements": "yes" if summary["same_as_in_memory"] else "no: " + ", ".join(held["displaced"]),
        "largest difference of estimates": f"{held['largest_difference_of_estimates']:.3g}",
        "largest difference of agreements": f"{held['largest_difference_of_agreements']:.3g}",
        "nearest estimate to a bound": "none" if (near := held["nearest_to_a_bound"]) is None else f"{near:.3g}",
        "left, killed": f"{', '.join(summary['left']) or 'nobody'}; {', '.join(summary['killed']) or 'nobody'}",
        "packets": f"{packets['sent']:,} sent ({packets['sent_again']:,} again), {packets['lost']:,} lost, "
        f"{packets['bytes'] / 1e6:.1f} MB",
        "seconds": f"{seconds['until_decided']:.1f} until all had signed, {seconds['until_ended']:.1f} until all ended",
    }
    if summary["bytes_of_memory_per_agent"] is not None:
        rows["memory"] = f"{summary['bytes_of_memory_per_agent'] / 1e6:.1f} MB a process"
    compared.add_column()
    compared.add_column(overflow="fold")
    for name, text in rows.items():
        compared.add_row(name, text)
    return [agreements, compared]


def _founders(reports: list[Report]) -> list[Report]:
    """One report for each agreement: the first member's that tells of it."""
    found: dict[tuple[int, ...], Report] = {}
    for report in reports:
        if report.status != "left":
            found.setdefault(report.members, report)
    return [found[members] for members in sorted(found)]


def _agreement(population: Population, report: Report) -> dict[str, Any]:
    return {
        "members": [population.names[number] for number in report.members],
        "weights": list(report.system[: population.m]),
        "judgements": [
            list(report.system[start : start + population.m])
            for start in range(population.m, len(report.system), population.m)
        ],
    }
