"""guardian and slasher: handed on, renounced, and each with one power only; a vault is made inside the rails."""

from __future__ import annotations

import pytest

from checks import refused, send, told
from harness import TOKENS, ZERO, LocalBackend, World
from headwater.chain import Reverted, deploy, load
from headwater_deploy import DAY


def test_the_guardian_pauses_and_lifts_the_pause(world: World) -> None:
    vault = world.system.vault
    for paused in (True, True, False):
        receipt = send(world.governor, vault, "set_paused", paused)
        assert told(world, receipt) == [("PausedSet", {"paused": paused})]
        assert vault.call("paused") is paused


@pytest.mark.parametrize(("role", "refusal", "powers"), [
    ("guardian", "vault: caller is not the guardian", [("set_paused", (True,)), ("set_guardian", (ZERO,))]),
    ("slasher", "vault: caller is not the slasher", [("slash", (None, 1, bytes(32))), ("set_slasher", (ZERO,))]),
])  # fmt: skip
def test_a_role_is_handed_on_and_renounced(
    world: World, role: str, refusal: str, powers: list[tuple[str, tuple[object, ...]]]
) -> None:
    vault, heir = world.system.vault, world.providers[0]
    victim = world.forecasters[0].address

    def nobody_but(holder: object) -> None:
        for who in (world.governor, heir, world.stranger):
            if who is not holder:
                for name, args in powers:
                    with refused(world, refusal):
                        send(who, vault, name, *(victim if arg is None else arg for arg in args))

    nobody_but(world.governor)
    receipt = send(world.governor, vault, f"set_{role}", heir.address)
    assert told(world, receipt) == [(f"{role.title()}Changed", {role: heir.address})]
    assert vault.call(role) == heir.address
    nobody_but(heir)
    receipt = send(heir, vault, f"set_{role}", ZERO)
    assert told(world, receipt)[-1] == (f"{role.title()}Changed", {role: ZERO})
    assert vault.call(role) == ZERO
    nobody_but(None)


def test_renouncing_the_guardians_role_lifts_a_pause(world: World) -> None:
    vault = world.system.vault
    send(world.governor, vault, "set_paused", True)
    receipt = send(world.governor, vault, "set_guardian", ZERO)
    assert told(world, receipt) == [("PausedSet", {"paused": False}), ("GuardianChanged", {"guardian": ZERO})]
    assert vault.call("paused") is False
    world.stranger.stake(TOKENS)


def test_handing_the_guardians_role_on_leaves_a_pause_in_place(world: World) -> None:
    vault = world.system.vault
    send(world.governor, vault, "set_paused", True)
    send(world.governor, vault, "set_guardian", world.providers[0].address)
    assert vault.call("paused") is True


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({0: ZERO}, "vault: zero address"),
        ({1: ZERO}, "vault: zero address"),
        ({2: ZERO}, "vault: zero address"),
        ({3: ZERO}, "vault: zero address"),
        ({6: 0}, "vault: cooldown not in 1 s..90 days"),
        ({6: 90 * DAY + 1}, "vault: cooldown not in 1 s..90 days"),
        ({7: 0}, "vault: max window not in 1 s..90 days"),
        ({7: 90 * DAY + 1, 8: 91 * DAY}, "vault: max window not in 1 s..90 days"),
        ({8: 7 * DAY - 1}, "vault: idle period not in max window..366 days"),
        ({8: 366 * DAY + 1}, "vault: idle period not in max window..366 days"),
        ({4: ZERO, 5: ZERO, 6: 1, 7: 1, 8: 1}, None),
        ({6: 90 * DAY, 7: 90 * DAY, 8: 366 * DAY}, None),
    ],
)
def test_a_vault_is_made_within_the_rails(chain: LocalBackend, changes: dict[int, object], reason: str | None) -> None:
    owner = chain.dev_accounts(1)[0]
    args: list[object] = [*[owner] * 6, DAY, 7 * DAY, 30 * DAY]
    for place, value in changes.items():
        args[place] = value
    if reason is None:
        vault, receipt = deploy(chain, load("StakeVault"), *args, sender=owner)
        names = (
            "TOKEN", "TREASURY", "CASCADE", "ARENA", "guardian", "slasher", "COOLDOWN", "MAX_WINDOW", "IDLE_PERIOD"
        )  # fmt: skip
        assert [vault.call(name) for name in names] == [getattr(arg, "address", arg) for arg in args]
        assert [event.name for event in receipt.events] == ["GuardianChanged", "SlasherChanged"]
    else:
        with pytest.raises(Reverted) as caught:
            deploy(chain, load("StakeVault"), *args, sender=owner)
        assert caught.value.reason == reason
