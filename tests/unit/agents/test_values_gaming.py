"""Lies about values: what they change, what they are worth, and what the study and its command say of it."""

import importlib.util
import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from headwater.values import ValueSystem
from headwater_agents.cli.command import headwater
from headwater_agents.values.gaming.lies import LIES, WIDE, Bound, Enter, Shift, Truth
from headwater_agents.values.gaming.stakes import Played, Stakes, StakesError, forbids, play
from headwater_agents.values.gaming.study import POSER, lies_grids, lies_study
from headwater_agents.values.gaming.worlds import LyingWorld, cooperative, lying_world

DOCS = Path(__file__).parents[3] / "docs"

PLAYED = Played(
    income=1.5,
    honest_income=0.5,
    lost=0.3,
    honest_lost=0.1,
    identities=3,
    forbidden=True,
    honest_forbidden=True,
    members=10,
    others=0.0,
)


@pytest.fixture(scope="module")
def world() -> LyingWorld:
    return lying_world(1, 30)


def test_a_world_has_an_insider_and_an_outsider_of_the_cooperative_that_earns(world: LyingWorld) -> None:
    rich = cooperative(world.formation, world.rich)
    assert world.rich[world.insider]
    assert world.formation.home[world.insider] == rich
    assert not world.rich[world.outsider]
    assert world.formation.home[world.outsider] != rich


def test_the_same_seed_draws_the_same_world(world: LyingWorld) -> None:
    again = lying_world(1, 30)
    assert np.array_equal(again.population.vectors, world.population.vectors)
    assert not np.array_equal(lying_world(2, 30).population.vectors, world.population.vectors)


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie.name)
def test_a_lie_changes_what_the_liar_declares_and_nothing_else(world: LyingWorld, lie: object) -> None:
    liar = world.insider if lie.inside else world.outsider  # type: ignore[attr-defined]
    home = world.formation.home
    group = tuple(np.flatnonzero(home == home[liar]).tolist())
    declared = lie.declare(world, liar, group)  # type: ignore[attr-defined]
    n = world.population.n
    others = np.arange(n) != liar
    assert declared.owned[0] == liar
    assert declared.population.n == declared.graph.n == n + len(declared.owned) - 1
    assert np.array_equal(declared.population.vectors[:n][others], world.population.vectors[others])
    assert np.array_equal(declared.population.bounds.weights[:n][others], world.population.bounds.weights[others])


def test_who_poses_as_one_of_them_declares_their_mean_and_refuses_nothing(world: LyingWorld) -> None:
    declared = Enter(mixture=1.0).declare(world, world.outsider, ())
    assert declared.population.vectors[world.outsider] == pytest.approx(world.population.vectors[world.rich].mean(0))
    assert declared.population.bounds.weights[world.outsider] == WIDE


def test_a_crowd_of_identities_declares_the_same(world: LyingWorld) -> None:
    declared = Shift(factor=0.0, identities=4).declare(world, world.insider, (world.insider,))
    rows = declared.population.vectors[list(declared.owned)]
    assert np.array_equal(rows, np.repeat(world.population.vectors[world.insider][None], 4, axis=0))


def test_a_bound_is_scaled_and_the_values_stay_true(world: LyingWorld) -> None:
    declared = Bound(factor=0.5).declare(world, world.insider, ())
    assert declared.population.bounds.weights[world.insider] == world.population.bounds.weights[world.insider] / 2
    assert np.array_equal(declared.population.vectors, world.population.vectors)


def test_gains_are_what_the_formula_says() -> None:
    stakes = Stakes(care=2.0, bond=4.0, caught=0.25, rent=0.01)
    honest = 0.5 - 2.0 * 0.1 - 0.04
    free = 1.5 - 3 * 0.04
    assert PLAYED.gain(stakes, defended=False) == pytest.approx(free - honest)
    # Keeping it costs 2 · 0.3, breaking it 0.25 · (1.5 + 4).
    assert PLAYED.gain(stakes, defended=True) == pytest.approx(free - 0.6 - honest)
    assert not PLAYED.breaks(stakes)
    rarely = replace(stakes, caught=0.1)
    assert PLAYED.gain(rarely, defended=True) == pytest.approx(free - 0.55 - honest)
    assert PLAYED.breaks(rarely)


