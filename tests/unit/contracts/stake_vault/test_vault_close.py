"""close: a replaced or idle escrow without open positions gives what it holds to its children, its debt to its heir."""

from __future__ import annotations

from typing import Any

import pytest

from checks import refused, told
from headwater.cascade import Leaf
from headwater.chain import Receipt
from rig import IDLE_PERIOD, MAX_WINDOW, Rig

TOO_EARLY = "vault: neither replaced nor idle for long enough"
GWEI = 10**9
BUFFER = 10**6 * GWEI
GAIN, LOSS = 1_000 * GWEI, -1_000 * GWEI


def _leaves(rig: Rig) -> list[Leaf]:
    return [Leaf(rig.stranger.address, 0, 1)]


def _escrow(rig: Rig, net: int) -> int:
    """A version whose escrow has settled this net; the version. Keeps a tenth; holds or owes the rest."""
    version, _ = rig.announce(_leaves(rig), keep_bps=1_000, buffer=BUFFER)
    rig.lock(abs(net) or 1, version=version)
    rig.settle(abs(net) or 1, net, version=version)
    return version


def _close(rig: Rig, version: int, domain: int = 0) -> Receipt:
    return rig.vault.send("close", rig.staker, version, domain, sender=rig.stranger)


def _state(rig: Rig, version: int) -> Any:
    return rig.vault.call("escrow", rig.staker, version, 0)


def _replaced(rig: Rig, version: int) -> int:
    """When it may be closed, having been replaced."""
    minute = rig.cascade.call("version_state", rig.staker, version)[2]
    assert minute % 60 == 0
    return int(minute) + MAX_WINDOW


def test_a_replaced_escrow_closes_once_the_longest_commit_window_has_passed(rig: Rig) -> None:
    version = _escrow(rig, GAIN)
    heir, _ = rig.announce(_leaves(rig), keep_bps=1_000, domain=None)
    moment = _replaced(rig, version)
    with refused(rig, TOO_EARLY):
        _close(rig, version)
    rig.backend.time_travel(moment - 1)
    with refused(rig, TOO_EARLY):
        _close(rig, version)
    receipt = _close(rig, version)
    assert receipt.timestamp == moment
    held = GAIN * 9 // 10
    said = {
        "forecaster": rig.staker.address,
        "version": version,
        "domain": 0,
        "released": held,
        "debt_moved": 0,
        "newest": version,
    }
    assert [args for name, args in told(rig, receipt) if name == "Closed"] == [said]
    assert rig.cascade.call("flows", rig.staker, version) == (0, held)
    assert _state(rig, version)[:4] == (0, 0, 0, 0)
    assert rig.vault.call("owed") == rig.balance(rig.vault)
    assert heir > version
    with refused(rig, "vault: nothing to close"):
        _close(rig, version)


def test_an_idle_escrow_closes_after_the_idle_period_and_may_be_used_again(rig: Rig) -> None:
    version = _escrow(rig, GAIN)
    active = _state(rig, version).active
    rig.backend.time_travel(active + IDLE_PERIOD - 1)
    with refused(rig, TOO_EARLY):
        _close(rig, version)
    assert _close(rig, version).timestamp == active + IDLE_PERIOD
    assert rig.cascade.call("flows", rig.staker, version)[1] == GAIN * 9 // 10
    rig.lock(GAIN, version=version)
    rig.settle(GAIN, GAIN, version=version)
    assert _state(rig, version).held == GAIN * 9 // 10


def test_a_settlement_starts_the_idle_period_again(rig: Rig) -> None:
    version = _escrow(rig, GAIN)
    first = _state(rig, version).active
    rig.backend.time_travel(first + 1_000)
    rig.lock(1, version=version)
    rig.settle(1, 0, version=version)
    rig.backend.time_travel(first + IDLE_PERIOD)
    with refused(rig, TOO_EARLY):
        _close(rig, version)


def test_an_idle_debt_stays_where_it_is(rig: Rig) -> None:
    version = _escrow(rig, LOSS)
    debt = -LOSS * 9 // 10
    assert _state(rig, version).debt == debt
    rig.backend.time_travel(rig.backend.now() + IDLE_PERIOD)
    with refused(rig, "vault: nothing to close"):
        _close(rig, version)
    assert _state(rig, version).debt == debt


