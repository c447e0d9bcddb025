"""The live table of a swarm: one row a process, the whole on top."""

from __future__ import annotations

import io
import re
import time
from collections.abc import Callable

from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from headwater.units import WAD
from headwater_agents.swarm.ledger import Account
from headwater_agents.swarm.swarm import Swarm

_STYLES = {"ready": "green", "starting": "yellow", "down": "red", "stopped": "dim"}


def headline(swarm: Swarm) -> str:
    """How it stands, in one line."""
    view, workers = swarm.lookout.view, list(swarm.workers.values())
    ready = sum(1 for worker in workers if worker.state == "ready")
    return (
        f"{swarm.phase}: block {view.block:,}, question {view.asked}/{swarm.folder.settings.questions} ({view.phase}), "
        f"{ready} of {len(workers)} processes ready, {sum(w.kills for w in workers)} killed, "
        f"{sum(w.restarts for w in workers)} restarts"
    )


def picture(swarm: Swarm) -> Group:
    """The table; it fits 80 columns. Tokens: x402 is what came in for signals less what went out for them."""
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold", row_styles=("", "dim"))
    for title in ("process", "state"):
        table.add_column(title, no_wrap=True)
    for title in ("again", "block", "bought", "sold", "x402", "stake", "wagers", "cascade", "net"):
        table.add_column(title, justify="right", no_wrap=True)
    view = swarm.lookout.view
    for name, worker in swarm.workers.items():
        account, metrics = view.accounts.get(name, Account()), swarm.metrics(name)
        traded = account.earned - account.spent
        table.add_row(
            name,
            Text(worker.state, style=_STYLES[worker.state]),
            str(worker.restarts or ""),
            f"{metrics['headwater_block']:.0f}" if "headwater_block" in metrics else "",
            str(account.bought or ""),
            str(account.sold or ""),
            short(traded),
            short(view.stakes.get(name, 0)),
            short(account.net),
            short(account.cascade),
            short(account.net + account.cascade + traded),
        )
    return Group(Text(headline(swarm), style="bold"), table)


def svg(swarm: Swarm, width: int = 96) -> str:
    """The table as a picture that needs nothing from elsewhere, `width` columns wide."""
    console = Console(record=True, width=width, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(picture(swarm))
    # The letters of whoever looks: the picture would ask the network for its own.
    return re.sub(r"@font-face \{.*?\}", "", console.export_svg(title="headwater swarm"), flags=re.DOTALL)


def short(wei: int) -> str:
    """Tokens in six figures or fewer, nothing for nothing."""
    tokens = wei / WAD
    places = 0 if abs(tokens) >= 1_000 else 1 if abs(tokens) >= 10 else 3
    return f"{tokens:,.{places}f}" if wei else ""


class Plain:
    """Says how the swarm stands, a line every so many seconds and whenever its phase changes."""

    def __init__(self, say: Callable[[str], None], every: float = 15.0) -> None:
        self._say, self._every = say, every
        self._next = 0.0
        self._phase = ""

    def __call__(self, swarm: Swarm) -> None:
        """Called at every tick."""
        if not swarm.watching:
            return
        if time.monotonic() >= self._next or swarm.phase != self._phase:
            self._next, self._phase = time.monotonic() + self._every, swarm.phase
            self._say(f"{time.strftime('%H:%M:%S')}  {headline(swarm)}")
