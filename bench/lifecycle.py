"""Questions from open to pull through the project's own client, and the same calldata on a bare pyrevm loop.

What the client sent is taken from the chain itself and replayed in the same process: sender, contract, calldata,
block and time, nothing encoded, decoded, kept or checked. The bare loop is what the engine can do at most.
"""

from __future__ import annotations

import gc
import time
from dataclasses import dataclass
from typing import Any

from pyrevm import BlockEnv

from headwater.cascade import Leaf
from headwater.chain import Backend, local_control
from headwater.chain.genesis import BLOCK_GAS_LIMIT
from headwater.chain.participant import Participant
from headwater.chain.revm import RevmBackend
from headwater.chain.system import Announcement, SeriesParams, Times
from headwater.units import WAD
from headwater_deploy import DAY, ProtocolConfig, deploy

FORECASTERS = 4
PROVIDERS = 4
TOKENS = WAD
WINDOW = 100
SALT = bytes(range(32))
REPORT = (6 * WAD // 10, 4 * WAD // 10)
ODDS = (WAD // 2, WAD // 2)


@dataclass(frozen=True, slots=True)
class Stage:
    """A deployment with one series, staked forecasters, and a list of providers that each of them pays."""

    backend: Backend
    governor: Participant
    keeper: Participant
    forecasters: list[Participant]
    announced: list[Announcement]
    leaves: list[Leaf]
    series: int


def stage(backend: Backend) -> Stage:
    """Deploy, give out tokens, stake, announce, and fund the series for a day."""
    accounts = local_control(backend).dev_accounts(2 + FORECASTERS + PROVIDERS)
    config = ProtocolConfig(
        epoch=DAY,
        emission=10**6 * TOKENS,
        min_window=60,
        max_window=7 * DAY,
        cooldown=DAY,
        covenants=False,
        deals=False,
    )
    system = deploy(backend, accounts[0], config).system
    governor, keeper, *others = [Participant(system, account) for account in accounts]
    forecasters, providers = others[:FORECASTERS], others[FORECASTERS:]
    leaves = [Leaf(provider.address, 0, weight) for weight, provider in enumerate(providers, 1)]
    announced = []
    for forecaster in forecasters:
        governor.transfer(forecaster.address, 10**5 * TOKENS)
        forecaster.approve(system.addresses.vault)
        forecaster.stake(10**4 * TOKENS)
        announced.append(forecaster.announce_list(leaves, 1_000))
        keeper.open_escrow(forecaster.address, announced[-1].version, announced[-1].terms)
    who = governor.address
    params = SeriesParams(
        outcomes=2,
        share_bps=1_000,
        min_wager=TOKENS,
        epoch_cap=10**26,
        forgetting=0,
        smoothing=0,
        warm_up=0,
        opener=who,
        feed=who,
        oracle=who,
        governed=True,
    )
    series = governor.create_series(params)
    governor.set_weights([series], [1])
    local_control(backend).time_travel(backend.now() + DAY)
    governor.roll()
    return Stage(backend, governor, keeper, forecasters, announced, leaves, series)


def play(on: Stage, questions: int) -> None:
    """Open, post odds, commit, reveal, resolve, settle, release, pull; every other question with the other outcome."""
    backend, control, system = on.backend, local_control(on.backend), on.governor.system
    for number in range(questions):
        start = backend.now() + 10
        ends = [start + part * WINDOW for part in range(3)]
        times = Times(
            commit_start=start, commit_end=ends[1], reveal_end=ends[2], event_start=ends[2], resolve_after=ends[2]
        )
        question = on.governor.open_question(on.series, times)
        on.governor.post_odds(question, ODDS)
        control.time_travel(start)
        for forecaster, said in zip(on.forecasters, on.announced, strict=True):
            newest = system.stake(forecaster.address).checkpoints - 1
            forecaster.commit(question, REPORT, 100 * TOKENS, SALT, version=said.version, checkpoint=newest)
        control.time_travel(times.commit_end)
        for forecaster in on.forecasters:
            on.keeper.reveal(question, forecaster.address, REPORT, SALT)
        control.time_travel(times.resolve_after)
        on.governor.resolve(question, number % 2)
        for forecaster, said in zip(on.forecasters, on.announced, strict=True):
            on.keeper.settle(question, forecaster.address)
            on.keeper.release(forecaster.address, said.version)
            on.keeper.pull_list(forecaster.address, said.version, said.terms, on.leaves)


def rate(backend: Backend, questions: int) -> float:
    """Transactions a second through the client."""
    on = stage(backend)
    gc.collect()
    first, start = backend.block_number(), time.perf_counter()
    play(on, questions)
    return (backend.block_number() - first) / (time.perf_counter() - start)


def beside_bare(questions: int) -> tuple[float, float]:
    """Transactions a second through the client, and in a bare loop over what it sent."""
    backend = RevmBackend()
    on = stage(backend)
    before = len(backend.transactions())
    gc.collect()
    start = time.perf_counter()
    play(on, questions)
    client = time.perf_counter() - start
    evm: Any = backend.replayed(before).evm
    sent = [(tx.sender, tx.to, tx.data, tx.block, tx.timestamp) for tx in backend.transactions()[before:]]
    gc.collect()
    start = time.perf_counter()
    for sender, to, data, block, timestamp in sent:
        evm.set_block_env(BlockEnv(number=block, timestamp=timestamp, gas_limit=BLOCK_GAS_LIMIT, basefee=0))
        evm.message_call(sender, to, data)
        evm.reset_transient_storage()
    return len(sent) / client, len(sent) / (time.perf_counter() - start)
