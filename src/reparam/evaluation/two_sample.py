"""Are two samples from one distribution? A classifier's test, a kernel's test, and which features tell them apart."""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, prod, sqrt
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from reparam import checks
from reparam.errors import UserError
from reparam.randomness import derive_seed

Array = NDArray[Any]
Kind = Literal["network", "linear"]
FEWEST = 40
COLUMNS = 256
"""Features whose distribution functions are compared at a time."""
MARGIN = 4.0
"""Standard deviations that the number held out of one sample may stray from half before it is cut off."""


@dataclass(frozen=True)
class Feature:
    """How one feature differs between the samples.

    ``drop``: what the held-out accuracy loses when the feature's values are shuffled among the held-out points.
    ``distance``: the largest difference of both empirical distribution functions (Kolmogorov-Smirnov). ``p_value``: of
    that, corrected for the number of features (Bonferroni).
    """

    name: str
    drop: float
    distance: float
    p_value: float


@dataclass(frozen=True)
class ClassifierTest:
    """A classifier two-sample test.

    ``accuracy``: share of the ``held_out`` points whose sample the classifier names. ``p_binomial``: the chance of so
    many or more successes in as many fair coin tosses. ``p_permutation``: the rank of the accuracy among those of
    permuted labels. ``features``: all of them, the most telling first.
    """

    accuracy: float
    held_out: int
    p_binomial: float
    p_permutation: float
    features: tuple[Feature, ...]


@dataclass(frozen=True)
class KernelTest:
    """A kernel two-sample test: unbiased squared MMD, the kernel's bandwidth, permutation p-value, points of both."""

    squared_mmd: float
    bandwidth: float
    p_value: float
    n: tuple[int, int]


def classifier_test(
    x: object,
    y: object,
    *,
    classifier: Kind = "network",
    permutations: int = 1000,
    seed: int = 0,
    features: bool = True,
) -> ClassifierTest:
    """Train a classifier to tell two samples apart, and judge it on points it has not seen (Lopez-Paz & Oquab 2017).

    As many points of each sample are used as the smaller has. Each held-out point is of the first or of the second
    sample by the toss of a coin, and the training sets have the same fixed size whatever the coins show. So under the
    null hypothesis the number of successes is binomial with probability ½, and the p-value exact.

    Args:
        x: ``(n, *shape)``, array or tensor, finite.
        y: ``(m, *shape)``.
        classifier: a small neural network, or logistic regression.
        permutations: of the held-out labels.
        seed: of the split, the classifier and the permutations.
        features: whether to rank the features (a prediction of all held-out points for each of them).

    Raises:
        UserError: if shapes differ, values are not finite, a sample has fewer than 40 points, the classifier is
            unknown, or nothing is permuted.
    """
    from scipy.stats import binomtest

    checks.one_of("classifier", classifier, ("network", "linear"))
    checks.whole("permutations", permutations)
    a, b = _paired(x, y)
    rng = np.random.default_rng(derive_seed(seed, "two-sample"))
    train, test, truth = _split(a, b, rng)
    model = _fitted(classifier, *train, seed)
    guess = np.asarray(model.predict(test))
    successes = int((guess == truth).sum())
    permuted = [int((guess == rng.permutation(truth)).sum()) for _ in range(permutations)]
    ranked = _features(model, test, truth, (a, b), _shape(x), rng) if features else ()
    return ClassifierTest(
        accuracy=successes / len(truth),
        held_out=len(truth),
        p_binomial=float(binomtest(successes, len(truth), 0.5, alternative="greater").pvalue),
        p_permutation=(1 + sum(count >= successes for count in permuted)) / (1 + permutations),
        features=ranked,
    )


