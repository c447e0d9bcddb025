"""The study of signal prices in the cascade: forecasters that negotiate them beside ones that do not, on real rain.

Every window is a season of its own on a fresh chain: the same sellers, archive and questions for every way of paying,
so that differences between ways are paired by window.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import numpy as np

from headwater.chain import connect
from headwater.deals import Negotiation, dump
from headwater.report.grids import Grid, number
from headwater.units import WAD
from headwater_agents.bargaining.errors import BargainError
from headwater_agents.bargaining.studies.signals_config import ARMS, TALKS, SignalsConfig
from headwater_agents.bargaining.studies.signals_market import ECHO, NOISE
from headwater_agents.bargaining.studies.signals_pay import ArmPay, SignalsSeason
from headwater_agents.bargaining.studies.signals_season import play_signals
from headwater_agents.bargaining.studies.signals_ways import agreed_share
from headwater_agents.durable.journal import Journal
from headwater_agents.lab.rain import load_rain
from headwater_agents.lab.stats import paired

WINDOWS: Final = 6
QUESTIONS: Final = 60
WORDS: Final = {
    "equal": "equal shares",
    "credit": "Shapley shares",
    "negotiated": "negotiated",
    "advance": "negotiated, half up front",
    "careful": "negotiated, one standard error below",
    "skims": "negotiated, nine tenths announced",
}
"""What the ways of paying are called in tables."""

Progress = Callable[[int, int, str], None]
Record = dict[str, Any]


def signals_study(
    config: SignalsConfig | None = None,
    *,
    windows: int = WINDOWS,
    questions: int = QUESTIONS,
    seed: int = 1,
    chain: str = "tester",
    progress: Progress | None = None,
) -> Record:
    """Play `windows` seasons of `questions` each; a JSON-able record, amounts in wei.

    Args:
        config: settings of a season; the defaults unless given.
        windows: from 2 on, for intervals.
        questions: of a season, 1 to 1,400.
        seed: draws windows, costs and the guesser; 0 or more.
        chain: "tester", "revm" or a development node's URL, one fresh chain a window.
        progress: called as `progress(questions done, all of them, text)`.

    Raises:
        BargainError: numbers outside these. ChainError, SeasonError: where a chain refuses.
    """
    if windows < 2 or not 1 <= questions <= 1_400 or seed < 0:
        raise BargainError(
            f"{windows} windows of {questions} questions, seed {seed}; accepted: 2 or more, 1 to 1,400, 0 or more"
        )
    settings = config or SignalsConfig()
    rain, seasons = load_rain(), list[Record]()
    for window in range(windows):
        rng = np.random.default_rng([seed, window])
        world = rain.window(questions, rng=rng)

        def told(done: int, _: int, text: str, window: int = window) -> None:
            if progress is not None:
                progress(window * questions + done, windows * questions, f"window {window + 1}: {text}")

        with (
            tempfile.TemporaryDirectory(prefix="headwater-signals-") as folder,
            closing(connect(chain, seed=seed)) as backend,
            closing(Journal(Path(folder) / "journal.sqlite")) as journal,
        ):
            seasons.append(_season(play_signals(backend, world, settings, journal, rng, told)))
    return {
        "windows": windows,
        "questions": questions,
        "every": settings.every,
        "seed": seed,
        "chain": chain,
        "stake_wei": settings.payroll.season.stake,
        "seasons": seasons,
        "arms": [_arm(arm, seasons) for arm in ARMS],
        "against": {arm: _against(arm, seasons, settings.payroll.season.stake) for arm in ARMS if arm != TALKS},
        "keep_bps": settings.payroll.keep_bps,
        "sellers_part": _sellers_part(seasons),
        "guessers_deals": _guessers_deals(seasons),
        "checks": sum(season["checks"] for season in seasons),
        "failed": [what for season in seasons for what in season["failed"]],
    }


def signals_grids(record: Record) -> list[Grid]:
    """The study's tables."""
    held = "every amount agrees" if not record["failed"] else f"{len(record['failed'])} amounts differ"
    at = (
        f"Mean of {record['windows']} windows of {record['questions']} questions, a checkpoint every "
        f"{record['every']}, tokens. Equal and Shapley shares pass on all but the {record['keep_bps'] / 100:g}% that "
        f"stays with the stake. {record['checks']:,} comparisons to the wei: {held}."
    )
    ways = Grid(
        title="What ways of paying for signals come to",
        note=at,
        columns=(
            "way of paying",
            "won",
            "left to the forecaster",
            "members, less their costs",
            "guesser",
            "echo",
            "members at a loss",
            "deals",
            "messages",
        ),
        rows=tuple(
            (
                WORDS[row["arm"]],
                number(row["won"], 0),
                number(row["forecaster"], 0),
                number(row["members"], 0),
                number(row[NOISE], 0),
                number(row[ECHO], 0),
                f"{row['losing']:.0%}",
                f"{row['deals']:.0%}" if row["talks"] else "–",
                number(row["messages"], 0) if row["talks"] else "–",
            )
            for row in record["arms"]
        ),
        failed=frozenset(range(len(record["arms"]))) if record["failed"] else frozenset(),
    )
    differences = Grid(
        title="Negotiated, less other ways",
        note=f"Per cent of the forecaster's stake ({record['stake_wei'] // WAD:,} tokens) and season; mean and 95% "
        "interval over windows.",
        columns=("less", "left to the forecaster", "members, less their costs", "guesser and echo", "all, less costs"),
        rows=tuple(
            (WORDS[arm], *(_told(row[name]) for name in ("forecaster", "members", "riders", "all")))
            for arm, row in record["against"].items()
        ),
    )
    first = record["seasons"][0]
    deals = Grid(
        title="Negotiations of the first window",
        note="Shares of what the version passes on. Neither side saw the other's limit; halfway between two limits "
        "is the Shapley split of what the pair gains; in all windows sellers got "
        f"{_percent(record['sellers_part'])} of what lay between, and {_percent(record['guessers_deals'])} of the "
        "guesser's negotiations ended in a deal.",
        columns=("period", "seller", "end", "forecaster's limit", "seller's limit", "agreed", "messages"),
        rows=tuple(
            (
                str(row["period"]),
                row["seller"],
                row["status"],
                f"{row['most_wad'] / WAD:.1%}",
                f"{row['least_wad'] / WAD:.1%}",
                f"{row['share_wad'] / WAD:.1%}" if row["share_wad"] else "–",
                str(row["messages"]),
            )
            for row in first["deals"]
        ),
        texts=3,
    )
    return [ways, differences, deals]


