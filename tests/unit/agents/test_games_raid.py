"""The raid against a second writing of its rules, straight from their text, over games that only chance chose."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater_agents.games import (
    POINT,
    Game,
    IllegalActionError,
    IllegalRollError,
    Raid,
    RaidState,
    Rolls,
    SettingsError,
    finish,
    game_from,
    play,
    replay,
)
from headwater_agents.games.raid import coordinated

seeds = st.integers(0, 2**32)
bosses = st.sampled_from([2000, 2500, 3000])


class Plain:
    """The raid as its text tells it: one whole turn after the other, with everything written out."""

    def __init__(self, boss: int) -> None:
        self.boss = boss
        self.heroes = [{"hp": 400, "taunts": [], "reward": 0.0} for _ in range(4)]
        self.turn = 0
        self.result: str | None = None

    def alive(self) -> list[int]:
        return [number for number in range(4) if self.heroes[number]["hp"] > 0]

    def lowest(self, among: list[int], count: int) -> list[int]:
        chosen: list[int] = []
        for _ in range(count):
            rest = [number for number in among if number not in chosen]
            if rest:
                least = min(self.heroes[number]["hp"] for number in rest)
                chosen.append(min(number for number in rest if self.heroes[number]["hp"] == least))
        return chosen

    def allowed(self, hero: int) -> set[str]:
        allowed = {"fireball"}
        if len(self.alive()) > 1:
            allowed.add("heal")
        if not any(self.turn in each["taunts"] for each in self.heroes):
            taunts = self.heroes[hero]["taunts"]
            if not taunts or self.turn >= taunts[-1] + 3:
                allowed.add("taunt")
        return allowed

    def act(self, hero: int, action: str, rolls: list[int]) -> None:
        me = self.heroes[hero]
        if action == "taunt":
            me["taunts"].append(self.turn)
            me["reward"] += 0.5
        elif action == "fireball":
            self.boss -= rolls.pop(0)
            me["reward"] += 2
            if self.boss <= 0:
                self.boss = 0
                self.result = "won"
        elif action == "heal":
            (target,) = self.lowest([number for number in self.alive() if number != hero], 1)
            self.heroes[target]["hp"] = min(400, self.heroes[target]["hp"] + rolls.pop(0))
            me["reward"] += 0.5

    def boss_acts(self) -> None:
        taunters = [number for number in self.alive() if self.turn in self.heroes[number]["taunts"]]
        if taunters:
            self.heroes[taunters[0]]["hp"] -= 100
        else:
            for number in self.lowest(self.alive(), 2):
                self.heroes[number]["hp"] -= 200
        for each in self.heroes:
            each["hp"] = max(each["hp"], 0)
        if not self.alive() or self.turn == 9:
            self.result = "lost"
        else:
            self.turn += 1

    def team(self) -> float:
        if self.result == "won":
            return 100 * (1 - (4 - len(self.alive())) / 4 - self.turn / 10)
        return -100 if self.result == "lost" else 0


def agrees(game: Raid, state: RaidState, plain: Plain) -> None:
    assert state.boss == plain.boss
    assert state.hp == tuple(hero["hp"] for hero in plain.heroes)
    assert state.turn == plain.turn
    assert game.own(state) == tuple(int(hero["reward"] * 2) * (POINT // 2) for hero in plain.heroes)
    assert game.team(state) == pytest.approx(plain.team() * POINT)
    assert state.won == (plain.result == "won")
    assert state.lost == (plain.result == "lost")


@settings(max_examples=60, deadline=None)
@given(bosses, seeds, st.sampled_from(["any", "rarely taunt", "often idle"]))
def test_the_raid_is_the_raid_of_the_text(boss: int, seed: int, manner: str) -> None:
    rng = np.random.default_rng(seed)
    game = Raid(boss)
    state = game.start()
    plain = Plain(boss)
    while plain.result is None:
        alive = plain.alive()
        assert game.stage(state) == tuple(alive)
        for hero in alive:
            assert game.acting(state) == (hero,)
            assert set(game.choices(state, hero)) == plain.allowed(hero)
            offered = sorted(
                plain.allowed(hero) - ({"taunt"} if manner == "rarely taunt" and rng.random() < 0.8 else set())
            )
            action = offered[int(rng.integers(len(offered)))]
            if manner == "often idle" and rng.random() < 0.3:
                action = "wait"
            rolls = [int(rng.integers(die.low, die.high + 1)) for die in game.dice(state, {hero: action})]
            expected = {"fireball": [(100, 150)], "heal": [(150, 200)]}.get(action, [])
            assert [(die.low, die.high) for die in game.dice(state, {hero: action})] == expected
            state = game.step(state, {hero: action}, rolls)
            plain.act(hero, action, list(rolls))
            if plain.result:
                break
        else:
            plain.boss_acts()
        agrees(game, state, plain)
    assert game.acting(state) == game.stage(state) == ()


@settings(max_examples=40, deadline=None)
@given(bosses, seeds)
def test_any_legal_play_ends_within_its_bounds_and_replays(boss: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    game = Raid(boss)
    low, high = game.bounds()
    stages = []

    def any_choice(state: RaidState, hero: int) -> str:
        assert all(0 <= hp <= 400 for hp in state.hp)
        assert 0 < state.boss <= boss
        assert 0 <= state.turn <= 9
        assert state.hp[hero] > 0
        for seen in (game.observation(state, other) for other in range(4)):
            assert seen.shape == low.shape == high.shape
            assert ((low <= seen) & (seen <= high)).all()
        if game.stage(state):
            stages.append(state.turn)
        choices = game.choices(state, hero)
        return choices[int(rng.integers(len(choices)))]

    state, record = play(game, any_choice, rng)
    assert len(record.steps) <= 40
    assert stages == list(range(state.turn + 1))
    assert state.won == (state.boss == 0)
    assert -100 * POINT <= game.team(state) <= 100 * POINT
    assert replay(record) == state
    for step in record.steps:
        bounds = {"fireball": (100, 150), "heal": (150, 200)}.get(step.actions[0])
        assert all(bounds is not None and bounds[0] <= roll <= bounds[1] for roll in step.rolls)
        assert len(step.rolls) == (bounds is not None)


def after(game: Raid, *actions: tuple[str, int]) -> RaidState:
    """The state after each acting hero's action, with a roll for those that roll."""
    state = game.start()
    for action, roll in actions:
        state = game.step(state, {state.hero: action}, (roll,) if roll else ())
    return state


