"""The `headwater` command: its subcommands and what they share."""

from __future__ import annotations

import click

from headwater import __version__
from headwater_agents.cli.abi import abi_command
from headwater_agents.cli.accord import accord_command
from headwater_agents.cli.agent import agent_command
from headwater_agents.cli.attacking import attack_command
from headwater_agents.cli.coop import coop_group
from headwater_agents.cli.deploying import deploy_command, verify_command
from headwater_agents.cli.errors import EXIT_CODES
from headwater_agents.cli.explaining import explain_command
from headwater_agents.cli.facilitator import facilitator_command
from headwater_agents.cli.forming import values_command
from headwater_agents.cli.keys import key_command
from headwater_agents.cli.learn import learn_group
from headwater_agents.cli.lies import lies_command, vote_command
from headwater_agents.cli.node import node_command
from headwater_agents.cli.running import run_command
from headwater_agents.cli.sending import account_command, send_command
from headwater_agents.cli.series import series_command
from headwater_agents.cli.swarm import swarm_command
from headwater_agents.cli.sweeping import sweep_command
from headwater_agents.cli.tracing import trace_command


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110}, epilog=EXIT_CODES)
@click.version_option(__version__, prog_name="headwater")
def headwater() -> None:
    """Kelly-scored emission and its cascade, on a local chain: deploy it, run it, attack it, follow the money.

    And what credit may rest on: agreements between agents with different values, and learning that keeps to them.
    """


headwater.add_command(run_command)
headwater.add_command(attack_command)
headwater.add_command(sweep_command)
headwater.add_command(trace_command)
headwater.add_command(deploy_command)
headwater.add_command(verify_command)
headwater.add_command(node_command)
headwater.add_command(agent_command)
headwater.add_command(key_command)
headwater.add_command(send_command)
headwater.add_command(account_command)
headwater.add_command(series_command)
headwater.add_command(abi_command)
headwater.add_command(swarm_command)
headwater.add_command(facilitator_command)
headwater.add_command(values_command)
values_command.add_command(accord_command)
values_command.add_command(lies_command)
values_command.add_command(vote_command)
headwater.add_command(learn_group)
headwater.add_command(explain_command)
headwater.add_command(coop_group)
