"""Writes a new bot's folder from the templates."""

from __future__ import annotations

import re
import shutil
import tempfile
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Final

from headwater.chain import ArgumentError
from headwater_agents.bots.config import BotConfigError, read_config

ROLES: Final = ("forecaster", "provider")
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,40}")
_LOCATOR: Final = re.compile(r"""[^"\\\x00-\x1f]+""")  # what can stand between TOML's quotes as it is


class ScaffoldError(ArgumentError):
    """A bot that cannot be begun as asked; says why, and what is accepted. Nothing was written."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Placement:
    """Where a new bot works: node, manifest, series, and the facilitator its payments go through.

    manifest: a path, absolute or as seen from the bot's folder. port: of /health and /metrics; 0 for any free one.
    """

    rpc: str = "http://127.0.0.1:8545"
    manifest: str = "../deployments/1337.json"
    series: int = 1
    facilitator: str = "http://127.0.0.1:8402"
    port: int = 0


def write_bot(name: str, parent: Path, role: str = "forecaster", placement: Placement | None = None) -> list[Path]:
    """Write the folder `parent`/`name`: bot.py, bot.toml, test_bot.py, README.md. The files, in that order.

    All of it appears at once, or nothing. Raises ScaffoldError.
    """
    if _NAME.fullmatch(name) is None:
        raise ScaffoldError(
            f"{name!r} is no name for a bot; accepted: up to 41 letters, digits, '-' and '_', a letter first"
        )
    if role not in ROLES:
        raise ScaffoldError(f"role is {role!r}; accepted: {', '.join(ROLES)}")
    folder = parent / name
    if folder.exists() or folder.is_symlink():
        raise ScaffoldError(f"{folder} is there already, and nothing is overwritten; choose another name")
    if not parent.is_dir():
        raise ScaffoldError(f"there is no folder {parent}")
    values = _values(name, role, placement or Placement())
    scratch = Path(tempfile.mkdtemp(dir=parent, prefix=f".{name}-"))
    try:
        for target, text in _texts(role, values).items():
            (scratch / target).write_text(text, encoding="utf-8")
        read_config(scratch / "bot.toml")
        scratch.chmod(0o755)
        scratch.rename(folder)
    except BotConfigError as error:
        raise ScaffoldError(str(error).replace(f"{scratch}/", f"{folder}/")) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return [folder / target for target in _TARGETS]


_TARGETS: Final = ("bot.py", "bot.toml", "test_bot.py", "README.md")


def _values(name: str, role: str, placement: Placement) -> dict[str, str]:
    for what in ("rpc", "manifest", "facilitator"):
        text = getattr(placement, what)
        if _LOCATOR.fullmatch(text) is None:
            raise ScaffoldError(f"{what} is {text!r}; accepted: text without quotes, backslashes or line breaks")
    return {"name": name, "role": role, **{key: str(value) for key, value in asdict(placement).items()}}


def _texts(role: str, values: dict[str, str]) -> dict[str, str]:
    """The files by name. A template for one role only has the role in its name."""
    templates = files("headwater_agents.scaffold") / "templates"
    found = {}
    for target in _TARGETS:
        stem, _, ending = target.partition(".")
        own = templates / f"{stem}.{role}.{ending}.template"
        source = own if own.is_file() else templates / f"{target}.template"
        found[target] = Template(source.read_text(encoding="utf-8")).substitute(values)
    return found
