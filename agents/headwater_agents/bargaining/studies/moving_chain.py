"""A played haul brought to the DealEscrow: its deals opened and amended, judged by its record, settled by anybody."""

from __future__ import annotations

from collections.abc import Iterator

from headwater.deals import Deal, Negotiation
from headwater.deals.desk import DealDesk
from headwater.deals.twin import Paid
from headwater_agents.bargaining.studies.moving_arms import StudyError
from headwater_agents.bargaining.studies.moving_play import HaulPlayed


def signed_revisions(negotiation: Negotiation) -> Iterator[tuple[Deal, tuple[bytes, bytes]]]:
    """Every deal that was agreed on in a negotiation and those it renewed, the oldest first, with both signatures."""
    if negotiation.earlier is not None:
        yield from signed_revisions(negotiation.earlier)
    deal, signatures = negotiation.deal, negotiation.signatures
    renewed = negotiation.earlier is None or negotiation.earlier.deal != deal
    if deal is not None and signatures is not None and renewed:
        yield deal, signatures


def settle_haul(played: HaulPlayed, relay: DealDesk, resolver: DealDesk) -> tuple[Paid, ...]:
    """Open, amend, judge and settle the deals of a haul that was signed for a task of this escrow; one Paid a leg.

    The shipper's free balance has to hold every leg's deposit, and the task to be open. The relay opens and settles,
    and has no part in anything; the resolver reports who kept to each leg and the index, under the record's digest.
    A leg that was never reached is not reported: its deposit goes back.

    Raises:
        StudyError: a haul that was not signed, or a verdict that came too late for a revision.
        Reverted: what the escrow refuses.
    """
    if not played.negotiations:
        raise StudyError("nothing was signed in this haul; play it with `sign`")
    task = played.negotiations[0].task
    ids: list[bytes] = []
    for negotiation in played.negotiations:
        opened = [relay.open_deal(deal, signatures) for deal, signatures in signed_revisions(negotiation)]
        ids.append(opened[-1])
    outdated = resolver.report(task, {}, dict(zip(ids, played.verdicts, strict=False)))
    if outdated:
        raise StudyError(f"{len(outdated)} deals were amended after they were judged")
    resolver.finish(task, played.record.digest)
    return tuple(relay.settle(task, one) for one in ids)
