"""Agents that bargain by a rule: rational, greedy, stubborn, scripted.

Where a plan is priced, they bargain over one number, the price of a leg. Its pie runs from `low`, where the payee has
nothing from the deal, to `high`, where the payer has nothing from it; a player's part of the pie is how far the price
lies on its side. Where nothing is priced they haggle, each in its own temper.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from headwater.deals import Negotiation
from headwater_agents.bargaining.errors import BargainError
from headwater_agents.bargaining.haggling import along, conceded, haggle
from headwater_agents.bargaining.table import Agree, Choice, Desk, Halt, Lesson, Move, Negotiator, Offer, Silence, Table


def part_price(table: Table, part: float) -> int:
    """The price (wei) at which this player has that part of the leg's pie, 0 to 1."""
    leg = table.leg
    if leg is None:
        raise BargainError("a part of the pie needs a leg")
    return along(leg.high, leg.low, part) if table.pays else along(leg.low, leg.high, part)


def bargain(table: Table, negotiation: Negotiation | None, ask: int, limit: int) -> Move:
    """Bargain over a leg: offer the price `ask`, take whatever is as good as `limit`, both in wei."""
    leg = table.leg
    if leg is None:
        raise BargainError("there is no leg to bargain over")
    if negotiation is None or negotiation.table is None:
        return Offer(table.priced(ask))
    terms = negotiation.table.terms
    amount = table.amount(terms) if table.as_planned(terms) else None
    fits = terms.deposit == leg.deposit and terms.price == leg.price(amount) if amount is not None else False
    if amount is not None and fits:
        better = amount <= limit + leg.grain if table.pays else amount >= limit - leg.grain
        if better:
            return Agree()
    if table.last_chance(negotiation):
        return Halt()
    counter = table.priced(ask)
    return Agree() if counter == terms else Offer(counter)


class Rational(Negotiator):
    """Exact: asks the fair price, by its share of the stage game, and holds to it.

    Args:
        gives_way: how far it lets the price move against it in its last turn, as a part of its fair gain: 0 holds to
            the fair price, 1 takes anything that is no worse than no deal.

    Raises:
        BargainError: not from 0 to 1.
    """

    name: ClassVar[str] = "rational"

    def __init__(self, gives_way: float = 0.0) -> None:
        self.gives_way = _part("gives_way", gives_way)

    @property
    def settings(self) -> Mapping[str, Any]:
        """How far it gives way."""
        return {"gives_way": self.gives_way} if self.gives_way else {}

    def open(self, table: Table) -> Move | None:
        """Offers the fair price."""
        if table.leg is None:
            return haggle(table, None, beta=1.0)
        return bargain(table, None, table.leg.amount, table.leg.amount)

    def reply(self, table: Table, negotiation: Negotiation) -> Move | None:
        """Takes the fair price or better, asks for it otherwise."""
        leg = table.leg
        if leg is None:
            return haggle(table, negotiation, beta=1.0)
        limit = leg.amount
        if self.gives_way and table.last_turn(negotiation):
            limit = along(leg.amount, leg.high if table.pays else leg.low, self.gives_way)
        return bargain(table, negotiation, leg.amount, limit)


class Greedy(Negotiator):
    """Asks for all of the pie and gives way late: aspiration falls as (t / (T − 1))^(1/β), down to its reserve.

    Args:
        beta: above 0; below 1 it gives way late.
        reserve: the part of the pie, 0 to 1, below which it takes no deal.

    Raises:
        BargainError: outside these.
    """

    name: ClassVar[str] = "greedy"

    def __init__(self, beta: float = 0.5, reserve: float = 0.05) -> None:
        if not beta > 0:
            raise BargainError(f"beta is above 0; got {beta}")
        self.beta = float(beta)
        self.reserve = _part("reserve", reserve)

    @property
    def settings(self) -> Mapping[str, Any]:
        """β and reserve."""
        return {"beta": self.beta, "reserve": self.reserve}

    def open(self, table: Table) -> Move | None:
        """Asks for everything."""
        return self._move(table, None)

    def reply(self, table: Table, negotiation: Negotiation) -> Move | None:
        """Takes what is as good as what it would ask next."""
        return self._move(table, negotiation)

    def _move(self, table: Table, negotiation: Negotiation | None) -> Move:
        if table.leg is None:
            return haggle(table, negotiation, self.beta)
        made = 0 if negotiation is None else negotiation.rounds
        part = 1.0 - (1.0 - self.reserve) * conceded(made, table.rounds, self.beta)
        price = part_price(table, part)
        return bargain(table, negotiation, price, price)


