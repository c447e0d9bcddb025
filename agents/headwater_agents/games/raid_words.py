"""A raid in words, as a hero should know it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from headwater_agents.games.raid import RaidState


def rules(boss: int, player: int) -> str:
    """The rules, and which hero one is."""
    return (
        f"Four heroes of 400 HP, numbered 0 to 3, fight a boss of {boss} HP for at most 10 turns; you are hero"
        f" {player}. In a turn the living heroes act in rising order, then the boss. A fireball takes 100 to 150 HP"
        " from the boss, and pays you 2 points. A heal gives the living hero of the lowest HP other than you 150 to 200"
        " HP, up to 400, and pays 0.5 points. A taunt makes the boss hit only you this turn, for 100 HP, and pays 0.5"
        " points; only one hero a turn can taunt, and who did can again three turns later. In a turn without a taunt"
        " the boss hits the two living heroes of the lowest HP for 200 HP each. Ties go to the lowest number. Killing"
        " the boss pays the team 100 points, less 25 for each dead hero and less 10 for each turn before; otherwise the"
        " team loses 100 points."
    )


def standing(state: RaidState, player: int) -> str:
    """Where the raid stands."""
    heroes = ", ".join(f"hero {hero} {left} HP" if left else f"hero {hero} dead" for hero, left in enumerate(state.hp))
    at = f"Turn {state.turn} of 0 to 9: boss {state.boss} HP, {heroes}."
    if state.hero < 0:
        return f"{at} It is over: the heroes {'won' if state.won else 'lost'}."
    taunt = "nobody taunts this turn" if state.taunter < 0 else f"hero {state.taunter} taunts this turn"
    wait = state.ready[player] - state.turn
    mine = "you could taunt" if wait <= 0 else f"you can taunt again in turn {state.ready[player]}"
    return f"{at} {taunt.capitalize()}; {mine}; hero {state.hero} acts now."
