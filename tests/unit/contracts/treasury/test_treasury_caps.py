"""set_epoch_cap: what a series may set aside per epoch, by whoever the series belongs to."""

from __future__ import annotations

import pytest

from checks import refused, send, told
from harness import TOKENS, ZERO, World, series_params
from headwater.chain.participant import Participant
from headwater_deploy import DAY

GIFT = 1_000 * TOKENS
NOT_YOURS = "treasury: caller may not set this cap"


def _set_cap(world: World, who: Participant, series: int, cap: int) -> object:
    return send(who, world.system.treasury, "set_epoch_cap", series, cap)


def _feed_series(world: World, **changes: object) -> int:
    """A series of the stranger's with odds from a feed, so that many questions can be open at once."""
    who = world.stranger
    made = who.create_series(
        series_params(who.address, governed=False, feed=who.address, forgetting=0, smoothing=0, **changes)
    )
    who.fund(made, GIFT)
    return made


def _open(world: World, series: int) -> int:
    return world.system.question(world.stranger.open_question(series, world.times())).reserve


def test_each_owner_sets_its_own_caps(world: World) -> None:
    governed, own = world.series(), _feed_series(world)
    receipt = send(world.governor, world.system.treasury, "set_epoch_cap", governed, 5)
    assert told(world, receipt) == [("EpochCapSet", {"series": governed, "epoch_cap": 5})]
    assert world.system.treasury.call("epoch_cap", governed) == (5, 5)
    _set_cap(world, world.stranger, own, 2**96 - 1)
    assert world.system.treasury.call("epoch_cap", own) == (2**96 - 1, 2**96 - 1)
    with refused(world, NOT_YOURS):
        _set_cap(world, world.governor, own, 1)
    with refused(world, NOT_YOURS):
        _set_cap(world, world.stranger, governed, 1)


@pytest.mark.parametrize("cap", [0, 2**96, 2**256 - 1])
def test_a_cap_outside_its_bounds_is_refused(world: World, cap: int) -> None:
    series = world.series()
    with refused(world, "treasury: epoch cap not in 1..2**96-1"):
        _set_cap(world, world.governor, series, cap)
    with refused(world, "treasury: epoch cap not in 1..2**96-1"):
        world.stranger.create_series(series_params(world.stranger.address, governed=False, epoch_cap=cap))


def test_a_series_that_does_not_exist_has_no_cap(world: World) -> None:
    for series in (0, 1, 2**255):
        with refused(world, "treasury: no such series"):
            _set_cap(world, world.governor, series, 1)
        with refused(world, NOT_YOURS):
            _set_cap(world, world.stranger, series, 1)
    send(world.governor, world.system.treasury, "set_governor", ZERO)
    with refused(world, NOT_YOURS):
        _set_cap(world, world.governor, 1, 1)


def test_questions_share_the_epochs_cap_until_it_is_used_up(world: World) -> None:
    series = _feed_series(world, share_bps=1_000, epoch_cap=150 * TOKENS)
    assert _open(world, series) == 100 * TOKENS
    assert world.system.treasury.call("epoch_cap", series) == (150 * TOKENS, 50 * TOKENS)
    assert _open(world, series) == 50 * TOKENS  # a tenth of 900 would be more
    assert world.system.treasury.call("epoch_cap", series) == (150 * TOKENS, 0)
    assert _open(world, series) == 0


def test_the_next_epoch_has_its_cap_afresh_from_its_first_second(world: World) -> None:
    series = _feed_series(world, share_bps=10_000, epoch_cap=30 * TOKENS)
    assert _open(world, series) == 30 * TOKENS
    treasury = world.system.treasury
    begins = treasury.call("START") + (treasury.call("epoch_now") + 1) * DAY
    world.travel(begins - 1)
    assert treasury.call("epoch_cap", series) == (30 * TOKENS, 0)
    assert _open(world, series) == 0
    assert world.backend.now() == begins
    assert treasury.call("epoch_cap", series) == (30 * TOKENS, 30 * TOKENS)
    assert _open(world, series) == 30 * TOKENS


def test_a_cap_lowered_below_what_is_used_leaves_nothing_and_takes_nothing_back(world: World) -> None:
    series = _feed_series(world, share_bps=1_000, epoch_cap=150 * TOKENS)
    _open(world, series)
    _set_cap(world, world.stranger, series, 40 * TOKENS)
    assert world.system.treasury.call("epoch_cap", series) == (40 * TOKENS, 0)
    assert _open(world, series) == 0
    assert world.system.series_account(series)[1] == 100 * TOKENS
    _set_cap(world, world.stranger, series, 130 * TOKENS)
    assert world.system.treasury.call("epoch_cap", series) == (130 * TOKENS, 30 * TOKENS)
    assert _open(world, series) == 30 * TOKENS


def test_what_was_freed_counts_against_the_cap_all_the_same(world: World) -> None:
    series = _feed_series(world, share_bps=10_000, epoch_cap=30 * TOKENS)
    question = world.stranger.open_question(series, world.times())
    world.stranger.void(question)
    assert world.system.series_account(series) == (GIFT, 0)
    assert _open(world, series) == 0
