"""Numerai: pay that is linear in the score, clipped at a twentieth of the stake; losses are burnt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from headwater.units import MAX_WEI, WAD
from headwater_agents.lab.cast import OddsRule
from headwater_agents.lab.mechanisms.amounts import apportion
from headwater_agents.lab.mechanisms.base import LabError, Odds
from headwater_agents.lab.mechanisms.rival import EMISSION, Bet, Rival

CORR_MULTIPLIER: Final = WAD // 2
"""Weight of CORR since January 2024, WAD."""

MMC_MULTIPLIER: Final = 2 * WAD
"""Weight of MMC since January 2024, WAD."""

CLIP: Final = WAD // 20
"""Most of a stake that a round pays or burns, WAD."""


def payout_factor(threshold: int, at_risk: int) -> int:
    """min(1, stake threshold / all stake at risk), WAD; 1 while nothing is at risk."""
    return WAD if at_risk <= threshold else threshold * WAD // at_risk


def payout(
    stake: int,
    factor: int,
    corr: int,
    mmc: int,
    *,
    corr_multiplier: int = CORR_MULTIPLIER,
    mmc_multiplier: int = MMC_MULTIPLIER,
    clip: int = CLIP,
) -> int:
    """stake · clip(factor · (CORR · multiplier + MMC · multiplier), −clip, clip), floored; stakes wei, the rest WAD."""
    score = (corr * corr_multiplier + mmc * mmc_multiplier) // WAD
    return stake * max(-clip, min(clip, factor * score // WAD)) // WAD


class Numerai(Rival):
    """net_i = m_i · clip(f · (CORR_i / 2 + 2 · MMC_i), −0.05, 0.05), f = min(1, T / Σ m).

    Source: docs.numer.ai, "Staking" (numerai/docs on GitHub, numerai-tournament/staking.md): the formula of rounds
    since January 2024, and the payout factor.

    The mapping to a binary question, where a correlation over stocks has no meaning: CORR_i = c · (p_io − q_o), how far
    the report leant to the outcome that came, against the public odds; MMC_i = c · (p_io − P_o), the same against the
    meta model, the wagers' mean report P. Both are linear in the report, as the original is in the submission, hence
    improper. With c = 0.1, a report 20 points over the odds has a CORR of ±0.02, an ordinary round at Numerai.

    Simplified: the threshold T is E / 0.05 for an emission of E, so that a field at the threshold emits E at most.
    Beyond it a large c could still emit more: gains are then cut pro rata to E and what is burnt. Stakes are released
    at resolution. Submissions are known to Numerai alone.

    Args:
        score_scale: c, WAD.
        emission, min_wager, warm_up, rule: as `Rival`.
    """

    name = "numerai"
    secret_reports = True

    def __init__(
        self,
        *,
        score_scale: int = WAD // 10,
        emission: int = EMISSION,
        min_wager: int = WAD,
        warm_up: int = 0,
        rule: OddsRule | None = None,
    ) -> None:
        super().__init__(emission=emission, min_wager=min_wager, warm_up=warm_up, rule=rule)
        if not 0 < score_scale <= WAD:
            raise LabError(f"score_scale is {score_scale}; it must be 1 to {WAD}")
        self._scale = score_scale

    def pay(self, bets: Sequence[Bet], odds: Odds, outcome: int) -> dict[str, int]:
        """By linear score; gains within the emission and what is burnt."""
        at_risk = sum(bet.wager for bet in bets)
        meta = sum(bet.wager * bet.report[outcome] for bet in bets) // at_risk
        factor = payout_factor(min(self.emission * WAD // CLIP, MAX_WEI), at_risk)
        nets = {}
        for bet in bets:
            corr = self._scale * (bet.report[outcome] - odds[outcome]) // WAD
            mmc = self._scale * (bet.report[outcome] - meta) // WAD
            nets[bet.name] = payout(bet.wager, factor, corr, mmc)
        return within(nets, self.emission)


def within(nets: Mapping[str, int], emission: int) -> dict[str, int]:
    """The nets, with gains cut pro rata where gains less losses exceed the emission (wei)."""
    if sum(nets.values()) <= emission:
        return dict(nets)
    gains = {name: net for name, net in nets.items() if net > 0}
    burnt = -sum(net for net in nets.values() if net < 0)
    return dict(nets) | apportion(emission + burnt, gains)
