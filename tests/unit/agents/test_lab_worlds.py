"""Scripts: drawn before anybody plays, informed as they say, and the same whoever else is there."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from headwater_agents.lab.mechanisms.base import LabError
from headwater_agents.lab.worlds import RainyWorld, Script, SyntheticWorld, World

WORLDS: list[World] = [SyntheticWorld(), RainyWorld()]


def draw(world: World, questions: int = 400, sources: int = 6, seed: int = 3) -> Script:
    return world.script(questions, sources, np.random.default_rng(seed))


def log_loss(log_odds: npt.ArrayLike, outcomes: npt.ArrayLike) -> float:
    sign = 2 * np.asarray(outcomes) - 1
    return float(np.mean(np.log1p(np.exp(-sign * np.asarray(log_odds)))))


@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.name)
def test_a_seed_gives_one_script(world: World) -> None:
    one, two, other = draw(world), draw(world), draw(world, seed=4)
    assert np.array_equal(one.outcomes, two.outcomes)
    assert np.array_equal(one.informed, two.informed)
    assert not np.array_equal(one.informed, other.informed)


@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.name)
def test_another_source_moves_nobody_elses_draws(world: World) -> None:
    few, more = draw(world, sources=4), draw(world, sources=7)
    assert np.array_equal(few.outcomes, more.outcomes)
    assert np.array_equal(few.informed, more.informed[:, :4])
    assert np.array_equal(few.noise, more.noise[:, :4])


@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.name)
def test_sources_know_more_than_the_calendar_and_more_together(world: World) -> None:
    script = draw(world, questions=3000, sources=6)
    mean = np.log(script.outcomes.mean() / (1 - script.outcomes.mean()))
    public = mean + script.season
    alone = [log_loss(public + script.informed[:, j], script.outcomes) for j in range(6)]
    pooled = log_loss(public + 1.5 * script.informed.mean(axis=1), script.outcomes)
    assert max(alone) < log_loss(public, script.outcomes)
    assert pooled < min(alone)


def test_true_odds_are_true() -> None:
    script = draw(SyntheticWorld(), questions=20_000)
    chance = 1 / (1 + np.exp(-script.truth))
    for low in (0.1, 0.3, 0.5, 0.7):
        within = (chance >= low) & (chance < low + 0.2)
        assert script.outcomes[within].mean() == pytest.approx(chance[within].mean(), abs=0.03)


def test_a_source_adds_the_posterior_mean_of_the_hidden_state() -> None:
    script = draw(SyntheticWorld(inequality=0.0, season=0.0, mean=0.0), questions=20_000, sources=1)
    slope = float((script.informed[:, 0] @ script.truth) / (script.informed[:, 0] @ script.informed[:, 0]))
    assert slope == pytest.approx(1.0, abs=0.03)
    assert script.scale[0] == pytest.approx(float(script.informed[:, 0].std()), rel=0.03)


def test_persistence_makes_an_outcome_tell_of_the_next() -> None:
    apart = draw(SyntheticWorld(season=0.0), questions=5000).outcomes
    joined = draw(SyntheticWorld(season=0.0, persistence=0.8), questions=5000).outcomes
    assert np.mean(joined[1:] == joined[:-1]) > np.mean(apart[1:] == apart[:-1]) + 0.05


def test_overlapping_windows_leak_the_last_outcome_on_rain() -> None:
    apart, joined = draw(RainyWorld(), 1000).outcomes, draw(RainyWorld(stride=1), 1000).outcomes
    assert np.mean(joined[1:] == joined[:-1]) > np.mean(apart[1:] == apart[:-1]) + 0.1


def test_less_effort_is_a_noisier_signal_and_none_is_no_signal() -> None:
    script = draw(SyntheticWorld(), questions=4000, sources=1)

    def loss(effort: float) -> float:
        told = [script.signal(t, 0, effort, 0.5) for t in range(script.questions)]
        return log_loss(script.season - 0.4 + np.array(told), script.outcomes)

    losses = [loss(effort) for effort in (1.0, 0.5, 0.1, 0.0)]
    assert losses == sorted(losses)
    assert script.signal(5, 0, 1.0, 0.5) == script.informed[5, 0]
    assert script.signal(5, 0, 0.0, 0.5) == 0.0


def test_sources_beyond_the_members_know_nothing() -> None:
    assert not draw(RainyWorld(), sources=13).informed[:, 11:].any()


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"spread": 0.0}, "spread"), ({"persistence": 1.0}, "persistence"), ({"quality": -1.0}, "quality")],
)
def test_worlds_that_cannot_be_are_refused(settings: dict[str, float], message: str) -> None:
    with pytest.raises(LabError, match=message):
        SyntheticWorld(**settings)


def test_effort_out_of_range_is_refused() -> None:
    with pytest.raises(LabError, match=r"effort is 1\.5"):
        draw(SyntheticWorld(), questions=2).signal(0, 0, 1.5, 0.5)
