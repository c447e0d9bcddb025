"""Log filters as nodes understand them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from headwater.chain.backend import Log, Topic
from headwater.chain.transaction import checksum


def matches(address: str | Sequence[str] | None, topics: Sequence[Topic]) -> Callable[[Log], bool]:
    """Test for a filter: any of the addresses, and at every topic position the topic, any of several, or None."""
    addresses = None if address is None else {checksum(a) for a in ([address] if isinstance(address, str) else address)}
    wanted = [None if topic is None else frozenset([topic] if isinstance(topic, bytes) else topic) for topic in topics]

    def test(log: Log) -> bool:
        if addresses is not None and log.address not in addresses:
            return False
        if len(log.topics) < len(wanted):
            return False
        return all(allowed is None or topic in allowed for allowed, topic in zip(wanted, log.topics, strict=False))

    return test
