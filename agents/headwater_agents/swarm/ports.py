"""Ports for the processes of a swarm, which keep theirs over restarts."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Iterable
from typing import Final

from headwater_agents.swarm.settings import SwarmError

_FIRST: Final = 20_000
_LAST: Final = 32_000
_TRIES: Final = 2_000


def free_ports(names: Iterable[str], taken: dict[str, int] | None = None) -> dict[str, int]:
    """A port for every name: the one it had in `taken` if that is free, else another.

    They lie below those that systems hand out to outgoing connections (from 32,768 on), since one of these could take
    the port of a process that is being restarted. Raises SwarmError.
    """
    found: dict[str, int] = {}
    for name in names:
        had = (taken or {}).get(name)
        found[name] = had if had is not None and _free(had) else _any(set(found.values()))
    return found


def _any(but: set[int]) -> int:
    for _ in range(_TRIES):
        port = _FIRST + secrets.randbelow(_LAST - _FIRST)
        if port not in but and _free(port):
            return port
    raise SwarmError(f"no free port was found between {_FIRST} and {_LAST}")


def _free(port: int) -> bool:
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
