"""Random histories over all five contracts end as the rules say, step by step, and everybody gets out."""

from __future__ import annotations

import pytest
from machine import machine_on, play
from stage import Stage
from verbs import VERBS


@pytest.fixture(scope="module")
def stage() -> Stage:
    return Stage()


def test_random_histories_follow_the_rules_and_everybody_gets_out(stage: Stage) -> None:
    machine = machine_on(stage)
    play(machine, histories=8, steps=25)
    run = machine.run
    assert run.histories >= 8
    assert run.rules["leave"] == run.histories
    assert run.transactions > 500
    assert sum(name in run.rules for name in VERBS) > len(VERBS) // 2
    for call in (
        "arena.commit",
        "arena.reveal",
        "arena.resolve",
        "arena.settle",
        "arena.settle_many",
        "arena.expire",
        "vault.open_escrow",
        "vault.close",
        "vault.withdraw",
        "cascade.pull_list",
        "cascade.pull_share",
        "cascade.withdraw",
    ):
        assert stage.ran[call, True] > 0, f"{call} never happened"


def test_the_same_seed_plays_the_same_histories_and_another_one_others(stage: Stage) -> None:
    last = []
    for number in (3, 3, 4):
        play(machine_on(stage), histories=3, steps=3, number=number)
        last.append(stage.transcript)
    assert last[0] == last[1] != last[2]
    assert len(last[0]) > 20
