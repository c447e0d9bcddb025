"""`headwater series`: create a series of questions, fund its bankroll, see what there is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from headwater.chain import ArgumentError, checksum
from headwater.chain.participant import Participant
from headwater.chain.system import SeriesParams, System
from headwater_agents.cli.errors import print_json, reported
from headwater_agents.cli.onchain import amount, amount_text, deployment_options, key_option, open_system, sender
from headwater_deploy.config import ZERO_ADDRESS


@click.group("series")
def series_command() -> None:
    """Series of questions: create one, fund it, list them."""


@series_command.command("new")
@click.option("--bankroll", type=amount, default=None, help="Tokens of the sender's that the series pays from.")
@click.option(
    "--weight",
    type=click.IntRange(1, 10_000),
    default=None,
    help="Instead of --bankroll: live on minted tokens, with this weight. Only the treasury's governor may.",
)
@click.option("--outcomes", type=click.IntRange(2, 8), default=2, show_default=True, help="Of every question.")
@click.option("--opener", default=None, help="Address that opens questions. Default: the sender.")
@click.option("--oracle", default=None, help="Address that says what happened, for ever. Default: the opener.")
@click.option("--feed", default=None, help="Address that posts the odds. Without it: frequencies kept on the chain.")
@click.option("--p-min", type=amount, default="0.01", show_default=True, help="Least probability of an outcome.")
@click.option("--rent-bps", type=int, default=25, show_default=True, help="Of the wager.")
@click.option("--share-bps", type=int, default=1_000, show_default=True, help="Of the bankroll, set aside a question.")
@click.option("--min-wager", type=amount, default="1", show_default=True, help="Tokens.")
@click.option("--epoch-cap", type=amount, default="10000000", show_default=True, help="Tokens set aside an epoch.")
@click.option("--forgetting", type=amount, default="0.99", show_default=True, help="Of frequencies, a question.")
@click.option(
    "--smoothing", type=int, default=10**12, show_default=True, help="Of frequencies, in 1e-12 observations an outcome."
)
@click.option("--warm-up", type=int, default=0, show_default=True, help="First questions, on which nothing is paid.")
@deployment_options
@key_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@reported
def new(
    bankroll: int | None,
    weight: int | None,
    opener: str | None,
    oracle: str | None,
    feed: str | None,
    forgetting: int,
    smoothing: int,
    rpc: str,
    manifest: Path | None,
    keystore: Path | None,
    as_json: bool,
    **numbers: int,
) -> None:
    """Create a series. Nothing about it can be changed later, except its cap an epoch."""
    if (bankroll is None) == (weight is None):
        raise click.UsageError("say where its money comes from: either --bankroll or --weight")
    account = sender(keystore)
    opens = checksum(opener or account.address)
    params = SeriesParams(
        opener=opens,
        oracle=checksum(oracle or opens),
        feed=ZERO_ADDRESS if feed is None else checksum(feed),
        forgetting=0 if feed else forgetting,
        smoothing=0 if feed else smoothing,
        governed=weight is not None,
        **numbers,
    )
    with open_system(rpc, manifest) as (system, _):
        me = Participant(system, account)
        if bankroll:
            _has(me, bankroll)
        series = me.create_series(params)
        if bankroll:
            _fund(me, series, bankroll)
        if weight is not None:
            others, weights = system.treasury.call("weights")
            me.set_weights([*others, series], [*weights, weight])
            me.roll()
        made = _described(system, series)
    if as_json:
        print_json(made)
    else:
        click.echo(_line(made))


@series_command.command("fund")
@click.argument("series", type=click.IntRange(1))
@click.argument("tokens", type=amount)
@deployment_options
@key_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@reported
def fund(series: int, tokens: int, rpc: str, manifest: Path | None, keystore: Path | None, as_json: bool) -> None:
    """Add TOKENS of the sender's to the bankroll of SERIES."""
    account = sender(keystore)
    with open_system(rpc, manifest) as (system, _):
        _known(system, series)
        me = Participant(system, account)
        _has(me, tokens)
        _fund(me, series, tokens)
        made = _described(system, series)
    if as_json:
        print_json(made)
    else:
        click.echo(_line(made))


@series_command.command("list")
@deployment_options
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list, money in wei.")
@reported
def show(rpc: str, manifest: Path | None, as_json: bool) -> None:
    """List the series of a deployment."""
    with open_system(rpc, manifest) as (system, _):
        count = int(system.arena.call("series_count"))
        found = [_described(system, series) for series in range(1, count + 1)]
    if as_json:
        print_json(found)
        return
    for each in found:
        click.echo(_line(each))
    if not found:
        click.echo("no series yet; see headwater series new")


def _known(system: System, series: int) -> None:
    count = int(system.arena.call("series_count"))
    if series > count:
        raise ArgumentError(f"there is no series {series}; the deployment has {count}")


def _has(me: Participant, tokens: int) -> None:
    held = me.system.balance(me.address)
    if held < tokens:
        raise ArgumentError(f"{me.address} has {amount_text(held)} tokens; the bankroll takes {amount_text(tokens)}")


def _fund(me: Participant, series: int, tokens: int) -> None:
    treasury = me.system.treasury.address
    if int(me.system.token.call("allowance", me.address, treasury)) < tokens:
        me.approve(treasury, tokens)
    me.fund(series, tokens)


def _described(system: System, series: int) -> dict[str, Any]:
    params = system.params(series)
    free, aside = system.series_account(series)
    return {
        "series": series,
        "outcomes": params.outcomes,
        "odds": "frequencies" if params.feed == ZERO_ADDRESS else params.feed,
        "opener": params.opener,
        "oracle": params.oracle,
        "governed": params.governed,
        "free_wei": str(free),
        "set_aside_wei": str(aside),
    }


def _line(made: dict[str, Any]) -> str:
    money = amount_text(int(made["free_wei"]))
    odds = "frequencies kept on the chain" if made["odds"] == "frequencies" else f"posted by {made['odds']}"
    return (
        f"series {made['series']}: {made['outcomes']} outcomes, odds {odds}, {money} tokens free; "
        f"opened by {made['opener']}, resolved by {made['oracle']}"
    )
