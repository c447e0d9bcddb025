"""Flower's strategy with our aggregation: filter, credit, then add up. Flower's programs import it: it needs Flower."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from flwr.app import ArrayRecord, ConfigRecord, Message, MessageType, MetricRecord, RecordDict
from flwr.serverapp.strategy import Strategy

from headwater_agents.cooperative.flower.coordinator import Coordinator
from headwater_agents.cooperative.flower.federation import Federation
from headwater_agents.cooperative.flower.folder import ARRAYS, CONFIG, Outcome
from headwater_agents.cooperative.flower.roll import Roll

_LOG: Final = logging.getLogger("flwr")


class ValueConstrained(Strategy):  # type: ignore[misc]  # Flower is an extra, and has no types where it is absent
    """FedAvg over what the profiles admit, with credit kept online; the arithmetic is `headwater.learning`'s.

    Members send changes of the model, not models. A round goes on with the members that are there; who does not answer
    in time is absent from it and earns nothing in it.

    Args:
        federation: what is learnt, and by which rules.
        folder: the coordinator's; gets a record a round and the model.
    """

    def __init__(self, federation: Federation, folder: Path) -> None:
        self._federation = federation
        self._coordinator = Coordinator(federation, folder)
        self._roll = Roll(federation.members, federation.gathering, federation.patience)

    def summary(self) -> None:
        """Says in Flower's log what is about to run."""
        federation = self._federation
        _LOG.info("%d members, %d profiles, %s", len(federation.members), len(federation.profiles), federation.settings)

    def configure_train(self, server_round: int, arrays: Any, config: Any, grid: Any) -> list[Any]:
        """The model and an order for each member that is there. `server_round` counts from 1."""
        there = self._roll.call(grid)
        self._coordinator.sent(len(there))
        return [
            Message(
                content=RecordDict(
                    {ARRAYS: arrays, CONFIG: ConfigRecord(self._federation.order(server_round - 1, name))}
                ),
                message_type=MessageType.TRAIN,
                dst_node_id=node,
            )
            for name, node in there.items()
        ]

    def aggregate_train(self, server_round: int, replies: Iterable[Any]) -> tuple[Any, Any]:
        """The next model, from the updates that are admissible, and how many were."""
        updates: dict[str, object] = {}
        for reply in replies:
            name = self._roll.name_of(reply.metadata.src_node_id)
            if name is None:
                continue
            if reply.has_error():
                _LOG.warning("%s could not train: %s", name, reply.error.reason)
                continue
            updates[name] = _update(reply.content)
        played = self._coordinator.end_round(updates, self._roll.sizes)
        admitted = sum(verdict.admissible for verdict in played.verdicts)
        return ArrayRecord([played.after]), MetricRecord({"admitted": admitted, "sent": len(updates)})

    def configure_evaluate(self, server_round: int, arrays: Any, config: Any, grid: Any) -> list[Any]:
        """Nobody is asked to evaluate: credit is measured by the coordinator."""
        return []

    def aggregate_evaluate(self, server_round: int, replies: Iterable[Any]) -> None:
        """Nothing."""

    def outcome(self) -> Outcome:
        """How the run ended; writes the model."""
        return self._coordinator.outcome()


def _update(content: Any) -> object:
    """What a member sent as its update; None, which no filter admits, where that is not one array."""
    try:
        (update,) = content[ARRAYS].to_numpy_ndarrays()
    except (KeyError, ValueError, TypeError, EOFError, OSError):  # the bytes are the member's
        return None
    answer: object = update
    return answer
