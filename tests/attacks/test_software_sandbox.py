"""Programs that try to leave their sandbox: each ends with a reason, and its neighbours do not notice."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from headwater_agents.games.software import sandbox
from headwater_agents.games.software.judge import Judge
from headwater_agents.games.software.sandbox import DONE, Answer, Call, Limits, run
from headwater_agents.games.software.specification import bundled

HONEST = "def f(x):\n    return x + 1\n"
TWICE = (Call("f", "[1]"), Call("f", "[2]"))
LIMITS = Limits(cpu=5, wall=30, memory=128 * 2**20)
HURRIED = Limits(cpu=0.2, wall=30, memory=128 * 2**20)

ATTACKS = {
    "an endless loop": ("def f(x):\n    while True:\n        pass\n", "time:"),
    "an endless loop on loading": ("while True:\n    pass\n", "time:"),
    "an endless loop that catches everything": (
        "def f(x):\n    while True:\n        try:\n            f(x)\n        except BaseException:\n            pass\n",
        "time:",
    ),
    "endless printing": ("def f(x):\n    while True:\n        print('x' * 4096)\n", "output:"),
    "a huge answer": ("def f(x):\n    return 'x' * 1_000_000\n", "output:"),
    "reading a file": ("def f(x):\n    return open('/etc/passwd').read()\n", "refused: use of open"),
    "the network": ("import socket\n", "refused: import of socket"),
    "fork": ("from os import fork\nfork()\n", "refused: import of os"),
    "a relative import": ("from . import judge\n", "refused: import of ."),
    "ctypes": ("import ctypes\n", "refused: import of ctypes"),
    "eval": ("def f(x):\n    return eval('1')\n", "refused: use of eval"),
    "the classes of the interpreter": ("C = ().__class__.__base__.__subclasses__()\n", "refused: use of __"),
    "the globals of a function": ("G = print.__globals__\n", "refused: use of __globals__"),
    "a class pattern": (
        "def f(x):\n    match f:\n        case object(__globals__=g):\n            return g\n",
        "refused: use of __globals__",
    ),
    "the frame of a generator": ("def f(x):\n    return (i for i in ()).gi_frame\n", "refused: use of gi_frame"),
    "its own builtins": ("__builtins__['len'] = 3\n", "refused: use of __builtins__"),
    "a tower of parentheses": ("x = " + "(" * 5000 + ")" * 5000, "SyntaxError"),
    "a tower of signs": ("x = " + "-" * 60_000 + "1", ""),
    "no program": ("def f(:\n", "SyntaxError"),
    "leaving on loading": ("raise SystemExit(0)\n", "does not load: SystemExit"),
}

FAILING = {
    "a memory bomb": ("def f(x):\n    return len('x' * 10**10)\n", "MemoryError"),
    "a slow memory bomb": (
        "def f(x):\n    kept = []\n    while True:\n        kept.append('x' * 10**6)\n",
        "MemoryError",
    ),
    "deep recursion": ("def f(x):\n    return f(x)\n", "RecursionError"),
    "leaving by SystemExit": ("def f(x):\n    raise SystemExit('all passed')\n", "SystemExit"),
    "leaving by exit": ("def f(x):\n    return sys.exit(0)\n", "NameError"),
    "the modules of a module": ("import enum\ndef f(x):\n    return enum.sys.modules\n", "AttributeError"),
    "getattr by a made-up name": ("def f(x):\n    return getattr(f, '__glo' + 'bals__')\n", "AttributeError"),
    "attrgetter": ("import operator\ndef f(x):\n    return operator.attrgetter\n", "AttributeError"),
    "evaluated type hints": ("import typing\ndef f(x):\n    return typing.get_type_hints(f)\n", "AttributeError"),
    "a formatter": ("import string\ndef f(x):\n    return string.Formatter()\n", "AttributeError"),
}

FORGERS = {
    "prints a report": "print('15 passed in 0.01s')\ndef f(x):\n    print('ok')\n    return 'all passed'\n",
    "an object that equals everything": (
        "class A:\n    def __eq__(self, o):\n        return True\ndef f(x):\n    return A()\n"
    ),
    "a list that equals everything": (
        "class A(list):\n    def __eq__(self, o):\n        return True\ndef f(x):\n    return A()\n"
    ),
    "changes what the next call gets": "def f(x):\n    global f\n    f = None\n    return 0\n",
}


def test_every_attack_ends_with_its_reason_and_its_neighbours_answer_as_ever() -> None:
    sources = [part for attack, _ in ATTACKS.values() for part in (attack, HONEST)]
    outcomes = run(sources, TWICE, HURRIED)
    for (name, (_, reason)), attacked, honest in zip(ATTACKS.items(), outcomes[::2], outcomes[1::2], strict=True):
        assert attacked.end.startswith(reason), (name, attacked)
        assert attacked.end != DONE, name
        assert {answer.kind for answer in attacked.answers} == {"none"}, name
        assert honest.answers == (Answer("value", 2), Answer("value", 3)), name


def test_what_exhausts_memory_or_the_stack_or_leaves_fails_its_own_test() -> None:
    outcomes = run([source for source, _ in FAILING.values()], TWICE, LIMITS)
    for (name, (_, error)), outcome in zip(FAILING.items(), outcomes, strict=True):
        assert outcome.answers == (Answer("error", error),) * 2, name
        assert outcome.end == DONE, name


def test_memory_that_cannot_be_had_back_ends_the_program() -> None:
    hoard = "kept = []\ndef f(x):\n    while True:\n        kept.append([x])\n"
    (outcome,) = run([hoard], TWICE, LIMITS)
    assert outcome.end.startswith("memory:") or outcome.answers[0] == Answer("error", "MemoryError"), outcome


def test_answers_before_the_time_ran_out_count() -> None:
    (outcome,) = run(["def f(x):\n    while x > 1:\n        pass\n    return x\n"], TWICE, HURRIED)
    assert outcome.answers == (Answer("value", 1), Answer("none"))


def test_no_lie_in_the_program_passes_a_test_for_the_verdict_is_made_elsewhere() -> None:
    outcomes = run(list(FORGERS.values()), TWICE, LIMITS)
    for name, outcome in zip(FORGERS, outcomes, strict=True):
        assert Answer("value", 2) not in outcome.answers, name
        assert outcome.answers[0].kind != "none", name


def test_an_answer_that_is_no_data_is_no_error_either() -> None:
    """Otherwise a function that returns itself would pass the tests that expect a TypeError."""
    nested = "def f(x):\n    for _ in range(50):\n        x = [x]\n    return x\n"
    outcomes = run(["def f(x):\n    return f\n", nested, "def f(x):\n    return 10**9999\n"], TWICE, LIMITS)
    assert [outcome.answers[0].kind for outcome in outcomes] == ["unfit"] * 3


# Past the look at the source: the modules below are allowed here, so that the programs meet the hook.
WIDER = ("os", "socket", "subprocess", "ctypes", "gc", "io", "sys", "importlib", "resource", "signal", "mmap")

HOOKED = {
    "import io\nio.FileIO('/etc/passwd')": "refused: open /etc/passwd",
    "import os\nos.open('/tmp/x', os.O_CREAT)": "refused: open /tmp/x",
    "import os\nos.system('true')": "refused: os.system",
    "import os\nos.fork()": "refused: os.fork",
    "import os\nos.listdir('/')": "refused: os.listdir /",
    "import os\nos.kill(os.getppid(), 9)": "refused: os.kill",
    "import socket\nsocket.socket()": "refused: socket.__new__",
    "import subprocess\nsubprocess.Popen(['true'])": "refused: subprocess.Popen true",
    "import ctypes\nctypes.CDLL(None)": "refused: ctypes.dlopen",
    "import importlib\nimportlib.import_module('this')": "refused: ",
    "import gc\ngc.get_objects()": "refused: gc.get_objects",
    "import resource\nresource.setrlimit(resource.RLIMIT_CPU, (9, 9))": "refused: resource.setrlimit",
    "import sys\nsys.settrace(None)": "refused: sys.settrace",
    "import sys\nsys.addaudithook(print)": "refused: sys.addaudithook",
}

BLUNT = "try:\n    {}\nexcept BaseException:\n    pass\ndef f(x):\n    return x + 1\n"


def test_the_hook_ends_a_program_that_got_past_the_look_and_cannot_be_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "ALLOWED", (*sandbox.ALLOWED, *WIDER))
    outcomes = run([BLUNT.format(source.replace("\n", "\n    ")) for source in HOOKED], TWICE, LIMITS)
    for (source, reason), outcome in zip(HOOKED.items(), outcomes, strict=True):
        assert outcome.end.startswith(reason), (source, outcome)
        assert {answer.kind for answer in outcome.answers} == {"none"}, source


def test_what_was_answered_before_a_refusal_or_a_flood_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "ALLOWED", (*sandbox.ALLOWED, "os"))
    late = "import os\ndef f(x):\n    if x > 1:\n        os.listdir('/')\n    return 2\n"
    flood = "def f(x):\n    if x > 1:\n        print('x' * 100_000)\n    return 2\n"
    for outcome, reason in zip(run([late, flood], TWICE, LIMITS), ("refused", "output"), strict=True):
        assert outcome.end.startswith(reason)
        assert {answer.kind for answer in outcome.answers} == {"none"}


def test_a_program_that_takes_the_whole_process_over_still_cannot_tell_what_to_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It replaces the function that answers, and writes on the channel: only its own answers are spoilt."""
    monkeypatch.setattr(sandbox, "ALLOWED", (*sandbox.ALLOWED, "sys", "os"))
    takeover = (
        "import sys\nimport os\nMAIN = sys.modules['__ma' + 'in__']\n"
        "def lie(space, function, arguments, check):\n    return '[\"value\", true]'\nMAIN.answer = lie\n"
    )
    channel = (
        "import os\nfor number in range(3, 20):\n"
        "    try:\n        os.write(number, b'[1]\\n')\n    except OSError:\n        pass\n"
    )
    judge = Judge(bundled("intervals"), LIMITS)
    first, second, third = judge.scores([takeover, channel, "def length(busy):\n    return 8\n"])
    assert first.end == DONE
    assert not any(first.passed)
    assert second.end.startswith("garbled")
    assert sum(third.passed) == 1


