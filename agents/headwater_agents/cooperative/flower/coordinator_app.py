"""The coordinator as Flower runs it. Flower's programs import this; nothing of ours does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from flwr.app import ArrayRecord
from flwr.serverapp import ServerApp

from headwater.learning import LearningError
from headwater_agents.cooperative.flower.absence import FederationError
from headwater_agents.cooperative.flower.federation import load
from headwater_agents.cooperative.flower.folder import COORDINATOR, Outcome, tell
from headwater_agents.cooperative.flower.strategy import ValueConstrained


def coordinate(grid: Any, context: Any) -> None:
    """A run: the coordinator's folder holds the federation, and gets the records, the model and how it ended."""
    folder = Path(str(context.run_config[COORDINATOR]))
    try:
        federation = load(folder)
        strategy = ValueConstrained(federation, folder)
        strategy.start(
            grid=grid,
            initial_arrays=ArrayRecord([np.asarray(federation.theta, dtype=np.float64)]),
            num_rounds=federation.rounds,
            timeout=federation.patience,
        )
    except (FederationError, LearningError) as error:
        tell(folder, Outcome(error=str(error)))
        raise
    except Exception as error:
        tell(folder, Outcome(error=f"the coordinator failed: {type(error).__name__}: {error}"))
        raise
    tell(folder, strategy.outcome())


server_app = ServerApp()
server_app.main()(coordinate)
