"""Short seasons of the rain world, played once for all tests that only look at them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from harness import new_backend
from headwater.chain import LocalControl
from headwater_agents.durable.journal import Journal
from headwater_agents.lab.rain import RainWorld, load_rain
from headwater_agents.runner.season import Season, play_season
from headwater_agents.runner.stage import SeasonConfig

Play = Callable[..., Season]


@pytest.fixture(scope="session")
def rain() -> RainWorld:
    """The whole record, two outcomes."""
    return load_rain()


@pytest.fixture(scope="session")
def play(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Play]:
    """Plays a world with SeasonConfig's settings on a chain of its own; stages stand until the session ends."""
    with ExitStack() as stack:

        def start(world: RainWorld, *, journal: Path | None = None, **settings: Any) -> Season:
            config = SeasonConfig(**settings)
            path = journal or tmp_path_factory.mktemp("season") / "journal.sqlite"
            backend = stack.enter_context(closing(new_backend(seed=config.seed)))
            with closing(Journal(path)) as kept:
                return play_season(backend, world, config, kept)

        yield start


@pytest.fixture(scope="session")
def _season(play: Play, rain: RainWorld) -> Season:
    return play(rain.window(24, start=200), warm_up=4, keep_every=6, baselines=True, seed=7)


@pytest.fixture
def season(_season: Season) -> Iterator[Season]:
    """24 questions with both baselines, four of them in the warm-up; whatever a test does to its chain is undone."""
    control = _season.stage.backend
    assert isinstance(control, LocalControl)
    snapshot = control.snapshot()
    yield _season
    control.revert(snapshot)
