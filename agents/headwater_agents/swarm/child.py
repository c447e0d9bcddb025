"""How a process of a swarm begins: it ends by itself when its supervisor is gone, then it is the command it should be.

    python -m headwater_agents.swarm.child FD agent forecaster --config bot.toml

FD is the reading end of a pipe that the supervisor holds open and never writes to. When the supervisor dies, however
it does, the pipe ends, and with it everybody who was waiting there: nothing is left running for ever.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from typing import Final

import click

_GRACE_S: Final = 10.0


def run(lifeline: int, arguments: Sequence[str]) -> None:
    """Be a process of the swarm: never returns."""
    threading.Thread(target=_wait_for_the_end, args=(lifeline,), name="lifeline", daemon=True).start()
    name, *rest = arguments
    _command(name).main(rest, prog_name=f"headwater {name}")


def _wait_for_the_end(lifeline: int) -> None:
    while os.read(lifeline, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_GRACE_S)
    os._exit(1)


def _command(name: str) -> click.Command:
    # One at a time: a bot does not wait for what only a node needs.
    if name == "agent":
        from headwater_agents.cli.agent import agent_command

        return agent_command
    if name == "node":
        from headwater_agents.cli.node import node_command

        return node_command
    if name == "facilitator":
        from headwater_agents.cli.facilitator import facilitator_command

        return facilitator_command
    raise SystemExit(f"{name} is no process of a swarm")


if __name__ == "__main__":
    run(int(sys.argv[1]), sys.argv[2:])
