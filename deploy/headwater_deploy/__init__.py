"""Deploying Headwater: the one path that tests, runs and the command line share; manifests and their verification."""

from headwater_deploy.config import DAY, HOUR, ConfigError, ProtocolConfig
from headwater_deploy.deployment import Deployment, DeploymentError, deploy, open_record
from headwater_deploy.manifest import ContractRecord, Manifest, ManifestError
from headwater_deploy.plan import Step, addresses, covenants, deals, expected, plan, registries
from headwater_deploy.verify import Finding, VerificationError, verify

__all__ = [
    "DAY",
    "HOUR",
    "ConfigError",
    "ContractRecord",
    "Deployment",
    "DeploymentError",
    "Finding",
    "Manifest",
    "ManifestError",
    "ProtocolConfig",
    "Step",
    "VerificationError",
    "addresses",
    "covenants",
    "deals",
    "deploy",
    "expected",
    "open_record",
    "plan",
    "registries",
    "verify",
]
