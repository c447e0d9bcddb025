"""What an agent sees when it bargains, what it can answer, and what an agent is.

`Negotiator` is the class to write one's own agent with: `open` and `reply` say what to offer or answer, `act` what to
do, `learned` what it becomes after a task. An agent is a pure policy: all it knows is in the `Table` or `Desk` it is
given, chance included, and it changes nothing.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from headwater.deals import Negotiation, Price, Terms
from headwater.units import WAD
from headwater_agents.bargaining.arm import Arm
from headwater_agents.bargaining.errors import BargainError
from headwater_agents.bargaining.plan import Leg, Plan
from headwater_agents.bargaining.rollouts import Profile, Rollouts
from headwater_agents.games import Game


@dataclass(frozen=True, slots=True)
class Offer:
    """Propose, or counter. `words` go with it, unsigned; `tokens` is what it cost a model to say."""

    terms: Terms
    words: str = ""
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class Agree:
    """Take what is on the table."""

    words: str = ""
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class Halt:
    """End it without a deal."""

    words: str = ""
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class Silence:
    """Say nothing until the time for an answer is over. None means the same."""

    words: str = ""
    tokens: int = 0


Move = Offer | Agree | Halt | Silence


@dataclass(frozen=True, slots=True)
class Choice:
    """An action, with what a model said and spent on it."""

    action: str
    words: str = ""
    tokens: int = 0


class View:
    """What a player may know of the stage's prospects in this arm: its own payoffs, or everybody's."""

    def __init__(self, rollouts: Rollouts, player: int, arm: Arm) -> None:
        self._rollouts = rollouts
        self._arm = arm
        self.player = player

    @property
    def players(self) -> tuple[int, ...]:
        """Who acts in this stage."""
        return self._rollouts.players

    def options(self, player: int) -> tuple[str, ...]:
        """What a player of the stage may do in it."""
        return self._rollouts.options[self.players.index(player)]

    def mine(self, profile: Profile) -> int:
        """Wei this player can expect from a joint action, the team's earning divided equally."""
        return self._rollouts.prospect(profile).payoffs[self.player]

    def everybodys(self, profile: Profile) -> tuple[int, ...]:
        """The same for every player of the game. Raises BargainError in the arms that price nothing."""
        if not self._arm.prices:
            raise BargainError(f"in the arm {self._arm} an agent knows its own payoffs only")
        return self._rollouts.prospect(profile).payoffs


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """What a player sees of one negotiation.

    Attributes:
        game: the rules, and `state` where the play stands; for words and choices.
        me: this player's number, and `other` whom it bargains with.
        accounts: address of every player.
        names: name of every player's agent.
        arm: how agents bargain.
        checkpoint: number of the stage, from 0.
        rounds: offers that can be made in all.
        view: what it can expect.
        no_deal: what the stage's players do without any deal.
        leg: the payment bargained over, and `plan` what it is part of; None in the arm that prices nothing.
        draw: this player's chance in this negotiation, in [0, 1).
        refused: why this player's last attempts to speak were refused, in this very turn.
    """

    game: Game[Any]
    state: Any
    me: int
    other: int
    accounts: tuple[str, ...]
    names: tuple[str, ...]
    arm: Arm
    checkpoint: int
    rounds: int
    view: View
    no_deal: Profile
    leg: Leg | None
    plan: Plan | None
    draw: float
    refused: tuple[str, ...] = ()

    @property
    def pays(self) -> bool:
        """Whether this player is the payer of the leg. Raises BargainError: no leg."""
        return self._leg().payer == self.me

    def player(self, address: str) -> int:
        """Whose address that is. Raises BargainError."""
        try:
            return self.accounts.index(address)
        except ValueError:
            raise BargainError(f"{address} is nobody's address here") from None

    def priced(self, amount: int) -> Terms:
        """The plan's actions, at another price in wei: the nearest that can be written. Raises BargainError: no leg."""
        leg, actions = self._leg(), self._plan().actions
        return Terms(
            payer=self.accounts[leg.payer],
            payee=self.accounts[leg.payee],
            payer_action=actions[leg.payer],
            payee_action=actions[leg.payee],
            price=leg.price(amount),
            deposit=leg.deposit,
        )

    def deposited(self, payer: int, mine: str, others: str, amount: int) -> Terms:
        """Terms of any kind: both actions, and an amount in wei that the payer locks, 0 or more."""
        payee = self.other if payer == self.me else self.me
        actions = {self.me: mine, self.other: others}
        return Terms(
            payer=self.accounts[payer],
            payee=self.accounts[payee],
            payer_action=actions[payer],
            payee_action=actions[payee],
            price=Price.fixed(WAD if amount else 0),
            deposit=amount,
        )

    def amount(self, terms: Terms) -> int | None:
        """Wei that would pass under a fixed price; None where that is a share of a reward this player does not know."""
        if terms.deposit:
            return terms.amount(terms.deposit)  # at state 0: the state of a forfeit is not to come
        if terms.price.most == 0:
            return 0
        if self.leg is not None and self.leg.deposit == 0 and terms.payer == self.accounts[self.leg.payer]:
            return terms.amount(self.leg.base)
        if terms.payer == self.accounts[self.me]:
            return terms.amount(max(self.view.mine(self.profile(terms)), 0))
        return None

    def profile(self, terms: Terms) -> Profile:
        """The stage's joint action if these two do as the terms say, and others as planned, or as without a deal."""
        said = {self.player(terms.payer): terms.payer_action, self.player(terms.payee): terms.payee_action}
        return tuple(
            said.get(player) or (self.plan.actions[player] if self.plan else usual)
            for player, usual in zip(self.view.players, self.no_deal, strict=True)
        )

    def as_planned(self, terms: Terms) -> bool:
        """Whether terms name the leg's payer, payee and actions. Raises BargainError: no leg."""
        fair = self.priced(self._leg().amount)
        return (terms.payer, terms.payer_action, terms.payee_action) == (
            fair.payer,
            fair.payer_action,
            fair.payee_action,
        )

    def worth(self, terms: Terms) -> int | None:
        """Wei this player can expect under terms, from this deal and no other; None where it cannot tell."""
        amount = self.amount(terms)
        if amount is None:
            return None
        passed = -amount if terms.payer == self.accounts[self.me] else amount
        return self.view.mine(self.profile(terms)) + passed

    def last_chance(self, negotiation: Negotiation) -> bool:
        """Whether the offer on the table can only be taken or left."""
        return negotiation.rounds >= self.rounds

    def last_turn(self, negotiation: Negotiation) -> bool:
        """Whether this player will not speak again if it answers with an offer, or cannot offer any more."""
        return negotiation.rounds >= self.rounds - 1

    def _leg(self) -> Leg:
        if self.leg is None:
            raise BargainError(f"in the arm {self.arm} there is no plan and no leg to price")
        return self.leg

    def _plan(self) -> Plan:
        if self.plan is None:
            raise BargainError(f"in the arm {self.arm} there is no plan")
        return self.plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What a player sees when it acts.

    Attributes:
        game: the rules, and `state` where the play stands.
        me: this player's number.
        arm: how agents bargain.
        bound: what it has signed to do in this stage; None without a deal.
        usual: what it would do by best reply, given what others have signed or planned.
        choices: what it may do.
        draw: this player's chance here, in [0, 1).
    """

    game: Game[Any]
    state: Any
    me: int
    arm: Arm
    bound: str | None
    usual: str
    choices: tuple[str, ...]
    draw: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """What a player learns from one negotiation, when the task is over.

    Attributes:
        table: as the player saw it.
        agreed: whether there was a deal, and `worth` what it was to be worth by then-known prospects, wei.
        without: wei expected without a deal.
        at_stake: wei the player could have gained at most over having no deal.
        then: the agent as it was in that task.
    """

    table: Table
    agreed: bool
    worth: int
    without: int
    at_stake: int
    then: Negotiator


class Negotiator(ABC):
    """An agent: a pure policy. Two agents of the same settings are the same agent."""

    name: ClassVar[str]

    @property
    def settings(self) -> Mapping[str, Any]:
        """What it was made with, as JSON."""
        return {}

    @abstractmethod
    def open(self, table: Table) -> Move | None:
        """What to say first. None is silence."""

    @abstractmethod
    def reply(self, table: Table, negotiation: Negotiation) -> Move | None:
        """What to say to the other's offer, which is `negotiation.table`. None is silence."""

    def act(self, desk: Desk) -> Choice:
        """What to do: what was signed, if it can still be done; otherwise the best reply."""
        if desk.bound is not None and desk.bound in desk.choices:
            return Choice(desk.bound)
        return Choice(desk.usual)

    def learned(self, lesson: Lesson) -> Negotiator:
        """The agent after a negotiation of a task that is over; most learn nothing."""
        return self
