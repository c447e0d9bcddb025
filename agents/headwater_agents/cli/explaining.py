"""`headwater explain`: why a member was credited what it was, derived again from the record of a run."""

from __future__ import annotations

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
    "--record", "name", default=None, metavar="NAME", help="Which of the run's records; by default the agent's."
)
@click.option("--json", "as_json", is_flag=True, help="Print what was found as JSON.")
@reported
def explain_command(run: Path, agent: str | None, number: int | None, name: str | None, as_json: bool) -> None:
    """Say why AGENT was credited what it was in a ROUND, and check it against the record in the folder RUN.

    The round is played again from the record: model, submissions, profiles, examples. Without AGENT and ROUND every
    line and every decision of the record is checked. Exit code 4 if something does not hold.
    """
    from headwater.learning import LearningError
    from headwater.learning.explain import audit, explain
    from headwater.learning.record import read_record
    from headwater_agents.cooperative.record import find_record

    if (agent is None) != (number is None):
        raise CooperativeError("an agent and a round go together; give both, or none to check the whole record")
    try:
        path = find_record(run, agent, name)
        record = read_record(path)
        if agent is None or number is None:
            findings, text = audit(record), []
        else:
            found = explain(record, agent, number)
            findings, text = found.findings, list(found.text)
    except LearningError as error:
        raise CooperativeError(str(error)) from error
    sound = all(finding.holds for finding in findings)
    if as_json:
        print_json(
            {
                "record": str(path),
                "root": record.root,
                "agent": agent,
                "round": number,
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
        checked = f"{len(findings)} checks" if text else f"{len(record.rounds)} rounds"
        verdict = "[bold green]sound[/]" if sound else "[bold red]unsound[/]"
        console.print(f"{path}: {verdict}, {checked}; root {record.root}", highlight=False, soft_wrap=True)
    if not sound:
        sys.exit(UNVERIFIED)
