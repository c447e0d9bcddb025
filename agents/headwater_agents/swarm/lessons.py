"""What the bots of a swarm learn before it begins: the archive, played through by the whole cast beforehand."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np

from headwater_agents.bots.source import Past
from headwater_agents.lab.cast import Cast, CastConfig, OddsRule
from headwater_agents.lab.rain import BURN_IN, RainDay, load_rain
from headwater_agents.policies import Forecast, Phase, Question
from headwater_agents.swarm.parts import Part
from headwater_agents.swarm.settings import SwarmSettings

RULE: Final = OddsRule()
"""How the resolver, as the feed, makes odds of past outcomes."""


def first_day(settings: SwarmSettings) -> int:
    """Index of the first day asked about: any that has a whole archive before it, as the seed says."""
    last = len(load_rain().days) - settings.questions
    return int(np.random.default_rng(settings.seed).integers(BURN_IN, last + 1))


def write_lessons(
    folder: Path, settings: SwarmSettings, parts: tuple[Part, ...], agents: Mapping[str, int]
) -> tuple[dict[str, str], dict[str, dict[str, float]]]:
    """Write a history for everybody who learns; by name, the file, and what a seller's registration says of its past.

    `agents` are agent ids by name. The archive are the days before the first one asked about.
    """
    start = first_day(settings)
    played = _rehearse(settings, load_rain().days[start - BURN_IN : start])
    written: dict[str, str] = {}
    for part in parts:
        if part.role not in ("resolver", "provider", "aggregator", "forecaster"):
            continue
        lines = [
            Past(
                odds=odds,
                outcome=day.outcome,
                reading=day.ensemble[part.member - 1] if part.member else None,
                signals={agents[name]: sold[name] for name in part.suppliers if name in sold},
            ).to_json()
            for odds, day, sold in played
        ]
        written[part.name] = f"{part.name}.history.jsonl"
        (folder / written[part.name]).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return written, {name: _past(name, played) for name in played[-1][2]} if played else {}


def _past(name: str, played: list[tuple[Forecast, RainDay, dict[str, Forecast]]]) -> dict[str, float]:
    """Questions signalled, and the mean log-growth of the signals over the public odds, nats a question."""
    growths = [math.log(sold[name][day.outcome] / odds[day.outcome]) for odds, day, sold in played if name in sold]
    return {"questions": len(growths), "growth": round(sum(growths) / len(growths), 4)}


def _rehearse(
    settings: SwarmSettings, archive: tuple[RainDay, ...]
) -> list[tuple[Forecast, RainDay, dict[str, Forecast]]]:
    """Odds, day, and signals by name, of every day of the archive."""
    counts, played = [0, 0], []
    cast = Cast(CastConfig(seed=settings.seed, network=settings.who_buys)) if settings.market else None
    for index, day in enumerate(archive):
        odds = RULE.odds(counts)
        sold: dict[str, Forecast] = {}
        if cast is not None:
            question = Question(id=index, phase=Phase.COMMIT, odds=odds, p_min=RULE.p_min, capacity=0, rent_bps=0)
            sold = cast.signals(question, day)
            cast.learn(odds, sold, day)
        played.append((odds, day, sold))
        counts = RULE.count(counts, day.outcome)
    return played
