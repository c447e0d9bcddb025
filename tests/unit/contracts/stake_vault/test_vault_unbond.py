"""request_unbond and withdraw: free stake leaves after the cooldown, to the second."""

from __future__ import annotations

from checks import refused, send, told
from harness import CONFIG, TOKENS, World, audit, binary

STAKE = 10_000 * TOKENS
COOLDOWN = CONFIG.cooldown


def test_a_request_moves_stake_out_of_bond_at_once(world: World) -> None:
    who = world.forecasters[0]
    receipt = who.request_unbond(4 * TOKENS)
    ready = receipt.timestamp + COOLDOWN
    assert told(world, receipt) == [("UnbondRequested", {"account": who.address, "amount": 4 * TOKENS, "ready": ready})]
    stake = world.system.stake(who.address)
    assert (stake.bonded, stake.unbonding, stake.ready) == (STAKE - 4 * TOKENS, 4 * TOKENS, ready)
    assert world.system.vault.call("checkpoint", who.address, 1) == (receipt.block_number, STAKE - 4 * TOKENS)
    audit(world)


def test_it_is_paid_when_the_cooldown_is_over_and_not_a_second_before(world: World) -> None:
    who = world.forecasters[0]
    before = world.system.balance(who.address)
    ready = who.request_unbond(STAKE).timestamp + COOLDOWN
    world.travel(ready - 1)
    with refused(world, "vault: cooldown not over"):
        who.withdraw_stake()
    receipt = who.withdraw_stake()
    assert receipt.timestamp == ready
    assert told(world, receipt)[-1] == ("Withdrawn", {"account": who.address, "amount": STAKE})
    assert world.system.balance(who.address) == before + STAKE
    with refused(world, "vault: nothing is unbonding"):
        who.withdraw_stake()
    audit(world)


def test_a_further_request_restarts_the_cooldown_for_all_of_it(world: World) -> None:
    who = world.forecasters[0]
    first = who.request_unbond(TOKENS).timestamp + COOLDOWN
    world.travel(first - 10)
    second = who.request_unbond(2 * TOKENS).timestamp + COOLDOWN
    world.travel(first)
    with refused(world, "vault: cooldown not over"):
        who.withdraw_stake()
    world.travel(second)
    before = world.system.balance(who.address)
    who.withdraw_stake()
    assert world.system.balance(who.address) == before + 3 * TOKENS


def test_nobody_withdraws_without_having_asked(world: World) -> None:
    for who in (world.forecasters[0], world.stranger):
        with refused(world, "vault: nothing is unbonding"):
            who.withdraw_stake()


def test_only_free_stake_unbonds(world: World) -> None:
    who = world.forecasters[0]
    question = world.open(world.series())
    who.commit(question, binary(0.5), 1_000 * TOKENS, bytes(32))
    stake = world.system.stake(who.address)
    free = stake.bonded - stake.locked
    assert stake.locked > 1_000 * TOKENS
    for amount in (free + 1, STAKE, 2**96, 2**256 - 1):
        with refused(world, "vault: more than the free stake"):
            who.request_unbond(amount)
    with refused(world, "vault: nothing to unbond"):
        who.request_unbond(0)
    who.request_unbond(free)
    with refused(world, "vault: more than the free stake"):
        who.request_unbond(1)
    assert world.system.stake(who.address).bonded == stake.locked


def test_a_stranger_has_nothing_to_unbond(world: World) -> None:
    with refused(world, "vault: more than the free stake"):
        world.stranger.request_unbond(1)


def test_all_of_a_stake_comes_back_after_a_loss_was_settled(world: World) -> None:
    who = world.forecasters[0]
    question = world.open(world.series())
    net = world.play(question, {0: (binary(0.2), 1_000 * TOKENS)}, outcome=0)[0]
    assert net < 0
    who.request_unbond(STAKE + net)
    world.travel(world.backend.now() + COOLDOWN)
    before = world.system.balance(who.address)
    send(who, world.system.vault, "withdraw")
    assert world.system.balance(who.address) == before + STAKE + net
    audit(world)
