"""Who plays: agents by name, those that ask a model over one link among them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from headwater_agents.bargaining.errors import BargainError
from headwater_agents.bargaining.events import Observe
from headwater_agents.bargaining.kinds import KINDS, agent_from
from headwater_agents.bargaining.llm import (
    LLM,
    Board,
    Budget,
    Endpoint,
    EndpointError,
    Form,
    Link,
    Live,
    Recorded,
    Replayed,
    Rules,
    Session,
    load_trace,
    read_key,
)
from headwater_agents.bargaining.llm.local import LocalModel
from headwater_agents.bargaining.llm.trial import RULES
from headwater_agents.bargaining.table import Negotiator

MODEL: Final = "llm"
_CHANCE: Final = 5


@dataclass(frozen=True, slots=True)
class Asked:
    """A model, and the link over which it is asked."""

    link: Link
    rules: Rules


def kinds_of(names: str, players: int) -> tuple[str, ...]:
    """One kind for each player, from names separated by commas: one for all, or one a player.

    Raises:
        BargainError: a kind there is not, or another number of them than players.
    """
    kinds = tuple(name.strip() for name in names.split(","))
    known = (*KINDS, MODEL)
    for kind in kinds:
        if kind not in known:
            raise BargainError(f"there is no agent {kind[:40]!r}; the agents are {', '.join(known)}")
    if len(kinds) == 1:
        return kinds * players
    if len(kinds) != players:
        raise BargainError(f"this game has {players} players; got {len(kinds)} agents. One name stands for all")
    return kinds


def crew(
    kinds: Sequence[str], asked: Asked | None, *, budget: int, seed: int, observe: Observe
) -> tuple[tuple[Negotiator, ...], Observe]:
    """An agent for each kind, and what the engine is to be given as `observe`, so that models hear each other.

    Args:
        kinds: as `kinds_of` gives them.
        asked: the model of those that ask one.
        budget: tokens of each of these.
        seed: of the seeds that their calls carry.
        observe: called with every event.

    Raises:
        BargainError: a model is needed and none is given.
    """
    board = Board(observe)
    agents: list[Negotiator] = []
    for player, kind in enumerate(kinds):
        if kind != MODEL:
            agents.append(agent_from(kind))
            continue
        if asked is None:
            raise BargainError("llm agents ask a model: name an endpoint and its model, a local model, or a trace")
        chance = np.random.default_rng([seed, _CHANCE, player])
        session = Session(asked.link, asked.rules, Budget(budget), chance, who=f"player {player}")
        agents.append(LLM(session, board=board))
    return tuple(agents), board.observe


def models_of(agents: Sequence[Negotiator]) -> list[dict[str, Any]]:
    """What each model did, as JSON: questions, calls, answers legal and refused, and why it was asked no more."""
    found = []
    for player, agent in enumerate(agents):
        if isinstance(agent, LLM):
            tally = agent.session.tally
            found.append(
                {
                    "player": player,
                    "questions": tally.questions,
                    "calls": tally.calls,
                    "failed": tally.failed,
                    "legal": tally.legal,
                    "refused": list(tally.refused),
                    "halted": tally.halted,
                }
            )
    return found


def ask(
    stack: ExitStack,
    *,
    endpoint: str | None,
    model: str | None,
    key_file: Path | None,
    local: bool,
    trace: Path | None,
    record: Path,
) -> Asked:
    """The model to ask: at an endpoint, on this machine, or as a trace recorded it. What is asked goes to `record`.

    Args:
        stack: closes the link, and ends the local model.
        endpoint: address of an OpenAI-compatible endpoint, and `model` its name there.
        key_file: where the endpoint's key is; the environment otherwise.
        local: start the model that the extra `llm` brings.
        trace: answer from here instead.
        record: file for the trace, not there yet; nothing is written when a trace is replayed.

    Raises:
        BargainError, EndpointError, TraceError: not exactly one of the three; or it cannot be had.
    """
    if sum((endpoint is not None, local, trace is not None)) != 1:
        raise BargainError(
            "llm agents ask a model: give one of --endpoint with --model, --local-model, or --trace; for the second"
            " the extra llm is needed"
        )
    if trace is not None:
        entries = load_trace(trace)
        return Asked(Replayed(entries), _rules_of(entries[0].call.body if entries else {}, model))
    if local:
        place, rules = stack.enter_context(LocalModel(record.with_suffix(".log"))).endpoint(), RULES
    else:
        if not model:
            raise EndpointError("an endpoint is asked for a model by name: give --model")
        place, rules = Endpoint(url=str(endpoint), model=model, key=read_key(file=key_file)), Rules(model=model)
    link = stack.enter_context(Recorded(stack.enter_context(Live(place)), record))
    return Asked(link, rules)


def _rules_of(body: Mapping[str, Any], model: str | None) -> Rules:
    """The rules that a recorded call was made by, as far as its body says them."""
    asked = body.get("response_format", {"type": "text"})
    form = Form.OBJECT_SCHEMA if asked.get("type") == "json_object" and "schema" in asked else Form(asked.get("type"))
    return Rules(
        model=model or str(body.get("model", "none")),
        reply_tokens=body.get("max_tokens", 256),
        temperature=body.get("temperature"),
        seeded="seed" in body,
        form=form,
    )
