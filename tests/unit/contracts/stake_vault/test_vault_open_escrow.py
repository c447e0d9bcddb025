"""open_escrow: anybody opens the escrow of an announced version, once, under its terms."""

from __future__ import annotations

from dataclasses import replace

import pytest

from checks import refused, send, told
from harness import SALT, TOKENS, World, binary
from headwater.cascade import Leaf
from headwater.chain import Reverted

GWEI = 10**9


def _leaves(world: World) -> list[Leaf]:
    return [Leaf(world.providers[0].address, 0, 1)]


def test_an_opened_escrow_has_the_versions_terms_and_nothing_else(world: World) -> None:
    who = world.forecasters[0]
    made = who.announce_list(_leaves(world), 1_234, 5 * GWEI)
    assert world.system.escrow(who.address, made.version).keep_bps == 0
    receipt = world.stranger.open_escrow(who.address, made.version, made.terms)
    said = {
        "forecaster": who.address,
        "version": made.version,
        "domain": 0,
        "keep_bps": 1_234,
        "buffer": 5 * GWEI,
    }
    assert told(world, receipt) == [("EscrowOpened", said)]
    state = world.system.escrow(who.address, made.version)
    assert (state.keep_bps, state.buffer, state.active) == (1_234, 5 * GWEI, receipt.timestamp)
    assert state.held == state.debt == state.due == state.lock == 0


def test_each_domain_has_an_escrow_of_its_own(world: World) -> None:
    who = world.forecasters[0]
    made = world.announce(who, _leaves(world))
    for domain in (1, 2**32 - 1):
        assert world.system.escrow(who.address, made.version, domain).keep_bps == 0
        world.stranger.open_escrow(who.address, made.version, made.terms, domain)
        assert world.system.escrow(who.address, made.version, domain).keep_bps == 1_000


def test_an_escrow_is_opened_once(world: World) -> None:
    who = world.forecasters[0]
    made = world.announce(who, _leaves(world))
    with refused(world, "vault: escrow is open"):
        world.stranger.open_escrow(who.address, made.version, made.terms)


def test_only_the_announced_terms_open_it(world: World) -> None:
    who, other = world.forecasters[:2]
    made = who.announce_list(_leaves(world), 1_000, GWEI)
    changes = ({"root": bytes(32)}, {"total": 2}, {"depth": 0}, {"keep_bps": 100}, {"buffer": 0})
    for change in changes:
        with refused(world, "vault: not the announced terms"):
            world.stranger.open_escrow(who.address, made.version, replace(made.terms, **change))
    for account, version in ((other.address, made.version), (who.address, made.version + 1), (who.address, 0)):
        with refused(world, "vault: not the announced terms"):
            world.stranger.open_escrow(account, version, made.terms)


def test_a_number_that_no_version_or_domain_can_have_opens_nothing(world: World) -> None:
    who, vault = world.forecasters[0], world.system.vault
    made = who.announce_list(_leaves(world), 1_000)
    terms = made.terms.as_tuple()
    for version in (2**40, made.version | (1 << 40), 2**256 - 1):
        with refused(world, "vault: no such version"):
            send(world.stranger, vault, "open_escrow", who.address, version, 0, terms)
        with pytest.raises(Reverted, match="vault: no such version"):
            vault.call("escrow", who.address, version, 0)
    for domain in (2**32, 2**216, 2**256 - 1):
        with refused(world, "vault: no such domain"):
            send(world.stranger, vault, "open_escrow", who.address, made.version, domain, terms)
        with pytest.raises(Reverted, match="vault: no such domain"):
            vault.call("escrow", who.address, made.version, domain)


def test_a_forecaster_with_a_version_commits_only_once_its_escrow_is_open(world: World) -> None:
    who = world.forecasters[0]
    made = who.announce_list(_leaves(world), 1_000)
    question = world.open(world.series())
    with refused(world, "vault: escrow not opened"):
        who.commit(question, binary(0.6), TOKENS, SALT)
    world.stranger.open_escrow(who.address, made.version, made.terms)
    who.commit(question, binary(0.6), TOKENS, SALT)
