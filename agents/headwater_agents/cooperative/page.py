"""report.html of a study: opens offline, figures and tables inside."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

from headwater.report.amounts import as_float
from headwater.report.html import document, facts, plot, section, table
from headwater_agents.cooperative.account import season_grids
from headwater_agents.cooperative.figures import bars, dots, lines
from headwater_agents.cooperative.grids import arm_name, liars_grids, run_grids, shown_groups, sweep_grids
from headwater_agents.cooperative.trial import PAYING

Summary = Mapping[str, Any]


def write_page(path: Path, summary: Summary) -> Path:
    """Write a study's page (about 5 MB, nearly all of it plotly.js)."""
    pages = {
        "learn-run": render_run,
        "learn-sweep": render_sweep,
        "learn-season": render_season,
        "learn-liars": render_liars,
    }
    path.write_text(pages[summary["kind"]](summary), encoding="utf-8", newline="\n")
    return path


def render_run(summary: Summary) -> str:
    """The page of `headwater learn run`."""
    arms = summary["arms"]
    names = [member["name"] for member in summary["members"]]
    shares = {arm_name(each["arm"]): [each["shares"][name] for name in names] for each in arms}
    models = [each for each in arms if each["arm"] not in PAYING]
    profiles, quality, broken, credit = run_grids(summary)
    return document(
        f"Headwater: learning under values, {summary['world']['name']}",
        [
            _head(summary, "Learning under values"),
            section(
                "Credit",
                "What each member is paid of a unit, by arm. Liars: the poisoner hurts the model as much as it can, "
                "within the filter where there is one; the copier sends the last round's mean; the idle one sends "
                "zeros. Each claims as many rows as the median honest member.",
                plot(
                    "credit", bars(names, shares, "share"), "Shares of credit by member and arm", "Nobody has credit."
                ),
                table(credit),
            ),
            section(
                "The model",
                "Plain marginal pays for projected updates; volume and plain Shapley for the model without a filter.",
                plot(
                    "loss",
                    dots({arm_name(each["arm"]): each["quality"]["loss"] for each in models}, "loss, nats"),
                    "Loss by arm",
                    "Nothing was played.",
                ),
                plot(
                    "gap",
                    dots({arm_name(each["arm"]): each["quality"]["gap"] for each in models}, "gap, nats", zero=True),
                    "Loss gap by arm",
                    "Nothing was played.",
                ),
                table(quality),
            ),
            section("Values", "", table(profiles), table(broken)),
            _about(summary),
        ],
    )


def render_sweep(summary: Summary) -> str:
    """The page of `headwater learn sweep`."""
    grid = summary["grid"]
    arms = [arm["arm"] for arm in summary["points"][0]["arms"]]

    def series(field: str, name: str) -> dict[str, list[Any]]:
        return {
            arm_name(arm): [point["arms"][index][field][name] for point in summary["points"]]
            for index, arm in enumerate(arms)
        }

    honest = [member["name"] for member in summary["members"] if member["kind"] == "honest"]
    changes = {name: [point["arms"][0]["share_change"][name] for point in summary["points"]] for name in honest}
    groups = {
        group: [point["arms"][0]["groups_cost"][group] for point in summary["points"]]
        for group in shown_groups(summary)
    }
    costs, by_group, by_member = sweep_grids(summary)
    return document(
        f"Headwater: what values cost, {summary['world']['name']}",
        [
            _head(summary, "What values cost, and who pays"),
            section(
                "What they cost",
                "The model's loss and the protected group's gap less those without any profile, on the same seeds.",
                plot("cost", lines(grid, series("cost", "loss"), "strictness", "Δ loss, nats"), "Loss", "No point."),
                plot("gap", lines(grid, series("cost", "gap"), "strictness", "Δ gap, nats"), "Gap", "No point."),
                table(costs),
            ),
            section(
                "Who pays",
                "Groups by their loss, members by their share of credit; figures show the first arm.",
                plot("groups", lines(grid, groups, "strictness", "Δ loss, nats"), "Groups' losses", "No point."),
                plot("members", lines(grid, changes, "strictness", "Δ share"), "Members' shares", "No point."),
                table(by_group),
                table(by_member),
            ),
            _about(summary),
        ],
    )


def render_liars(summary: Summary) -> str:
    """The page of `headwater learn liars`."""
    (grid,) = liars_grids(summary)
    rows = summary["liars"]
    names = list(dict.fromkeys(each["kind"] for each in rows))
    arms = list(dict.fromkeys(each["arm"] for each in rows))
    shares = {arm_name(arm): [each["share"] for each in rows if each["arm"] == arm] for arm in arms}
    losses = {arm_name(arm): [each["loss"] for each in rows if each["arm"] == arm] for arm in arms}
    return document(
        f"Headwater: liars, {summary['world']['name']}",
        [
            _head(summary, "One liar among honest members"),
            section(
                "What liars earn, and what they spoil",
                "",
                plot("shares", bars(names, shares, "share of credit"), "Liars' shares", "Nobody lied."),
                plot("losses", bars(names, losses, "Δ loss, nats"), "What liars do to the loss", "Nobody lied."),
                table(grid),
            ),
            _about(summary),
        ],
    )


def render_season(summary: Summary) -> str:
    """The page of `headwater learn season`."""
    agreements, results, pay, checks = season_grids(summary)
    world = summary["world"]
    paid = {
        member["name"]: {"mean": as_float(int(member["paid_wei"])), "low": None, "high": None}
        for each in summary["cooperatives"]
        for member in each["members"]
    }
    edges = {each["name"]: each["edge"] for each in summary["cooperatives"]}
    state = ("passed", "Every wei agrees") if summary["ok"] else ("failed", "The accounts do not agree")
    return document(
        "Headwater: cooperatives paid by credit",
        [
            f"<header><p class=brand>Headwater</p><h1>Cooperatives paid by credit</h1><p class=lead>"
            f"{escape(world['event'])}, {world['first']} to {world['last']}: {world['questions']} questions</p>"
            f'<p class="verdict {state[0]}" role="status">{state[1]}</p></header>',
            section("Values", "Who agreed with whom, and what their charter makes of it.", table(agreements)),
            section(
                "Forecasts",
                "",
                plot("edge", dots(edges, "edge over the public odds, nats", zero=True), "Edges", "Nobody forecast."),
                table(results),
            ),
            section(
                "Pay",
                "",
                plot("paid", bars(list(paid), {"paid": list(paid.values())}, "tokens"), "Pay by member", "No pay."),
                table(pay),
                table(checks),
            ),
            section(
                "This season", "", facts({"Command": {"command": summary["command"]}, "World": dict(world)}, "Command")
            ),
        ],
    )


def _head(summary: Summary, title: str) -> str:
    setting, world = summary["setting"], summary["world"]
    liars = "with liars" if setting["liars"] else "all honest"
    return (
        f"<header><p class=brand>Headwater</p><h1>{escape(title)}</h1>"
        f"<p class=lead>{escape(world['name'])}: {escape(world['event'])}. {setting['members']} members with data, "
        f"{escape(liars)}, {setting['rounds']} rounds, {len(summary['seeds'])} seeds</p></header>"
    )


def _about(summary: Summary) -> str:
    return section(
        "This study",
        "",
        facts(
            {
                "Command": {"command": summary["command"]},
                "Setting": dict(summary["setting"]),
                "Data": dict(summary["world"]),
                "Versions": {"headwater": summary["headwater"], "code": summary["code"]},
            },
            "Command",
        ),
    )
