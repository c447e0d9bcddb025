"""`headwater key`: keystore files of one's own."""

from __future__ import annotations

import json
import os
import secrets
import sys
from contextlib import suppress
from pathlib import Path

import click

from headwater.chain import Account, ArgumentError, KeyUnavailable
from headwater.chain.accounts import PASSWORD_ENV
from headwater_agents.cli.errors import print_json, reported


@click.group("key")
def key_command() -> None:
    """Make a key, or see whose it is. A key is only ever written encrypted, and never printed."""


@key_command.command("new")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@reported
def new(file: Path, as_json: bool) -> None:
    """Make a random key and write it to FILE as a keystore, under the password in $HEADWATER_PASSWORD or asked for.

    A file that is there already stays as it is, and the command fails.
    """
    if file.exists():
        raise ArgumentError(f"{file} is there already; a key is never overwritten")
    password = _password()
    while True:
        with suppress(KeyUnavailable):  # zero, or above the curve's order: once in 2^128 draws
            account = Account(secrets.token_bytes(32))
            break
    store = account.to_keystore(password)
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as out:
        json.dump(store, out)
        out.flush()
        os.fsync(out.fileno())
    _tell(file, account, as_json)


@key_command.command("address")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@reported
def address(file: Path, as_json: bool) -> None:
    """Print the address of the key in the keystore FILE."""
    _tell(file, Account.from_keystore(file), as_json)


def _tell(file: Path, account: Account, as_json: bool) -> None:
    if as_json:
        print_json({"address": account.address, "file": str(file)})
    else:
        click.echo(account.address)


def _password() -> str:
    password = os.environ.get(PASSWORD_ENV)
    if not password and sys.stdin.isatty():
        password = click.prompt("Password for the new key", hide_input=True, confirmation_prompt=True)
    if not password:
        raise KeyUnavailable(f"a keystore needs a password: set {PASSWORD_ENV}, or run this in a terminal")
    return str(password)
