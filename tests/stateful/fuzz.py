"""Long random histories over all five contracts, and the hunt for mutants: `python tests/stateful/fuzz.py --help`.

First histories on the contracts as they are, for two fifths of the budget: any divergence is a bug. Then on every
mutant, until a history tells it from the rules: one that survives is a gap in these tests. The exit code is 0 if
nothing diverged and every mutant asked for died; 1 otherwise, also where the budget was too short to try them all.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from hypothesis.errors import Flaky
from machine import Histories, Run, Stopped, machine_on, play
from mutant import Mutant
from mutants import MUTANTS, by_name
from stage import Divergence, Stage
from verbs import VERBS

import harness

HISTORIES = 20
"""Histories of one seed. Part of what a seed means: change it, and old seeds play something else."""
STEPS = 30
"""Rules of a history, its beginning and end aside. Part of what a seed means, too."""
EXPLORING = 0.4
"""Part of the budget that goes to the contracts as they are; the mutants may have the rest."""


@dataclass(slots=True)
class Death:
    """What became of a mutant: killed after so many seconds of histories (compiling aside), or not."""

    name: str
    killed: bool
    seconds: float
    transactions: int
    by: str


@dataclass(slots=True, kw_only=True)
class Report:
    """What a run found. `failure` is empty if nothing diverged; `seed` then repeats it."""

    seed: int
    histories: int = 0
    transactions: int = 0
    seconds: float = 0.0
    rules: dict[str, int] = field(default_factory=dict)
    calls: dict[str, dict[str, int]] = field(default_factory=dict)
    failure: str = ""
    mutants: list[Death] = field(default_factory=list)
    untried: list[str] = field(default_factory=list)

    @property
    def survivors(self) -> list[str]:
        return [death.name for death in self.mutants if not death.killed]

    @property
    def passed(self) -> bool:
        return not self.failure and not self.survivors and not self.untried


class Ticker:
    """Says on the terminal how far a run is, and stops it when its time is up."""

    def __init__(self, what: str, seconds: float, quiet: bool) -> None:
        self.what, self.seconds, self.quiet = what, seconds, quiet
        self.begun = self.said = time.monotonic()
        self.stopped = False

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self.begun

    def __call__(self, run: Run) -> None:
        now = time.monotonic()
        if now - self.begun >= self.seconds:
            self.stopped = True
            raise Stopped
        if not self.quiet and now - self.said >= 2:
            self.said = now
            told = f"{run.histories} histories, {run.transactions:,} transactions"
            print(f"\r{self.what}: {told}, {self.elapsed:.0f} of {self.seconds:.0f} s", end="  ", file=sys.stderr)


def search(machine: type[Histories], ticker: Ticker, seed: int, shrink: bool = False) -> tuple[int, str]:
    """Play seed after seed until time is up or something diverges: (the seed it was, what diverged or "")."""
    number = seed
    while True:
        try:
            play(machine, histories=HISTORIES, steps=STEPS, number=number, shrink=shrink)
        except Divergence as found:
            return number, "\n".join([str(found), *getattr(found, "__notes__", [])])
        except (Stopped, Flaky):
            # A history that is cut short looks flaky to Hypothesis.
            if not ticker.stopped:
                raise
            return number, ""
        number += 1


def explore(report: Report, seconds: float, options: argparse.Namespace) -> None:
    """Histories on the contracts as they should be, into the report."""
    ticker = Ticker("histories", seconds, options.json)
    machine = machine_on(Stage(options.contracts), ticker)
    seed, report.failure = search(machine, ticker, report.seed, options.shrink)
    if report.failure:
        report.seed = seed
    run = machine.run
    report.histories, report.transactions, report.seconds = run.histories, run.transactions, ticker.elapsed
    report.rules = dict(run.rules)
    for (call, accepted), times in sorted(run.stage.ran.items()):
        report.calls.setdefault(call, {"accepted": 0, "refused": 0})["accepted" if accepted else "refused"] = times


def hunt(mutant: Mutant, seed: int, seconds: float, quiet: bool = True) -> Death:
    """Histories on one mutant until it dies."""
    with tempfile.TemporaryDirectory() as folder:
        stage = Stage(mutant.write(Path(folder)))
        ticker = Ticker(mutant.name, seconds, quiet)
        machine = machine_on(stage, ticker)
        _, found = search(machine, ticker, seed)
    return Death(mutant.name, bool(found), ticker.elapsed, machine.run.transactions, found.split("\n", 1)[0])


def main(argv: list[str] | None = None) -> int:
    options = parse(argv)
    harness.chosen = options.chain
    begun, report = time.monotonic(), Report(seed=options.seed)
    mutants = chosen(options.mutants)
    share = EXPLORING if mutants else 1.0
    explore(report, options.budget * share, options)
    if not report.failure:
        for i, mutant in enumerate(mutants):
            left = options.budget - (time.monotonic() - begun)
            if left < 5:
                report.untried = [other.name for other in mutants[i:]]
                break
            death = hunt(mutant, options.seed, min(options.mutant_seconds, left), options.json)
            report.mutants.append(death)
            if not options.json:
                print(f"\r{_line(death)}", file=sys.stderr)
    if options.json:
        print(json.dumps({**asdict(report), "survivors": report.survivors, "passed": report.passed}, indent=2))
    else:
        print(tell(report))
    return 0 if report.passed else 1


def chosen(names: list[str]) -> list[Mutant]:
    """The mutants of these names; "all" and "none" mean what they say."""
    if names == ["none"]:
        return []
    return list(MUTANTS) if names == ["all"] else [by_name(name) for name in names]


def parse(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="fuzz.py", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--budget", type=float, default=900, metavar="SECONDS", help="time for everything (900)")
    parser.add_argument("--chain", choices=sorted(harness.CHAINS), default=harness.chosen, help="chain to play on")
    parser.add_argument("--seed", type=int, default=0, help="the first seed; a failure names the one that repeats it")
    parser.add_argument(
        "--contracts", type=Path, metavar="FOLDER", help="Vyper sources to test; the project's if absent"
    )
    parser.add_argument("--json", action="store_true", help="print the report as JSON, and no progress")
    parser.add_argument(
        "--mutants", nargs="+", default=["all"], metavar="NAME", help='"all" (the default), "none", or names'
    )
    parser.add_argument(
        "--mutant-seconds", type=float, default=90, metavar="SECONDS", help="time for one mutant at most (90)"
    )
    parser.add_argument("--shrink", action="store_true", help="shorten a failing history before reporting it (minutes)")
    options = parser.parse_args(argv)
    if options.budget <= 0 or options.mutant_seconds <= 0 or options.seed < 0:
        parser.error("--budget and --mutant-seconds are positive, --seed is not negative")
    try:
        chosen(options.mutants)
    except ValueError as error:
        parser.error(str(error))
    return options


def _line(death: Death) -> str:
    verdict = "killed" if death.killed else "SURVIVED"
    return f"{verdict} {death.name} in {death.seconds:.1f} s, {death.transactions} transactions"


def tell(report: Report) -> str:
    """The report as text: how often every rule ran, every call, and every mutant's end."""
    lines = ["", f"{'rule':<44}{'ran':>8}"]
    ran = Counter(report.rules)
    lines += [f"{name:<44}{ran[name]:>8}" for name in ("begin", *VERBS, "leave")]
    lines += ["", f"{'call':<36}{'accepted':>12}{'refused':>12}"]
    lines += [f"{call:<36}{times['accepted']:>12}{times['refused']:>12}" for call, times in report.calls.items()]
    if report.mutants:
        lines += ["", f"{'mutant':<44}{'':<10}{'seconds':>8}{'transactions':>14}  killed by"]
        for death in report.mutants:
            verdict = "killed" if death.killed else "SURVIVED"
            lines.append(
                f"{death.name:<44}{verdict:<10}{death.seconds:>8.1f}{death.transactions:>14}  {death.by[:100]}"
            )
    lines += ["", f"{report.histories} histories, {report.transactions:,} transactions in {report.seconds:.0f} s"]
    if report.mutants:
        lines.append(f"{len(report.mutants) - len(report.survivors)} of {len(report.mutants)} mutants killed")
    if report.untried:
        lines.append(f"NOT TRIED, out of time: {', '.join(report.untried)}; raise --budget")
    if report.survivors:
        lines.append(f"SURVIVORS: {', '.join(report.survivors)}")
    if report.failure:
        again = f"python tests/stateful/fuzz.py --mutants none --seed {report.seed}"
        lines += ["", "FAILED", report.failure, "", f"To see it again: {again} (add --shrink for a shorter history)"]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