FIRE = ("fireball", 100)
TAUNT = ("taunt", 0)


def test_without_a_taunt_the_two_lowest_numbered_of_equals_are_hit() -> None:
    assert after(Raid(), *[FIRE] * 4).hp == (200, 200, 400, 400)


def test_a_taunt_takes_the_whole_blow() -> None:
    assert after(Raid(), FIRE, FIRE, TAUNT, FIRE).hp == (400, 400, 300, 400)


def test_a_heal_goes_to_the_lowest_other_and_no_further_than_400() -> None:
    state = after(Raid(), *[FIRE] * 4, ("heal", 200))
    assert state.hp == (200, 400, 400, 400)
    assert after(Raid(), *[FIRE] * 4, FIRE, ("heal", 150)).hp == (350, 200, 400, 400)
    assert after(Raid(), ("heal", 200)).hp == (400,) * 4


def test_a_hero_taunts_again_three_turns_later_and_no_sooner() -> None:
    game = Raid()
    state = after(game, TAUNT, FIRE, FIRE, FIRE)
    for turn in (1, 2):
        assert state.turn == turn
        assert "taunt" not in game.choices(state, 0)
        with pytest.raises(IllegalActionError):
            game.step(state, {0: "taunt"}, ())
        for action, rolls in (("fireball", (100,)), ("taunt", ()), ("heal", (150,)), ("heal", (150,))):
            hero = state.hero
            legal = action if action in game.choices(state, hero) else "heal"
            state = game.step(state, {hero: legal}, rolls if legal == action else (150,))
    assert state.turn == 3
    assert "taunt" in game.choices(state, 0)


def test_the_second_taunt_of_a_turn_is_refused() -> None:
    game = Raid()
    state = after(game, TAUNT)
    assert "taunt" not in game.choices(state, 1)
    with pytest.raises(IllegalActionError, match="player 1 may fireball, heal here"):
        game.step(state, {1: "taunt"}, ())


def test_the_boss_does_not_act_once_it_is_dead_and_the_win_is_less_by_the_dead_and_the_turns() -> None:
    game = Raid()
    before = RaidState(130, (200, 100, 0, 400), 4, 0, -1, (0,) * 4, (0,) * 4, False)
    state = game.step(before, {0: "fireball"}, (130,))
    assert state.won
    assert state.hp == before.hp
    assert game.team(state) == (100 - 25 - 40) * POINT
    assert not game.step(before, {0: "fireball"}, (129,)).won


