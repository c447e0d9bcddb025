"""Learning under values: profiles as constraints, updates filtered by them, and credit for what they admit."""

from headwater.learning.batch import Batch, join, split, split_skewed
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
from headwater.learning.tasks import Perceptron, SoftmaxRegression, Task, accuracy, local_update, task_from

__all__ = [
    "Batch",
    "Constraint",
    "Context",
    "FrozenFeatures",
    "Kind",
    "LearningError",
    "NormBound",
    "Order",
    "Perceptron",
    "Profile",
    "ProfileError",
    "ProtectedLoss",
    "RecordError",
    "ReferenceAccuracy",
    "RoundError",
    "SoftmaxRegression",
    "SolverError",
    "Task",
    "TaskError",
    "UpdateError",
    "accuracy",
    "join",
    "label",
    "local_update",
    "split",
    "split_skewed",
    "task_from",
]
