"""Integer-exact twins of the contracts' arithmetic. Pure: no chain, no float, equal to the bytecode to the wei.

The one exception is `headwater.twin.batch`, float64 arrays of it for large studies, which says how far it is off. The
cascade's twin is `headwater.cascade`, which works on whole graphs.
"""

from headwater.twin.batch import EscrowBatch, batch_capacity, batch_growth, batch_lock, batch_net
from headwater.twin.escrow import Escrow
from headwater.twin.fixed import ceil_div, check_simplex, floor_div, wad_ln
from headwater.twin.odds import COUNT_GRAIN, MAX_COUNT, count_outcome, frequency_odds
from headwater.twin.schedule import MAX_CATCH_UP, Schedule, set_aside, share_out
from headwater.twin.scoring import (
    Scale,
    capacity,
    growth,
    kept_reserve,
    lock,
    max_growth,
    net,
    reserve_slice,
)

__all__ = [
    "COUNT_GRAIN",
    "MAX_CATCH_UP",
    "MAX_COUNT",
    "Escrow",
    "EscrowBatch",
    "Scale",
    "Schedule",
    "batch_capacity",
    "batch_growth",
    "batch_lock",
    "batch_net",
    "capacity",
    "ceil_div",
    "check_simplex",
    "count_outcome",
    "floor_div",
    "frequency_odds",
    "growth",
    "kept_reserve",
    "lock",
    "max_growth",
    "net",
    "reserve_slice",
    "set_aside",
    "share_out",
    "wad_ln",
]
