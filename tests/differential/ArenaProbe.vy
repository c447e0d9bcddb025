# pragma version ~=0.4.3
# pragma optimize gas
# pragma evm-version prague
"""
@title ArenaProbe
@license GNU Affero General Public License v3.0 only
@notice The arena's own arithmetic, opened for many inputs a call. Compiled by tests next to the contracts, from
        their sources; its state is only ever written in calls that are not sent.
"""

from snekmate.utils import math

import ForecastArena
from interfaces import IForecastArena

initializes: ForecastArena


@deploy
def __init__(
    treasury: address, vault: address, cascade: address, min_window: uint256, max_window: uint256, resolve_timeout: uint256
):
    ForecastArena.__init__(treasury, vault, cascade, min_window, max_window, resolve_timeout)


@external
@pure
def logarithms(values: DynArray[int256, 512]) -> DynArray[int256, 512]:
    found: DynArray[int256, 512] = []
    for value: int256 in values:
        found.append(math._wad_ln(value))
    return found


@external
@pure
def nets(
    wager: uint256, capacity: uint256, wagered: uint256, logs: uint256, growths: DynArray[int256, 64]
) -> DynArray[int256, 64]:
    found: DynArray[int256, 64] = []
    for growth: int256 in growths:
        found.append(ForecastArena._net(wager, growth, capacity | (wagered << 96), logs))
    return found


@external
@pure
def locks(logs: uint256, wagers: DynArray[uint256, 64]) -> DynArray[uint256, 64]:
    found: DynArray[uint256, 64] = []
    for wager: uint256 in wagers:
        found.append(ForecastArena._lock(wager, logs))
    return found


@external
def capacity(params: IForecastArena.SeriesParams, logs: uint256, odds: DynArray[uint256, 8], reserve: uint256) -> uint256:
    ForecastArena._check_simplex(odds, params.outcomes, params.p_min)
    ForecastArena._logs[1] = logs
    ForecastArena._set_odds(1, 1, params, odds, reserve)
    return ForecastArena._heads[1] & (2**96 - 1)


@external
def count(
    params: IForecastArena.SeriesParams, counts: DynArray[uint256, 8], outcomes: DynArray[uint256, 256]
) -> (DynArray[DynArray[uint256, 8], 256], DynArray[DynArray[uint256, 8], 256]):
    """
    @notice The counters, and the odds they give, after each outcome in turn.
    """
    ForecastArena._params[1] = params
    ForecastArena._counts[1] = [ForecastArena._pack(counts, 0), ForecastArena._pack(counts, 4)]
    after: DynArray[DynArray[uint256, 8], 256] = []
    odds: DynArray[DynArray[uint256, 8], 256] = []
    for outcome: uint256 in outcomes:
        ForecastArena._count_outcome(1, outcome)
        after.append(ForecastArena._unpack(ForecastArena._counts[1], params.outcomes))
        odds.append(ForecastArena._frequency_odds(1, params))
    return after, odds