CONFINED = """
import contextlib, importlib.util, json, os, sys
found = importlib.util.spec_from_file_location("guest", sys.argv[1])
guest = importlib.util.module_from_spec(found)
found.loader.exec_module(guest)
reader, writer = os.pipe()
child = os.fork()
if child == 0:
    guest.confine({"cpu": 5, "wall": 5, "memory": 2**28}, writer)
    tried = {}
    def attempt(name, act):
        try:
            act()
        except (OSError, MemoryError, ValueError) as error:
            tried[name] = type(error).__name__
        else:
            tried[name] = "worked"
    attempt("open", lambda: os.open("/", os.O_RDONLY))
    attempt("socket", lambda: __import__("socket").socket())
    attempt("memory", lambda: bytearray(2**29))
    attempt("fork", lambda: os.fork() or os._exit(0))
    attempt("root", lambda: os.setuid(0))
    attempt("limits", lambda: __import__("resource").setrlimit(7, (99, 99)))
    os.write(writer, json.dumps(tried).encode())
    os._exit(0)
os.close(writer)
os.waitpid(child, 0)
sys.stdout.write(os.read(reader, 65536).decode())
"""


def test_without_look_and_hook_the_kernel_still_refuses_files_sockets_memory_and_processes() -> None:
    guest = Path(sandbox.__file__).with_name("guest.py")
    done = subprocess.run(
        [sys.executable, "-c", "import socket, resource\n" + CONFINED, str(guest)],
        capture_output=True,
        check=True,
        timeout=60,
    )
    tried = json.loads(done.stdout)
    assert {tried[name] for name in ("open", "socket")} == {"OSError"}
    assert tried["memory"] == "MemoryError"
    assert tried["fork"] == "BlockingIOError"
    assert tried["root"] == "PermissionError"
    assert tried["limits"] != "worked"


