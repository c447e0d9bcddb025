"""Plays the escape room with the local model in every arm, and keeps a trace and a summary of each play.

    python -m headwater_agents.bargaining.llm.trial FOLDER --arms short-term,full --seeds 3 --temperature 0.7

Needs the extra `llm`. A trace is FOLDER/ARM-SEED.jsonl; all summaries are FOLDER/summary.json.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import click

from headwater_agents.bargaining.arm import Arm
from headwater_agents.bargaining.llm.calls import Form, Link
from headwater_agents.bargaining.llm.casting import Performance, perform
from headwater_agents.bargaining.llm.errors import LLMError
from headwater_agents.bargaining.llm.live import Live
from headwater_agents.bargaining.llm.local import MODEL, LocalModel
from headwater_agents.bargaining.llm.session import Rules
from headwater_agents.bargaining.llm.trace import Recorded
from headwater_agents.games import EscapeRoom

RULES: Final = Rules(model=MODEL, form=Form.OBJECT_SCHEMA, reply_tokens=192, temperature=0.7)
"""How the local model is asked: its server knows json_object with a schema, and makes a grammar of it."""

BUDGET: Final = 30_000
"""Tokens of each agent in a play."""


def one(link: Link, arm: Arm | str, seed: int, *, temperature: float = 0.7) -> Performance:
    """The play of an arm and a seed; over its trace, the same again."""
    return perform(link, replace(RULES, temperature=temperature), EscapeRoom(), arm, seed, budget=BUDGET)


def told(performance: Performance) -> dict[str, Any]:
    """The play in numbers, as JSON; wei as decimal strings."""
    played = performance.played
    return {
        "arm": played.arm.value,
        "seed": played.seed,
        "success": played.success,
        "payoffs": [str(wei) for wei in played.payoffs],
        "rounds": played.rounds,
        "messages": played.messages,
        "tokens": sum(agent.session.budget.spent for agent in performance.agents),
        **performance.summary(),
    }


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--arms", default=",".join(Arm), show_default=True, help="Arms, with commas between them.")
@click.option("--seeds", type=click.IntRange(1, 1_000), default=1, show_default=True, help="Plays of each arm.")
@click.option("--temperature", type=click.FloatRange(0, 2), default=0.7, show_default=True, help="Of sampling.")
def main(folder: Path, arms: str, seeds: int, temperature: float) -> None:
    """Play, and write traces and a summary to FOLDER."""
    folder.mkdir(parents=True, exist_ok=True)
    summaries = []
    try:
        with LocalModel(folder / "server.log") as model:
            for arm in map(Arm.of, arms.split(",")):
                for seed in range(seeds):
                    file = folder / f"{arm}-{seed}.jsonl"
                    endpoint = model.endpoint(timeout_s=600)
                    with Live(endpoint, deadline_s=7_200) as live, Recorded(live, file) as link:
                        summaries.append(told(one(link, arm, seed, temperature=temperature)))
                    click.echo(json.dumps(summaries[-1], ensure_ascii=False))
                    (folder / "summary.json").write_text(json.dumps(summaries, indent=1, ensure_ascii=False) + "\n")
    except LLMError as error:
        raise click.ClickException(str(error)) from None


if __name__ == "__main__":
    main()
