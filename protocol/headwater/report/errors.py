"""What a report refuses, as subclasses of ValueError."""

from __future__ import annotations


class ReportError(ValueError):
    """Base of every refusal in `headwater.report`."""


class RunFolderError(ReportError):
    """A folder that is no run, or a file in it that cannot be read."""


class SummaryError(ReportError):
    """A summary that cannot be written without losing something."""


class EventError(ReportError):
    """An event that does not fit its table."""


class TraceError(ReportError):
    """An address nobody knows, or events that contradict each other."""


class StatsError(ReportError):
    """Numbers from which a statistic cannot be made."""
