"""`deploy()`: the one deployment path that tests, runs and the command line share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from eth_hash.auto import keccak

from headwater.chain import Account, Backend, HeadwaterError, Reverted, TransactionRejected, load
from headwater.chain import deploy as deploy_contract
from headwater.chain.system import System
from headwater.covenant import CovenantAddresses
from headwater.deals.addresses import DealAddresses
from headwater.identity import RegistryAddresses
from headwater_deploy.config import ProtocolConfig
from headwater_deploy.manifest import ContractRecord, Manifest, ManifestError
from headwater_deploy.plan import Step, addresses, covenants, deals, plan, registries
from headwater_deploy.verify import check_contract

Progress = Callable[[Step, str], None]


class DeploymentError(HeadwaterError):
    """A deployment that cannot start or go on; says why, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """A complete deployment: the typed client, and its manifest.

    `sent` counts the contracts that this call created; `registries`, `covenants` and `deals` are None where the
    settings ask for none.
    """

    system: System
    manifest: Manifest
    sent: int
    registries: RegistryAddresses | None
    covenants: CovenantAddresses | None
    deals: DealAddresses | None


def deploy(
    backend: Backend,
    deployer: Account,
    config: ProtocolConfig | None = None,
    *,
    manifest: Path | None = None,
    progress: Progress | None = None,
    sources: Path | None = None,
) -> Deployment:
    """Deploy the contracts, or verify and resume a deployment that the manifest records.

    Args:
        backend: the chain.
        deployer: pays, and is the default of every role.
        config: constructor settings; with an existing manifest they must be the same, or None.
        manifest: file to record the deployment in, saved before the first contract is sent and after every one;
            None keeps no record. It is taken away again if the chain refuses the first.
        progress: called with each step and what became of it ("verified", "sent").
        sources: folder of the Vyper sources; None for the project's own. The ABIs must be the project's.

    Raises:
        ManifestError: the manifest belongs to another chain, deployer or configuration, or cannot be read.
        VerificationError: a recorded contract is not what the manifest says.
        DeploymentError: the deployer sent other transactions in between, so the planned addresses are lost.
        ChainError: the chain refused or could not be reached; what was deployed so far is in the manifest.
    """
    record = open_record(backend, deployer.address, config, manifest)
    steps = plan(deployer.address, record.first_nonce, record.settings())
    fresh = manifest is not None and not manifest.exists()
    sent = 0
    for step in steps:
        known = record.contracts.get(step.name)
        if known is not None:
            check_contract(backend, step, known, sources)
            if progress is not None:
                progress(step, "verified")
            continue
        if manifest is not None:
            record.save(manifest)
        try:
            record = _create(backend, deployer, record, step, sources)
        except (TransactionRejected, Reverted):
            if fresh and manifest is not None and not record.contracts:
                manifest.unlink()
            raise
        sent += 1
        if manifest is not None:
            record.save(manifest)
        if progress is not None:
            progress(step, "sent")
    return Deployment(
        system=System(backend, addresses(steps)),
        manifest=record,
        sent=sent,
        registries=registries(steps),
        covenants=covenants(steps),
        deals=deals(steps),
    )


def open_record(backend: Backend, deployer: str, config: ProtocolConfig | None, path: Path | None) -> Manifest:
    """The manifest at `path` if there is one, else the beginning of one; nothing is written.

    Raises ManifestError if it belongs to another chain, deployer (an address) or configuration, or cannot be read.
    """
    if path is None or not path.exists():
        return Manifest(
            chain_id=backend.chain_id,
            deployer=deployer,
            first_nonce=backend.nonce(deployer),
            config=(config or ProtocolConfig()).as_dict(),
        )
    record = Manifest.read(path)
    if record.chain_id != backend.chain_id:
        raise ManifestError(f"{path} belongs to chain {record.chain_id}, this one is {backend.chain_id}")
    if record.deployer != deployer:
        raise ManifestError(f"{path} was started by {record.deployer}, not by {deployer}")
    recorded = record.settings().as_dict()
    if config is not None and config.as_dict() != recorded:
        changed = sorted(name for name, value in config.as_dict().items() if recorded[name] != value)
        raise ManifestError(f"{path} was started with other settings: {', '.join(changed)}; choose another manifest")
    return record


def _create(backend: Backend, deployer: Account, record: Manifest, step: Step, sources: Path | None) -> Manifest:
    nonce = backend.nonce(deployer.address)
    code = backend.code_at(step.address)
    artifact = load(step.name, sources)
    if code:
        # Sent, but the process ended before the manifest was saved.
        tx_hash, block = "", 0
    elif nonce != step.nonce:
        raise DeploymentError(
            f"{step.name} was planned for nonce {step.nonce} of {deployer.address}, which is now {nonce}: "
            "the deployer has sent something else in between. Start again with a new manifest, and let the "
            "deployer send nothing until it is complete."
        )
    else:
        contract, receipt = deploy_contract(backend, artifact, *step.args, sender=deployer)
        if contract.address != step.address:
            raise DeploymentError(f"{step.name} was created at {contract.address}, planned was {step.address}")
        tx_hash, block = receipt.tx_hash, receipt.block_number
        code = backend.code_at(step.address)
    created = ContractRecord(
        address=step.address,
        tx_hash=tx_hash,
        block=block,
        args=step.recorded_args,
        source_hash=artifact.source_hash,
        code_hash="0x" + keccak(code).hex(),
        compiler=artifact.compiler,
        settings=dict(artifact.settings),
    )
    check_contract(backend, step, created, sources)
    return replace(record, contracts={**record.contracts, step.name: created})
