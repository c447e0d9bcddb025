"""sync: sends tokens that came without a call to the treasury, and never a wei that somebody is owed."""

from __future__ import annotations

from checks import send, told
from harness import TOKENS, World, audit, binary
from headwater.cascade import Leaf


def _sync(world: World) -> int:
    return int(send(world.stranger, world.system.vault, "sync").event("Synced")["surplus"])


def test_a_donation_goes_to_the_treasury_once(world: World) -> None:
    system = world.system
    before = system.balance(system.addresses.treasury)
    world.stranger.transfer(system.addresses.vault, 5 * TOKENS)
    receipt = send(world.stranger, system.vault, "sync")
    assert told(world, receipt) == [
        ("Transfer", {"sender": system.addresses.vault, "receiver": system.addresses.treasury, "value": 5 * TOKENS}),
        ("Synced", {"surplus": 5 * TOKENS}),
    ]
    assert system.balance(system.addresses.treasury) == before + 5 * TOKENS
    assert system.balance(system.addresses.vault) == system.vault.call("owed")
    receipt = send(world.stranger, system.vault, "sync")
    assert told(world, receipt) == [("Synced", {"surplus": 0})]
    assert send(world.stranger, system.treasury, "sync").event("Synced")["surplus"] == 5 * TOKENS
    audit(world)


def test_nothing_that_somebody_is_owed_is_surplus(world: World) -> None:
    who, provider = world.forecasters[0], world.providers[0]
    made = world.announce(who, [Leaf(provider.address, 0, 1)], buffer=3 * TOKENS)
    question = world.open(world.series())
    world.play(question, {0: (binary(0.9), 1_000 * TOKENS), 1: (binary(0.2), 500 * TOKENS)}, 0, settle=False)
    for step in (
        lambda: world.settle(question, 0),
        lambda: world.settle(question, 1),
        lambda: who.request_unbond(TOKENS),
        lambda: world.stranger.release(who.address, made.version),
        lambda: send(world.governor, world.system.vault, "slash", world.forecasters[1].address, TOKENS, bytes(32)),
        lambda: (world.travel(world.backend.now() + world.system.vault.call("COOLDOWN")), who.withdraw_stake()),
    ):
        step()
        assert _sync(world) == 0
    assert world.system.escrow(who.address, made.version).held == 3 * TOKENS
    send(world.stranger, world.system.treasury, "sync")  # the slashed token
    audit(world)
