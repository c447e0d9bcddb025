"""Learning under values: profiles as constraints, updates filtered by them, and credit for what they admit."""

from headwater.learning.aggregate import fedavg, fedavg_bytes
from headwater.learning.baselines import mean_game, plain_leave_one_out, plain_shapley, volume_shares
from headwater.learning.batch import Batch, join, split, split_skewed
from headwater.learning.checks import Check, check
from headwater.learning.context import Context
from headwater.learning.credit import RoundCredit, Rule, credit_round
from headwater.learning.errors import (
    LearningError,
    ProfileError,
    RecordError,
    RoundError,
    SolverError,
    TaskError,
    UpdateError,
)
from headwater.learning.filter import Mode, Verdict, filter_update
from headwater.learning.ledger import Ledger
from headwater.learning.novelty import Revealed
from headwater.learning.policy import (
    canonical,
    load_profile,
    parse_profile,
    profile_fields,
    profile_from,
    profile_hash,
    schema,
)
from headwater.learning.profile import (
    Constraint,
    FrozenFeatures,
    Kind,
    NormBound,
    Order,
    Profile,
    ProtectedLoss,
    ReferenceAccuracy,
    label,
)
from headwater.learning.projection import Projection, project
from headwater.learning.rounds import Ground, Round, Settings, State, Submission, play_round
from headwater.learning.spaces import HalfSpaces, half_spaces
from headwater.learning.tasks import Perceptron, SoftmaxRegression, Task, accuracy, local_update, task_from
from headwater.learning.traversal import Traversal, traversal_gradient, virtual_batches

__all__ = [
    "Batch",
    "Check",
    "Constraint",
    "Context",
    "FrozenFeatures",
    "Ground",
    "HalfSpaces",
    "Kind",
    "LearningError",
    "Ledger",
    "Mode",
    "NormBound",
    "Order",
    "Perceptron",
    "Profile",
    "ProfileError",
    "Projection",
    "ProtectedLoss",
    "RecordError",
    "ReferenceAccuracy",
    "Revealed",
    "Round",
    "RoundCredit",
    "RoundError",
    "Rule",
    "Settings",
    "SoftmaxRegression",
    "SolverError",
    "State",
    "Submission",
    "Task",
    "TaskError",
    "Traversal",
    "UpdateError",
    "Verdict",
    "accuracy",
    "canonical",
    "check",
    "credit_round",
    "fedavg",
    "fedavg_bytes",
    "filter_update",
    "half_spaces",
    "join",
    "label",
    "load_profile",
    "local_update",
    "mean_game",
    "parse_profile",
    "plain_leave_one_out",
    "plain_shapley",
    "play_round",
    "profile_fields",
    "profile_from",
    "profile_hash",
    "project",
    "schema",
    "split",
    "split_skewed",
    "task_from",
    "traversal_gradient",
    "virtual_batches",
    "volume_shares",
]
