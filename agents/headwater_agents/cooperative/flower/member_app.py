"""A member as Flower runs it, a process for each message. Flower's programs import this; nothing of ours does."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flwr.app import ArrayRecord, ConfigRecord, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp

from headwater.learning import Batch
from headwater_agents.cooperative.flower.federation import load_batch, train
from headwater_agents.cooperative.flower.folder import ARRAYS, CONFIG, DATA, MEMBER, METRICS, PARTITIONS


def introduce(message: Any, context: Any) -> Any:
    """A member's answer to who it is: its name, and how many examples it says it holds."""
    name, batch = _own(context)
    content = RecordDict({CONFIG: ConfigRecord({"name": name, "examples": len(batch)})})
    return Message(content=content, reply_to=message)


def propose(message: Any, context: Any) -> Any:
    """A member's update of a round. Its examples stay where they are."""
    _, batch = _own(context)
    (theta,) = message.content[ARRAYS].to_numpy_ndarrays()
    update = train(theta, batch, message.content[CONFIG])
    content = RecordDict({ARRAYS: ArrayRecord([update]), METRICS: MetricRecord({"num-examples": len(batch)})})
    return Message(content=content, reply_to=message)


def _own(context: Any) -> tuple[str, Batch]:
    """A member's name and examples: as its SuperNode was started with, or by its number in a simulation."""
    settings: Mapping[str, Any] = context.node_config
    if MEMBER in settings:
        return str(settings[MEMBER]), load_batch(Path(str(settings[DATA])))
    partitions = json.loads(str(context.run_config[PARTITIONS]))
    name, path = partitions[int(settings["partition-id"])]
    return str(name), load_batch(Path(path))


client_app = ClientApp()
client_app.query()(introduce)
client_app.train()(propose)
