"""What a federation's coordinator and members hold and do, whether Flower is installed or not."""

from __future__ import annotations

import importlib.util
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from federation_cases import NAMES, federation, private
from headwater.learning import Batch, LearningError, Mode
from headwater.learning.explain import audit, ledger_of
from headwater.learning.record import read_record
from headwater_agents.cooperative.flower import (
    FederationError,
    FlowerAbsent,
    load,
    load_batch,
    need_flower,
    save,
    save_batch,
    train,
)
from headwater_agents.cooperative.flower.alone import federation_of, train_alone
from headwater_agents.cooperative.flower.coordinator import Coordinator
from headwater_agents.cooperative.flower.engine import Engine, federate
from headwater_agents.cooperative.flower.folder import RECORD, node_settings, rounds_done
from headwater_agents.cooperative.trial import Setting, set_up

WITHOUT = importlib.util.find_spec("flwr") is None or importlib.util.find_spec("ray") is None


def test_a_federation_is_read_as_it_was_written(tmp_path: Path) -> None:
    ours = federation()
    save(ours, tmp_path)
    found = load(tmp_path)
    assert found.task.describe() == ours.task.describe()
    assert (found.members, found.profiles, found.local) == (ours.members, ours.profiles, ours.local)
    assert (found.settings, found.most, found.rounds) == (ours.settings, ours.most, ours.rounds)
    assert (found.seed, found.gathering, found.patience) == (ours.seed, ours.gathering, ours.patience)
    assert np.array_equal(found.theta, ours.theta)
    for name, batch in ours.ground.groups.items():
        assert np.array_equal(found.ground.groups[name].features, batch.features)
        assert np.array_equal(found.ground.groups[name].labels, batch.labels)
    assert set(found.ground.references) == set(ours.ground.references)


def test_a_members_update_depends_on_its_examples_and_its_order_alone() -> None:
    ours, data = federation(), private()
    order = ours.order(3, "bea")
    first = train(ours.theta, data["bea"], order)
    assert np.array_equal(first, train(ours.theta, data["bea"], json.loads(json.dumps(order))))
    assert not np.array_equal(first, train(ours.theta, data["bea"], ours.order(4, "bea")))
    assert not np.array_equal(first, train(ours.theta, data["bea"], {**order, "member": 0}))


@pytest.mark.parametrize("mode", list(Mode))
def test_a_coordinator_comes_to_the_trainers_models_and_credits_bit_for_bit(mode: Mode, tmp_path: Path) -> None:
    ours, data = federation(mode), private()
    alone = train_alone(ours, data)
    coordinator = Coordinator(ours, tmp_path)
    for number in range(ours.rounds):
        updates = {name: train(coordinator.theta, data[name], ours.order(number, name)) for name in reversed(NAMES)}
        coordinator.end_round(updates, {name: len(batch) for name, batch in data.items()})
    outcome = coordinator.outcome()
    assert np.array_equal(coordinator.theta, alone.theta)
    assert np.array_equal(np.load(tmp_path / "model.npy"), alone.theta)
    assert outcome.credit == alone.ledger.totals
    assert outcome.shares == alone.ledger.shares()
    assert outcome.weights == alone.ledger.weights()
    assert rounds_done(tmp_path) == ours.rounds
    record = read_record(tmp_path / RECORD)
    assert all(finding.holds for finding in audit(record))
    assert ledger_of(record).totals == alone.ledger.totals


def test_what_is_no_update_is_inadmissible_and_stops_nobody() -> None:
    ours, data = federation(), private()
    examples = {name: len(batch) for name, batch in data.items()}
    good = train(ours.theta, data["ada"], ours.order(0, "ada"))
    alone = Coordinator(ours).end_round({"ada": good}, examples)
    for wrong in (None, np.zeros(3), np.full(good.shape, np.inf), "zeros", good + 1j, np.array(["a"] * len(good))):
        coordinator = Coordinator(ours)
        played = coordinator.end_round({"ada": good, "bea": wrong}, examples)
        assert [verdict.admissible for verdict in played.verdicts] == [True, False]
        assert np.array_equal(played.after, alone.after)
        assert coordinator.outcome().credit["bea"] == 0
        assert coordinator.outcome().absent == {0: ("cyd", "mal")}


def test_a_round_without_anybody_changes_nothing() -> None:
    coordinator = Coordinator(federation())
    before = coordinator.theta
    coordinator.end_round({}, {})
    outcome = coordinator.outcome()
    assert np.array_equal(coordinator.theta, before)
    assert set(outcome.credit.values()) == set(outcome.shares.values()) == {0.0}
    assert outcome.weights == {}
    with pytest.raises(FederationError, match="eve"):
        coordinator.end_round({"eve": before}, {"eve": 1})


def test_a_members_word_on_its_examples_counts_up_to_the_cap() -> None:
    ours = federation()
    assert ours.weight(10**9) == 1e9
    assert replace(ours, most=50).weight(10**9) == 50.0
    with pytest.raises(FederationError, match="at least 1"):
        replace(ours, most=0)


