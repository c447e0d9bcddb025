"""What members propose, and what they ask of each other's updates."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from headwater.learning import SoftmaxRegression
from headwater.learning.filter import filter_update
from headwater_agents.cooperative.behaviour import (
    Copier,
    Flipper,
    Honest,
    Idle,
    Local,
    Poisoner,
    Sight,
    Smuggler,
    Turncoat,
)
from headwater_agents.cooperative.errors import CooperativeError
from headwater_agents.cooperative.measure import measure
from headwater_agents.cooperative.problem import Problem, SplitConfig, make_problem
from headwater_agents.cooperative.profiles import ASKED, TEMPLATES, context_of, deal, template

LOCAL = Local(rate=0.2, steps=3)


@pytest.fixture(scope="module")
def problem() -> Problem:
    return make_problem("hmda", SplitConfig(), np.random.default_rng(3))


def sight(problem: Problem, *, strictness: float = 0.5, theta: np.ndarray | None = None) -> Sight:
    task = SoftmaxRegression(len(problem.features), problem.classes)
    return Sight(
        round=1,
        context=context_of(problem, task, task.start(np.random.default_rng(0)) if theta is None else theta),
        profiles=tuple(dict.fromkeys(deal(problem, strictness).values())),
        filtered=strictness > 0,
        validation=problem.validation.batch,
        past=({"member-1": np.full(task.dimension, 0.1), "member-2": np.full(task.dimension, 0.3)},),
        shown={},
        local=LOCAL,
    )


def trained(problem: Problem) -> np.ndarray:
    """A model after some honest rounds, where there is something to spoil."""
    seen = sight(problem)
    theta = np.array(seen.context.theta)
    for _ in range(8):
        here = sight(problem, theta=theta)
        rng = np.random.default_rng(0)
        theta = theta + np.mean([Honest(part.batch).propose(here, rng) for part in problem.data.values()], axis=0)
    return theta


def harm(seen: Sight, update: np.ndarray) -> float:
    task, theta = seen.context.task, seen.context.theta
    return task.loss(theta + update, seen.validation) - task.loss(theta, seen.validation)


def test_an_honest_member_lowers_its_own_loss(problem: Problem) -> None:
    seen = sight(problem)
    for part in problem.data.values():
        update = Honest(part.batch).propose(seen, np.random.default_rng(0))
        task, theta = seen.context.task, seen.context.theta
        assert task.loss(theta + update, part.batch) < task.loss(theta, part.batch)


def test_a_poisoner_s_update_passes_the_filter_it_knows_and_hurts(problem: Problem) -> None:
    seen = sight(problem, theta=trained(problem))
    update = Poisoner().propose(seen, np.random.default_rng(0))
    verdict = filter_update(update, seen.profiles, seen.context, mode="reject")
    assert verdict.admissible
    assert harm(seen, update) > 1e-4
    free = Poisoner().propose(replace(seen, filtered=False), np.random.default_rng(0))
    assert harm(seen, free) > 10 * harm(seen, update), "the filter bounds what a poisoner can do"


@pytest.mark.parametrize("strictness", [0.0, 0.5])
def test_a_smuggler_passes_the_filter_improves_validation_and_hurts_its_target(
    problem: Problem, strictness: float
) -> None:
    seen = sight(problem, strictness=strictness, theta=trained(problem))
    update = Smuggler(target="selfemp").propose(seen, np.random.default_rng(0))
    assert filter_update(update, seen.profiles, seen.context, mode="reject").admissible
    assert harm(seen, update) <= -2e-4 + 1e-9
    task, theta, target = seen.context.task, seen.context.theta, seen.context.group("selfemp")
    assert task.loss(theta + update, target) > task.loss(theta, target) + 1e-3


def test_a_blunt_poisoner_is_refused(problem: Problem) -> None:
    seen = sight(problem, theta=trained(problem))
    update = Flipper(problem.data["member-1"].batch, 2).propose(seen, np.random.default_rng(0))
    assert not filter_update(update, seen.profiles, seen.context, mode="reject").admissible


def test_a_copier_sends_what_is_shown_else_the_last_round_else_nothing(problem: Problem) -> None:
    seen, rng = sight(problem), np.random.default_rng(0)
    assert np.allclose(Copier().propose(seen, rng), 0.2)
    shown = replace(seen, shown={"member-2": np.ones(seen.context.task.dimension)})
    assert np.array_equal(Copier().propose(shown, rng), np.ones(seen.context.task.dimension))
    assert not Copier().propose(replace(seen, past=()), rng).any()


def test_an_idle_member_sends_zeros_and_a_turncoat_turns(problem: Problem) -> None:
    seen, batch = sight(problem, theta=trained(problem)), problem.data["member-1"].batch
    assert not Idle().propose(seen, np.random.default_rng(0)).any()
    honest, poison = (
        member.propose(replace(seen, round=each), np.random.default_rng(0))
        for member, each in ((Turncoat(batch, turn=2), 1), (Turncoat(batch, turn=2), 2))
    )
    assert np.array_equal(honest, Honest(batch).propose(seen, np.random.default_rng(0)))
    assert np.array_equal(poison, Poisoner().propose(seen, np.random.default_rng(0)))


@pytest.mark.parametrize("data", sorted(ASKED))
def test_profiles_tighten_with_strictness_and_ask_nothing_at_zero(data: str) -> None:
    problem = make_problem(data, SplitConfig(), np.random.default_rng(0))
    for name in TEMPLATES:
        assert template(name, problem, 0.0).constraints == ()
        loose, tight = (template(name, problem, strictness).constraints[0] for strictness in (0.2, 0.9))
        assert getattr(tight, "tolerance", getattr(tight, "bound", None)) < getattr(
            loose, "tolerance", getattr(loose, "bound", None)
        )
    assert [profile.name for profile in deal(problem, 0.5).values()] == [*TEMPLATES, *TEMPLATES[:2]]


def test_templates_and_strictness_that_are_not_there_are_refused(problem: Problem) -> None:
    for strictness in (-0.1, 1.1, float("nan")):
        with pytest.raises(CooperativeError, match="strictness"):
            template("blind", problem, strictness)
    with pytest.raises(CooperativeError, match="accepted: guardian"):
        template("lazy", problem, 0.5)


@pytest.mark.parametrize("changes", [{"rate": 0.0}, {"rate": float("inf")}, {"steps": 0}, {"size": 0}])
def test_training_that_cannot_be_is_refused(changes: dict[str, float]) -> None:
    with pytest.raises(CooperativeError):
        Local(**changes)  # type: ignore[arg-type]


def test_quality_of_everybody_is_the_mean_over_the_group_and_the_rest(problem: Problem) -> None:
    task = SoftmaxRegression(len(problem.features), 2)
    found = measure(task, trained(problem), problem.test, "afam")
    share = problem.test.groups["afam"].mean()
    assert found.loss == pytest.approx(share * found.group_loss + (1 - share) * found.others_loss)
    assert found.gap == pytest.approx(found.group_loss - found.others_loss)
    everybody = problem.test.take(problem.test.groups["afam"])
    with pytest.raises(CooperativeError, match="everybody"):
        measure(task, trained(problem), everybody, "afam")
