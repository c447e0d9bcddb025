"""The cascade in pure Python: records, terms, Merkle-sum trees and proofs, and the wei-exact flow of whole graphs."""

from headwater.cascade.errors import (
    CascadeError,
    FlowError,
    GraphError,
    LedgerError,
    ProofError,
    RecordError,
    TermsError,
    TreeError,
)
from headwater.cascade.flow import SHARE, Deposit, Flow, Payment, Settled, solve
from headwater.cascade.graph import Announcement, CascadeGraph
from headwater.cascade.ledger import Ledger
from headwater.cascade.records import MAX_LIST, RECORD, Leaf, pack_list, parse_list
from headwater.cascade.terms import LIST, Terms, list_terms
from headwater.cascade.trace import Hop, Path, Source, Trace, trace
from headwater.cascade.tree import MerkleSumTree, open_entries, open_entry, verify

__all__ = [
    "LIST",
    "MAX_LIST",
    "RECORD",
    "SHARE",
    "Announcement",
    "CascadeError",
    "CascadeGraph",
    "Deposit",
    "Flow",
    "FlowError",
    "GraphError",
    "Hop",
    "Leaf",
    "Ledger",
    "LedgerError",
    "MerkleSumTree",
    "Path",
    "Payment",
    "ProofError",
    "RecordError",
    "Settled",
    "Source",
    "Terms",
    "TermsError",
    "Trace",
    "TreeError",
    "list_terms",
    "open_entries",
    "open_entry",
    "pack_list",
    "parse_list",
    "solve",
    "trace",
    "verify",
]
