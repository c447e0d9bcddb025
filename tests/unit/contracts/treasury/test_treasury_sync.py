"""sync: tokens that came without a call are booked once, and nothing else is."""

from __future__ import annotations

from checks import send, told
from harness import TOKENS, World, audit, binary


def _sync(world: World) -> int:
    receipt = send(world.stranger, world.system.treasury, "sync")
    assert [name for name, _ in told(world, receipt)] == ["Synced"]
    return int(receipt.event("Synced")["surplus"])


def test_a_donation_is_booked_once(world: World) -> None:
    world.series()
    treasury = world.system.treasury
    waiting, owed = treasury.call("unallocated"), treasury.call("owed")
    world.stranger.transfer(treasury.address, 5 * TOKENS)
    assert (treasury.call("unallocated"), treasury.call("owed")) == (waiting, owed)
    assert _sync(world) == 5 * TOKENS
    assert (treasury.call("unallocated"), treasury.call("owed")) == (waiting + 5 * TOKENS, owed + 5 * TOKENS)
    assert _sync(world) == 0
    assert treasury.call("unallocated") == waiting + 5 * TOKENS


def test_money_that_is_booked_already_is_never_booked_again(world: World) -> None:
    series = world.series()
    question = world.open(series)
    assert _sync(world) == 0
    world.play(question, {0: (binary(0.9), 100 * TOKENS), 1: (binary(0.2), 50 * TOKENS)}, 0, settle=False)
    assert _sync(world) == 0
    world.settle(question, 0)
    assert _sync(world) == 0
    world.settle(question, 1)
    assert _sync(world) == 0
    emitted, recycled = world.system.totals()
    assert emitted > 0
    assert recycled > 0
    audit(world)


def test_slashed_stake_comes_in_by_sync(world: World) -> None:
    world.series()
    send(world.governor, world.system.vault, "slash", world.forecasters[0].address, 3 * TOKENS, bytes(32))
    assert _sync(world) == 3 * TOKENS
    audit(world)
