"""The inside of the sandbox: run as a script by a separate interpreter, it imports nothing of this project.

Reads one JSON object from standard input, `{"limits": {...}, "allowed": [...], "jobs": [{"source", "calls"}]}`, and
for each job forks a child. The child gives up what it can (files, rights, memory, time), installs the audit hook, runs
the program and answers the calls over a pipe, a line each. It never holds what the answers should be, so a program
that takes its child over can spoil its own answers and nothing else. Writes one line a job: {"lines", "end"}.
"""

from __future__ import annotations

import ast
import contextlib
import gc
import importlib.util
import json
import os
import resource
import select
import signal
import sys
import time
import warnings
from pathlib import Path
from typing import Any

SIGNALS = {
    signal.SIGPROF: "time: it used more processor time than it may",
    signal.SIGXCPU: "time: it used more processor time than it may",
    signal.SIGALRM: "time: it took longer by the clock than it may",
    signal.SIGXFSZ: "refused: writing a file",
}

FULL = 72
"""The exit status of a child without the memory to say so."""


def load_fence() -> Any:
    """The module beside this file: an isolated interpreter does not find it by name."""
    found = importlib.util.spec_from_file_location("fence", Path(__file__).with_name("fence.py"))
    if found is None or found.loader is None:
        raise FileNotFoundError("fence.py")
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


fence = load_fence()


def main() -> None:
    """Answer one batch."""
    batch = json.load(sys.stdin)
    warnings.simplefilter("ignore")
    for module in batch["allowed"]:
        importlib.import_module(module)
    limits = batch["limits"]
    # What is here now stays: the children's collector need not touch, and so copy, its pages.
    gc.freeze()
    for job in batch["jobs"]:
        lines, end = attend(job, limits, frozenset(batch["allowed"]))
        sys.stdout.write(json.dumps({"lines": lines, "end": end}) + "\n")
    sys.stdout.flush()


def attend(job: dict[str, Any], limits: dict[str, Any], allowed: frozenset[str]) -> tuple[list[str], str]:
    """Run one program in a child; its lines, and how it ended."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        try:
            inside(job, limits, allowed, writer)
        except MemoryError:
            os._exit(FULL)
        except BaseException:
            os._exit(70)
        os._exit(71)
    os.close(writer)
    heard, end = listen(reader, limits)
    os.close(reader)
    if end:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
    status = os.waitpid(child, 0)[1]
    lines = heard.decode("ascii", "replace").split("\n")[:-1]
    if end:
        return lines, end
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        return lines, SIGNALS.get(signal.Signals(number), f"died: signal {number}")
    if lines and lines[-1].startswith("!"):
        return lines[:-1], lines[-1][1:]
    if os.WEXITSTATUS(status) == FULL:
        return lines, "memory: it used more than it may"
    return lines, f"died: exit status {os.WEXITSTATUS(status)}"


def listen(reader: int, limits: dict[str, Any]) -> tuple[bytes, str]:
    """What a child writes, up to the cap and the deadline."""
    heard = b""
    deadline = time.monotonic() + float(limits["wall"]) + 1
    while True:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([reader], [], [], left)[0]:
            return heard, "time: it took longer by the clock than it may"
        part = os.read(reader, 65536)
        if not part:
            return heard, ""
        heard += part
        if len(heard) > int(limits["output"]):
            return b"", "output: its answers are longer than they may be"


def inside(job: dict[str, Any], limits: dict[str, Any], allowed: frozenset[str], pipe: int) -> None:
    """The child: confine, check, run, answer. Does not return."""
    say, leave = speaker(pipe)
    confine(limits, pipe)
    try:
        tree = ast.parse(job["source"])
        fence.look(tree, allowed)
        code = compile(tree, "<program>", "exec")
    except (fence.RefusedError, SyntaxError, ValueError, RecursionError, MemoryError) as error:
        kind = "refused" if isinstance(error, fence.RefusedError) else type(error).__name__
        leave(f"{kind}: {str(error)[:200]}")
    space = {"__name__": "program", "__builtins__": fence.safe_builtins(allowed)}
    sys.stdout = sys.stderr = fence.Counter(int(limits["output"]), leave)
    sys.addaudithook(fence.hook(leave))
    try:
        exec(code, space)  # noqa: S102 - this process exists to do so
    except BaseException as error:
        leave(f"does not load: {named(error)}")
    for function, arguments, check in job["calls"]:
        say(answer(space, function, arguments, check))
    leave("done")


def speaker(pipe: int) -> Any:
    """Two functions that write a line and that write the last one and leave, out of reach of names set later."""
    write, end, encode = os.write, os._exit, str.encode

    def say(line: str) -> None:
        data = encode(line + "\n", "ascii", "replace")
        while data:
            data = data[write(pipe, data) :]

    def leave(reason: str) -> None:
        say("!" + "".join(sign if " " <= sign <= "~" else "?" for sign in reason))
        end(0)

    return say, leave


def confine(limits: dict[str, Any], pipe: int) -> None:
    """Give up files, rights, memory and time for good."""
    null = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(null, number)
    os.closerange(3, pipe)
    os.closerange(pipe + 1, 1024)
    if os.getuid() == 0:
        # A container may forbid it; the other fences then stand alone.
        with contextlib.suppress(OSError):
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
    seconds = float(limits["cpu"])
    ceilings = {
        resource.RLIMIT_CPU: int(seconds) + 2,
        resource.RLIMIT_AS: int(limits["memory"]),
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_NPROC: 0,
        resource.RLIMIT_NOFILE: 0,
        resource.RLIMIT_CORE: 0,
    }
    for what, most in ceilings.items():
        resource.setrlimit(what, (most, most))
    for number in (signal.SIGPROF, signal.SIGALRM, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    signal.setitimer(signal.ITIMER_REAL, float(limits["wall"]))


def answer(space: dict[str, Any], function: str, arguments: str, check: str) -> str:
    """One call's answer as a line of JSON: ["value", …], ["error", its name], ["missing", …], ["unfit", …]."""
    if function not in space:
        return json.dumps(["missing", function])
    given = json.loads(arguments)
    try:
        value = space[function](*given)
    except BaseException as error:
        # Its frames hold what filled the memory; they go before anything else is made.
        BaseException.with_traceback(error, None)
        BaseException.__setattr__(error, "__context__", None)
        return json.dumps(["error", named(error)])
    try:
        return json.dumps(["value", plain(given[0] if check == "argument" else value, 0)])
    except (TypeError, ValueError, RecursionError, MemoryError):
        # Not an error of the call: a test that expects one is not passed by an answer that cannot be said.
        return json.dumps(["unfit", function])


def plain(value: Any, depth: int) -> Any:
    """The value, if it is data all through: type by type, so that no method of the program's is called."""
    kind = type(value)
    if value is None or kind in (str, int, float, bool):
        return value
    if depth > 8:
        raise ValueError("nested too deep for an answer")
    if kind in (list, tuple):
        return [plain(entry, depth + 1) for entry in value]
    if kind is dict and all(type(key) is str for key in value):
        return {key: plain(entry, depth + 1) for key, entry in value.items()}
    raise TypeError("not data")


def named(error: BaseException) -> str:
    """The name of the builtin exception that this is, or a kind of."""
    for kind in type.mro(type(error)):
        if type.__getattribute__(kind, "__module__") == "builtins":
            return str(type.__getattribute__(kind, "__name__"))
    return "BaseException"


if __name__ == "__main__":
    main()
