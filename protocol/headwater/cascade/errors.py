"""What the cascade refuses, as subclasses of ValueError."""

from __future__ import annotations


class CascadeError(ValueError):
    """Base of every refusal in `headwater.cascade`."""


class RecordError(CascadeError):
    """An address, leaf or packed record that the contract could not hold."""


class TermsError(CascadeError):
    """Terms that the contract would not announce."""


class TreeError(CascadeError):
    """Leaves that make no Merkle-sum tree, or an index outside one."""


class ProofError(CascadeError):
    """An entry that does not open the announced root."""


class GraphError(CascadeError):
    """Announcements that cannot all stand in one cascade."""


class FlowError(CascadeError):
    """Deposits that cannot be solved, or a question about something outside the flow."""


class LedgerError(CascadeError):
    """A call that the contract would revert."""
