"""How the command fails: one line that says what was wrong and what is accepted, and a telling exit code."""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, ParamSpec, TypeVar

import click

from headwater.chain import (
    ArgumentError,
    ConnectionFailed,
    HeadwaterError,
    KeyUnavailable,
    NoLocalControl,
    UnknownChain,
    WrongChain,
)
from headwater.errors import InputError
from headwater.report import ReportError
from headwater_agents.durable.database import StateError
from headwater_agents.lab.campaign.errors import CampaignError, ClusterUnreachable
from headwater_agents.lab.rain import RainError
from headwater_agents.runner.stage import SeasonError
from headwater_deploy import ConfigError, ManifestError, VerificationError

OK: Final = 0
FAILED: Final = 1
USAGE: Final = 2
UNREACHABLE: Final = 3
UNVERIFIED: Final = 4
INTERRUPTED: Final = 130

EXIT_CODES: Final = """\b
Exit codes: 0 all is well; 1 the chain or a contract refused, or a unit of work failed; 2 wrong use (arguments,
files, keys); 3 the node or cluster cannot be reached; 4 an audit or a verification failed; 130 interrupted."""

_USAGE = (
    ArgumentError,
    CampaignError,
    ConfigError,
    InputError,
    KeyUnavailable,
    ManifestError,
    NoLocalControl,
    OSError,
    RainError,
    ReportError,
    SeasonError,
    StateError,
    UnknownChain,
    WrongChain,
)

P = ParamSpec("P")
R = TypeVar("R")


def exit_code(error: BaseException) -> int:
    """The exit code an error asks for."""
    if isinstance(error, ConnectionFailed | ClusterUnreachable):
        return UNREACHABLE
    if isinstance(error, _USAGE):
        return USAGE
    if isinstance(error, VerificationError):
        return UNVERIFIED
    return FAILED


def reported(command: Callable[P, R]) -> Callable[P, R]:
    """Let a command end with one line on standard error rather than a traceback; with --json, one JSON object too."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except BrokenPipeError:
            raise  # the reader of our output has gone; click ends the program quietly
        except KeyboardInterrupt:
            click.echo("headwater: interrupted", err=True)
            sys.exit(INTERRUPTED)
        except (HeadwaterError, InputError, ReportError, RainError, ConfigError, OSError) as error:
            text = (
                f"{error.filename}: {error.strerror}" if isinstance(error, OSError) and error.filename else str(error)
            )
            if kwargs.get("as_json"):
                with suppress(OSError):  # which may be what went wrong
                    print_json({"error": text, "kind": type(error).__name__})
            click.echo(f"headwater: {text}", err=True)
            sys.exit(exit_code(error))

    return run


def print_json(value: Any) -> None:
    """One JSON value on standard output."""
    click.echo(json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False))
