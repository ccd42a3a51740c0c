"""Classifiers that tell two samples apart: a small network or logistic regression, their first layer laid open."""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from reparam.randomness import derive_seed

Array = NDArray[Any]
Kind = Literal["network", "linear"]
NARROW = 1024
"""Examples of up to so many values are computed with in float64, wider ones in float32: half the time and memory."""
AT_ONCE = 1024
"""Columns that are worked on at a time."""


def columns(x: Array) -> Iterator[slice]:
    """The columns of x ``(n, d)``, some at a time."""
    return (slice(start, start + AT_ONCE) for start in range(0, x.shape[1], AT_ONCE))


@dataclass(frozen=True)
class Judge:
    """A classifier whose first layer is linear: what is left to do behind that layer is told apart from it.

    Attributes:
        centre: of the values ``(d,)``, float64.
        scale: their standard deviation ``(d,)``, float64; 1 where they are constant.
        weights: of the standardized values in the first layer, ``(d, width)``.
        bias: of the first layer, ``(width,)``.
        out: weights of the layer behind it, ``(width,)``; None where there is none (logistic regression).
        threshold: what its output is compared with.
    """

    centre: Array
    scale: Array
    weights: Array
    bias: Array
    out: Array | None
    threshold: float

    def inside(self, x: Array) -> Array:
        """What the first layer makes of x ``(n, d)``: ``(n, width)``."""
        found = np.tile(self.bias, (len(x), 1))
        for part in columns(x):
            found += _standardized(x, self.centre, self.scale, part, self.weights.dtype) @ self.weights[part]
        return found

    def output(self, inside: Array) -> Array:
        """What the layers behind it make of that, ``(n,)``: positive where the second sample is named."""
        behind = inside[:, 0] if self.out is None else np.maximum(inside, 0) @ self.out
        return np.asarray(behind + self.threshold)

    def decide(self, inside: Array) -> Array:
        """Which sample is named, 0 or 1, ``(n,)``."""
        return (self.output(inside) > 0).astype(np.int64)

    def influence(self) -> Array:
        """By how much the output moves at most when a standardized value moves by 1, ``(d,)``: rectifiers add none."""
        return np.abs(self.weights) @ np.abs(np.ones(1) if self.out is None else self.out)


def fitted(kind: Kind, x: Array, labels: Array, seed: int) -> Judge:
    """A classifier of standardized values, trained on x ``(n, d)`` with labels 0 and 1."""
    centre, scale = _units(x)
    dtype = np.float64 if x.shape[1] <= NARROW else np.float32
    seen = np.concatenate([_standardized(x, centre, scale, part, dtype) for part in columns(x)], 1)
    return Judge(centre, scale, *_layers(_trained(kind, seen, labels, seed)))


def _units(x: Array) -> tuple[Array, Array]:
    """Mean and standard deviation of each column in float64, 1 where it is constant."""
    found = [(block.mean(0), block.std(0)) for block in (x[:, part].astype(np.float64) for part in columns(x))]
    centre, scale = (np.concatenate(parts) for parts in zip(*found, strict=True))
    # the deviation of a constant is what its mean was rounded by
    constant = scale <= 10 * np.finfo(np.float64).eps * np.abs(centre)
    return centre, np.where(constant, 1.0, scale)


def _standardized(x: Array, centre: Array, scale: Array, part: slice, dtype: Any) -> Array:
    return ((x[:, part].astype(np.float64) - centre[part]) / scale[part]).astype(dtype)


def _trained(kind: Kind, x: Array, labels: Array, seed: int) -> Any:
    from sklearn.linear_model import LogisticRegression
    from sklearn.neural_network import MLPClassifier

    state = derive_seed(seed, "classifier") % 2**32
    network = {"hidden_layer_sizes": (64,), "alpha": 1e-2, "early_stopping": len(x) >= 200, "random_state": state}
    model = LogisticRegression(max_iter=500) if kind == "linear" else MLPClassifier(**network)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # whether it has converged is what the held-out points judge
        return model.fit(x, labels)


def _layers(model: Any) -> tuple[Array, Array, Array | None, float]:
    """Weights and bias of the first layer, those of the second."""
    if hasattr(model, "coef_"):
        return model.coef_.T, model.intercept_, None, 0.0
    (first, last), (bias, last_bias) = model.coefs_, model.intercepts_
    return first, bias, last[:, 0], float(last_bias[0])
