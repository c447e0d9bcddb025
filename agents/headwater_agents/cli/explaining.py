"""`headwater explain`: why a member was credited what it was, derived again from the record of a run."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import click

from headwater_agents.cli.errors import UNVERIFIED, print_json, reported
from headwater_agents.cli.output import terminal
from headwater_agents.cooperative.errors import CooperativeError


@click.command("explain")
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("agent", required=False)
@click.argument("number", metavar="[ROUND]", type=click.IntRange(0), required=False)
@click.option(
    "--record",
    "name",
    default=None,
    metavar="NAME",
    help="Which of the run's records; by default the agent's, and of a study's the arm project's.",
)
@click.option("--root", "published", default=None, metavar="HEX", help="The root that the record must have.")
@click.option("--json", "as_json", is_flag=True, help="Print what was found as JSON.")
@reported
def explain_command(
    run: Path, agent: str | None, number: int | None, name: str | None, published: str | None, as_json: bool
) -> None:
    """Say why AGENT was credited what it was in a ROUND, and check it against the record in the folder RUN.

    The round is played again from the record: model, submissions, profiles, examples. Without AGENT and ROUND every
    line and every decision of the record is checked. A record in a study's folder must hold every round of the study.
    Whoever cuts or rewrites a record changes its root: --root compares it with the one that was published. Exit code 4
    if something does not hold.
    """
    from headwater.learning import LearningError
    from headwater.learning.explain import Finding, audit, explain
    from headwater.learning.record import read_record
    from headwater_agents.cooperative.record import find_record, rounds_played

    wanted = None if published is None else _root(published)
    if (agent is None) != (number is None):
        raise CooperativeError("an agent and a round go together; give both, or none to check the whole record")
    try:
        path = find_record(run, agent, name)
        record = read_record(path)
        if agent is None or number is None:
            findings, text, checked = list(audit(record)), [], len(record.rounds)
        else:
            found = explain(record, agent, number)
            findings, text, checked = list(found.findings), list(found.text), 1
    except LearningError as error:
        raise CooperativeError(str(error)) from error
    held, due = len(record.rounds), rounds_played(path)
    if due is not None:
        findings.append(Finding("it holds every round of the study", held == due, f"it holds {held}, of {due} played"))
    if wanted is not None:
        whole = all(record.links)  # an earlier line is bound to the root only by the links after it
        own = record.root if whole else f"{record.root}, to which not every line is linked"
        findings.append(Finding("its root is the published one", whole and record.root == wanted, f"it is {own}"))
    sound = all(finding.holds for finding in findings)
    if as_json:
        print_json(
            {
                "record": str(path),
                "root": record.root,
                "agent": agent,
                "round": number,
                "rounds": {"held": held, "played": due, "checked": checked},
                "text": text,
                "findings": [
                    {"what": each.what, "holds": each.holds, "found": "" if each.holds else each.found}
                    for each in findings
                ],
                "sound": sound,
            }
        )
    else:
        console = terminal()
        for line in text:
            console.print(line, highlight=False)
        for each in findings:
            if not each.holds:
                console.print(f"[bold red]does not hold[/]: {each.what}: {each.found}", highlight=False)
        verdict = "[bold green]sound[/]" if sound else "[bold red]unsound[/]"
        extent = f"{checked} of {held if due is None else due} rounds checked"
        console.print(f"{path}: {verdict}, {extent}; root {record.root}", highlight=False, soft_wrap=True)
    if not sound:
        sys.exit(UNVERIFIED)


def _root(text: str) -> str:
    """A root as records have it. Raises CooperativeError for anything but 32 bytes in hexadecimal digits."""
    digits = text.lower().removeprefix("0x")
    if not re.fullmatch("[0-9a-f]{64}", digits):
        raise CooperativeError(f"root {text!r}: expected 64 hexadecimal digits, with or without 0x")
    return "0x" + digits
