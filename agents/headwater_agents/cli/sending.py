"""`headwater send` and `headwater account`: hand out tokens and ether, and see what an account has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from headwater.chain import ArgumentError, checksum
from headwater.chain.backend import TxRequest
from headwater.chain.participant import Participant
from headwater.chain.system import System
from headwater_agents.cli.errors import print_json, reported
from headwater_agents.cli.onchain import amount, amount_text, deployment_options, key_option, open_system, sender
from headwater_deploy import Manifest


@click.command("send")
@click.argument("to", nargs=-1, required=True)
@click.option("--tokens", type=amount, default="0", help="How many tokens each of them gets.")
@click.option("--ether", type=amount, default="0", help="How much ether each of them gets, for gas.")
@deployment_options
@key_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@reported
def send_command(
    to: tuple[str, ...],
    tokens: int,
    ether: int,
    rpc: str,
    manifest: Path | None,
    keystore: Path | None,
    as_json: bool,
) -> None:
    """Send tokens of a deployment, ether, or both, to every address in TO. What they add up to is checked first."""
    if not tokens and not ether:
        raise click.UsageError("nothing to send: --tokens, --ether, or both")
    receivers = [checksum(each) for each in to]
    account = sender(keystore)
    with open_system(rpc, manifest) as (system, _):
        _afford("tokens", tokens * len(receivers), system.balance(account.address), account.address)
        _afford("ether", ether * len(receivers), system.backend.balance(account.address), account.address)
        me, sent = Participant(system, account), []
        for receiver in receivers:
            if ether:
                receipt = system.backend.send(TxRequest(to=receiver, value=ether), account)
                sent.append({"to": receiver, "ether_wei": str(ether), "transaction": receipt.tx_hash})
            if tokens:
                receipt = me.transfer(receiver, tokens)
                sent.append({"to": receiver, "tokens_wei": str(tokens), "transaction": receipt.tx_hash})
            if not as_json:
                click.echo(f"{receiver}  {amount_text(tokens)} tokens, {amount_text(ether)} ether")
    if as_json:
        print_json({"from": account.address, "sent": sent})


def _afford(what: str, needed: int, has: int, who: str) -> None:
    if needed > has:
        raise ArgumentError(f"{who} has {amount_text(has)} {what}; sending takes {amount_text(needed)}")


@click.command("account")
@click.argument("address")
@deployment_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, money in wei.")
@reported
def account_command(address: str, rpc: str, manifest: Path | None, as_json: bool) -> None:
    """Show what ADDRESS has: ether, tokens, stake, and how every wager of its came out."""
    who = checksum(address)
    with open_system(rpc, manifest) as (system, record):
        stake = system.stake(who)
        found: dict[str, Any] = {
            "address": who,
            "ether_wei": str(system.backend.balance(who)),
            "tokens_wei": str(system.balance(who)),
            "stake_wei": str(stake.bonded),
            "locked_wei": str(stake.locked),
            "unbonding_wei": str(stake.unbonding),
            "wagers": _wagers(system, record, who),
        }
    if as_json:
        print_json(found)
        return
    click.echo(f"{who}")
    for name, key in (("ether", "ether_wei"), ("tokens", "tokens_wei"), ("stake", "stake_wei")):
        click.echo(f"{name:8}{amount_text(int(found[key]))}")
    click.echo(f"{'locked':8}{amount_text(stake.locked)} of the stake, by wagers that are not settled")
    for wager in found["wagers"]:
        net = "" if wager["net_wei"] is None else f", net {amount_text(int(wager['net_wei']))}"
        click.echo(f"question {wager['question']}: {wager['state']}, wager {amount_text(int(wager['wager_wei']))}{net}")


def _wagers(system: System, record: Manifest, who: str) -> list[dict[str, Any]]:
    """What became of an account's wagers, in order of commitment."""
    first = record.contracts["ForecastArena"].block
    found: dict[int, dict[str, Any]] = {}
    for event in system.arena.events(from_block=first):
        if event.args.get("forecaster") != who:
            continue
        entry = found.setdefault(
            event["question"], {"question": event["question"], "state": "", "wager_wei": "0", "net_wei": None}
        )
        entry["state"] = event.name.lower()
        if event.name in ("Committed", "Settled"):
            entry["wager_wei"] = str(event["wager"])
        if event.name == "Settled":
            entry["net_wei"] = str(event["net"])
    return list(found.values())
