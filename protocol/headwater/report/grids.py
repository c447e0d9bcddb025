"""A run's tables as plain text cells, before the terminal or a page dresses them. Amounts in tokens of 18 decimals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from headwater.report.amounts import decimals_for, tokens, wei
from headwater.report.trace import summary_names

Row = Mapping[str, Any]
NOTHING = "–"
"""Shown where there is no figure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """A table of text.

    Attributes:
        title: what it shows.
        note: units and meaning.
        columns: heads; the first `texts` columns are text, the rest figures.
        rows: cells, as many as columns.
        texts: number of text columns at the left.
        failed: rows that report a failure.
    """

    title: str
    note: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    texts: int = 1
    failed: frozenset[int] = frozenset()


def number(value: float | None, decimals: int = 4) -> str:
    """A float with a true minus sign, or a dash where there is none."""
    if value is None:
        return NOTHING
    text = f"{value:.{decimals}f}"
    return text.replace("-", "−") if float(text) else text.lstrip("-")


def bounds(low: str, high: str) -> str:
    """An interval's text."""
    return f"[{low}, {high}]"


def _interval(row: Row, decimals: int, factor: float = 1.0) -> tuple[str, str]:
    mean, low, high = (None if row[key] is None else factor * row[key] for key in ("mean", "low", "high"))
    return number(mean, decimals), bounds(number(low, decimals), number(high, decimals))


def _wei_interval(pair: Sequence[Any] | None, decimals: int) -> str:
    low, high = (None, None) if pair is None else pair
    return bounds(*(NOTHING if end is None else tokens(wei(end), decimals) for end in (low, high)))


def _decimals(rows: Sequence[Row], *keys: str) -> int:
    return decimals_for(wei(row[key]) for row in rows for key in keys)


def verdict(summary: Mapping[str, Any]) -> tuple[bool, str]:
    """Whether the audit passed, and a sentence that says so. It passes only if there are checks and every one holds."""
    checks = summary["audit"]
    failed = [check["check"] for check in checks if not check["ok"]]
    if failed:
        return False, f"Audit failed: {'; '.join(failed)}"
    if not checks or not summary["audit_ok"]:
        return False, "Audit failed: " + ("the run reports a failure" if checks else "nothing was checked")
    return True, f"Audit passed: {len(checks)} of {len(checks)} checks hold to the wei"


def summary_grids(summary: Mapping[str, Any]) -> list[Grid]:
    """All tables of a summary in reading order: forecasters, their nets, providers, treasury, gas, audit, and what is
    unclaimable if anything is."""
    grids = [
        forecaster_grid(summary["forecasters"]),
        net_grid(summary["forecasters"]),
        provider_grid(summary["providers"]),
        treasury_grid(summary["treasury"]),
        gas_grid(summary["gas"]),
        audit_grid(summary),
    ]
    if summary.get("unclaimable"):
        grids.append(unclaimable_grid(summary["unclaimable"], summary_names(summary)))
    return grids


def forecaster_grid(rows: Sequence[Row]) -> Grid:
    """Log loss beside the public odds' (climatology), wagers, net with its 95% interval, edge a question."""
    ends = [wei(end) for row in rows for end in row["net_interval_wei"] or () if end is not None]
    # Nine columns have to fit the terminal.
    places = min(decimals_for([*ends, *(wei(row["net_wei"]) for row in rows)], significant=5, least=0), 4)
    return Grid(
        title="Forecasters",
        note="Log loss in nats, beside climatology's (the public odds' on the same questions); wager and net in "
        "tokens; edge in percent of a unit wager a question. Brackets: 95% intervals.",
        columns=("Name", "Qs", "Log loss", "Climat.", "Wagered", "Net", "95%", "Edge %", "95%"),
        rows=tuple(
            (
                str(row["name"]),
                str(row["questions"]),
                number(row["log_loss"]),
                number(row["climatology_log_loss"]),
                tokens(wei(row["wagered_wei"]), 0),
                tokens(wei(row["net_wei"]), places),
                _wei_interval(row["net_interval_wei"], places),
                *_interval(row["edge"], 2, factor=100),
            )
            for row in rows
        ),
    )


