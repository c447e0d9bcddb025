"""The command explains itself: help and defaults of every subcommand, its version, its exit codes."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from cli_cases import run
from headwater import __version__
from headwater.chain import (
    ArgumentError,
    ConnectionFailed,
    KeyUnavailable,
    NoLocalControl,
    Reverted,
    TransactionRejected,
    UnknownChain,
    WrongChain,
)
from headwater.report import RunFolderError, TraceError
from headwater_agents.cli import errors
from headwater_agents.cli.command import headwater
from headwater_agents.lab.rain import RainError
from headwater_agents.runner.stage import SeasonError
from headwater_deploy import ConfigError, DeploymentError, ManifestError, VerificationError

COMMANDS = sorted(headwater.commands)


def _leaves(group: click.Group, path: tuple[str, ...] = ()) -> dict[tuple[str, ...], click.Command]:
    """Every command that does something, by the words that call it."""
    found: dict[tuple[str, ...], click.Command] = {}
    for name, command in group.commands.items():
        found |= _leaves(command, (*path, name)) if isinstance(command, click.Group) else {(*path, name): command}
    return found


LEAVES = _leaves(headwater)


def test_the_subcommands_are_these() -> None:
    assert [
        *(
            "abi",
            "account",
            "agent",
            "attack",
            "coop",
            "deploy",
            "explain",
            "facilitator",
            "key",
            "learn",
            "node",
            "run",
        ),
        *("send", "series", "swarm", "sweep", "trace", "values", "verify"),
    ] == COMMANDS


@pytest.mark.parametrize("flag", ["--help", "-h"])
@pytest.mark.parametrize("command", sorted(LEAVES), ids=" ".join)
def test_help_explains_every_option(command: tuple[str, ...], flag: str) -> None:
    outcome = run(*command, flag)
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.startswith(f"Usage: headwater {' '.join(command)} [OPTIONS]")
    for parameter in LEAVES[command].params:
        if isinstance(parameter, click.Option):
            assert parameter.help, parameter.name
            assert parameter.opts[0] in outcome.out
            # A default that matters is shown, or told.
            assert parameter.is_flag or parameter.required or "default" in outcome.out.lower() or not parameter.default
        else:
            assert f"{parameter.human_readable_name}".upper() in outcome.out


@pytest.mark.parametrize("args", [["--help"], ["-h"]])
def test_help_of_the_whole_names_every_subcommand_and_exit_code(args: list[str]) -> None:
    outcome = run(*args)
    assert outcome.code == 0
    assert all(re.search(rf"^  {name} ", outcome.out, re.MULTILINE) for name in COMMANDS)
    for name in ("OK", "FAILED", "USAGE", "UNREACHABLE", "UNVERIFIED", "INTERRUPTED"):
        assert re.search(rf"\b{getattr(errors, name)} ", outcome.out), name


def test_defaults_are_those_of_a_first_run() -> None:
    params = headwater.commands["run"].make_context("run", []).params
    assert params == {
        "questions": 120,
        "chain": "tester",
        "seed": 1,
        "outcomes": "2",
        "baselines": False,
        "first": None,
        "out": None,
        "force": False,
        "as_json": False,
    }


def test_version() -> None:
    assert run("--version").out == f"headwater, version {__version__}\n"


def test_unknown_subcommands_and_options_are_refused() -> None:
    for args in (["fly"], ["run", "--fly"], ["trace"], ["verify"], ["verify", "x"], ["deploy"], ["trace", "only-run"]):
        outcome = run(*args)
        assert outcome.code == 2
        assert outcome.out == ""
        assert "Error: " in outcome.err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Reverted("no"), 1),
        (TransactionRejected("no"), 1),
        (DeploymentError("no"), 1),
        (ArgumentError("no"), 2),
        (ConfigError("no"), 2),
        (FileNotFoundError(2, "No such file or directory", "here"), 2),
        (KeyUnavailable("no"), 2),
        (ManifestError("no"), 2),
        (NoLocalControl("no"), 2),
        (RainError("no"), 2),
        (RunFolderError("no"), 2),
        (SeasonError("no"), 2),
        (TraceError("no"), 2),
        (UnknownChain("no"), 2),
        (WrongChain("no"), 2),
        (ConnectionFailed("no"), 3),
        (VerificationError("no"), 4),
    ],
)
def test_every_kind_of_failure_is_one_line_and_its_code(
    error: Exception, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    @errors.reported
    def fails() -> None:
        raise error

    with pytest.raises(SystemExit) as ended:
        fails()
    assert ended.value.code == errors.exit_code(error) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == ("headwater: no\n" if str(error) == "no" else f"headwater: {_text(error)}\n")


def _text(error: Exception) -> str:
    return f"{error.filename}: {error.strerror}" if isinstance(error, OSError) else str(error)


def test_a_mistake_of_ours_is_not_hidden() -> None:
    @errors.reported
    def broken() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        broken()


def test_with_json_a_failure_is_an_object_too(tmp_path: Path) -> None:
    outcome = run("verify", tmp_path / "none.json", "--rpc", "http://127.0.0.1:1", "--json")
    assert outcome.code == 2
    assert outcome.json == {"error": f"there is no manifest at {tmp_path / 'none.json'}", "kind": "ManifestError"}
    assert outcome.err == f"headwater: there is no manifest at {tmp_path / 'none.json'}\n"
