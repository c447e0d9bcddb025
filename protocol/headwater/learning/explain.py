"""Why an agent was credited what it was: derived again from the record, compared with it, and said in words.

A round is played again from what the record holds: the model, the submissions, the profiles and the examples. What
comes out has to equal what the record says was decided, within 1e-9 of its size, since another machine may add floats
in another order. Somebody who alters a decision is found by this; who alters a line is found by the hashes; who alters
inputs and decisions alike and hashes anew is found by comparing the root, or a member's signed update, with what was
published: a record alone cannot tell that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from headwater.learning.errors import LearningError, RecordError
from headwater.learning.ledger import Ledger
from headwater.learning.novelty import Revealed
from headwater.learning.record import Noted, Record, decisions, read_array, vector_hash
from headwater.learning.rounds import Round, State, play_round

CLOSE: Final = 1e-9
"""Relative difference that another order of addition may make."""
_NUMBERS: Final = ("weight", "credit", "first_order", "novelty", "luck", "shrink")


@dataclass(frozen=True)
class Finding:
    """One thing that was checked: what, whether it holds, and if not, what was found instead."""

    what: str
    holds: bool
    found: str = ""


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """Why an agent was credited what it was in a round: text in lines, and what was checked."""

    agent: str
    round: int
    text: tuple[str, ...]
    findings: tuple[Finding, ...]

    @property
    def sound(self) -> bool:
        """Whether everything that was checked holds."""
        return all(finding.holds for finding in self.findings)


def replay(record: Record, number: int) -> Round:
    """Plays a round again from the record. Raises RecordError: no such round, or one that cannot be played."""
    record.validation(number)
    noted = record.rounds
    try:
        state = State(
            theta=noted[number].theta,
            history=_history(record, number),
            number=number,
            before=noted[number - 1].theta if number else None,
        )
        return play_round(
            state,
            noted[number].submissions,
            record.profiles,
            record.ground,
            record.validation(number),
            record.settings,
        )
    except LearningError as error:
        raise RecordError(f"round {number} cannot be played again: {error}") from None


def explain(record: Record, agent: str, number: int) -> Explanation:
    """Derives an agent's credit of one round again, and says in words what came of its update and why.

    Args:
        record: as read.
        agent: a member that sent an update in that round.
        number: of the round, from 0.

    Raises:
        RecordError: no such round, no such agent in it, or a round that cannot be played again.
    """
    played = replay(record, number)
    if agent not in played.agents:
        raise RecordError(f"round {number} has no update of {agent!r}; there are: {', '.join(played.agents)}")
    at = played.agents.index(agent)
    findings = (*_links(record, number), *_compare(record.rounds[number], played, [at]))
    return Explanation(agent=agent, round=number, text=tuple(_words(record, played, at)), findings=findings)


def audit(record: Record) -> tuple[Finding, ...]:
    """Checks every line and every decision of a record; only what does not hold is returned, nothing when all is well.

    Raises:
        RecordError: a round that cannot be played again.
    """
    found = list(_links(record, len(record.rounds) - 1))
    for noted in record.rounds:
        played = replay(record, noted.number)
        found += _compare(noted, played, range(len(played.agents)))
    return tuple(finding for finding in found if not finding.holds)


def ledger_of(record: Record) -> Ledger:
    """The ledger that the record's own credits add up to. Raises RoundError for credits that are not finite."""
    ledger = Ledger()
    for noted in record.rounds:
        agents = [item.agent for item in noted.submissions]
        ledger = ledger.add_values(agents, noted.decided["credit"], noted.decided["luck"])
    return ledger


def _history(record: Record, number: int) -> tuple[Revealed, ...]:
    """What was revealed in the window before a round, judged anew, not as the record says it was."""
    shown: tuple[Revealed, ...] = ()
    for earlier in range(max(0, number - record.settings.window), number):
        noted = record.rounds[earlier]
        played = play_round(
            State(theta=noted.theta, number=earlier),
            noted.submissions,
            record.profiles,
            record.ground,
            record.validation(earlier),
            record.settings,
        )
        shown = (*played.state.history[: len(played.agents)], *shown)
    return shown


def _links(record: Record, number: int) -> list[Finding]:
    broken = [at for at, holds in enumerate(record.links[: number + 2]) if not holds]
    found = [Finding("each line names the hash of the one before", not broken, f"broken at line {_first(broken)}")]
    moved = [
        noted.number
        for before, noted in zip(record.rounds[:number], record.rounds[1 : number + 1], strict=True)
        if not np.array_equal(before.after, noted.theta)
    ]
    found.append(Finding("each round begins where the last ended", not moved, f"round {_first(moved, 0)} does not"))
    return found


