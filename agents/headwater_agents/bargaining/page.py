"""report.html of a play: the arms beside each other, the negotiation as it went, deals, shares, and the chain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from headwater.report.grids import NOTHING, Grid, number
from headwater.report.html import document, facts, plot, section, table, tiles
from headwater.units import WAD
from headwater_agents.bargaining.arms import arms_grids
from headwater_agents.bargaining.talks import rounded
from headwater_agents.cooperative.figures import bars

Summary = Mapping[str, Any]


def write_page(path: Path, summary: Summary) -> Path:
    """Write a play's page (about 5 MB, nearly all of it plotly.js)."""
    path.write_text(render(summary), encoding="utf-8", newline="\n")
    return path


def render(summary: Summary) -> str:
    """The page of a play's summary."""
    parts = [_head(summary), _tiles(summary)]
    if summary["arms"] is not None:
        parts.append(_arms(summary["arms"]))
    parts.append(_talk(summary["events"]))
    deals, shares = play_grids(summary)
    parts.append(
        section(
            "Deals and payoffs",
            "A deal pays its share of the base (what the payer locked, or what it earned) if both kept to it; the "
            "largest share if only the payee did; nothing if the payee did not.",
            table(deals),
            table(shares),
        )
    )
    if summary.get("assessment") is not None:
        parts.append(section("Who brought what", "", table(software_grid(summary["assessment"]))))
    if summary["settlement"] is not None:
        parts.append(_chain(summary["settlement"]))
    parts.append(
        section(
            "This play",
            "",
            facts(
                {
                    "Command": {"command": summary["command"]},
                    "Game": {"game": summary["game"], **summary["settings"]},
                    "Agents": {str(player): agent for player, agent in enumerate(summary["agents"])},
                    "Setting": dict(summary["options"]),
                    "Versions": {"headwater": summary["headwater"]},
                },
                "Command",
            ),
        )
    )
    return document(f"Headwater: {summary['game']}, {summary['arm']}", parts)


def play_grids(summary: Summary) -> list[Grid]:
    """The tables of one play: its deals, and who ends with what."""
    deals = Grid(
        title="Deals",
        note="Points.",
        columns=("stage", "payer", "does", "payee", "does", "share", "of", "pays", "kept"),
        rows=tuple(
            (
                str(each["stage"]),
                each["payer"],
                each["payer_action"],
                each["payee"],
                each["payee_action"],
                rounded(int(each["share_wad"])),
                points(each["base"]) + (" locked" if each["locked"] else " earned"),
                points(each["paid"]),
                each["kept"],
            )
            for each in summary["deals"]
        ),
        texts=6,
    )
    team = int(summary["team"])
    shares = Grid(
        title="Payoffs",
        note=f"Points. The team's {points(team)} divided by {summary['division']['method']}"
        + ("." if summary["division"]["exact"] else f", standard error up to {points(summary['division']['error'])}.")
        if team
        else "Points. Nothing was earned together.",
        columns=("player", "agent", "own", "of the team's", "deals", "payoff"),
        rows=tuple(
            (
                str(player),
                agent["name"],
                points(summary["own"][player]),
                points(summary["division"]["shares"][player]) if team else NOTHING,
                points(int(summary["payoffs"][player]) - int(summary["own"][player]) - int(part)),
                points(summary["payoffs"][player]),
            )
            for player, (agent, part) in enumerate(zip(summary["agents"], summary["division"]["shares"], strict=True))
        ),
        texts=2,
    )
    return [deals, shares]


def software_grid(assessment: Summary) -> Grid:
    """What each role brought, by replay and by plan: `Assessment.as_json` as a table."""
    return Grid(
        title="Contributions",
        note=f"{assessment['specification']}: {assessment['passed']:.0%} of the weighted tests pass. By replay: the"
        " Shapley value of the program built without each role's artefacts. By plan: earned value as it is planned, a"
        " part of the reward. Points.",
        columns=("role", "handed in", "effort", "by replay", "by plan", "why they differ"),
        rows=tuple(
            (
                row["role"],
                ", ".join(row["artefacts"]) or NOTHING,
                points(row["effort"]),
                points(row["shapley"]),
                points(row["earned_share"]),
                row["why"],
            )
            for row in assessment["rows"]
        ),
        texts=2,
    )


