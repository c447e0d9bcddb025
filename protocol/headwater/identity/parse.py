"""Reading registration files, which strangers write: bounded in every way, and refused with a reason."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote_to_bytes

from headwater.identity.errors import RegistrationError
from headwater.identity.fields import shown
from headwater.identity.reference import AgentRef
from headwater.identity.registration import (
    MAX_FILE,
    MAX_REGISTRATIONS,
    MAX_SERVICES,
    MAX_TRUST,
    REGISTRATION_TYPE,
    Registration,
)
from headwater.identity.service import parse_service

_MAX_DEPTH = 16
_DATA = re.compile(r"data:([^;,]*)((?:;[^;,]*)*),", re.ASCII | re.IGNORECASE)


def parse_registration(raw: bytes, agent: AgentRef | None = None) -> Registration:
    """The registration file in these bytes: UTF-8 JSON, at most 65,536 bytes, 16 levels deep, no member twice.

    Members that neither the standard nor we know are left out. Given `agent`, the file must name that agent, and no
    other, in that agent's registry. Raises RegistrationError, which says what is wrong and what is accepted.
    """
    if len(raw) > MAX_FILE:
        raise RegistrationError(f"the registration file has {len(raw)} bytes; accepted: at most {MAX_FILE}")
    document = _json(raw)
    if not isinstance(document, dict):
        raise RegistrationError(f"the registration file is {shown(document)}; expected an object")
    if document.get("type") != REGISTRATION_TYPE:
        raise RegistrationError(f"type is {shown(document.get('type'))}; accepted: {REGISTRATION_TYPE!r}")
    registration = Registration(
        name=document.get("name"),  # type: ignore[arg-type]  # Registration checks what it is given
        description=document.get("description") or "",
        image=document.get("image") or "",
        # Files from before January 2026 call them endpoints.
        services=_each(document, "services" if "services" in document else "endpoints", MAX_SERVICES, parse_service),
        x402_support=document["x402Support"] if "x402Support" in document else document.get("x402support", False),
        active=document.get("active", True),
        registrations=_each(document, "registrations", MAX_REGISTRATIONS, _reference),
        supported_trust=_each(document, "supportedTrust", MAX_TRUST, lambda entry: entry),
    )
    if agent is not None:
        registration.check_agent(agent)
    return registration


def parse_data_uri(uri: str) -> bytes:
    """The bytes of a `data:application/json` URI, base64 or percent-encoded. Raises RegistrationError."""
    # Percent-encoding is the longest: three characters a byte.
    if len(uri) > 3 * MAX_FILE + 256:
        raise RegistrationError(f"the data: URI has {len(uri)} characters; accepted: files of at most {MAX_FILE} bytes")
    head = _DATA.match(uri)
    if head is None:
        raise RegistrationError(f"{shown(uri)} is no data: URI; accepted: data:application/json;base64,...")
    if head[1].strip().lower() != "application/json":
        raise RegistrationError(f"the data: URI holds {shown(head[1])}; accepted: application/json")
    body = uri[head.end() :]
    if "base64" not in (each.strip().lower() for each in head[2].split(";")):
        return unquote_to_bytes(body)
    try:
        return b64decode(body.replace("-", "+").replace("_", "/") + "=" * (-len(body) % 4), validate=True)
    except (Base64Error, ValueError) as error:
        raise RegistrationError(f"the data: URI is no base64: {error}") from error


def _json(raw: bytes) -> Any:
    try:
        document = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise RegistrationError(f"the registration file is no UTF-8: byte {error.start}") from error
    # Python's parser recurses, and reads numbers of any length in time that grows with the square.
    if _depth(document) > _MAX_DEPTH:
        raise RegistrationError(f"the registration file is nested deeper than {_MAX_DEPTH} levels")
    try:
        return json.loads(document, object_pairs_hook=_object, parse_int=_int, parse_constant=_constant)
    except json.JSONDecodeError as error:
        raise RegistrationError(f"the registration file is no JSON: {error}") from error


def _depth(document: str) -> int:
    """How deep brackets nest, texts aside; one pass, for a pattern would take quadratic time on some files."""
    deepest = depth = 0
    inside = escaped = False
    for character in document:
        if inside:
            inside = escaped or character != '"'
            escaped = character == "\\" and not escaped
        elif character == '"':
            inside = True
        elif character in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "]}":
            depth -= 1
    return deepest


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, value in pairs:
        if name in made:
            raise RegistrationError(f"the member {shown(name)} stands there twice")
        made[name] = value
    return made


def _int(digits: str) -> int:
    if len(digits) > 79:  # 2**256 has 78 digits
        raise RegistrationError(f"the registration file holds a number of {len(digits)} digits; accepted: at most 79")
    return int(digits)


def _constant(name: str) -> Any:
    raise RegistrationError(f"the registration file holds {name}, which is no JSON number")


def _each(document: dict[str, Any], name: str, most: int, read: Callable[[Any], Any]) -> tuple[Any, ...]:
    entries = document.get(name)
    if entries is None:
        return ()
    if not isinstance(entries, list):
        raise RegistrationError(f"{name} is {shown(entries)}; expected a list")
    if len(entries) > most:
        raise RegistrationError(f"{name} has {len(entries)} entries; accepted: at most {most}")
    return tuple(read(entry) for entry in entries)


def _reference(entry: Any) -> AgentRef:
    if not isinstance(entry, dict):
        raise RegistrationError(f"an entry of registrations is {shown(entry)}; expected an object")
    return AgentRef.parse(entry.get("agentId"), entry.get("agentRegistry"))
