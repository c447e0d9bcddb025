"""At the end of a history everybody leaves a paused system, and statements from the events notice a missing wei."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from random import Random

import pytest
from exits import account_for_the_rest, leave
from machine import first_scene
from pick import Pick
from scenes import can_play, flush, play_question
from stage import CONFIG, Divergence, Stage
from statements import cascade_accounts, check_statements, purses, stakes, versions

from headwater.chain import Event


@pytest.fixture(scope="module")
def left() -> Stage:
    """A stage that everybody has left after a history with emissions, losses, releases and pulls."""
    stage = Stage()
    first_scene(stage, Pick(Random(0)))
    for seed in range(12):
        if not can_play(stage):
            stage.travel(stage.now + CONFIG.epoch)
        play_question(stage, Pick(Random(seed)))
    flush(stage, Pick(Random(0)))
    leave(stage)
    return stage


def test_everybody_leaves_a_paused_system_with_all_that_is_theirs(left: Stage) -> None:
    vault = left.system.vault
    assert vault.call("paused")
    assert vault.call("owed") == 0
    assert left.ran["vault.withdraw", True] >= len(left.forecasters)
    assert left.ran["vault.release", True] + left.ran["vault.close", True] > 0
    assert left.ran["cascade.withdraw", True] > 0
    assert left.ran["arena.settle", True] + left.ran["arena.settle_many", True] > 0


@pytest.mark.parametrize(
    ("statement", "contract", "event"),
    [
        (stakes, "vault", "Deposited"),
        (stakes, "vault", "Withdrawn"),
        (stakes, "arena", "Settled"),
        (versions, "vault", "Released"),
        (cascade_accounts, "cascade", "Pulled"),
        (cascade_accounts, "cascade", "Withdrawn"),
        (purses, "treasury", "Funded"),
        (purses, "cascade", "Withdrawn"),
    ],
)
def test_a_statement_notices_a_movement_that_nobody_told(
    left: Stage, statement: Callable[[Stage, Sequence[Event]], Iterator[str]], contract: str, event: str
) -> None:
    events = left.system.events(from_block=left.first_block)
    assert list(statement(left, events)) == []
    address = getattr(left.system, contract).address
    told = [one for one in events if (one.address, one.name) == (address, event) and _moves(left, one)]
    assert told
    events.remove(told[0])
    assert list(statement(left, events))


def _moves(stage: Stage, event: Event) -> bool:
    """Whether the event tells of a wei of a person's that its statement counts."""
    if "node" in event.args and event.name == "Withdrawn":
        return event["node"] in stage.by_address
    if event.name == "Pulled":
        return bool(event["child_version"] == 0)
    return event.name != "Settled" or bool(event["stake_change"])


def test_a_gift_that_nobody_knows_of_is_noticed(left: Stage) -> None:
    left.gifts[left.stranger.address] += 1
    with pytest.raises(Divergence, match="by the events"):
        check_statements(left)
    left.gifts[left.stranger.address] -= 1


def test_a_wei_that_stays_behind_unexplained_is_noticed(left: Stage) -> None:
    strays, place = left.model.token.strays, left.model.places.cascade
    strays[place] = strays.get(place, 0) - 1
    with pytest.raises(Divergence, match="the cascade keeps"):
        account_for_the_rest(left)
    strays[place] += 1