def test_ten_turns_without_a_kill_are_a_loss() -> None:
    game = Raid(3000)

    def dawdle(state: RaidState, hero: int) -> str:
        return "taunt" if "taunt" in game.choices(state, hero) else "heal"

    state = finish(game, game.start(), dawdle, Rolls(np.random.default_rng(1)))
    assert state.turn == 9
    assert state.dead == 0
    assert state.lost
    assert game.team(state) == -100 * POINT


def test_who_plays_for_itself_always_loses() -> None:
    # Even at 150 a fireball, the twelve that fit before everybody is dead take 1,800 HP.
    game = Raid(2000)
    state = game.start()
    while game.acting(state):
        state = game.step(state, {state.hero: "fireball"}, (150,))
    assert state.lost
    assert state.dead == 4
    assert state.turn == 3


@pytest.mark.parametrize(
    ("actions", "rolls", "error"),
    [
        ({}, (), IllegalActionError),
        ({1: "fireball"}, (100,), IllegalActionError),
        ({0: "fireball", 1: "fireball"}, (100, 100), IllegalActionError),
        ({0: "nova"}, (100,), IllegalActionError),
        ({0: None}, (100,), IllegalActionError),
        ({0: "fireball"}, (), IllegalRollError),
        ({0: "fireball"}, (100, 100), IllegalRollError),
        ({0: "fireball"}, (99,), IllegalRollError),
        ({0: "fireball"}, (151,), IllegalRollError),
        ({0: "fireball"}, (100.0,), IllegalRollError),
        ({0: "fireball"}, (True,), IllegalRollError),
        ({0: "fireball"}, (np.int64(120),), IllegalRollError),
        ({0: "heal"}, (149,), IllegalRollError),
        ({0: "heal"}, (201,), IllegalRollError),
        ({0: "taunt"}, (1,), IllegalRollError),
        ({0: "wait"}, (1,), IllegalRollError),
    ],
)
def test_what_is_no_legal_step_is_refused_and_changes_nothing(
    actions: dict[int, str], rolls: tuple[int, ...], error: type[Exception]
) -> None:
    game = Raid()
    state = game.start()
    with pytest.raises(error):
        game.step(state, actions, rolls)
    assert state == game.start()


def test_nobody_left_to_heal_means_no_heal() -> None:
    game = Raid()
    state = RaidState(2000, (0, 0, 300, 0), 2, 2, -1, (0,) * 4, (0,) * 4, False)
    assert game.choices(state, 2) == ("fireball", "taunt")
    with pytest.raises(IllegalActionError):
        game.step(state, {2: "heal"}, (150,))
    assert game.step(state, {2: "fireball"}, (100,)).hp == (0, 0, 100, 0)


def test_to_wait_is_taken_but_never_offered() -> None:
    game = Raid()
    state = game.step(game.start(), {0: game.idle(game.start(), 0)}, ())
    assert game.own(state) == (0,) * 4
    assert game.idle(state, 1) not in game.moves(1)


def test_a_finished_raid_takes_no_step() -> None:
    game = Raid()
    state = finish(game, game.start(), coordinated, Rolls(np.random.default_rng(1)))
    with pytest.raises(IllegalActionError, match="finished"):
        game.step(state, {0: "fireball"}, (100,))


@settings(max_examples=20, deadline=None)
@given(bosses, seeds)
def test_the_coordinated_rule_names_open_actions_and_keeps_everybody_alive(boss: int, seed: int) -> None:
    game = Raid(boss)

    def checked(state: RaidState, hero: int) -> str:
        action = coordinated(state, hero)
        assert action in game.choices(state, hero)
        assert game.default(state, hero) == action
        return action

    state = finish(game, game.start(), checked, Rolls(np.random.default_rng(seed)))
    assert state.won
    assert state.dead == 0


@pytest.mark.parametrize("boss", [0, 1999, 2000.0, True, "2000", None])
def test_only_the_three_bosses_are_fought(boss: object) -> None:
    with pytest.raises(SettingsError, match="2000, 2500, 3000"):
        game_from("raid", {"boss": boss})


def test_a_hero_is_told_rules_and_standing() -> None:
    game: Game[RaidState] = Raid(2500)
    told = game.describe(after(Raid(2500), TAUNT), 1)
    assert "2500 HP" in told
    assert "you are hero 1" in told
    assert "Hero 0 taunts this turn; you could taunt; hero 1 acts now." in told
