"""How a bot is: counters for Prometheus, and whether it is well."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest

STALE_S = 30.0
"""Seconds without a completed look after which a bot is not well."""


class Vitals:
    """Counts what a bot does. Thread-safe."""

    def __init__(self, name: str, role: str, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._name, self._role, self._monotonic = name, role, monotonic
        self.registry = CollectorRegistry()
        to = self.registry
        self.looks = Counter("headwater_looks", "Looks at the chain that were completed", registry=to)
        self.errors = Counter("headwater_errors", "Looks that failed, by kind of error", ["kind"], registry=to)
        self.actions = Counter("headwater_actions", "Actions carried out, by kind", ["kind"], registry=to)
        self.signals_published = Counter("headwater_signals_published", "Signals put up for sale", registry=to)
        self.sales = Gauge("headwater_sales", "Signals that were paid for", registry=to)
        self.earned = Gauge("headwater_earned_wei", "Paid by x402 for signals, wei (a float)", registry=to)
        self.signals_bought = Counter("headwater_signals_bought", "Signals bought", registry=to)
        self.block = Gauge("headwater_block", "Newest block seen", registry=to)
        self.skew = Gauge("headwater_clock_skew_seconds", "This machine's clock less the chain's", registry=to)
        self.questions = Gauge("headwater_questions", "Questions of the series seen", registry=to)
        self.spent = Gauge("headwater_spent_wei", "Paid for signals by x402, wei (a float)", registry=to)
        self.books: list[dict[str, Any]] = []
        """What each supplier cost and was worth, as JSON."""
        self._last_look = monotonic()
        self.trouble = ""
        """What keeps the bot from its work, as of the last look; empty when nothing does."""

    def looked(self) -> None:
        """A look was completed."""
        self.looks.inc()
        self._last_look = self._monotonic()
        self.trouble = ""

    def failed(self, error: BaseException) -> None:
        """A look failed."""
        self.errors.labels(type(error).__name__).inc()
        self.trouble = f"{type(error).__name__}: {error}"

    def keep_books(self, edges: list[dict[str, Any]]) -> None:
        """Show these books from now on."""
        self.books = edges
        self.spent.set(sum(int(edge["spent"]) for edge in edges))

    def health(self) -> tuple[bool, dict[str, Any]]:
        """(well, what to say)."""
        age = self._monotonic() - self._last_look
        well = age < STALE_S
        return well, {
            "status": "ok" if well and not self.trouble else ("troubled" if well else "stuck"),
            "bot": self._name,
            "role": self._role,
            "last_look_s": round(age, 3),
            "trouble": self.trouble,
        }

    def metrics(self) -> bytes:
        """Prometheus text."""
        return generate_latest(self.registry)
