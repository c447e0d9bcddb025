"""A world written down before anybody plays: two plays of one seed differ by choices alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from headwater_agents.lab.mechanisms.base import LabError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Script:
    """T questions and n sources of information. Log-odds are natural logarithms.

    Attributes:
        outcomes: (T,), 0 or 1.
        truth: (T,), the true log-odds of outcome 1 given everything; NaN where nobody knows them.
        informed: (T, n), what source j adds to the log-odds at full effort.
        noise: (T, n), standard normal; what effort saves is made up of it.
        precision: (n,), information of a source at full effort, in units of the hidden state's own; 0 is none at all.
        scale: (n,), standard deviation of `informed` over the questions.
        season: (T,), the calendar's log-odds as the public could know them, around the long-run mean.
        arrives: (n,), the first question at which a source is there.
        side: (T,), standard normal draws for what a second series posts.
        coin: (T,), outcomes of a fair coin, 0 or 1.
    """

    outcomes: Ints
    truth: Floats
    informed: Floats
    noise: Floats
    precision: Floats
    scale: Floats
    season: Floats
    arrives: Ints
    side: Floats
    coin: Ints

    @property
    def questions(self) -> int:
        """T."""
        return len(self.outcomes)

    @property
    def sources(self) -> int:
        """n."""
        return int(self.informed.shape[1])

    def signal(self, question: int, source: int, effort: float, elasticity: float) -> float:
        """What the source learns at an effort from 0 to 1, as an addition to the log-odds.

        Precision is `effort ** elasticity` of the full one, e. A noisier reading of the same thing, shrunk to be worth
        what it says: informed · e + noise · scale · √(e · (1 − e)). At full effort it is `informed`, at none 0.
        """
        if not 0 <= effort <= 1:
            raise LabError(f"effort is {effort}; it must be 0 to 1")
        left = effort**elasticity if effort > 0 else 0.0
        blurred = self.noise[question, source] * self.scale[source] * (left * (1 - left)) ** 0.5
        return float(self.informed[question, source] * left + blurred)


class World(Protocol):
    """A source of scripts."""

    name: str

    def script(self, questions: int, sources: int, rng: np.random.Generator) -> Script:
        """Draw a script. The draws of source j do not depend on how many sources there are. Raises LabError."""
