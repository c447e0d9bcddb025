"""Everybody who stakes: the cast's forecasters, and the two baselines with what they may know."""

from __future__ import annotations

import pytest

from headwater.units import WAD
from headwater_agents.lab.cast import Cast, CastConfig, OddsRule
from headwater_agents.lab.players import COPIER, LAST, Player, make_players
from headwater_agents.lab.rain import RainDay, RainWorld
from headwater_agents.policies import Commit, Forecast, ForecasterView, Phase, Question, Supplier

ODDS = (6 * WAD // 10, 4 * WAD // 10)
QUESTION = Question(id=9, phase=Phase.COMMIT, odds=ODDS, p_min=WAD // 100, capacity=10**21, rent_bps=25)


@pytest.fixture(scope="module")
def cast(rain: RainWorld) -> Cast:
    cast = Cast(CastConfig(seed=2))
    cast.rehearse(rain.window(1, start=60, burn_in=60).archive, OddsRule())
    return cast


def _view(player: Player, signals: tuple[Forecast | None, ...]) -> ForecasterView[None]:
    return ForecasterView(
        address="0x" + "01" * 20,
        question=QUESTION,
        suppliers=tuple(Supplier(address=f"0x{i + 16:040x}", version=0) for i in range(len(player.suppliers))),
        signals=signals,
        standing=None,
        position=None,
        wallet=0,
        bonded=10**22,
        free=10**22,
        min_wager=10**18,
        memory=None,
    )


def test_baselines_play_only_when_asked_for(cast: Cast) -> None:
    without, both = (make_players(cast, (), baselines=flag) for flag in (False, True))
    assert list(without) == ["forecaster-1", "forecaster-2", "forecaster-3"]
    assert list(both) == [*without, COPIER, LAST]
    assert [player.kind for player in both.values()] == ["pooled"] * 3 + ["copier", "last-outcome"]
    assert [player.suppliers for player in both.values()] == [
        *(node.suppliers for node in cast.config.network.forecasters),
        (),
        (),
    ]


def test_a_pooled_player_believes_and_commits_what_its_policy_makes_of_the_signals(cast: Cast, rain: RainWorld) -> None:
    sold = cast.signals(QUESTION, rain.days[60])
    for name, player in make_players(cast, (), baselines=False).items():
        signals = tuple(sold[supplier] for supplier in player.suppliers)
        belief = player.belief(QUESTION, signals)
        policy, memory = cast.forecasters[name], cast.buyer_memories[name]
        assert belief == policy.pool.forecast(memory.pool, QUESTION, signals)
        commits = [action for action in player.act(_view(player, signals)) if isinstance(action, Commit)]
        assert [(action.question, action.forecast) for action in commits] == [(9, belief)]
        other = tuple((WAD - first, first) for first, _ in signals)
        assert player.belief(QUESTION, other) != belief


def test_a_pooled_player_learns_with_the_cast(rain: RainWorld) -> None:
    cast = Cast(CastConfig(seed=2))
    player = make_players(cast, (), baselines=False)["forecaster-2"]
    day = rain.days[0]
    sold = cast.signals(QUESTION, day)
    signals = tuple(sold[supplier] for supplier in player.suppliers)
    before = cast.buyer_memories["forecaster-2"].resolved
    player.learn(ODDS, day)
    assert cast.buyer_memories["forecaster-2"].resolved == before
    cast.learn(ODDS, sold, day)
    assert cast.buyer_memories["forecaster-2"].resolved == before + 1
    assert sum(player.belief(QUESTION, signals)) == WAD


def test_the_copier_reports_the_odds_whatever_it_hears_or_learns(cast: Cast, rain: RainWorld) -> None:
    copier = make_players(cast, (), baselines=True)[COPIER]
    for day in rain.days[:5]:
        copier.learn(ODDS, day)
    assert copier.belief(QUESTION, ((WAD // 10, 9 * WAD // 10),)) == ODDS
    (action,) = copier.act(_view(copier, ()))
    assert isinstance(action, Commit)
    assert action.forecast == ODDS


def _day(outcome: int, rain: RainWorld) -> RainDay:
    return next(day for day in rain.days if day.outcome == outcome)


def test_the_last_outcome_bot_has_read_the_archive_and_goes_by_the_last_outcome(cast: Cast, rain: RainWorld) -> None:
    # In this archive the outcome always changes.
    archive = (_day(0, rain), _day(1, rain)) * 20
    dry, wet = (make_players(cast, archive[: 40 - cut], baselines=True)[LAST] for cut in (1, 0))
    assert dry.belief(QUESTION, ())[1] > 0.65 * WAD  # after a dry day comes a wet one
    assert wet.belief(QUESTION, ())[0] > 0.75 * WAD
    (action,) = wet.act(_view(wet, ()))
    assert isinstance(action, Commit)
    assert action.forecast == wet.belief(QUESTION, ())
    wet.learn(ODDS, _day(0, rain))
    assert wet.belief(QUESTION, ())[1] > 0.65 * WAD


def test_salts_differ_between_players(cast: Cast, rain: RainWorld) -> None:
    sold = cast.signals(QUESTION, rain.days[60])
    salts = []
    for player in make_players(cast, rain.days[:30], baselines=True).values():
        signals = tuple(sold[supplier] for supplier in player.suppliers)
        salts += [action.salt for action in player.act(_view(player, signals)) if isinstance(action, Commit)]
    assert len(set(salts)) == len(salts) == 5
