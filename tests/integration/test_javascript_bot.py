"""The bot in plain JavaScript works beside ours: JSON-RPC and HTTP suffice."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from cli_cases import run
from headwater.chain import Account
from headwater.chain.audit import audit
from headwater.chain.participant import commitment
from headwater.signals import Signal, SignalDomain, sign_signal, signal_to_json
from headwater.twin import check_simplex
from headwater.units import WAD
from headwater_agents.scaffold import Placement, write_bot
from own_bot_cases import (
    FEES,
    KEEPER,
    PYTHON,
    SELLER,
    STEWARD,
    STRANGER,
    Program,
    Town,
    key_of,
    open_town,
    secret,
    until,
)

HERE = Path(__file__).resolve().parents[2] / "docs" / "javascript-bot"
PRICE = 10**15
QUESTIONS = """
[source]
kind = "rain"
[questions]
questions = 1
first_day = 152
lead = 6
commit = 25
reveal = 20
"""
FAST = "min_window = 2\nmax_window = 600\nresolve_timeout = 60\ncooldown = 2\n"


@pytest.fixture(scope="module")
def node_program() -> str:
    found = shutil.which("node")
    if found is None or not (HERE / "node_modules" / "ethers").is_dir():
        pytest.skip("NODE OR ITS PACKAGES ARE ABSENT: install Node 20, and run `npm ci` in docs/javascript-bot")
    return found


class JavaScript:
    """The bot in a folder of its own."""

    def __init__(self, town: Town, program: str, folder: Path, **settings: object) -> None:
        self._town, self._program = town, program
        self.file = folder / "bot.json"
        assert run("abi", "--out", folder / "abi").code == 0
        chosen = {
            "rpc": town.url,
            "manifest": str(town.manifest),
            "abi": "abi",
            "series": town.series,
            "state": "state.json",
            "stake": "1000",
            **settings,
        }
        self.file.write_text(json.dumps(chosen))

    @property
    def state(self) -> dict[str, dict[str, dict[str, object]]]:
        return json.loads((self.file.parent / "state.json").read_text())

    def start(self, *words: str) -> Program:
        process = subprocess.Popen(
            [self._program, str(HERE / "bot.mjs"), str(self.file), *words],
            env={**os.environ, **secret(STRANGER)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        return self._town.watch(process)


def scaffolded(town: Town, place: Placement, role: str, account: Account) -> Program:
    """A new bot of ours as it is written, but for its key."""
    write_bot(role, town.folder, role, place)
    settings = town.folder / role / "bot.toml"
    settings.write_text(settings.read_text().replace('keystore = "key.json"', 'env = "HEADWATER_KEY"'))
    return town.run("agent", role, "--config", settings, "--log", "json", account=account)


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with open_town(tmp_path_factory.mktemp("town"), FAST) as town:
        everybody = [account.address for account in (PYTHON, STRANGER)]
        town.command("send", *everybody, "--tokens", "2000", **secret(STEWARD))
        yield town


def test_a_javascript_bot_buys_commits_is_killed_reveals_and_is_paid(
    town: Town, node_program: str, tmp_path: Path
) -> None:
    facilitator = town.run(
        *("facilitator", "--rpc", town.url, "--manifest", town.manifest, "--state", "facilitator.sqlite"),
        *("--port", "0", "--json"),
        account=FEES,
    )
    paying = json.loads(until("the facilitator", lambda: facilitator.lines)[0])["url"]
    place = Placement(rpc=town.url, manifest=str(town.manifest), series=town.series, facilitator=paying)
    shop, rival = (scaffolded(town, place, *who) for who in (("provider", SELLER), ("forecaster", PYTHON)))
    shop.wait_for("ready")
    script = JavaScript(town, node_program, tmp_path, supplier=0, maxPrice="0.01")
    first = script.start()
    for bot, event in ((first, "open_escrow"), (rival, "deposit"), (town.start("keeper", KEEPER, ""), "ready")):
        bot.wait_for(event)
    town.start("resolver", STEWARD, QUESTIONS).wait_for("open")
    first.wait_for("commit")
    assert first.end(signal.SIGKILL) == -signal.SIGKILL
    second = script.start()
    second.wait_for("reveal")
    settled = second.wait_for("settled")
    assert second.end(signal.SIGTERM) == 0
    assert [event for event in first.events + second.events if event["event"] in ("lost", "failed")] == []

    system, me = town.system, STRANGER.address
    happened = [event for event in system.arena.events() if event.args.get("forecaster") == me]
    assert [event.name for event in happened] == ["Committed", "Revealed", "Settled"]
    by_name = {event.name: event for event in happened}
    assert by_name["Committed"]["version"] > 0
    assert by_name["Settled"]["net"] == int(settled["net"])
    kept = script.state["forecasts"]["1"]
    assert list(by_name["Revealed"]["forecast"]) == [int(each) for each in kept["forecast"]]
    assert by_name["Committed"]["wager"] == int(kept["wager"])

    paid = [event for event in system.token.events("AuthorizationUsed") if event["authorizer"] == me]
    assert len(paid) == len(script.state["signals"]) == 1
    signal_1 = script.state["signals"]["1/0"]
    assert signal_1["provider"] == SELLER.address
    assert sum(int(each) for each in signal_1["forecast"]) == WAD
    assert system.balance(SELLER.address) >= PRICE

    left = script.start("leave")
    left.wait_for("left")
    assert left.end() == 0
    stake = system.stake(me)
    assert (stake.bonded, stake.unbonding) == (0, 0)
    assert system.balance(me) > 0
    failed = [check for check in audit(system) if not check.ok]
    assert failed == []


SCRIPT = """
import { readFileSync } from "node:fs";
import { commitment } from "./bot.mjs";
import { check } from "./market.mjs";
import { toForecast } from "./model.mjs";
const { place, seller, signals, sealed, beliefs } = JSON.parse(readFileSync(0, "utf8"));
const verdicts = signals.map((signed) => {
  try {
    return check(signed, place, seller, 3, 7, 2).map(String);
  } catch (error) {
    return error.message.slice(0, 60);
  }
});
const hash = commitment(place.chainId, place.arena, 7, seller.wallet, sealed.forecast.map(BigInt), sealed.salt);
const forecasts = beliefs.map((belief) => toForecast(belief, 10n ** 16n).map(String));
console.log(JSON.stringify({ verdicts, hash, forecasts }));
"""


def test_its_hashes_forecasts_and_signature_checks_are_ours(node_program: str) -> None:
    arena, domain = PYTHON.address, SignalDomain(chain_id=1337, arena=PYTHON.address)
    fair = Signal(question=7, provider=SELLER.address, agent_id=3, forecast=(3 * WAD // 10, 7 * WAD // 10), time=5)

    def signed(signal: Signal, account: Account = SELLER, at: SignalDomain = domain) -> dict[str, object]:
        return json.loads(signal_to_json(sign_signal(signal, at, key_of(account))))

    good = signed(fair)
    half = good | {"signature": _other_half(str(good["signature"]))}
    bad = [
        signed(replace(fair, question=8)),
        signed(replace(fair, agent_id=4)),
        signed(replace(fair, forecast=(WAD // 2, WAD // 4, WAD // 4))),
        signed(replace(fair, provider=STRANGER.address), STRANGER),
        signed(fair, at=SignalDomain(chain_id=1, arena=arena)),
        good | {"time": "6"},
        good | {"forecast": [str(WAD // 2), str(WAD // 2)]},
        good | {"signature": "0x" + "00" * 65},
        half,
    ]
    salt = bytes(range(32))
    asked = {
        "place": {"chainId": 1337, "arena": arena},
        "seller": {"wallet": SELLER.address},
        "signals": [good, *bad],
        "sealed": {"forecast": [str(each) for each in fair.forecast], "salt": "0x" + salt.hex()},
        "beliefs": [[0.5, 0.5], [1, 0], [0.999999, 0.000001], [0.2, 0.3, 0.5], [0, 0, 1]],
    }
    done = subprocess.run(
        [node_program, "--input-type=module", "-e", SCRIPT],
        input=json.dumps(asked),
        cwd=HERE,
        capture_output=True,
        text=True,
        check=True,
    )
    said = json.loads(done.stdout)
    assert said["verdicts"][0] == [str(each) for each in fair.forecast]
    assert all(isinstance(verdict, str) for verdict in said["verdicts"][1:]), said["verdicts"]
    assert said["hash"] == "0x" + commitment(1337, arena, 7, SELLER.address, fair.forecast, salt).hex()
    for belief, forecast in zip(asked["beliefs"], said["forecasts"], strict=True):
        check_simplex([int(each) for each in forecast], len(belief), WAD // 100)


def _other_half(signature: str) -> str:
    """The same signature with s in the upper half of the order, which EIP-2 forbids."""
    raw = bytes.fromhex(signature[2:])
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    s = order - int.from_bytes(raw[32:64], "big")
    return "0x" + (raw[:32] + s.to_bytes(32, "big") + bytes([55 - raw[64]])).hex()
