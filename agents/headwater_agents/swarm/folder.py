"""The folder of a swarm: settings, addresses, ports and state files; held by one supervisor at a time."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from headwater_agents.swarm.settings import SwarmSettings, SwarmUsageError

_FORMAT: Final = 1


class RunFolder:
    """Where everything of a swarm is. `notes` survive: agent ids, ports, what everybody began with."""

    def __init__(self, path: Path, settings: SwarmSettings, notes: dict[str, Any]) -> None:
        self.path = path.resolve()
        self.settings = settings
        self.notes = notes

    @classmethod
    def create(cls, path: Path, settings: SwarmSettings) -> RunFolder:
        """A new one. Raises SwarmUsageError if there is something at the place."""
        try:
            path.mkdir(parents=True, exist_ok=True)
            if any(path.iterdir()):
                raise SwarmUsageError(f"{path} is not empty; choose another --out, or go on with it by --resume")
        except OSError as error:
            raise SwarmUsageError(f"{path} cannot be made: {error.strerror}") from error
        made = cls(path, settings, {})
        (made.path / "logs").mkdir()
        made.save()
        return made

    @classmethod
    def open(cls, path: Path) -> RunFolder:
        """One that is there. Raises SwarmUsageError."""
        try:
            raw = json.loads((path / "swarm.json").read_text(encoding="utf-8"))
            if raw["format"] != _FORMAT:
                raise SwarmUsageError(f"{path} was made by another version of the swarm")
            return cls(path, SwarmSettings.from_dict(raw["settings"]), raw["notes"])
        except OSError as error:
            raise SwarmUsageError(f"{path} is no folder of a swarm: {error.strerror}: swarm.json") from error
        except (ValueError, KeyError, TypeError) as error:
            raise SwarmUsageError(f"{path}/swarm.json cannot be read: {error}") from error

    def save(self) -> None:
        """Write settings and notes, whole or not at all."""
        content = {"format": _FORMAT, "settings": self.settings.as_dict(), "notes": self.notes}
        write_whole(self.path / "swarm.json", json.dumps(content, indent=1))

    def note(self, **facts: Any) -> None:
        """Keep facts."""
        self.notes.update(facts)
        self.save()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other supervisors out. Raises SwarmUsageError if there is one."""
        with (self.path / "swarm.lock").open("ab") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise SwarmUsageError(f"{self.path} is held by another process: is this swarm running?") from None
            yield

    # Where things are

    @property
    def manifest(self) -> Path:
        """Of the deployment."""
        return self.path / "manifest.json"

    @property
    def chain(self) -> Path:
        """The node's file."""
        return self.path / "chain.sqlite"

    @property
    def diary(self) -> Path:
        """What happened to processes, JSON lines."""
        return self.path / "diary.jsonl"

    def config(self, name: str) -> Path:
        """A bot's settings."""
        return self.path / f"{name}.toml"

    def state(self, name: str) -> Path:
        """A bot's file."""
        return self.path / f"{name}.sqlite"

    def log(self, name: str) -> Path:
        """What a process said."""
        return self.path / "logs" / f"{name}.log"


def write_whole(path: Path, text: str) -> None:
    """Replace a file's content, or leave it as it was."""
    fresh = path.with_name(path.name + ".new")
    with fresh.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def to_toml(tables: dict[str, Any]) -> str:
    """TOML of strings, numbers, booleans, lists of them and inline tables, with tables one deep."""
    top = [f"{name} = {_value(value)}" for name, value in tables.items() if not isinstance(value, dict)]
    for name, value in tables.items():
        if isinstance(value, dict):
            top += ["", f"[{name}]", *(f"{key} = {_value(each)}" for key, each in value.items())]
    return "\n".join(top) + "\n"


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{name} = {_value(each)}" for name, each in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False)