def net_grid(rows: Sequence[Row]) -> Grid:
    """Where forecasters' nets went."""
    keys = ("net_wei", "stake_change_wei", "released_wei", "held_wei", "debt_wei", "rent_wei")
    places = _decimals(rows, *keys)
    return Grid(
        title="Where their nets went",
        note="Tokens. Net = to the stake + released to providers + held in escrow; debt is what the stake carries for "
        "the escrow, rent what the net has paid already.",
        columns=("Name", "Net", "To stake", "Released", "Held", "Debt", "Rent"),
        rows=tuple((str(row["name"]), *(tokens(wei(row[key]), places) for key in keys)) for row in rows),
    )


def provider_grid(rows: Sequence[Row]) -> Grid:
    """What providers and aggregators were paid, beside the measured information of their own forecasts."""
    places = _decimals(rows, "paid_wei", "passed_on_wei")
    return Grid(
        title="Providers and aggregators",
        note="Paid and passed on in tokens; measured information in nats a question, the mean log-growth of their own "
        "forecast over the public odds. Brackets: 95% intervals.",
        columns=("Name", "Kind", "Paid", "Share", "Passed on", "Information", "95%"),
        texts=2,
        rows=tuple(
            (
                str(row["name"]),
                str(row["kind"]),
                tokens(wei(row["paid_wei"]), places),
                f"{number(100 * row['share'], 1)}%",
                tokens(wei(row["passed_on_wei"]), places),
                *_interval(row["information_nats"], 4),
            )
            for row in rows
        ),
    )


def treasury_grid(treasury: Row) -> Grid:
    """The treasury's figures."""
    titles = {
        "genesis_wei": "Genesis",
        "minted_wei": "Minted",
        "emitted_wei": "Emitted to forecasters",
        "recycled_wei": "Recycled from losses and rent",
        "bankroll_wei": "Bankroll",
        "reserved_wei": "Reserved for open questions",
        "unallocated_wei": "Unallocated",
        "supply_wei": "Supply",
    }
    places = decimals_for((wei(treasury[key]) for key in titles), significant=9)
    return Grid(
        title="Treasury",
        note="Tokens.",
        columns=("", "Amount"),
        rows=tuple((title, tokens(wei(treasury[key]), places)) for key, title in titles.items()),
    )


def gas_grid(rows: Sequence[Row]) -> Grid:
    """Gas by operation."""
    return Grid(
        title="Gas",
        note="By operation, as the chain charged it.",
        columns=("Operation", "Count", "Mean", "Min", "Max"),
        rows=tuple(
            (str(row["operation"]), *(f"{row[key]:,.0f}" for key in ("count", "mean", "min", "max"))) for row in rows
        ),
    )


def audit_grid(summary: Mapping[str, Any]) -> Grid:
    """Every check of the audit; in wei, because one wei matters here."""
    rows = summary["audit"]
    return Grid(
        title="Audit",
        note=verdict(summary)[1] + ".",
        columns=("Check", "Holds", "Expected wei", "Actual wei"),
        texts=2,
        rows=tuple(
            (
                str(row["check"]),
                "yes" if row["ok"] else "NO",
                f"{wei(row['expected_wei']):,}",
                f"{wei(row['actual_wei']):,}",
            )
            for row in rows
        ),
        failed=frozenset(index for index, row in enumerate(rows) if not row["ok"]),
    )


def unclaimable_grid(rows: Sequence[Row], names: Mapping[str, str]) -> Grid:
    """What versions received whose leaves nobody can open."""
    places = _decimals(rows, "amount_wei")
    by_address = {address.lower(): name for address, name in names.items()}
    return Grid(
        title="Unclaimable",
        note="Tokens under versions whose leaves nobody can open.",
        columns=("Node", "Version", "Amount"),
        rows=tuple(
            (
                by_address.get(str(row["node"]).lower(), str(row["node"])),
                str(row["version"]),
                tokens(wei(row["amount_wei"]), places),
            )
            for row in rows
        ),
    )
