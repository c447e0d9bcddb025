"""set_weights: the governor's, bounded, and never backdated."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from checks import refused, told
from harness import CONFIG, World, series_params
from headwater_deploy import DAY


@pytest.fixture
def governed(world: World) -> list[int]:
    """Three governed series without a weight yet."""
    return [world.governor.create_series(series_params(world.governor.address)) for _ in range(3)]


def test_weights_replace_those_before(world: World, governed: list[int]) -> None:
    treasury = world.system.treasury
    assert treasury.call("weights") == ((), ())
    world.governor.set_weights(governed, [1, 10_000, 5])
    assert treasury.call("weights") == (tuple(governed), (1, 10_000, 5))
    receipt = world.governor.set_weights(governed[:1], [7])
    assert treasury.call("weights") == (tuple(governed[:1]), (7,))
    assert told(world, receipt)[-1] == ("WeightsSet", {"series": tuple(governed[:1]), "weights": (7,)})
    world.governor.set_weights([], [])
    assert treasury.call("weights") == ((), ())


def test_what_is_due_is_shared_under_the_weights_before(world: World, governed: list[int]) -> None:
    first, second, _ = governed
    world.governor.set_weights([first], [1])
    start = world.system.series_account(first)[0]
    world.travel(world.backend.now() + DAY)
    rolled = told(world, world.governor.set_weights([second], [1]))
    shared = next(args for name, args in rolled if name == "Rolled")["distributed"]
    assert shared > 0
    assert world.system.series_account(first)[0] == start + shared
    assert world.system.series_account(second)[0] == 0


def test_weights_wait_until_one_call_can_share_all_that_is_due_under_those_before(
    world: World, governed: list[int]
) -> None:
    first, second, _ = governed
    world.governor.set_weights([first], [1])
    world.travel(world.backend.now() + 100 * DAY)
    with refused(world, "treasury: more than 64 epochs are due, roll first"):
        world.governor.set_weights([second], [1])
    world.stranger.roll()
    world.governor.set_weights([second], [1])
    assert world.system.series_account(second)[0] == 0


def test_thirty_two_series_share_and_the_emission_is_shared_within_a_block(world: World) -> None:
    series = [world.governor.create_series(series_params(world.governor.address)) for _ in range(32)]
    world.governor.set_weights(series, [10_000] * 32)
    world.travel(world.backend.now() + DAY)
    receipt = world.stranger.roll()
    minted = receipt.event("Rolled")["minted"]
    assert minted == CONFIG.emission * CONFIG.decay // 10**18  # epoch 0 waited for weights
    pool = CONFIG.emission + minted
    assert [world.system.series_account(s)[0] for s in series] == [
        (CONFIG.emission // 32) + (minted + CONFIG.emission % 32) // 32 for _ in series
    ]
    assert pool - 32 * (pool // 32) < 32
    assert receipt.gas_used < 1_500_000


@pytest.mark.parametrize(
    ("series", "weights", "reason"),
    [
        (lambda ids: ids[:2], [1], "treasury: series and weights differ in length"),
        (lambda ids: ids[:1], [], "treasury: series and weights differ in length"),
        (lambda ids: ids[:2], [1, 0], "treasury: weight not in 1..10000"),
        (lambda ids: ids[:2], [10_001, 1], "treasury: weight not in 1..10000"),
        (lambda ids: ids[:1], [2**256 - 1], "treasury: weight not in 1..10000"),
        (lambda ids: [ids[0], ids[0]], [1, 1], "treasury: series not strictly ascending"),
        (lambda ids: [ids[1], ids[0]], [1, 1], "treasury: series not strictly ascending"),
        (lambda ids: [ids[0], ids[-1] + 1], [1, 1], "treasury: no such series"),
        (lambda ids: [0], [1], "treasury: no such series"),
        (lambda ids: list(range(33)), [1] * 33, ""),
    ],
)
def test_weights_outside_their_bounds_are_refused(
    world: World, governed: list[int], series: Callable[[list[int]], list[int]], weights: list[int], reason: str
) -> None:
    world.governor.set_weights(governed, [3, 2, 1])
    world.travel(world.backend.now() + DAY)  # so that a roll would change something
    with refused(world, reason):
        world.governor.set_weights(series(governed), weights)


def test_a_sponsored_series_gets_nothing_of_what_is_minted(world: World, governed: list[int]) -> None:
    sponsored = world.governor.create_series(series_params(world.governor.address, governed=False))
    with refused(world, "treasury: series has a sponsor"):
        world.governor.set_weights([governed[0], sponsored], [1, 1])


def test_only_the_governor_sets_weights(world: World, governed: list[int]) -> None:
    for who in (world.stranger, world.forecasters[0]):
        with refused(world, "treasury: caller is not the governor"):
            who.set_weights(governed, [1, 1, 1])
