"""create_series: what a series may be, whose it is, and an arena inside the rails."""

from __future__ import annotations

from dataclasses import asdict, astuple

import pytest

from checks import force, refused, send, told
from harness import TOKENS, ZERO, LocalBackend, World, series_params
from headwater.chain import Account, Contract, Reverted, create_address, deploy, load
from headwater.twin import Scale
from headwater_deploy import DAY

FEED = {"forgetting": 0, "smoothing": 0}


def test_a_series_is_what_its_parameters_say(world: World) -> None:
    params = series_params(world.governor.address, outcomes=3, rent_bps=40, epoch_cap=77)
    receipt = send(world.governor, world.system.arena, "create_series", astuple(params))
    series, scale = 1, Scale.of(params.p_min, 40)
    registered, created = told(world, receipt)
    assert registered == ("SeriesRegistered", {"series": series, "sponsor": ZERO, "epoch_cap": 77})
    assert created[0] == "SeriesCreated"
    assert created[1]["params"]._asdict() == asdict(params)
    assert (created[1]["series"], created[1]["sponsor"]) == (series, ZERO)
    assert (created[1]["log_range"], created[1]["log_rent"]) == (scale.log_range, scale.log_rent)
    arena = world.system.arena
    assert arena.call("series_count") == series
    assert world.system.params(series) == params
    assert arena.call("logs", series) == (scale.log_range, scale.log_rent)
    assert arena.call("counts", series) == (0, 0, 0)
    assert (arena.call("resolved_count", series), arena.call("newest_question", series)) == (0, 0)


def test_whoever_sponsors_a_series_owns_it(world: World) -> None:
    who = world.stranger
    for number in (1, 2):
        assert who.create_series(series_params(who.address, governed=False)) == number
        assert world.system.treasury.call("sponsor", number) == who.address


def test_only_the_governor_creates_governed_series(world: World) -> None:
    params = series_params(world.stranger.address)
    with refused(world, "arena: caller is not the governor"):
        send(world.stranger, world.system.arena, "create_series", astuple(params))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"outcomes": 1}, "arena: outcomes not in 2..8"),
        ({"outcomes": 0}, "arena: outcomes not in 2..8"),
        ({"outcomes": 9}, "arena: outcomes not in 2..8"),
        ({"p_min": 10**15 - 1}, "arena: p_min below 0.001"),
        ({"p_min": 0}, "arena: p_min below 0.001"),
        ({"p_min": 25 * 10**16 + 1}, "arena: p_min above 1/(2k)"),
        ({"outcomes": 8, "p_min": 625 * 10**14 + 1}, "arena: p_min above 1/(2k)"),
        ({"p_min": 2**256 - 1}, ""),
        ({"rent_bps": 1_001}, "arena: rent above 1000 bps"),
        ({"share_bps": 0}, "arena: reserve share not in 1..10000 bps"),
        ({"share_bps": 10_001}, "arena: reserve share not in 1..10000 bps"),
        ({"min_wager": 0}, "arena: min wager not in 1..2**96-1"),
        ({"min_wager": 2**96}, "arena: min wager not in 1..2**96-1"),
        ({"epoch_cap": 0}, "treasury: epoch cap not in 1..2**96-1"),
        ({"epoch_cap": 2**96}, "treasury: epoch cap not in 1..2**96-1"),
        ({"warm_up": 65_536}, "arena: warm-up above 65535"),
        ({"opener": ZERO}, "arena: zero address"),
        ({"oracle": ZERO}, "arena: zero address"),
        ({"forgetting": 98 * 10**16 - 1}, "arena: forgetting not in 0.98..1"),
        ({"forgetting": 10**18 + 1}, "arena: forgetting not in 0.98..1"),
        ({"forgetting": 0}, "arena: forgetting not in 0.98..1"),
        ({"smoothing": 10**9 - 1}, "arena: smoothing not in 1e9..1e15"),
        ({"smoothing": 10**15 + 1}, "arena: smoothing not in 1e9..1e15"),
        ({"feed": "governor"}, "arena: a feed needs no frequencies"),
        ({"feed": "governor", "forgetting": 0}, "arena: a feed needs no frequencies"),
        ({"feed": "governor", "smoothing": 0}, "arena: a feed needs no frequencies"),
        ({"feed": "governor", **FEED}, None),
        ({"p_min": 10**15, "rent_bps": 0, "share_bps": 1, "min_wager": 1, "epoch_cap": 1}, None),
        ({"p_min": 25 * 10**16, "rent_bps": 1_000, "share_bps": 10_000, "warm_up": 65_535}, None),
        ({"outcomes": 8, "p_min": 625 * 10**14, "forgetting": 98 * 10**16, "smoothing": 10**9}, None),
        ({"min_wager": 2**96 - 1, "epoch_cap": 2**96 - 1, "forgetting": 10**18, "smoothing": 10**15}, None),
    ],
)
def test_a_series_stays_within_the_rails(world: World, changes: dict[str, object], reason: str | None) -> None:
    owner = world.governor.address
    settings = {name: owner if value == "governor" else value for name, value in changes.items()}
    params = series_params(owner, **settings)
    if reason is None:
        assert world.governor.create_series(params) == 1
        assert world.system.params(1) == params
    else:
        with refused(world, reason):
            world.governor.create_series(params)


