"""What lying about values is worth: income, the price of living by an agreement, and what a conviction costs.

Money is counted in incomes: 1 is what a member of the rich cluster's cooperative earns if exactly that cluster is in
it. The cooperative is the agreement that most of the cluster signed. It earns one income a head of the cluster and
divides by what members contribute, which is the same for every person: identities that add nothing earn nothing.

    payoff = income − rent · bond · identities − { care · (1 − u(true, agreed))    if it keeps what forbids it something
                                                 { caught · (income + bond)       if it breaks that
                                                 { 0                              if nothing is forbidden to it

u is the utility of `headwater.values` (1 for one's own system, 0 for the farthest). An agreement forbids what it
disapproves of (score below 0, tolerance 1 + score, as in `headwater.learning`): something is forbidden to whoever would
do more of that than is tolerated. Honest agents keep what they sign. A liar breaks it where nobody is ever caught
(without the defence), and does what pays best with it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from headwater.learning import action_scores
from headwater.values import Formation, ValuesError, ValueSystem, form, utilities
from headwater_agents.values.gaming.lies import Lie, Truth
from headwater_agents.values.gaming.worlds import LyingWorld, cooperative


class StakesError(ValuesError):
    """Stakes that make no sense."""


@dataclass(frozen=True, kw_only=True)
class Stakes:
    """What is at stake, in incomes.

    Args:
        care: what living by the farthest system would cost, at least 0.
        bond: what a member stands to lose, at least 0.
        caught: probability that a breach is proven, from 0 to 1.
        rent: what it costs to have a bond locked, per bond, at least 0.
    """

    care: float = 2.0
    bond: float = 1.0
    caught: float = 1.0
    rent: float = 0.01

    def __post_init__(self) -> None:
        for name in ("care", "bond", "rent"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0):
                raise StakesError(f"{name}: {value}; expected a finite number, 0 or more")
        if not 0 <= self.caught <= 1:
            raise StakesError(f"caught: {self.caught}; expected a probability")


@dataclass(frozen=True, kw_only=True)
class Played:
    """One lie in one world: what the liar gets with it and without it.

    Attributes:
        income: with the lie, in incomes.
        honest_income: without.
        lost: 1 − the liar's true utility of what it signed.
        honest_lost: the same of what it signs honestly.
        identities: how many bonds it has locked.
        forbidden: what it signed forbids something that it would do.
        honest_forbidden: what it signs honestly does.
        members: people in the rich cooperative.
        others: mean utility, to everybody else, of what they signed, less the same without the lie.
    """

    income: float
    honest_income: float
    lost: float
    honest_lost: float
    identities: int
    forbidden: bool
    honest_forbidden: bool
    members: int
    others: float

    def gain(self, stakes: Stakes, *, defended: bool) -> float:
        """The liar's payoff less that of honest play, in incomes (the module gives the formula)."""
        bonds = stakes.rent * stakes.bond
        honest = self.honest_income - stakes.care * self.honest_lost * self.honest_forbidden - bonds
        free = self.income - bonds * self.identities
        if not defended or not self.forbidden:
            return free - honest
        return max(free - stakes.care * self.lost, self.breaking(stakes)) - honest

    def breaking(self, stakes: Stakes) -> float:
        """The payoff of doing as it likes under the defence, where what it signed forbids that."""
        free = self.income - stakes.rent * stakes.bond * self.identities
        return free - stakes.caught * (self.income + stakes.bond)

    def breaks(self, stakes: Stakes) -> bool:
        """Whether doing as it likes pays best although it may be caught."""
        free = self.income - stakes.rent * stakes.bond * self.identities
        return self.forbidden and self.breaking(stakes) > free - stakes.care * self.lost


def play(world: LyingWorld, lie: Lie) -> Played:
    """One lie in one world; ask the result for its gain at any stakes."""
    liar = world.insider if lie.inside else world.outsider
    home = world.formation.home
    group = tuple(np.flatnonzero(home == home[liar]).tolist())
    declared = lie.declare(world, liar, group)
    truth = isinstance(lie, Truth)
    formation = world.formation if truth else form(declared.population, declared.graph, world.config)
    _, honest_income, _ = _standing(world, world.formation, (liar,))
    system, income, members = _standing(world, formation, declared.owned)
    n, own = world.population.n, world.population.system(liar)
    signed = utilities(world.population, formation.vectors[formation.home[:n]])
    rest = np.arange(n) != liar
    return Played(
        income=income,
        honest_income=honest_income,
        lost=1.0 - float(utilities(world.population, system.vector)[liar]),
        honest_lost=1.0 - float(world.utility[liar]),
        identities=len(declared.owned),
        forbidden=forbids(system, own),
        honest_forbidden=forbids(world.formation.agreements[int(home[liar])].system, own),
        members=members,
        others=float((signed - world.utility)[rest].mean()),
    )


def forbids(agreement: ValueSystem, true: ValueSystem) -> bool:
    """Whether an agreement forbids what somebody would do: more of something it disapproves of than it tolerates."""
    agreed, wanted = action_scores(agreement), action_scores(true)
    return bool(((agreed < 0) & (wanted > agreed)).any())


def _standing(world: LyingWorld, formation: Formation, owned: tuple[int, ...]) -> tuple[ValueSystem, float, int]:
    """What somebody with these identities lives by, its income, and how many people the rich cooperative has.

    It lives by the rich cooperative's agreement if one of its identities is in there, else by its first one's.
    """
    n, liar = world.population.n, owned[0]
    truly = world.rich.copy()
    truly[liar] = False  # where the liar goes does not decide which group is the rich one
    rich = cooperative(formation, truly)
    inside = any(formation.home[each] == rich for each in owned)
    people = set(np.flatnonzero(formation.home[:n] == rich).tolist()) - {liar}
    members = len(people) + inside
    home = rich if inside else int(formation.home[liar])
    return formation.agreements[home].system, float(world.rich.sum()) / members if inside else 0.0, members
