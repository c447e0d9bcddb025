"""A forecaster sponsors a series and loses to itself on purpose: to rob its providers, or to feign a debt."""

from __future__ import annotations

from harness import TOKENS, World, binary
from headwater.cascade import Leaf


def _wash(world: World, *, buffer: int) -> tuple[int, int]:
    """Win 1 question of the governed series and lose 1 of the forecaster's own series; (version, own series)."""
    cheat, provider = world.forecasters[0], world.providers[0]
    governed = world.series()
    own = cheat.create_series(
        world.system.params(governed).__class__(
            outcomes=2,
            share_bps=10_000,
            min_wager=TOKENS,
            epoch_cap=10**26,
            forgetting=10**18,
            smoothing=10**12,
            warm_up=0,
            opener=cheat.address,
            oracle=cheat.address,
            governed=False,
        )
    )
    cheat.fund(own, 50_000 * TOKENS)
    made = world.announce(cheat, [Leaf(provider.address, 0, 1)], keep_bps=1_000, buffer=buffer)
    world.stranger.open_escrow(cheat.address, made.version, made.terms, own)

    staged = cheat.open_question(own, world.times(window=7_200))
    honest = world.open(governed)
    world.travel(world.system.question(staged).times.commit_start)
    cheat.commit(staged, binary(0.99), 3_000 * TOKENS, bytes(32))
    world.play(honest, {0: (binary(0.9), 1_000 * TOKENS)}, outcome=0)
    world.travel(world.system.question(staged).times.commit_end)
    cheat.reveal(staged, cheat.address, binary(0.99), bytes(32))
    world.travel(world.system.question(staged).times.resolve_after)
    cheat.resolve(staged, 1)
    cheat.settle(staged, cheat.address)
    return made.version, own


def test_a_staged_loss_takes_nothing_that_an_honest_gain_put_aside(world: World) -> None:
    cheat = world.forecasters[0]
    version, own = _wash(world, buffer=10_000 * TOKENS)
    honest, staged = (world.system.escrow(cheat.address, version, domain) for domain in (0, own))
    assert honest.held > 0
    assert honest.debt == 0
    assert staged.held == 0
    assert staged.debt > 1_000 * TOKENS  # a mixed escrow would have drawn this on the honest one


def test_a_staged_debt_is_not_repaid_by_honest_gains(world: World) -> None:
    cheat = world.forecasters[0]
    version, own = _wash(world, buffer=0)
    assert world.system.escrow(cheat.address, version, own).debt > 0
    before = world.system.escrow(cheat.address, version, 0).due
    net = world.play(world.open(1), {0: (binary(0.9), 1_000 * TOKENS)}, outcome=0)[0]
    assert world.system.escrow(cheat.address, version, 0).due == before + net - net * 1_000 // 10_000
