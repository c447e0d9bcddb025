"""What this room refuses, and why an agent that asks a model stops."""

from __future__ import annotations

from enum import StrEnum

from headwater.errors import InputError


class LLMError(InputError):
    """Settings, a key, or an answer that an agent with a language model cannot use."""


class EndpointError(LLMError):
    """An address, a key or a setting with which no endpoint can be asked."""


class TraceError(LLMError):
    """A trace that cannot be read, or that does not answer what is asked now: this is another run."""


class Stop(StrEnum):
    """Why an agent asks its model no more."""

    BUDGET = "budget"
    """The next call could have passed the token budget."""
    DEADLINE = "deadline"
    """The time for the run is over."""
    UNREACHABLE = "unreachable"
    """The endpoint did not answer, or was busy or broken, as often as it is tried."""
    REFUSED = "refused"
    """The endpoint refuses what is asked, in every form known: wrong key, model or length."""


class HaltedError(LLMError):
    """The agent asks no more in this run.

    Attributes:
        stop: why.
    """

    def __init__(self, stop: Stop, text: str) -> None:
        super().__init__(text)
        self.stop = stop


class NoAnswerError(LLMError):
    """The model gave no answer that can be used, as often as it was asked this time. It may be asked again later."""