def test_a_stage_becomes_the_federation_that_its_trainer_plays() -> None:
    stage = set_up(Setting(data="arrests", members=2, rounds=2, liars=False), seed=3)
    ours, data = federation_of(stage, "project", 2)
    trainer = stage.trainer("project")
    for _ in range(2):
        trainer.step()
    assert np.array_equal(train_alone(ours, data).theta, trainer.theta)
    with pytest.raises(FederationError, match="train honestly"):
        federation_of(set_up(Setting(data="arrests", members=2, liars=True), seed=3), "project", 2)


@pytest.mark.parametrize("broken", ["task", "rate", "steps", "size", "seed", "round", "member"])
def test_an_order_that_lacks_something_is_refused(broken: str) -> None:
    ours = federation()
    order = {name: value for name, value in ours.order(1, "ada").items() if name != broken}
    with pytest.raises(FederationError, match="not well formed"):
        train(ours.theta, private()["ada"], order)
    with pytest.raises((FederationError, LearningError)):
        train(ours.theta, private()["ada"], {**order, broken: "much"})


@pytest.mark.parametrize("name", ["", "a b", 'a"b', "a'b", "a=b", "a\\b", "a\n", "x" * 65])
def test_names_that_a_setting_cannot_hold_are_refused(name: str) -> None:
    with pytest.raises(FederationError, match="no member's name"):
        replace(federation(), members=("ada", name))


def test_degenerate_federations_are_refused() -> None:
    ours = federation()
    with pytest.raises(FederationError, match="at least one member"):
        replace(ours, members=())
    with pytest.raises(FederationError, match="no name twice"):
        replace(ours, members=("ada", "ada"))
    for wrong in ({"rounds": 0}, {"seed": -1}):
        with pytest.raises(FederationError, match="at least one round"):
            replace(ours, **wrong)
    for late in ({"patience": 0.0}, {"patience": float("nan")}, {"gathering": float("inf")}):
        with pytest.raises(FederationError, match="finite and above 0 s"):
            replace(ours, **late)  # type: ignore[arg-type]
    with pytest.raises(LearningError):
        replace(ours, theta=np.zeros(3))


def test_files_that_hold_no_examples_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "member.npz"
    with pytest.raises(FederationError, match=r"member\.npz"):
        load_batch(path)
    path.write_text("features")
    with pytest.raises(FederationError, match=r"member\.npz"):
        load_batch(path)
    np.savez(path, features=np.ones((2, 2)))
    with pytest.raises(FederationError, match=r"member\.npz"):
        load_batch(path)
    np.savez(path, features=np.array([[object()]]), labels=np.zeros(1, dtype=int))
    with pytest.raises(FederationError, match=r"member\.npz"):
        load_batch(path)
    np.savez(path, features=np.full((2, 2), np.nan), labels=np.zeros(2, dtype=int))
    with pytest.raises(FederationError, match="finite"):
        load_batch(path)
    batch = Batch(np.ones((2, 3)), np.array([0, 1]))
    save_batch(batch, path)
    assert np.array_equal(load_batch(path).features, batch.features)


def test_folders_that_hold_no_federation_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FederationError, match="holds no federation"):
        load(tmp_path)
    save(federation(), tmp_path)
    plan = tmp_path / "federation.json"
    fields = json.loads(plan.read_text())
    plan.write_text(json.dumps({**fields, "format": 7}))
    with pytest.raises(FederationError, match="format 7"):
        load(tmp_path)
    for name in fields:
        plan.write_text(json.dumps({key: value for key, value in fields.items() if key != name}))
        with pytest.raises(FederationError, match="holds no federation"):
            load(tmp_path)


def test_settings_of_a_supernode_take_no_quotes() -> None:
    assert node_settings("ada", Path("/data/ada.npz")) == 'member="ada" data="/data/ada.npz"'
    for path in ("/data/a'b.npz", '/data/a"b.npz', "/data/a\\b.npz"):
        with pytest.raises(FederationError, match="quote or a backslash"):
            node_settings("ada", Path(path))


def test_a_round_counts_once_its_record_is_whole(tmp_path: Path) -> None:
    assert rounds_done(tmp_path) == 0
    (tmp_path / "records").mkdir()
    (tmp_path / RECORD).write_bytes(b"{}\n")
    assert rounds_done(tmp_path) == 0
    (tmp_path / RECORD).write_bytes(b"{}\n{}\n{")
    assert rounds_done(tmp_path) == 1


@pytest.mark.skipif(not WITHOUT, reason="Flower and Ray are installed")
def test_without_flower_a_federation_says_how_to_install_it_and_writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(FlowerAbsent, match=r"pip install 'headwater\[flower\]'"):
        need_flower()
    for engine in Engine:
        with pytest.raises(FlowerAbsent):
            federate(federation(), private(), tmp_path / "run", engine)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("names", [NAMES[:-1], (*NAMES, "eve"), ()])
def test_data_and_members_have_to_fit(names: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: object())
    batch = private()["ada"]
    with pytest.raises(FederationError, match="the members are"):
        federate(federation(), dict.fromkeys(names, batch), tmp_path / "run")
    (tmp_path / "note").write_text("mine")
    with pytest.raises(FederationError, match="is in use"):
        federate(federation(), private(), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["note"]
