"""From what a user types to a backend."""

from __future__ import annotations

from headwater.chain.backend import Backend
from headwater.chain.errors import UnknownChain
from headwater.chain.genesis import CHAIN_ID

ACCEPTED = '"tester", "revm", or the http(s) URL of a JSON-RPC node such as http://127.0.0.1:8545'


def connect(spec: str, *, seed: int = 0, chain_id: int | None = None) -> Backend:
    """Open a backend: "tester" or "revm" for a chain in this process, or the http(s) URL of a JSON-RPC node.

    `seed` chooses the development accounts; `chain_id`, if given, is the one the chain must have. Raises
    UnknownChain, ArgumentError (not a URL), ConnectionFailed, WrongChain.
    """
    if spec == "tester":
        from headwater.chain.tester import EmbeddedBackend

        return EmbeddedBackend(seed=seed, chain_id=CHAIN_ID if chain_id is None else chain_id)
    if spec == "revm":
        from headwater.chain.revm import RevmBackend

        return RevmBackend(seed=seed, chain_id=CHAIN_ID if chain_id is None else chain_id)
    if spec.startswith(("http://", "https://")):
        from headwater.chain.devnode import open_node

        return open_node(spec, seed=seed, chain_id=chain_id)
    raise UnknownChain(f"unknown chain {spec!r}; accepted: {ACCEPTED}")
