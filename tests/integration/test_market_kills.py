"""Kill buyer, seller and facilitator at every point that the code names: each signal is paid for once, and comes.

Real processes with real files, on a chain that makes a block every second; SIGKILL, and started again as they were.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from headwater.chain import Account
from headwater.chain.participant import Participant
from headwater.signals import signal_from_json, verify_signal
from headwater_agents.durable.crash import VARIABLE, CrashPoint
from headwater_agents.durable.database import Database
from headwater_agents.market.purchases import Limits, Purchases
from headwater_agents.market.settlements import Settlements
from headwater_agents.market.shelf import Shelf
from market_cases import AGENT, GIFT, PRICE, Chain, fund, open_chain

ROLES = ("facilitator", "seller", "buyer")
POINTS = [point for point in CrashPoint if point.value.partition(".")[0] in ROLES]
QUESTIONS = (7, 8)
PROCESS = Path(__file__).parents[1] / "market_process.py"


# One of each side, and nobody; the others are slow, and test_every_crash_point passes them all in a market.
QUICK = (None, CrashPoint.PURCHASE_KEPT, CrashPoint.SALE_BOUND, CrashPoint.SETTLEMENT_SENT)
CASES = [
    pytest.param(0, point, marks=() if point in QUICK else pytest.mark.slow, id=f"at once-{point}")
    for point in (None, *POINTS)
]
# A settlement takes its time only where blocks do.
CASES += [
    pytest.param(1, point, marks=pytest.mark.slow, id=f"1 s blocks-{point}")
    for point in POINTS
    if point.value.startswith("facilitator")
]


@pytest.fixture(scope="module")
def chain(request: pytest.FixtureRequest) -> Iterator[Chain]:
    with open_chain("revm", block_time=request.param) as chain:
        yield chain


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Cast:
    """Processes by role; each may be killed by itself, and is then started again."""

    chain: Chain
    settings: dict[str, dict[str, Any]]
    stack: ExitStack
    killed: int = 0

    def start(self, role: str, crash: str = "") -> subprocess.Popen[str]:
        environment = {**os.environ, VARIABLE: crash}
        command = [sys.executable, str(PROCESS), role, json.dumps(self.settings[role])]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
        self.stack.callback(end, process)
        return process

    def serve(self, role: str, crash: str = "") -> subprocess.Popen[str]:
        """Start a server; if it is killed before it serves, once more."""
        process = self.start(role, crash)
        assert process.stdout is not None
        if not process.stdout.readline().startswith("ready"):
            assert process.wait(timeout=30) == -9
            self.killed += 1
            return self.serve(role)
        return process


def end(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        process.kill()
    process.communicate(timeout=30)


@pytest.fixture
def cast(chain: Chain, tmp_path: Path) -> Iterator[Cast]:
    """Everybody with an account of its own, so that what one test leaves in flight is no other test's."""
    accounts = {role: (int.from_bytes(os.urandom(8), "big"), 0) for role in ROLES}
    for role in ROLES:
        fund(chain.backend, Account.derive(*accounts[role]))
    buyer, seller = Account.derive(*accounts["buyer"]), Account.derive(*accounts["seller"])
    chain.people()[0].transfer(buyer.address, GIFT)
    ports = {role: free_port() for role in ROLES}
    common = {
        "node": chain.url,
        "chain_id": chain.backend.chain_id,
        "token": chain.currency.token,
        "arena": chain.domain.arena,
        "folder": str(tmp_path),
        "agent": AGENT,
        "price": PRICE,
        "wallet": seller.address,
        "questions": QUESTIONS,
        "facilitator": f"http://127.0.0.1:{ports['facilitator']}",
        "seller": f"http://127.0.0.1:{ports['seller']}",
    }
    settings = {role: {**common, "account": accounts[role], "port": ports[role]} for role in ROLES}
    with ExitStack() as stack:
        yield Cast(chain, settings, stack)


def play(cast: Cast, point: CrashPoint | None) -> list[str]:
    """Buy both signals while one process is killed at a point and started again; what the buyer said last."""
    victim = "" if point is None else point.value.partition(".")[0]
    crash = {role: str(point) if role == victim else "" for role in ROLES}
    servers = {role: cast.serve(role, crash[role]) for role in ("facilitator", "seller")}
    buyer = cast.start("buyer", crash["buyer"])
    while True:
        for role, server in servers.items():
            if server.poll() is not None:
                assert server.returncode == -9
                cast.killed += 1
                servers[role] = cast.serve(role)
        try:
            said, _ = buyer.communicate(timeout=0.05)
        except subprocess.TimeoutExpired:
            continue
        if buyer.returncode == 0:
            return said.splitlines()
        assert buyer.returncode == -9
        cast.killed += 1
        buyer = cast.start("buyer")


@pytest.mark.parametrize(("chain", "point"), CASES, indirect=["chain"])
def test_whoever_is_killed_a_signal_is_paid_for_once_and_comes(cast: Cast, chain: Chain, point: CrashPoint) -> None:
    said = play(cast, point)
    assert cast.killed == (0 if point is None else 1), "nobody passed the point"
    signals = [signal_from_json(line.encode()) for line in said if '"signature"' in line]
    assert [signed.signal.question for signed in signals] == list(QUESTIONS), said
    for signed in signals:
        verify_signal(signed, chain.domain)
    accounts = {role: Account.derive(*cast.settings[role]["account"]) for role in ROLES}
    cost = PRICE * len(QUESTIONS)
    assert chain.tokens(accounts["buyer"]) == GIFT - cost
    assert chain.tokens(accounts["seller"]) == cost
    cast.stack.close()
    check_books(cast, accounts)


def check_books(cast: Cast, accounts: dict[str, Account]) -> None:
    """Every file says what the chain says."""
    folder, cost = Path(cast.settings["buyer"]["folder"]), PRICE * len(QUESTIONS)
    with ExitStack() as stack:
        files = {role: Database(folder / f"{role}.sqlite", {"role": role}) for role in ROLES}
        for file in files.values():
            stack.callback(file.close)
        purchases = Purchases(files["buyer"], Limits(per_payment=0, per_question=0, per_day=0))
        assert purchases.spent() == cost
        assert [purchase.state for purchase in purchases.all()] == ["bought"] * len(QUESTIONS)
        assert len(purchases.evidence()) == len(QUESTIONS)
        shelf = Shelf(files["seller"], accounts["seller"], cast.chain.domain, AGENT)
        assert sorted((sale.question, sale.value) for sale in shelf.sales()) == [(each, PRICE) for each in QUESTIONS]
        assert not shelf.unsettled()
        hashes = {sale.settled for sale in shelf.sales()}
        assert all(cast.chain.backend.receipt(each) is not None for each in hashes)
        assert not Settlements(files["facilitator"]).open()
    # No nonce is left behind: the account can go on.
    address = accounts["facilitator"].address
    assert cast.chain.backend.nonce(address) == len(QUESTIONS)
    assert Participant(cast.chain.system, accounts["facilitator"]).approve(address).status == 1


def test_every_side_of_the_market_has_points_to_be_killed_at() -> None:
    assert {point.value.partition(".")[0] for point in POINTS} == set(ROLES)
    assert len(POINTS) == 12
