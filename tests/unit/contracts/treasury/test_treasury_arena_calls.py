"""register, set_aside, free and settle: the arena's alone, and what each books."""

from __future__ import annotations

import pytest

from checks import refused, send
from harness import TOKENS, ZERO, World
from headwater.chain import Account
from rig import Rig

CALLS = [
    ("register", (7, ZERO, 1)),
    ("set_aside", (1, 100)),
    ("free", (1, 1)),
    ("settle", (1, 1, 1)),
]


@pytest.mark.parametrize(("name", "args"), CALLS)
def test_only_the_arena_moves_reserves(world: World, name: str, args: tuple[object, ...]) -> None:
    world.series()
    for who in (world.governor, world.stranger):
        with refused(world, "treasury: caller is not the arena"):
            send(who, world.system.treasury, name, *args)


def _account(rig: Rig, series: int = 1) -> tuple[int, int]:
    free, reserved = rig.treasury.call("account", series)
    return free, reserved


def _fund(rig: Rig, sponsor: Account, series: int, amount: int, cap: int = 2**96 - 1) -> None:
    rig.treasury.send("register", series, sponsor, cap, sender=rig.arena)
    rig.treasury.send("fund", series, amount, sender=sponsor)


def test_a_registered_series_has_an_owner_and_a_cap(rig: Rig) -> None:
    receipt = rig.treasury.send("register", 5, rig.staker, 99, sender=rig.arena)
    assert dict(receipt.event("SeriesRegistered").args) == {
        "series": 5,
        "sponsor": rig.staker.address,
        "epoch_cap": 99,
    }
    assert rig.treasury.call("sponsor", 5) == rig.staker.address
    assert rig.treasury.call("epoch_cap", 5) == (99, 99)
    assert _account(rig, 5) == (0, 0)
    for cap in (0, 2**96):
        with refused(rig, "treasury: epoch cap not in 1..2**96-1"):
            rig.treasury.send("register", 6, rig.staker, cap, sender=rig.arena)


@pytest.mark.parametrize(("bankroll", "share", "cap", "reserve"), [
    (10_001, 1, 2**96 - 1, 1),
    (9_999, 1, 2**96 - 1, 0),
    (10_001, 10_000, 2**96 - 1, 10_001),
    (10_001, 5_000, 5_000, 5_000),
    (10_001, 5_000, 4_999, 4_999),
])  # fmt: skip
def test_a_reserve_is_a_share_of_what_is_free_within_the_cap(
    rig: Rig, bankroll: int, share: int, cap: int, reserve: int
) -> None:
    _fund(rig, rig.staker, 2, bankroll, cap)
    owed = rig.treasury.call("owed")
    assert rig.treasury.call("set_aside", 2, share, sender=rig.arena) == reserve
    rig.treasury.send("set_aside", 2, share, sender=rig.arena)
    assert _account(rig, 2) == (bankroll - reserve, reserve)
    assert rig.treasury.call("owed") == owed


def test_an_empty_bankroll_sets_nothing_aside(rig: Rig) -> None:
    assert _account(rig)[0] == 0
    assert rig.treasury.call("set_aside", 1, 10_000, sender=rig.arena) == 0


def test_freed_money_is_free_again(rig: Rig) -> None:
    reserved = _account(rig)[1]
    owed = rig.treasury.call("owed")
    rig.treasury.send("free", 1, 3, sender=rig.arena)
    assert _account(rig) == (3, reserved - 3)
    rig.treasury.send("free", 1, reserved - 3, sender=rig.arena)
    assert _account(rig) == (reserved, 0)
    assert rig.treasury.call("owed") == owed


def test_emission_comes_out_of_the_slice_and_the_rest_of_it_is_free(rig: Rig) -> None:
    reserved, vault = _account(rig)[1], rig.balance(rig.vault)
    owed = rig.treasury.call("owed")
    rig.treasury.send("settle", 1, 10 * TOKENS, 4 * TOKENS, sender=rig.arena)
    assert _account(rig) == (6 * TOKENS, reserved - 10 * TOKENS)
    assert rig.balance(rig.vault) == vault + 4 * TOKENS
    assert rig.treasury.call("totals") == (4 * TOKENS, 0)
    assert rig.treasury.call("owed") == owed - 4 * TOKENS == rig.balance(rig.treasury)


def test_a_loss_is_added_to_the_bankroll(rig: Rig) -> None:
    reserved, owed = _account(rig)[1], rig.treasury.call("owed")
    rig.lock(10)
    rig.vault.send("settle", rig.staker, 0, 0, 10, -10, sender=rig.arena)  # sends the tokens
    rig.treasury.send("settle", 1, 3, -10, sender=rig.arena)
    assert _account(rig) == (13, reserved - 3)
    assert rig.treasury.call("totals") == (0, 10)
    assert rig.treasury.call("owed") == owed + 10 == rig.balance(rig.treasury)


def test_nothing_is_emitted_beyond_the_slice(rig: Rig) -> None:
    with refused(rig, "treasury: emission above the reserve"):
        rig.treasury.send("settle", 1, 9, 10, sender=rig.arena)
    rig.treasury.send("settle", 1, 10, 10, sender=rig.arena)
