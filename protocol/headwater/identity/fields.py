"""Checks of single fields, for files that strangers write: every text has a length, every number a range."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from headwater.identity.errors import RegistrationError

MAX_URL: Final = 2_048
"""Characters of a URL."""

_PORTS: Final = 65_536


def shown(value: object) -> str:
    """A value for a message: at most 60 characters of it, so that no stranger's file fills a log."""
    text = repr(value) if not isinstance(value, str) or len(value) <= 200 else repr(value[:200])
    return text if len(text) <= 60 else text[:57] + "..."


def text(value: object, name: str, most: int, least: int = 0) -> str:
    """A text of `least` to `most` characters without control characters (line breaks and tabs may be)."""
    if not isinstance(value, str):
        raise RegistrationError(f"{name} is {shown(value)}; expected a text")
    if not least <= len(value) <= most:
        raise RegistrationError(f"{name} has {len(value)} characters; accepted: {least} to {most}")
    if any((ord(c) < 32 and c not in "\n\r\t") or ord(c) == 127 or 0xD800 <= ord(c) < 0xE000 for c in value):
        raise RegistrationError(f"{name} contains control characters")
    return value


def number(value: object, name: str, most: int, least: int = 0) -> int:
    """A whole number from `least` to `most`; not a bool."""
    if type(value) is not int:
        raise RegistrationError(f"{name} is {shown(value)}; expected a whole number")
    if not least <= value <= most:
        raise RegistrationError(f"{name} is out of range; accepted: {least} to {most}")
    return value


def flag(value: object, name: str) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise RegistrationError(f"{name} is {shown(value)}; expected true or false")
    return value


def web_url(value: object, name: str) -> str:
    """An absolute http(s) URL with a host and without user, password, fragment or spaces."""
    url = text(value, name, MAX_URL, 1)
    if any(c.isspace() or c in '<>"\\^`{|}' for c in url) or not url.isascii():
        raise RegistrationError(f"{name} {shown(url)} has characters that no URL has")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise RegistrationError(f"{name} {shown(url)} is no URL: {error}") from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise RegistrationError(f"{name} is {shown(url)}; accepted: http://HOST... or https://HOST...")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise RegistrationError(f"{name} {shown(url)} carries a user, a password or a fragment; accepted: none")
    if port is not None and not 0 < port < _PORTS:
        raise RegistrationError(f"{name} {shown(url)} has no port from 1 to 65535")
    return url
