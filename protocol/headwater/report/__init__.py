"""What a run leaves behind and how people read it: records on disk, tables, figures, one page, statistics, traces."""

from headwater.report.amounts import decimals_for, tokens, wei
from headwater.report.errors import (
    EventError,
    ReportError,
    RunFolderError,
    StatsError,
    SummaryError,
    TraceError,
)
from headwater.report.grids import verdict
from headwater.report.page import render_page, write_page
from headwater.report.records import (
    ChainEvent,
    EventRecord,
    Summary,
    canonical_summary,
    event_columns,
    read_events,
    read_summary,
    record_events,
    write_events,
    write_summary,
)
from headwater.report.stats import (
    Interval,
    ReliabilityBin,
    bootstrap_interval,
    cumulative,
    log_loss,
    mean_interval,
    reliability,
    wilson,
)
from headwater.report.tables import summary_tables
from headwater.report.trace import PathAmount, StakeChange, Trace, summary_names, trace
from headwater.report.trace_view import trace_view

__all__ = [
    "ChainEvent",
    "EventError",
    "EventRecord",
    "Interval",
    "PathAmount",
    "ReliabilityBin",
    "ReportError",
    "RunFolderError",
    "StakeChange",
    "StatsError",
    "Summary",
    "SummaryError",
    "Trace",
    "TraceError",
    "bootstrap_interval",
    "canonical_summary",
    "cumulative",
    "decimals_for",
    "event_columns",
    "log_loss",
    "mean_interval",
    "read_events",
    "read_summary",
    "record_events",
    "reliability",
    "render_page",
    "summary_names",
    "summary_tables",
    "tokens",
    "trace",
    "trace_view",
    "verdict",
    "wei",
    "wilson",
    "write_events",
    "write_page",
    "write_summary",
]
