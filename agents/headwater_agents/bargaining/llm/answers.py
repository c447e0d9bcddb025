"""From a model's words to an answer: one JSON object that its schema admits, or a reason why not."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

import jsonschema

from headwater import safejson
from headwater_agents.bargaining.llm.errors import NoAnswerError

LONGEST: Final = 65_536
"""Longest reply that is parsed, characters."""

_FENCE: Final = re.compile(r"```(?:json)?\s*\n(.*?)```", re.DOTALL)
_REASON: Final = 240


def read_answer(text: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON object in a model's words, if `schema` admits it.

    Args:
        text: what the model said: the object alone, in a fenced block, or between other words, from the first brace
            to the last (many endpoints take a schema and do not keep to it).
        schema: JSON Schema of the answer.

    Raises:
        NoAnswerError: with what is wrong, in words that can be told to the model.
    """
    if not text.strip():
        raise NoAnswerError("the reply was empty")
    if len(text) > LONGEST:
        raise NoAnswerError(f"the reply had {len(text)} characters; at most {LONGEST} are read")
    answer = _object(_inside(text))
    fault = next(iter(_validator(_frozen(schema)).iter_errors(answer)), None)
    if fault is not None:
        where = ".".join(str(step) for step in fault.absolute_path)
        raise NoAnswerError(_short(f"{where}: {fault.message}" if where else fault.message))
    return answer


def _object(text: str) -> dict[str, Any]:
    try:
        answer = safejson.loads(text)
    except (ValueError, RecursionError) as error:
        raise NoAnswerError(_short(f"the reply is no JSON: {error}")) from None
    if not isinstance(answer, dict):
        raise NoAnswerError("the reply is JSON, but no object")
    return answer


def _inside(text: str) -> str:
    if text.lstrip().startswith("{"):
        return text
    fenced = _FENCE.search(text)
    if fenced:
        return fenced.group(1)
    first, last = text.find("{"), text.rfind("}")
    return text[first : last + 1] if 0 <= first < last else text


def _short(reason: str) -> str:
    return reason if len(reason) <= _REASON else f"{reason[: _REASON - 1]}…"


def _frozen(schema: Mapping[str, Any]) -> str:
    return json.dumps(schema, sort_keys=True)


@lru_cache(maxsize=64)
def _validator(schema: str) -> Any:
    described = safejson.loads(schema)
    jsonschema.Draft202012Validator.check_schema(described)
    return jsonschema.Draft202012Validator(described)
