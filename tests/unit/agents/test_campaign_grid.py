"""Sweep files: the cells and units they describe, and what is wrong with those that describe none."""

from __future__ import annotations

from pathlib import Path

import pytest

from campaign_cases import settle, sweep_file
from headwater_agents.lab.campaign import CampaignError, Unit, load_sweep
from headwater_agents.lab.campaign.grid import MAX_UNITS


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return settle(tmp_path, monkeypatch)


def test_a_grid_is_every_value_with_every_other_and_zipped_lists_go_in_step(here: Path) -> None:
    (here / "free.py").write_text("def f(**args):\n    return args\n")
    (here / "it.toml").write_text(
        """
        [sweep]
        name = "it"
        unit = "free.py:f"
        seeds = [7, 8]
        [fixed]
        rounds = 3
        nested = { a = [1, 2.5] }
        [grid]
        share = [0.1, 0.5]
        [[zip]]
        world = ["rain", "synthetic"]
        outcomes = [2, 3]
        """
    )
    sweep = load_sweep(here / "it.toml")
    assert sweep.cells() == [
        {"share": 0.1, "world": "rain", "outcomes": 2},
        {"share": 0.1, "world": "synthetic", "outcomes": 3},
        {"share": 0.5, "world": "rain", "outcomes": 2},
        {"share": 0.5, "world": "synthetic", "outcomes": 3},
    ]
    units = sweep.units()
    assert len(units) == 8
    assert units[1] == Unit(
        "share=0.1 world=rain outcomes=2 seed=8",
        "free.py:f",
        {"rounds": 3, "nested": {"a": [1, 2.5]}, "share": 0.1, "world": "rain", "outcomes": 2, "seed": 8},
    )
    assert len({unit.key for unit in units}) == 8


def test_a_number_of_seeds_counts_from_one(here: Path) -> None:
    units = load_sweep(sweep_file(here, "bet", seeds=3)).units()
    assert [unit.args for unit in units] == [{"seed": 1}, {"seed": 2}, {"seed": 3}]


def test_without_grid_and_seeds_there_is_one_unit(here: Path) -> None:
    assert load_sweep(sweep_file(here, "plain", seeds=None)).units() == [Unit("case", "mine.py:plain", {})]


HEAD = '[sweep]\nname = "x"\nunit = "mine.py:bet"\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[sweep", "is not TOML: "),
        ("\xff", "is not TOML: "),
        ("", r"\[sweep\] lacks 'name'"),
        ('[sweep]\nname = "x"\n', r"\[sweep\] lacks 'unit'"),
        ('[sweep]\nname = 3\nunit = "mine.py:bet"\n', "name must be text, not 3"),
        ('[sweep]\nname = "../x"\nunit = "mine.py:bet"\n', "expected letters, digits"),
        ('[sweep]\nname = ""\nunit = "mine.py:bet"\n', "expected letters, digits"),
        (HEAD + "seed = 3\n", r"\[sweep\] has the unknown key 'seed'; accepted: name, unit, seeds"),
        (HEAD + "[grd]\n", "the file has the unknown key 'grd'; accepted: sweep, fixed, grid, zip"),
        ('sweep = "x"', r"sweep must be a table, \[sweep\]"),
        ("grid = [1]\n" + HEAD, r"grid must be a table, \[grid\]"),
        (HEAD + "[zip]\nedge = [1]\n", r"zip must be \[\[zip\]\] groups"),
        (HEAD + "seeds = 0\n", "seeds is 0; expected a number of at least 1"),
        (HEAD + "seeds = true\n", "seeds is True"),
        (HEAD + "seeds = [3, 1]\n", r"seeds is \[3, 1\]"),
        (HEAD + "seeds = [1, 2, 3]\n", r"seeds is \[1, 2, 3\]"),
        (HEAD + "seeds = 1\n[grid]\nedge = 0.5\n", r"edge must be a list of values, not 0.5; .* belongs in \[fixed\]"),
        (HEAD + "seeds = 1\n[grid]\nedge = []\n", "edge is empty: the grid has no cell"),
        (HEAD + "seeds = 1\n[grid]\nedge = [0.1, 0.1]\n", "edge has a value twice"),
        (HEAD + "seeds = 1\n[grid]\nedge = [nan]\n", "holds nan; expected finite numbers"),
        (HEAD + "seeds = 1\n[fixed]\nedge = [{ a = inf }]\n", "holds inf; expected finite numbers"),
        (HEAD + "seeds = 1\n[fixed]\nedge = 2020-01-01\n", "holds the date or time 2020-01-01"),
        (HEAD + "seeds = 1\n[fixed]\nedge = 0.1\n[grid]\nedge = [0.1]\n", "edge is given twice"),
        (HEAD + "seeds = 1\n[fixed]\nseed = 4\n", "seed is given twice"),
        (HEAD + "[[zip]]\nedge = [1, 2]\nrounds = [1]\n", "equally long: edge has 2, rounds has 1"),
        (HEAD + "[[zip]]\n", r"every \[\[zip\]\] group must be a table of lists"),
        (HEAD + "zip = 1\n", "unknown key 'zip'"),
        (HEAD + f"seeds = {MAX_UNITS + 1}\n", "the grid has 1,000,001 units; at most 1,000,000"),
        (HEAD, r"cannot be called with these arguments: .*'seed'; it takes: seed, edge, rounds"),
        (HEAD + "seeds = 1\n[grid]\nstake = [1]\n", "unexpected keyword argument 'stake'"),
        (HEAD.replace(":bet", ":fly"), "there is no function 'fly' in mine.py"),
        (HEAD.replace("mine", "yours"), "there is no Python file"),
    ],
)
def test_a_file_that_describes_no_sweep_is_refused_by_name(here: Path, text: str, said: str) -> None:
    (here / "bad.toml").write_bytes(text.encode("latin-1"))
    with pytest.raises(CampaignError, match=said) as refused:
        load_sweep(here / "bad.toml")
    assert str(refused.value).startswith(str(here / "bad.toml"))


def test_a_file_that_is_not_there_is_the_systems_error(here: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load_sweep(here / "none.toml")
