"""Where an endpoint is and which key it takes. A key comes from the environment or a file, and is never shown."""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from headwater_agents.bargaining.llm.errors import EndpointError

KEY_ENV: Final = "HEADWATER_LLM_KEY"
"""Where the key is looked for unless told otherwise: never in a variable that was set for somebody else's endpoint."""

_LONGEST_KEY: Final = 4_096
_NO_KEY: Final = "no-key"


class Key:
    """A secret that prints as "[key]". `reveal` is for the client alone."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The key itself; "no-key" where there is none, which the client must send something for."""
        return self._text or _NO_KEY

    def __bool__(self) -> bool:
        return bool(self._text)

    def hide(self, text: str) -> str:
        """`text` with every occurrence of the key replaced: endpoints quote keys in their errors."""
        return text.replace(self._text, "[key]") if self._text else text

    def __repr__(self) -> str:
        return "[key]" if self._text else "[no key]"


def read_key(*, variable: str = KEY_ENV, file: Path | None = None) -> Key:
    """The key in `file` if one is given, else in the environment variable, else none. Raises EndpointError."""
    if file is None:
        text, where = os.environ.get(variable, ""), f"${variable}"
    else:
        where = str(file)
        try:
            with file.open(encoding="utf-8") as handle:
                text = handle.read(_LONGEST_KEY + 2)
        except (OSError, UnicodeDecodeError) as error:
            raise EndpointError(f"the key file {where} cannot be read: {type(error).__name__}") from None
        if not text.strip():
            raise EndpointError(f"the key file {where} is empty")
    text = text.strip()
    if len(text) > _LONGEST_KEY or not all("!" <= letter <= "~" for letter in text):
        raise EndpointError(f"the key in {where} is no key: 1 to {_LONGEST_KEY} printable ASCII letters without spaces")
    return Key(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """An OpenAI-compatible endpoint and the model asked there.

    Attributes:
        url: with the version, such as "http://127.0.0.1:8000/v1"; no user, query or fragment, where keys hide.
        model: name the endpoint knows the model by.
        key: what it is paid with; plain http takes one on this machine only.
        timeout_s: seconds one call may take.
        reply_bytes: longest reply that is read.
    """

    url: str
    model: str
    key: Key = field(default_factory=lambda: Key(""))
    timeout_s: float = 60.0
    reply_bytes: int = 262_144

    def __post_init__(self) -> None:
        try:
            parts = urlsplit(self.url)
            host, _ = parts.hostname, parts.port
        except ValueError:
            raise EndpointError("the endpoint's address cannot be read; like http://127.0.0.1:8000/v1") from None
        if parts.scheme not in ("http", "https") or not host:
            raise EndpointError("an endpoint's address begins with http:// or https:// and names a host")
        if parts.username is not None or parts.password is not None or "?" in self.url or "#" in self.url:
            raise EndpointError("an endpoint's address has no user, query or fragment; a key comes from a file or $VAR")
        if self.key and parts.scheme == "http" and not self.local:
            raise EndpointError("a key goes over https only, except to this machine")
        if not self.model.strip() or len(self.model) > 256:
            raise EndpointError("a model's name has 1 to 256 letters")
        if not 0 < self.timeout_s <= 3_600:
            raise EndpointError("timeout_s must be above 0 and at most 3600 seconds")
        if not 1_024 <= self.reply_bytes <= 2**26:
            raise EndpointError("reply_bytes must be 1024 to 67108864")

    @property
    def local(self) -> bool:
        """Whether the address is this machine's own."""
        host = urlsplit(self.url).hostname or ""
        try:
            return ipaddress.ip_address(host).is_loopback
        except ValueError:
            return host == "localhost"
