"""What a trial plays, what it refuses to plan, and what its summary says of the plays."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from headwater_agents.adversaries.registry import attacks
from headwater_agents.lab.campaign import Store, run_units
from headwater_agents.lab.stats import paired
from headwater_agents.trial import Plan, Trial, TrialError, cases_of, claim, default_folder, plan
from headwater_agents.trial.changes import parse_changes
from headwater_agents.trial.summary import FIELDS, played, summarise

OWN = """
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from headwater_agents.adversaries import Attack


@dataclass(kw_only=True)
class Own(Attack):
    name: ClassVar[str] = "own"
    variants: ClassVar[Mapping[str, Mapping[str, object]]] = {"as by default": {"size": 1.0}, "large": {"size": 3.0}}
    size: float = 1.0


@dataclass(kw_only=True)
class Nameless(Attack):
    pass


@dataclass(kw_only=True)
class Other(Attack):
    name: ClassVar[str] = "own"
"""


@pytest.fixture
def own(tmp_path: Path) -> str:
    path = tmp_path / "own.py"
    path.write_text(OWN)
    return str(path)


def small(**changes: Any) -> Trial:
    settings: dict[str, Any] = {"attacks": ("nothing", "skim"), "mechanisms": ("equal_split",), "seeds": 2, "rounds": 5}
    return Trial(**{**settings, **changes})


def play(trial: Trial, folder: Path, jobs: int = 1) -> tuple[Plan, dict[str, Any]]:
    planned = plan(trial)
    with Store(folder / "results.sqlite") as store:
        report = run_units(planned.units(), store, jobs)
        return planned, summarise(planned, played(planned, store), report.failures)


def test_every_listed_attack_and_variant_makes_a_plan_in_both_worlds() -> None:
    planned = plan(Trial(attacks=tuple(attacks()), worlds=("synthetic", "rain"), seeds=1))
    assert {cell.case.kind.name for cell in planned.cells} == set(attacks())
    assert {cell.world for cell in planned.cells} == {"synthetic", "rain"}
    json.dumps([dict(unit.args) for unit in planned.units()])


def test_cells_of_equal_settings_share_their_honest_plays() -> None:
    units = plan(small(attacks=("nothing", "skim", "evasion"))).units()
    honest = [unit for unit in units if unit.call.endswith("honest_arm")]
    settings = {json.dumps(unit.args["setting"], sort_keys=True) for unit in units}
    assert len(honest) == 2 * len(settings)
    assert len(settings) < 3  # nothing and skim hold the same


def test_a_variant_with_the_default_parameters_stands_for_the_attack_itself(own: str) -> None:
    cases = cases_of([f"{own}:Own"])
    assert [(case.label, case.parameters["size"]) for case in cases] == [("own/as by default", 1.0), ("own/large", 3.0)]
    assert [case.label for case in cases_of([f"{own}:Own"], variants=False)] == ["own"]
    assert [case.label for case in cases_of([f"{own}:Own/large"])] == ["own/large"]


def test_an_attack_without_a_name_goes_by_its_class(own: str) -> None:
    assert [case.label for case in cases_of([f"{own}:Nameless"])] == ["Nameless"]


def test_two_attacks_of_one_name_are_refused(own: str) -> None:
    with pytest.raises(TrialError, match="both go by 'own'"):
        cases_of([f"{own}:Own/large", f"{own}:Other"])


def test_an_adapted_attack_is_a_case_besides() -> None:
    cases = cases_of(["skim"], adapted={"skim": {"fraction": 0.7}})
    assert [(case.label, case.parameters["fraction"]) for case in cases][-1] == ("skim/adapted", 0.7)


def test_a_search_that_ends_at_the_defaults_adds_no_case() -> None:
    defaults = {"fraction": attacks()["skim"].parameters()["fraction"]}
    assert [case.label for case in cases_of(["skim"], variants=False, adapted={"skim": defaults})] == ["skim"]


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"fraction": 0.7}, lambda cell: cell.parameters["fraction"]),
        ({"skim.fraction": 0.7}, lambda cell: cell.parameters["fraction"]),
        ({"provider.leave_rate": 0.7}, lambda cell: cell.setting["provider"]["leave_rate"]),
        ({"equal_split.emission": 7}, lambda cell: cell.setting["mechanism_settings"]["emission"] / 10),
        ({"synthetic.persistence": 0.7}, lambda cell: cell.setting["world_settings"]["persistence"]),
        ({"world_settings.persistence": 0.7}, lambda cell: cell.setting["world_settings"]["persistence"]),
    ],
)
def test_a_change_reaches_what_it_names(changes: dict[str, Any], where: Any) -> None:
    (cell,) = plan(small(attacks=("skim",), changes=changes)).cells
    assert where(cell) == 0.7


def test_only_headwater_is_told_the_chain() -> None:
    cells = plan(small(mechanisms=("headwater", "torus"), chain="tester")).cells
    chains = {cell.mechanism: (cell.setting or {})["mechanism_settings"].get("chain") for cell in cells}
    assert chains == {"headwater": "tester", "torus": None}


def test_values_are_json_where_they_read_as_such() -> None:
    assert parse_changes(["a=0.5", "b=true", "c=shapley", "d=3"]) == {"a": 0.5, "b": True, "c": "shapley", "d": 3}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"attacks": ("nobody",)}, "there is no attack 'nobody'"),
        ({"attacks": ("skim/large",)}, "skim has no variant 'large'"),
        ({"mechanisms": ("nobody",)}, "there is no mechanism 'nobody'"),
        ({"mechanisms": ("torus", "torus")}, "a mechanism is given twice"),
        ({"stake_shares": (0.2, 1.0)}, "stake share 1 must be 0.0001 to 0.95"),
        ({"changes": {"fractoin": 0.5}}, "setting has no fractoin; it takes: world"),
        ({"changes": {"skim.fractoin": 0.5}}, "attack skim has no fractoin; it takes: stake_share, fraction"),
        ({"changes": {"questions": 5}}, "questions cannot be set like this; give it as the number of rounds"),
        ({"changes": {"endowment.idle": True}}, "an attack states its own"),
        ({"changes": {"provider": 1, "provider.cost": 1}}, "provider is set as a whole and in part"),
        ({"changes": {"equal_split.rent": 1}}, "equal_split cannot be made from these settings"),
        ({"changes": {"synthetic.wind": 1}}, "world synthetic has no wind"),
        ({"adapt": 3}, "a search needs at least 8 sets"),
        ({"seeds": 10**6}, "at most 1,000,000 are accepted"),
        ({"attacks": ("spam",)}, "none of spam makes sense against equal_split"),
    ],
)
def test_a_trial_that_cannot_be_played_is_refused_before_anything_is_played(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(TrialError) as refusal:
        plan(small(**changes))
    assert said in str(refusal.value)


def test_nothing_changes_nothing_whatever_the_mechanism(tmp_path: Path) -> None:
    mechanisms = ("headwater", "equal_split", "kelly_market")
    _, summary = play(small(attacks=("nothing",), mechanisms=mechanisms, worlds=("synthetic", "rain")), tmp_path)
    assert len(summary["cells"]) == 6
    for cell in summary["cells"]:
        assert (cell["verdict"], cell["established"]) == ("neutral", True)
        assert all(cell["fields"][name]["mean"] == cell["fields"][name]["high"] == 0 for name in FIELDS)


def test_pay_by_stake_makes_wagers_without_information_profitable(tmp_path: Path) -> None:
    trial = small(attacks=("odds-copier", "nothing"), mechanisms=("by_stake", "weighted_score"), seeds=8, rounds=10)
    _, summary = play(trial, tmp_path)
    said = {(cell["mechanism"], cell["attack"]): cell["verdict"] for cell in summary["cells"]}
    assert said["by_stake", "odds-copier"] == "profitable"
    assert said["by_stake", "nothing"] == said["weighted_score", "nothing"] == "neutral"
    assert said["weighted_score", "odds-copier"] != "profitable"


def test_the_summary_is_the_statistics_of_its_plays(tmp_path: Path) -> None:
    trial = small(attacks=("skim",), seeds=3)
    planned, summary = play(trial, tmp_path)
    with Store(tmp_path / "results.sqlite") as store:
        (cell,) = played(planned, store)
    assert cell.seeds == (1, 2, 3)
    losses = [each["forecasters_loss"] + each["providers_loss"] for each in cell.differences]
    told = summary["cells"][0]["fields"]
    assert told["honest_loss"]["mean"] == pytest.approx(float(np.mean(losses)), rel=1e-12)
    assert told["gain"] == paired([each["gain"] for each in cell.differences]).to_dict()


def test_other_mechanisms_beside_it_do_not_change_what_is_said_of_one(tmp_path: Path) -> None:
    alone = play(small(seeds=4), tmp_path)[1]["cells"]
    beside = play(small(seeds=4, mechanisms=("equal_split", "by_stake", "torus")), tmp_path)[1]["cells"]
    assert alone == [cell for cell in beside if cell["mechanism"] == "equal_split"]


def test_attacks_that_make_no_sense_against_a_mechanism_are_told_but_not_played(tmp_path: Path) -> None:
    planned, summary = play(small(attacks=("spam", "nothing")), tmp_path)
    cells = {cell["attack"]: cell for cell in summary["cells"]}
    assert (cells["spam"]["applies"], cells["spam"]["verdict"], cells["spam"]["seeds"]) == (False, None, 0)
    assert not any("spam" in unit.key for unit in planned.units())


def test_borders_are_told_where_the_stake_varies(tmp_path: Path) -> None:
    trial = small(attacks=("odds-copier",), mechanisms=("by_stake",), stake_shares=(0.1, 0.5), seeds=7)
    _, summary = play(trial, tmp_path)
    assert [cell["stake_share"] for cell in summary["cells"]] == [0.1, 0.5]
    assert all(border["along"] == "stake_share" for border in summary["borders"])
    assert "--stake-share 0.1 --stake-share 0.5" in summary["command"]


@pytest.mark.parametrize(
    "changes",
    [{"rounds": 6}, {"attacks": ("skim",)}, {"stake_shares": (0.3,)}, {"changes": {"warm_up": 3}}],
)
def test_a_folder_holds_one_trial(changes: dict[str, Any], tmp_path: Path) -> None:
    claim(tmp_path / "out", small())
    claim(tmp_path / "out", small())
    with pytest.raises(TrialError, match="holds another trial, with "):
        claim(tmp_path / "out", small(**changes))


def test_a_trial_may_grow(tmp_path: Path) -> None:
    claim(tmp_path, small())
    claim(tmp_path, small(seeds=5, attacks=("evasion", "nothing", "skim"), worlds=("synthetic", "rain")))


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "note").write_text("mine")
    with pytest.raises(TrialError, match="is no folder of attacks"):
        claim(tmp_path, small())
    with pytest.raises(TrialError, match="is a file"):
        claim(tmp_path / "note", small())


def test_the_default_folder_depends_on_the_trial_but_not_on_its_seeds() -> None:
    assert default_folder(small()) == default_folder(small(seeds=9)) != default_folder(small(rounds=9))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"fraction": "abc"}, 'attack skim: fraction is "abc"; it must be a finite number'),
        ({"fraction": None}, "attack skim: fraction is null; it must be a finite number"),
        ({"fraction": [1]}, "attack skim: fraction is [1]; it must be a finite number"),
        ({"fraction": True}, "attack skim: fraction is true; it must be a finite number"),
        ({"fraction": float("nan")}, "attack skim: fraction is NaN; it must be a finite number"),
        ({"fraction": 10**400}, "it must be a finite number"),
        ({"identities": "x"}, 'attack sybil-split: identities is "x"; it must be an integer'),
        ({"noise-lottery.tickets": 2.5}, "attack noise-lottery: tickets is 2.5; it must be an integer"),
        ({"opens": 1}, "attack unpublished-leaves: opens is 1; it must be true or false"),
        ({"sells": 3}, "attack free-rider: sells is 3; it must be a text"),
        ({"reweigh_every": "abc"}, 'setting: reweigh_every is "abc"; it must be an integer'),
        ({"forecasters": 2.5}, "setting: forecasters is 2.5; it must be an integer"),
        ({"world_settings": 3}, "setting: world_settings is 3; it must be settings by name"),
        ({"mechanism_settings": 3}, "setting: mechanism_settings is 3; it must be settings by name"),
        ({"provider": 3}, "setting: provider is 3; it must be settings by name"),
        ({"provider.cost": 0.5}, "provider: cost is 0.5; it must be an integer"),
        ({"synthetic.mean": "abc"}, 'world synthetic: mean is "abc"; it must be a finite number'),
        ({"synthetic.mean": float("inf")}, "world synthetic: mean is Infinity; it must be a finite number"),
        ({"headwater.reserve": float("inf")}, "headwater: reserve is Infinity; it must be an integer"),
        ({"headwater.rent_bps": "abc"}, 'headwater: rent_bps is "abc"; it must be an integer'),
        ({"headwater.buffer": -1}, "buffer is -1; it must be a multiple of 1000000000 wei"),
        ({"headwater.buffer": 10**9 + 1}, "buffer is 1000000001; it must be a multiple of 1000000000 wei"),
        ({"headwater.chain": "foo"}, "chain is 'foo'; accepted: revm, tester"),
        ({"headwater.sides": 1}, "sides follows from the setting's side"),
        ({"credit": "foo"}, "credit is 'foo'; accepted: shapley, leave-one-out, precedence, equal"),
        ({"forecaster_keep": 50_000}, "forecaster_keep is 50000; it must be 100 to 10000 bps"),
        ({"aggregator_keep": 99}, "aggregator_keep is 99; it must be 100 to 10000 bps"),
        ({"stake_share": 0.00005}, "stake_share is 5e-05; it must be 0, or 0.0001 to 0.95"),
        ({"provider.cost": 1, "provider": {}}, "provider is set as a whole and in part"),
    ],
)
def test_values_that_no_play_can_take_are_refused_by_name(change: dict[str, Any], said: str) -> None:
    several = ("skim", "sybil-split", "noise-lottery", "unpublished-leaves", "free-rider")
    with pytest.raises(TrialError) as refusal:
        plan(small(attacks=several, mechanisms=("headwater",), changes=change))
    assert said in str(refusal.value)


def test_numbers_too_long_to_read_are_text() -> None:
    assert parse_changes([f"a={'9' * 5_000}"]) == {"a": "9" * 5_000}


def test_whole_numbers_go_for_finite_ones_and_every_accepted_edge_plans() -> None:
    changes: dict[str, Any] = {"fraction": 0, "synthetic.mean": 0, "forecaster_keep": 100, "aggregator_keep": 10_000}
    changes |= {"headwater.buffer": 0, "headwater.chain": "revm"}
    trial = small(attacks=("skim",), mechanisms=("headwater",), changes=changes, stake_shares=(0.0001, 0.95))
    assert [cell.stake_share for cell in plan(trial).cells] == [0.0001, 0.95]


def test_a_parameter_stated_as_a_float_takes_one_whatever_its_default(tmp_path: Path) -> None:
    path = tmp_path / "whole.py"
    path.write_text(OWN.replace("size: float = 1.0", "size: float = 1\n    most: int | None = None"))
    for change in ({"size": 0.5}, {"most": None}, {"most": 3}):
        assert plan(small(attacks=(f"{path}:Own",), changes=change)).cells[0].parameters.items() >= change.items()


@pytest.mark.parametrize(
    ("attack", "key", "value", "own"),
    [
        ("capacity-hog", "headwater.rent_bps", 50, "rent_bps"),
        ("last-outcome", "synthetic.persistence", 0.1, "overlap"),
        ("noise-on-escrow", "mechanism_settings.buffer", 0, "buffer"),
        ("calendar-bot", "world_settings.season", 0.9, "season"),
        ("poor-odds-farm", "synthetic.mean", 0.5, "imbalance"),
        ("colluding-feed", "side", "noisy", "shift"),
    ],
)
def test_a_setting_that_an_attack_would_overwrite_is_refused(attack: str, key: str, value: Any, own: str) -> None:
    with pytest.raises(TrialError) as refusal:
        plan(small(attacks=(attack,), mechanisms=("headwater",), changes={key: value}, variants=False))
    told = str(refusal.value)
    assert f"attack {attack} sets " in told
    assert key.rpartition(".")[2] + " itself" in told
    assert own in told.partition("its own parameters: ")[2].split(", ")


def test_a_setting_that_an_attack_sets_to_the_same_is_no_quarrel() -> None:
    changes = {"last-outcome.overlap": 0.5, "synthetic.persistence": 0.5}
    (cell,) = plan(small(attacks=("last-outcome",), changes=changes)).cells
    assert (cell.setting or {})["world_settings"] == {"persistence": 0.5}


def test_a_folder_with_more_seeds_says_how_many(tmp_path: Path) -> None:
    claim(tmp_path, small(seeds=4))
    with pytest.raises(TrialError, match="has 4 seeds already; give --seeds 4 or more, or another --out"):
        claim(tmp_path, small(seeds=3))
    with pytest.raises(TrialError, match="holds another trial, with rounds"):
        claim(tmp_path, small(seeds=3, rounds=99))
