"""The histories tell faulty contracts from sound ones, and a mutant that fits the sources no more says so."""

from __future__ import annotations

import json
from pathlib import Path

import fuzz
import pytest
from mutant import Mutant, StaleMutant
from mutants import MUTANTS, by_name

from headwater.chain import contracts_folder


def test_every_mutant_fits_the_sources_and_changes_them(tmp_path: Path) -> None:
    names = [mutant.name for mutant in MUTANTS]
    assert len(set(names)) == len(names) >= 12
    for mutant in MUTANTS:
        root = mutant.write(tmp_path)
        for contract in mutant.contracts:
            changed = (root / f"{contract}.vy").read_text(encoding="utf-8")
            assert changed != (contracts_folder() / f"{contract}.vy").read_text(encoding="utf-8"), mutant.name


@pytest.mark.parametrize("text", ["no such text stands there", "assert"])
def test_a_mutant_whose_text_is_not_there_exactly_once_is_an_error(tmp_path: Path, text: str) -> None:
    with pytest.raises(StaleMutant, match="not once"):
        Mutant("stale", "none", (("Cascade", text, ""),)).write(tmp_path)


def test_a_mutant_dies_the_same_death_twice() -> None:
    deaths = [fuzz.hunt(by_name("skip_the_unlock"), seed=0, seconds=90) for _ in range(2)]
    assert all(death.killed for death in deaths)
    assert deaths[0].by == deaths[1].by
    assert deaths[0].transactions == deaths[1].transactions


def test_a_divergence_ends_the_fuzzer_with_a_report_that_repeats_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = by_name("truncate_the_own_share").write(tmp_path)
    arguments = ["--contracts", str(root), "--mutants", "none", "--json", "--budget", "90", "--seed"]
    assert fuzz.main([*arguments, "4"]) == 1
    first = json.loads(capsys.readouterr().out)
    assert not first["passed"]
    assert "by the rules" in first["failure"]
    assert "arena.settle" in first["failure"]
    assert fuzz.main([*arguments, str(first["seed"])]) == 1
    assert json.loads(capsys.readouterr().out)["failure"] == first["failure"]


def test_a_survivor_fails_the_run_by_name() -> None:
    death = fuzz.Death("somebody", killed=False, seconds=1.0, transactions=1, by="")
    report = fuzz.Report(seed=0, mutants=[death])
    assert not report.passed
    assert "SURVIVORS: somebody" in fuzz.tell(report)


@pytest.mark.parametrize("arguments", [["--budget", "0"], ["--seed", "-1"], ["--mutants", "nobody"]])
def test_the_fuzzer_refuses_settings_that_make_no_sense(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        fuzz.main(arguments)
    assert stopped.value.code == 2
    assert "error" in capsys.readouterr().err
