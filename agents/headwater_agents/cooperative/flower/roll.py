"""Who is there: which node is which member, asked once of each node."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, Final

from flwr.app import ConfigRecord, Message, MessageType, RecordDict

from headwater_agents.cooperative.flower.absence import FederationError
from headwater_agents.cooperative.flower.folder import CONFIG

_TICK: Final = 0.5


class Roll:
    """The nodes of a federation's members, by what each answered when it first came.

    A reply counts for the member that its node is, whatever it says itself later. Over an encrypted SuperLink with keys
    for SuperNodes a node cannot be another; on plain loopback a name is anybody's who comes first.

    Args:
        members: names, in order.
        gathering: seconds to wait for all of them before the first round.
        patience: seconds to wait for the name of a node that comes later.
    """

    def __init__(self, members: Sequence[str], gathering: float, patience: float) -> None:
        self._members = tuple(members)
        self._gathering, self._patience = gathering, patience
        self._nodes: dict[str, int] = {}
        self._others: set[int] = set()
        self.sizes: dict[str, int] = {}

    def call(self, grid: Any) -> dict[str, int]:
        """Nodes of the members that are there, by name in order; the first call waits for all of them.

        Members that leave are missed without waiting, and may come again as another node.

        Raises:
            FederationError: two nodes that claim one name, or members that did not come in time.
        """
        first = not self._nodes
        limit = self._gathering if first else self._patience
        deadline = time.monotonic() + limit
        while True:
            self._ask(grid, deadline)
            missing = [name for name in self._members if name not in self._nodes]
            if not first or not missing:
                return {name: self._nodes[name] for name in self._members if name in self._nodes}
            if time.monotonic() > deadline:
                raise FederationError(f"after {limit:g} s there is no word from {', '.join(missing)}")
            time.sleep(_TICK)

    def name_of(self, node: int) -> str | None:
        """The member that a node is, if it is one."""
        return next((name for name, number in self._nodes.items() if number == node), None)

    def _ask(self, grid: Any, deadline: float) -> None:
        here = set(grid.get_node_ids())
        self._nodes = {name: node for name, node in self._nodes.items() if node in here}
        new = here - set(self._nodes.values()) - self._others
        if not new:
            return
        asked = [
            Message(content=RecordDict({CONFIG: ConfigRecord()}), message_type=MessageType.QUERY, dst_node_id=node)
            for node in sorted(new)
        ]
        said: dict[str, int] = {}
        for reply in grid.send_and_receive(asked, timeout=max(1.0, deadline - time.monotonic())):
            if reply.has_error():  # its examples cannot be read, say; asked anew in the next round
                continue
            node, answer = reply.metadata.src_node_id, reply.content[CONFIG]
            name, size = str(answer["name"]), int(answer["examples"])
            if name not in self._members or name in self._nodes or size < 1:
                self._others.add(node)
            elif name in said:
                raise FederationError(f"two nodes say that they are {name}")
            else:
                said[name] = node
                self.sizes[name] = size
        self._nodes |= said
