"""`headwater facilitator`."""

from __future__ import annotations

import json
import signal
import sys
import threading
from contextlib import ExitStack, closing
from pathlib import Path

import click

from headwater_agents.cli.errors import reported


@click.command("facilitator")
@click.option("--rpc", required=True, metavar="URL", help="The node.")
@click.option("--manifest", type=click.Path(path_type=Path), required=True, help="Of the deployment.")
@click.option("--state", type=click.Path(path_type=Path), required=True, help="The facilitator's own file.")
@click.option("--keystore", type=click.Path(path_type=Path), default=None, help="Of the account that pays the gas.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65_535), default=8402, show_default=True, help="0 takes a free one.")
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON when it is ready.")
@click.option("--check", is_flag=True, help="Open everything, say so, and end.")
@reported
def facilitator_command(
    rpc: str,
    manifest: Path,
    state: Path,
    keystore: Path | None,
    host: str,
    port: int,
    as_json: bool,
    check: bool,
) -> None:
    """Settle x402 payments in the deployment's token, and pay their gas, until interrupted.

    The key is the keystore's, or $HEADWATER_KEY's. Nothing else may send with it.
    """
    from headwater.chain import Account, connect
    from headwater_agents.durable.database import Database
    from headwater_agents.market.facilitator import Facilitator
    from headwater_agents.market.serving import Server
    from headwater_deploy import Manifest

    account = Account.from_env("HEADWATER_KEY") if keystore is None else Account.from_keystore(keystore)
    deployment = Manifest.read(manifest)
    token = deployment.addresses().token
    about = {"chain": str(deployment.chain_id), "token": token, "account": account.address}
    stop = threading.Event()
    with ExitStack() as stack:
        for each in (signal.SIGTERM, signal.SIGINT):
            stack.callback(signal.signal, each, signal.signal(each, lambda *_: stop.set()))
        database = stack.enter_context(closing(Database(state, about)))
        facilitator = stack.enter_context(closing(Facilitator(database, rpc, deployment.chain_id, account, [token])))
        server = stack.enter_context(Server(facilitator.app(), host=host, port=port))
        if check:
            connect(rpc, chain_id=deployment.chain_id).close()  # it may be away later, not now
        ready = {"url": server.url, "network": facilitator.network, "token": token, "account": account.address}
        click.echo(json.dumps(ready) if as_json else f"headwater facilitator on {server.url}, settles {token}")
        sys.stdout.flush()
        if not check:
            stop.wait()
