"""Committing twice: no free option on a second report, no wager taken back, no stake wagered under two names."""

from __future__ import annotations

import pytest

from checks import refused
from harness import SALT, TOKENS, World, audit, binary
from headwater.twin import growth, lock, net

LOW, HIGH = binary(0.2), binary(0.8)
WAGER = 400 * TOKENS


def _end(world: World, question: int, reports: dict[int, tuple[int, int]]) -> dict[int, int]:
    """Reveal what is given, resolve to outcome 0, settle; nets by forecaster."""
    times = world.system.question(question).times
    world.travel(times.commit_end)
    for who, report in reports.items():
        world.stranger.reveal(question, world.forecasters[who].address, report, SALT)
    world.travel(times.resolve_after)
    world.governor.resolve(question, 0)
    return {who: world.settle(question, who) for who in reports}


@pytest.mark.parametrize("kept", [LOW, HIGH])
def test_of_two_reports_committed_only_the_last_can_be_opened(world: World, kept: tuple[int, int]) -> None:
    question = world.open(world.series())
    who, dropped = world.forecasters[0], LOW if kept == HIGH else HIGH
    who.commit(question, dropped, WAGER, SALT)
    times, odds = world.system.question(question).times, world.system.odds(question)
    world.travel(times.commit_end - 1)
    who.commit(question, kept, WAGER, SALT)
    with refused(world, "arena: commits have ended"):
        who.commit(question, dropped, WAGER, SALT)
    with refused(world, "arena: not the committed forecast"):
        world.stranger.reveal(question, who.address, dropped, SALT)
    nets = _end(world, question, {0: kept})
    state = world.system.question(question)
    assert nets[0] == net(WAGER, growth(kept[0], odds[0]), state.capacity, WAGER, world.scale(1))


def test_a_wager_grown_step_by_step_hogs_no_more_than_one_made_at_once(world: World) -> None:
    series, hogged = world.series(), 9_000 * TOKENS
    snapshot = world.control.snapshot()
    results = []
    for steps in ([hogged], [TOKENS, 2 * TOKENS, hogged // 3, hogged - 1, hogged]):
        question = world.open(series)
        world.forecasters[0].commit(question, HIGH, WAGER, SALT)
        for wager in steps:
            world.forecasters[1].commit(question, HIGH, wager, SALT)
        assert world.system.stake(world.forecasters[1].address).locked == lock(hogged, world.scale(series))
        results.append(_end(world, question, {0: HIGH, 1: HIGH}))
        audit(world)
        world.control.revert(snapshot)
        snapshot = world.control.snapshot()
    assert results[0] == results[1]


def test_a_hog_cannot_shrink_back_once_others_have_made_room(world: World) -> None:
    question = world.open(world.series())
    world.forecasters[1].commit(question, HIGH, 9_000 * TOKENS, SALT)
    world.forecasters[0].commit(question, HIGH, TOKENS, SALT)
    for smaller in (9_000 * TOKENS - 1, TOKENS):
        with refused(world, "arena: a wager only grows"):
            world.forecasters[1].commit(question, HIGH, smaller, SALT)


def test_stake_handed_on_while_commits_are_open_is_wagered_under_one_name_only(world: World) -> None:
    series = world.series()
    first, second, bonded = world.forecasters[0], world.providers[0], 10_000 * TOKENS
    # Commits are open for longer than unbonding takes, which lets stake change hands in between.
    cooldown = int(world.system.vault.call("COOLDOWN"))
    question = world.open(series, lead=30, window=3 * cooldown)
    first.request_unbond(bonded)
    world.travel(world.backend.now() + cooldown)
    first.withdraw_stake()
    first.transfer(second.address, bonded)
    second.stake(bonded)
    with refused(world, "vault: not enough free stake"):
        first.commit(question, HIGH, WAGER, SALT)
    with refused(world, "vault: checkpoint is not older than the question"):
        second.commit(question, HIGH, WAGER, SALT, version=0, checkpoint=0)


def test_a_wager_made_before_its_stake_is_handed_on_keeps_it_locked(world: World) -> None:
    question = world.open(world.series())
    who = world.forecasters[0]
    who.commit(question, HIGH, 9_000 * TOKENS, SALT)
    locked = lock(9_000 * TOKENS, world.scale(1))
    with refused(world, "vault: more than the free stake"):
        who.request_unbond(10_000 * TOKENS - locked + 1)
    who.request_unbond(10_000 * TOKENS - locked)
