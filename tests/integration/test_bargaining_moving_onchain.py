"""A haul whose price moves, on the chain: its deals are opened, amended, judged and settled to the wei."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from deal_cases import Hall, new_hall
from harness import new_backend
from headwater_agents.bargaining.studies.moving_arms import FIXED, RENEWED, RULE, Arm, StudyError, plan
from headwater_agents.bargaining.studies.moving_chain import settle_haul, signed_revisions
from headwater_agents.bargaining.studies.moving_play import HaulPlayed, Parties, play_haul, rolls_of
from headwater_agents.games.haul import CARRIER, LEG, SHIPPER, Haul

GAME = Haul(legs=3, volatility=10)


@pytest.fixture(scope="module")
def _deployed() -> Hall:
    return new_hall(new_backend(seed=9), seed=9)


@pytest.fixture
def hall(_deployed: Hall) -> Iterator[Hall]:
    snapshot, tasks = _deployed.backend.snapshot(), list(_deployed.tasks)
    yield _deployed
    _deployed.audit()
    _deployed.backend.revert(snapshot)
    _deployed.tasks = tasks


def played_on(hall: Hall, arm: Arm, seed: int) -> HaulPlayed:
    """A haul whose deals are signed for a task of the hall's escrow, its deposits at hand."""
    hall.payer.deposit(GAME.legs * LEG)
    sign = Parties(
        shipper=hall.payer.account,
        carrier=hall.payee.account,
        domain=hall.escrow.domain,
        task=hall.task(pot=0),
        now=hall.backend.now(),
    )
    return play_haul(plan(GAME, arm), rolls_of(GAME, seed), sign=sign)


def first_seed(arm: Arm, *, revised: bool = False, left: bool = False) -> int:
    made = plan(GAME, arm)
    for seed in range(1, 100):
        found = play_haul(made, rolls_of(GAME, seed))
        if bool(found.revisions) == revised and (found.quitter == CARRIER) == left:
            return seed
    raise AssertionError(arm)


@pytest.mark.parametrize(
    ("arm", "revised", "left"),
    [(RULE, False, False), (RENEWED, True, False), (FIXED, False, True)],
    ids=["a rule", "a revision at a checkpoint", "a carrier that leaves"],
)
def test_a_haul_settles_to_what_its_play_says_to_the_wei(hall: Hall, arm: Arm, revised: bool, left: bool) -> None:
    played = played_on(hall, arm, first_seed(arm, revised=revised, left=left))
    found = settle_haul(played, hall.stranger, hall.resolver)
    reached = len(played.verdicts)
    assert tuple(one.paid for one in found) == (*played.paid, *(0,) * (GAME.legs - reached))
    assert all(one.paid + one.refunded == LEG for one in found)
    task = hall.tasks[-1]
    assert hall.escrow.task(task).record == played.record.digest
    moved = hall.stranger.collect(task, hall.payee.address)
    assert moved == sum(played.paid) == played.payoffs[CARRIER] - played.state.earned[CARRIER]
    assert hall.free(hall.payer) == GAME.legs * LEG - sum(played.paid)
    assert played.payoffs[SHIPPER] == played.state.earned[SHIPPER] - sum(played.paid)
    if revised:
        deals = hall.escrow.deals(task)
        assert [one.revision for one in deals.values()] == [
            len(list(signed_revisions(negotiation))) - 1 for negotiation in played.negotiations
        ]
        assert any(one.revision == 1 for one in deals.values())
    if left:
        assert reached == 1 or played.paid[-1] == 0
        assert found[-1].refunded == LEG


def test_a_haul_that_was_not_signed_cannot_be_settled(hall: Hall) -> None:
    with pytest.raises(StudyError, match="sign"):
        settle_haul(play_haul(plan(GAME, RULE), rolls_of(GAME, 1)), hall.stranger, hall.resolver)
