"""A season of cooperatives as a summary: who agreed on what, what was learnt, what was won, and who was paid what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from headwater import __version__
from headwater.chain.audit import Check
from headwater.learning import canonical, label, profile_hash
from headwater.report import bootstrap_interval
from headwater.report.amounts import tokens
from headwater.report.grids import Grid, number
from headwater.units import WAD
from headwater_agents.cooperative.grids import spread
from headwater_agents.cooperative.payroll import Play
from headwater_agents.cooperative.whole import Cooperative, Whole, WholeConfig
from headwater_agents.lab.campaign import code_version


def summarise_season(
    whole: Whole, config: WholeConfig, recorded: Sequence[Check], chain: str, command: str
) -> dict[str, Any]:
    """The summary of a season; money in wei as decimal strings, losses in nats. `recorded`: checks of the record."""
    checks = [*recorded, *whole.found.checks]
    payroll, world = whole.payroll, whole.payroll.world
    population = whole.founded.population
    return {
        "kind": "learn-season",
        "command": command,
        "headwater": __version__,
        "code": code_version(),
        "seed": config.seed,
        "chain": chain,
        "world": {
            "name": "crch/RainIbk",
            "event": "rain > 1 mm in three days at Innsbruck",
            "first": world.questions[0].date.isoformat(),
            "last": world.questions[-1].date.isoformat(),
            "questions": len(payroll.plays),
            "archive": len(world.archive),
        },
        "values": list(population.values),
        "actions": list(population.actions),
        "members": [
            {
                "name": name,
                "weights": population.weights[index].tolist(),
                "cooperative": _home(whole, name),
            }
            for index, name in enumerate(population.names)
        ],
        "cooperatives": [_cooperative(whole, each) for each in whole.founded.cooperatives],
        "odds_loss": _interval([_log_loss(play, play.odds) for play in payroll.plays]),
        "checks": [
            {"check": check.what, "expected": str(check.expected), "actual": str(check.actual), "ok": check.ok}
            for check in checks
        ],
        "ok": all(check.ok for check in checks),
    }


def _home(whole: Whole, member: str) -> str | None:
    return next((each.name for each in whole.founded.cooperatives if member in each.collective.members), None)


def _cooperative(whole: Whole, each: Cooperative) -> dict[str, Any]:
    payroll, trainer = whole.payroll, each.collective.trainer
    plays = payroll.plays
    shares = trainer.ledger.shares()
    versions = [pay for pay in whole.found.versions if pay.cooperative == each.name]
    return {
        "name": each.name,
        "weights": each.agreement.system.weights.tolist(),
        "scores": each.agreement.system.scores().tolist(),
        "profile": {
            "constraints": [label(constraint) for constraint in each.profile.constraints],
            "hash": "0x" + profile_hash(each.profile).hex(),
            "canonical": canonical(each.profile),
        },
        "rounds": len(trainer.rounds),
        "loss": _interval([_log_loss(play, play.beliefs[each.name]) for play in plays]),
        "edge": _interval([_log_loss(play, play.odds) - _log_loss(play, play.beliefs[each.name]) for play in plays]),
        "net_wei": str(sum(play.nets.get(each.name, 0) for play in plays)),
        "released_wei": str(sum(pay.released for pay in versions)),
        "versions": len(versions),
        "members": [
            {
                "name": member,
                "kind": next(m.behaviour.kind for m in trainer.members if m.name == member),
                "credit": trainer.ledger.totals[member],
                "share": shares[member],
                "paid_wei": str(whole.found.paid[member]),
            }
            for member in each.collective.members
        ],
        "dust_wei": str(sum(pay.dust for pay in versions)),
    }


def _log_loss(play: Play, forecast: tuple[int, ...]) -> float:
    return float(-np.log(forecast[play.day.outcome] / WAD))


def _interval(values: list[float]) -> dict[str, float | None]:
    if len(values) < 2:
        return {"mean": values[0] if values else None, "low": None, "high": None}
    found = bootstrap_interval(values, np.random.default_rng(0), block=min(20, len(values) - 1))
    return {**found.to_dict()}


def season_grids(summary: Mapping[str, Any]) -> list[Grid]:
    """Tables of `headwater learn season`."""
    return [_agreements(summary), _results(summary), _pay(summary), _checks(summary)]


def _agreements(summary: Mapping[str, Any]) -> Grid:
    rows = tuple(
        (
            each["name"],
            ", ".join(member["name"] for member in each["members"]),
            " / ".join(number(weight, 2) for weight in each["weights"]),
            "; ".join(each["profile"]["constraints"]) or "asks nothing",
        )
        for each in summary["cooperatives"]
    )
    return Grid(
        title="Agreements",
        note=f"Weights of {', '.join(summary['values'])}; what the charter makes of each action's score.",
        columns=("cooperative", "members", "weights", "asks"),
        rows=rows,
        texts=4,
    )


def _results(summary: Mapping[str, Any]) -> Grid:
    rows = [("public odds", spread(summary["odds_loss"]), "–", "–", "–", "–")]
    rows += [
        (
            each["name"],
            spread(each["loss"]),
            spread(each["edge"]),
            tokens(int(each["net_wei"])),
            tokens(int(each["released_wei"])),
            str(each["versions"]),
        )
        for each in summary["cooperatives"]
    ]
    return Grid(
        title="Forecasts and emission",
        note="Log loss and its difference to the public odds, nats, with 95% block-bootstrap intervals. Net: of all "
        "positions, tokens; released: what reached the members' versions.",
        columns=("forecaster", "log loss", "edge", "net", "released", "versions"),
        rows=tuple(rows),
    )


def _pay(summary: Mapping[str, Any]) -> Grid:
    rows = tuple(
        (
            each["name"],
            member["name"] if member["name"] == member["kind"] else f"{member['name']} ({member['kind']})",
            f"{member['credit']:.2e}".replace("-", "−"),
            number(100 * member["share"], 1),
            member["paid_wei"],
        )
        for each in summary["cooperatives"]
        for member in each["members"]
    )
    return Grid(
        title="Pay",
        note="Credit in nats and the share of it at the end, %. Paid: what the member withdrew, wei; earlier versions "
        "had earlier shares.",
        columns=("cooperative", "member", "credit", "share", "paid, wei"),
        rows=rows,
        texts=2,
    )


def _checks(summary: Mapping[str, Any]) -> Grid:
    checks = summary["checks"]
    failed = [each for each in checks if not each["ok"]]
    return Grid(
        title="Reconciliation",
        note=f"{len(checks) - len(failed)} of {len(checks)} comparisons agree to the wei: record of credit, escrow's "
        "twin, on-chain inflow, balances, and the audit.",
        columns=("check", "expected", "actual"),
        rows=tuple((each["check"], each["expected"], each["actual"]) for each in failed),
        failed=frozenset(range(len(failed))),
    )
