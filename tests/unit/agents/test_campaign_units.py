"""Units of work: what decides their digest, how they are found, what they may say."""

from __future__ import annotations

import math
import os
import sys
from pathlib import Path

import numpy as np
import pytest

from campaign_cases import SOURCE, settle
from headwater_agents.lab.campaign import CampaignError, Unit, code_version, load_callable, version
from headwater_agents.lab.campaign.unit import canonical_json
from headwater_agents.lab.campaign.worker import Task, perform


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return settle(tmp_path, monkeypatch)


def test_the_digest_is_of_call_and_arguments_not_of_key_or_order(here: Path) -> None:
    unit = Unit("one", "mine.py:bet", {"seed": 1, "edge": 0.25})
    assert unit.digest() == Unit("other", "mine.py:bet", {"edge": 0.25, "seed": 1}).digest()
    others = [
        Unit("one", "mine.py:logged", {"seed": 1, "edge": 0.25}),
        Unit("one", "mine.py:bet", {"seed": 2, "edge": 0.25}),
        Unit("one", "mine.py:bet", {"seed": 1}),
        Unit("one", "headwater.twin:wad_ln", {"seed": 1, "edge": 0.25}),
    ]
    assert len({unit.digest(), *(other.digest() for other in others)}) == 5


@pytest.mark.parametrize(
    ("call", "args"),
    [
        ("mine.py:bet", {"seed": 1}),
        ("headwater.twin:wad_ln", {"attack": "mine.py:bet"}),
        ("headwater.twin:wad_ln", {"deep": [{"mechanism": "mine.py:Rule"}]}),
    ],
)
def test_a_file_that_changes_changes_every_unit_that_names_it(here: Path, call: str, args: dict[str, object]) -> None:
    unit, bystander = Unit("one", call, args), Unit("two", "headwater.twin:wad_ln", {"x": "mine.py"})
    before, beside = unit.digest(), bystander.digest()
    (here / "mine.py").write_text(SOURCE + "\n# another thought\n")
    os.utime(here / "mine.py", ns=(1, 1))  # even where the clock is too coarse to tell
    assert unit.digest() != before
    assert bystander.digest() == beside


def test_a_module_of_ones_own_counts_by_its_contents(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(here))
    (here / "campaign_own_module.py").write_text("def f():\n    return {}\n")
    unit = Unit("one", "campaign_own_module:f")
    before = unit.digest()
    (here / "campaign_own_module.py").write_text("def f():\n    return {'a': 1}\n")
    os.utime(here / "campaign_own_module.py", ns=(1, 1))
    assert unit.digest() != before
    sys.modules.pop("campaign_own_module")


def test_the_code_version_follows_sources_but_not_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = {name for name, _ in version._sources()}
    assert {
        "contracts/Cascade.vy",
        "headwater/twin/scoring.py",
        "headwater_agents.lab/campaign/version.py",
        "headwater_agents.policies/wager.py",
    } <= names
    assert not any("/cli/" in name for name in names)
    assert not any(name.startswith("headwater/") and name.endswith(".vy") for name in names)
    before = code_version()
    assert before == code_version()
    changed = tmp_path / "scoring.py"
    changed.write_text("# not what it was")
    sources = [(name, changed if name == "headwater/twin/scoring.py" else path) for name, path in version._sources()]
    monkeypatch.setattr(version, "_sources", lambda: iter(sources))
    assert version.code_version.__wrapped__() != before


def test_functions_are_found_by_module_and_by_file(here: Path) -> None:
    from headwater.twin import wad_ln

    assert load_callable("headwater.twin:wad_ln") is wad_ln
    assert load_callable("mine.py:plain")() == load_callable(f"{here}/mine.py:plain")()


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ("nothing", "names no function"),
        (":f", "names no function"),
        ("headwater.twin:", "names no function"),
        ("headwater.nowhere:f", "module 'headwater.nowhere' cannot be imported"),
        ("headwater.twin:fly", "there is no function 'fly' in headwater.twin"),
        ("mine.py:number", "there is no function 'number' in mine.py"),
        ("yours.py:f", "there is no Python file"),
        ("broken.py:f", "fails when it is loaded: ZeroDivisionError"),
    ],
)
def test_what_names_no_function_is_refused(here: Path, call: str, said: str) -> None:
    (here / "broken.py").write_text("1 / 0\n")
    with pytest.raises(CampaignError, match=said):
        load_callable(call)


def test_canonical_json_keeps_every_digit_and_knows_numpy() -> None:
    value = {"b": np.float64(0.1) + 0.2, "a": [np.int64(3), (1.5,)], "c": np.array([1, 2])}
    assert canonical_json(value, "it") == '{"a":[3,[1.5]],"b":0.30000000000000004,"c":[1,2]}'


@pytest.mark.parametrize("value", [math.nan, [math.inf], {1: 2}, {"a": {2}}, object()])
def test_what_json_has_no_place_for_is_refused(value: object) -> None:
    with pytest.raises(CampaignError, match="it: expected JSON values only"):
        canonical_json(value, "it")
    with pytest.raises(CampaignError, match="expected JSON values only"):
        Unit("one", "headwater.twin:wad_ln", {"x": value}).digest()


def test_a_worker_with_other_code_refuses_rather_than_give_another_result(here: Path) -> None:
    unit = Unit("one", "mine.py:bet", {"seed": 1})
    assert perform(Task(unit, unit.digest())).record is not None
    result = perform(Task(unit, "0" * 64))
    assert result.record is None
    assert result.error is not None
    assert "is not that of the campaign" in result.error
