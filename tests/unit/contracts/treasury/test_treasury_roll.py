"""roll: mints once per epoch, by the schedule, under the cap; shares by weight; catches up in bounded work."""

from __future__ import annotations

import pytest

from checks import send, told
from harness import CONFIG, TOKENS, LocalBackend, World
from headwater.chain import Contract, create_address, deploy, load
from headwater.twin import MAX_CATCH_UP, Schedule
from headwater_deploy import DAY


def _schedule(world: World) -> Schedule:
    treasury = world.system.treasury
    return Schedule(
        start=treasury.call("START"),
        epoch=treasury.call("EPOCH"),
        rate=treasury.call("rate"),
        decay=treasury.call("DECAY"),
        next_epoch=treasury.call("next_epoch"),
    )


def _epoch_begins(world: World, epoch: int) -> int:
    return int(world.system.treasury.call("START")) + epoch * CONFIG.epoch


def test_the_first_epoch_begins_with_the_treasury(world: World) -> None:
    treasury = world.system.treasury
    assert treasury.call("epoch_now") == 0
    receipt = world.stranger.roll()
    minted = CONFIG.emission
    assert told(world, receipt)[-1] == (
        "Rolled",
        {"epoch": 0, "minted": minted, "distributed": 0, "unallocated": minted},
    )
    assert treasury.call("unallocated") == treasury.call("owed") == world.system.balance(treasury.address) == minted
    assert world.system.supply() == CONFIG.genesis_supply + minted


def test_a_second_roll_in_an_epoch_mints_nothing(world: World) -> None:
    first = world.stranger.roll().event("Rolled")["minted"]
    supply, rate = world.system.supply(), world.system.treasury.call("rate")
    world.travel(_epoch_begins(world, 1) - 1)
    assert world.stranger.roll().event("Rolled")["minted"] == 0
    assert (world.system.supply(), world.system.treasury.call("rate")) == (supply, rate)
    receipt = world.stranger.roll()  # a second later
    assert receipt.timestamp == _epoch_begins(world, 1)
    assert receipt.event("Rolled")["minted"] == first * CONFIG.decay // 10**18


def test_what_is_minted_is_shared_by_weight_and_the_dust_waits(world: World) -> None:
    treasury = world.system.treasury
    series = [world.series() for _ in range(3)]
    world.governor.set_weights(series, [1, 2, 4])
    world.stranger.roll()
    before = [world.system.series_account(s)[0] for s in series]
    waiting = treasury.call("unallocated")
    world.travel(_epoch_begins(world, treasury.call("next_epoch")))
    receipt = world.stranger.roll()
    rolled = receipt.event("Rolled").args
    pool = waiting + rolled["minted"]
    shares = [pool * weight // 7 for weight in (1, 2, 4)]
    assert [world.system.series_account(s)[0] - b for s, b in zip(series, before, strict=True)] == shares
    assert treasury.call("unallocated") == rolled["unallocated"] == pool - sum(shares)
    assert rolled["distributed"] == sum(shares)
    allocated = [args for name, args in told(world, receipt) if name == "Allocated"]
    assert allocated == [{"series": s, "amount": a} for s, a in zip(series, shares, strict=True)]
    assert treasury.call("owed") == world.system.balance(treasury.address)


def test_two_hundred_skipped_epochs_are_caught_up_in_four_calls(world: World) -> None:
    series = world.series()
    treasury, schedule = world.system.treasury, _schedule(world)
    skipped = 200
    moment = _epoch_begins(world, schedule.next_epoch + skipped - 1)
    world.travel(moment)
    gas = []
    for call in range(4):
        schedule, expected = schedule.roll(world.backend.now(), CONFIG.cap - world.system.supply())
        before = world.system.series_account(series)[0]
        receipt = world.stranger.roll()
        gas.append(receipt.gas_used)
        assert receipt.event("Rolled")["minted"] == expected > 0
        assert treasury.call("next_epoch") == schedule.next_epoch
        assert treasury.call("rate") == schedule.rate
        assert world.system.series_account(series)[0] == before + expected
        caught_up = min(MAX_CATCH_UP * (call + 1), skipped)
        assert schedule.next_epoch == treasury.call("epoch_now") + 1 - skipped + caught_up
    assert world.stranger.roll().event("Rolled")["minted"] == 0
    assert max(gas) < 150_000


def test_catching_up_mints_what_rolling_in_time_mints(world: World) -> None:
    first = world.system.treasury.call("next_epoch")
    snapshot = world.control.snapshot()
    for epoch in range(first, first + 5):
        world.travel(_epoch_begins(world, epoch))
        world.stranger.roll()
    in_time = world.system.supply(), world.system.treasury.call("rate")
    world.control.revert(snapshot)
    world.travel(_epoch_begins(world, first + 4))
    world.stranger.roll()
    assert (world.system.supply(), world.system.treasury.call("rate")) == in_time


@pytest.fixture
def near_the_cap(chain: LocalBackend) -> tuple[Contract, Contract]:
    """A token and a treasury that may mint less than its schedule says: cap 25, 10 an epoch, without decay."""
    owner = chain.dev_accounts(1)[0]
    nonce = chain.nonce(owner.address)
    places = [create_address(owner.address, nonce + i) for i in range(2)]
    token, _ = deploy(chain, load("HeadwaterToken"), places[1], 25, owner, 0, sender=owner)
    treasury, _ = deploy(chain, load("Treasury"), places[0], owner, owner, owner, DAY, 10, 10**18, sender=owner)
    return token, treasury


def test_the_cap_ends_the_emission(chain: LocalBackend, near_the_cap: tuple[Contract, Contract]) -> None:
    token, treasury = near_the_cap
    owner = chain.dev_accounts(1)[0]
    minted = []
    for _ in range(4):
        minted.append(treasury.send("roll", sender=owner).event("Rolled")["minted"])
        chain.time_travel(chain.now() + DAY)
    assert minted == [10, 10, 5, 0]
    assert token.call("totalSupply") == treasury.call("owed") == treasury.call("unallocated") == 25


def test_without_governed_series_what_was_minted_waits_for_the_first(world: World) -> None:
    world.stranger.roll()
    waiting = world.system.treasury.call("unallocated")
    assert waiting == CONFIG.emission
    series = world.series()
    minted = world.system.supply() - CONFIG.genesis_supply
    assert world.system.series_account(series)[0] == minted > waiting


def test_a_donation_is_shared_by_the_next_roll(world: World) -> None:
    series = world.series()
    before = world.system.series_account(series)[0]
    world.stranger.transfer(world.system.addresses.treasury, 3 * TOKENS)
    send(world.stranger, world.system.treasury, "sync")
    assert world.stranger.roll().event("Rolled").args["minted"] == 0
    assert world.system.series_account(series)[0] == before + 3 * TOKENS
