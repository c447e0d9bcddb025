"""All that an agent is told: its own system, bounds and key, who its neighbours are, and the rules of the run."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from headwater.values import Bounds, FormationConfig, ValueSystem
from headwater.values.norms import Floats
from headwater_agents.accord.errors import AccordError
from headwater_agents.accord.packet import RUN
from headwater_agents.accord.record import MAX_NEIGHBOURS

MAX_LAG: Final = 8
MAX_ENTRIES: Final = 272
"""Entries of a system of 16 values and 16 actions, the most that the registry takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """What is done to each packet on its way, at random by the seed.

    Attributes:
        loss: probability that it is lost, below 1.
        delay: mean of its exponential delay in seconds; packets overtake each other.
        duplicate: probability that it comes twice, each time with a delay of its own.
        seed: of the run; every agent's packets have a stream of their own.

    Raises:
        AccordError: anything out of range.
    """

    loss: float = 0.0
    delay: float = 0.0
    duplicate: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        for name, most in (("loss", 0.9), ("delay", 10.0), ("duplicate", 1.0)):
            value = getattr(self, name)
            if not (isinstance(value, int | float) and 0 <= value <= most):
                raise AccordError(f"{name} is a number from 0 to {most:g}; got {value!r}")
        if not isinstance(self.seed, int) or self.seed < 0:
            raise AccordError(f"the seed of faults is an int, not negative; got {self.seed!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What holds for every agent of a run.

    Attributes:
        formation: rounds, steps, utility and threshold; its tolerance is not used.
        lag: rounds by which a neighbour's word may be behind in round 20 · lag and later; 0 keeps all in step.
        patience: seconds after which a neighbour that says nothing new, though nothing holds it up, is taken as gone.
        faults: of packets.

    Raises:
        AccordError: a lag that is no int from 0 to 8, or a patience outside 0.05 to 3,600.
    """

    formation: FormationConfig = field(default_factory=FormationConfig)
    lag: int = 0
    patience: float = 3.0
    faults: Faults = field(default_factory=Faults)

    def __post_init__(self) -> None:
        if isinstance(self.lag, bool) or not isinstance(self.lag, int) or not 0 <= self.lag <= MAX_LAG:
            raise AccordError(f"the lag is a whole number of rounds from 0 to {MAX_LAG}; got {self.lag!r}")
        if not (isinstance(self.patience, int | float) and 0.05 <= self.patience <= 3_600):
            raise AccordError(f"patience is from 0.05 to 3,600 seconds; got {self.patience!r}")

    def to_json(self) -> dict[str, Any]:
        """As JSON has it."""
        formation, faults = self.formation, self.faults
        return {
            "rounds": formation.rounds,
            "step0": formation.step0,
            "decay": formation.decay,
            "threshold": formation.threshold,
            "utility": str(formation.utility),
            "lag": self.lag,
            "patience": self.patience,
            "loss": faults.loss,
            "delay": faults.delay,
            "duplicate": faults.duplicate,
            "seed": faults.seed,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Rules:
        """From what `to_json` gives."""
        return cls(
            formation=FormationConfig(
                tolerance=0.0, **{name: value[name] for name in ("rounds", "step0", "decay", "threshold", "utility")}
            ),
            lag=value["lag"],
            patience=value["patience"],
            faults=Faults(**{name: value[name] for name in ("loss", "delay", "duplicate", "seed")}),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """Where a neighbour listens on the loopback, and its public key (33 bytes)."""

    number: int
    port: int
    public: bytes


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Brief:
    """An agent of a run.

    Attributes:
        run: the run's number, 8 bytes.
        number: the agent's.
        secret: its private key, 32 bytes; not shown.
        system: its own.
        bounds: its own, not capped; they never leave it.
        size: its population weight.
        largest: the largest size in the run, by which steps are scaled.
        neighbours: whom it knows at first.
        rules: those of the run.
        leave_at: it leaves in that round; None for never.
        pause: seconds that each round takes it beside its work (a slow machine).

    Raises:
        AccordError: too many neighbours or entries, itself among the neighbours, or sizes that are none.
    """

    run: bytes
    number: int
    secret: bytes = field(repr=False)
    system: ValueSystem
    bounds: Bounds
    size: float
    largest: float
    neighbours: tuple[Neighbour, ...]
    rules: Rules
    leave_at: int | None = None
    pause: float = 0.0

    def __post_init__(self) -> None:
        if len(self.run) != RUN:
            raise AccordError(f"a run's number has {RUN} bytes; got {len(self.run)}")
        if len(self.neighbours) > MAX_NEIGHBOURS:
            raise AccordError(f"an agent has at most {MAX_NEIGHBOURS:,} neighbours; got {len(self.neighbours):,}")
        numbers = [each.number for each in self.neighbours]
        if self.number in numbers or len(set(numbers)) != len(numbers):
            raise AccordError("an agent is no neighbour of its own, and each neighbour comes once")
        if len(self.vector) > MAX_ENTRIES:
            raise AccordError(f"a system has at most {MAX_ENTRIES} entries here; got {len(self.vector)}")
        if not (math.isfinite(self.largest) and 0 < self.size <= self.largest):
            raise AccordError(f"a size is above 0 and at most the largest; got {self.size!r} and {self.largest!r}")

    @property
    def vector(self) -> Floats:
        """(d,), its system."""
        return self.system.vector

    def to_json(self) -> dict[str, Any]:
        """As JSON has it, its secret included: for the pipe to its process only."""
        return {
            "run": self.run.hex(),
            "number": self.number,
            "secret": self.secret.hex(),
            "vector": self.vector.tolist(),
            "values": self.system.m,
            "bounds": [self.bounds.weights, self.bounds.judgements, str(self.bounds.norm)],
            "size": self.size,
            "largest": self.largest,
            "neighbours": [[each.number, each.port, each.public.hex()] for each in self.neighbours],
            "rules": self.rules.to_json(),
            "leave_at": self.leave_at,
            "pause": self.pause,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Brief:
        """From what `to_json` gives."""
        weights, judgements, norm = value["bounds"]
        return cls(
            run=bytes.fromhex(value["run"]),
            number=value["number"],
            secret=bytes.fromhex(value["secret"]),
            system=ValueSystem.from_vector(np.array(value["vector"]), value["values"]),
            bounds=Bounds(weights=weights, judgements=judgements, norm=norm),
            size=value["size"],
            largest=value["largest"],
            neighbours=tuple(
                Neighbour(number=number, port=port, public=bytes.fromhex(public))
                for number, port, public in value["neighbours"]
            ),
            rules=Rules.from_json(value["rules"]),
            leave_at=value["leave_at"],
            pause=value["pause"],
        )