def kernel_test(
    x: object,
    y: object,
    *,
    bandwidth: float | None = None,
    permutations: int = 500,
    most: int = 1000,
    seed: int = 0,
) -> KernelTest:
    """Maximum mean discrepancy with a Gaussian kernel, its p-value by permutation (Gretton et al. 2012, lemma 6).

    The squared MMD is the unbiased estimate, so it may be a little below 0. The p-value is exact for any sample size.

    Args:
        x: ``(n, *shape)``, array or tensor, finite.
        y: ``(m, *shape)``.
        bandwidth: of exp(-‖x - y‖² / (2 bandwidth²)); the median distance in the pooled sample unless given.
        permutations: of the pooled sample.
        most: points of each sample that are used, at most; memory grows with its square.
        seed: of the choice of points and of the permutations.

    Raises:
        UserError: as :func:`classifier_test`, or if the bandwidth is not positive or fewer than 2 points are used.
    """
    if bandwidth is not None:
        checks.positive("bandwidth", bandwidth)
    checks.whole("permutations", permutations)
    checks.whole("most", most, 2)
    a, b = _paired(x, y)
    rng = np.random.default_rng(derive_seed(seed, "kernel"))
    n, m = (min(len(part), most) for part in (a, b))
    pooled = np.concatenate([part[rng.permutation(len(part))[:most]] for part in (a, b)])
    squares = _squared_distances(pooled)
    width = bandwidth or sqrt(float(np.median(squares[np.triu_indices(n + m, 1)]))) or 1.0
    kernel = np.exp(-squares / (2 * width**2))
    np.fill_diagonal(kernel, 0.0)
    members = np.zeros((n + m, permutations + 1))
    members[:n, 0] = 1.0
    for column in range(1, permutations + 1):
        members[rng.permutation(n + m)[:n], column] = 1.0
    values = _squared_mmds(kernel, members)
    # rounding must not tell a permutation from the same value
    rank = 1 + int((values[1:] >= values[0] - 1e-12).sum())
    return KernelTest(float(values[0]), width, rank / (1 + permutations), (n, m))


def _squared_mmds(kernel: Array, members: Array) -> Array:
    """Unbiased squared MMDs of each column's members from the rest, ``(columns,)``; the kernel's diagonal is 0."""
    n = int(members[:, 0].sum())
    m = len(kernel) - n
    toward = kernel @ members
    within = (members * toward).sum(0)
    across = toward.sum(0) - within
    rest = kernel.sum() - 2 * across - within
    return np.asarray(within / (n * (n - 1)) + rest / (m * (m - 1)) - 2 * across / (n * m))


def _squared_distances(x: Array) -> Array:
    norms = (x**2).sum(1)
    return np.asarray(np.maximum(norms[:, None] + norms - 2 * x @ x.T, 0.0))


def _paired(x: object, y: object) -> tuple[Array, Array]:
    """Both samples as finite float64 ``(n, d)``."""
    # by way of double: NumPy knows no bfloat16
    arrays = [np.asarray(z.detach().cpu().double() if isinstance(z, torch.Tensor) else z) for z in (x, y)]
    if arrays[0].shape[1:] != arrays[1].shape[1:]:
        raise UserError(
            f"the samples hold examples of shape {arrays[0].shape[1:]} and {arrays[1].shape[1:]}: give two of one shape"
        )
    flat = []
    for name, array in zip(("first", "second"), arrays, strict=True):
        if array.ndim == 0 or len(array) < FEWEST:
            raise UserError(
                f"the {name} sample has {array.shape[0] if array.ndim else 0} points: give {FEWEST} or more"
            )
        if array.dtype.kind not in "biuf" or not np.isfinite(array).all():
            raise UserError(f"the {name} sample holds values that are not finite numbers: remove or mend them")
        flat.append(array.reshape(len(array), -1).astype(np.float64))
    return flat[0], flat[1]


def _shape(x: object) -> tuple[int, ...]:
    """Of one example."""
    return tuple(getattr(x, "shape", None) or np.asarray(x).shape)[1:]


def _split(a: Array, b: Array, rng: np.random.Generator) -> tuple[tuple[Array, Array], Array, Array]:
    """Training points and labels, held-out points, and their labels."""
    n = min(len(a), len(b))
    a, b = (part[rng.permutation(len(part))[:n]] for part in (a, b))
    most = min(n - 2, ceil(n / 2 + MARGIN / 2 * sqrt(n)))
    truth = rng.integers(0, 2, n)
    ones = int(np.clip(truth.sum(), n - most, most))
    if ones != truth.sum():  # one time in ten thousand
        truth = rng.permutation(np.arange(n) < ones).astype(truth.dtype)
    test = np.empty((n, a.shape[1]))
    test[truth == 0], test[truth == 1] = a[: n - ones], b[:ones]
    train = np.concatenate([a[most:], b[most:]])
    return (train, np.repeat([0, 1], n - most)), test, truth


