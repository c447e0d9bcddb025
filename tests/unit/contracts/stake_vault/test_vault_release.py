"""release: hands what is due to the Cascade, whoever calls, as often as they like."""

from __future__ import annotations

from checks import told
from harness import TOKENS, ZERO, World, audit, binary
from headwater.cascade import Leaf


def _with_due(world: World) -> tuple[int, int]:
    """(version, wei due) of the first forecaster after a gain."""
    made = world.announce(world.forecasters[0], [Leaf(world.providers[0].address, 0, 1)], keep_bps=1_000)
    net = world.play(world.open(world.series()), {0: (binary(0.9), 1_000 * TOKENS)}, outcome=0)[0]
    return made.version, net - net * 1_000 // 10_000


def test_what_is_due_goes_to_the_cascade_whole(world: World) -> None:
    who, system = world.forecasters[0].address, world.system
    version, due = _with_due(world)
    assert system.escrow(who, version).due == due > 0
    before = system.balance(system.addresses.cascade)
    receipt = world.stranger.release(who, version)
    assert told(world, receipt) == [
        ("Transfer", {"sender": system.addresses.vault, "receiver": system.addresses.cascade, "value": due}),
        ("ReleaseReceived", {"node": who, "version": version, "amount": due}),
        ("Released", {"forecaster": who, "version": version, "domain": 0, "amount": due}),
    ]
    assert system.balance(system.addresses.cascade) == before + due
    assert system.flows(who, version) == (0, due)
    assert system.escrow(who, version).due == 0
    audit(world)


def test_a_release_of_nothing_says_and_does_nothing(world: World) -> None:
    who = world.forecasters[0].address
    version, _ = _with_due(world)
    world.stranger.release(who, version)
    for account, number, domain in ((who, version, 0), (who, 0, 0), (who, version, 5), (ZERO, 2**40 - 1, 2**32 - 1)):
        assert world.system.vault.call("release", account, number, domain) == 0
        assert world.stranger.release(account, number, domain).logs == ()
    audit(world)


def test_the_bytes_of_an_escrows_other_numbers_are_not_disturbed(world: World) -> None:
    who = world.forecasters[0].address
    version, _ = _with_due(world)
    before = world.system.escrow(who, version)
    world.stranger.release(who, version)
    after = world.system.escrow(who, version)
    assert (after.keep_bps, after.active, after.held, after.debt, after.lock, after.buffer) == (
        before.keep_bps,
        before.active,
        before.held,
        before.debt,
        before.lock,
        before.buffer,
    )
