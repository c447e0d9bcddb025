"""Single contracts of a deployment, driven by an account that stands where the arena, or the vault, would call from.

What is driven is the real bytecode. It lets a test choose nets, locks and releases that no short question would bring.
"""

from __future__ import annotations

from collections.abc import Sequence

from headwater.chain import Account, Contract, create_address, load
from headwater.chain import deploy as deploy_contract
from headwater.chain.backend import Backend
from headwater_deploy import ProtocolConfig
from headwater_deploy.plan import plan


def rig(
    backend: Backend, driver: Account, config: ProtocolConfig, names: Sequence[str], *, driven: str
) -> dict[str, Contract]:
    """Deploy these contracts, in this order, with the driver in the place of the one called `driven`.

    The driver also has every role and the genesis supply. Contracts not named do not exist.
    """
    first = backend.nonce(driver.address)
    steps = {step.name: step for step in plan(driver.address, first, config)}
    places = {steps[name].address: create_address(driver.address, first + i) for i, name in enumerate(names)}
    places[steps[driven].address] = driver.address
    made: dict[str, Contract] = {}
    for name in names:
        args = [places.get(arg, arg) if isinstance(arg, str) else arg for arg in steps[name].args]
        made[name], _ = deploy_contract(backend, load(name), *args, sender=driver)
    return made
