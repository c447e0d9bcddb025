"""Tokens an agent may still spend: a call that could pass the rest is not made."""

from __future__ import annotations

from headwater_agents.bargaining.llm.calls import Outcome
from headwater_agents.bargaining.llm.errors import EndpointError, HaltedError, Stop


class Budget:
    """A bound on tokens, prompts and replies together.

    Before a call its worst case (the bytes of its prompt and all the reply it may have) must fit into what is left.
    After it, what the endpoint counted is charged; where it did not and the model may have worked, the worst case.
    So `spent` passes `most` only when an endpoint bills more than a call's bytes and limit, and then no call follows.
    """

    def __init__(self, most: int) -> None:
        if type(most) is not int or most < 0:
            raise EndpointError("a token budget is a count of 0 or more")
        self.most = most
        self.spent = 0
        self.prompt = 0
        self.reply = 0
        self.uncounted = 0
        """Tokens of `spent` that are a worst case, not a count."""

    @property
    def left(self) -> int:
        """What may still be spent; 0 when nothing."""
        return max(0, self.most - self.spent)

    def admit(self, worst: int) -> None:
        """Raises HaltedError when a call that may cost `worst` tokens does not fit."""
        if worst > self.left:
            raise HaltedError(
                Stop.BUDGET,
                f"the next call may cost {worst} tokens, and {self.left} of {self.most} are left",
            )

    def charge(self, outcome: Outcome, *, prompt: int, reply: int) -> None:
        """Count what a call cost, whose worst case was `prompt` and `reply` tokens."""
        if not outcome.maybe_billed:
            return
        for counted, worst, name in ((outcome.prompt_tokens, prompt, "prompt"), (outcome.reply_tokens, reply, "reply")):
            cost = worst if counted is None else counted
            self.uncounted += worst if counted is None else 0
            self.spent += cost
            setattr(self, name, getattr(self, name) + cost)
