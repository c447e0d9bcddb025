"""The Hypothesis machine: every rule of the registry, a first scene, and an exit at the end of every history."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

import scenes
import verbs_cascade
import verbs_forecast
import verbs_money
import verbs_series
from exits import leave
from hypothesis import HealthCheck, Phase, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test
from pick import Pick
from stage import TOKENS, Stage
from verbs import VERBS, Verb

RULES = (verbs_money, verbs_series, verbs_forecast, verbs_cascade, scenes)
"""The modules whose import fills the registry."""


_SEEDS = st.integers(0, 2**32 - 1)
"""One a rule: Hypothesis searches for (and shrinks) the sequence of rules, and each rule makes many choices."""


class Stopped(BaseException):
    """Histories end here: the time is up. Not an Exception, so that Hypothesis lets it through at once."""


class Histories(RuleBasedStateMachine):
    """Random histories on one stage; subclasses, made by `machine_on`, say which."""

    stage: Stage
    run: Run

    def __init__(self) -> None:
        super().__init__()
        self.stage.begin()
        self.run.histories += 1
        self.sound = True
        self.steps = 0
        self.muted: frozenset[str] = frozenset()

    def step(self, name: str, run: Callable[[Stage, Pick], object], seed: int) -> None:
        """One rule; after a failure the exit is not tried."""
        self.sound = False
        if self.run.on_step is not None:
            self.run.on_step(self.run)
        self.run.rules[name] += 1
        self.stage.transcript.append(f"-- {name}")
        # The step counts, too: or Hypothesis' simplest history, all seeds 0, would always choose the same.
        self.steps += 1
        run(self.stage, Pick(Random(seed << 32 | self.steps)))
        self.sound = True

    @initialize(seed=_SEEDS)
    def begin(self, seed: int) -> None:
        """A cast with stakes and weights, a governed and a sponsored series with money; some rules stay silent."""
        mute = Random(seed)
        self.muted = frozenset(name for name in VERBS if mute.randrange(8) == 0)
        self.step("begin", first_scene, seed)

    def teardown(self) -> None:
        if self.sound:
            self.step("leave", lambda stage, pick: leave(stage), 0)


def first_scene(s: Stage, p: Pick) -> None:
    """Stakes, one layer of providers below the forecasters, two series with bankrolls; seldom no minted money."""
    for who in s.forecasters:
        s.do(who, "vault", "deposit", p.one((10_000, 1_000, 300)) * TOKENS + p.number(0, 9))
    middle, *providers = s.agents[3:]
    leaves = [verbs_cascade.Leaf(one.address, 0, 1) for one in providers]
    if p.often(1, 2):
        # Its own version: a circle, were such a leaf to pay.
        leaves.append(verbs_cascade.Leaf(middle.address, 1, 1))
    verbs_cascade.announce(s, middle, leaves, 2_000)
    for who in s.forecasters[: p.number(0, 3)]:
        children = [verbs_cascade.leaf(s, p, who.address), verbs_cascade.Leaf(middle.address, 1, 2)]
        verbs_cascade.announce(s, who, children, p.one((1_000, 3_333)), p.one((0, 100 * TOKENS)))
    verbs_cascade.announce_tree(s, p)
    verbs_series.create(s, p, s.agents[p.number(0, 5)], governed=False, feed=p.often(1, 2))
    if p.often(3, 4):
        for feed in (False, True)[: p.number(1, 2)]:
            verbs_series.create(s, p, s.governor, governed=True, feed=feed)
        governed = [number for number, account in s.model.treasury.accounts.items() if not account.sponsor]
        s.do(s.governor, "treasury", "set_weights", governed, [1] * len(governed))
        s.do(s.stranger, "treasury", "roll")
    for series in s.model.treasury.accounts:
        s.do(s.stranger, "treasury", "fund", series, 50_000 * TOKENS)


@dataclass(kw_only=True)
class Run:
    """What was played: histories begun, and how often each rule ran. `on_step` is called before every rule."""

    stage: Stage
    histories: int = 0
    rules: Counter[str] = field(default_factory=Counter)
    on_step: Callable[[Run], None] | None = None

    @property
    def transactions(self) -> int:
        return sum(self.stage.ran.values())


def machine_on(stage: Stage, on_step: Callable[[Run], None] | None = None) -> type[Histories]:
    """The machine on this stage, with a rule for every verb; its `run` counts."""
    members: dict[str, Any] = {"stage": stage, "run": Run(stage=stage, on_step=on_step)}
    # Hypothesis takes the first for the simplest, and likes to fill histories with it: let it be one that does much.
    for rank, verb in enumerate(sorted(VERBS.values(), key=lambda verb: -verb.weight)):
        for copy in range(verb.weight):
            members[f"rule_{rank:02}_{copy}"] = _rule(verb)
    return type("Histories", (Histories,), members)


def _rule(verb: Verb) -> Any:
    def run(self: Histories, seed: int) -> None:
        self.step(verb.name, verb.run, seed)

    # Hypothesis switches rules off at random by their names, half of them on average, which leaves too little of a
    # protocol in which one thing leads to another. Under one name none is; `muted` does it with a lighter hand.
    run.__name__ = "step"
    possible = precondition(lambda self: verb.name not in self.muted and bool(verb.possible(self.stage)))
    return possible(rule(seed=_SEEDS)(run))


def play(
    machine: type[Histories], *, histories: int, steps: int, number: int | None = None, shrink: bool = False
) -> None:
    """Play histories of so many rules each; the same every time, or as the seed `number` says.

    Raises whatever the first failing history raised (Divergence, as a rule).
    """
    if number is not None:
        seeded(number)(machine)
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=histories,
            stateful_step_count=steps,
            derandomize=number is None,
            deadline=None,
            database=None,
            print_blob=False,
            phases=[Phase.generate, Phase.shrink] if shrink else [Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
