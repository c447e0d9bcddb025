"""The governor's role is handed on or renounced; a treasury is made inside the rails or not at all."""

from __future__ import annotations

import pytest

from checks import refused, send, told
from harness import ZERO, LocalBackend, World, series_params
from headwater.chain import Reverted, deploy, load
from headwater_deploy import DAY

NOT_GOVERNOR = "treasury: caller is not the governor"


def test_the_governor_hands_its_role_on(world: World) -> None:
    treasury, heir = world.system.treasury, world.stranger
    series = world.series()
    with refused(world, NOT_GOVERNOR):
        send(heir, treasury, "set_governor", heir.address)
    receipt = send(world.governor, treasury, "set_governor", heir.address)
    assert told(world, receipt) == [("GovernorChanged", {"governor": heir.address})]
    assert treasury.call("governor") == heir.address
    with refused(world, NOT_GOVERNOR):
        world.governor.set_weights([series], [2])
    with refused(world, "arena: caller is not the governor"):
        world.governor.create_series(series_params(world.governor.address))
    heir.set_weights([series], [2])
    send(heir, treasury, "set_epoch_cap", series, 1)
    heir.create_series(series_params(heir.address))


def test_a_renounced_role_is_nobodys_for_ever(world: World) -> None:
    treasury = world.system.treasury
    series = world.series()
    receipt = send(world.governor, treasury, "set_governor", ZERO)
    assert told(world, receipt) == [("GovernorChanged", {"governor": ZERO})]
    for who in (world.governor, world.stranger):
        with refused(world, NOT_GOVERNOR):
            send(who, treasury, "set_governor", who.address)
        with refused(world, NOT_GOVERNOR):
            who.set_weights([series], [1])
        with refused(world, "treasury: caller may not set this cap"):
            send(who, treasury, "set_epoch_cap", series, 1)
    world.travel(world.backend.now() + DAY)
    assert world.stranger.roll().event("Rolled")["distributed"] > 0  # the schedule goes on without anybody


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({0: ZERO}, "treasury: zero address"),
        ({1: ZERO}, "treasury: zero address"),
        ({2: ZERO}, "treasury: zero address"),
        ({4: 59}, "treasury: epoch not in 60 s..366 days"),
        ({4: 366 * DAY + 1}, "treasury: epoch not in 60 s..366 days"),
        ({5: 2**96}, "treasury: emission above 2**96-1"),
        ({6: 10**18 + 1}, "treasury: decay above 1"),
        ({3: ZERO, 4: 60, 5: 2**96 - 1, 6: 10**18}, None),
        ({4: 366 * DAY, 5: 0, 6: 0}, None),
    ],
)
def test_a_treasury_is_made_within_the_rails(
    chain: LocalBackend, changes: dict[int, object], reason: str | None
) -> None:
    owner = chain.dev_accounts(1)[0]
    args: list[object] = [owner, owner, owner, owner, DAY, 10**24, 9 * 10**17]
    for place, value in changes.items():
        args[place] = value
    if reason is None:
        treasury, receipt = deploy(chain, load("Treasury"), *args, sender=owner)
        names = ("TOKEN", "VAULT", "ARENA", "governor", "EPOCH", "EMISSION", "DECAY")
        assert [treasury.call(name) for name in names] == [getattr(arg, "address", arg) for arg in args]
        assert treasury.call("START") == receipt.timestamp
        assert treasury.call("rate") == args[5]
        assert dict(receipt.event("GovernorChanged").args) == {"governor": treasury.call("governor")}
    else:
        with pytest.raises(Reverted) as caught:
            deploy(chain, load("Treasury"), *args, sender=owner)
        assert caught.value.reason == reason