def points(wei: int | str | float) -> str:
    """Wei as points, to as many places as they need, four at most."""
    text = number(int(wei) / WAD, 4)
    return text.rstrip("0").rstrip(".") if "." in text else text


def _head(summary: Summary) -> str:
    state = ("passed", "The task succeeded") if summary["success"] else ("failed", "The task failed")
    names = " × ".join(agent["name"] for agent in summary["agents"])
    return (
        f"<header><p class=brand>Headwater</p><h1>{escape(str(summary['game']))}, {escape(str(summary['arm']))}</h1>"
        f"<p class=lead>{escape(names)}, seed {summary['seed']}</p>"
        f'<p class="verdict {state[0]}" role="status">{state[1]}</p></header>'
    )


def _tiles(summary: Summary) -> str:
    measures = summary["measures"]
    total = sum(map(int, summary["payoffs"]))
    return tiles(
        (
            ("Together", points(total), "points"),
            ("Spread", points(measures["spread"]), "points between agents"),
            ("Deals", str(len(summary["deals"])), "signed by both"),
            ("Rounds", str(measures["rounds"]), "offers"),
            ("Messages", str(measures["messages"]), "signed"),
            ("Tokens", str(measures["tokens"]), "of models"),
        )
    )


def _arms(record: Summary) -> str:
    names = [f"{player} {agent['name']}" for player, agent in enumerate(record["agents"])]
    if len(names) > 12:
        return section("Arms", "The same agents on the same seeds.", *map(table, arms_grids(dict(record))))
    paid = {
        row["arm"]: [{"mean": each, "low": None, "high": None} for each in row["payoffs"]] for row in record["arms"]
    }
    return section(
        "Arms",
        "The same agents on the same seeds, with more or less to say to each other.",
        plot("arms", bars(names, paid, "points"), "Payoffs by arm and agent", "Nothing was played."),
        *map(table, arms_grids(dict(record))),
    )


def _talk(events: Sequence[Mapping[str, Any]]) -> str:
    rows = []
    for event in events:
        words = event["fields"].get("words") or ""
        said = f"<br><q>{escape(str(words))}</q>" if words else ""
        kind = escape(str(event["kind"]))
        # The page's style knows failed cells; a refusal or a broken word is one.
        bad = " class=failed" if event["kind"] in ("refused", "breach", "silence", "deadlock") else ""
        rows.append(
            f"<tr{bad}><td class=figure>{event['checkpoint']}</td><td>{kind}</td>"
            f"<td>{escape(str(event['text']))}{said}</td></tr>"
        )
    return section(
        "Transcript",
        "What was said and done, in order. Every offer and answer is signed; what is quoted went with it, unsigned.",
        "<div class=scroll><table><thead><tr><th class=figure>stage</th><th>what</th><th></th></tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table></div>",
    )


def _chain(settlement: Summary) -> str:
    accounts, checks = settlement_grids(settlement)
    return section("On the chain", "", table(accounts), table(checks))


def settlement_grids(settlement: Summary) -> list[Grid]:
    """The tables of a settlement: what each player has, and what was checked."""
    accounts = Grid(
        title="What the chain paid",
        note=f"Tokens, one a point. Chain: {settlement['chain']}; a pot of {points(settlement['pot'])}, of which"
        f" {points(settlement['returned'])} went back; {settlement['deals']} deals held by the escrow. Borne outside:"
        " effort, and losses that no contract can collect.",
        columns=(
            "player",
            "rewarded",
            "locked",
            "given back",
            "through the cascade",
            "balance",
            "borne outside",
            "payoff",
        ),
        rows=tuple(
            (
                str(each["player"]),
                *(
                    points(each[name])
                    for name in ("rewarded", "deposited", "refunded", "collected", "balance", "borne", "payoff")
                ),
            )
            for each in settlement["accounts"]
        ),
    )
    checks = Grid(
        title="Checks",
        note="",
        columns=("what has to hold", "holds"),
        rows=tuple((each["check"], "yes" if each["ok"] else "NO") for each in settlement["checks"]),
        texts=2,
        failed=frozenset(index for index, each in enumerate(settlement["checks"]) if not each["ok"]),
    )
    return [accounts, checks]
