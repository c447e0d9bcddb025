"""Specifications: what is to be built, what it leaves open, the hidden tests, and a library of artefacts per role.

Each bundled one is a TOML file in `specifications/`. Hidden means: no description given to a player shows the tests,
and the process in which a program runs holds the questions of the tests but never the answers.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any, Final

from headwater.units import WAD
from headwater_agents.games.software.artefacts import KINDS, ROLES, Artefact, Patch
from headwater_agents.games.software.errors import SoftwareError

POINT: Final = WAD
"""One point of a game in wei."""


@dataclass(frozen=True)
class Question:
    """What the text leaves open: who decides it, the possible answers, and what a programmer not told would assume."""

    key: str
    owner: str
    text: str
    answers: tuple[str, ...]
    naive: str


@dataclass(frozen=True)
class HiddenTest:
    """One hidden test: call `function` with `arguments` (JSON) and look at what comes back.

    `check` is "value", "argument" (the first argument as the call leaves it) or "error" (the name of what is raised).
    `expect` is what must be there, as canonical JSON. `weight` counts within the work package.
    """

    function: str
    arguments: str
    check: str
    expect: str
    weight: int


@dataclass(frozen=True)
class WorkPackage:
    """A part of the work: `planned` is its percent of the pot, `shares` each role's planned percent of it."""

    name: str
    planned: int
    shares: tuple[int, ...]
    tests: tuple[HiddenTest, ...]

    @property
    def weight(self) -> int:
        """The sum of its tests' weights."""
        return sum(test.weight for test in self.tests)


@dataclass(frozen=True)
class Specification:
    """All of a task. `digest` is the SHA-256 (hex) of the file it was read from."""

    name: str
    title: str
    text: str
    functions: tuple[str, ...]
    naive_design: str
    questions: tuple[Question, ...]
    packages: tuple[WorkPackage, ...]
    library: tuple[Artefact, ...]
    digest: str

    @property
    def tests(self) -> tuple[HiddenTest, ...]:
        """All hidden tests, by work package."""
        return tuple(test for package in self.packages for test in package.tests)

    def complete(self, passed: Sequence[bool]) -> tuple[Fraction, ...]:
        """Each work package's part of its test weight that passed; `passed` follows `tests`."""
        parts, start = [], 0
        for package in self.packages:
            weights = (test.weight for test in package.tests)
            verdicts = passed[start : start + len(package.tests)]
            parts.append(Fraction(sum(w for w, ok in zip(weights, verdicts, strict=True) if ok), package.weight))
            start += len(package.tests)
        return tuple(parts)

    def fraction(self, passed: Sequence[bool]) -> Fraction:
        """Σ planned · complete / 100: the weighted part of the tests that passed, from 0 to 1."""
        done = zip(self.packages, self.complete(passed), strict=True)
        return sum((Fraction(package.planned, 100) * part for package, part in done), Fraction(0))

    def of_role(self, role: str) -> tuple[Artefact, ...]:
        """The library of one role."""
        return tuple(artefact for artefact in self.library if artefact.role == role)

    def artefact(self, role: str, name: str) -> Artefact:
        """One of the library. Raises SoftwareError when there is none of that name."""
        for artefact in self.of_role(role):
            if artefact.name == name:
                return artefact
        there = ", ".join(artefact.name for artefact in self.of_role(role))
        raise SoftwareError(f"the {role} of {self.name} has no artefact {name!r}; there are: {there}")

    def check(self, artefact: Artefact) -> None:
        """Raises SoftwareError for a decision that is not this role's, or on no open question, or no answer to it."""
        for key, answer in artefact.decisions:
            question = next((each for each in self.questions if each.key == key), None)
            if question is None:
                keys = ", ".join(each.key for each in self.questions)
                raise SoftwareError(f"{self.name} leaves no question {key!r} open; open are: {keys}")
            if artefact.role not in (question.owner, "counselor"):
                raise SoftwareError(
                    f"{key!r} is for the {question.owner} or the counselor, not for the {artefact.role}"
                )
            if answer not in question.answers:
                raise SoftwareError(f"answers to {key!r} are {', '.join(question.answers)}; got {answer!r}")


