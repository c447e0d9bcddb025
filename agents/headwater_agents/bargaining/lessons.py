"""What a player learns from a negotiation of a task that is over."""

from __future__ import annotations

from collections.abc import Mapping

from headwater.deals import Status
from headwater_agents.bargaining.played import Talk
from headwater_agents.bargaining.rollouts import Profile
from headwater_agents.bargaining.table import Lesson, Negotiator, Table


def lesson_of(table: Table, talk: Talk, then: Negotiator) -> Lesson:
    """The lesson of a negotiation for one of its two."""
    without = table.view.mine(table.no_deal)
    deal = talk.negotiation.deal if talk.negotiation.status is Status.AGREED else None
    worth = without if deal is None else table.worth(deal.terms)
    if table.leg is not None:
        at_stake = table.leg.high - table.leg.low
    else:
        mine = table.view.players.index(table.me)
        other = table.view.players.index(table.other)
        pairs = (
            table.view.mine(_replaced(table.no_deal, {mine: a, other: b}))
            for a in table.view.options(table.me)
            for b in table.view.options(table.other)
        )
        at_stake = max(pairs) - without
    return Lesson(
        table=table,
        agreed=deal is not None,
        worth=without if worth is None else worth,
        without=without,
        at_stake=at_stake,
        then=then,
    )


def _replaced(profile: Profile, actions: Mapping[int, str]) -> Profile:
    return tuple(actions.get(place, action) for place, action in enumerate(profile))
