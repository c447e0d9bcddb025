"""What is learnt: classifiers whose loss and gradient are exact, and whose parameters are one vector.

Losses are mean logarithmic losses in nats, −1/n Σ log p(label | features), and gradients are theirs. Weight decay is
a matter of training (`local_update`) and stands in neither: constraints and credit speak of examples alone.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Protocol

import numpy as np

from headwater.learning.batch import Batch, Floats, Ints
from headwater.learning.errors import TaskError


class Task(Protocol):
    """A classifier. Every method raises TaskError for a batch or parameters that are not its own.

    dimension: d, how many parameters. features: f, how many features. classes: k. l2: weight decay of training.
    convex: whether the loss is convex in the parameters, which exact statements about mixtures of updates need.
    """

    @property
    def dimension(self) -> int: ...  # noqa: D102

    @property
    def features(self) -> int: ...  # noqa: D102

    @property
    def classes(self) -> int: ...  # noqa: D102

    @property
    def l2(self) -> float: ...  # noqa: D102

    @property
    def convex(self) -> bool: ...  # noqa: D102

    def loss(self, theta: Floats, batch: Batch) -> float:
        """Mean loss over the batch, nats."""

    def losses(self, theta: Floats, batch: Batch) -> Floats:
        """Loss of each example, (n,), nats."""

    def gradient(self, theta: Floats, batch: Batch) -> Floats:
        """Gradient of the mean loss, (d,)."""

    def predict(self, theta: Floats, features: Floats) -> Floats:
        """Probabilities of the classes, (n, k), for features (n, f)."""

    def start(self, rng: np.random.Generator) -> Floats:
        """Parameters to begin with, (d,)."""

    def indices(self, feature: int) -> Ints:
        """Which parameters read a feature directly; without them the model cannot see it."""

    def symmetries(self) -> Floats:
        """Orthonormal directions (q, d) that change no prediction of any model, and that no gradient has a part in."""

    def describe(self) -> dict[str, object]:
        """What `task_from` builds the same task from, as JSON."""


class Perceptron:
    """Layers of tanh units, and softmax on the last. Parameters: for each layer its weights (in, out) row by row, then
    its offsets (out).

    Feature j is read by the parameters j·h to (j + 1)·h − 1, h being the width of the first layer after the features.

    Args:
        layers: f, hidden widths, k; two numbers (no hidden layer) are `SoftmaxRegression`.
        l2: weight decay of training, at least 0; not a part of the loss.

    Raises:
        TaskError: fewer than two layers or one of no width, fewer than two classes, or a negative decay.
    """

    def __init__(self, layers: Sequence[int], l2: float = 0.0) -> None:
        widths = tuple(layers)
        if (
            len(widths) < 2
            or any(isinstance(w, bool) or not isinstance(w, int) or w < 1 for w in widths)
            or widths[-1] < 2
        ):
            raise TaskError(
                f"layers are whole numbers: features, hidden widths, classes (at least 2); got {list(layers)}"
            )
        if not 0 <= l2 < np.inf:
            raise TaskError(f"l2 is a finite number of at least 0; got {l2}")
        self.layers = widths
        self.features, self.classes, self.l2 = widths[0], widths[-1], float(l2)
        self.convex = len(widths) == 2
        self.dimension = sum(a * b + b for a, b in itertools.pairwise(widths))

    def loss(self, theta: Floats, batch: Batch) -> float:
        """Mean loss over the batch, nats."""
        return float(self.losses(theta, batch).mean())

    def losses(self, theta: Floats, batch: Batch) -> Floats:
        """Loss of each example, (n,), nats."""
        scores = self.forward(theta, self._checked(batch))[-1]
        picked: Floats = _log_softmax(scores)[np.arange(len(batch)), batch.labels]
        return -picked

    def gradient(self, theta: Floats, batch: Batch) -> Floats:
        """Gradient of the mean loss, (d,)."""
        values = self.forward(theta, self._checked(batch))
        return self.backward(theta, values[:-1], self.output_slope(values[-1], batch.labels) / len(batch))

    def output_slope(self, scores: Floats, labels: Ints) -> Floats:
        """Slopes of each example's loss in its scores, (n, k): probabilities, less 1 at the label."""
        slope = np.exp(_log_softmax(scores))
        slope[np.arange(len(labels)), labels] -= 1
        return slope

    def backward(self, theta: Floats, inputs: Sequence[Floats], slope: Floats, stop: int = 0) -> Floats:
        """Gradient of the layers from `stop` on, flat.

        Args:
            theta: (d,).
            inputs: what each layer from `stop` on reads, (n, in) each.
            slope: (n, k), slopes of the total loss in the scores.
            stop: the first layer whose gradient is wanted.
        """
        parts: list[Floats] = []
        parameters = self.unpack(theta)
        for layer in reversed(range(stop, len(parameters))):
            seen = inputs[layer - stop]
            parts += [slope.sum(axis=0), (seen.T @ slope).ravel()]
            if layer > stop:
                slope = (slope @ parameters[layer][0].T) * (1 - seen**2)
        return np.concatenate(parts[::-1])

    def predict(self, theta: Floats, features: Floats) -> Floats:
        """Probabilities of the classes, (n, k), for features (n, f)."""
        table = np.asarray(features, dtype=np.float64)
        if table.ndim != 2 or table.shape[1] != self.features or not bool(np.isfinite(table).all()):
            raise TaskError(f"features have shape (n, {self.features}) and are finite; got shape {table.shape}")
        return np.exp(_log_softmax(self.forward(theta, table)[-1]))

    def start(self, rng: np.random.Generator) -> Floats:
        """Normal weights of variance 1 / in, offsets zero; all zeros without hidden layers, where nothing is lost."""
        if self.convex:
            return np.zeros(self.dimension)
        parts: list[Floats] = []
        for a, b in itertools.pairwise(self.layers):
            parts += [rng.normal(size=a * b) / np.sqrt(a), np.zeros(b)]
        return np.concatenate(parts)

    def indices(self, feature: int) -> Ints:
        """Which parameters read a feature directly; without them the model cannot see it."""
        if not 0 <= feature < self.features:
            raise TaskError(f"features are 0 to {self.features - 1}; got {feature}")
        width = self.layers[1]
        return np.arange(feature * width, (feature + 1) * width, dtype=np.int64)

    def symmetries(self) -> Floats:
        """Adding one number to every class's score changes no probability: (width of the last input + 1, d)."""
        inputs, classes = self.layers[-2], self.classes
        rows = np.zeros((inputs + 1, self.dimension))
        first = self.dimension - (inputs + 1) * classes
        for row in range(inputs + 1):
            rows[row, first + row * classes : first + (row + 1) * classes] = 1 / np.sqrt(classes)
        return rows

    def describe(self) -> dict[str, object]:
        """What `task_from` builds the same task from, as JSON."""
        return {"kind": "perceptron", "layers": list(self.layers), "l2": self.l2}

    def unpack(self, theta: Floats) -> list[tuple[Floats, Floats]]:
        """Weights (in, out) and offsets (out) of each layer. Raises TaskError for another shape."""
        if theta.shape != (self.dimension,):
            raise TaskError(f"parameters have shape ({self.dimension},); got {theta.shape}")
        parts, at = [], 0
        for a, b in itertools.pairwise(self.layers):
            parts.append((theta[at : at + a * b].reshape(a, b), theta[at + a * b : at + a * b + b]))
            at += a * b + b
        return parts

    def forward(self, theta: Floats, features: Floats) -> list[Floats]:
        """What each layer reads, (n, in) each, and at last the scores (n, k)."""
        values = [features]
        parameters = self.unpack(np.asarray(theta, dtype=np.float64))
        for layer, (weights, offsets) in enumerate(parameters):
            scores = values[-1] @ weights + offsets
            values.append(scores if layer == len(parameters) - 1 else np.tanh(scores))
        return values

    def _checked(self, batch: Batch) -> Floats:
        if batch.features.shape[1] != self.features or int(batch.labels.max()) >= self.classes:
            raise TaskError(
                f"the task has {self.features} features and labels 0 to {self.classes - 1}; the batch has"
                f" {batch.features.shape[1]} features and labels up to {int(batch.labels.max())}"
            )
        return batch.features