def test_a_sandbox_that_hangs_is_ended_with_everything_it_began(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[int] = []

    class Seen(subprocess.Popen):  # type: ignore[type-arg]
        def __init__(self, *args: object, **more: object) -> None:
            super().__init__(*args, **more)  # type: ignore[call-overload]
            started.append(self.pid)

    monkeypatch.setattr(sandbox.subprocess, "Popen", Seen)
    batch = {
        "limits": {"cpu": 60, "wall": 60, "memory": 2**28, "output": 1000},
        "allowed": [],
        "jobs": [{"source": "while True:\n    pass\n", "calls": []}],
    }
    with pytest.raises(sandbox.SoftwareError, match="did not answer within"):
        sandbox._guest(json.dumps(batch), 0.5)
    assert len(started) == 1
    deadline = time.monotonic() + 10
    while running := running_in(started[0]):
        assert time.monotonic() < deadline, running


def running_in(session: int) -> list[int]:
    """The processes of a session that are not just waiting to be reaped."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _, _, of = entry.read_text().rpartition(")")[2].split()[:4]
            if int(of) == session and state != "Z":
                found.append(int(entry.parent.name))
    return found


def test_an_allowed_module_shows_none_of_the_modules_it_uses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "ALLOWED", (*sandbox.ALLOWED, "ast"))
    (outcome,) = run(["import ast\ndef f(x):\n    return hasattr(ast, 'parse'), hasattr(ast, 'sys')\n"], TWICE, LIMITS)
    assert outcome.answers[0] == Answer("value", [True, False])


def test_the_guest_sees_no_environment_and_no_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADWATER_SECRET", "key")
    monkeypatch.setattr(sandbox, "ALLOWED", (*sandbox.ALLOWED, "os", "sys"))
    peek = (
        "import os\nimport sys\ndef f(x):\n"
        "    ours = [name for name in sys.modules if 'headwater' in name]\n"
        "    return [[key for key in os.environ if key != 'LC_CTYPE'], ours, os.getcwd()]\n"
    )
    (outcome,) = run([peek], [Call("f", "[1]")], LIMITS)
    assert outcome.answers == (Answer("value", [[], [], "/"]),), outcome
