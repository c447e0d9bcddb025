"""The stage of a season: contracts deployed, everybody with an account, tokens and stake, and the series created."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from headwater.chain import Account, Backend, HeadwaterError, LocalControl, Receipt
from headwater.chain.participant import Participant
from headwater.chain.system import SeriesParams, System
from headwater.units import WAD
from headwater_agents.lab.cast import OddsRule
from headwater_deploy import DAY, Manifest, ProtocolConfig, deploy


class SeasonError(HeadwaterError):
    """A season that cannot be played as asked; says why, and what is accepted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SeasonConfig:
    """Settings of a season; money wei, shares bps.

    Attributes:
        seed: of accounts and salts.
        baselines: let the odds copier and the last-outcome bot stake too.
        keep_every: questions between two rounds of the keeper down the cascade.
        stake: of every forecaster at the start.
        rule: of the public odds.
        rent_bps, share_bps, min_wager, epoch_cap, warm_up: as in SeriesParams.
        protocol: what the contracts are deployed with.
    """

    seed: int = 1
    baselines: bool = False
    keep_every: int = 10
    stake: int = 100_000 * WAD
    rule: OddsRule = field(default_factory=OddsRule)
    rent_bps: int = 25
    share_bps: int = 1_000
    min_wager: int = WAD
    epoch_cap: int = 10**7 * WAD
    warm_up: int = 20
    protocol: ProtocolConfig = field(
        # A replaced version closes max_window later: as short as a question allows, so that a debt soon stands
        # where gains can repay it.
        default_factory=lambda: ProtocolConfig(
            genesis_supply=10**7 * WAD,
            emission=20_000 * WAD,
            max_window=3 * DAY,
            resolve_timeout=3 * DAY,
            registries=False,
            covenants=False,
            deals=False,
        )
    )

    def __post_init__(self) -> None:
        if not 0 <= self.seed < 2**64:
            raise SeasonError(f"seed is {self.seed}; accepted: 0 to 2**64 - 1")
        if self.keep_every < 1:
            raise SeasonError(f"keep_every is {self.keep_every}; it must be at least 1")


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """A deployment with its people. `steward` is governor, opener and oracle; `people` are by name.

    `gas` fills, by operation, with the gas of every transaction sent from here on.
    """

    backend: Backend
    control: LocalControl
    system: System
    manifest: Manifest
    series: int
    params: SeriesParams
    steward: Participant
    keeper: Participant
    people: dict[str, Participant]
    gas: dict[str, list[int]]

    def travel(self, timestamp: int) -> None:
        """Move the clock to a time (seconds), if it is ahead."""
        if timestamp > self.backend.now():
            self.control.time_travel(timestamp)


def set_stage(
    backend: Backend,
    config: SeasonConfig,
    outcomes: int,
    staking: list[str],
    others: list[str],
    report: Callable[[str], None] = lambda text: None,
) -> Stage:
    """Deploy, give everybody an account, let `staking` stake, create a governed series with this many outcomes.

    Raises SeasonError if the chain's clock cannot be moved, ChainError where the chain refuses.
    """
    if not isinstance(backend, LocalControl):
        raise SeasonError(
            f"a season moves the clock, which {backend.name} does not allow; accepted: the embedded chain, or a "
            "development node such as anvil"
        )
    names = [*staking, *others]
    governor, keeper, *rest = backend.dev_accounts(2 + len(names))
    report("deploying the contracts")
    deployment = deploy(backend, governor, config.protocol)
    system = deployment.system
    gas: dict[str, list[int]] = {}

    def observe(operation: str, receipt: Receipt) -> None:
        gas.setdefault(operation, []).append(receipt.gas_used)

    def participant(account: Account) -> Participant:
        return Participant(system, account, observe)

    steward = participant(governor)
    people = {name: participant(account) for name, account in zip(names, rest, strict=True)}
    report("handing out stakes")
    for name in staking:
        steward.transfer(people[name].address, config.stake)
        people[name].approve(system.addresses.vault)
        people[name].stake(config.stake)
    params = SeriesParams(
        outcomes=outcomes,
        p_min=config.rule.p_min,
        rent_bps=config.rent_bps,
        share_bps=config.share_bps,
        min_wager=config.min_wager,
        epoch_cap=config.epoch_cap,
        forgetting=config.rule.forgetting,
        smoothing=config.rule.smoothing,
        warm_up=config.warm_up,
        opener=steward.address,
        oracle=steward.address,
        governed=True,
    )
    series = steward.create_series(params)
    steward.set_weights([series], [1])
    return Stage(
        backend=backend,
        control=backend,
        system=system,
        manifest=deployment.manifest,
        series=series,
        params=params,
        steward=steward,
        keeper=participant(keeper),
        people=people,
        gas=gas,
    )
