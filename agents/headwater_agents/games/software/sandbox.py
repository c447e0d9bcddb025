"""The sandbox: programs of unknown origin answer calls in a process of their own; the caller judges the answers.

What stands around a program (`guest.py`), from the inside out:

- its source is looked at before it runs: imports outside `ALLOWED`, names with double underscores, frame attributes;
- its builtins lack `open`, `exec`, `eval` and their like; modules show their public names only;
- an audit hook ends the process at any event that no program needs: opening files, sockets, processes, ctypes,
  imports from disk, tracing;
- a process for each program, with limits set for good: processor and wall-clock time, memory, file size 0, open files
  0, processes 0, core 0; as user 65534 where the caller is root; an empty environment; a cap on what it says;
- it is asked questions and never holds the answers expected, so there is no verdict in it to forge.

Limits of this: an audit hook and a look at the source are no security boundary against a determined attacker, who may
find a fault of the interpreter itself; the kernel is shared, the file system visible to whoever gets so far, and what
stays within time and memory is not noticed. For programs of strangers run all of it in a container without network
and secrets, under a user of its own (bubblewrap, nsjail, gVisor or a virtual machine). POSIX only.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from headwater.safejson import loads
from headwater_agents.games.software.errors import SoftwareError

ALLOWED: Final = (
    "bisect",
    "collections",
    "collections.abc",
    "enum",
    "functools",
    "heapq",
    "itertools",
    "math",
    "operator",
    "re",
    "string",
    "textwrap",
    "typing",
)
"""The modules a program may import."""

MAX_SOURCE: Final = 65_536
"""Most characters of a program."""

DONE: Final = "done"
"""How a program ends that answered every call within its limits."""


@dataclass(frozen=True)
class Limits:
    """Of one program: `cpu` and `wall` in seconds, `memory` in bytes of address space, `output` in bytes of answers."""

    cpu: float = 0.5
    wall: float = 10.0
    memory: int = 256 * 2**20
    output: int = 65_536


@dataclass(frozen=True)
class Call:
    """A question: `function` called with `arguments` (a JSON list). `check` "argument" asks what the first became."""

    function: str
    arguments: str
    check: str = "value"


@dataclass(frozen=True)
class Answer:
    """What came of a call, by `kind`.

    "value" with JSON data as content; "error" with the name of a builtin exception; "missing", no such function;
    "unfit", a value that is not data or nested too deep; "none", no answer.
    """

    kind: str
    content: Any = None


NONE: Final = Answer("none")


@dataclass(frozen=True)
class Outcome:
    """A program's answers, one a call, and how it ended: "done", or the reason why it did not come so far.

    A program ended by a refusal, or by saying too much, has no answers; one that ran out of time keeps those before.
    """

    answers: tuple[Answer, ...]
    end: str


def run(programs: Sequence[str], calls: Sequence[Call], limits: Limits | None = None) -> list[Outcome]:
    """Ask every program the same calls, each program in a process of its own; outcomes in the order of `programs`.

    Blocks; at most `wall` seconds a program. Raises SoftwareError: a source of more than 65,536 characters, no POSIX,
    or a sandbox that does not start.
    """
    if not programs:
        return []
    limits = limits or Limits()
    if any(len(source) > MAX_SOURCE for source in programs):
        raise SoftwareError(f"a program has at most {MAX_SOURCE} characters")
    if os.name != "posix":
        raise SoftwareError("programs are only run where there is fork and setrlimit (Linux, macOS)")
    asked = [(call.function, call.arguments, call.check) for call in calls]
    jobs = [{"source": source, "calls": asked} for source in programs]
    batch = json.dumps({"limits": asdict(limits), "allowed": ALLOWED, "jobs": jobs})
    replies = _guest(batch, (limits.wall + 2) * len(programs) + 10).splitlines()
    if len(replies) != len(programs):
        raise SoftwareError(f"the sandbox answered for {len(replies)} of {len(programs)} programs")
    return [_outcome(json.loads(reply), len(calls)) for reply in replies]


def _guest(batch: str, seconds: float) -> str:
    guest = subprocess.Popen(  # noqa: S603 - our own interpreter and script
        [sys.executable, "-I", "-S", "-B", str(Path(__file__).with_name("guest.py"))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={},
        cwd="/",
        start_new_session=True,
        text=True,
        encoding="ascii",
    )
    try:
        said, failure = guest.communicate(batch, timeout=seconds)
    except subprocess.TimeoutExpired:
        raise SoftwareError(f"the sandbox did not answer within {seconds:.0f} s") from None
    finally:
        # The guest's children are of its session: nothing that it began outlives the call, whatever ended it.
        _end(guest)
    if guest.returncode != 0:
        raise SoftwareError(f"the sandbox failed: {failure.strip()[-300:] or guest.returncode}")
    return said


def _end(guest: subprocess.Popen[str]) -> None:
    if guest.poll() is None:
        os.killpg(guest.pid, signal.SIGKILL)
        guest.communicate()


def _outcome(reply: dict[str, Any], count: int) -> Outcome:
    end = str(reply["end"])
    if end.startswith(("refused", "output")):
        return Outcome((NONE,) * count, end)
    answers = [_answer(line) for line in reply["lines"]]
    if None in answers or len(answers) > count or (end == DONE and len(answers) < count):
        return Outcome((NONE,) * count, "garbled: it wrote on the channel of the answers")
    given = [answer for answer in answers if answer is not None]
    return Outcome((*given, *(NONE,) * (count - len(given))), end)


def _answer(line: str) -> Answer | None:
    """One line of a program's process, which the program may have written itself; None for what is no answer."""
    try:
        pair = loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(pair, list) or len(pair) != 2 or pair[0] not in ("value", "error", "missing", "unfit"):
        return None
    return Answer(str(pair[0]), pair[1])
