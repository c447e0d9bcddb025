"""Learning under values: profiles as constraints, updates filtered by them, and credit for what they admit."""

from headwater.learning.aggregate import fedavg, fedavg_bytes
from headwater.learning.baselines import mean_game, plain_leave_one_out, plain_shapley, volume_shares
from headwater.learning.batch import Batch, join, split, split_skewed
from headwater.learning.charter import Template, action_scores, profile_from_agreement
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
from headwater.learning.explain import Explanation, Finding, audit, explain, ledger_of, replay
from headwater.learning.filter import Mode, Verdict, filter_update
from headwater.learning.fixed import fixed_update, pack_update
from headwater.learning.ledger import CAUTION, Ledger
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
from headwater.learning.record import Noted, Record, RecordWriter, parse_record, read_record
from headwater.learning.rounds import Ground, Round, Settings, State, Submission, play_round
from headwater.learning.spaces import HalfSpaces, half_spaces
from headwater.learning.tasks import Perceptron, SoftmaxRegression, Task, accuracy, local_update, task_from
from headwater.learning.traversal import Traversal, traversal_gradient, virtual_batches

__all__ = [
    "CAUTION",
    "Batch",
    "Check",
    "Constraint",
    "Context",
    "Explanation",
    "Finding",
    "FrozenFeatures",
    "Ground",
    "HalfSpaces",
    "Kind",
    "LearningError",
    "Ledger",
    "Mode",
    "NormBound",
    "Noted",
    "Order",
    "Perceptron",
    "Profile",
    "ProfileError",
    "Projection",
    "ProtectedLoss",
    "Record",
    "RecordError",
    "RecordWriter",
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
    "Template",
    "Traversal",
    "UpdateError",
    "Verdict",
    "accuracy",
    "action_scores",
    "audit",
    "canonical",
    "check",
    "credit_round",
    "explain",
    "fedavg",
    "fedavg_bytes",
    "filter_update",
    "fixed_update",
    "half_spaces",
    "join",
    "label",
    "ledger_of",
    "load_profile",
    "local_update",
    "mean_game",
    "pack_update",
    "parse_profile",
    "parse_record",
    "plain_leave_one_out",
    "plain_shapley",
    "play_round",
    "profile_fields",
    "profile_from",
    "profile_from_agreement",
    "profile_hash",
    "project",
    "read_record",
    "replay",
    "schema",
    "split",
    "split_skewed",
    "task_from",
    "traversal_gradient",
    "virtual_batches",
    "volume_shares",
]
