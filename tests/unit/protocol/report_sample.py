"""A small cascade on paper, and a seeded run played on it: sample records for the tests of `headwater.report`.

`PaperCascade` follows SPEC sections 6 and 7 by itself, in integers, and writes the events the contracts would. Beside
it runs a real-valued copy in exact fractions, in which nothing is rounded and every source's share is known.
"""

from __future__ import annotations

import math
from collections import defaultdict
from fractions import Fraction

import numpy as np

from headwater.report import EventRecord, cumulative, log_loss, mean_interval

WAD = 10**18
BPS = 10_000
SELF = 2**32


def address(number: int) -> str:
    """An address with letters of both cases, so that a comparison by case fails."""
    return f"0xAbCdEf{number:034d}"


class PaperCascade:
    """Escrows and ledgers, their events, and the exact share of every (question or payer, hops)."""

    def __init__(self, exact: bool = True) -> None:
        self.exact = exact  # whether to keep the copy in fractions, whose digits grow with every movement
        self.events: list[EventRecord] = []
        self.versions: dict[tuple[str, int], tuple[list[tuple[str, int, int]], int, int]] = {}
        self.latest: dict[str, int] = defaultdict(int)
        self.count = 0
        self.escrows: dict[tuple[str, int], dict[str, int]] = {}
        self.inflow: dict[tuple[str, int], int] = defaultdict(int)
        self.released: dict[tuple[str, int], int] = defaultdict(int)
        self.taken: dict[tuple[str, int, int], int] = defaultdict(int)
        self.withdrawn: dict[str, int] = defaultdict(int)
        self.block = 0
        self._held = defaultdict(lambda: defaultdict(Fraction))
        self._due = defaultdict(lambda: defaultdict(Fraction))
        self.shares_in = defaultdict(lambda: defaultdict(Fraction))
        self._shares_released = defaultdict(lambda: defaultdict(Fraction))
        self._shares_taken = defaultdict(lambda: defaultdict(Fraction))

    def emit(self, contract: str, name: str, **args: object) -> None:
        self.block += 1
        self.events.append(
            EventRecord(
                contract,
                name,
                args,
                self.block // 3,
                2_000_000_000 + self.block // 3,
                self.block % 3,
                f"0x{self.block:064x}",
            )
        )

    def announce(self, node: str, leaves: list[tuple[str, int, int]], keep_bps: int, buffer: int = 0) -> int:
        self.count += 1
        replaces, self.latest[node] = self.latest[node], self.count
        self.versions[node, self.count] = (leaves, keep_bps, buffer)
        total = sum(weight for _, _, weight in leaves)
        self.emit(
            "Cascade",
            "ListAnnounced",
            node=node,
            version=self.count,
            replaces=replaces,
            total=total,
            keep_bps=keep_bps,
            buffer=buffer,
            leaves="0x",
        )
        return self.count

    def settle(
        self, question: int, forecaster: str, version: int, wager: int, net: int, lock: int = 0
    ) -> tuple[int, int]:
        """Books a net; `lock` is what other positions keep locked. Returns (stake change, released)."""
        change, released = net, 0
        if version:
            key = (forecaster, version)
            _, keep, buffer = self.versions[key]
            if key not in self.escrows:
                self.escrows[key] = {"held": 0, "debt": 0, "due": 0}
                self.emit(
                    "StakeVault",
                    "EscrowOpened",
                    forecaster=forecaster,
                    version=version,
                    keep_bps=keep,
                    buffer=buffer,
                )
            escrow, shares = self.escrows[key], self._held[key]
            own = net * keep // BPS
            rest = net - own
            change = own
            if rest >= 0:
                repay = min(escrow["debt"], rest)
                escrow["debt"] -= repay
                escrow["held"] += rest - repay
                change += repay
                shares[question, (forecaster,)] += rest - repay
            else:
                draw = min(escrow["held"], -rest)
                escrow["debt"] += -rest - draw
                change -= -rest - draw
                self._drain(shares, escrow["held"], draw)
                escrow["held"] -= draw
            released = max(escrow["held"] - max(buffer, -((keep - BPS) * lock // BPS)), 0)
            self._fall_due(key, released)
        self.emit(
            "ForecastArena",
            "Settled",
            question=question,
            forecaster=forecaster,
            version=version,
            wager=wager,
            net=net,
            stake_change=change,
            released=released,
        )
        return change, released

    def close(self, forecaster: str, version: int) -> None:
        key = (forecaster, version)
        if key not in self.escrows or not self.escrows[key]["held"]:
            return
        held = self.escrows[key]["held"]
        self._fall_due(key, held)
        self.emit(
            "StakeVault", "Closed", forecaster=forecaster, version=version, released=held, debt_moved=0, newest=version
        )
        self.release(forecaster, version)

    def release(self, forecaster: str, version: int) -> None:
        key = (forecaster, version)
        if key not in self.escrows or not self.escrows[key]["due"]:
            return
        amount, self.escrows[key]["due"] = self.escrows[key]["due"], 0
        self.released[key] += amount
        for source, part in self._due.pop(key, {}).items():
            self._shares_released[key][source] += part
        self.emit("Cascade", "ReleaseReceived", node=forecaster, version=version, amount=amount)
        self.emit("StakeVault", "Released", forecaster=forecaster, version=version, amount=amount)

    def deposit(self, payer: str, node: str, version: int, amount: int) -> None:
        self.inflow[node, version] += amount
        self.shares_in[node, version][payer, (node,)] += amount
        self.emit("Cascade", "Deposited", node=node, version=version, payer=payer, amount=amount)

    def pull(self, node: str, version: int, index: int) -> int:
        """Index `SELF` pulls the node's own share."""
        key = (node, version)
        leaves, keep, _ = self.versions.get(key, ([], BPS, 0))
        share = self.inflow[key] * keep // BPS
        if index == SELF:
            child, child_version, entitlement, slice_ = node, 0, share, Fraction(1)
        else:
            child, child_version, weight = leaves[index]
            total = sum(weight for _, _, weight in leaves)
            entitlement = (self.inflow[key] - share + self.released[key]) * weight // total
            slice_ = Fraction(weight, total)
            if child_version >= version:
                child, child_version = node, 0
        amount = entitlement - self.taken[*key, index]
        if not amount:
            return 0
        self.taken[*key, index] += amount
        self.inflow[child, child_version] += amount
        for source in {**self.shares_in[key], **self._shares_released[key]} if self.exact else ():
            inflow, released = self.shares_in[key][source], self._shares_released[key][source]
            of_source = Fraction(keep, BPS) * inflow if index == SELF else (1 - Fraction(keep, BPS)) * inflow + released
            moved = of_source * slice_ - self._shares_taken[*key, index][source]
            self._shares_taken[*key, index][source] += moved
            hops = source[1] if child == node else (*source[1], child)
            self.shares_in[child, child_version][source[0], hops] += moved
        self.emit(
            "Cascade",
            "Pulled",
            node=node,
            child=child,
            version=version,
            child_version=child_version,
            index=index,
            amount=amount,
        )
        return amount

    def pull_all(self, node: str, version: int) -> None:
        for index in [SELF, *range(len(self.versions.get((node, version), ([], 0, 0))[0]))]:
            self.pull(node, version, index)

    def withdraw(self, node: str) -> None:
        amount = self.inflow[node, 0] - self.withdrawn[node]
        if amount:
            self.withdrawn[node] += amount
            self.emit("Cascade", "Withdrawn", node=node, amount=amount)

    def _fall_due(self, key: tuple[str, int], amount: int) -> None:
        escrow = self.escrows[key]
        for source, part in self._drain(self._held[key], escrow["held"], amount).items():
            self._due[key][source] += part
        escrow["held"] -= amount
        escrow["due"] += amount

    def _drain(self, shares: dict, held: int, amount: int) -> dict:
        parts = {source: part * amount / held for source, part in shares.items()} if amount and self.exact else {}
        for source, part in parts.items():
            shares[source] -= part
        return parts


MEMBERS = [f"member-{i}" for i in range(1, 12)]
SUPPLIERS = {
    "aggregator-a": MEMBERS[:6],
    "aggregator-b": MEMBERS[4:10],
    "forecaster-1": ["aggregator-a", "member-9", "member-11"],
    "forecaster-2": ["aggregator-a", "aggregator-b"],
    "forecaster-3": ["aggregator-b", "member-1", "member-2"],
    "odds-copier": [],
    "last-outcome": [],
}
KINDS = {"odds-copier": "copier", "last-outcome": "last-outcome"}


def sample_run(seed: int, questions: int = 120) -> tuple[dict, list[EventRecord]]:
    """A summary and events of a made-up run: skilled, overlapping forecasters and two bots on binary questions."""
    rng = np.random.default_rng(seed)
    world = PaperCascade(exact=False)
    names = [*SUPPLIERS, *MEMBERS]
    at = {name: address(number + 1) for number, name in enumerate(names)}
    forecasters = [name for name in SUPPLIERS if not name.startswith("aggregator")]
    providers = [*MEMBERS, "aggregator-a", "aggregator-b"]
    rent, log_range, wager = 0.0025, math.log(100), 40 * WAD
    skill = dict(zip(MEMBERS, rng.uniform(0.7, 1.3, len(MEMBERS)), strict=True))
    rows, nets, stakes, released = [], defaultdict(list), defaultdict(int), defaultdict(int)
    growth, provider_growth = defaultdict(list), defaultdict(list)
    last = 1
    for number in range(1, questions + 1):
        if number % 10 == 1:
            for buyer in [name for name in SUPPLIERS if SUPPLIERS[name]]:
                leaves = [
                    (at[name], world.latest[at[name]], int(WAD * rng.uniform(0.2, 1) * skill.get(name, 1.2)))
                    for name in SUPPLIERS[buyer]
                ]
                keep = 2_000 if buyer.startswith("aggregator") else 4_000
                world.announce(at[buyer], leaves, keep, 0 if buyer.startswith("aggregator") else WAD // 10)
        base = 0.42 + 0.12 * math.sin(number / 19)
        state = rng.normal()
        truth = 1 / (1 + math.exp(-(math.log(base / (1 - base)) + 1.1 * state)))
        outcome = int(rng.random() < truth)
        signals = {}
        for name in MEMBERS:
            seen = state * skill[name] + rng.normal(0, 0.9)
            signals[name] = 1 / (1 + math.exp(-(math.log(base / (1 - base)) + 0.75 * seen)))
        for name in SUPPLIERS:
            logits = [math.log(signals[s] / (1 - signals[s])) for s in SUPPLIERS[name]]
            signals[name] = 1 / (1 + math.exp(-np.mean(logits))) if logits else base
        signals["last-outcome"] = min(max(base + (0.12 if last else -0.12), 0.02), 0.98)
        signals = {name: float(np.clip(p, 0.01, 0.99)) for name, p in signals.items()}
        chance = {name: p if outcome else 1 - p for name, p in signals.items()}
        public = base if outcome else 1 - base
        settled = {}
        for name in forecasters:
            gained = math.log(chance[name] / public)
            net = math.floor(wager * (gained / log_range - rent))
            version = world.latest[at[name]]
            change, out = world.settle(
                number, at[name], version, wager, net, lock=int(rng.integers(0, 2)) * wager // 20
            )
            settled[name] = net
            stakes[name] += change
            released[name] += out
            growth[name].append(gained / log_range)
            nets[name].append(net)
        for name in providers:
            provider_growth[name].append(math.log(chance[name] / public))
        if number % 5 == 0:
            for name in [*forecasters, "aggregator-a", "aggregator-b"]:
                for version in [v for (node, v) in world.versions if node == at[name]]:
                    world.release(at[name], version)
                    world.pull_all(at[name], version)
        last = outcome
        rows.append(
            {
                "id": number,
                "day": f"{2000 + number // 365}-{1 + number % 365 // 31:02d}-{1 + number % 28:02d}",
                "odds": [1 - base, base],
                "outcome": outcome,
                "forecasts": {name: [1 - signals[name], signals[name]] for name in forecasters},
                "wagers_wei": dict.fromkeys(forecasters, wager),
                "nets_wei": settled,
            }
        )
    return _summary(world, at, rows, nets, stakes, released, growth, provider_growth, seed, wager), world.events


def _summary(world, at, rows, nets, stakes, released, growth, provider_growth, seed, wager) -> dict:
    outcomes = [row["outcome"] for row in rows]
    by_address = {place: name for name, place in at.items()}
    edges = defaultdict(int)
    for name, series in nets.items():
        edges["treasury", name] = sum(max(net, 0) for net in series)
    for event in world.events:
        if event.name == "Pulled" and event.args["node"] != event.args["child"]:
            edges[by_address[event.args["node"]], by_address[event.args["child"]]] += event.args["amount"]
    paid = {name: world.inflow[at[name], 0] for name in provider_growth}
    emitted = sum(max(net, 0) for series in nets.values() for net in series)
    recycled = sum(max(-net, 0) for series in nets.values() for net in series)
    rent = wager * 25 // BPS
    summary = {
        "headwater": "0.1.0",
        "command": "headwater run --questions 120 --seed 1",
        "seed": seed,
        "chain": {"backend": "tester", "chain_id": 131277322940537},
        "versions": {"python": "3.11", "vyper": "0.4.3", "snekmate": "0.1.2"},
        "parameters": {"questions": len(rows), "rent_bps": 25, "emission_per_epoch": 10**21, "p_min": 0.01},
        "world": {
            "name": "sample",
            "source": "made up by a seeded generator",
            "event": "rain > 1 mm in three days",
            "outcomes": ["dry", "wet"],
            "first": rows[0]["day"] if rows else None,
            "last": rows[-1]["day"] if rows else None,
            "questions": len(rows),
        },
        "forecasters": [],
        "providers": [],
        "treasury": {
            "genesis_wei": 2_000 * WAD,
            "minted_wei": 1_200 * WAD,
            "emitted_wei": emitted,
            "recycled_wei": recycled,
            "bankroll_wei": 1_200 * WAD - emitted + recycled,
            "reserved_wei": 0,
            "unallocated_wei": 7,
            "supply_wei": 3_200 * WAD,
        },
        "gas": [
            {"operation": "commit", "count": 600, "mean": 107938.25, "min": 98_000, "max": 125_113},
            {"operation": "reveal", "count": 600, "mean": 51_320, "min": 50_100, "max": 67_000},
            {"operation": "settle", "count": 600, "mean": 98_211.5, "min": 71_000, "max": 140_222},
            {"operation": "pull_list", "count": 240, "mean": 181_000, "min": 60_000, "max": 420_000},
        ],
        "edges": [{"from": a, "to": b, "amount_wei": amount} for (a, b), amount in edges.items()],
        "questions": rows,
        "audit": [
            {
                "check": "supply equals the sum of balances",
                "expected_wei": 3_200 * WAD,
                "actual_wei": 3_200 * WAD,
                "ok": True,
            },
            {"check": "every question settled", "expected_wei": 0, "actual_wei": 0, "ok": True},
        ],
        "audit_ok": True,
        "unclaimable": [],
    }
    for name, series in nets.items():
        floats = mean_interval([float(net) for net in series]).scaled(len(series))
        escrows = [state for (node, _), state in world.escrows.items() if node == at[name]]
        summary["forecasters"].append(
            {
                "name": name,
                "address": at[name],
                "kind": KINDS.get(name, "pooled"),
                "suppliers": SUPPLIERS[name],
                "questions": len(series),
                "log_loss": log_loss([row["forecasts"][name] for row in rows], outcomes),
                "climatology_log_loss": log_loss([row["odds"] for row in rows], outcomes),
                "wagered_wei": wager * len(series),
                "net_wei": cumulative(series)[-1],
                "net_interval_wei": [round(floats.low), round(floats.high)],
                "edge": mean_interval(growth[name]).to_dict(),
                "rent_wei": rent * len(series),
                "stake_change_wei": stakes[name],
                "released_wei": released[name],
                "held_wei": sum(state["held"] for state in escrows),
                "debt_wei": sum(state["debt"] for state in escrows),
            }
        )
    total = sum(paid.values())
    for name, series in provider_growth.items():
        summary["providers"].append(
            {
                "name": name,
                "address": at[name],
                "kind": "member" if name in MEMBERS else "aggregator",
                "buyers": [buyer for buyer, suppliers in SUPPLIERS.items() if name in suppliers],
                "paid_wei": paid[name],
                "passed_on_wei": sum(amount for (a, _), amount in edges.items() if a == name),
                "share": paid[name] / total if total else 0.0,
                "information_nats": mean_interval(series).to_dict(),
            }
        )
    return summary