@cache
def names() -> tuple[str, ...]:
    """The bundled specifications."""
    found = (entry.name for entry in (files(__package__) / "specifications").iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in found if name.endswith(".toml")))


@cache
def bundled(name: str) -> Specification:
    """A bundled specification. Raises SoftwareError for a name that is none of them."""
    if name not in names():
        raise SoftwareError(f"no specification {name!r}; there are: {', '.join(names())}")
    return parse((files(__package__) / "specifications" / f"{name}.toml").read_text(encoding="utf-8"))


def parse(text: str) -> Specification:
    """Read a specification from TOML. Raises SoftwareError for what is missing or does not fit together."""
    try:
        table = tomllib.loads(text)
        read = Specification(
            name=table["name"],
            title=table["title"],
            text=table["text"].strip(),
            functions=tuple(table["functions"]),
            naive_design=table["naive_design"],
            questions=tuple(Question(**{**each, "answers": tuple(each["answers"])}) for each in table["question"]),
            packages=tuple(_package(each) for each in table["package"]),
            library=tuple(_artefact(each) for each in table["artefact"]),
            digest=sha256(text.encode()).hexdigest(),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise SoftwareError(f"no specification: {type(error).__name__} {error}") from error
    _fits(read)
    return read


def _package(table: dict[str, Any]) -> WorkPackage:
    shares = table["shares"]
    return WorkPackage(
        name=table["name"],
        planned=table["planned"],
        shares=tuple(shares.get(role, 0) for role in ROLES),
        tests=tuple(_test(each) for each in table["test"]),
    )


def _test(table: dict[str, Any]) -> HiddenTest:
    checks = [check for check in ("value", "argument", "error") if check in table]
    if len(checks) != 1:
        raise SoftwareError(f"a test expects one of value, argument and error; got {checks}")
    return HiddenTest(
        function=table["call"],
        arguments=canonical(table["with"]),
        check=checks[0],
        expect=canonical(table[checks[0]]),
        weight=table.get("weight", 1),
    )


def _artefact(table: dict[str, Any]) -> Artefact:
    return Artefact(
        role=table["role"],
        name=table["name"],
        note=table["note"],
        decisions=tuple(table.get("decisions", {}).items()),
        text=table.get("text", ""),
        patches=tuple(Patch(each["find"], each["replace"]) for each in table.get("patch", [])),
        effort=table["points"] * POINT,
    )


def canonical(value: object) -> str:
    """JSON in one spelling, in which 1, 1.0 and true differ."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _fits(read: Specification) -> None:
    if sum(package.planned for package in read.packages) != 100:
        raise SoftwareError("the planned percents of the work packages add up to 100")
    for package in read.packages:
        if sum(package.shares) != 100 or package.shares[KINDS.index("code")] <= 0:
            raise SoftwareError(f"the planned shares in {package.name} add up to 100, some of it the programmer's")
        if package.planned <= 0 or not package.tests or any(test.weight <= 0 for test in package.tests):
            raise SoftwareError(f"{package.name} has a planned percent and tests, all weights above 0")
        if any(test.function not in read.functions for test in package.tests):
            raise SoftwareError(f"a test of {package.name} calls a function that is not specified")
    for question in read.questions:
        if question.naive not in question.answers or question.owner not in ("CEO", "CPO"):
            raise SoftwareError(f"{question.key} is a question to the CEO or the CPO; naive is one of its answers")
    for artefact in read.library:
        read.check(artefact)
    named = [(artefact.role, artefact.name) for artefact in read.library]
    if len(set(named)) < len(named):
        raise SoftwareError("artefacts of a role have different names")
