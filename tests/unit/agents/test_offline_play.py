"""The rain world played offline: nobody sees the future, and the pool earns what the data hold."""

import dataclasses
import datetime as dt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.units import BPS, WAD
from headwater_agents.lab import BURN_IN, WET_AND_VERY_WET, classify, load_rain
from headwater_agents.lab.cast import CastConfig, OddsRule
from headwater_agents.lab.network import RAIN_NETWORK, BuyerNode, Network, NetworkError
from headwater_agents.lab.offline import OfflineConfig, block_interval, main, play, standings, table
from headwater_agents.lab.players import COPIER, LAST
from headwater_agents.policies.wager import THIRD_BPS

RAIN = load_rain()
FORECASTERS = [node.name for node in RAIN_NETWORK.forecasters]
SHORT = RAIN.window(45, burn_in=15)
BRIEF = OfflineConfig(cast=CastConfig(seed=1), warm_up=5)


@pytest.fixture(scope="module")
def long_play():
    """1,500 questions, as the documentation shows them."""
    return play(RAIN.window(1_500), OfflineConfig(cast=CastConfig(seed=0)))


@pytest.fixture(scope="module")
def lines(long_play):
    return {line.name: line for line in standings(long_play, np.random.default_rng(0))}


@pytest.fixture(scope="module")
def short_play():
    return play(SHORT, BRIEF)


@given(seed=st.integers(0, 2**32), at=st.integers(0, 44))
@settings(max_examples=12, deadline=None)
def test_nothing_in_the_future_changes_an_action(short_play, seed, at):
    """Rain of question `at` and everything after it is changed; whatever was done up to and in `at` stays."""
    rng = np.random.default_rng(seed)
    days = list(SHORT.days)
    first = SHORT.burn_in + at
    for index in range(first, len(days)):
        rain = float(rng.choice([0.0, 1.0, rng.exponential(10.0)]))
        change = {"rain": rain, "outcome": classify(rain, SHORT.thresholds)}
        if index > first:
            change["ensemble"] = tuple(rng.exponential(15.0, size=11).tolist())
            change["date"] = days[index].date + dt.timedelta(days=1)
        days[index] = dataclasses.replace(days[index], **change)
    other = play(dataclasses.replace(SHORT, days=tuple(days)), BRIEF)
    for name, forecasts in short_play.forecasts.items():
        assert np.array_equal(forecasts[: at + 1], other.forecasts[name][: at + 1])
    for name, wagers in short_play.wagers.items():
        assert wagers[: at + 1] == other.wagers[name][: at + 1]
        assert short_play.nets[name][:at] == other.nets[name][:at]


def test_the_past_does_change_actions(short_play):
    days = list(SHORT.days)
    days[3] = dataclasses.replace(days[3], outcome=1 - days[3].outcome)
    other = play(dataclasses.replace(SHORT, days=tuple(days)), BRIEF)
    assert not np.array_equal(short_play.forecasts["forecaster-1"], other.forecasts["forecaster-1"])


def test_equal_settings_give_equal_plays(short_play):
    again = play(SHORT, BRIEF)
    for field in dataclasses.fields(short_play):
        old, new = getattr(short_play, field.name), getattr(again, field.name)
        np.testing.assert_equal(new, old)


def test_pooled_forecasters_beat_the_public_odds_and_climatology(long_play, lines):
    for name in FORECASTERS:
        assert lines[name].low > 0
        assert block_interval(long_play.edges(name), np.random.default_rng(1)).low > 0


def test_pooled_forecasters_come_close_to_the_best_the_ensemble_holds(lines):
    # All eleven members fitted jointly reach 0.0209 over the running climatology; each forecaster reaches fewer.
    assert min(lines[name].over_climatology for name in FORECASTERS) > 0.018


def test_pools_beat_every_member_they_are_made_of(lines):
    best = max(lines[name].edge for name in RAIN_NETWORK.members)
    for node in RAIN_NETWORK.buyers:
        assert lines[node.name].edge > best


def test_every_member_knows_something(lines):
    for name in RAIN_NETWORK.members:
        assert lines[name].low > 0