def _season(season: SignalsSeason) -> Record:
    names = [seller.name for seller in season.arms[0].sellers]
    talks = season.negotiations[TALKS]
    return {
        "first": season.payroll.world.questions[0].date.isoformat(),
        "arms": {arm.arm: _pay(arm) for arm in season.arms},
        "deals": [
            _deal(period, name, negotiation, limits)
            for period, (row, limited) in enumerate(zip(talks, season.limits[TALKS], strict=True))
            for name, negotiation, limits in zip(names, row, limited, strict=True)
        ],
        "transcript": dump(talks[0][0]).splitlines(),
        "checks": len(season.checks) + len(season.pay.checks),
        "failed": [check.what for check in (*season.checks, *season.pay.checks) if not check.ok],
    }


def _pay(arm: ArmPay) -> Record:
    return {
        "won_wei": arm.won,
        "staked": arm.staked,
        "purse_wei": arm.purse,
        "forecaster_wei": arm.forecaster,
        "messages": arm.messages,
        "deals": arm.deals,
        "talks": arm.talks,
        "sellers": [
            {
                "name": seller.name,
                "delivered": seller.delivered,
                "cost_wei": seller.cost,
                "paid_wei": seller.paid,
                "advanced_wei": seller.advanced,
                "free_rides": seller.free_rides,
            }
            for seller in arm.sellers
        ],
    }


def _deal(period: int, name: str, negotiation: Negotiation, limits: tuple[int, int]) -> Record:
    return {
        "period": period,
        "seller": name,
        "status": str(negotiation.status),
        "most_wad": limits[0],
        "least_wad": limits[1],
        "share_wad": agreed_share(negotiation),
        "messages": len(negotiation.messages),
    }


def _tokens(season: Record, arm: str) -> dict[str, float]:
    pay = season["arms"][arm]
    riders = {row["name"]: row["paid_wei"] / WAD for row in pay["sellers"] if row["free_rides"]}
    members = [(row["paid_wei"] - row["cost_wei"]) / WAD for row in pay["sellers"] if not row["free_rides"]]
    return {
        "won": pay["won_wei"] / WAD,
        "forecaster": pay["forecaster_wei"] / WAD,
        "members": sum(members),
        "losing": sum(each < 0 for each in members) / len(members),
        "riders": sum(riders.values()),
        "all": pay["forecaster_wei"] / WAD + sum(members) + sum(riders.values()),
        "messages": pay["messages"],
        "deals": pay["deals"] / max(pay["talks"], 1),
        "talks": pay["talks"],
        **riders,
    }


def _arm(arm: str, seasons: Sequence[Record]) -> Record:
    rows = [_tokens(season, arm) for season in seasons]
    return {"arm": arm, **{name: float(np.mean([row[name] for row in rows])) for name in rows[0]}}


def _against(arm: str, seasons: Sequence[Record], stake: int) -> Record:
    both = [(_tokens(season, TALKS), _tokens(season, arm)) for season in seasons]
    return {
        name: paired([100 * (ours[name] - theirs[name]) * WAD / stake for ours, theirs in both]).to_dict()
        for name in ("forecaster", "members", "riders", "all")
    }


def _sellers_part(seasons: Sequence[Record]) -> float | None:
    """Of what lies between two limits, the mean part that went to the seller, over all deals; None without any."""
    parts = [
        (row["share_wad"] - row["least_wad"]) / (row["most_wad"] - row["least_wad"])
        for season in seasons
        for row in season["deals"]
        if row["share_wad"] and row["most_wad"] > row["least_wad"]
    ]
    return float(np.mean(parts)) if parts else None


def _guessers_deals(seasons: Sequence[Record]) -> float:
    """The part of the guesser's negotiations that ended in a deal."""
    return float(
        np.mean([row["share_wad"] > 0 for season in seasons for row in season["deals"] if row["seller"] == NOISE])
    )


def _percent(part: float | None) -> str:
    return "–" if part is None else f"{part:.0%}"


def _told(result: Record) -> str:
    return f"{number(result['mean'], 2)} [{number(result['low'], 2)}, {number(result['high'], 2)}]"