def _first(positions: Sequence[int], shift: int = 1) -> str:
    return str(positions[0] + shift) if positions else ""


def _compare(noted: Noted, played: Round, at: Sequence[int]) -> list[Finding]:
    said, derived = noted.decided, decisions(played)
    where = f"round {noted.number}"
    found = [
        Finding(
            f"{where}: the model after it",
            _close(noted.after, played.after),
            f"differs by up to {_apart(noted.after, played.after):.3g}",
        )
    ]
    for name in ("gain", "unowned", "mean_shrink"):
        found.append(_number(f"{where}: {name}", said.get(name), derived[name]))
    for i in at:
        who = f"{where}, {played.agents[i]}"
        given = vector_hash(noted.submissions[i].update)
        found.append(Finding(f"{who}: the update has the noted hash", _item(said, "vector", i) == given, given))
        for name in ("admissible", "reason"):
            own = derived[name][i]
            found.append(Finding(f"{who}: {name}", _item(said, name, i) == own, f"derived: {own}"))
        same = _item(said, "update", i)
        found.append(Finding(f"{who}: the update as aggregated", _same_array(same, derived["update"][i]), "differs"))
        found += [_number(f"{who}: {name}", _item(said, name, i), derived[name][i]) for name in _NUMBERS]
    return found


def _item(said: Any, name: str, i: int) -> Any:
    values = said.get(name)
    return values[i] if isinstance(values, list) and i < len(values) else None


def _number(what: str, said: Any, derived: float) -> Finding:
    holds = isinstance(said, int | float) and abs(said - derived) <= CLOSE * (1 + abs(derived))
    # An inadmissible update earns zero, not nearly zero.
    holds = holds and not (derived == 0 and said != 0)
    return Finding(what, holds, f"the record says {said!r}, derived: {derived!r}")


def _same_array(said: Any, derived: dict[str, Any]) -> bool:
    try:
        return _close(read_array(said), read_array(derived))
    except (LearningError, KeyError, TypeError):
        return False


def _close(a: Any, b: Any) -> bool:
    return np.shape(a) == np.shape(b) and _apart(a, b) <= CLOSE * (1 + float(np.abs(b).max(initial=0.0)))


def _apart(a: Any, b: Any) -> float:
    return float(np.abs(np.asarray(a) - np.asarray(b)).max(initial=0.0)) if np.shape(a) == np.shape(b) else float("inf")


def _words(record: Record, played: Round, at: int) -> list[str]:
    verdict, credit, item = played.verdicts[at], played.credit, played.submissions[at]
    lines = [
        f"Round {played.number}: {item.agent} committed in slot {item.slot} an update of length"
        f" {float(np.linalg.norm(item.update)):.6g}, of size {item.size:g}."
    ]
    lines += [
        f"It breaks {check.name} ({check.form}): {check.value:.6g} where {check.bound:.6g} is allowed."
        for check in verdict.violated
    ]
    if not verdict.admissible:
        return [*lines, f"It is inadmissible: {verdict.reason}.", "So it is not aggregated, and its credit is 0."]
    if verdict.moved:
        lines.append(
            f"It was moved by {verdict.moved:.6g} to the nearest update that keeps every profile"
            + (f", held back by {'; '.join(verdict.active)}" if verdict.active else "")
            + (f", and shrunk by {verdict.shrink:g}" if verdict.shrink != 1 else "")
            + "."
        )
    else:
        lines.append("It keeps every profile as it is.")
    lines.append(f"It moved the model with weight {float(played.weights[at]):.6g}.")
    value, novelty = float(credit.values[at]), float(credit.novelty[at])
    if novelty == 0:
        why = "It is zero" if not verdict.update.any() else "All of it lies in directions that were known"
        return [*lines, f"{why} when it was committed ({credit.known[at]} directions), so its credit is 0."]
    lines.append(
        f"{novelty:.2%} of its length was new beside {credit.known[at]} known directions; with and without that part,"
        f" the loss on {len(record.rounds[played.number].rows)} validation examples differs by {value:.6g} nats"
        f" ({float(credit.first_order[at]):.6g} to first order): its credit, by the rule {record.settings.rule}."
    )
    return lines
