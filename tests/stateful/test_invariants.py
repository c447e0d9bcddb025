"""Every invariant that histories are checked for says so when it is broken by a wei."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from invariants import INVARIANTS, a_settlement_releases_nothing_that_open_positions_may_lose
from machine import first_scene
from pick import Pick
from scenes import can_play, flush, play_question
from stage import CONFIG, Divergence, Stage
from views import View


@pytest.fixture(scope="module")
def stage() -> Stage:
    """A stage in the middle of a history: positions open and settled, escrows with money, leaves that were pulled."""
    stage, seed = Stage(), 0
    first_scene(stage, Pick(Random(0)))
    while not (_escrows(stage) and _pulled(stage) and _open_positions(stage)):
        seed += 1
        assert seed < 100, "no such history"
        if not can_play(stage):
            stage.travel(stage.now + CONFIG.epoch)
        play_question(stage, Pick(Random(seed)))
        if not _pulled(stage) and any(escrow.due for escrow in stage.model.vault.escrows.values()):
            flush(stage, Pick(Random(seed)))
    stage.check(everything=True)
    return stage


def _escrows(stage: Stage) -> list[View]:
    return [("vault", "escrow", key) for key, promise in stage.model.vault.promises.items() if promise.earned]


def _pulled(stage: Stage) -> list[View]:
    return [("cascade", "taken", key) for key, amount in stage.model.cascade.ledger.taken.items() if amount]


def _open_positions(stage: Stage) -> list[View]:
    questions = stage.model.arena.questions.values()
    return [("arena", "question", (question.id,)) for question in questions if question.positions]


def _more(value: Any, index: int | None, wei: int) -> Any:
    """The value with some wei more, in one of its members if it has any."""
    if index is None:
        return value + wei
    return tuple(part + wei if i == index else part for i, part in enumerate(value))


def _staker(stage: Stage) -> View:
    return "vault", "account", (stage.agents[0].address,)


SCRATCHES: dict[str, tuple[Callable[[Stage], View], int | None, int]] = {
    "supply_is_the_sum_of_balances": (lambda stage: ("token", "totalSupply", ()), None, 1),
    "treasury_holds_what_it_owes": (lambda stage: ("treasury", "account", (1,)), 0, 1),
    "vault_holds_what_it_owes": (_staker, 0, 1),
    "cascade_holds_what_it_owes": (lambda stage: _pulled(stage)[0], None, 1),
    "reserves_belong_to_unsettled_questions": (lambda stage: _open_positions(stage)[0], 6, 1),
    "locks_are_those_of_open_positions": (_staker, 1, 1),
    "nobody_takes_more_than_a_version_has": (lambda stage: _pulled(stage)[0], None, 10**30),
    "money_promised_under_a_version_stays_there": (lambda stage: _escrows(stage)[0], 0, 1),
}
"""Invariant -> which value to change, which member of it, and by how many wei."""


@pytest.mark.parametrize("invariant", INVARIANTS, ids=lambda invariant: invariant.__name__)
def test_an_invariant_holds_in_a_sound_history(stage: Stage, invariant: Callable[..., Any]) -> None:
    assert list(invariant(stage.model, stage.seen, stage.before)) == []


@pytest.mark.parametrize("name", SCRATCHES)
def test_an_invariant_notices_what_breaks_it(stage: Stage, name: str) -> None:
    choose, index, wei = SCRATCHES[name]
    invariant = next(one for one in INVARIANTS if one.__name__ == name)
    view = choose(stage)
    wrong = _more(stage.seen[view], index, wei)
    assert list(invariant(stage.model, {**stage.seen, view: wrong}, stage.before))


def test_a_release_of_what_open_positions_may_lose_is_noticed(stage: Stage) -> None:
    view = _escrows(stage)[0]
    held, debt, due, _, keep_bps, buffer, active = stage.seen[view]
    # A position of two settled; the other still locks 100, and nothing was held back for it.
    before = {view: (held, debt, due, 200, keep_bps, buffer, active)}
    seen = {**stage.seen, view: (0, debt, due + held + 1, 100, keep_bps, 0, active)}
    assert list(a_settlement_releases_nothing_that_open_positions_may_lose(stage.model, seen, before))


def test_every_invariant_has_its_scratch() -> None:
    special = a_settlement_releases_nothing_that_open_positions_may_lose.__name__
    assert {*SCRATCHES, special} == {invariant.__name__ for invariant in INVARIANTS}


def test_a_view_that_differs_from_the_model_ends_the_history(stage: Stage) -> None:
    stage.model.vault.account(stage.agents[0].address).bonded += 1
    with pytest.raises(Divergence, match="by the rules"):
        stage.check(everything=True)
    stage.model.vault.account(stage.agents[0].address).bonded -= 1