def test_next_odds_are_known_on_a_series_with_frequencies_only(world: World) -> None:
    with_feed = world.series(feed=world.governor.address, **FEED)
    for series in (with_feed, with_feed + 1, 0):
        with pytest.raises(Reverted) as caught:
            world.system.next_odds(series)
        assert caught.value.reason == "arena: series has no frequencies"
    assert world.system.next_odds(world.series()) == (5 * 10**17, 5 * 10**17)


@pytest.fixture
def vault(chain: LocalBackend) -> Contract:
    """A vault that expects its arena at the next address the deployer creates."""
    return _vault(chain, chain.dev_accounts(1)[0])


def _vault(chain: LocalBackend, owner: Account) -> Contract:
    arena = create_address(owner.address, chain.nonce(owner.address) + 1)
    args = (owner, owner, owner, arena, owner, owner, DAY, 7 * DAY, 30 * DAY)
    return deploy(chain, load("StakeVault"), *args, sender=owner)[0]


@pytest.mark.parametrize(
    ("windows", "reason"),
    [
        ((0, 7 * DAY, 7 * DAY), "arena: min window not in 1..max window"),
        ((7 * DAY + 1, 7 * DAY, 8 * DAY), "arena: min window not in 1..max window"),
        ((60, 90 * DAY + 1, 7 * DAY), "arena: max window above 90 days"),
        ((60, 7 * DAY, 59), "arena: timeout not in min window..90 days"),
        ((60, 7 * DAY, 90 * DAY + 1), "arena: timeout not in min window..90 days"),
        ((60, 7 * DAY - 1, DAY), "arena: vault has another max window"),
        ((1, 7 * DAY, 1), None),
        ((7 * DAY, 7 * DAY, 90 * DAY), None),
    ],
)
def test_an_arena_is_made_within_the_rails(
    chain: LocalBackend, vault: Contract, windows: tuple[int, int, int], reason: str | None
) -> None:
    owner = chain.dev_accounts(1)[0]
    if reason is None:
        arena, _ = deploy(chain, load("ForecastArena"), owner, vault, owner, *windows, sender=owner)
        assert tuple(arena.call(name) for name in ("MIN_WINDOW", "MAX_WINDOW", "RESOLVE_TIMEOUT")) == windows
        assert [arena.call(n) for n in ("TREASURY", "VAULT", "CASCADE")] == [
            owner.address,
            vault.address,
            owner.address,
        ]
    else:
        with pytest.raises(Reverted) as caught:
            deploy(chain, load("ForecastArena"), owner, vault, owner, *windows, sender=owner)
        assert caught.value.reason == reason


def test_an_arena_and_its_vault_name_each_other(chain: LocalBackend, vault: Contract) -> None:
    owner, other = chain.dev_accounts(2)
    with pytest.raises(Reverted) as caught:
        deploy(chain, load("ForecastArena"), owner, vault, owner, 60, 7 * DAY, DAY, sender=other)
    assert caught.value.reason == "arena: vault serves another arena"


def test_a_wager_minimum_above_every_stake_only_keeps_everybody_out(world: World) -> None:
    question = world.open(world.series(min_wager=10_001 * TOKENS))
    with refused(world, "vault: wager above the stake bonded before the question"):
        world.forecasters[0].commit(question, (5 * 10**17, 5 * 10**17), 10_001 * TOKENS, bytes(32))


def test_series_end_before_their_number_leaves_its_width(world: World) -> None:
    who = world.stranger
    force(world, world.system.arena, "series_count", 2**32 - 2)
    series = who.create_series(series_params(who.address, governed=False))
    assert series == 2**32 - 1
    assert world.system.question(who.open_question(series, world.times())).series == series
    with refused(world, "arena: too many series"):
        who.create_series(series_params(who.address, governed=False))
