"""A cooperative that trains, and the arms it is compared with."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from headwater.learning import FrozenFeatures, Profile, ProtectedLoss, Settings, check
from headwater_agents.cooperative.behaviour import Copier, Honest, Idle, Smuggler
from headwater_agents.cooperative.engine import Member, Trainer, ground_of
from headwater_agents.cooperative.errors import CooperativeError
from headwater_agents.cooperative.trial import ARMS, LIARS, Setting, Stage, breaches, play, set_up

SHORT = {"data": "hmda", "rounds": 6, "strictness": 0.5}


@pytest.fixture(scope="module")
def stage() -> Stage:
    return set_up(Setting(rounds=6), seed=1)


@pytest.fixture(scope="module")
def record() -> dict[str, dict]:
    return play(list(ARMS), 1, **SHORT)


def trained(stage: Stage, arm: str, rounds: int = 6) -> Trainer:
    trainer = stage.trainer(arm)
    for _ in range(rounds):
        trainer.step()
    return trainer


def test_training_lowers_the_loss_of_everybody(stage: Stage) -> None:
    trainer = trained(stage, "project")
    batch = stage.problem.test.batch
    start = trainer.rounds[0].theta
    assert stage.task.loss(trainer.theta, batch) < 0.7 * stage.task.loss(start, batch)


@pytest.mark.parametrize("arm", ["project", "reject"])
def test_what_filtered_arms_apply_breaks_no_declared_constraint(stage: Stage, arm: str) -> None:
    found = breaches(stage, trained(stage, arm))
    assert found["broken"]["proposed"] > 0, "there was something to filter"
    assert found["broken"]["applied"] == 0
    assert found["broken"]["mean"] == 0
    assert set(found["excess"].values()) == {0.0}


def test_without_a_filter_what_is_applied_is_what_was_proposed_and_breaks_constraints(stage: Stage) -> None:
    found = breaches(stage, trained(stage, "no-filter"))
    assert found["broken"]["applied"] == found["broken"]["proposed"] > 0
    assert set(found["admitted"].values()) == {1.0}


@pytest.mark.parametrize("data", ["hmda", "rain"])
@pytest.mark.parametrize("arm", ["project", "reject", "no-filter"])
def test_liars_are_not_paid_by_value_constrained_credit(data: str, arm: str) -> None:
    stage = set_up(Setting(data=data, rounds=8), seed=2)
    totals = trained(stage, arm, 8).ledger.totals
    assert totals["idle"] == 0
    assert totals["copier"] <= 1e-12
    assert totals["poisoner"] <= 0


def test_rivals_pay_who_brings_nothing(record: dict[str, dict]) -> None:
    volume, shapley = record["arms"]["volume"]["shares"], record["arms"]["shapley"]["shares"]
    assert volume["idle"] == volume["copier"] == volume["poisoner"] > 0
    assert shapley["copier"] > 0
    for arm in ("project", "reject", "no-filter"):
        shares = record["arms"][arm]["shares"]
        assert shares["idle"] == 0
        assert shares["copier"] < 1e-9
        assert shares["poisoner"] == 0


def test_inadmissible_updates_earn_exactly_zero(stage: Stage) -> None:
    trainer = trained(stage, "reject")
    refused = [
        float(credit)
        for each in trainer.rounds
        for verdict, credit in zip(each.verdicts, each.credit.values, strict=True)
        if not verdict.admissible
    ]
    assert refused
    assert set(refused) == {0.0}


def test_rivals_train_the_model_that_no_filter_trains(record: dict[str, dict]) -> None:
    arms = record["arms"]
    assert arms["volume"]["quality"] == arms["shapley"]["quality"] == arms["no-filter"]["quality"]
    assert arms["project"]["quality"] != arms["no-filter"]["quality"]


def test_shares_sum_to_one_or_are_all_zero(record: dict[str, dict]) -> None:
    for arm in record["arms"].values():
        assert sum(arm["shares"].values()) == pytest.approx(1.0) or not any(arm["shares"].values())


def test_a_play_depends_on_its_arguments_alone_and_seeds_differ() -> None:
    short = {**SHORT, "rounds": 2}
    assert play(["project"], 1, **short) == play(["project"], 1, **short)
    assert play(["project"], 1, **short)["arms"] != play(["project"], 2, **short)["arms"]


def test_an_arm_s_result_does_not_hang_on_which_others_are_played() -> None:
    short = {**SHORT, "rounds": 2}
    assert play(["project"], 1, **short)["arms"]["project"] == play(list(ARMS), 1, **short)["arms"]["project"]


def test_at_strictness_zero_filtered_arms_train_what_no_filter_trains() -> None:
    found = play(["project", "reject", "no-filter"], 1, **{**SHORT, "strictness": 0.0, "rounds": 3})["arms"]
    assert found["project"]["quality"] == found["reject"]["quality"] == found["no-filter"]["quality"]
    assert found["project"]["broken"] == {"proposed": 0, "applied": 0, "mean": 0}


def test_a_group_s_loss_on_the_reference_does_not_rise_under_a_guardian_without_tolerance() -> None:
    stage = set_up(Setting(rounds=6), seed=1)
    guarded = replace(stage, profiles=(Profile("guardian", (ProtectedLoss(group="afam", tolerance=0.0),)),))
    trainer = trained(guarded, "project")
    group = stage.problem.reference.group("afam").batch
    losses = [stage.task.loss(each.theta, group) for each in trainer.rounds] + [stage.task.loss(trainer.theta, group)]
    assert all(later <= earlier + 1e-9 for earlier, later in pairwise(losses))


def test_a_frozen_protected_feature_is_never_used() -> None:
    stage = set_up(Setting(rounds=4), seed=1)
    blind = replace(stage, profiles=(Profile("blind", (FrozenFeatures(features=("afam",)),)),))
    trainer = trained(blind, "project", 4)
    at = stage.task.indices(stage.problem.features.index("afam"))
    assert np.abs(trainer.theta[at]).max() <= 4e-9  # each round may leave rounding
    assert np.abs(trained(stage, "no-filter", 4).theta[at]).max() > 0.01


def test_a_copier_that_sees_the_round_is_later_than_what_it_copies_and_earns_nothing(stage: Stage) -> None:
    batch = stage.problem.data["member-1"].batch
    trainer = Trainer(
        ground_of(stage.problem, stage.task),
        [Member(name="ada", behaviour=Honest(batch)), Member(name="copier", behaviour=Copier(), late=True)],
        (),
        stage.problem.validation.batch,
        local=stage.local,
        settings=Settings(),
        theta=np.zeros(stage.task.dimension),
        seed=1,
    )
    played = trainer.step()
    assert np.array_equal(played.submissions[0].update, played.submissions[1].update)
    assert trainer.ledger.totals["copier"] == 0
    assert trainer.ledger.totals["ada"] > 0


def test_a_smuggler_breaks_no_profile() -> None:
    stage = set_up(Setting(rounds=4), seed=1)
    smuggler = Member(name="smuggler", behaviour=Smuggler(target="selfemp"), size=100.0)
    trainer = trained(replace(stage, members=(*stage.members, smuggler)), "project", 4)
    for each in trainer.rounds:
        at = each.agents.index("smuggler")
        found = check(each.submissions[at].update, stage.profiles, trainer.ground.at(each.theta))
        assert all(item.kept for item in found)


def test_a_cooperative_of_idle_members_stays_where_it_is_and_pays_nobody(stage: Stage) -> None:
    trainer = trained(replace(stage, members=(Member(name="idle", behaviour=Idle()),)), "project", 3)
    assert not trainer.theta.any()
    assert trainer.ledger.totals == {"idle": 0.0}
    assert trainer.ledger.shares() == {"idle": 0.0}


def test_one_honest_member_alone_is_paid_everything(stage: Stage) -> None:
    alone = replace(stage, members=stage.members[:1], profiles=())
    assert trained(alone, "no-filter", 1).ledger.shares() == {"member-1": 1.0}


def test_cooperatives_that_cannot_be_are_refused(stage: Stage) -> None:
    twice = replace(stage, members=(stage.members[0], stage.members[0]))
    for wrong, said in ((replace(stage, members=()), "at least one"), (twice, "one name")):
        with pytest.raises(CooperativeError, match=said):
            wrong.trainer("project")
    with pytest.raises(CooperativeError, match="no arm 'pay-all'"):
        stage.trainer("pay-all")


@pytest.mark.parametrize(
    "changes",
    [
        {"data": "titanic"},
        {"rounds": 0},
        {"rounds": 1_001},
        {"strictness": -0.1},
        {"strictness": float("nan")},
        {"members": 0},
        {"members": 13},
        {"skew": 0.0},
    ],
)
def test_settings_that_cannot_be_played_are_refused(changes: dict) -> None:
    with pytest.raises(CooperativeError):
        Setting(**changes)


def test_the_liars_are_the_three_that_the_arms_are_judged_by(stage: Stage) -> None:
    assert tuple(member.name for member in stage.members[-3:]) == LIARS
    assert len(set_up(Setting(liars=False), seed=1).members) == 6


def test_members_draw_for_themselves_and_do_not_hang_on_who_else_is_there(stage: Stage) -> None:
    batch = stage.problem.data["member-1"].batch
    twins = [Member(name=name, behaviour=Honest(batch)) for name in ("ada", "bo", "cy")]

    def proposed(members: list[Member]) -> dict[str, np.ndarray]:
        trainer = replace(stage, members=tuple(members)).trainer("no-filter")
        return {item.agent: item.update for item in trainer.submissions()}

    three, two = proposed(twins), proposed(twins[:2])
    assert not np.array_equal(three["ada"], three["bo"]), "the same rows, other draws"
    assert all(np.array_equal(three[name], two[name]) for name in two)
