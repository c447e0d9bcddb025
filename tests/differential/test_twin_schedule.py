"""The treasury's schedule, shares and set-asides: twin against bytecode over random histories of rolls."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from harness import LocalBackend
from headwater.chain import Account, Contract
from headwater.twin import MAX_CATCH_UP, Schedule, set_aside, share_out
from headwater.units import BPS, MAX_WEI, WAD
from headwater_deploy import ProtocolConfig
from randomised import trials, undone
from rigs import rig

ZERO = "0x" + "00" * 20

wei = st.one_of(st.integers(0, 96).map(lambda bits: 2**bits - 1), st.integers(0, 10**24))
epochs = st.one_of(st.sampled_from([60, 86_400]), st.integers(60, 10**6))
decays = st.one_of(st.sampled_from([0, WAD // 2, 998 * 10**15, WAD]), st.integers(0, WAD))
# Seconds to wait as (epochs, millionths of an epoch): often none, often many.
waits = st.tuples(st.one_of(st.just(0), st.integers(0, 3), st.integers(0, 200)), st.integers(0, 999_999))


class Treasury:
    """The bytecode driven by one account, and the twin's view of it kept beside."""

    def __init__(self, backend: LocalBackend, config: ProtocolConfig) -> None:
        self.backend = backend
        self.driver: Account = backend.dev_accounts(1)[0]
        made = rig(backend, self.driver, config, ["HeadwaterToken", "Treasury"], driven="ForecastArena")
        self.token, self.contract = made["HeadwaterToken"], made["Treasury"]
        self.config = config
        self.supply = config.genesis_supply
        start = int(self.contract.call("START"))
        self.schedule = Schedule(start=start, epoch=config.epoch, rate=config.emission, decay=config.decay)
        self.accounts: dict[int, int] = {}
        self.weights: dict[int, int] = {}
        self.unallocated = 0

    def send(self, contract: Contract, name: str, *args: object) -> None:
        contract.send(name, *args, sender=self.driver)

    def set_weights(self, weights: dict[int, int]) -> None:
        """Weights by series; series not known yet are registered."""
        for series in sorted(set(weights) - set(self.accounts)):
            self.send(self.contract, "register", series, ZERO, MAX_WEI)
            self.accounts[series] = 0
        # set_weights rolls once and refuses if that is not enough.
        while (
            self.backend.now() - self.schedule.start
        ) // self.config.epoch - self.schedule.next_epoch >= MAX_CATCH_UP:
            self.rolled(self.backend.now())
            self.send(self.contract, "roll")
        self.rolled(self.backend.now())
        self.send(self.contract, "set_weights", sorted(weights), [weights[s] for s in sorted(weights)])
        self.weights = weights

    def rolled(self, now: int) -> int:
        """The twin's side of a roll at this time; wei minted."""
        self.schedule, minted = self.schedule.roll(now, self.config.cap - self.supply)
        self.supply += minted
        pool = self.unallocated + minted
        names = sorted(self.weights)
        parts = share_out(pool, [self.weights[s] for s in names]) if names else []
        for series, part in zip(names, parts, strict=True):
            self.accounts[series] += part
        self.unallocated = pool - sum(parts)
        return minted

    def check(self) -> None:
        assert self.contract.call("rate") == self.schedule.rate
        assert self.contract.call("next_epoch") == self.schedule.next_epoch
        assert self.contract.call("unallocated") == self.unallocated
        assert self.token.call("totalSupply") == self.supply <= self.config.cap
        for series, money in self.accounts.items():
            assert tuple(self.contract.call("account", series)) == (money, 0)
        owed = sum(self.accounts.values()) + self.unallocated
        assert self.contract.call("owed") == owed == self.token.call("balanceOf", self.contract.address)


_weights = st.dictionaries(st.integers(1, 40), st.integers(1, 10_000), min_size=1, max_size=6)


