"""slash: free stake first, then unbonding stake, never what a position has locked."""

from __future__ import annotations

import pytest

from checks import refused, send, told
from harness import TOKENS, World, audit, binary
from headwater.cascade import Leaf
from headwater.chain import Receipt

STAKE = 10_000 * TOKENS
REASON = b"\x05" * 32
EVERYTHING = 2**256 - 1


def _slash(world: World, account: str, amount: int) -> Receipt:
    return send(world.governor, world.system.vault, "slash", account, amount, REASON)


@pytest.mark.parametrize(
    ("amount", "from_bonded", "from_unbonding"),
    [
        (1, 1, 0),
        (STAKE - 100, STAKE - 100, 0),
        (STAKE - 99, STAKE - 100, 1),
        (STAKE, STAKE - 100, 100),
        (EVERYTHING, STAKE - 100, 100),
    ],
)
def test_free_stake_is_taken_first_and_unbonding_stake_next(
    world: World, amount: int, from_bonded: int, from_unbonding: int
) -> None:
    who, vault = world.forecasters[0], world.system.vault
    ready = who.request_unbond(100).event("UnbondRequested")["ready"]
    treasury = world.system.balance(world.system.addresses.treasury)
    receipt = _slash(world, who.address, amount)
    said = {
        "account": who.address,
        "from_bonded": from_bonded,
        "from_unbonding": from_unbonding,
        "reason": REASON,
    }
    assert told(world, receipt)[-1] == ("Slashed", said)
    assert vault.call("account", who.address)[:2] == (STAKE - 100 - from_bonded, 0)
    assert vault.call("unbonding", who.address) == (100 - from_unbonding, ready)
    assert world.system.balance(world.system.addresses.treasury) == treasury + from_bonded + from_unbonding
    send(world.stranger, world.system.treasury, "sync")
    audit(world)


def test_a_slash_never_reaches_what_a_position_has_locked(world: World) -> None:
    who = world.forecasters[0]
    question = world.open(world.series())
    who.commit(question, binary(0.2), 1_000 * TOKENS, bytes(32))
    locked = world.system.stake(who.address).locked
    receipt = _slash(world, who.address, EVERYTHING)
    assert receipt.event("Slashed")["from_bonded"] == STAKE - locked
    stake = world.system.stake(who.address)
    assert (stake.bonded, stake.locked) == (locked, locked)
    with refused(world, "vault: nothing to slash"):
        _slash(world, who.address, EVERYTHING)
    # The position is settled all the same, at its worst.
    times = world.system.question(question).times
    world.travel(times.resolve_after)
    world.governor.resolve(question, 0)
    net = world.settle(question, 0)
    assert net < 0
    assert world.system.stake(who.address).bonded == locked + net
    send(world.stranger, world.system.treasury, "sync")
    audit(world)


def test_a_slash_writes_a_checkpoint(world: World) -> None:
    who = world.forecasters[0]
    receipt = _slash(world, who.address, 5)
    assert world.system.vault.call("checkpoint", who.address, 1) == (receipt.block_number, STAKE - 5)


def test_a_slash_of_nothing_is_refused(world: World) -> None:
    for account, amount in ((world.forecasters[0].address, 0), (world.stranger.address, 1)):
        with refused(world, "vault: nothing to slash"):
            _slash(world, account, amount)


def test_only_the_slasher_slashes(world: World) -> None:
    for who in (world.stranger, world.forecasters[0]):
        with refused(world, "vault: caller is not the slasher"):
            send(who, world.system.vault, "slash", world.forecasters[1].address, 1, REASON)


def test_a_slash_leaves_escrows_alone(world: World) -> None:
    who = world.forecasters[0]
    made = world.announce(who, [Leaf(world.providers[0].address, 0, 1)], buffer=10**6 * TOKENS)
    world.play(world.open(world.series()), {0: (binary(0.9), 1_000 * TOKENS)}, outcome=0)
    held = world.system.escrow(who.address, made.version).held
    assert held > 0
    _slash(world, who.address, EVERYTHING)
    assert world.system.escrow(who.address, made.version).held == held
    assert world.system.stake(who.address).bonded == 0
