"""Campaigns: the same records however they are run, failures that cost nothing else, and stores that keep."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import pytest

from campaign_cases import SOURCE, settle
from headwater_agents.lab.campaign import CampaignError, CampaignReport, Record, Store, Unit, run_units


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return settle(tmp_path, monkeypatch)


def _units(function: str, seeds: Sequence[int]) -> list[Unit]:
    return [Unit(f"seed={seed}", f"mine.py:{function}", {"seed": seed}) for seed in seeds]


def _run(units: Sequence[Unit], path: Path, jobs: int = 2) -> tuple[CampaignReport, list[tuple[Unit, Record]]]:
    with Store(path) as store:
        report = run_units(units, store, jobs=jobs)
        return report, store.records(units)


def test_one_worker_and_two_and_any_order_give_the_same_records(here: Path) -> None:
    units = _units("bet", range(1, 9))
    one = _run(units, here / "one.sqlite", jobs=1)
    two = _run(units[::-1], here / "two.sqlite", jobs=2)
    assert one[0] == two[0] == CampaignReport(ran=8, reused=0, failures=())
    assert one[1] == two[1][::-1]
    assert [unit.key for unit, _ in one[1]] == [unit.key for unit in units]
    assert len({record["grown"] for _, record in one[1]}) > 1


def test_workers_do_not_let_hashes_or_threads_decide(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONHASHSEED", "7")
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    _, first = _run(_units("order", range(4)), here / "first.sqlite", jobs=1)
    assert os.environ["PYTHONHASHSEED"] == "7"
    assert "OMP_NUM_THREADS" not in os.environ
    monkeypatch.setenv("PYTHONHASHSEED", "8")
    _, second = _run(_units("order", range(4)), here / "second.sqlite", jobs=2)
    assert first == second
    assert {record["threads"] for _, record in first} == {"1"}


def test_what_is_known_is_not_run_again_until_its_code_changes(here: Path) -> None:
    (here / "go").touch()
    path = here / "deeper" / "store.sqlite"
    first, _ = _run(_units("logged", [1, 2]), path)
    again, records = _run(_units("logged", [1, 2, 3]), path)
    assert (first.ran, again.ran, again.reused, len(records)) == (2, 1, 2, 3)
    assert sorted(line.split()[0] for line in (here / "calls.log").read_text().splitlines()) == ["1", "2", "3"]
    (here / "mine.py").write_text(SOURCE.replace("rounds=20", "rounds=21"))
    os.utime(here / "mine.py", ns=(1, 1))
    changed, other = _run(_units("logged", [1, 2, 3]), path)
    assert (changed.ran, changed.reused) == (3, 0)
    assert other != records


def test_units_that_ask_for_the_same_are_run_once(here: Path) -> None:
    (here / "go").touch()
    units = [Unit(key, "mine.py:logged", {"seed": 1}) for key in ("one", "two")]
    report, records = _run(units, here / "store.sqlite")
    assert report.ran == 1
    assert [unit.key for unit, _ in records] == ["one", "two"]
    assert len((here / "calls.log").read_text().splitlines()) == 1


@pytest.mark.parametrize("jobs", [1, 2])
def test_units_that_fail_cost_no_others_and_are_tried_again(
    here: Path, jobs: int, capfd: pytest.CaptureFixture[str]
) -> None:
    units = _units("troubled", range(1, 9))
    report, records = _run(units, here / "store.sqlite", jobs)
    assert [unit.args["seed"] for unit, _ in records] == [1, 2, 7, 8]
    assert {failure.key: failure.error for failure in report.failures} == {
        "seed=3": "ValueError: out of luck",
        "seed=4": "its process died",
        "seed=5": "CampaignError: the record of seed=5: expected JSON values only: "
        "Out of range float values are not JSON compliant",
        "seed=6": "CampaignError: mine.py:troubled returned list; expected a dict",
    }
    with Store(here / "store.sqlite") as store:
        assert 'raise ValueError("out of\\nluck")' in store.trace(units[2])
        assert store.trace(units[3]) == "exit code 9"
        assert store.trace(units[0]) == ""
        again = run_units(units, store, jobs)
    assert (again.ran, again.reused) == (4, 4)
    printed = capfd.readouterr()
    assert printed.out == ""
    assert "what a unit prints" in printed.err


def test_progress_counts_what_was_known_too(here: Path) -> None:
    units = _units("bet", range(1, 5))
    _run(units[:2], here / "store.sqlite")
    told: list[tuple[int, int]] = []
    with Store(here / "store.sqlite") as store:
        run_units(units, store, jobs=1, progress=lambda done, total, _key: told.append((done, total)))
    assert told == [(2, 4), (3, 4), (4, 4)]


def test_a_store_is_made_only_when_there_is_something_to_keep(here: Path) -> None:
    with Store(here / "new" / "store.sqlite") as store:
        assert store.known(["0"]) == set()
        assert store.records(_units("bet", [1])) == []
        assert store.trace(_units("bet", [1])[0]) == ""
        run_units([], store)
        with pytest.raises(CampaignError, match="two units have the key 'seed=1'"):
            run_units(_units("bet", [1, 1]), store)
        with pytest.raises(CampaignError, match="jobs is 0"):
            run_units(_units("bet", [1]), store, jobs=0)
    assert not (here / "new").exists()


def test_a_store_belongs_to_one_run_at_a_time(here: Path) -> None:
    path = here / "store.sqlite"
    with Store(path) as store:
        run_units(_units("bet", [1]), store, jobs=1)
        with pytest.raises(CampaignError, match="is held by another run"):
            Store(path)
    with Store(path) as store:
        assert len(store.records(_units("bet", [1]))) == 1


def test_what_is_no_store_is_refused_and_left_as_it_is(here: Path) -> None:
    text, other, folder = here / "text", here / "other.sqlite", here / "folder"
    text.write_text("not a database, but long enough to look at" * 50)
    folder.mkdir()
    db = sqlite3.connect(other)
    db.execute("CREATE TABLE theirs (x)")
    db.close()
    before = text.read_bytes()
    for path, said in ((text, "is no store of results"), (other, "another program's"), (folder, "cannot be opened")):
        with pytest.raises(CampaignError, match=said):
            Store(path)
    assert text.read_bytes() == before
    db = sqlite3.connect(other)
    assert db.execute("SELECT name FROM sqlite_master").fetchall() == [("theirs",)]
    db.close()


def test_a_store_keeps_what_a_unit_was(here: Path) -> None:
    (unit,) = _units("bet", [3])
    _run([unit], here / "store.sqlite")
    db = sqlite3.connect(here / "store.sqlite")
    ((key, call, args, code, record, error),) = db.execute(
        "SELECT key, call, args, code, record, error FROM results WHERE digest = ?", (unit.digest(),)
    ).fetchall()
    db.close()
    assert (key, call, json.loads(args), error) == ("seed=3", "mine.py:bet", {"seed": 3}, None)
    assert code.startswith("0.1.0+")
    assert set(json.loads(record)) == {"gain", "grown", "trace"}