def test_where_nothing_is_forbidden_the_defence_changes_nothing() -> None:
    played = replace(PLAYED, forbidden=False)
    assert played.gain(Stakes(), defended=True) == played.gain(Stakes(), defended=False)
    assert not played.breaks(Stakes(caught=0.0))


def test_telling_the_truth_gains_nothing_under_the_defence_and_the_cost_of_its_word_without(world: LyingWorld) -> None:
    stakes = Stakes()
    for lie in (Truth(), Truth(inside=False)):
        played = play(world, lie)
        assert played.gain(stakes, defended=True) == pytest.approx(0)
        kept = stakes.care * played.honest_lost * played.honest_forbidden
        assert played.gain(stakes, defended=False) == pytest.approx(kept)
        assert played.others == 0


def test_a_poser_is_let_in_and_lives_far_from_its_values(world: LyingWorld) -> None:
    played = play(world, POSER)
    assert played.income > 0 == played.honest_income
    assert played.lost > played.honest_lost


def test_who_exaggerates_much_is_refused_and_loses_its_income(world: LyingWorld) -> None:
    played = play(world, Shift(factor=2.0))
    assert played.honest_income > 0 == played.income


def test_an_agreement_forbids_more_of_what_it_disapproves_of_than_it_tolerates() -> None:
    agreed = ValueSystem(np.array([0.5, 0.5]), np.array([[-0.4, -0.4], [0.6, 0.6]]))
    keener = ValueSystem(np.array([0.5, 0.5]), np.array([[-0.2, -0.2], [0.6, 0.6]]))
    colder = ValueSystem(np.array([0.5, 0.5]), np.array([[-0.9, -0.9], [1.0, 1.0]]))
    assert forbids(agreed, keener)
    assert not forbids(agreed, colder)
    assert not forbids(agreed, agreed)


@pytest.mark.parametrize(
    "wrong", [{"care": -1.0}, {"bond": float("nan")}, {"rent": -0.1}, {"caught": 1.5}, {"care": float("inf")}]
)
def test_stakes_that_make_no_sense_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(StakesError, match=next(iter(wrong))):
        Stakes(**wrong)


def test_the_study_compares_every_lie_in_the_same_worlds_and_its_tables_hold_every_row() -> None:
    told: list[tuple[int, int]] = []
    lies = (Truth(), POSER)
    record = lies_study(seeds=2, agents=20, lies=lies, progress=lambda done, total, _text: told.append((done, total)))
    assert told == [(0, 2), (1, 2), (2, 2)]
    assert [row["lie"] for row in record["rows"]] == [lie.name for lie in lies]
    gains = [play(lying_world(seed, 20), POSER).gain(Stakes(), defended=True) for seed in (1, 2)]
    assert record["rows"][1]["held"]["mean"] == pytest.approx(np.mean(gains))
    falling = [row["mean"] for row in record["care"]]
    assert falling == sorted(falling, reverse=True)
    tables = lies_grids(record)
    assert [len(table.rows) for table in tables] == [2, len(record["care"]), len(record["caught"])]


def test_the_study_refuses_what_it_cannot_do() -> None:
    for wrong in ({"seeds": 1}, {"seed": -1}, {"agents": 9}, {"agents": 301}):
        with pytest.raises(StakesError, match="expected"):
            lies_study(**wrong)


def test_the_command_prints_the_record(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headwater_agents.values.gaming.study.LIES", (Truth(),))
    result = CliRunner().invoke(headwater, ["values", "lies", "--seeds", "2", "--agents", "20", "--json"])
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["seeds"] == 2
    assert CliRunner().invoke(headwater, ["values", "lies", "--caught", "2"]).exit_code == 2


def test_the_page_is_that_of_its_record_and_the_record_that_of_its_worlds() -> None:
    spec = importlib.util.spec_from_file_location("lies_page", DOCS / "lies.py")
    assert spec is not None
    assert spec.loader is not None
    writer = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(writer)
    record = json.loads((DOCS / "lies.json").read_text())
    assert writer.page(record) == (DOCS / "lies.md").read_text()
    first = lying_world(record["lies"]["seed"], record["lies"]["agents"])
    rows = {row["lie"]: row["worlds"][0] for row in record["lies"]["rows"]}
    assert [lie.name for lie in LIES] == list(rows)
    for lie in (POSER, Shift(factor=0.1), Bound(factor=2.0)):
        assert asdict(play(first, lie)) == pytest.approx(rows[lie.name])
