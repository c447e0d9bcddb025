"""Weighted earned value: credit by plan, in the terms of project management (PMI, Practice Standard for EVM).

A specification plans: work package p is worth planned_p percent of the pot, and role r is to have shares_{p,r} percent
of it. With BAC, the budget at completion, the pot:

    PV_{p,r}   = BAC · planned_p / 100 · shares_{p,r} / 100        planned value
    complete_p = weight of p's tests that pass / weight of all     percent complete, measured on the finished program
    d_r        = 1 if r handed in anything at all, else 0
    EV_r       = d_r · Σ_p PV_{p,r} · complete_p                   earned value
    AC_r       = r's effort                                        actual cost
    CV_r = EV_r − AC_r,  SV_r = EV_r − PV_r,  CPI_r = EV_r / AC_r,  SPI_r = EV_r / PV_r
    share_r    = reward · EV_r / Σ EV                              so that the shares sum to the reward

One run of one program is enough for it, where the Shapley value needs one for each coalition. But it asks what was
planned and what is finished, never what caused it: an artefact that changes nothing earns as planned as soon as
others finish the package, harm is not charged to who did it, and who rescues a package earns no more than planned.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from headwater.credit import divide
from headwater_agents.games.software.artefacts import ROLES
from headwater_agents.games.software.contribution import ContributionGame


@dataclass(frozen=True)
class EarnedValue:
    """One role's figures; `planned` and `earned` are exact fractions of wei, `cost` and `share` whole wei."""

    role: str
    delivered: bool
    planned: Fraction
    earned: Fraction
    cost: int
    share: int

    @property
    def cost_variance(self) -> Fraction:
        """CV = EV − AC, wei."""
        return self.earned - self.cost

    @property
    def schedule_variance(self) -> Fraction:
        """SV = EV − PV, wei."""
        return self.earned - self.planned

    @property
    def cost_index(self) -> Fraction | None:
        """CPI = EV / AC; None where nothing was spent."""
        return self.earned / self.cost if self.cost else None

    @property
    def schedule_index(self) -> Fraction | None:
        """SPI = EV / PV; None where nothing was planned."""
        return self.earned / self.planned if self.planned else None


def earned_value(game: ContributionGame) -> tuple[EarnedValue, ...]:
    """Every role's earned value in a finished task, in the order of ROLES."""
    specification = game.judge.specification
    complete = specification.complete(game.scores[-1].passed)
    rows = []
    for player, role in enumerate(ROLES):
        handed_in = game.log.of((role,))
        worth = [
            game.pot * Fraction(package.planned, 100) * Fraction(package.shares[player], 100)
            for package in specification.packages
        ]
        delivered = any(not artefact.empty for artefact in handed_in)
        earned = sum((value * part for value, part in zip(worth, complete, strict=True)), Fraction(0))
        cost = sum(artefact.effort for artefact in handed_in)
        rows.append((role, delivered, sum(worth, Fraction(0)), earned if delivered else Fraction(0), cost))
    # Who passes a test has code, and every package plans a share for the programmer: a reward has earned value.
    shares = divide(game.reward, [row[3] for row in rows]) if game.reward else [0] * len(rows)
    return tuple(EarnedValue(*row, share) for row, share in zip(rows, shares, strict=True))
