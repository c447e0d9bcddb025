"""The live view of a play: the game's state above, what agents say and do below; lines where nobody looks."""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.panel import Panel
from rich.text import Text

from headwater_agents.cli.output import terminal

if TYPE_CHECKING:
    from headwater_agents.bargaining import Event
    from headwater_agents.games import Game

SHOWN: Final = 14
"""Lines of talk that stay on the screen."""

_STYLES: Final = {
    "checkpoint": "dim",
    "offer": "cyan",
    "counter": "yellow",
    "agree": "bold green",
    "halt": "red",
    "silence": "red",
    "deadlock": "red",
    "refused": "bold red",
    "breach": "bold red",
    "action": "",
    "roll": "dim",
    "division": "magenta",
    "settlement": "green",
    "end": "bold",
}


@contextmanager
def watching(
    game: Game[Any], names: Sequence[str], *, delay: float, quiet: bool
) -> Iterator[tuple[Callable[[Event], None], list[Event]]]:
    """What to hand to `play` as observe, and where the events are kept.

    On a terminal the view is drawn anew with every event, `delay` seconds each; elsewhere every event is a line; if
    `quiet`, nothing is shown.
    """
    events: list[Event] = []
    if quiet:
        yield events.append, events
        return
    if not sys.stdout.isatty():
        lines = terminal()

        def tell(event: Event) -> None:
            events.append(event)
            lines.print(line(event), soft_wrap=True)

        yield tell, events
        return
    console = Console()
    recent: deque[Text] = deque(maxlen=SHOWN)
    with Live(console=console, auto_refresh=False, vertical_overflow="crop") as live:

        def show(event: Event) -> None:
            events.append(event)
            recent.append(line(event))
            live.update(_frame(game, event.state, names, recent), refresh=True)
            if delay:
                time.sleep(delay)

        yield show, events


def line(event: Event) -> Text:
    """An event in a line, coloured by its kind; what a model said with it behind."""
    text = Text(f"{event.checkpoint:>3}  {event.kind.value:<10} ", style="dim")
    text.append(event.text, style=_STYLES.get(event.kind.value, ""))
    words = event.fields.get("words")
    if words:
        text.append(f"  “{words}”", style="italic")
    return text


def _frame(game: Game[Any], state: Any, names: Sequence[str], recent: Sequence[Text]) -> RenderableType:
    from headwater_agents.games.scene import scene

    return Group(
        scene(game, state, names),
        Panel(Text("\n").join(recent), title=escape("negotiation"), title_align="left", height=SHOWN + 2),
    )