def test_a_debt_moves_to_the_newest_version_and_only_later_gains_repay_it(rig: Rig) -> None:
    old, debt = _escrow(rig, LOSS), -LOSS * 9 // 10
    rig.announce(_leaves(rig), keep_bps=1_000, domain=None)
    newest = _escrow(rig, GAIN)  # two versions on; it holds something by now
    held = _state(rig, newest).held
    rig.backend.time_travel(_replaced(rig, old))
    closed = next(args for name, args in told(rig, _close(rig, old)) if name == "Closed")
    assert (closed["released"], closed["debt_moved"], closed["newest"]) == (0, debt, newest)
    assert (_state(rig, old).debt, _state(rig, newest).debt, _state(rig, newest).held) == (0, debt, held)
    rig.lock(1, version=newest)
    rig.settle(1, 10 * GWEI, version=newest)  # 9 of it repay
    assert (_state(rig, newest).debt, _state(rig, newest).held) == (debt - 9 * GWEI, held)


def test_a_debt_waits_in_an_escrow_that_is_not_open_yet(rig: Rig) -> None:
    old, debt = _escrow(rig, LOSS), -LOSS * 9 // 10
    heir, terms = rig.announce(_leaves(rig), keep_bps=1_000, buffer=BUFFER, domain=None)
    rig.backend.time_travel(_replaced(rig, old))
    _close(rig, old)
    assert (_state(rig, heir).debt, _state(rig, heir).keep_bps) == (debt, 0)
    rig.vault.send("open_escrow", rig.staker, heir, 0, terms.as_tuple(), sender=rig.stranger)
    assert (_state(rig, heir).debt, _state(rig, heir).keep_bps, _state(rig, heir).buffer) == (debt, 1_000, BUFFER)


def test_a_debt_stays_in_its_domain(rig: Rig) -> None:
    version, terms = rig.announce(_leaves(rig), keep_bps=1_000)
    rig.vault.send("open_escrow", rig.staker, version, 4, terms.as_tuple(), sender=rig.stranger)
    rig.lock(10, version=version, domain=4)
    rig.settle(10, -10, version=version, domain=4)
    heir, _ = rig.announce(_leaves(rig), keep_bps=1_000)
    rig.backend.time_travel(_replaced(rig, version))
    _close(rig, version, 4)
    assert rig.vault.call("escrow", rig.staker, heir, 4).debt == 9
    assert _state(rig, heir).debt == 0


@pytest.mark.parametrize("replace", [True, False])
def test_an_escrow_with_an_open_position_never_closes(rig: Rig, replace: bool) -> None:
    version = _escrow(rig, GAIN)
    rig.lock(1, version=version)
    if replace:
        rig.announce(_leaves(rig), keep_bps=1_000)
    rig.backend.time_travel(rig.backend.now() + IDLE_PERIOD + MAX_WINDOW)
    with refused(rig, "vault: positions are open"):
        _close(rig, version)


def test_there_is_nothing_to_close_where_nothing_ever_was(rig: Rig) -> None:
    version = _escrow(rig, 0)
    for number in (0, version + 1, 2**40 - 1):
        with refused(rig, "vault: nothing to close"):
            _close(rig, number)


def test_closing_hands_over_what_was_due_before_too(rig: Rig) -> None:
    version, _ = rig.announce(_leaves(rig), keep_bps=1_000, buffer=100 * GWEI)
    rig.lock(GAIN, version=version)
    rig.settle(GAIN, GAIN, version=version)
    state = _state(rig, version)
    assert (state.held, state.due) == (100 * GWEI, GAIN * 9 // 10 - 100 * GWEI)
    rig.backend.time_travel(rig.backend.now() + IDLE_PERIOD)
    _close(rig, version)
    assert rig.cascade.call("flows", rig.staker, version)[1] == GAIN * 9 // 10


def test_a_debt_waits_until_no_position_is_open_under_its_heir(rig: Rig) -> None:
    version = _escrow(rig, LOSS)
    heir, _ = rig.announce(_leaves(rig), keep_bps=1_000)
    rig.backend.time_travel(_replaced(rig, version))
    rig.lock(GWEI, version=heir)
    with refused(rig, "vault: positions are open under the newest version"):
        _close(rig, version)
    rig.settle(GWEI, 0, version=heir)
    _close(rig, version)
    assert (_state(rig, version).debt, _state(rig, heir).debt) == (0, -LOSS * 9 // 10)
