"""Games: their rules as pure functions, records that replay, what a record's play would have been without somebody."""

from headwater_agents.games.base import POINT, Die, Game, draw, payoffs
from headwater_agents.games.errors import (
    IllegalActionError,
    IllegalRollError,
    PlayError,
    RecordError,
    SettingsError,
)
from headwater_agents.games.escape import EscapeRoom, EscapeState
from headwater_agents.games.matrix import MatrixGame, MatrixState
from headwater_agents.games.raid import Raid, RaidState
from headwater_agents.games.record import Choose, Record, Recorder, Step, parse, play
from headwater_agents.games.registry import game_from, game_names
from headwater_agents.games.replay import ReplayGame, counterfactual, load, replay, shares
from headwater_agents.games.rolls import Rolls, finish

__all__ = [
    "POINT",
    "Choose",
    "Die",
    "EscapeRoom",
    "EscapeState",
    "Game",
    "IllegalActionError",
    "IllegalRollError",
    "MatrixGame",
    "MatrixState",
    "PlayError",
    "Raid",
    "RaidState",
    "Record",
    "RecordError",
    "Recorder",
    "ReplayGame",
    "Rolls",
    "SettingsError",
    "Step",
    "counterfactual",
    "draw",
    "finish",
    "game_from",
    "game_names",
    "load",
    "parse",
    "payoffs",
    "play",
    "replay",
    "shares",
]
