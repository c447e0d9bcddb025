"""Sponsors take out what stakes have lost to them: more than was ever paid in, and nobody's exit suffers."""

from __future__ import annotations

from harness import TOKENS, World, audit, binary, series_params


def test_sponsors_may_withdraw_more_than_was_ever_paid_in_or_minted(world: World) -> None:
    loser, sponsor = world.forecasters[0], world.governor
    own = sponsor.create_series(series_params(sponsor.address, governed=False, share_bps=10_000))
    sponsor.fund(own, 3_000 * TOKENS)
    for _ in range(2):
        free, _ = world.system.series_account(own)
        question = world.open(own)
        world.play(question, {0: (binary(0.99), 4_000 * TOKENS)}, outcome=1)
        free, reserved = world.system.series_account(own)
        assert reserved == 0
        assert free > 3_000 * TOKENS
        sponsor.system.treasury.send("withdraw", own, free, sponsor.address, sender=sponsor.account)
        sponsor.fund(own, 1_000 * TOKENS)
        audit(world)
    free, _ = world.system.series_account(own)
    sponsor.system.treasury.send("withdraw", own, free, sponsor.address, sender=sponsor.account)
    assert world.system.treasury.call("owed") == world.system.balance(world.system.addresses.treasury) == 0
    # The ledger goes on below what it started from.
    sponsor.fund(own, TOKENS)
    assert world.system.treasury.call("owed") == TOKENS
    assert world.system.stake(loser.address).bonded < 10_000 * TOKENS
