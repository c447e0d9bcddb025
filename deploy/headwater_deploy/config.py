"""What a deployment is made with. Rails are the contracts' own; they revert on anything outside."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final

from headwater.chain import ArgumentError, checksum
from headwater.units import WAD

DAY: Final = 86_400
HOUR: Final = 3_600
MAX_THRESHOLD: Final = 512 * 10**9
"""The largest distance of two value systems there is: 16 × 16 judgements, each 2 apart, in l1."""
ZERO_ADDRESS: Final = "0x" + "00" * 20


class ConfigError(ValueError):
    """A deployment setting that the contracts would refuse; says which, and what is accepted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtocolConfig:
    """What is deployed: constructor settings of the contracts, and which of them stand beside the five.

    Attributes:
        cap: largest total supply, wei; below 2**96.
        genesis_supply: minted at deployment to `genesis_holder`, wei.
        genesis_holder: None for the deployer.
        epoch: length of an emission epoch, seconds; 60 s to 366 days.
        emission: most that epoch 0 mints, wei.
        decay: factor from epoch to epoch, WAD.
        cooldown: unbonding, seconds; 1 s to 90 days.
        min_window, max_window: bounds on a question's windows, seconds.
        idle_period: after which an escrow may be closed, seconds; max_window to 366 days.
        resolve_timeout: after which anybody may void, seconds; min_window to 90 days.
        governor, guardian, slasher: roles; None for the deployer, the zero address to leave one empty for ever.
        registries: deploy the ERC-8004 registries and FeedbackGrounds too, after the five.
        covenants: deploy ValueRegistry, HomophilyVote and UpdateCourt too, then; the settings below are theirs.
        min_bond: wei behind each open agreement of a member.
        unbonding: from the last agreement left, or declaration made, to the withdrawal; seconds, 1 s to 366 days.
        declare_window: in which a committed declaration may be revealed; seconds, 1 s to 30 days.
        join_window: in which an agreement takes members; seconds, 1 s to 366 days.
        prover_bps: the prover's part of a slash, at most half of it.
        slash_bps: what a conviction takes of a bond.
        claim_blocks: from the claim of a proof to the proof; blocks, 1 to 256.
        vote_low, vote_high: rails of the homophily threshold, in units of 1e-9; at most 512.
        vote_ticks: how many thresholds may be voted for, rails included; 2 to 256.
        vote_initial_tick: the one that holds until the first result.
        vote_commit, vote_reveal: periods of a round; seconds, 1 s to 90 days.
        vote_delay: from a result to its application; vote_rest: from there to the next round. Likewise.
        vote_quorum_bps: of the vault's money; what is missing votes for the threshold as it is.
        deals: deploy DealEscrow too, last; it has no settings.
    """

    cap: int = 10**9 * WAD
    genesis_supply: int = 10**8 * WAD
    genesis_holder: str | None = None
    epoch: int = 7 * DAY
    emission: int = 10**6 * WAD
    decay: int = 998 * 10**15
    cooldown: int = 7 * DAY
    min_window: int = HOUR
    max_window: int = 14 * DAY
    idle_period: int = 30 * DAY
    resolve_timeout: int = 7 * DAY
    governor: str | None = None
    guardian: str | None = None
    slasher: str | None = None
    registries: bool = True
    covenants: bool = True
    min_bond: int = 100 * WAD
    unbonding: int = 7 * DAY
    declare_window: int = DAY
    join_window: int = 30 * DAY
    prover_bps: int = 2_500
    slash_bps: int = 10_000
    claim_blocks: int = 2
    vote_low: int = 5 * 10**7
    vote_high: int = 128 * 10**8
    vote_ticks: int = 256
    # The upper rail: until stake has voted, what members declare themselves is nearly all that binds.
    vote_initial_tick: int = 255
    vote_commit: int = 3 * DAY
    vote_reveal: int = 3 * DAY
    vote_delay: int = 2 * DAY
    vote_rest: int = 7 * DAY
    vote_quorum_bps: int = 2_000
    deals: bool = True

    def __post_init__(self) -> None:
        self._within("cap", self.cap, 1, 2**96 - 1, "wei")
        self._within("genesis_supply", self.genesis_supply, 0, self.cap, "wei")
        self._within("epoch", self.epoch, 60, 366 * DAY, "seconds")
        self._within("emission", self.emission, 0, 2**96 - 1, "wei")
        self._within("decay", self.decay, 0, WAD, "WAD")
        self._within("cooldown", self.cooldown, 1, 90 * DAY, "seconds")
        self._within("max_window", self.max_window, 1, 90 * DAY, "seconds")
        self._within("min_window", self.min_window, 1, self.max_window, "seconds")
        self._within("idle_period", self.idle_period, self.max_window, 366 * DAY, "seconds")
        self._within("resolve_timeout", self.resolve_timeout, self.min_window, 90 * DAY, "seconds")
        for name in ("registries", "covenants", "deals"):
            if type(getattr(self, name)) is not bool:
                raise ConfigError(f"{name} is {getattr(self, name)!r}; accepted: true or false")
        self._check_covenants()
        for name in ("genesis_holder", "governor", "guardian", "slasher"):
            self._address(name, getattr(self, name))

    def _check_covenants(self) -> None:
        self._within("min_bond", self.min_bond, 1, 2**96 - 1, "wei")
        self._within("unbonding", self.unbonding, 1, 366 * DAY, "seconds")
        self._within("declare_window", self.declare_window, 1, 30 * DAY, "seconds")
        self._within("join_window", self.join_window, 1, 366 * DAY, "seconds")
        self._within("prover_bps", self.prover_bps, 0, 5_000, "bps")
        self._within("slash_bps", self.slash_bps, 1, 10_000, "bps")
        self._within("claim_blocks", self.claim_blocks, 1, 256, "blocks")
        self._within("vote_ticks", self.vote_ticks, 2, 256, "thresholds")
        self._within("vote_initial_tick", self.vote_initial_tick, 0, self.vote_ticks - 1, "from the lower rail up")
        self._within("vote_high", self.vote_high, self.vote_ticks - 1, MAX_THRESHOLD, "in units of 1e-9")
        self._within("vote_low", self.vote_low, 0, self.vote_high - self.vote_ticks + 1, "in units of 1e-9")
        for name in ("vote_commit", "vote_reveal", "vote_delay", "vote_rest"):
            self._within(name, getattr(self, name), 1, 90 * DAY, "seconds")
        self._within("vote_quorum_bps", self.vote_quorum_bps, 1, 10_000, "bps")

    @staticmethod
    def _within(name: str, value: int, low: int, high: int, unit: str) -> None:
        if type(value) is not int or not low <= value <= high:  # True is an int, but no number of anything
            raise ConfigError(f"{name} is {value!r}; accepted: {low} to {high} ({unit})")

    @staticmethod
    def _address(name: str, value: str | None) -> None:
        try:
            if value is not None:
                checksum(value)
        except ArgumentError as error:
            raise ConfigError(f"{name}: {error}; without it, the deployer") from error

    def as_dict(self) -> dict[str, Any]:
        """The settings by name."""
        return asdict(self)
