"""Folders of studies: which are gone on with, and which are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from headwater_agents.cooperative.errors import CooperativeError
from headwater_agents.cooperative.study import Study, claim
from headwater_agents.cooperative.trial import Setting


@pytest.mark.parametrize(("text", "said"), [("[" * 100_000, "nested deeper"), ("{", "no study"), ("[]", "another")])
def test_a_folder_whose_study_cannot_be_read_is_refused_and_left_as_it_is(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "study.json").write_text(text)
    with pytest.raises(CooperativeError, match=said):
        claim(tmp_path, Study(setting=Setting()))
    assert (tmp_path / "study.json").read_text() == text


def test_a_study_s_own_folder_is_gone_on_with(tmp_path: Path) -> None:
    for seeds in (1, 2):
        claim(tmp_path / "run", Study(setting=Setting(), seeds=seeds))
    with pytest.raises(CooperativeError, match="another study"):
        claim(tmp_path / "run", Study(setting=Setting(strictness=1)))


def test_own_profiles_make_another_study_and_none_changes_nothing_of_what_is_known() -> None:
    plain, own = Study(setting=Setting()), Study(setting=Setting(profiles=('{"name": "a", "constraints": []}',)))
    assert plain.identity() != own.identity()
    for kept in (plain.identity()["setting"], plain.points()[0][0].args):
        assert "profiles" not in kept
    assert own.points()[0][0].args["profiles"] == ['{"name": "a", "constraints": []}']
