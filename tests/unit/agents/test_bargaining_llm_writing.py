"""A model that writes artefacts: text that the role may hand in counts, everything else is told why, or is nothing."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from headwater_agents.bargaining.llm import Budget, Call, Came, Outcome, Rules, Session
from headwater_agents.bargaining.llm.writing import write
from headwater_agents.games.software import NOTHING, ROLES, SoftwareTeam, bundled


class Writing:
    """A link that answers each role with texts in order, the last one for ever; keeps the prompts."""

    def __init__(self, *texts: Any) -> None:
        self.texts = list(texts)
        self.prompts: list[str] = []

    def send(self, call: Call) -> Outcome:
        assert "maxLength" not in json.dumps(call.body)  # llama.cpp's server breaks down over thousands
        self.prompts.append("\n".join(message["content"] for message in call.body["messages"]))
        text = self.texts.pop(0) if len(self.texts) > 1 else self.texts[0]
        return Outcome(came=Came.REPLY, text=json.dumps({"text": text}), prompt_tokens=9, reply_tokens=9, finish="stop")


def session(link: Writing, who: str) -> Session:
    return Session(link, Rules(model="m"), Budget(10**6), np.random.default_rng(1), who=who)


def test_what_models_write_is_handed_in_and_seen_by_those_who_come_after() -> None:
    question = next(each for each in bundled("intervals").questions if each.owner == "CEO")
    decision = f"{question.key} = {question.answers[0]}"
    links = [
        Writing(f"{question.key} = whatever", decision),
        Writing("Users want it simple."),
        Writing("def helper(x):\n    return x\n"),
        Writing("```\ndef anything():\n    return 0\n```"),
        Writing("It looks good to me."),
        Writing("Well done."),
    ]
    game = SoftwareTeam()
    done = write([session(link, role) for link, role in zip(links, ROLES, strict=True)], game)
    by_role = {artefact.role: artefact for artefact in done.artefacts}
    assert dict(by_role["CEO"].decisions) == {question.key: question.answers[0]}
    assert len(links[0].prompts) == 2  # the answer nobody may give was refused, and told why
    assert "def helper(x)" in links[3].prompts[0]
    assert by_role["programmer"].text.strip() == "def anything():\n    return 0"
    assert done.actions[4] == NOTHING  # a review without a change is none
    assert all(artefact.effort > 0 for artefact in done.artefacts)
    state = done.game.start()
    for player, action in enumerate(done.actions):
        state = done.game.step(state, {player: action}, ())
    assert done.game.finished(state)
