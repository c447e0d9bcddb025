"""Which code a result comes from."""

from __future__ import annotations

import hashlib
import importlib.util
import platform
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Final

from headwater import __version__
from headwater.chain import contracts_folder

_PACKAGES: Final = (
    "headwater",
    "headwater_agents.adversaries",
    "headwater_agents.lab",
    "headwater_agents.policies",
    "headwater_agents.runner",
    "headwater_agents.trial",
    "headwater_deploy",
)
"""Where a unit's record may come from. The command line and the reports decide none."""

_LIBRARIES: Final = ("numpy", "pyrevm", "scipy", "snekmate", "vyper")
"""What runs the contracts and draws and rounds the numbers."""


@cache
def code_version() -> str:
    """The code of this process: package version and a digest of what may decide a record, e.g. "0.1.0+3f5a0c9be1d2".

    Digested are the sources of the packages above, the contracts, and the versions of Python (3.11) and of the
    libraries that run them. Editing a comment there makes old results stale too: to compute them again costs time, to
    mistake them for new ones costs a verdict.
    """
    digest = hashlib.sha256()
    for name, path in _sources():
        digest.update(f"{name}\0".encode() + path.read_bytes() + b"\0")
    libraries = " ".join(version(name) for name in _LIBRARIES)
    digest.update(f"{'.'.join(platform.python_version_tuple()[:2])} {libraries}".encode())
    return f"{__version__}+{digest.hexdigest()[:12]}"


def _sources() -> Iterator[tuple[str, Path]]:
    """Every source by a name that does not depend on where it is installed, in the order of names."""
    folders = {"contracts": contracts_folder()}
    for package in _PACKAGES:
        spec = importlib.util.find_spec(package)
        for place in (spec.submodule_search_locations or ()) if spec else ():
            folders[package] = Path(place)
    found = {
        f"{name}/{path.relative_to(folder).as_posix()}": path
        for name, folder in folders.items()
        for pattern in ("*.py", "*.vy", "*.vyi")
        for path in folder.rglob(pattern)
        # An installed package carries its own copy of the contracts, which count once.
        if name == "contracts" or path.suffix == ".py"
    }
    return iter(sorted(found.items()))
