"""`headwater agent ROLE`: one bot as a process of its own."""

from __future__ import annotations

from pathlib import Path

import click

from headwater_agents.bots.config import ROLES
from headwater_agents.cli.errors import reported
from headwater_agents.cli.scaffolding import new_command


@click.group("agent")
def agent_command() -> None:
    """Run one bot, or begin one of your own."""


def _role_command(role: str, does: str) -> click.Command:
    @click.command(role, help=does)
    @click.option("--config", type=click.Path(path_type=Path), required=True, help="TOML file with the bot's settings.")
    @click.option("--check", is_flag=True, help="Open everything, say what was found, and end.")
    @click.option(
        "--log",
        "style",
        type=click.Choice(["json", "text"]),
        default="text",
        show_default=True,
        help="Form of the log, which goes to standard error.",
    )
    @click.option(
        "--log-level",
        type=click.Choice(["debug", "info", "warning", "error"]),
        default="info",
        show_default=True,
        help="Least of what is logged.",
    )
    @reported
    def run(config: Path, check: bool, style: str, log_level: str) -> None:
        from headwater_agents.bots.main import run_bot  # here: no other command needs a server

        run_bot(config, role, style=style, level=log_level, check=check)

    return run


_DOES = {
    "forecaster": "Stake, buy signals, commit and reveal forecasts, share what they earn.",
    "provider": "Sell a signed forecast of every question.",
    "aggregator": "Buy signals, sell the pool of them, share what it earns.",
    "keeper": "Settle, release, pull and withdraw, for everybody.",
    "resolver": "Open a series' questions, post their odds, say what happened.",
}

for _role in ROLES:
    agent_command.add_command(_role_command(_role, _DOES[_role]))
agent_command.add_command(new_command)