@trials(30)
@given(
    cap=wei.map(lambda w: max(w, 10)),
    genesis=st.integers(0, BPS),
    emission=wei,
    decay=decays,
    epoch=epochs,
    weights=st.tuples(_weights, _weights),
    steps=st.lists(st.tuples(waits, st.integers(0, 9)), min_size=1, max_size=9),
)
def test_rolls_mint_and_share_what_the_twin_says(
    chain: LocalBackend,
    cap: int,
    genesis: int,
    emission: int,
    decay: int,
    epoch: int,
    weights: tuple[dict[int, int], dict[int, int]],
    steps: list[tuple[tuple[int, int], int]],
) -> None:
    with undone(chain):
        config = ProtocolConfig(
            cap=cap, genesis_supply=cap * genesis // BPS, emission=emission, decay=decay, epoch=epoch
        )
        treasury = Treasury(chain, config)
        treasury.set_weights(weights[0])
        for index, ((whole, part), donated) in enumerate(steps):
            chain.time_travel(chain.now() + whole * epoch + part * epoch // 10**6)
            if index == len(steps) // 2:
                treasury.set_weights(weights[1])
            free = int(treasury.token.call("balanceOf", treasury.driver.address))
            if 0 < donated <= free:
                treasury.send(treasury.token, "transfer", treasury.contract.address, donated)
                treasury.send(treasury.contract, "sync")
                treasury.unallocated += donated
            expected = treasury.rolled(chain.now())
            receipt = treasury.contract.send("roll", sender=treasury.driver)
            assert receipt.event("Rolled")["minted"] == expected
            treasury.check()
            # Again in the same epoch: nothing, unless more than 64 were due.
            again = treasury.rolled(chain.now())
            assert treasury.contract.send("roll", sender=treasury.driver).event("Rolled")["minted"] == again
            treasury.check()


def test_an_epoch_late_or_a_hundred_mint_the_same_in_the_end(chain: LocalBackend) -> None:
    config = ProtocolConfig(cap=MAX_WEI, genesis_supply=0, emission=10**24, decay=97 * 10**16, epoch=3_600)
    totals = []
    for stride in (1, 7, 150):
        with undone(chain):
            treasury = Treasury(chain, config)
            start = treasury.schedule.start
            for epoch in range(stride, 151, stride):
                chain.time_travel(start + 3_600 * epoch)
                treasury.contract.send("roll", sender=treasury.driver)
            chain.time_travel(start + 3_600 * 150 + 1_000)
            for _ in range(3):
                treasury.contract.send("roll", sender=treasury.driver)
            totals.append(int(treasury.token.call("totalSupply")))
    rate, expected = config.emission, 0
    for _ in range(151):
        expected, rate = expected + rate, rate * config.decay // WAD
    assert totals == [expected] * 3


@trials(25)
@given(data=st.data())
def test_a_question_sets_aside_what_the_twin_says_within_its_epochs_cap(
    chain: LocalBackend, data: st.DataObject
) -> None:
    seed = data.draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    with undone(chain):
        config = replace(ProtocolConfig(), cap=MAX_WEI, genesis_supply=MAX_WEI, epoch=3_600)
        treasury = Treasury(chain, config)
        driver, contract = treasury.driver, treasury.contract
        treasury.send(treasury.token, "approve", contract.address, 2**256 - 1)
        bankroll, reserved, used = data.draw(st.integers(1, 2**95)), 0, 0
        cap = data.draw(st.one_of(st.just(MAX_WEI), st.integers(1, 2 * bankroll)))
        treasury.send(contract, "register", 1, driver.address, cap)
        treasury.send(contract, "fund", 1, bankroll)
        epoch = contract.call("epoch_now")
        for _ in range(12):
            match int(rng.integers(5)):
                case 0:
                    chain.time_travel(chain.now() + int(rng.integers(5_000)))
                case 1:
                    cap = 1 + int(bankroll * rng.random())
                    treasury.send(contract, "set_epoch_cap", 1, cap)
                case _:
                    share = int(rng.integers(1, BPS + 1)) if rng.random() < 0.7 else BPS
                    if contract.call("epoch_now") != epoch:
                        epoch, used = contract.call("epoch_now"), 0
                    part = set_aside(bankroll, share, cap, used)
                    treasury.send(contract, "set_aside", 1, share)
                    bankroll, reserved, used = bankroll - part, reserved + part, used + part
            assert tuple(contract.call("account", 1)) == (bankroll, reserved)
