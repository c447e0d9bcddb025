"""An escrow answers to one (version, domain) only: no other pair may release, close or open it."""

from __future__ import annotations

import pytest

from harness import SALT, TOKENS, World, binary, series_params
from headwater.cascade import Leaf
from headwater.chain import Reverted


def _escrow_with_money(world: World, buffer: int) -> tuple[int, int]:
    """A sponsored series' escrow that holds or has due what its forecaster won; (version, domain)."""
    forecaster, provider = world.forecasters[0], world.providers[0]
    series = forecaster.create_series(series_params(forecaster.address, governed=False))
    forecaster.fund(series, 100_000 * TOKENS)
    made = world.announce(forecaster, [Leaf(provider.address, 0, 1)], buffer=buffer, domain=series)
    question = forecaster.open_question(series, world.times())
    times = world.system.question(question).times
    world.travel(times.commit_start)
    forecaster.commit(question, binary(0.9), 1_000 * TOKENS, SALT)
    world.travel(times.commit_end)
    forecaster.reveal(question, forecaster.address, binary(0.9), SALT)
    world.travel(times.resolve_after)
    forecaster.resolve(question, 0)
    forecaster.settle(question, forecaster.address)
    return made.version, series


def test_nobody_can_release_an_escrow_to_a_version_that_pays_nobody(world: World) -> None:
    forecaster = world.forecasters[0].address
    version, domain = _escrow_with_money(world, buffer=0)
    due = world.system.escrow(forecaster, version, domain).due
    assert due > 0
    with pytest.raises(Reverted, match="vault: no such version"):
        world.stranger.release(forecaster, version | (domain << 40), 0)
    assert world.system.escrow(forecaster, version, domain).due == due
    world.stranger.release(forecaster, version, domain)
    assert world.system.flows(forecaster, version) == (0, due)


def test_nobody_can_close_an_escrow_to_a_version_that_pays_nobody(world: World) -> None:
    forecaster = world.forecasters[0].address
    version, domain = _escrow_with_money(world, buffer=10_000 * TOKENS)
    held = world.system.escrow(forecaster, version, domain).held
    assert held > 0
    world.travel(world.backend.now() + int(world.system.vault.call("IDLE_PERIOD")))
    with pytest.raises(Reverted, match="vault: no such version"):
        world.stranger.close(forecaster, version | (domain << 40), 0)
    world.stranger.close(forecaster, version, domain)
    assert world.system.flows(forecaster, version) == (0, held)


@pytest.mark.parametrize("verb", ["release", "close"])
def test_a_domain_that_wraps_to_another_names_nothing(world: World, verb: str) -> None:
    forecaster = world.forecasters[0].address
    version, domain = _escrow_with_money(world, buffer=0)
    for alias in (domain + 2**216, domain + 2**32):
        with pytest.raises(Reverted, match="vault: no such domain"):
            getattr(world.stranger, verb)(forecaster, version, alias)
