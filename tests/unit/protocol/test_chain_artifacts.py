"""Compiling: the right sources, once, and never a stale or broken result."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from headwater.chain import MAX_RUNTIME_SIZE, CompileError, ContractsNotFound, contract_names, contracts_folder, load
from headwater.chain.artifacts import CACHE_ENV, cache_folder

SOURCE = """# pragma version ~=0.4.3
from snekmate.utils import math
import part
LIMIT: public(immutable(uint256))
@deploy
def __init__(limit: uint256):
    LIMIT = limit
@external
@view
def root(x: uint256) -> uint256:
    return math._cbrt(x, False) + part.EXTRA
"""


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(CACHE_ENV, str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    folder = tmp_path / "sources"
    folder.mkdir()
    (folder / "Rooter.vy").write_text(SOURCE)
    (folder / "part.vy").write_text("EXTRA: constant(uint256) = 1\n")
    return folder


def entries(cache: Path) -> list[Path]:
    return sorted((cache / "artifacts").glob("*"))


def test_every_contract_of_the_project_compiles_and_fits() -> None:
    assert "HeadwaterToken" in contract_names()
    for name in contract_names():
        artifact = load(name)
        assert artifact.name == name
        assert 0 < artifact.runtime_size <= MAX_RUNTIME_SIZE
        assert artifact.settings["evm_version"] == "prague"
        assert artifact.compiler == "0.4.3"


def test_contract_with_imports_from_its_folder_and_from_snekmate_compiles(sources: Path, cache: Path) -> None:
    artifact = load("Rooter", sources)
    assert {entry.get("name") for entry in artifact.abi} >= {"root", "LIMIT"}
    assert artifact.immutables_size == 32
    assert artifact.runtime in artifact.bytecode


def test_second_load_comes_from_the_cache_without_importing_vyper(sources: Path, cache: Path) -> None:
    first = load("Rooter", sources)
    (entry,) = entries(cache)
    written = entry.stat().st_mtime_ns
    script = (
        "import sys; from pathlib import Path; from headwater.chain import load\n"
        f"print(load('Rooter', Path({str(sources)!r})).bytecode.hex())\n"
        "print('vyper' in sys.modules)"
    )
    output = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert output.split() == [first.bytecode.hex(), "False"]
    assert entry.stat().st_mtime_ns == written


def test_change_in_an_imported_file_compiles_again(sources: Path, cache: Path) -> None:
    before = load("Rooter", sources)
    (sources / "part.vy").write_text("EXTRA: constant(uint256) = 2\n")
    after = load("Rooter", sources)
    assert after.runtime != before.runtime
    assert after.source_hash != before.source_hash
    (sources / "part.vy").write_text("EXTRA: constant(uint256) = 1\n")
    assert load("Rooter", sources) == before


def test_change_in_a_file_that_is_not_imported_compiles_nothing(sources: Path, cache: Path) -> None:
    (sources / "Other.vy").write_text("# pragma version ~=0.4.3\nx: public(uint256)\n")
    before = load("Rooter", sources)
    (entry,) = entries(cache)
    written = entry.stat().st_mtime_ns
    (sources / "Other.vy").write_text("# pragma version ~=0.4.3\ny: public(uint256)\n")
    assert load("Rooter", sources) == before
    assert entry.stat().st_mtime_ns == written


def test_new_file_that_takes_over_an_import_compiles_again(sources: Path, cache: Path) -> None:
    before = load("Rooter", sources)
    shadow = sources / "snekmate" / "utils"
    shadow.mkdir(parents=True)
    (shadow / "math.vy").write_text(
        "# pragma version ~=0.4.3\n@internal\n@pure\ndef _cbrt(x: uint256, r: bool) -> uint256:\n    return x\n"
    )
    after = load("Rooter", sources)
    assert after.runtime != before.runtime
    assert after.source_hash != before.source_hash


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: "",
        lambda text: text[: len(text) // 2],
        lambda text: "[]",
        lambda text: text.replace('"key": "', '"key": "0', 1),
        lambda text: json.dumps({**json.loads(text), "output": {**json.loads(text)["output"], "bytecode": "0x00"}}),
    ],
    ids=["empty", "cut short", "not an entry", "another key", "altered code"],
)
def test_damaged_cache_entry_is_compiled_again(sources: Path, cache: Path, damage: object) -> None:
    assert callable(damage)
    good = load("Rooter", sources)
    (entry,) = entries(cache)
    whole = entry.read_text()
    entry.write_text(damage(whole))
    assert load("Rooter", sources) == good
    assert entry.read_text() == whole


def test_cache_that_cannot_be_written_only_costs_time(sources: Path, cache: Path) -> None:
    cache.write_text("a file where the folder belongs")
    assert load("Rooter", sources).runtime_size > 0


def test_cache_folder_is_the_users_unless_chosen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(CACHE_ENV, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "headwater"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder() == Path.home() / ".cache" / "headwater"


def test_unknown_contract_is_named_beside_those_there_are(sources: Path) -> None:
    with pytest.raises(ContractsNotFound, match=r"no contract 'Missing' in .*; there are: Rooter, part"):
        load("Missing", sources)


def test_refused_source_carries_the_compilers_words(sources: Path, cache: Path) -> None:
    (sources / "Broken.vy").write_text("# pragma version ~=0.4.3\n@external\ndef f() -> uint256:\n    return True\n")
    with pytest.raises(CompileError, match=r"Broken\.vy does not compile"):
        load("Broken", sources)
    assert entries(cache) == [] if (cache / "artifacts").exists() else True


def test_contracts_folder_holds_sources() -> None:
    assert (contracts_folder() / "HeadwaterToken.vy").is_file()
