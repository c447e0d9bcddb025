"""Yuma consensus (Bittensor): stake-weighted medians decide what miners get, bonds to them what validators get."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from headwater.units import BPS, WAD
from headwater_agents.lab.cast import OddsRule
from headwater_agents.lab.mechanisms.allocation import Allocating
from headwater_agents.lab.mechanisms.amounts import apportion
from headwater_agents.lab.mechanisms.base import LabError, Odds
from headwater_agents.lab.mechanisms.rival import EMISSION, Bet

Matrix = Mapping[str, Mapping[str, int]]
"""Miner by validator to a number: columns of a validators-by-miners matrix, zeros left out."""


@dataclass(frozen=True, slots=True)
class Epoch:
    """What an epoch decides, all WAD: consensus weights, miners' incentives and validators' dividends (each summing to
    1, or all 0), and bonds, which sum to 1 for each miner; sums but for floors."""

    consensus: Mapping[str, int]
    incentives: Mapping[str, int]
    dividends: Mapping[str, int]
    bonds: Matrix


def consensus_weight(stakes: Mapping[str, int], column: Mapping[str, int], kappa_bps: int = BPS // 2) -> int:
    """The largest weight that validators with at least `kappa_bps` of all stake give the miner, or more; else 0."""
    needed, backing = kappa_bps * sum(stakes.values()), 0
    for validator in sorted(column, key=lambda each: column[each], reverse=True):
        backing += stakes[validator] * BPS
        if backing >= needed:
            return column[validator]
    return 0


def epoch(
    stakes: Mapping[str, int], rows: Matrix, bonds: Matrix, kappa_bps: int = BPS // 2, bond_alpha_bps: int = BPS // 10
) -> Epoch:
    """One epoch of Yuma consensus.

        W_ij  weights, each validator's summing to 1                C_j  consensus_weight of column j
        V_ij = min(W_ij, C_j)                                       R_j = Σ_i S_i V_ij,  I_j = R_j / Σ R
        ΔB_ij = S_i V_ij / R_j;  B_ij ← a · ΔB_ij + (1 − a) · B_ij, columns normalised;  D_i = Σ_j B_ij I_j

    Args:
        stakes: S, wei of every validator.
        rows: weights by validator, then miner: positive, of any one unit in a row.
        bonds: B of the epoch before, by miner, then validator (WAD); empty at first.
        kappa_bps: the majority that consensus needs.
        bond_alpha_bps: a.
    """
    columns: dict[str, dict[str, int]] = defaultdict(dict)
    for validator, row in rows.items():
        total = sum(row.values())
        for miner, weight in row.items():
            columns[miner][validator] = weight * WAD // total
    consensus = {miner: consensus_weight(stakes, column, kappa_bps) for miner, column in columns.items()}
    backed = {
        miner: {validator: stakes[validator] * min(weight, consensus[miner]) for validator, weight in column.items()}
        for miner, column in columns.items()
    }
    incentives = apportion(WAD, {miner: sum(column.values()) for miner, column in backed.items()})
    held = {miner: {each: bond for each, bond in column.items() if each in stakes} for miner, column in bonds.items()}
    now = {
        miner: _moved(held.get(miner, {}), apportion(WAD, backed.get(miner, {})), bond_alpha_bps)
        for miner in dict.fromkeys([*backed, *held])
    }
    dividends: dict[str, int] = defaultdict(int)
    for miner, incentive in incentives.items():
        for validator, bond in now[miner].items():
            dividends[validator] += bond * incentive
    return Epoch(consensus, incentives, apportion(WAD, dividends), now)


def _moved(before: Mapping[str, int], target: Mapping[str, int], alpha_bps: int) -> dict[str, int]:
    """One miner's bonds, moved towards the target and normalised."""
    everybody = dict.fromkeys([*before, *target])
    moved = {each: alpha_bps * target.get(each, 0) + (BPS - alpha_bps) * before.get(each, 0) for each in everybody}
    return {each: bond for each, bond in apportion(WAD, moved).items() if bond > 0}


class Yuma(Allocating):
    """Miner j gets E/2 · I_j and validator i E/2 · D_i, as `epoch` defines them; E is the emission.

    Source: docs.learnbittensor.org, "Yuma Consensus"; run_epoch.rs of opentensor/subtensor, the pipeline before Yuma 3
    (kappa 0.5, bonds' moving average 0.1, bonds fully on clipped weights).

    Simplified: an epoch is a question. Forecasters are miners, everybody with a stake validates by its own stake;
    weights on oneself are masked as there, and who has no stake left loses its bonds. The subnet owner's 18% is left
    out, so that the rest, 41% each, is half and half.
    Weights are set when the outcome is known: honest validators learn first, then weigh. No limits on how many may
    validate, no quantisation to 16 bits, no liquid alpha. A miner's answers can be seen by whoever asks. Where nobody
    weighs anybody, emission goes by stake, as there.

    Args:
        kappa_bps, bond_alpha_bps: as `epoch`.
        alpha_bps, emission, min_wager, warm_up, rule: as `Allocating`.
    """

    name = "yuma"

    def __init__(
        self,
        *,
        kappa_bps: int = BPS // 2,
        bond_alpha_bps: int = BPS // 10,
        alpha_bps: int = 1_000,
        emission: int = EMISSION,
        min_wager: int = WAD,
        warm_up: int = 0,
        rule: OddsRule | None = None,
    ) -> None:
        super().__init__(alpha_bps=alpha_bps, emission=emission, min_wager=min_wager, warm_up=warm_up, rule=rule)
        if not 0 < kappa_bps <= BPS:
            raise LabError(f"kappa_bps is {kappa_bps}; it must be 1 to {BPS}")
        if not 0 < bond_alpha_bps <= BPS:
            raise LabError(f"bond_alpha_bps is {bond_alpha_bps}; it must be 1 to {BPS}")
        self._kappa_bps = kappa_bps
        self._bond_alpha_bps = bond_alpha_bps
        self._bonds: Matrix = {}

    def pay(self, bets: Sequence[Bet], odds: Odds, outcome: int) -> dict[str, int]:
        """Validators learn, weigh, and the epoch pays."""
        self._learn(bets, odds, outcome)
        stakes = self.accounts.stakes()
        decided = epoch(stakes, self._rows(bets), self._bonds, self._kappa_bps, self._bond_alpha_bps)
        self._bonds = decided.bonds
        return yuma_emission(stakes, decided, self.emission)


def yuma_emission(stakes: Mapping[str, int], decided: Epoch, emission: int) -> dict[str, int]:
    """Half the emission by incentives, half by dividends (wei by name, floored); by stake if there are none of them."""
    if not any(decided.incentives.values()):
        return apportion(emission, stakes)
    paid: dict[str, int] = defaultdict(int, apportion(emission // 2, decided.incentives))
    for name, dividend in apportion(emission - emission // 2, decided.dividends).items():
        paid[name] += dividend
    return dict(paid)