def test_odds_copier_grows_by_nothing_and_pays_its_rents(long_play, lines):
    assert not long_play.growths(COPIER).any()
    rents = [-(-wager * 25 // BPS) for wager in long_play.wagers[COPIER]]
    # Rent is floor(L * rent) / L of the wager: at most one wei of rounding from the plain quarter per cent.
    paid = [-net for net in long_play.nets[COPIER]]
    assert max(abs(due - was) for due, was in zip(rents, paid, strict=True)) <= max(rents) // 10**15
    assert sum(paid) > 0
    assert lines[COPIER].edge == 0


def test_last_outcome_bot_beats_no_pooled_forecaster(long_play, lines):
    for name in FORECASTERS:
        gap = long_play.growths(name) - long_play.growths(LAST)
        assert block_interval(gap, np.random.default_rng(2)).low > 0
        assert lines[name].net > 10 * lines[LAST].net


def test_wagers_stay_within_their_bounds(long_play):
    stake = OfflineConfig(cast=CastConfig(seed=0)).stake
    for name, wagers in long_play.wagers.items():
        assert min(wagers) >= 0
        assert max(wagers) * BPS <= stake * THIRD_BPS, name
        assert not any(wager for wager, scored in zip(wagers, long_play.scored, strict=True) if not scored)


def test_what_reaches_everybody_is_what_the_forecasters_won(long_play):
    won = sum(sum(long_play.nets[name]) for name in FORECASTERS)
    reached = sum(amount for name, amount in long_play.paid.items() if name not in (COPIER, LAST))
    assert reached == pytest.approx(won, rel=1e-9)


def test_three_classes_work_as_two_do():
    world = load_rain(thresholds=WET_AND_VERY_WET).window(400)
    record = play(world, OfflineConfig(cast=CastConfig(seed=0, outcomes=3)))
    result = {line.name: line for line in standings(record, np.random.default_rng(0))}
    assert min(result[name].low for name in FORECASTERS) > 0
    assert np.allclose(record.forecasts["forecaster-2"].sum(axis=1), 1)


def test_longest_run_starts_without_an_archive_and_still_warms_up():
    world = RAIN.window(1_657)
    assert world.burn_in == 0
    record = play(dataclasses.replace(world, days=world.days[:80]), OfflineConfig(cast=CastConfig(seed=0)))
    assert not any(record.wagers["forecaster-1"][:20])
    assert any(record.wagers["forecaster-1"][20:])


def test_command_prints_a_line_for_everybody(capsys):
    assert main(["--questions", "40"]) == 0
    out = capsys.readouterr().out
    assert f"after {BURN_IN} in the archive" in out
    for name in (*RAIN_NETWORK.members, *FORECASTERS, "aggregator-a", COPIER, LAST, "climatology"):
        assert name in out


@pytest.mark.parametrize(
    "arguments",
    [["--questions", "0"], ["--questions", "1658"], ["--questions", "20"], ["--forgetting", "0.5"], ["--seed", "-1"]],
)
def test_command_says_what_it_cannot_play(arguments, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    assert arguments[1] in capsys.readouterr().err


def test_table_lines_up():
    record = play(SHORT, BRIEF)
    rows = table(standings(record, np.random.default_rng(0))).splitlines()
    assert len({len(row) for row in rows}) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"members": ("member-1", "member-1")},
        {"aggregators": (BuyerNode(name="x", suppliers=()),)},
        {"aggregators": (BuyerNode(name="x", suppliers=("member-1", "member-1")),)},
        {"aggregators": (BuyerNode(name="x", suppliers=("y",)),)},
        {"forecasters": (BuyerNode(name="x", suppliers=("forecaster-2",)),)},
        {"forecasters": (BuyerNode(name="member-1", suppliers=("member-2",)),)},
    ],
)
def test_network_that_is_not_three_levels_is_refused(wrong):
    parts = {
        "members": RAIN_NETWORK.members,
        "aggregators": RAIN_NETWORK.aggregators,
        "forecasters": RAIN_NETWORK.forecasters,
    }
    with pytest.raises(NetworkError):
        Network(**(parts | wrong))


def test_network_has_three_levels_with_overlapping_suppliers():
    a, b = (set(node.suppliers) for node in RAIN_NETWORK.aggregators)
    assert a & b
    reached = {"member": 0, "aggregator": 0}
    for node in RAIN_NETWORK.forecasters:
        for supplier in node.suppliers:
            reached[supplier.split("-")[0]] += 1
    assert all(reached.values())
    assert set(RAIN_NETWORK.members) == a | b | {
        name for node in RAIN_NETWORK.forecasters for name in node.suppliers if name.startswith("member")
    }


def test_rule_and_cast_must_speak_of_the_same_series():
    with pytest.raises(ValueError, match="p_min"):
        OfflineConfig(cast=CastConfig(seed=0), rule=OddsRule(p_min=WAD // 1_000))


def test_stakes_are_whole_tokens_in_the_table(lines):
    total = sum(line.wagered or 0 for line in lines.values())
    assert total > 0
    assert lines["forecaster-1"].wagered < 1_500 * OfflineConfig(cast=CastConfig(seed=0)).stake / WAD