def _fitted(kind: Kind, x: Array, labels: Array, seed: int) -> Any:
    from sklearn.linear_model import LogisticRegression
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    state = derive_seed(seed, "classifier") % 2**32
    network = {"hidden_layer_sizes": (64,), "alpha": 1e-2, "early_stopping": len(x) >= 200, "random_state": state}
    model = LogisticRegression(max_iter=500) if kind == "linear" else MLPClassifier(**network)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # whether it has converged is what the held-out points judge
        return make_pipeline(StandardScaler(), model).fit(x, labels)


def _features(
    model: Any, test: Array, truth: Array, samples: tuple[Array, Array], shape: Sequence[int], rng: np.random.Generator
) -> tuple[Feature, ...]:
    drops = _drops(model, test, truth, rng)
    distances, p_values = _kolmogorov_smirnov(*samples)
    corrected = np.minimum(1.0, p_values * len(p_values))
    rows = zip(feature_names(shape), drops.tolist(), distances.tolist(), corrected.tolist(), strict=True)
    found = [Feature(*row) for row in rows]
    return tuple(sorted(found, key=lambda feature: (-feature.drop, -feature.distance)))


def _drops(model: Any, test: Array, truth: Array, rng: np.random.Generator) -> Array:
    """What the accuracy loses by shuffling each feature, ``(features,)``.

    Both classifiers begin with a linear layer, to which a shuffled feature adds one outer product: nothing of the
    others is computed again, which would take the square of their number.
    """
    scale, judge = model[0].scale_, model[1]
    weights, bias, decide = _layers(judge)
    inside = model[0].transform(test) @ weights + bias
    accuracy = (decide(inside) == truth).mean()
    drops = np.zeros(test.shape[1])
    for index in range(test.shape[1]):
        kept = test[:, index]
        moved = (rng.permutation(kept) - kept) / scale[index]
        if moved.any():
            drops[index] = accuracy - (decide(inside + np.outer(moved, weights[index])) == truth).mean()
    return drops


def _layers(judge: Any) -> tuple[Array, Array, Callable[[Array], Array]]:
    """Weights ``(features, width)`` and bias of a classifier's first layer, and how its output is decided on."""
    if hasattr(judge, "coef_"):
        return judge.coef_.T, judge.intercept_, lambda inside: inside[:, 0] > 0
    (first, last), (bias, last_bias) = judge.coefs_, judge.intercepts_
    return first, bias, lambda inside: (np.maximum(inside, 0) @ last[:, 0] + last_bias[0]) > 0


def _kolmogorov_smirnov(a: Array, b: Array) -> tuple[Array, Array]:
    """The largest difference of both distribution functions of each column, and its p-value, ``(columns,)`` each."""
    from scipy.stats import ks_2samp

    parts = range(0, a.shape[1], COLUMNS)
    distances = np.concatenate([_largest_differences(a[:, i : i + COLUMNS], b[:, i : i + COLUMNS]) for i in parts])
    # sizes and distance are all a p-value rests on, and few distances differ
    _, first, which = np.unique(distances.round(12), return_index=True, return_inverse=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scipy says when it takes the asymptotic p-value
        p_values = np.array([ks_2samp(a[:, column], b[:, column]).pvalue for column in first])
    return distances, p_values[which]


def _largest_differences(a: Array, b: Array) -> Array:
    n, m = len(a), len(b)
    pooled = np.concatenate([a, b])
    order = pooled.argsort(axis=0)
    ordered = np.take_along_axis(pooled, order, 0)
    # counts, so that nothing is rounded before the end
    steps = np.where(order < n, m, -n).cumsum(0)
    ends = np.ones(ordered.shape, dtype=bool)  # of equal values only the last one's place counts
    ends[:-1] = ordered[1:] != ordered[:-1]
    return np.asarray(np.where(ends, np.abs(steps), 0).max(0) / (n * m))


def feature_names(shape: Sequence[int]) -> list[str]:
    """Names of the entries of an example: ``x1``, ``x2`` of vectors, places of pixels.

    >>> feature_names((2,)), feature_names((1, 1, 2))
    (['x1', 'x2'], ['pixel (0, 0)', 'pixel (0, 1)'])
    """
    if len(shape) == 3:
        channels = [f" of channel {c}" if shape[0] > 1 else "" for c in range(shape[0])]
        return [f"pixel ({i}, {j}){channel}" for channel in channels for i in range(shape[1]) for j in range(shape[2])]
    return [f"x{i + 1}" for i in range(prod(shape))]
