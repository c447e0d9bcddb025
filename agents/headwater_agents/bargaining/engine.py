"""The engine: a game of any kind, played by agents who may bargain at every checkpoint, and settled afterwards.

At a checkpoint the stage's players learn what they could expect (rollouts); in the arms that talk, pairs of them
negotiate, one deal at a time, in signed messages; then everybody acts, bound or not, and the game goes on to the next
checkpoint. When it is over, the team's earning is divided, and every deal settles by what its two parties really did.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from headwater.chain.accounts import Account
from headwater.typed_data import Domain
from headwater_agents.bargaining.arm import Arm
from headwater_agents.bargaining.events import Observe
from headwater_agents.bargaining.played import Played
from headwater_agents.bargaining.playing import Play
from headwater_agents.bargaining.setting import NOWHERE, START, Meter, Relay, Setting
from headwater_agents.bargaining.table import Negotiator
from headwater_agents.games import Game

__all__ = ["NOWHERE", "Meter", "Setting", "play", "play_and_learn"]


def play(
    game: Game[Any],
    agents: Sequence[Negotiator],
    arm: Arm | str,
    seed: int = 0,
    *,
    setting: Setting | None = None,
    domain: Domain = NOWHERE,
    task: int | None = None,
    accounts: Sequence[Account] | None = None,
    meter: Meter | None = None,
    observe: Observe | None = None,
    clock: int = START,
    relay: Relay | None = None,
) -> Played:
    """Play a game. The same arguments give the same play, to the last signature.

    Args:
        game: the rules.
        agents: one a player.
        arm: how they bargain.
        seed: of rolls and of all other chance, 0 or more. Step k rolls the same uniforms in every arm.
        setting: how it is played; the defaults unless given.
        domain: of the escrow that deals are for.
        task: its number there; a hash of game, arm and seed unless given.
        accounts: who signs for each player; development accounts of the seed unless given.
        meter: what prices are read at; 0 unless given.
        observe: called with every event, as it happens.
        clock: when it begins, seconds; a message takes one, a silence the reply window.
        relay: called with every negotiation that ended in a deal, before anybody acts: to bring it where it binds.

    Raises:
        BargainError: another number of agents or accounts than players, a negative seed, no such arm.
        TooManyError: a stage that is too large to be priced.
        IllegalActionError: an agent acted against the rules.
    """
    return Play(game, agents, arm, seed, setting, domain, task, accounts, meter, observe, clock, relay).run()


def play_and_learn(
    game: Game[Any], agents: Sequence[Negotiator], arm: Arm | str, seed: int = 0, *, setting: Setting | None = None
) -> tuple[Played, tuple[Negotiator, ...]]:
    """`play`, and the agents as they are after it. Raises as `play` does."""
    one = Play(game, agents, arm, seed, setting)
    played = one.run()
    return played, one.learned()
