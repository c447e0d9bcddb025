"""Credit: what each signal was worth. Cooperative games, exact and sampled Shapley and kin, weights, division."""

from headwater.credit.closed import (
    AdditiveGame,
    AirportGame,
    GloveGame,
    SolvedGame,
    SymmetricGame,
    UnanimityGame,
    VotingGame,
)
from headwater.credit.coalitions import MAX_EXACT_PLAYERS, coalition_range
from headwater.credit.division import divide
from headwater.credit.errors import (
    CreditError,
    GameError,
    NoCreditError,
    PlayerLimitError,
    SamplingError,
    WeightsError,
)
from headwater.credit.exact import shapley
from headwater.credit.game import FunctionGame, Game, TableGame, tabulate
from headwater.credit.growth import PooledGrowthGame, Pooling, SignalForm, pooled_growth_game
from headwater.credit.logit import CreditRule, LogitGrowthGame, credit_shares
from headwater.credit.precedence import LaterGame, precedence_shapley
from headwater.credit.promotion import (
    PromotionTest,
    Standing,
    growth_bound,
    log_capital,
    spent_level,
    trial_growths,
)
from headwater.credit.result import Credit
from headwater.credit.sampling import Estimator, sampled_shapley
from headwater.credit.simple import equal, leave_one_out
from headwater.credit.weights import weights_from_credit

__all__ = [
    "MAX_EXACT_PLAYERS",
    "AdditiveGame",
    "AirportGame",
    "Credit",
    "CreditError",
    "CreditRule",
    "Estimator",
    "FunctionGame",
    "Game",
    "GameError",
    "GloveGame",
    "LaterGame",
    "LogitGrowthGame",
    "NoCreditError",
    "PlayerLimitError",
    "PooledGrowthGame",
    "Pooling",
    "PromotionTest",
    "SamplingError",
    "SignalForm",
    "SolvedGame",
    "Standing",
    "SymmetricGame",
    "TableGame",
    "UnanimityGame",
    "VotingGame",
    "WeightsError",
    "coalition_range",
    "credit_shares",
    "divide",
    "equal",
    "growth_bound",
    "leave_one_out",
    "log_capital",
    "pooled_growth_game",
    "precedence_shapley",
    "sampled_shapley",
    "shapley",
    "spent_level",
    "tabulate",
    "trial_growths",
    "weights_from_credit",
]
