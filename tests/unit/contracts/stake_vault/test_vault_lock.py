"""lock: the arena's alone; stake that stood strictly before the question, by the right checkpoint."""

from __future__ import annotations

import pytest

from checks import refused, send
from harness import World
from headwater.cascade import Leaf
from headwater.chain import Receipt, Reverted
from rig import STAKE, Rig

EARLIER = "vault: checkpoint is not older than the question"
LATER = "vault: a later checkpoint is older than the question"


def _lock(rig: Rig, index: int, opened: int, wager: int = 1, amount: int = 1, version: int = 0) -> Receipt:
    return rig.vault.send("lock", rig.staker, version, 0, wager, amount, index, opened, sender=rig.arena)


def _deposit(rig: Rig, amount: int = 1) -> int:
    """Block of a further deposit."""
    return rig.vault.send("deposit", amount, sender=rig.staker).block_number


def test_only_the_arena_locks_and_settles(world: World) -> None:
    account = world.forecasters[0].address
    for who in (world.governor, world.stranger, world.forecasters[0]):
        with refused(world, "vault: caller is not the arena"):
            send(who, world.system.vault, "lock", account, 0, 0, 1, 1, 0, 10**9)
        with refused(world, "vault: caller is not the arena"):
            send(who, world.system.vault, "settle", account, 0, 0, 0, 1)


def test_a_lock_adds_to_what_is_locked_and_to_nothing_else(rig: Rig) -> None:
    _lock(rig, 0, rig.backend.block_number() + 1, wager=STAKE, amount=30)
    _lock(rig, 0, rig.backend.block_number() + 1, wager=STAKE, amount=12)
    assert rig.stake() == (STAKE, 42, 1)
    assert rig.vault.call("escrow", rig.staker, 0, 0).lock == 0


def test_a_wager_is_at_most_what_the_checkpoint_bonds(rig: Rig) -> None:
    opened = _deposit(rig, 100) + 1
    with refused(rig, "vault: wager above the stake bonded before the question"):
        _lock(rig, 1, opened, wager=STAKE + 101)
    _lock(rig, 1, opened, wager=STAKE + 100)
    with refused(rig, "vault: wager above the stake bonded before the question"):
        _lock(rig, 0, opened - 1, wager=STAKE + 1)
    _lock(rig, 0, opened - 1, wager=STAKE)


def test_stake_of_the_questions_own_block_does_not_count(rig: Rig) -> None:
    block = _deposit(rig)
    with refused(rig, EARLIER):
        _lock(rig, 1, block)
    _lock(rig, 0, block)
    with refused(rig, LATER):
        _lock(rig, 0, block + 1)
    _lock(rig, 1, block + 1)


def test_the_checkpoint_is_the_last_one_before_the_question(rig: Rig) -> None:
    blocks = [_deposit(rig) for _ in range(4)]  # checkpoints 1 to 4
    for opened, right in ((blocks[0], 0), (blocks[1], 1), (blocks[3], 3), (blocks[3] + 1, 4)):
        for index in range(5):
            if index == right:
                _lock(rig, index, opened)
            else:
                with refused(rig, LATER if index < right else EARLIER):
                    _lock(rig, index, opened)
    for index in (5, 6, 2**256 - 1):
        with refused(rig, "vault: no such checkpoint"):
            _lock(rig, index, blocks[3] + 1)


def test_an_account_without_stake_locks_nothing(rig: Rig) -> None:
    with refused(rig, "vault: no such checkpoint"):
        rig.vault.send("lock", rig.stranger, 0, 0, 1, 1, 0, 2**40, sender=rig.arena)


def test_of_three_hundred_checkpoints_the_last_two_hundred_and_fifty_six_serve(rig: Rig) -> None:
    blocks = [0] + [_deposit(rig) for _ in range(299)]
    assert rig.stake()[2] == 300
    for index in (44, 45, 255, 256, 298):
        assert rig.vault.call("checkpoint", rig.staker, index) == (blocks[index], STAKE + index)
        _lock(rig, index, blocks[index] + 1, wager=STAKE + index)
        with refused(rig, "vault: wager above the stake bonded before the question"):
            _lock(rig, index, blocks[index] + 1, wager=STAKE + index + 1)
        with refused(rig, LATER):
            _lock(rig, index, blocks[index + 1] + 1)
    for index in (0, 43):  # their places in the ring hold checkpoints 256 and 299 now
        with refused(rig, "vault: checkpoint was overwritten"):
            _lock(rig, index, blocks[index + 256] + 1)
        with pytest.raises(Reverted, match="vault: checkpoint was overwritten"):
            rig.vault.call("checkpoint", rig.staker, index)
    with refused(rig, "vault: no such checkpoint"):
        _lock(rig, 300, blocks[299] + 1)


def test_no_more_is_locked_than_is_free(rig: Rig) -> None:
    opened = rig.backend.block_number() + 1
    _lock(rig, 0, opened, amount=STAKE - 5)
    with refused(rig, "vault: not enough free stake"):
        _lock(rig, 0, opened, amount=6)
    _lock(rig, 0, opened, amount=5)
    with refused(rig, "vault: not enough free stake"):
        _lock(rig, 0, opened, amount=1)
    _lock(rig, 0, opened, amount=0)
    assert rig.stake()[:2] == (STAKE, STAKE)


@pytest.mark.parametrize("amount", [2**96, 2**256 - 1])
def test_an_absurd_lock_does_not_wrap(rig: Rig, amount: int) -> None:
    _lock(rig, 0, rig.backend.block_number() + 1, amount=1)
    with refused(rig, "vault: not enough free stake" if amount == 2**96 else ""):
        _lock(rig, 0, rig.backend.block_number() + 1, amount=amount)


def test_unbonding_stake_neither_locks_nor_lowers_an_old_checkpoint(rig: Rig) -> None:
    opened = rig.backend.block_number() + 1
    rig.vault.send("request_unbond", STAKE - 10, sender=rig.staker)
    with refused(rig, "vault: not enough free stake"):
        _lock(rig, 0, opened, wager=STAKE, amount=11)
    _lock(rig, 0, opened, wager=STAKE, amount=10)


def test_a_paused_vault_locks_nothing(rig: Rig) -> None:
    rig.vault.send("set_paused", True, sender=rig.owner)
    with refused(rig, "vault: paused"):
        _lock(rig, 0, rig.backend.block_number() + 1)


def test_under_a_version_only_an_open_escrow_takes_a_lock(rig: Rig) -> None:
    version, terms = rig.announce([Leaf(rig.stranger.address, 0, 1)], keep_bps=1_000, domain=None)
    with refused(rig, "vault: escrow not opened"):
        rig.lock(10, version=version)
    rig.vault.send("open_escrow", rig.staker, version, 3, terms.as_tuple(), sender=rig.stranger)
    with refused(rig, "vault: escrow not opened"):  # another domain's
        rig.lock(10, version=version)
    rig.lock(10, version=version, domain=3)
    assert rig.vault.call("escrow", rig.staker, version, 3).lock == 10
    assert rig.stake()[1] == 10
