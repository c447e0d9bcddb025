"""The escrow: twin against the vault's bytecode over random histories, and the order of settlements."""

from __future__ import annotations

from itertools import permutations
from math import factorial

import numpy as np
import pytest
from escrow_rig import VaultRig
from hypothesis import given
from hypothesis import strategies as st

from harness import LocalBackend
from headwater.chain import Reverted
from headwater.units import GWEI, MAX_WEI, WAD
from headwater_deploy import DAY
from randomised import trials, undone

seeds = st.integers(0, 2**32 - 1)
keeps = st.one_of(st.sampled_from([100, 1_000, 9_999, 10_000]), st.integers(100, 10_000))
cushion = st.one_of(st.just(0), st.integers(0, 8), st.just(64))
"""A buffer in 64ths of the stake."""
buffers = st.one_of(st.just(0), st.integers(0, 10**13).map(lambda gwei: gwei * GWEI))


def _net(rng: np.random.Generator, lock: int) -> int:
    """Usually within the lock either way, at times its whole loss, a wei, nothing, or a multiple of it."""
    part = int(lock * rng.random())
    return (part, -part, -lock, 1, -1 if lock else 0, 0, 3 * lock)[rng.integers(7)]


@trials(20)
@given(seed=seeds, keep=st.tuples(keeps, keeps), cushions=st.tuples(cushion, cushion), bits=st.integers(36, 91))
def test_histories_of_gains_losses_closes_and_debts_are_the_twins(
    chain: LocalBackend, seed: int, keep: tuple[int, int], cushions: tuple[int, int], bits: int
) -> None:
    rng = np.random.default_rng(seed)
    buffer = [(2**bits >> 6) * sixtyfourths // GWEI * GWEI for sixtyfourths in cushions]
    with undone(chain):
        rig = VaultRig(chain, stake=2**bits, bankroll=2 ** (bits + 2))
        rig.announce(keep[0], buffer[0], (0, 5))
        for step in range(40):
            keys = sorted(rig.escrows)
            key = keys[rng.integers(len(keys))]
            free = rig.bonded - rig.locked
            match int(rng.integers(10)):
                case 0 | 1 | 2 if free:
                    version, domain = key if rng.random() < 0.9 else (0, 0)
                    rig.commit(version, domain, max(1, int(free * rng.random() / 2)))
                case 3 | 4 | 5 | 6 if rig.open:
                    index = int(rng.integers(len(rig.open)))
                    rig.settle(index, min(_net(rng, rig.open[index].lock), rig.reserve))
                case 7:
                    rig.release(key)
                case 8:
                    chain.time_travel(chain.now() + int(rng.choice([60, DAY, 8 * DAY])))
                    ready = [key for key in keys if rig.may_close(key)]
                    if ready and rng.random() < 0.8:
                        rig.close(ready[rng.integers(len(ready))])
                    elif rig.may_close(key):
                        rig.close(key)
                    else:
                        with pytest.raises(Reverted):
                            rig.driver.close(rig.who.address, *key)
                case 9 if step > 8 and len(rig.versions) < 3:
                    rig.announce(keep[1], buffer[1], (0, 5))
                case _:
                    pass
            rig.check()


def _play(rig: VaultRig, nets: list[tuple[int, int]], order: tuple[int, ...]) -> None:
    """Settle positions, given as (lock, net), in this order."""
    left = list(range(len(nets)))
    for which in order:
        rig.settle(left.index(which), nets[which][1])
        left.remove(which)


@trials(6)
@given(
    seed=seeds,
    keep=keeps,
    buffer=buffers,
    start=st.sampled_from(["nothing", "held", "debt", "both"]),
    count=st.integers(2, 4),
)
def test_the_order_of_settlements_moves_nothing_that_anybody_owns_or_owes(
    chain: LocalBackend, seed: int, keep: int, buffer: int, start: str, count: int
) -> None:
    """Every order of up to four open positions: same stake, same debt, same total for the children, to the wei."""
    rng = np.random.default_rng(seed)
    with undone(chain):
        rig = VaultRig(chain, stake=10_000 * WAD, bankroll=100_000 * WAD)
        version = rig.announce(1_000, 0)
        if start in ("debt", "both"):
            rig.commit(version, 0, 50 * WAD)
            rig.settle(0, -(1 + int(50 * WAD * rng.random())))
        if start == "both":  # an inherited debt stands beside what the heir holds
            first, version = version, rig.announce(1_000, 1_000 * WAD)
        if start in ("held", "both"):
            rig.commit(version, 0, 500 * WAD)
            rig.commit(version, 0, WAD)
            rig.settle(0, 1 + int(100 * WAD * rng.random()))
        if start == "both":
            rig.settle(0, 0)  # a debt arrives only where no position is open
            chain.time_travel(chain.now() + 2 * DAY)
            rig.close((first, 0))
        if start == "nothing":
            version = rig.announce(keep, buffer)
        before = len(rig.open)
        nets = []
        for _ in range(count):
            lock = 1 + int(200 * WAD * rng.random())
            rig.commit(version, 0, lock)
            nets.append((lock, _net(rng, lock)))
        ends = set()
        kept = (dict(rig.escrows), list(rig.open), rig.bonded, rig.locked, rig.reserve, dict(rig.active))
        for order in permutations(range(count)):
            with undone(chain):
                rig.escrows, rig.open, rig.bonded, rig.locked, rig.reserve, rig.active = (
                    dict(kept[0]),
                    list(kept[1][before:]),
                    *kept[2:5],
                    dict(kept[5]),
                )
                _play(rig, nets, order)
                rig.check()
                found = rig.system.escrow(rig.who.address, version, 0)
                ends.add((found.held + found.due, found.debt, rig.system.stake(rig.who.address).bonded))
        assert len(ends) == 1, f"{factorial(count)} orders end in {ends}"


def test_a_debt_stops_growing_at_its_width_and_stops_no_settlement(chain: LocalBackend) -> None:
    rig = VaultRig(chain, stake=2**94, bankroll=2**95)
    version = rig.announce(100, 0)
    for _ in range(5):
        rig.commit(version, 0, rig.bonded)
        rig.settle(0, -rig.open[0].lock)
        rig.check()
        rig.driver.system.treasury.send("set_aside", 1, 10_000, sender=rig.driver.account)
        rig.commit(0, 0, 0)
        rig.settle(0, 2**94)  # version 0: the whole gain is the stake's
    assert rig.escrows[version, 0].debt == MAX_WEI
    rig.commit(version, 0, 2**90)
    rig.settle(0, 2**94)
    rig.check()
    assert rig.escrows[version, 0].debt < MAX_WEI
