"""settle: frees a lock, books a net, splits it with the version's escrow."""

from __future__ import annotations

import pytest

from checks import refused, told
from headwater.cascade import Leaf
from headwater.chain import decode_events
from headwater.twin import Escrow
from rig import STAKE, Rig

KEEP = 1_000


def _version(rig: Rig, buffer: int = 0) -> int:
    return rig.announce([Leaf(rig.stranger.address, 0, 1)], keep_bps=KEEP, buffer=buffer)[0]


def _assert_escrow(rig: Rig, version: int, expected: Escrow) -> None:
    state = rig.vault.call("escrow", rig.staker, version, 0)
    assert (state.held, state.debt, state.due, state.lock) == (
        expected.held,
        expected.debt,
        expected.due,
        expected.lock,
    )


@pytest.mark.parametrize("net", [0, 1, 77, -1, -100])
def test_under_version_zero_the_whole_net_is_the_stakes(rig: Rig, net: int) -> None:
    rig.lock(100)
    treasury = rig.balance(rig.treasury)
    assert rig.vault.call("settle", rig.staker, 0, 0, 100, net, sender=rig.arena) == (net, 0)
    receipt = rig.settle(100, net)
    assert rig.stake()[:2] == (STAKE + net, 0)
    assert rig.balance(rig.treasury) == treasury - net
    assert rig.balance(rig.vault) == rig.vault.call("owed") == STAKE + net
    # A net of nothing writes no checkpoint.
    assert rig.stake()[2] == (1 if net == 0 else 2)
    if net:
        assert rig.vault.call("checkpoint", rig.staker, 1) == (receipt.block_number, STAKE + net)


@pytest.mark.parametrize("buffer", [0, 50 * 10**9])
def test_an_escrow_takes_its_share_of_every_net(rig: Rig, buffer: int) -> None:
    version = _version(rig, buffer)
    twin, stake = Escrow(keep_bps=KEEP, buffer=buffer), STAKE
    scale = 10**9
    for lock, net in (
        (100, 60), (100, -7), (100, -100), (100, 33), (100, 95), (100, -3), (100, 90), (100, -50), (100, 1)
    ):  # fmt: skip
        lock, net = lock * scale + 3, net * scale + 1
        rig.lock(lock, version=version)
        twin, change, released = twin.commit(lock).settle(lock, net)
        assert rig.vault.call("settle", rig.staker, version, 0, lock, net, sender=rig.arena) == (change, released)
        receipt = rig.settle(lock, net, version=version)
        stake += change
        assert rig.stake()[:2] == (stake, 0)
        _assert_escrow(rig, version, twin)
        assert rig.vault.call("escrow", rig.staker, version, 0).active == receipt.timestamp
        assert rig.vault.call("owed") == rig.balance(rig.vault) == stake + twin.held + twin.due
    assert twin.due > 0
    assert twin.debt > 0 or buffer


def test_what_open_positions_could_lose_is_not_released(rig: Rig) -> None:
    version = _version(rig)
    rig.lock(100, version=version)
    rig.lock(41, version=version)
    rig.settle(100, 60, version=version)  # 6 stays, 54 for the children, of which ceil(0.9 * 41) is kept
    _assert_escrow(rig, version, Escrow(keep_bps=KEEP, buffer=0, held=37, due=17, lock=41))
    rig.settle(41, -41, version=version)  # the worst: floor(-4.1) = -5 own, 36 drawn, 1 is free at last
    _assert_escrow(rig, version, Escrow(keep_bps=KEEP, buffer=0, held=0, due=18, lock=0))
    assert rig.stake()[:2] == (STAKE + 6 - 5, 0)


def test_escrows_of_other_domains_and_versions_are_not_touched(rig: Rig) -> None:
    version, terms = rig.announce([Leaf(rig.stranger.address, 0, 1)], keep_bps=KEEP)
    rig.vault.send("open_escrow", rig.staker, version, 9, terms.as_tuple(), sender=rig.stranger)
    rig.lock(100, version=version, domain=9)
    rig.settle(100, -100, version=version, domain=9)
    assert rig.vault.call("escrow", rig.staker, version, 9).debt == 90
    _assert_escrow(rig, version, Escrow(keep_bps=KEEP, buffer=0))


def test_an_escrow_never_unlocks_more_than_it_locks(rig: Rig) -> None:
    version = _version(rig)
    rig.lock(10, version=version)
    rig.lock(10)
    with refused(rig, ""):
        rig.vault.send("settle", rig.staker, version, 0, 11, 0, sender=rig.arena)


def test_a_loss_beyond_the_stake_is_refused(rig: Rig) -> None:
    with refused(rig, ""):
        rig.vault.send("settle", rig.staker, 0, 0, 0, -STAKE - 1, sender=rig.arena)


def test_a_loss_is_paid_to_the_treasury_in_the_same_call(rig: Rig) -> None:
    rig.lock(10)
    receipt = rig.vault.send("settle", rig.staker, 0, 0, 10, -10, sender=rig.arena)
    moved = decode_events(receipt.logs, [rig.token])
    assert [dict(event.args) for event in moved] == [
        {"sender": rig.vault.address, "receiver": rig.treasury.address, "value": 10}
    ]
    assert told(rig, receipt)[-1][0] == "Transfer"
