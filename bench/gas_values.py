"""Gas of declaring values and signing agreements, for the snapshot; `bench.gas` calls it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from eth_hash.auto import keccak

from headwater.chain import Receipt
from headwater.chain.participant import Participant
from headwater.chain.tester import EmbeddedBackend
from headwater.covenant import FixedBounds, FixedSystem, Sealed, ValueDesk, ValueRegistry, vocabulary_hash
from headwater.units import WAD
from headwater_deploy import DAY, ProtocolConfig, deploy

_PROFILE: Final = keccak(b"profile")
_FAR: Final = 2**40
_SIZES: Final = ((2, 1), (4, 6), (16, 16))
"""(values, actions): the smallest, a usual one, the largest."""
_NORM: Final = "squared-l2"


def values_and_agreements() -> dict[str, int]:
    """All of the registry, on a chain of its own. Gas by operation; exact and repeatable."""
    chain = EmbeddedBackend(seed=7)
    accounts = chain.dev_accounts(3)
    # No distance of the largest systems is above the initial threshold, so every acceptance counts.
    config = ProtocolConfig(registries=False, deals=False, vote_high=512 * 10**9)
    made = deploy(chain, accounts[0], config)
    assert made.covenants is not None
    registry = ValueRegistry(chain, made.covenants.registry)
    governor, *people = [Participant(made.system, account) for account in accounts]
    seen: dict[str, int] = {}

    def desk(account: int) -> ValueDesk:
        def observe(name: str, receipt: Receipt) -> None:
            seen[name.partition(".")[2]] = receipt.gas_used

        return ValueDesk(registry, accounts[account], observe)

    member, other = desk(1), desk(2)
    for person, each in zip(people, (member, other), strict=True):
        governor.transfer(person.address, 10**5 * WAD)
        each.approve()
        each.deposit(10**3 * WAD)
    return _rows(chain, member, other, lambda name: seen[name])


def _rows(chain: EmbeddedBackend, member: ValueDesk, other: ValueDesk, used: Callable[[str], int]) -> dict[str, int]:
    rng = np.random.default_rng(7)
    gas: dict[str, int] = {}
    for values, actions in _SIZES:
        vocabulary = vocabulary_hash([f"v{i}" for i in range(values)], [f"a{i}" for i in range(actions)])
        mine, agreed = (
            FixedSystem.of(rng.dirichlet(np.ones(values)), rng.uniform(-1, 1, (actions, values))) for _ in range(2)
        )
        size = f"{values} values, {actions} action{'s' if actions > 1 else ''}"
        bounds = FixedBounds.of(float("inf"), float("inf"), _NORM)
        # Two of each: the second finds the counters and lists of this size in use.
        for number in range(2):
            sealed = Sealed(system=mine, bounds=bounds, vocabulary=vocabulary, salt=bytes((number + 1,)) * 32)
            member.commit(sealed)
            member.reveal(sealed)
            agreement = other.propose(agreed, _NORM, vocabulary, _PROFILE)
            other.relay(member.sign(member.registry.agreement(agreement), _FAR))
        gas["values: commit (steady)"] = used("commit")
        gas[f"values: reveal, {size}"] = used("reveal")
        gas[f"values: propose, {size}"] = used("propose")
        gas[f"values: accept, {size}"] = used("accept")
    for agreement in range(1, member.registry.agreements() + 1):
        member.leave(agreement)
    gas["values: leave"] = used("leave")
    member.deposit(WAD)
    gas["values: deposit (steady)"] = used("deposit")
    chain.time_travel(chain.now() + 30 * DAY)
    member.withdraw()
    gas["values: withdraw"] = used("withdraw")
    return gas