class Stubborn(Negotiator):
    """Asks for a fixed part of the pie, and takes nothing less.

    Args:
        part: 0 to 1.

    Raises:
        BargainError: outside these.
    """

    name: ClassVar[str] = "stubborn"

    def __init__(self, part: float = 0.8) -> None:
        self.part = _part("part", part)

    @property
    def settings(self) -> Mapping[str, Any]:
        """The part."""
        return {"part": self.part}

    def open(self, table: Table) -> Move | None:
        """Asks for its part."""
        return self._move(table, None)

    def reply(self, table: Table, negotiation: Negotiation) -> Move | None:
        """Asks for its part again."""
        return self._move(table, negotiation)

    def _move(self, table: Table, negotiation: Negotiation | None) -> Move:
        if table.leg is None:
            return haggle(table, negotiation, beta=1.0, hold=self.part)
        price = part_price(table, self.part)
        return bargain(table, negotiation, price, price)


class Scripted(Negotiator):
    """Says what a script says: a part of the pie to ask for, "agree", "halt" or "silence", one entry a turn.

    When the script is over, it is silent. Where nothing is priced, a number is the part of the way from its reserve to
    its best payoff that it holds to.

    Args:
        script: the entries.
        does: what it does whenever it can, whatever it signed; as signed unless given.

    Raises:
        BargainError: an entry that is none of these.
    """

    name: ClassVar[str] = "scripted"

    def __init__(self, script: Sequence[float | str] = ("agree",), does: str | None = None) -> None:
        for entry in script:
            if isinstance(entry, str):
                if entry not in ("agree", "halt", "silence"):
                    raise BargainError(f"a script holds parts from 0 to 1, agree, halt and silence; got {entry[:40]!r}")
            else:
                _part("an entry of a script", entry)
        self.script = tuple(script)
        self.does = does

    @property
    def settings(self) -> Mapping[str, Any]:
        """Script and deed."""
        return {"script": list(self.script)} | ({"does": self.does} if self.does is not None else {})

    def open(self, table: Table) -> Move | None:
        """The first entry."""
        return self._say(table, None, 0)

    def reply(self, table: Table, negotiation: Negotiation) -> Move | None:
        """The next entry."""
        mine = table.accounts[table.me]
        return self._say(table, negotiation, sum(message.sender == mine for message in negotiation.messages))

    def act(self, desk: Desk) -> Choice:
        """Its deed, if it can be done."""
        return Choice(self.does) if self.does in desk.choices and self.does is not None else super().act(desk)

    def _say(self, table: Table, negotiation: Negotiation | None, turn: int) -> Move:
        entry = self.script[turn] if turn < len(self.script) else "silence"
        if entry == "agree":
            return Agree()
        if entry == "halt":
            return Halt()
        if isinstance(entry, str):
            return Silence()
        if table.leg is None:
            return haggle(table, negotiation, beta=1.0, hold=entry)
        price = part_price(table, entry)
        return bargain(table, negotiation, price, price)


def _part(what: str, part: float) -> float:
    if isinstance(part, bool) or not isinstance(part, int | float) or not 0 <= part <= 1:
        raise BargainError(f"{what} is from 0 to 1; got {part!r}")
    return float(part)


__all__ = ["Greedy", "Lesson", "Rational", "Scripted", "Stubborn", "bargain", "part_price"]
