"""Whether the chain holds what a manifest says, and what this package's sources compile to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from eth_hash.auto import keccak

from headwater.chain import Backend, Contract, HeadwaterError, load
from headwater_deploy.manifest import ContractRecord, Manifest
from headwater_deploy.plan import Step, plan


class VerificationError(HeadwaterError):
    """The chain does not hold what the manifest says; says which contract, and what differs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What was found about one contract; `problem` is empty when all is well."""

    name: str
    address: str
    problem: str


def check_contract(backend: Backend, step: Step, record: ContractRecord, sources: Path | None = None) -> None:
    """Compare one contract's record with its step of the plan, with the chain, and with the compiled source.

    `sources` is the folder of the Vyper sources; None for the project's own. Raises VerificationError.
    """
    name = step.name
    if record.address != step.address:
        raise VerificationError(
            f"{name}: recorded at {record.address}, but the deployer's nonce puts it at {step.address}"
        )
    if record.args != step.recorded_args:
        raise VerificationError(f"{name}: recorded with other constructor arguments than the settings say")
    code = backend.code_at(record.address)
    if not code:
        raise VerificationError(f"{name}: there is no code at {record.address}")
    if "0x" + keccak(code).hex() != record.code_hash:
        raise VerificationError(f"{name}: the code at {record.address} has another hash than the manifest")
    artifact = load(name, sources)
    # Vyper appends the immutables to the runtime code; the manifest's hash covers them.
    if code[: len(artifact.runtime)] != artifact.runtime or len(code) != artifact.runtime_size:
        raise VerificationError(
            f"{name}: the code at {record.address} is not what these sources compile to "
            f"(sources {artifact.source_hash[:12]}, deployed from {record.source_hash[:12]})"
        )
    # The same code with other immutables would be another protocol, and the manifest's own hash proves nothing.
    contract = Contract(backend, record.address, artifact.abi, name=name)
    for view, expected in step.immutables.items():
        shown = contract.call(view)
        if shown != expected:
            raise VerificationError(f"{name}: {view} is {shown}, the settings say {expected}")


def verify(backend: Backend, manifest: Manifest, sources: Path | None = None) -> list[Finding]:
    """Check every contract of a manifest against the chain and the compiled sources; one finding each.

    Raises:
        VerificationError: the chain is another one.
        ConnectionFailed: the node cannot be reached.
    """
    if backend.chain_id != manifest.chain_id:
        raise VerificationError(f"the manifest belongs to chain {manifest.chain_id}, this one is {backend.chain_id}")
    findings = []
    for step in plan(manifest.deployer, manifest.first_nonce, manifest.settings()):
        record = manifest.contracts.get(step.name)
        problem = ""
        if record is None:
            problem = f"{step.name}: not deployed yet"
        else:
            try:
                check_contract(backend, step, record, sources)
            except VerificationError as error:
                problem = str(error)
        findings.append(Finding(name=step.name, address=step.address, problem=problem))
    return findings
