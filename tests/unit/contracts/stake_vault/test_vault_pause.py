"""A pause stops commits and deposits. Every way out, and everything else, goes on."""

from __future__ import annotations

from checks import refused, send
from harness import SALT, TOKENS, World, audit, binary, series_params
from headwater.cascade import Leaf
from headwater_deploy import DAY

P = binary(0.9)


def _pause(world: World) -> None:
    send(world.governor, world.system.vault, "set_paused", True)


def test_a_pause_stops_deposits_and_commits_and_recommits(world: World) -> None:
    who, other = world.forecasters[:2]
    question = world.open(world.series())
    who.commit(question, P, 10 * TOKENS, SALT)
    _pause(world)
    with refused(world, "vault: paused"):
        who.stake(1)
    with refused(world, "vault: paused"):
        other.commit(question, P, 10 * TOKENS, SALT)
    for wager in (10 * TOKENS, 20 * TOKENS):
        with refused(world, "vault: paused"):
            who.commit(question, binary(0.8), wager, SALT)
    send(world.governor, world.system.vault, "set_paused", False)
    who.stake(1)
    other.commit(question, P, 10 * TOKENS, SALT)
    who.commit(question, binary(0.8), 20 * TOKENS, SALT)


def test_a_pause_stops_no_exit(world: World) -> None:
    who, provider, stranger = world.forecasters[0], world.providers[0], world.stranger
    made = world.announce(who, [Leaf(provider.address, 0, 1)], buffer=10 * TOKENS)
    series = world.series()
    question = world.open(series)
    who.commit(question, P, 1_000 * TOKENS, SALT)
    world.forecasters[1].commit(question, binary(0.2), 100 * TOKENS, SALT)
    world.forecasters[2].request_unbond(TOKENS)
    _pause(world)

    times = world.system.question(question).times
    world.travel(times.commit_end)
    stranger.reveal(question, who.address, P, SALT)
    world.travel(times.resolve_after)
    world.governor.resolve(question, 0)
    assert int(stranger.settle(question, who.address).event("Settled")["net"]) > 0
    stranger.settle_many(question, [world.forecasters[1].address])
    assert stranger.release(who.address, made.version).logs
    assert stranger.pull_list(who.address, made.version, made.terms, made.leaves or ()).logs
    assert stranger.withdraw(provider.address).logs

    held = world.system.escrow(who.address, made.version).held
    assert held == 10 * TOKENS
    world.travel(world.backend.now() + world.system.vault.call("IDLE_PERIOD"))
    stranger.close(who.address, made.version)
    assert world.system.escrow(who.address, made.version).held == 0

    world.forecasters[2].withdraw_stake()
    for person in world.forecasters:
        person.request_unbond(world.system.stake(person.address).bonded)
    world.travel(world.backend.now() + DAY)
    for person in world.forecasters:
        person.withdraw_stake()
        assert world.system.stake(person.address).bonded == 0
    audit(world)


def test_a_pause_stops_nothing_else(world: World) -> None:
    stranger, who = world.stranger, world.forecasters[0]
    _pause(world)
    series = world.series()
    made = who.announce_list([Leaf(world.providers[0].address, 0, 1)], 1_000)
    stranger.open_escrow(who.address, made.version, made.terms)
    sponsored = stranger.create_series(series_params(stranger.address, governed=False))
    stranger.fund(sponsored, TOKENS)
    send(stranger, world.system.treasury, "withdraw", sponsored, TOKENS, stranger.address)
    stranger.deposit(who.address, made.version, TOKENS)
    stranger.pull_share(who.address, made.version, made.terms)
    send(world.governor, world.system.vault, "slash", who.address, 1, bytes(32))
    for contract in (world.system.vault, world.system.treasury):
        send(stranger, contract, "sync")
    first, second = world.open(series), stranger.open_question(sponsored, world.times())
    world.governor.void(first)
    third = world.open(series)
    stranger.void(second)
    question = world.system.question(third)
    world.travel(question.times.resolve_after + world.system.arena.call("RESOLVE_TIMEOUT"))
    stranger.expire(third)
    stranger.roll()
    audit(world)
