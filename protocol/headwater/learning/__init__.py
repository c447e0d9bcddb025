"""Learning under values: profiles as constraints, updates filtered by them, and credit for what they admit."""

from headwater.learning.batch import Batch, join, split, split_skewed
from headwater.learning.checks import Check, check
from headwater.learning.context import Context
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
from headwater.learning.spaces import HalfSpaces, half_spaces
from headwater.learning.tasks import Perceptron, SoftmaxRegression, Task, accuracy, local_update, task_from

__all__ = [
    "Batch",
    "Check",
    "Constraint",
    "Context",
    "FrozenFeatures",
    "HalfSpaces",
    "Kind",
    "LearningError",
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
    "RoundError",
    "SoftmaxRegression",
    "SolverError",
    "Task",
    "TaskError",
    "UpdateError",
    "Verdict",
    "accuracy",
    "canonical",
    "check",
    "filter_update",
    "half_spaces",
    "join",
    "label",
    "load_profile",
    "local_update",
    "parse_profile",
    "profile_fields",
    "profile_from",
    "profile_hash",
    "project",
    "schema",
    "split",
    "split_skewed",
    "task_from",
]
