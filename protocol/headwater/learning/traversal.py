"""Traversal Learning: an orchestrator visits nodes with batches drawn over all their examples, and sums nothing twice.

The orchestrator knows how many examples each node has, and draws virtual batches over all of them. For a batch it
visits the nodes that hold a part of it. A node gets the model and its row numbers, runs forward, and answers with what
the first layer made of the rows, the slopes of the losses in the scores, its loss, and its own sum for the first layer,
which alone needs raw features. The orchestrator puts the rows in the batch's order and runs backward through all other
layers. The gradient is that of the same batch in one place, up to the order in which floats are added (Batbaatar, Kim,
Kim and Young, "Traversal Learning: A Lossless And Efficient Distributed Learning Framework", arXiv 2504.07471).

Raw features stay at the nodes. Labels do not: a slope is below zero exactly at the label. Nor are first-layer outputs
private: with a first layer as wide as the features, whoever knows the model can solve for them. Without hidden layers a
node sends its gradient only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from headwater.learning.aggregate import NUMBER
from headwater.learning.batch import Batch, Floats, Ints
from headwater.learning.errors import RoundError
from headwater.learning.tasks import Perceptron


@dataclass(frozen=True, kw_only=True, eq=False)
class Answer:
    """What a node sends back for its b rows.

    outputs: (b, h), what the first layer made of them; (b, 0) without hidden layers. slopes: (b, k), of each loss in
    its scores; (b, 0) without hidden layers. first: gradient sum of the first layer, flat. loss: sum over the rows.
    """

    outputs: Floats
    slopes: Floats
    first: Floats
    loss: float

    @property
    def bytes(self) -> int:
        """Bytes on the way, without headers."""
        return NUMBER * (self.outputs.size + self.slopes.size + self.first.size + 1)


@dataclass(frozen=True, kw_only=True, eq=False)
class Traversal:
    """A gradient from a traversal: gradient (d,) and loss, means over the batch; visits in order; bytes down and up."""

    gradient: Floats
    loss: float
    visits: tuple[int, ...]
    bytes_down: int
    bytes_up: int


def visit(task: Perceptron, theta: Floats, node: Batch, rows: Ints) -> Answer:
    """A node's part: forward over its rows, and the sum for the layer that reads raw features."""
    batch = node.take(rows)
    values = task.forward(theta, batch.features)
    slopes = task.output_slope(values[-1], batch.labels)
    loss = float(task.losses(theta, batch).sum())
    first = task.backward(theta, values[:-1], slopes)[: task.layers[0] * task.layers[1] + task.layers[1]]
    if len(task.layers) == 2:
        none = np.zeros((len(rows), 0))
        return Answer(outputs=none, slopes=none, first=first, loss=loss)
    return Answer(outputs=values[1], slopes=slopes, first=first, loss=loss)


def traversal_gradient(task: Perceptron, theta: Floats, nodes: Sequence[Batch], indices: npt.ArrayLike) -> Traversal:
    """The gradient of one virtual batch.

    Args:
        task: what is learnt.
        theta: (d,).
        nodes: each node's private examples, one after the other: the first holds numbers 0 to n_1 − 1, and so on.
        indices: (b,), numbers of the batch's examples over all nodes, in any order; an example may stand twice.

    Raises:
        RoundError: no node, an empty batch, or a number that no node holds.
        TaskError: examples or parameters that are not the task's.
    """
    wanted = np.asarray(indices)
    ends = np.cumsum([len(node) for node in nodes])
    if not len(nodes) or wanted.ndim != 1 or not wanted.size or wanted.dtype.kind not in "iu":
        raise RoundError("a virtual batch has at least one example's number, and there is at least one node")
    if int(wanted.min()) < 0 or int(wanted.max()) >= int(ends[-1]):
        raise RoundError(f"examples are numbered 0 to {int(ends[-1]) - 1}; got {int(wanted.min())} to {wanted.max()}")
    holder = np.searchsorted(ends, wanted, side="right")
    visits = tuple(int(node) for node in dict.fromkeys(holder.tolist()))
    hidden = len(task.layers) > 2
    outputs = np.zeros((len(wanted), task.layers[1] if hidden else 0))
    slopes = np.zeros((len(wanted), task.classes if hidden else 0))
    width = task.layers[0] * task.layers[1] + task.layers[1]
    first, loss, down, up = np.zeros(width), 0.0, 0, 0
    for node in visits:
        at = np.flatnonzero(holder == node)
        rows = wanted[at] - (int(ends[node - 1]) if node else 0)
        answer = visit(task, theta, nodes[node], rows)
        outputs[at], slopes[at] = answer.outputs, answer.slopes
        first, loss = first + answer.first, loss + answer.loss
        down, up = down + NUMBER * (task.dimension + len(rows)), up + answer.bytes
    gradient = first / len(wanted)
    if hidden:
        inputs = [outputs]
        for weights, offsets in task.unpack(theta)[1:-1]:
            inputs.append(np.tanh(inputs[-1] @ weights + offsets))
        gradient = np.concatenate([gradient, task.backward(theta, inputs, slopes / len(wanted), stop=1)])
    return Traversal(gradient=gradient, loss=loss / len(wanted), visits=visits, bytes_down=down, bytes_up=up)


def virtual_batches(sizes: Sequence[int], size: int, rng: np.random.Generator) -> tuple[Ints, ...]:
    """One pass over all nodes' examples in random order, in batches of `size` (the last may be smaller).

    Raises:
        RoundError: nothing to draw from, or a size below 1.
    """
    total = sum(sizes)
    if size < 1 or total < 1 or min(sizes) < 0:
        raise RoundError(f"batches of at least 1 from at least 1 example; got size {size} and {total} examples")
    order = rng.permutation(total)
    return tuple(order[start : start + size] for start in range(0, total, size))
