"""Compile the Vyper contracts once: results are cached on disk under a hash of everything they are made of."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from headwater.chain.errors import CompileError, ContractsNotFound

MAX_RUNTIME_SIZE: Final = 24_576
"""Largest code a contract may have, in bytes (EIP-170)."""

CACHE_ENV: Final = "HEADWATER_CACHE"
"""Environment variable that names the cache folder; without it, `$XDG_CACHE_HOME/headwater` or `~/.cache/headwater`."""

# Enters every cache key: raise it when the format of an entry changes.
_CACHE_FORMAT: Final = 2
_SUFFIXES: Final = (".vy", ".vyi", ".json")
_OUTPUTS: Final = ["abi", "bytecode", "bytecode_runtime", "layout", "settings_dict"]


@dataclass(frozen=True)
class Artifact:
    """A compiled contract.

    `bytecode` is what a deployment sends, before constructor arguments; `runtime` is the code that stays, without
    the `immutables_size` bytes of immutables that the constructor appends to it. `source_hash` covers the contract
    and everything of its folder that it imports. `settings` are the compiler's, pragmas included.
    """

    name: str
    abi: tuple[Mapping[str, Any], ...] = field(repr=False)
    bytecode: bytes = field(repr=False)
    runtime: bytes = field(repr=False)
    immutables_size: int
    source_hash: str
    compiler: str
    settings: Mapping[str, Any]

    @property
    def runtime_size(self) -> int:
        """Bytes the deployed contract occupies."""
        return len(self.runtime) + self.immutables_size


def contracts_folder() -> Path:
    """The folder of the Vyper sources: inside the installed package, or `contracts/` at the root of a checkout.

    Raises ContractsNotFound.
    """
    package = Path(__file__).resolve().parents[1]
    checkout = package.parents[1] / "contracts"
    for folder in (package / "contracts", checkout):
        if any(folder.glob("*.vy")):
            return folder
    raise ContractsNotFound(f"no Vyper sources in {package / 'contracts'} (installed) nor in {checkout} (checkout)")


def contract_names(root: Path | None = None) -> tuple[str, ...]:
    """Names of the deployable contracts in a folder, sorted: the .vy files that lie directly in it."""
    return tuple(sorted(path.stem for path in (root or contracts_folder()).glob("*.vy")))


def load(name: str, root: Path | None = None) -> Artifact:
    """The compiled contract `root/name.vy`, from the cache if its sources have not changed since.

    `root` is the folder imports are resolved from, the project's own contracts by default. Raises ContractsNotFound
    or CompileError.
    """
    folder = (root or contracts_folder()).resolve()
    if not (folder / f"{name}.vy").is_file():
        known = ", ".join(contract_names(folder)) or "none"
        raise ContractsNotFound(f"no contract {name!r} in {folder}; there are: {known}")
    # Which file an import means depends on which files there are; what comes out, on those that were read. So the
    # key holds all names, and the entry the contents of what was imported. Libraries are pinned by their versions.
    # The contract's own text is in the key too, so that variants of it do not push each other out.
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.suffix in _SUFFIXES)
    own = _hashes(folder, [f"{name}.vy"])
    key = _digest([_CACHE_FORMAT, own, names, _version("vyper"), _version("snekmate"), _OUTPUTS])
    entry = cache_folder() / "artifacts" / f"{name}-{key[:32]}.json"
    output = _read(entry, key)
    if output is None or output["sources"] != _hashes(folder, output["sources"]):
        output = _compile(folder, name)
        _write(entry, key, output)
    return _artifact(name, output)


def _hashes(root: Path, names: Iterable[str]) -> dict[str, str]:
    return {name: hashlib.sha256((root / name).read_bytes()).hexdigest() for name in sorted(names)}


def cache_folder() -> Path:
    """Folder of the disk cache; made on the first write."""
    if chosen := os.environ.get(CACHE_ENV):
        return Path(chosen)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "headwater"


@cache
def _version(package: str) -> str:
    return version(package)


def _compile(root: Path, name: str) -> dict[str, Any]:
    # Late: importing vyper takes a while and freezes the precision of `decimal` for the whole process.
    from vyper.compiler import compile_from_file_input
    from vyper.compiler.input_bundle import FilesystemInputBundle
    from vyper.exceptions import VyperException

    snekmate = importlib.util.find_spec("snekmate")
    if snekmate is None or not snekmate.submodule_search_locations:
        raise CompileError("the package snekmate, which the contracts import, is not installed")
    libraries = Path(next(iter(snekmate.submodule_search_locations))).resolve().parent
    bundle = FilesystemInputBundle([libraries, root])  # the last one is searched first
    try:
        source = bundle.load_file(Path(f"{name}.vy"))
        output = compile_from_file_input(source, input_bundle=bundle, output_formats=_OUTPUTS)
    except VyperException as error:
        raise CompileError(f"{name}.vy does not compile: {error}") from error
    read = [Path(path) for path in bundle._source_ids if Path(path).is_relative_to(root)]
    layout = output["layout"].get("code_layout", {})
    return {
        "sources": _hashes(root, (path.relative_to(root).as_posix() for path in read)),
        "abi": output["abi"],
        "bytecode": output["bytecode"],
        "runtime": output["bytecode_runtime"],
        "immutables_size": _span(layout),
        "compiler": _version("vyper"),
        "settings": output["settings_dict"],
    }


def _span(layout: Mapping[str, Any]) -> int:
    """Bytes of immutables: variables are entries with a length, modules nest theirs."""
    total = 0
    for entry in layout.values():
        total += int(entry["length"]) if "length" in entry else _span(entry)
    return total


def _artifact(name: str, output: Mapping[str, Any]) -> Artifact:
    return Artifact(
        name=name,
        abi=tuple(output["abi"]),
        bytecode=bytes.fromhex(output["bytecode"].removeprefix("0x")),
        runtime=bytes.fromhex(output["runtime"].removeprefix("0x")),
        immutables_size=output["immutables_size"],
        source_hash=_digest(output["sources"]),
        compiler=output["compiler"],
        settings=output["settings"],
    )


def _read(entry: Path, key: str) -> dict[str, Any] | None:
    """A cache entry, or None if it is absent, cut short or altered: then the contract is compiled again."""
    try:
        stored = json.loads(entry.read_text(encoding="utf-8"))
        output = stored["output"]
        if stored["key"] == key and stored["digest"] == _digest(output):
            return dict(output)
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return None


def _write(entry: Path, key: str, output: Mapping[str, Any]) -> None:
    """Write whole or not at all: parallel test processes compile the same contract at the same time."""
    text = json.dumps({"key": key, "digest": _digest(output), "output": output})
    try:
        entry.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=entry.parent, delete=False, encoding="utf-8") as file:
            file.write(text)
        Path(file.name).replace(entry)
    except OSError:
        return  # a read-only home only costs time


def _digest(output: Any) -> str:
    return hashlib.sha256(json.dumps(output, sort_keys=True).encode()).hexdigest()
