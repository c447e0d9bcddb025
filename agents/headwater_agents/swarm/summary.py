"""What a swarm comes to: figures of every agent and every edge, kills and recoveries, checks."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

from headwater.chain.audit import Check
from headwater_agents.bots.watch import SeriesWatch
from headwater_agents.swarm.diary import Happening
from headwater_agents.swarm.folder import write_whole
from headwater_agents.swarm.ledger import Account, Book
from headwater_agents.swarm.parts import cast
from headwater_agents.swarm.swarm import Swarm
from headwater_agents.swarm.table import short


def summarise(
    swarm: Swarm,
    checks: Sequence[Check],
    book: Book,
    worth: dict[str, int],
    watch: SeriesWatch,
    forfeits: list[dict[str, Any]],
) -> dict[str, Any]:
    """Make the summary and write it into the folder. Money in wei, as text, since it is larger than JSON's numbers.

    Args:
        swarm: that came to its end.
        checks: all of them.
        book: by the chain's events.
        worth: everybody's tokens and stake now, wei.
        watch: the series to its last block.
        forfeits: missing reveals.
    """
    folder, began = swarm.folder, swarm.folder.notes["began"]
    asked = list(watch.questions.values())
    summary: dict[str, Any] = {
        "ok": all(check.ok for check in checks),
        "settings": folder.settings.as_dict()
        | {"stake": str(folder.settings.stake), "purse": str(folder.settings.purse)},
        "seconds": round(swarm.diary.happenings[-1].time - swarm.diary.happenings[0].time, 1),
        "questions": {
            "asked": len(asked),
            "resolved": sum(1 for each in asked if each.outcome is not None),
            "void": sum(1 for each in asked if each.over_from is not None and each.outcome is None),
        },
        "agents": {
            part.name: _agent(book.accounts.get(part.name, Account()), worth[part.name] - began[part.name], part.role)
            for part in cast(folder.settings)
        },
        "edges": [
            {"buyer": buyer, "seller": seller, "signals": number, "paid": str(total)}
            for (buyer, seller), (number, total) in sorted(book.edges.items())
        ],
        "processes": {
            name: {
                "kills": worker.kills,
                "restarts": worker.restarts,
                "recovery_s": [round(each, 2) for each in recoveries(swarm.diary.happenings, name)],
                "first_start_s": swarm.measured.start_s.get(name),
                "memory_bytes": swarm.measured.memory.get(name),
            }
            for name, worker in swarm.workers.items()
        },
        "all_ready_s": round(swarm.measured.all_ready_s, 2),
        "memory_bytes": sum(swarm.measured.memory.values()),
        "forfeits": forfeits,
        "checks": [
            {"what": check.what, "expected": str(check.expected), "actual": str(check.actual), "ok": check.ok}
            for check in checks
        ],
    }
    write_whole(folder.path / "summary.json", json.dumps(summary, indent=1) + "\n")
    return summary


def recoveries(happenings: Sequence[Happening], name: str) -> list[float]:
    """Seconds from every kill of a process until it was ready again."""
    found, killed = [], None
    for each in happenings:
        if each.name == name and each.kind == "kill":
            killed = each.time
        elif each.name == name and each.kind == "ready" and killed is not None:
            found.append(each.time - killed)
            killed = None
    return found


def _agent(account: Account, net: int, role: str) -> dict[str, Any]:
    return {
        "role": role,
        "net": str(net),
        "wagers": str(account.net),
        "cascade": str(account.cascade),
        "spent": str(account.spent),
        "earned": str(account.earned),
        "bought": account.bought,
        "sold": account.sold,
        "commits": account.commits,
        "reveals": account.reveals,
    }


def tables(summary: dict[str, Any]) -> list[Table]:
    """The summary on the terminal."""
    return [_agents(summary), _processes(summary), _checks(summary)]


def _agents(summary: dict[str, Any]) -> Table:
    table = _table("Agents, tokens")
    for title in ("agent", "role"):
        table.add_column(title)
    for title in ("commits", "reveals", "wagers", "cascade", "bought", "spent", "sold", "earned", "net"):
        table.add_column(title, justify="right")
    for name, agent in summary["agents"].items():
        table.add_row(
            name,
            agent["role"],
            *(str(agent[key] or "") for key in ("commits", "reveals")),
            *(_tokens(agent[key]) for key in ("wagers", "cascade")),
            str(agent["bought"] or ""),
            _tokens(agent["spent"]),
            str(agent["sold"] or ""),
            _tokens(agent["earned"]),
            _tokens(agent["net"]),
        )
    return table


def _processes(summary: dict[str, Any]) -> Table:
    table = _table("Processes")
    table.add_column("process")
    for title in ("kills", "restarts", "back in, s: median", "worst", "first start, s", "memory, MB"):
        table.add_column(title, justify="right")
    for name, process in summary["processes"].items():
        back = sorted(process["recovery_s"])
        memory, start = process["memory_bytes"], process["first_start_s"]
        table.add_row(
            name,
            str(process["kills"] or ""),
            str(process["restarts"] or ""),
            f"{back[len(back) // 2]:.1f}" if back else "",
            f"{back[-1]:.1f}" if back else "",
            "" if start is None else f"{start:.1f}",
            "" if memory is None else f"{memory / 1e6:.0f}",
        )
    return table


def _checks(summary: dict[str, Any]) -> Table:
    bad = sum(1 for check in summary["checks"] if not check["ok"])
    total = len(summary["checks"])
    verdict = f"{total} checks, all passed" if not bad else f"{bad} of {total} checks FAILED"
    table = _table(f"Audit: {verdict}; wei unless it says otherwise")
    table.add_column("check")
    for title in ("expected", "actual"):
        table.add_column(title, justify="right")
    # What is checked of every process stands in one row, unless it failed.
    shared: dict[str, list[bool]] = {}
    for check in summary["checks"]:
        name, found, what = check["what"].partition(": ")
        if not check["ok"]:
            table.add_row(check["what"], check["expected"], check["actual"], style="bold red")
        elif found and name in summary["processes"]:
            shared.setdefault(what, []).append(True)
        else:
            table.add_row(check["what"], check["expected"], check["actual"])
    for what, those in shared.items():
        table.add_row(what, f"{len(those)} processes", "all agree")
    return table


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, pad_edge=False)


def _tokens(wei: str) -> str:
    return short(int(wei))
