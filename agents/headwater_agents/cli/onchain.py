"""What commands that work on a deployment share: which node, which manifest, whose key, and how money is written."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from headwater.chain import Account, Backend, KeyUnavailable, UnknownChain, connect
from headwater.chain.system import System
from headwater.units import WAD
from headwater_deploy import Manifest

KEY_ENV: Final = "HEADWATER_KEY"
RPC_ENV: Final = "HEADWATER_RPC"
_AMOUNT: Final = re.compile(r"([0-9]{1,20})(?:\.([0-9]{1,18}))?")

C = TypeVar("C", bound=Callable[..., Any])


def amount(text: str) -> int:
    """Wei of whole tokens or ether with up to 18 decimals, such as "12.5". Raises click.BadParameter."""
    found = _AMOUNT.fullmatch(text.replace("_", ""))
    if found is None:
        raise click.BadParameter(f"{text!r} is no amount; accepted: whole units with up to 18 decimals, such as 12.5")
    return int(found[1]) * WAD + int((found[2] or "").ljust(18, "0"))


def amount_text(wei: int) -> str:
    """Wei as whole units, exactly: 12.5, -0.000000000000000001."""
    whole, part = divmod(abs(wei), WAD)
    sign = "-" if wei < 0 else ""
    return f"{sign}{whole:,}" + (f".{part:018}".rstrip("0") if part else "")


def node_option(command: C) -> C:
    """--rpc."""
    return click.option(
        "--rpc",
        envvar=RPC_ENV,
        default="http://127.0.0.1:8545",
        show_default=True,
        show_envvar=True,
        help="URL of the JSON-RPC node.",
    )(command)


def deployment_options(command: C) -> C:
    """--rpc and --manifest."""
    return node_option(
        click.option(
            "--manifest",
            type=click.Path(path_type=Path),
            default=None,
            help="Of the deployment. Default: deployments/CHAIN_ID.json.",
        )(command)
    )


def key_option(command: C) -> C:
    """--keystore."""
    return click.option(
        "--keystore",
        type=click.Path(path_type=Path),
        default=None,
        help=f"Keystore file of the sender (password: $HEADWATER_PASSWORD or asked for). Without it: ${KEY_ENV}.",
    )(command)


def sender(keystore: Path | None) -> Account:
    """The account that signs. Raises KeyUnavailable."""
    if keystore is not None:
        return Account.from_keystore(keystore)
    try:
        return Account.from_env(KEY_ENV)
    except KeyUnavailable as error:
        raise KeyUnavailable(f"{error}; or name a keystore file with --keystore") from error


@contextmanager
def open_node(rpc: str, chain_id: int | None = None) -> Iterator[Backend]:
    """The node at a URL. Raises UnknownChain, WrongChain, ConnectionFailed."""
    if rpc in ("tester", "revm"):
        raise UnknownChain("a chain in this process ends with this command; --rpc takes the http(s) URL of a node")
    backend = connect(rpc, chain_id=chain_id)
    try:
        yield backend
    finally:
        backend.close()


@contextmanager
def open_system(rpc: str, manifest: Path | None) -> Iterator[tuple[System, Manifest]]:
    """The deployment that a manifest records. Raises ManifestError, and as `open_node`."""
    if manifest is not None:
        record = Manifest.read(manifest)
        with open_node(rpc, record.chain_id) as backend:
            yield System(backend, record.addresses()), record
        return
    with open_node(rpc) as backend:
        record = Manifest.read(Path("deployments") / f"{backend.chain_id}.json")
        yield System(backend, record.addresses()), record
