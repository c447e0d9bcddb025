"""`headwater node`."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Literal

import click

from headwater.chain import Account, KeyUnavailable
from headwater.chain.accounts import PASSWORD_ENV
from headwater.chain.genesis import CHAIN_ID
from headwater_agents.cli.errors import reported
from headwater_deploy.node import NodeConfig, RunningNode, start_node

_TELL_EVERY = 500  # blocks done again between two words about it


@click.command("node")
@click.option(
    "--chain",
    type=click.Choice(["tester", "revm"]),
    default="tester",
    show_default=True,
    help="tester: exact gas, fees paid, every old state. revm: fast, gas costs nothing.",
)
@click.option("--port", type=click.IntRange(0, 65_535), default=8545, show_default=True, help="0 takes a free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; others can reach 0.0.0.0.")
@click.option(
    "--block-time",
    type=click.IntRange(0, 3_600),
    default=1,
    show_default=True,
    help="Seconds between blocks while transactions wait; 0 seals each at once.",
)
@click.option(
    "--heartbeat",
    type=click.IntRange(0, 3_600),
    default=2,
    show_default=True,
    help="Seconds without a block after which a node that is asked seals an empty one; 0 for never.",
)
@click.option("--chain-id", type=int, default=CHAIN_ID, show_default=True, help="EIP-155 id of the chain.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the development accounts.")
@click.option("--accounts", type=int, default=10, show_default=True, help="How many of them to name.")
@click.option("--state", type=click.Path(path_type=Path), default=None, help="Keep the chain in this file, and resume.")
@click.option("--dev", is_flag=True, help="Answer evm_mine, evm_snapshot, anvil_setBalance and the like.")
@click.option("--cors", multiple=True, metavar="ORIGIN", help="Let web pages of this origin ask. May be repeated.")
@click.option(
    "--allow-host", multiple=True, metavar="NAME", help="With another --host: names to answer to. May be repeated."
)
@click.option(
    "--write-keystores",
    type=click.Path(path_type=Path),
    default=None,
    metavar="DIR",
    help=f"Write the named accounts' keys as keystore files, under the password in ${PASSWORD_ENV}.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON when the node is ready.")
@reported
def node_command(
    chain: Literal["tester", "revm"],
    port: int,
    host: str,
    block_time: int,
    heartbeat: int,
    chain_id: int,
    seed: int,
    accounts: int,
    state: Path | None,
    dev: bool,
    cors: tuple[str, ...],
    allow_host: tuple[str, ...],
    write_keystores: Path | None,
    as_json: bool,
) -> None:
    """Serve a chain in this process over JSON-RPC, on the wall clock's time, until interrupted."""
    config = NodeConfig(
        chain=chain,
        host=host,
        port=port,
        block_time=block_time,
        heartbeat=heartbeat,
        chain_id=chain_id,
        seed=seed,
        accounts=accounts,
        state=state,
        dev=dev,
        cors=cors,
        allow_hosts=allow_host,
    )
    if write_keystores is not None:
        _write_keystores(write_keystores, seed, accounts)
    with _until_terminated(), start_node(config, progress=_progress) as node:
        _greet(node, config, as_json)
        while not node.wait(3_600):
            pass


class _Terminated(BaseException):
    """SIGTERM came: the ordinary way to end a server, so not an error."""


@contextmanager
def _until_terminated() -> Iterator[None]:
    """Let SIGTERM end what is inside as Ctrl-C would, so that everything is closed, but well."""

    def unwind(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # once is enough
        raise _Terminated

    before = signal.signal(signal.SIGTERM, unwind)
    try:
        yield
    except _Terminated:
        pass
    finally:
        signal.signal(signal.SIGTERM, before)


def _greet(node: RunningNode, config: NodeConfig, as_json: bool) -> None:
    if as_json:
        ready = {"url": node.url, "chain_id": node.chain_id, "accounts": list(node.addresses)}
        click.echo(json.dumps(ready))
        sys.stdout.flush()
        return
    mode = "transactions are sealed at once" if config.block_time == 0 else f"blocks every {config.block_time} s"
    click.echo(f"headwater node on {node.url}, chain {node.chain_id} ({config.chain}), {mode}")
    click.echo(f"kept in {config.state}, at block {node.block_number}" if config.state else "kept nowhere: see --state")
    if node.addresses:
        click.echo("\nDevelopment accounts, a million ether each. Never send anything of value to them:")
        for index, address in enumerate(node.addresses):
            click.echo(f"{index:4}  {address}")
        click.echo(f"Their keys: Account.derive({config.seed}, index) in Python, or --write-keystores DIR.")
    click.echo("\nCtrl-C ends the node.")
    sys.stdout.flush()


def _progress(done: int, of: int) -> None:
    if done % _TELL_EVERY == 0 or done == of:
        click.echo(f"doing kept blocks again: {done:,} of {of:,}", err=True)


def _write_keystores(folder: Path, seed: int, count: int) -> None:
    """One file an account, readable by its owner only; what is there stays."""
    password = os.environ.get(PASSWORD_ENV)
    if not password:
        raise KeyUnavailable(f"--write-keystores needs a password in ${PASSWORD_ENV}")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for index in range(count):
        account = Account.derive(seed, index)
        path = folder / f"{account.address}.json"
        if path.exists():
            continue
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(account.to_keystore(password), file)