class SoftmaxRegression(Perceptron):
    """Multinomial logistic regression: scores = features · W + c, with W (f, k) row by row, then c (k). Convex.

    Feature j is read by the parameters j·k to (j + 1)·k − 1.

    Raises:
        TaskError: no feature, fewer than two classes, or a negative decay.
    """

    def __init__(self, features: int, classes: int, l2: float = 0.0) -> None:
        super().__init__((features, classes), l2)


def task_from(description: dict[str, object]) -> Task:
    """The task of a `describe()`. Raises TaskError for anything else."""
    layers, l2 = description.get("layers"), description.get("l2")
    if description.get("kind") != "perceptron" or not isinstance(layers, list) or not isinstance(l2, int | float):
        raise TaskError(f"a task is described by kind perceptron, layers and l2; got {description}")
    return Perceptron(layers, l2) if len(layers) != 2 else SoftmaxRegression(layers[0], layers[1], l2)


def accuracy(task: Task, theta: Floats, batch: Batch) -> float:
    """The share of examples whose likeliest class (the lowest on ties) is their label."""
    return float((task.predict(theta, batch.features).argmax(axis=1) == batch.labels).mean())


def local_update(
    task: Task,
    theta: Floats,
    batch: Batch,
    *,
    rate: float,
    steps: int = 1,
    size: int | None = None,
    rng: np.random.Generator | None = None,
) -> Floats:
    """What a member proposes after `steps` of gradient descent from theta on its own data: (d,), the change of theta.

    Args:
        task: its `l2` decays the parameters in each step.
        theta: (d,), the round's model.
        batch: the member's private examples.
        rate: step size, above 0.
        steps: how many.
        size: examples drawn (without putting back) for each step; all of them when None.
        rng: draws them; needed with `size`.

    Raises:
        TaskError: a setting outside its range, or `size` without `rng`.
    """
    if not 0 < rate < np.inf or steps < 1:
        raise TaskError(f"the rate is above 0 and there is at least one step; got {rate} and {steps}")
    if size is not None and (rng is None or size < 1):
        raise TaskError("a batch size is at least 1 and needs a generator to draw with")
    at = np.array(theta, dtype=np.float64)
    for _ in range(steps):
        seen = batch
        if rng is not None and size is not None and size < len(batch):
            seen = batch.take(rng.choice(len(batch), size=size, replace=False))
        at -= rate * (task.gradient(at, seen) + task.l2 * at)
    return at - theta


def _log_softmax(scores: Floats) -> Floats:
    shifted = scores - scores.max(axis=1, keepdims=True)
    answer: Floats = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return answer
