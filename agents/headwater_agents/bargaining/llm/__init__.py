"""An agent that asks a language model: a bounded client, answers by schema, a trace of every call, and its replay."""

from headwater_agents.bargaining.llm.agent import LLM, Reflection
from headwater_agents.bargaining.llm.budget import Budget
from headwater_agents.bargaining.llm.calls import Call, Came, Form, Link, Outcome
from headwater_agents.bargaining.llm.errors import (
    EndpointError,
    HaltedError,
    LLMError,
    NoAnswerError,
    Stop,
    TraceError,
)
from headwater_agents.bargaining.llm.hearing import Board
from headwater_agents.bargaining.llm.keys import KEY_ENV, Endpoint, Key, read_key
from headwater_agents.bargaining.llm.live import Live
from headwater_agents.bargaining.llm.session import Rules, Session, Tally
from headwater_agents.bargaining.llm.trace import Entry, Recorded, Replayed, load_trace

__all__ = [
    "KEY_ENV",
    "LLM",
    "Board",
    "Budget",
    "Call",
    "Came",
    "Endpoint",
    "EndpointError",
    "Entry",
    "Form",
    "HaltedError",
    "Key",
    "LLMError",
    "Link",
    "Live",
    "NoAnswerError",
    "Outcome",
    "Recorded",
    "Reflection",
    "Replayed",
    "Rules",
    "Session",
    "Stop",
    "Tally",
    "TraceError",
    "load_trace",
    "read_key",
]
