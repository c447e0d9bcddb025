"""The record of a deployment on one network: enough to verify it, to resume it, and to find it again."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from headwater.chain import HeadwaterError
from headwater.chain.system import CONTRACTS, Addresses
from headwater.covenant import COVENANTS, CovenantAddresses
from headwater.deals.addresses import DEALS, DealAddresses
from headwater.identity import REGISTRIES, RegistryAddresses
from headwater_deploy.config import ConfigError, ProtocolConfig
from headwater_deploy.plan import expected

FORMAT: Final = 1


class ManifestError(HeadwaterError, ValueError):
    """A manifest that cannot be read, or does not belong here; says what is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractRecord:
    """One deployed contract: where, by which transaction, with which arguments, from which source, with which code.

    `code_hash` is keccak of the code on the chain (immutables included), `source_hash` covers all Vyper sources.
    """

    address: str
    tx_hash: str
    block: int
    args: list[Any]
    source_hash: str
    code_hash: str
    compiler: str
    settings: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """A deployment, complete or under way. `contracts` grows in order of deployment."""

    chain_id: int
    deployer: str
    first_nonce: int
    config: dict[str, Any]
    contracts: dict[str, ContractRecord] = field(default_factory=dict)
    format: int = FORMAT

    @property
    def complete(self) -> bool:
        """Whether every contract that the settings ask for is recorded."""
        return all(name in self.contracts for name in expected(self.settings()))

    def addresses(self) -> Addresses:
        """Where the five contracts are. Raises ManifestError if one of them is not deployed yet."""
        token, treasury, vault, cascade, arena = self._places(CONTRACTS)
        return Addresses(token=token, treasury=treasury, vault=vault, cascade=cascade, arena=arena)

    def registries(self) -> RegistryAddresses:
        """Where the registries are. Raises ManifestError if this deployment has none, or not all of them yet."""
        if not self.settings().registries:
            raise ManifestError("this deployment was made without registries; deploy a new one with registries = true")
        identity, reputation, validation, grounds = self._places(REGISTRIES)
        return RegistryAddresses(identity=identity, reputation=reputation, validation=validation, grounds=grounds)

    def covenants(self) -> CovenantAddresses:
        """Where the contracts about values are. Raises ManifestError if there are none, or not all of them yet."""
        if not self.settings().covenants:
            raise ManifestError("this deployment was made without covenants; deploy a new one with covenants = true")
        registry, vote, court = self._places(COVENANTS)
        return CovenantAddresses(registry=registry, vote=vote, court=court)

    def deals(self) -> DealAddresses:
        """Where the escrow of deals is. Raises ManifestError if there is none, or not yet."""
        if not self.settings().deals:
            raise ManifestError("this deployment was made without deals; deploy a new one with deals = true")
        (escrow,) = self._places(DEALS)
        return DealAddresses(escrow=escrow)

    def _places(self, names: tuple[str, ...]) -> list[str]:
        missing = [name for name in names if name not in self.contracts]
        if missing:
            raise ManifestError(
                f"the deployment is not complete, missing {', '.join(missing)}; deploy again to resume it"
            )
        return [self.contracts[name].address for name in names]

    def settings(self) -> ProtocolConfig:
        """What it is deployed with. Raises ManifestError if that is no configuration."""
        try:
            # A manifest that does not say is from before there were any.
            return ProtocolConfig(**{"registries": False, "covenants": False, "deals": False, **self.config})
        except (TypeError, ConfigError) as error:
            raise ManifestError(f"the manifest's configuration cannot be read: {error}") from error

    def save(self, path: Path) -> None:
        """Write atomically: a crash leaves the old file or the new one."""
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
        with os.fdopen(handle, "w") as file:
            json.dump(asdict(self), file, indent=2, sort_keys=True)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)

    @classmethod
    def read(cls, path: Path) -> Manifest:
        """Read a manifest. Raises ManifestError."""
        try:
            raw = json.loads(path.read_text())
        except FileNotFoundError as error:
            raise ManifestError(f"there is no manifest at {path}") from error
        except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
            raise ManifestError(f"{path} is not a manifest: {error}") from error
        if not isinstance(raw, dict) or raw.get("format") != FORMAT:
            raise ManifestError(f"{path} is not a manifest of format {FORMAT}")
        try:
            records = {name: ContractRecord(**record) for name, record in raw.pop("contracts").items()}
            manifest = cls(contracts=records, **raw)
        except (KeyError, TypeError, AttributeError) as error:
            raise ManifestError(f"{path} is not a manifest: {error}") from error
        for name, kind in (("chain_id", int), ("first_nonce", int), ("deployer", str)):
            if type(getattr(manifest, name)) is not kind:
                raise ManifestError(f"{path} is not a manifest: {name} is {getattr(manifest, name)!r}")
        manifest.settings()
        return manifest
