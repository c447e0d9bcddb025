"""`headwater deploy` and `headwater verify`."""

from __future__ import annotations

import json
import sys
import tomllib
from contextlib import closing
from pathlib import Path
from typing import Any

import click

from headwater.chain import Account, Backend, KeyUnavailable, UnknownChain, checksum, connect, load
from headwater.safejson import check_depth, loads
from headwater_agents.cli.errors import UNVERIFIED, print_json, reported
from headwater_deploy import ConfigError, Manifest, ProtocolConfig, Step, deploy, open_record, plan, verify

KEY_ENV = "HEADWATER_KEY"


@click.command("deploy")
@click.option("--rpc", required=True, help="URL of the JSON-RPC node.")
@click.option("--chain-id", type=int, default=None, help="Refuse any other chain.")
@click.option(
    "--keystore",
    type=click.Path(path_type=Path),
    default=None,
    help=f"Keystore file of the deployer (password: $HEADWATER_PASSWORD or asked for). Without it: ${KEY_ENV}.",
)
@click.option("--sender", default=None, help="With --dry-run: the deployer's address, so that no key is needed.")
@click.option("--manifest", type=click.Path(path_type=Path), default=None, help="Default: deployments/CHAIN_ID.json.")
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    default=None,
    help="TOML or JSON file with settings; see SPEC section 11.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be sent, send nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the manifest (or the plan) as JSON.")
@reported
def deploy_command(
    rpc: str,
    chain_id: int | None,
    keystore: Path | None,
    sender: str | None,
    manifest: Path | None,
    config: Path | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Deploy the contracts to a node. A second call verifies, and resumes what was cut short."""
    if sender is not None and not dry_run:
        raise click.UsageError("--sender goes with --dry-run")
    settings = None if config is None else _settings(config)
    planned = checksum(sender) if sender else None
    account = None if planned else _account(keystore)
    with closing(_node(rpc, chain_id)) as backend:
        path = manifest or Path("deployments") / f"{backend.chain_id}.json"
        if account is None or dry_run:
            _plan(backend, path, settings, account.address if account else str(planned), as_json)
            return

        def progress(step: Step, what: str) -> None:
            click.echo(f"{what:9}{step.name:18} {step.address}", err=True)

        done = deploy(backend, account, settings, manifest=path, progress=progress)
        if as_json:
            print_json(json.loads(path.read_text()))
        else:
            sent = f"{done.sent} contracts sent" if done.sent else "nothing to send, everything verified"
            click.echo(f"{sent}; chain {backend.chain_id}; manifest {path}")


@click.command("verify")
@click.argument("manifest", type=click.Path(path_type=Path))
@click.option("--rpc", required=True, help="URL of the JSON-RPC node.")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@reported
def verify_command(manifest: Path, rpc: str, as_json: bool) -> None:
    """Compare the contracts that MANIFEST records with the chain and with these sources."""
    record = Manifest.read(manifest)
    with closing(_node(rpc)) as backend:
        findings = verify(backend, record)
    if as_json:
        print_json(
            [{"contract": f.name, "address": f.address, "ok": not f.problem, "problem": f.problem} for f in findings]
        )
    else:
        for finding in findings:
            click.echo(
                f"{'FAILED' if finding.problem else 'ok':7}{finding.name:18} {finding.address}  {finding.problem}"
            )
    if any(finding.problem for finding in findings):
        sys.exit(UNVERIFIED)


def _node(rpc: str, chain_id: int | None = None) -> Backend:
    if rpc in ("tester", "revm"):
        raise UnknownChain("a chain in this process ends with this command; --rpc takes the http(s) URL of a node")
    return connect(rpc, chain_id=chain_id)


def _account(keystore: Path | None) -> Account:
    if keystore is not None:
        return Account.from_keystore(keystore)
    try:
        return Account.from_env(KEY_ENV)
    except KeyUnavailable as error:
        raise KeyUnavailable(f"{error}; or name a keystore file with --keystore") from error


def _settings(path: Path) -> ProtocolConfig:
    try:
        text = path.read_text(encoding="utf-8")
        check_depth(text)
        raw: Any = loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except ValueError as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error
    if not isinstance(raw, dict):
        raise ConfigError(f"{path} holds no settings by name; expected a JSON object")
    known = ProtocolConfig().as_dict()
    unknown = sorted(set(raw) - set(known))
    if unknown:
        raise ConfigError(f"{path} has unknown settings {', '.join(unknown)}; accepted: {', '.join(known)}")
    return ProtocolConfig(**raw)


def _plan(backend: Backend, path: Path, settings: ProtocolConfig | None, deployer: str, as_json: bool) -> None:
    record = open_record(backend, deployer, settings, path)
    rows = [
        {
            "contract": step.name,
            "nonce": step.nonce,
            "address": step.address,
            "arguments": [str(argument) for argument in step.args],
            "bytes": load(step.name).runtime_size,
            "deployed": bool(backend.code_at(step.address)),
        }
        for step in plan(deployer, record.first_nonce, record.settings())
    ]
    if as_json:
        print_json({"chain_id": backend.chain_id, "deployer": deployer, "manifest": str(path), "steps": rows})
        return
    click.echo(f"Would deploy to chain {backend.chain_id} from {deployer}; nothing is sent.")
    for row in rows:
        what = "already there" if row["deployed"] else "to be sent"
        click.echo(f"{row['contract']:18} {row['address']}  nonce {row['nonce']}, {row['bytes']:,} bytes, {what}")
