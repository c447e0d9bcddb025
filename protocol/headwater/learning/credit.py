"""Credit of a round: what each admissible update added to what was known, in nats of loss on examples nobody chose.

Updates are committed by hash, in slots, before any is revealed; slots are taken in order. With θ the model, w_i the
weights of the mean, u_i = p_i + r_i the admissible updates (p_i known when i committed, r_i novel: `novelty`), and L
the mean loss on the validation examples, a slot with members T that begins at x goes

    x'  = x + Σ_{i∈T} w_i p_i                            what was known moves the model, and is nobody's
    x'' = x' + Σ_{i∈T} w_i r_i                           what is new moves it further; the next slot begins here

    exact         c_i = ½ [L(x') − L(x' + w_i r_i)] + ½ [L(x'' − w_i r_i) − L(x'')]     with and without i, at both ends
    shapley       the Shapley value of  S ↦ L(x') − L(x' + Σ_{i∈S} w_i r_i)
    first-order   c_i = −w_i ∇L(x') · r_i

Both ends of `exact` are one number when i is alone in its slot; otherwise their mean is the Shapley value of a game
whose members act together in pairs only, as to second order they do here.

Laws, each with a test. (1) Inadmissible or idle, or known (a copy of an earlier slot or of a past round in the window,
whatever it was multiplied by, a mixture, extrapolation, momentum, or what the filter made of nothing): exactly zero.
(2) A known update plus noise that is as likely as its mirror image in the novel directions, and independent of the
examples: at most zero in expectation when L is convex (Jensen), whatever the others send. (3) In slots of one, credits
and what is nobody's add up to L(θ) − L(θ + Σ w_i u_i). (4) A later slot changes no credit of an earlier one, weights
given.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from headwater.credit import FunctionGame, shapley
from headwater.learning.batch import Batch, Floats
from headwater.learning.errors import RoundError
from headwater.learning.novelty import Revealed, novel_part, outside
from headwater.learning.tasks import Task


class Rule(StrEnum):
    """Which of the formulas of the module a round pays by."""

    EXACT = "exact"
    SHAPLEY = "shapley"
    FIRST_ORDER = "first-order"


@dataclass(frozen=True, kw_only=True, eq=False)
class RoundCredit:
    """A round's credits, all in nats of mean validation loss.

    Attributes:
        values: (n,), by the rule of the round; exactly 0 for who is inadmissible, idle or adds nothing.
        first_order: (n,), the first-order credits, whatever the rule.
        novelty: (n,), ‖r‖ / ‖u‖, from 0 to 1; 0 for the inadmissible.
        luck: (n,), the standard deviation of the first-order credit of a random direction of the length of w_i r_i in
            the space that was new to i: w_i ‖r_i‖ ‖∇L(x') outside K‖ / √(d − rank K).
        known: (n,), how many directions that change predictions were known when each committed.
        gain: L(θ) − L(θ after), of the whole round.
        unowned: gain − Σ values: what known directions brought, and what a rule does not divide.
    """

    values: Floats
    first_order: Floats
    novelty: Floats
    luck: Floats
    known: tuple[int, ...]
    gain: float
    unowned: float


def credit_round(
    task: Task,
    theta: Floats,
    updates: Floats,
    weights: Floats,
    admissible: Sequence[bool],
    validation: Batch,
    *,
    slots: Sequence[int],
    agents: Sequence[str],
    public: Sequence[Sequence[Floats]] = (),
    past: Sequence[Revealed] = (),
    rule: Rule | str = Rule.EXACT,
    raw: Floats | None = None,
) -> RoundCredit:
    """Credits one round (see the module).

    Args:
        task: what is learnt.
        theta: (d,), the round's model.
        updates: (n, d), as they are aggregated; zeros for the inadmissible.
        weights: (n,), at least 0: what each is multiplied by when the model moves.
        admissible: (n,).
        validation: examples that no member chose, best drawn after the commits.
        slots: (n,), when each was committed; lower is earlier, equal at once.
        agents: (n,), names, no two the same.
        public: (n,) lists of directions known to each beside the model; none by default.
        past: updates revealed in earlier rounds, the latest first.
        rule: "exact", "shapley" (at most 24 new updates a slot) or "first-order".
        raw: (n, d), updates as they were revealed; inadmissible ones are known to later slots too. `updates` if None.

    Raises:
        RoundError: lengths that differ, names twice, weights below 0, or another rule.
        TaskError: examples or parameters that are not the task's.
        PlayerLimitError: of headwater.credit, too many new updates in one slot for "shapley".
    """
    n, d = np.shape(updates)
    try:
        rule = Rule(rule)
    except ValueError:
        raise RoundError(f"a rule of credit is exact, shapley or first-order; got {rule!r}") from None
    if not len(weights) == len(admissible) == len(slots) == len(agents) == n or len(set(agents)) != n:
        raise RoundError(f"there is one weight, verdict, slot and name for each of {n} updates, no name twice")
    if not (np.asarray(weights) >= 0).all():
        raise RoundError("weights are at least 0")
    seen = updates if raw is None else np.where(np.asarray(admissible)[:, None], updates, raw)
    values, slopes, novelty, known = np.zeros(n), np.zeros(n), np.zeros(n), [0] * n
    luck, bases = np.zeros(n), dict[int, Floats]()
    start = np.asarray(theta, dtype=np.float64)
    at = start
    still = task.symmetries()  # nobody can earn there, nor be lucky: what is left is what an update can do
    room = len(still) + (d - len(still)) // 2
    for slot in sorted(set(slots)):
        parts = np.zeros((n, d))
        here = [i for i in range(n) if slots[i] == slot and admissible[i]]
        before = [seen[i] for i in range(n) if slots[i] < slot]
        for i in here:
            parts[i], rows = novel_part(
                updates[i],
                [start, *(public[i] if public else ())],
                before,
                past,
                room,
                still,
            )
            known[i], bases[i] = len(rows) - len(still), rows
            length = float(np.linalg.norm(updates[i]))
            novelty[i] = float(np.linalg.norm(parts[i])) / length if length else 0.0
        moved = np.asarray(weights)[:, None] * parts
        at = at + sum((weights[i] * updates[i] - moved[i] for i in here), np.zeros(d))
        new = [i for i in here if parts[i].any()]
        if new:
            slope = task.gradient(at, validation)
            for i in new:
                # A random direction of the novel space has a first-order credit of mean zero and this deviation.
                left = float(np.linalg.norm(outside(slope, bases[i])))
                luck[i] = float(np.linalg.norm(moved[i])) * left / np.sqrt(d - len(bases[i]))
            slopes[new] = [-float(slope @ moved[i]) for i in new]
            values[new] = slopes[new] if rule is Rule.FIRST_ORDER else _exact(task, at, moved[new], validation, rule)
        at = at + moved.sum(axis=0)
    gain = task.loss(start, validation) - task.loss(at, validation)
    for array in (values, slopes, novelty, luck):
        array.flags.writeable = False
    return RoundCredit(
        values=values,
        first_order=slopes,
        novelty=novelty,
        luck=luck,
        known=tuple(known),
        gain=gain,
        unowned=gain - float(values.sum()),
    )


def _exact(task: Task, at: Floats, moved: Floats, validation: Batch, rule: Rule) -> Floats:
    def loss(theta: Floats) -> float:
        return task.loss(theta, validation)

    first, end = loss(at), at + moved.sum(axis=0)
    if len(moved) == 1:
        return np.array([first - loss(end)])
    if rule is Rule.SHAPLEY:
        game = FunctionGame(len(moved), lambda members: [first - loss(at + row @ moved) for row in members])
        return shapley(game).values
    last = loss(end)
    return np.array([0.5 * (first - loss(at + step)) + 0.5 * (loss(end - step) - last) for step in moved])
